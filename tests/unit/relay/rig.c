/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include <rte_eal.h>
#include "../../quiet_eal.h"

#define AUDIT_SLOTS 64u
#define START_US UINT64_C(1000000)

void rig_eal(void)
{
	if (quiet_eal("rig", 64) < 0)
		abort();
}

struct rte_mempool *rig_pool(unsigned buffers)
{
	static unsigned count;
	char name[32];

	snprintf(name, sizeof(name), "rig%u", count++);
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, buffers, 0, sizeof(struct segment),
	                                RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	if (pool == NULL)
		abort();
	return pool;
}

struct rte_mempool *rig_buffers, *rig_small;

int rig_start(void **state)
{
	(void)state;
	rig_eal();
	rig_buffers = rig_pool(8191);
	return 0;
}

int rig_start_small(void **state)
{
	const int result = rig_start(state);

	rig_small = rig_pool(127);
	return result;
}

/* What the worker needs of the rest of the data plane: no tables, and a screener that
 * finds nothing. */
const struct tables *publish_load(const struct publish *publish)
{
	(void)publish;
	return NULL;
}
bool rig_draining;

bool publish_draining(const struct publish *publish)
{
	(void)publish;
	return rig_draining;
}

void publish_quiescent(struct publish *publish, unsigned worker)
{
	(void)publish, (void)worker;
}
void publish_online(struct publish *publish, unsigned worker) { (void)publish, (void)worker; }
void publish_offline(struct publish *publish, unsigned worker) { (void)publish, (void)worker; }
enum reason rig_bind_reason;

enum reason screen_bind(const struct tables *tables, uint32_t row, uint32_t seconds,
                        uint32_t *status)
{
	(void)tables, (void)row, (void)seconds;
	*status = SMPP_RBINDFAIL;
	return rig_bind_reason;
}
void (*rig_screen)(struct screen_context *context, struct screen_vector *vector);

void screen_run(struct screen_context *context, struct screen_vector *vector)
{
	if (rig_screen != NULL)
		rig_screen(context, vector);
}

static void *zeroed(size_t size)
{
	void *at = aligned_alloc(64, (size + 63) / 64 * 64);

	if (at == NULL)
		abort();
	return memset(at, 0, size);
}

