/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: the workers and their turns, one after another: which is first among those that are
 * due is the seed's to say. Between two workers is what they have in the field: the rings of
 * distribute.h, or queues of RSS and the rings of stray.h.
 */
#include "sim.h"

#include "distribute.h"
#include "stray.h"

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

static void open_worker(struct sim *s, unsigned index)
{
	static const uint8_t key[16] = "recipients' key";
	struct core *k = &s->cores[index];
	char error[200];

	k->report = (struct report_worker){
		.counters = zeroed(REPORT_COUNTERS * sizeof(uint64_t)),
		.ring = zeroed(sizeof(struct report_ring) +
		               AUDIT_SLOTS * sizeof(struct audit_record)),
		.ring_mask = AUDIT_SLOTS - 1,
	};
	if (worker_open(&k->worker, index, &s->settings, &s->ports, s->publish, &k->report,
	                &s->unix_offset, key, error) != 0)
		abort();
	k->worker->distribute = s->distribute;
	k->worker->strays = s->strays;
	timer_wheel_init(&k->worker->timers, s->now);
	k->at = k->timer_at = UINT64_MAX;
}

void core_open(struct sim *s)
{
	if (s->n_cores == 0)
		s->n_cores = 1;
	s->settings.workers = s->n_cores;
	s->unix_offset = INT64_C(1700000000000000);
	flow_hash_seed(s->seed);
	tables_begin(s);
	port_open(s);
	if (s->n_cores > 1 &&
	    (s->spread == SPREAD_RINGS ? distribute_open(&s->distribute, s->n_cores, 1)
	                               : strays_open(&s->strays, s->n_cores)) != 0)
		abort();
	for (unsigned i = 0; i < s->n_cores; i++)
		open_worker(s, i);
}

void core_wake(struct sim *s, unsigned core)
{
	const uint64_t at =
		s->now + (s->turn_delay_us == 0
	                          ? 0
	                          : random_below(&s->random, (uint32_t)s->turn_delay_us));

	if (at < s->cores[core].at)
		s->cores[core].at = at;
}

uint64_t sim_counter(const struct sim *s, enum counter counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->n_cores; i++)
		sum += s->cores[i].report.counters[counter];
	return sum;
}

unsigned core_flows(const struct sim *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_cores; i++)
		n += flow_count(s->cores[i].worker->flows);
	return n;
}

static void drain_audit(struct sim *s)
{
	if (s->now < s->drain_at)
		return;
	for (unsigned i = 0; i < s->n_cores; i++) {
		const struct report_worker *w = &s->cores[i].report;
		struct report_ring *ring = w->ring;
		for (; ring->tail < ring->head; ring->tail++)
			oracle_record(s, &ring->records[ring->tail & w->ring_mask]);
	}
	s->drain_at = s->now + s->drain_us;
}

