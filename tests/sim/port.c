/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port: what the worker has instead of ports. Frames are copied into buffers of the pool,
 * as a NIC does; what the worker sends is held a while, as a NIC that still reads it, and
 * must be the same when it is given back.
 */
#include "sim.h"

#define AUDIT_SLOTS 16u /* few, so that refusals wait */
#define GRAB_LEAVES 300u
#define GRAB_US 100000u

static void *zeroed(size_t size)
{
	void *at = aligned_alloc(64, (size + 63) / 64 * 64);

	if (at == NULL)
		abort();
	return memset(at, 0, size);
}

void port_open(struct sim *s)
{
	static const uint8_t key[16] = "recipients' key";
	char error[200];

	s->ports = (struct ports){ .n_links = 1, .pool = s->pool };
	for (int side = ESME; side <= SMSC; side++)
		s->ports.links[0].port[side].n_queues = 1;
	s->report = (struct report_worker){
		.counters = zeroed(REPORT_COUNTERS * sizeof(uint64_t)),
		.ring = zeroed(sizeof(struct report_ring) +
		               AUDIT_SLOTS * sizeof(struct audit_record)),
		.ring_mask = AUDIT_SLOTS - 1,
	};
	s->unix_offset = INT64_C(1700000000000000);
	flow_hash_seed(s->seed);
	tables_begin(s);
	if (worker_open(&s->worker, 0, &s->settings, &s->ports, s->publish, &s->report,
	                &s->unix_offset, key, error) != 0)
		abort();
	timer_wheel_init(&s->worker->timers, s->now);
	s->worker_at = UINT64_MAX;
}

static uint32_t frame_sum(struct rte_mbuf *m)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t sum = 1;

	for (uint32_t i = 0; i < m->data_len; i++)
		sum = sum * 31 + at[i];
	return sum;
}

static void give_back(struct sim *s, bool all)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n_held; i++) {
		struct held *h = &s->held[i];
		if (!all && h->until > s->now) {
			s->held[kept++] = *h;
			continue;
		}
		if (frame_sum(h->m) != h->sum)
			sim_fail(s, "a frame changed while the port was reading it");
		rte_pktmbuf_free(h->m);
	}
	s->n_held = kept;
}

static void hold(struct sim *s, struct rte_mbuf *m)
{
	const uint64_t us = s->hold_us == 0 || s->n_held == 4096
	                            ? 0
	                            : random_below(&s->random, (uint32_t)s->hold_us);

	if (us == 0) {
		rte_pktmbuf_free(m);
		return;
	}
	s->held[s->n_held++] = (struct held){ m, s->now + us, frame_sum(m) };
}

static void take_side(struct sim *s, int side)
{
	struct rte_mbuf *frames[BURST_MAX];
	unsigned n = 0, taken = 0;

	for (; taken < s->n_rx[side] && n < s->settings.burst; taken++) {
		const struct event *e = &s->rx[side][taken];
		struct rte_mbuf *m = rte_pktmbuf_alloc(s->pool);
		if (m != NULL) { /* else lost, as at a NIC without buffers */
			memcpy(rte_pktmbuf_append(m, (uint16_t)e->len), s->store[e->frame],
			       e->len);
			monitor_heard(s, side, s->store[e->frame], e->len);
			frames[n++] = m;
		}
		network_release(s, e->frame);
	}
	s->n_rx[side] -= taken;
	memmove(s->rx[side], s->rx[side] + taken, s->n_rx[side] * sizeof(s->rx[side][0]));
	worker_take(s->worker, 0, (enum side)side, frames, n);
}

static void send_side(struct sim *s, int side)
{
	struct tcp_tx *tx = &s->worker->tx[side];

	for (unsigned i = 0; i < tx->n; i++) {
		struct rte_mbuf *m = tx->mbufs[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		if (m->data_len > WIRE_MAX || m->nb_segs != 1)
			sim_fail(s, "a frame of %u octets in %u parts", m->pkt_len, m->nb_segs);
		else if (frame_is_tcp(frame, m->data_len)) /* a router's word is passed on */
			monitor_said(s, side, frame, m->data_len);
		if (!s->failed)
			network_send(s, 1, side, frame, m->data_len);
		hold(s, m);
	}
	tx->n = 0;
}

static void drain_audit(struct sim *s)
{
	struct report_ring *ring = s->report.ring;

	if (s->now < s->drain_at)
		return;
	for (; ring->tail < ring->head; ring->tail++)
		oracle_record(s, &ring->records[ring->tail & s->report.ring_mask]);
	s->drain_at = s->now + s->drain_us;
}

/* Somebody else has nearly all buffers for a while, and gives them back. */
static void grab(struct sim *s)
{
	if (s->grab_most == 0 || s->now < s->grab_at)
		return;
	rte_pktmbuf_free_bulk(s->grabbed, s->n_grabbed);
	s->grab_at = s->now + GRAB_US;
	if (s->n_grabbed != 0 || s->now >= s->calm_at) {
		s->n_grabbed = 0;
		return;
	}
	s->n_grabbed = 0;
	const unsigned leave = random_below(&s->random, GRAB_LEAVES) + 20;
	while (s->n_grabbed < s->grab_most && rte_mempool_avail_count(s->pool) > leave) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(s->pool);
		if (m == NULL)
			break;
		s->grabbed[s->n_grabbed++] = m;
	}
}

void port_turn(struct sim *s)
{
	struct worker *w = s->worker;

	give_back(s, false);
	grab(s);
	drain_audit(s);
	tables_change(s);
	worker_begin(w, s->now);
	take_side(s, ESME);
	take_side(s, SMSC);
	worker_input(w, 0);
	worker_finish(w);
	if (s->drain_us == 0)
		drain_audit(s);
	send_side(s, ESME);
	send_side(s, SMSC);
	check_step(s);
	s->worker_at = UINT64_MAX;
	if (s->n_rx[ESME] != 0 || s->n_rx[SMSC] != 0 || w->retry != NULL)
		s->worker_at = s->now + 20 + s->turn_delay_us / 4;
}

/* The first slot of the wheels with a timer in it: a slot of the far one may come before all
 * of the near one's, and its timers are filed anew then. */
static uint64_t wheel_next(const struct timer_wheel *w)
{
	uint64_t at = UINT64_MAX;

	for (uint64_t i = 0; i < TIMER_SLOTS && at == UINT64_MAX; i++)
		if (w->near[(w->near_tick + i) % TIMER_SLOTS] != NULL)
			at = (w->near_tick + i) << TIMER_NEAR_SHIFT;
	for (uint64_t i = 1; i < TIMER_SLOTS; i++) {
		const uint64_t far = (w->far_tick + i) << TIMER_FAR_SHIFT;
		if (far >= at || w->far[(w->far_tick + i) % TIMER_SLOTS] != NULL)
			return far < at ? far : at;
	}
	return at;
}

uint64_t port_wakes(const struct sim *s)
{
	uint64_t at = s->worker_at;
	const uint64_t timer = wheel_next(&s->worker->timers);

	if (timer < at)
		at = timer;
	for (unsigned i = 0; i < s->n_held; i++)
		if (s->held[i].until < at)
			at = s->held[i].until;
	if (s->n_grabbed != 0 && s->grab_at < at)
		at = s->grab_at;
	return at < s->now ? s->now : at;
}

void port_close(struct sim *s)
{
	s->drain_at = 0;
	drain_audit(s);
	give_back(s, true);
	rte_pktmbuf_free_bulk(s->grabbed, s->n_grabbed);
	s->n_grabbed = 0;
	worker_close(s->worker);
	tables_end(s);
}
