/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segments: any sequence of segments into a live pair of legs, inside a real worker.
 *
 * Two octets are the offers of both ends; then each step is eight octets: side and kind,
 * number, ACK, length, window, time-stamp, flags, text. Whatever comes, what the worker
 * says is well-formed (rig.c), no octet is ever said again with another text, none is
 * skipped, and at the end every buffer is back.
 */
#include <setjmp.h>
#include <stddef.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"

#include "../unit/relay/rig.h"

#define STEP_OCTETS 8u
#define STEPS_MAX_FUZZ 96u
#define LOG_MAX 32768u

enum { OPENED = 1, PASSED_TEXT = 2, OUT_OF_ORDER = 4, CLOSED = 8, CHALLENGED = 16 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = OPENED | PASSED_TEXT | OUT_OF_ORDER | CLOSED | CHALLENGED;

struct world {
	struct rig *rig;
	uint8_t log[2][LOG_MAX]; /* what each end was told */
	uint32_t len[2];
	uint32_t sent[2]; /* behind the highest octet of each end so far */
	bool reset;
};

static void few(struct settings *s)
{
	s->embryos = 64;
	s->known_texts = s->known_senders = 64; /* made anew for each run */
	s->rto_limit = 4;
}

/* Octets to an end: old ones the same, new ones behind the last. */
static void hear(struct world *w, int to)
{
	for (const struct seg *s; (s = rig_said(w->rig, to)) != NULL;) {
		w->reset |= (s->flags & (RST | SYN)) != 0; /* the end, or another life */
		if (s->len == 0 || w->reset)
			continue;
		bug_if(s->seq > w->len[to]);
		const uint32_t old =
			w->len[to] - s->seq < s->len ? w->len[to] - s->seq : s->len;
		bug_if(memcmp(w->log[to] + s->seq, s->payload, old) != 0);
		if (s->seq + s->len > LOG_MAX)
			continue;
		memcpy(w->log[to] + s->seq + old, s->payload + old, s->len - old);
		w->len[to] += s->len - old;
		fuzz_reached |= PASSED_TEXT;
	}
}

static int8_t signed_of(uint8_t octet) { return (int8_t)octet; }

static void step(struct world *w, const uint8_t *o)
{
	struct rig *r = w->rig;
	const int from = o[0] & 1;
	uint8_t text[256];
	struct seg s = { .seq = w->sent[from] +
		                (uint32_t)(signed_of(o[1]) * (o[0] & 2 ? 64 : 1)),
		         .ack = w->len[from] + (uint32_t)signed_of(o[2]),
		         .window = (uint16_t)(o[4] << 8),
		         .has_ts = (o[0] & 4) != 0,
		         .ts_val = 1000 + (uint32_t)signed_of(o[5]),
		         .flags = o[6] & 0x3f };

	if (o[0] >> 6 == 3) { /* time passes */
		rig_wait(r, o[3]);
		return;
	}
	if ((s.flags & (SYN | RST | FIN)) == 0 || o[0] & 8)
		s.flags |= ACK;
	/* Its own stream, or another text for the same octets. */
	s.len = o[3];
	for (uint32_t i = 0; i < s.len; i++)
		text[i] = rig_octets[(s.seq + i) % sizeof(rig_octets)] ^ (o[0] & 16 ? o[7] : 0);
	s.payload = text;
	if (s.flags & SYN) {
		s.seq += r->isn[from] + 1;
		s.len = s.len < 16 ? s.len : 0;
	}
	rig_send(r, from, s);
	if (!(s.flags & (SYN | RST)) && (int32_t)(s.seq + s.len - w->sent[from]) > 0 &&
	    s.seq + s.len < LOG_MAX)
		w->sent[from] = s.seq + s.len;
}

static void note(const struct world *w)
{
	const uint64_t *c = w->rig->report.counters;

	fuzz_reached |= (c[COUNTER_FLOWS_OPENED] ? OPENED : 0u) |
	                (c[COUNTER_TCP_OUT_OF_ORDER] ? OUT_OF_ORDER : 0u) |
	                (c[COUNTER_FLOWS_CLOSED] ? CLOSED : 0u) |
	                (c[COUNTER_TCP_CHALLENGE] ? CHALLENGED : 0u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rte_mempool *pool;
	static struct world w;

	if (pool == NULL) {
		rig_eal();
		pool = rig_pool(1023);
		rig_stream(64);
	}
	if (size < 2)
		return 0;
	memset(&w, 0, sizeof(w));
	flow_hash_seed(1);
	w.rig = rig_open(pool, few);
	for (int end = ESME; end <= SMSC; end++)
		w.rig->offer[end] =
			(struct rig_offer){ .mss = (uint16_t)(88 + (data[end] & 15) * 90),
			                    .window = (uint16_t)(data[end] << 8),
			                    .wscale = data[end] >> 5,
			                    .no_ts = (data[0] & 16) != 0,
			                    .no_sack = (data[1] & 16) != 0 };
	rig_handshake(w.rig);
	for (size_t at = 2, n = 0; at + STEP_OCTETS <= size && n < STEPS_MAX_FUZZ;
	     at += STEP_OCTETS, n++) {
		step(&w, data + at);
		hear(&w, ESME);
		hear(&w, SMSC);
	}
	note(&w);
	rig_close(w.rig);
	return 0;
}