void core_close(struct sim *s)
{
	s->drain_at = 0;
	drain_audit(s);
	port_give_back(s, true);
	rte_pktmbuf_free_bulk(s->grabbed, s->n_grabbed);
	s->n_grabbed = 0;
	for (unsigned i = 0; i < s->n_cores; i++)
		worker_close(s->cores[i].worker);
	distribute_close(s->distribute);
	strays_close(s->strays);
	tables_end(s);
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

/* What came in at a side; false: there may be more. */
static bool take_side(struct sim *s, unsigned core, int side)
{
	struct core *k = &s->cores[core];
	struct worker *w = k->worker;
	const unsigned was = w->n_packets, waiting = k->n_rx[side];

	worker_receive(w, 0, (enum side)side);
	for (unsigned i = was; i < w->n_packets; i++) {
		const struct packet *p = &w->packets[i];
		if (!s->forging)
			monitor_heard(s, core, side, rte_pktmbuf_mtod(p->mbuf, uint8_t *),
			              p->mbuf->data_len);
		if (p->class == PACKET_OTHER && s->strays != NULL)
			k->strays = s->n_cores;
	}
	const unsigned own = w->n_packets - was;
	if (core == 0 && waiting - k->n_rx[side] > own) /* somebody has the others */
		for (unsigned i = 1; i < s->n_cores; i++)
			core_wake(s, i);
	return k->n_rx[side] == 0 && (core == 0 || own < s->settings.burst);
}

static bool send_side(struct sim *s, unsigned core, int side)
{
	const struct tcp_tx *tx = &s->cores[core].worker->tx[side];

	for (unsigned i = 0; i < tx->n; i++) {
		const struct rte_mbuf *m = tx->mbufs[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		if (m->data_len > WIRE_MAX || m->nb_segs != 1)
			sim_fail(s, "a frame of %u octets in %u parts", m->pkt_len, m->nb_segs);
		else if (frame_is_tcp(frame, m->data_len)) /* a router's word is passed on */
			monitor_said(s, side, frame, m->data_len);
	}
	const unsigned sent = worker_send(s->cores[core].worker, 0, (enum side)side);
	if (sent != 0 && core != 0 && s->distribute != NULL)
		core_wake(s, 0);
	return sent < TCP_TX_MAX;
}

/* A stray may be in the next one's ring now. */
static void pass_strays(struct sim *s, unsigned core)
{
	struct core *k = &s->cores[core], *next = &s->cores[(core + 1) % s->n_cores];
	const unsigned left = k->strays;

	k->strays = 0;
	if (left < 2)
		return;
	if (next->strays < left - 1)
		next->strays = left - 1;
	core_wake(s, (core + 1) % s->n_cores);
}

static void leave(struct sim *s)
{
	if (s->leaving || s->leave_at == 0 || s->now < s->leave_at)
		return;
	s->leaving = true;
	sim_trace(s, "draining");
	publish_drain(s->publish, true);
	check_leaving(s);
}

static void turn(struct sim *s, unsigned core)
{
	struct core *k = &s->cores[core];
	struct worker *w = k->worker;

	port_give_back(s, false);
	grab(s);
	drain_audit(s);
	tables_change(s);
	leave(s);
	k->at = UINT64_MAX;
	worker_begin(w, s->now);
	bool all = take_side(s, core, ESME);
	all &= take_side(s, core, SMSC);
	worker_input(w, 0);
	worker_finish(w);
	if (s->drain_us == 0)
		drain_audit(s);
	all &= send_side(s, core, ESME);
	all &= send_side(s, core, SMSC);
	pass_strays(s, core);
	check_step(s, core);
	k->timer_at = wheel_next(&w->timers);
	if (!all || w->retry != NULL)
		k->at = s->now + 20 + s->turn_delay_us / 4;
}

static uint64_t due(const struct core *k) { return k->at < k->timer_at ? k->at : k->timer_at; }

void core_turn(struct sim *s)
{
	const unsigned first = s->n_cores == 1 ? 0 : random_below(&s->random, s->n_cores);

	for (unsigned i = 0; i < s->n_cores; i++) {
		const unsigned core = (first + i) % s->n_cores;
		if (due(&s->cores[core]) <= s->now) {
			turn(s, core);
			return;
		}
	}
	turn(s, first); /* the ports have their own times */
}

/* Through worker 0, the rings and back, or from worker to worker. */
void core_settle(struct sim *s)
{
	for (unsigned i = 0; i < (s->n_cores == 1 ? 1 : 2 * s->n_cores); i++)
		turn(s, i % s->n_cores);
}

bool core_is_quiet(const struct sim *s)
{
	for (unsigned i = 0; i < s->n_cores; i++) {
		const struct core *k = &s->cores[i];
		if (k->n_rx[ESME] != 0 || k->n_rx[SMSC] != 0 ||
		    (s->n_cores > 1 && k->at != UINT64_MAX))
			return false;
	}
	return true;
}

uint64_t core_wakes(const struct sim *s)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < s->n_cores; i++)
		if (due(&s->cores[i]) < at)
			at = due(&s->cores[i]);
	for (unsigned i = 0; i < s->n_held; i++)
		if (s->held[i].until < at)
			at = s->held[i].until;
	if (s->n_grabbed != 0 && s->grab_at < at)
		at = s->grab_at;
	return at < s->now ? s->now : at;
}
