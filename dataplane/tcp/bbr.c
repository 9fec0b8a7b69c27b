/* SPDX-License-Identifier: Apache-2.0 */
#include "bbr.h"

#include <errno.h>
#include <sys/mman.h>

#include "cubic.h"
#include "pace.h"
#include "sequence.h"

#define STARTUP_GAIN 277u /* hundredths; section 5.6.1: 4 ln 2 */
#define DRAIN_GAIN 35u    /* section 5.3.2 */
#define DOWN_GAIN 90u     /* section 5.3.3.1 */
#define UP_GAIN 125u      /* section 5.3.3.4, with its window */
#define CWND_GAIN 200u    /* section 5.6.1 */
#define UP_CWND_GAIN 225u
#define PACING_MARGIN 99u /* section 5.6.2: one of a hundred less than bw */
#define HEADROOM 85u      /* section 5.3.3.1: of inflight_hi, the rest is for others */
#define LOSS_THRESH 50u   /* section 5.3.3.4: one of so many is too much */
#define BETA 70u          /* section 5.5.10.2 */
/* Segments: fewer say nothing. Section 5.3.1.3 has 6; where chance takes 3 of a flight, as 1 %
 * does of 300, more are lost in one round trip of 29, but 12 in one of 14,000. */
#define LOSSES_LEAST 12u
#define JUDGED_ROUNDS 8u
#define STARTUP_OCTETS 20000u /* section 5.6.4.6: before that the model knows nothing */
#define FULL_ROUNDS 3u        /* section 5.3.1.2 */
#define FULL_GROWTH 125u
#define LEAST_SEGMENTS 4u           /* section 5.6.4.3: BBR.MinPipeCwnd */
#define MIN_RTT_US 10000000u        /* section 5.5.7.2 */
#define PROBE_RTT_EVERY_US 5000000u /* section 5.3.4.1 */
#define PROBE_RTT_US 200000u        /* section 5.3.4.2 */
#define PROBE_WAIT_US 2500000u      /* section 5.3.3.5.2: two to three seconds */
#define PROBE_ROUNDS 63u            /* as often as Reno would where that is sooner */
#define UP_ROUNDS_MAX 10u
#define FIRST_RTT_US 1000u            /* section 5.6.2 */
#define LATE_US (PACE_LATE_NS / 1000) /* section 5.6.3: its quantum, as a time */

