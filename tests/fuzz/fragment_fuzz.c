/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fragment: any fragments of four datagrams, in any order and any overlap, some with octets
 * changed, into the table that puts them together.
 *
 * The first octet is the form of the frames; then each step is six octets: which datagram and
 * what is done, first and last octet, what is changed where. A whole is one buffer, within
 * the bound, and of a datagram whose fragments were never changed each of its octets is the
 * one that was sent there. At the end every buffer is back.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "check.h"
#include "fuzz.h"
#include "reassembly.h"

#include "../unit/wire/fragment_build.h"
#include "../unit/wire/packet_build.h"
#include "../quiet_eal.h"

#define STEP_OCTETS 6u
#define STEPS_MAX_FUZZ 64u
#define BUFFERS 255u
#define DATAGRAMS 4u
#define MOST 1500u

enum { WHOLE = 1, REFUSED = 2, LATE = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = WHOLE | REFUSED | LATE;

static const struct packet_policy policy = {
	.ports = { 0xd70a /* 2775 */ }, .n_ports = 1, .verify = true, .reassemble = true
};

struct world {
	struct rte_mempool *pool;
	struct reassembly *table;
	struct build datagram[DATAGRAMS];
	bool changed[DATAGRAMS];
	uint64_t now;
};

static struct rte_mempool *pool_open(void)
{
	if (quiet_eal("fuzz", 64) < 0)
		abort();
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("fragment", BUFFERS, 0, 0, 128 + 2048, SOCKET_ID_ANY);
	if (pool == NULL)
		abort();
	return pool;
}

static void is_as_sent(struct world *w, struct rte_mbuf *whole)
{
	struct packet p;

	bug_if(whole->nb_segs != 1 || whole->data_len > 22 + MOST);
	packet_parse(&policy, whole, SIDE_ESME, &p);
	fuzz_reached |= WHOLE;
	for (unsigned i = 0; i < DATAGRAMS; i++) {
		const struct build *b = &w->datagram[i];
		const uint8_t *octets = rte_pktmbuf_mtod(whole, const uint8_t *);
		/* Addresses are random: they say which it is, unless they were changed. */
		const uint32_t at = b->l3 + (b->version == 4 ? 12 : 8);
		const bool any =
			w->changed[0] || w->changed[1] || w->changed[2] || w->changed[3];
		if (any || whole->data_len <= b->l4 ||
		    memcmp(octets + at, b->octets + at, b->version == 4 ? 8 : 32) != 0)
			continue;
		bug_if(whole->data_len > b->l4_end);
		bug_if(memcmp(octets + b->l4, b->octets + b->l4, whole->data_len - b->l4) != 0);
	}
	rte_pktmbuf_free(whole);
}

static void step(struct world *w, const uint8_t *o)
{
	const unsigned i = o[0] & 3;
	const struct build *b = &w->datagram[i];
	const uint32_t octets = b->l4_end - b->l4;
	uint8_t out[4096];
	struct packet p;
	unsigned dropped;

	if (o[0] >> 6 == 3) {
		w->now += o[1] * UINT64_C(20000);
		fuzz_reached |= reassembly_expire(w->table, w->now) ? LATE : 0;
		return;
	}
	struct cut c = { .from = o[1] * 8u, .id = 700 + i, .more = !(o[0] & 4) };
	c.from = c.from < octets ? c.from : octets / 8 * 8;
	c.to = o[0] & 8 ? c.from + o[2] % 8 : c.from + o[2] * 8u;
	if (!c.more || c.to > octets)
		c.to = octets;
	const uint32_t len = cut_one(b->octets, b->l3, c, out);
	if (o[0] & 16 && o[4] != 0) {
		out[b->l3 + o[3] % (len - b->l3)] ^= o[4];
		w->changed[i] = true;
	}
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	bug_if(m == NULL);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), out, len);
	packet_parse(&policy, m, SIDE_ESME, &p);
	if (p.class != PACKET_FRAGMENT) {
		rte_pktmbuf_free(m);
		return;
	}
	struct rte_mbuf *whole = reassembly_take(w->table, &p, MOST, w->now, &dropped);
	fuzz_reached |= dropped ? REFUSED : 0;
	if (whole != NULL)
		is_as_sent(w, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;

	if (w.pool == NULL) {
		w.pool = pool_open();
		for (unsigned i = 0; i < DATAGRAMS; i++) {
			w.datagram[i] = (struct build){ .version = i % 2 ? 6 : 4,
				                        .n_tags = i / 2,
				                        .protocol = 6,
				                        .sport = 40000,
				                        .dport = 2775,
				                        .payload_len = 300 + 400 * i };
			build_frame(&w.datagram[i]);
		}
	}
	w.now = 1000000;
	memset(w.changed, 0, sizeof(w.changed));
	bug_if(reassembly_open(&w.table, 8) != 0);
	for (size_t at = 0, n = 0; at + STEP_OCTETS <= size && n < STEPS_MAX_FUZZ;
	     at += STEP_OCTETS, n++)
		step(&w, data + at);
	reassembly_close(w.table);
	bug_if(rte_mempool_avail_count(w.pool) != BUFFERS);
	return 0;
}