/* A rig has room for many frames, and most tests touch few: no octet is cleared by hand. */
static struct rig *rig_map(void)
{
	void *at = mmap(NULL, sizeof(struct rig), PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

static struct path path_fixed(void)
{
	struct path p = { .port = { 40000, 2775 }, .ttl = { 60, 61 }, .version = 4 };

	memcpy(p.mac[ESME], "\x02\x00\x00\x00\x00\x01", 6);
	memcpy(p.mac[SMSC], "\x02\x00\x00\x00\x00\x02", 6);
	memcpy(p.addr[ESME], "\x0a\x63\x00\x01", 4);
	memcpy(p.addr[SMSC], "\x0a\x63\x00\x02", 4);
	return p;
}

struct rig *rig_open(struct rte_mempool *pool, void (*change)(struct settings *))
{
	static const uint8_t key[16] = "recipients' key";
	struct rig *r = rig_map();
	char error[200];

	settings_defaults(&r->settings);
	r->settings.flows = 64;
	r->settings.bind_limit = 0; /* most tests have no session */
	if (change != NULL)
		change(&r->settings);
	r->pool = pool;
	r->now = START_US;
	r->path = path_fixed();
	r->isn[ESME] = UINT32_MAX - 100;
	r->isn[SMSC] = UINT32_MAX - 200;
	for (int end = ESME; end <= SMSC; end++)
		r->offer[end] = (struct rig_offer){ .mss = 1460, .window = 60000, .wscale = 3 };
	r->ports = (struct ports){ .n_links = 1, .pool = pool };
	r->report = (struct report_worker){
		.counters = zeroed(REPORT_COUNTERS * sizeof(uint64_t)),
		.ring = zeroed(sizeof(struct report_ring) +
		               AUDIT_SLOTS * sizeof(struct audit_record)),
		.ring_mask = AUDIT_SLOTS - 1,
	};
	if (worker_open(&r->worker, 0, &r->settings, &r->ports, (struct publish *)r, &r->report,
	                &r->unix_offset, key, error) != 0)
		abort();
	timer_wheel_init(&r->worker->timers, r->now);
	return r;
}

void rig_close(struct rig *r)
{
	worker_close(r->worker);
	free(r->report.counters);
	free(r->report.ring);
	assert_int_equal(rte_mempool_avail_count(r->pool), r->pool->size);
	munmap(r, sizeof(*r));
}

/* Everything the worker says is checked (headers, sums, lengths) and kept. */
static void hear(struct rig *r, int to)
{
	struct tcp_tx *tx = &r->worker->tx[to];

	for (unsigned i = 0; i < tx->n; i++) {
		struct rte_mbuf *m = tx->mbufs[i];
		struct rig_frame *f = &r->said[to][r->n_said[to] % RIG_SAID_MAX];
		assert_true(m->pkt_len <= WIRE_MAX && m->nb_segs == 1);
		assert_true(r->n_said[to] - r->at_said[to] < RIG_SAID_MAX);
		f->len = m->data_len;
		if (frame_esme_port(rte_pktmbuf_mtod(m, uint8_t *), f->len, !to) !=
		    r->path.port[ESME]) { /* of a connection that the test has left */
			rte_pktmbuf_free(m);
			continue;
		}
		memcpy(f->octets, rte_pktmbuf_mtod(m, void *), f->len);
		const char *wrong = frame_read(&r->path, !to, f->octets, f->len, &f->seg);
		if (wrong != NULL)
			fail_msg("a frame to %s: %s", to == ESME ? "the ESME" : "the SMSC",
			         wrong);
		if (!(f->seg.flags & SYN)) {
			f->seg.seq -= r->isn[!to] + 1;
			f->seg.ack -= f->seg.flags & ACK ? r->isn[to] + 1 : 0;
		}
		for (unsigned b = 0; b < f->seg.n_sacks; b++) {
			f->seg.sack[b][0] -= r->isn[to] + 1;
			f->seg.sack[b][1] -= r->isn[to] + 1;
		}
		r->n_said[to]++;
		rte_pktmbuf_free(m);
	}
	tx->n = 0;
}

static void finish_turn(struct rig *r)
{
	worker_input(r->worker, 0);
	worker_finish(r->worker);
	hear(r, ESME);
	hear(r, SMSC);
}

static void turn(struct rig *r, int from, struct rte_mbuf *const *frames, unsigned n)
{
	worker_begin(r->worker, r->now);
	worker_take(r->worker, 0, (enum side)from, frames, n);
	finish_turn(r);
}

static struct rte_mbuf *buffer_of(struct rig *r, const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	return m;
}

void rig_frame(struct rig *r, int from, const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = buffer_of(r, frame, len);

	turn(r, from, &m, 1);
}

uint32_t rig_build(const struct rig *r, int from, struct seg s, uint8_t *frame)
{
	if (!(s.flags & (SYN | RST)))
		s.flags |= ACK;
	if (!(s.flags & SYN))
		s.seq += r->isn[from] + 1;
	if (s.flags & ACK)
		s.ack += r->isn[!from] + 1;
	return frame_build(&r->path, from, &s, frame);
}

void rig_send(struct rig *r, int from, struct seg s)
{
	uint8_t frame[WIRE_MAX];

	rig_frame(r, from, frame, rig_build(r, from, s, frame));
}

void rig_burst(struct rig *r, int from, const struct seg *s, unsigned n)
{
	struct rte_mbuf *frames[16];
	uint8_t frame[WIRE_MAX];

	assert_true(n <= 16);
	for (unsigned i = 0; i < n; i++)
		frames[i] = buffer_of(r, frame, rig_build(r, from, s[i], frame));
	turn(r, from, frames, n);
}

void rig_both(struct rig *r, struct seg from_esme, struct seg from_smsc)
{
	const struct seg s[2] = { from_esme, from_smsc };
	uint8_t frame[WIRE_MAX];

	worker_begin(r->worker, r->now);
	for (int from = ESME; from <= SMSC; from++) {
		struct rte_mbuf *m = buffer_of(r, frame, rig_build(r, from, s[from], frame));
		worker_take(r->worker, 0, (enum side)from, &m, 1);
	}
	finish_turn(r);
}

void rig_options(struct rig *r, int from, struct seg s, const uint8_t *options, uint32_t n)
{
	uint8_t frame[WIRE_MAX], text[1024];

	/* Built as text, then the data offset moves behind them: one 16-bit word changes. */
	memcpy(text, options, n);
	if (s.len != 0)
		memcpy(text + n, s.payload, s.len);
	s.payload = text;
	s.len += n;
	if (s.flags & ACK)
		s.ack += r->isn[!from] + 1;
	const uint32_t len = frame_build(&r->path, from, &s, frame);
	uint8_t *tcp = frame + 14 + (r->path.version == 4 ? 20 : 40);
	uint32_t sum = (uint32_t)(tcp[16] << 8 | tcp[17]);
	const uint32_t delta = n / 4 << 12;
	sum = sum >= delta ? sum - delta : sum + 0xffff - delta;
	tcp[12] = (uint8_t)(tcp[12] + (n / 4 << 4));
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
	rig_frame(r, from, frame, len);
}

void rig_wait(struct rig *r, uint64_t ms)
{
	while (ms-- > 0) {
		r->now += 1000;
		turn(r, ESME, NULL, 0);
	}
}

struct seg rig_syn(const struct rig *r, int end)
{
	const struct rig_offer *o = &r->offer[end];

	return (struct seg){ .seq = r->isn[end],
		             .window = o->window,
		             .mss = o->mss,
		             .wscale = o->wscale,
		             .has_wscale = !o->no_wscale,
		             .has_ts = !o->no_ts,
		             .ts_val = 1000,
		             .sack_ok = !o->no_sack,
		             .flags = SYN };
}

void rig_handshake(struct rig *r)
{
	const bool ts = !r->offer[ESME].no_ts && !r->offer[SMSC].no_ts;
	struct seg syn = rig_syn(r, ESME), answer = rig_syn(r, SMSC);

	rig_send(r, ESME, syn);
	assert_non_null(rig_said(r, SMSC));
	answer.flags = SYN | ACK;
	rig_send(r, SMSC, answer);
	assert_non_null(rig_said(r, ESME));
	rig_send(r, ESME,
	         (struct seg){ .window = r->offer[ESME].window, .has_ts = ts, .ts_val = 1000 });
	rig_quiet(r);
}

struct rig *rig_connected(void (*offers)(struct rig *))
{
	struct rig *r = rig_open(rig_buffers, NULL);

	if (offers != NULL)
		offers(r);
	rig_handshake(r);
	return r;
}

void rig_without_stamps(struct rig *r) { r->offer[ESME].no_ts = r->offer[SMSC].no_ts = true; }

void rig_bind(struct rig *r)
{
	static const uint8_t bind[RIG_BIND] = { [3] = RIG_BIND, [7] = 9, [15] = 1 };
	static const uint8_t answer[16] = { [3] = 16, [4] = 0x80, [7] = 9, [15] = 1 };
	struct seg s = { .payload = bind,
		         .len = sizeof(bind),
		         .window = 60000,
		         .has_ts = rig_relay(r)->ts_ok,
		         .ts_val = 1000 };

	rig_send(r, ESME, s);
	s.ack = sizeof(bind);
	s.payload = answer;
	s.len = sizeof(answer);
	rig_send(r, SMSC, s);
	s = (struct seg){ .seq = RIG_BIND,
		          .ack = sizeof(answer),
		          .window = 60000,
		          .has_ts = s.has_ts,
		          .ts_val = 1000 };
	rig_send(r, ESME, s);
	rig_quiet(r);
}

void rig_finish(struct rig *r, uint32_t esme_seq, uint32_t smsc_seq)
{
	const uint32_t ts = UINT32_MAX / 4;
	struct seg fin = { .seq = esme_seq,
		           .ack = smsc_seq,
		           .flags = FIN | ACK,
		           .window = 60000,
		           .has_ts = rig_relay(r)->ts_ok,
		           .ts_val = ts };

	fin.flags |= ACK;
	rig_send(r, ESME, fin);
	fin.seq = smsc_seq;
	fin.ack = esme_seq + 1;
	rig_send(r, SMSC, fin);
	fin.flags = ACK;
	fin.seq = esme_seq + 1;
	fin.ack = smsc_seq + 1;
	rig_send(r, ESME, fin);
	rig_quiet(r);
	assert_non_null(rig_relay(r));
	assert_int_equal(rig_relay(r)->state, RELAY_LINGER);
}

const struct seg *rig_said(struct rig *r, int to)
{
	if (r->at_said[to] == r->n_said[to])
		return NULL;
	return &r->said[to][r->at_said[to]++ % RIG_SAID_MAX].seg;
}

void rig_quiet(struct rig *r)
{
	for (int end = ESME; end <= SMSC; end++)
		r->at_said[end] = r->n_said[end];
}

struct relay *rig_relay(struct rig *r)
{
	struct flow_key key = { .ip_version = (uint8_t)r->path.version,
		                .outer_vlan = r->path.n_tags > 0 ? r->path.tag[0] : 0,
		                .inner_vlan = r->path.n_tags > 1 ? r->path.tag[1] : 0,
		                .esme_port = __builtin_bswap16(r->path.port[ESME]),
		                .smsc_port = __builtin_bswap16(r->path.port[SMSC]) };

	if (r->path.version == 4) {
		memset(key.esme_addr + 10, 0xff, 2);
		memset(key.smsc_addr + 10, 0xff, 2);
		memcpy(key.esme_addr + 12, r->path.addr[ESME], 4);
		memcpy(key.smsc_addr + 12, r->path.addr[SMSC], 4);
	} else {
		memcpy(key.esme_addr, r->path.addr[ESME], 16);
		memcpy(key.smsc_addr, r->path.addr[SMSC], 16);
	}
	return (struct relay *)flow_find_one(r->worker->flows, &key, flow_hash(&key));
}

uint64_t rig_counter(const struct rig *r, enum counter counter)
{
	return r->report.counters[counter];
}

const uint8_t *rig_pdu(uint8_t *out, uint32_t n)
{
	memset(out, 'a', n);
	memset(out, 0, 16);
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	out[7] = n == 16 ? 0x15 : 0x77; /* enquire_link; or an id that nobody knows */
	out[15] = 1;
	return out;
}

uint8_t rig_octets[8192];

void rig_stream(uint32_t n)
{
	for (uint32_t at = 0; at + n <= sizeof(rig_octets); at += n)
		rig_pdu(rig_octets + at, n);
}

struct seg rig_text(uint32_t seq, uint32_t len, uint32_t ts)
{
	const bool inside = (uint64_t)seq + len <= sizeof(rig_octets);

	return (struct seg){ .seq = seq,
		             .window = 60000,
		             .payload = rig_octets + (inside ? seq : 0),
		             .len = len,
		             .has_ts = ts != 0,
		             .ts_val = ts };
}

struct seg rig_part(uint32_t seq, const uint8_t *octets, uint32_t len)
{
	return (struct seg){ .seq = seq,
		             .payload = octets,
		             .len = len,
		             .window = 60000,
		             .has_ts = true,
		             .ts_val = 1000 };
}