int bbr_pool_open(struct bbr_pool *p, uint32_t n)
{
	void *at = mmap(NULL, n * sizeof(struct bbr), PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	*p = (struct bbr_pool){ .records = at, .n = n };
	return 0;
}

void bbr_pool_close(struct bbr_pool *p)
{
	if (p->records != NULL)
		munmap(p->records, p->n * sizeof(struct bbr));
	*p = (struct bbr_pool){ 0 };
}

static struct bbr *take(struct bbr_pool *p)
{
	struct bbr *b = p->free;

	if (b != NULL)
		p->free = b->next_free;
	else if (p->used < p->n)
		b = &p->records[p->used++];
	return b;
}

void bbr_close(struct bbr *b)
{
	b->next_free = b->pool->free;
	b->pool->free = b;
}

static uint64_t max_bw(const struct bbr *b)
{
	return b->bw[0] > b->bw[1] ? b->bw[0] : b->bw[1];
}

/* Octets of a round trip at the greatest rate, gain in hundredths: section 5.6.4.2. */
static uint64_t inflight(const struct bbr *b, uint32_t gain)
{
	return max_bw(b) * b->min_rtt_us / 1000000 * gain / 100;
}

static void enter(struct bbr *b, enum bbr_state state, uint64_t now_us)
{
	b->state = (uint8_t)state;
	b->state_at = now_us;
	b->state_round = b->rounds;
	/* A new cycle: what is two cycles old is forgotten, unless nothing came since. */
	if (state == BBR_REFILL && b->bw[0] != 0) {
		b->bw[1] = b->bw[0];
		b->bw[0] = 0;
	}
}

struct bbr *bbr_open(struct bbr_pool *p, uint32_t cwnd, uint32_t srtt_us, uint64_t now_us)
{
	struct bbr *b = take(p);

	if (b == NULL)
		return NULL;
	*b = (struct bbr){
		.pool = p,
		.delivered_us = (uint32_t)now_us,
		.first_sent_us = (uint32_t)now_us,
		.min_rtt_us = srtt_us,
		.rtt_us = srtt_us,
		.min_rtt_at = now_us,
		.inflight_hi = UINT32_MAX,
		.next_ns = now_us * 1000,
	};
	const uint32_t rtt_us = srtt_us != 0 ? srtt_us : FIRST_RTT_US;
	b->rate = (uint64_t)cwnd * 1000000 / rtt_us * STARTUP_GAIN / 100;
	b->rate += b->rate == 0;
	enter(b, BBR_STARTUP, now_us);
	return b;
}

/* ---- delivery rate (section 4.1) ---- */

static void set_mark(struct bbr *b, uint32_t in_flight, uint32_t now_us)
{
	const struct bbr_mark *last = &b->mark[(b->n_marks - 1) % BBR_MARKS];

	if (b->n_marks != 0 && now_us - last->sent_us < b->rtt_us / 8 + 1 &&
	    last->app_limited == b->app_limited)
		return;
	b->mark[b->n_marks++ % BBR_MARKS] = (struct bbr_mark){
		.sent_us = now_us,
		.delivered = b->delivered,
		.delivered_us = b->delivered_us,
		.first_sent_us = b->first_sent_us,
		.lost = b->lost,
		.in_flight = in_flight,
		.app_limited = b->app_limited,
	};
}

/* The one in force when a segment was sent then; NULL: there is none at all. */
static const struct bbr_mark *mark_of(const struct bbr *b, uint32_t sent_us)
{
	const uint32_t n = b->n_marks < BBR_MARKS ? b->n_marks : BBR_MARKS;

	for (uint32_t i = 1; i <= n; i++) {
		const struct bbr_mark *m = &b->mark[(b->n_marks - i) % BBR_MARKS];
		if (seq_leq(m->sent_us, sent_us) || i == n)
			return m;
	}
	return NULL;
}

void bbr_sent(struct bbr *b, uint32_t octets, uint32_t in_flight, uint64_t now_us)
{
	if (in_flight == 0) { /* section 4.1.2.2 */
		b->first_sent_us = (uint32_t)now_us;
		b->delivered_us = (uint32_t)now_us;
	}
	set_mark(b, in_flight + octets, (uint32_t)now_us);
	pace_sent(&b->next_ns, octets * UINT64_C(1000000000) / b->rate, now_us);
}

void bbr_app_limited(struct bbr *b, uint32_t in_flight)
{
	b->app_limited = true;
	b->limited_until = b->delivered + in_flight;
}

void bbr_lost(struct bbr *b, uint32_t octets) { b->lost += octets; }

/* Section 4.1.2.3: octets a second; 0: no sample. */
static uint64_t delivery_rate(const struct bbr *b, const struct bbr_mark *m,
                              const struct bbr_ack *a)
{
	const bool older = seq_lt((uint32_t)a->sent_us, m->first_sent_us);
	const uint32_t send_us = older ? 0 : (uint32_t)a->sent_us - m->first_sent_us;
	const uint32_t ack_us = (uint32_t)a->now_us - m->delivered_us;
	const uint32_t interval_us = send_us > ack_us ? send_us : ack_us;

	if (interval_us == 0 || interval_us < b->min_rtt_us)
		return 0;
	return (uint64_t)(b->delivered - m->delivered) * 1000000 / interval_us;
}

/* ---- the model (section 5.5) ---- */

/* A round trip is over when what was sent after its beginning is delivered (5.5.1). */
static void update_round(struct bbr *b, const struct bbr_mark *m)
{
	b->round_start = m != NULL && seq_leq(b->round_end, m->delivered);
	if (!b->round_start)
		return;
	b->round_end = b->delivered;
	b->rounds++;
}

static void update_bw(struct bbr *b, uint64_t rate, const struct bbr_mark *m)
{
	if (rate > b->bw[0] && (!m->app_limited || rate >= max_bw(b)))
		b->bw[0] = rate;
}

static void update_min_rtt(struct bbr *b, const struct bbr_ack *a)
{
	if (a->rtt_us == 0)
		return;
	b->rtt_us = a->rtt_us;
	if (b->min_rtt_us == 0 || a->rtt_us <= b->min_rtt_us ||
	    a->now_us - b->min_rtt_at > MIN_RTT_US) {
		b->min_rtt_us = a->rtt_us;
		b->min_rtt_at = a->now_us;
	}
	if (b->state == BBR_PROBE_RTT && (b->probe_min_us == 0 || a->rtt_us < b->probe_min_us))
		b->probe_min_us = a->rtt_us;
}

static void judge_from_here(struct bbr *b)
{
	b->judged_delivered = b->delivered;
	b->judged_lost = b->lost;
	b->judged_round = b->rounds;
}

/* Whether more is lost than chance and radio explain (section 5.5.10.2, IsInflightTooHigh). */
static bool losses_are_too_many(struct bbr *b, uint32_t mss)
{
	const uint32_t lost = b->lost - b->judged_lost;
	const uint64_t all = (uint64_t)(b->delivered - b->judged_delivered) + lost;
	const bool too_many = lost >= LOSSES_LEAST * mss && lost > all / LOSS_THRESH;

	if (too_many || b->rounds - b->judged_round >= JUDGED_ROUNDS)
		judge_from_here(b);
	return too_many;
}

/* HandleInflightTooHigh: no more than what was there, but not so much less at once, nor less
 * than a round trip carries when startup ends by it (section 5.3.1.3). What the application
 * or the receiver's window held back says nothing of the path. */
static void bound_inflight(struct bbr *b, const struct bbr_mark *m, const struct bbr_ack *a)
{
	const bool startup = b->state == BBR_STARTUP;
	const uint64_t least = inflight(b, startup ? 100 : BETA);
	const uint64_t hi = m->in_flight > least ? m->in_flight : least;

	if (startup || !m->app_limited)
		b->inflight_hi = hi < LEAST_SEGMENTS * a->mss ? LEAST_SEGMENTS * a->mss
		                 : hi < UINT32_MAX            ? (uint32_t)hi
		                                              : UINT32_MAX;
	if (startup) {
		b->full = true;
		enter(b, BBR_DRAIN, a->now_us);
	} else if (b->state == BBR_UP || b->state == BBR_REFILL) {
		enter(b, BBR_DOWN, a->now_us);
	}
}

/* ---- the states (section 5.3) ---- */

/* Section 5.3.1.2: three round trips brought a quarter more no longer. */
static void look_for_full_pipe(struct bbr *b, const struct bbr_mark *m, uint64_t now_us)
{
	if (!b->round_start || m->app_limited)
		return;
	if (max_bw(b) >= b->full_bw * FULL_GROWTH / 100) {
		b->full_bw = max_bw(b);
		b->full_rounds = 0;
	} else if (++b->full_rounds >= FULL_ROUNDS) {
		b->full = true;
		enter(b, BBR_DRAIN, now_us);
	}
}

/* Section 5.3.3.5.3: every two to three seconds, or when Reno would have grown by a flight. */
static bool is_time_to_probe(const struct bbr *b, const struct bbr_ack *a)
{
	const uint64_t flight = inflight(b, 100) / a->mss;
	const uint32_t reno = flight < PROBE_ROUNDS ? (uint32_t)flight : PROBE_ROUNDS;

	return a->now_us - b->state_at > PROBE_WAIT_US || b->rounds - b->state_round >= reno;
}

/* Section 5.3.3.4: what the path carries may have become more. */
static void probe_up(struct bbr *b, const struct bbr_ack *a)
{
	const uint32_t rounds = b->rounds - b->state_round;

	if (b->round_start && b->inflight_hi != UINT32_MAX) {
		const uint64_t hi = b->inflight_hi + ((uint64_t)a->mss << rounds);
		b->inflight_hi = hi < UINT32_MAX - 1 ? (uint32_t)hi : UINT32_MAX - 1;
	}
	if ((a->now_us - b->state_at > b->min_rtt_us && a->in_flight >= inflight(b, UP_GAIN)) ||
	    rounds >= UP_ROUNDS_MAX)
		enter(b, BBR_DOWN, a->now_us);
}

static void probe_bandwidth(struct bbr *b, const struct bbr_ack *a)
{
	const uint64_t left = (uint64_t)b->inflight_hi * HEADROOM / 100;

	switch (b->state) {
	case BBR_DRAIN:
		if (a->in_flight <= inflight(b, 100))
			enter(b, BBR_DOWN, a->now_us);
		return;
	case BBR_DOWN:
		if (is_time_to_probe(b, a))
			enter(b, BBR_REFILL, a->now_us);
		else if (a->in_flight <= inflight(b, 100) && a->in_flight <= left)
			enter(b, BBR_CRUISE, a->now_us);
		return;
	case BBR_CRUISE:
		if (is_time_to_probe(b, a))
			enter(b, BBR_REFILL, a->now_us);
		return;
	case BBR_REFILL:
		if (b->round_start && b->rounds - b->state_round > 1)
			enter(b, BBR_UP, a->now_us);
		return;
	case BBR_UP:
		probe_up(b, a);
		return;
	default:
		return;
	}
}

/* Section 5.3.4: no shorter round trip was seen for long; perhaps it is our own queue. */
static void probe_rtt(struct bbr *b, const struct bbr_ack *a, uint32_t cwnd)
{
	if (b->state != BBR_PROBE_RTT) {
		if (a->now_us - b->min_rtt_at <= PROBE_RTT_EVERY_US || b->app_limited)
			return;
		if (b->prior_cwnd < cwnd)
			b->prior_cwnd = cwnd;
		b->probe_min_us = 0;
		b->probe_rtt_until = 0;
		enter(b, BBR_PROBE_RTT, a->now_us);
		return;
	}
	const uint64_t half = inflight(b, 50);
	const uint32_t least = LEAST_SEGMENTS * a->mss;
	if (b->probe_rtt_until == 0 && a->in_flight <= (half > least ? half : least)) {
		b->probe_rtt_until = a->now_us + PROBE_RTT_US;
		b->state_round = b->rounds;
	}
	if (b->probe_rtt_until == 0 || a->now_us < b->probe_rtt_until ||
	    b->rounds == b->state_round)
		return;
	if (b->probe_min_us != 0)
		b->min_rtt_us = b->probe_min_us;
	b->min_rtt_at = a->now_us;
	enter(b, b->full ? BBR_CRUISE : BBR_STARTUP, a->now_us);
}

/* ---- what is sent (section 5.6) ---- */

static uint32_t pacing_gain(const struct bbr *b)
{
	switch (b->state) {
	case BBR_STARTUP:
		return STARTUP_GAIN;
	case BBR_DRAIN:
		return DRAIN_GAIN;
	case BBR_DOWN:
		return DOWN_GAIN;
	case BBR_UP:
		return UP_GAIN;
	default:
		return 100;
	}
}

static void set_pace(struct bbr *b, uint32_t mss)
{
	const uint64_t rate = max_bw(b) * pacing_gain(b) / 100 * PACING_MARGIN / 100;

	if (rate != 0 && (b->full || rate > b->rate))
		b->rate = rate;
	/* The least window is never paced over more than a round trip. */
	if (b->rate < LEAST_SEGMENTS * (uint64_t)mss * 1000000 / (b->min_rtt_us + 1))
		b->rate = LEAST_SEGMENTS * (uint64_t)mss * 1000000 / (b->min_rtt_us + 1);
}

static uint32_t set_cwnd(struct bbr *b, const struct bbr_ack *a, uint32_t cwnd)
{
	const uint32_t gain = b->state == BBR_UP ? UP_CWND_GAIN : CWND_GAIN;
	/* Section 5.6.4.2: and what goes out at once. */
	const uint64_t most = inflight(b, gain) + max_bw(b) * LATE_US / 1000000;
	uint64_t next = cwnd;

	if (b->prior_cwnd > next && b->state != BBR_PROBE_RTT && b->round_start) {
		next = b->prior_cwnd; /* a time-out or ProbeRTT is over */
		b->prior_cwnd = 0;
	}
	if (b->full)
		next = next + a->delivered < most ? next + a->delivered : most;
	else if (next < most || b->delivered < STARTUP_OCTETS)
		next += a->delivered;
	if (b->inflight_hi != UINT32_MAX) {
		uint64_t hi = b->inflight_hi;
		if (b->state == BBR_CRUISE || b->state == BBR_DOWN)
			hi = hi * HEADROOM / 100;
		next = next < hi ? next : hi;
	}
	if (b->state == BBR_PROBE_RTT && next > inflight(b, 50))
		next = inflight(b, 50);
	if (next < LEAST_SEGMENTS * a->mss)
		next = LEAST_SEGMENTS * a->mss;
	return next < CUBIC_CWND_MAX ? (uint32_t)next : CUBIC_CWND_MAX;
}

uint32_t bbr_acked(struct bbr *b, const struct bbr_ack *a, uint32_t cwnd)
{
	b->delivered += a->delivered;
	b->delivered_us = (uint32_t)a->now_us;
	if (b->app_limited && seq_lt(b->limited_until, b->delivered))
		b->app_limited = false;
	const struct bbr_mark *m = a->sent_us == 0 ? NULL : mark_of(b, (uint32_t)a->sent_us);
	update_round(b, m);
	update_min_rtt(b, a);
	if (m == NULL) /* sent before there was a model: it is delivered all the same */
		return set_cwnd(b, a, cwnd);
	update_bw(b, delivery_rate(b, m, a), m);
	b->first_sent_us = (uint32_t)a->sent_us; /* section 4.1.2.3 */
	if (b->round_start && losses_are_too_many(b, a->mss))
		bound_inflight(b, m, a);
	if (b->state == BBR_STARTUP)
		look_for_full_pipe(b, m, a->now_us);
	else
		probe_bandwidth(b, a);
	probe_rtt(b, a, cwnd);
	set_pace(b, a->mss);
	return set_cwnd(b, a, cwnd);
}

uint32_t bbr_timeout(struct bbr *b, uint32_t cwnd, uint32_t mss)
{
	if (b->prior_cwnd < cwnd)
		b->prior_cwnd = cwnd;
	return mss;
}
