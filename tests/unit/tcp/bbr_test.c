/* SPDX-License-Identifier: Apache-2.0 */
/* bbr beside a path that is simple enough to know what it carries: one bottleneck with a
 * queue, losses by chance, a round trip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bbr.h"
#include "pace.h"

#define MSS 1448u
#define TICK_US 50u
#define PACKETS_MAX 16384u

struct packet {
	uint64_t sent_us, arrives_us; /* arrives_us: of its ACK; 0: it is lost */
};

struct path {
	struct bbr_pool pool;
	struct bbr *b;
	uint64_t rate, now_us;  /* octets a second */
	uint32_t rtt_us, queue; /* queue: packets that wait at most */
	uint32_t loss;          /* of 10,000 */
	uint32_t app;           /* packets a tick may bring; 0: as many as may go */
	uint64_t random;
	double free_us; /* the bottleneck is done with what it has */
	struct packet packets[PACKETS_MAX];
	uint32_t head, tail, cwnd;
	uint64_t delivered, lost, sent;
	uint32_t most_queued;
};

static struct path *path_open(uint64_t rate, uint32_t rtt_us, uint32_t queue)
{
	struct path *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	*p = (struct path){ .rate = rate,
		            .rtt_us = rtt_us,
		            .queue = queue,
		            .random = 7,
		            .now_us = 5000000,
		            .cwnd = 10 * MSS };
	p->free_us = (double)p->now_us;
	assert_int_equal(bbr_pool_open(&p->pool, 2), 0);
	p->b = bbr_open(&p->pool, p->cwnd, rtt_us, p->now_us);
	assert_non_null(p->b);
	return p;
}

static void path_close(struct path *p)
{
	bbr_close(p->b);
	bbr_pool_close(&p->pool);
	free(p);
}

static uint32_t chance(struct path *p)
{
	p->random = p->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(p->random >> 33) % 10000;
}

static uint32_t in_flight(const struct path *p) { return (p->tail - p->head) * MSS; }

static void send_one(struct path *p)
{
	struct packet *k = &p->packets[p->tail % PACKETS_MAX];
	const double service = MSS * 1e6 / (double)p->rate;
	const double now = (double)p->now_us;
	const double waits = p->free_us > now ? (p->free_us - now) / service : 0;

	bbr_sent(p->b, MSS, in_flight(p), p->now_us);
	*k = (struct packet){ .sent_us = p->now_us };
	p->sent++;
	p->tail++;
	assert_true(p->tail - p->head < PACKETS_MAX);
	if (waits > p->queue || chance(p) < p->loss)
		return;
	if (waits > p->most_queued)
		p->most_queued = (uint32_t)waits;
	p->free_us = (p->free_us > now ? p->free_us : now) + service;
	k->arrives_us = (uint64_t)p->free_us + p->rtt_us;
}

/* What has arrived; a packet is known to be lost when one behind it has. */
static void hear(struct path *p)
{
	struct bbr_ack a = { .now_us = p->now_us, .mss = MSS };
	uint32_t end = p->head;

	for (uint32_t i = p->head; i != p->tail; i++) {
		const struct packet *k = &p->packets[i % PACKETS_MAX];
		if (k->arrives_us > p->now_us)
			break;
		if (k->arrives_us != 0)
			end = i + 1;
	}
	for (; p->head != end; p->head++) {
		const struct packet *k = &p->packets[p->head % PACKETS_MAX];
		if (k->arrives_us == 0) {
			bbr_lost(p->b, MSS);
			p->lost++;
			continue;
		}
		a.delivered += MSS;
		a.sent_us = k->sent_us;
		a.rtt_us = (uint32_t)(p->now_us - k->sent_us);
	}
	if (a.delivered == 0)
		return;
	p->delivered += a.delivered;
	a.in_flight = in_flight(p);
	p->cwnd = bbr_acked(p->b, &a, p->cwnd);
}

static void path_run(struct path *p, uint64_t us)
{
	const uint64_t end = p->now_us + us;

	for (; p->now_us < end; p->now_us += TICK_US) {
		uint32_t room = p->app != 0 ? p->app : UINT32_MAX;
		hear(p);
		while (room > 0 && pace_allows(p->b->next_ns, p->now_us) &&
		       in_flight(p) + MSS <= p->cwnd) {
			send_one(p);
			room--;
		}
		if (room == 0)
			bbr_app_limited(p->b, in_flight(p));
	}
}

static double share(const struct path *p, uint64_t us)
{
	return (double)p->delivered * 1e6 / (double)us / (double)p->rate;
}

static uint64_t bw(const struct bbr *b) { return b->bw[0] > b->bw[1] ? b->bw[0] : b->bw[1]; }

/* The model is what the path is. */
static void finds_rate_and_round_trip(void **state)
{
	static const uint64_t rates[] = { 125000, 1250000, 12500000, 50000000 };
	static const uint32_t rtts[] = { 1000, 10000, 80000 };

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct path *p = path_open(rates[i / 3], rtts[i % 3], 4000);
		path_run(p, 4000000);
		assert_true(p->b->full);
		assert_true(bw(p->b) > p->rate * 9 / 10 && bw(p->b) < p->rate * 11 / 10);
		const uint32_t service = (uint32_t)(MSS * UINT64_C(1000000) / p->rate);
		assert_in_range(p->b->min_rtt_us, p->rtt_us,
		                p->rtt_us * 11 / 10 + 4 * service + 2 * TICK_US);
		assert_true(share(p, 4000000) > 0.8);
		path_close(p);
	}
}

/* 1 % lost by chance costs no more than it has to. */
static void losses_by_chance_are_none_of_congestion(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct path *p = path_open(40000000, 10000, 4000);
		p->loss = 100;
		p->random = seed;
		path_run(p, 3000000);
		assert_true(share(p, 3000000) > 0.85);
		path_close(p);
	}
}

/* A bottleneck with hardly any queue is not drowned for long: what it drops is bounded by
 * inflight_hi, and it is used all the same. */
static void a_short_queue_is_not_drowned(void **state)
{
	struct path *p = path_open(12500000, 10000, 12);

	(void)state;
	while (p->b->inflight_hi == UINT32_MAX && p->now_us < 6000000)
		path_run(p, TICK_US);
	assert_true(p->b->inflight_hi >= bw(p->b) * p->b->min_rtt_us / 1000000);
	path_run(p, 6000000 - p->now_us);
	assert_int_not_equal(p->b->inflight_hi, UINT32_MAX);
	const uint64_t sent = p->sent, lost = p->lost;
	p->delivered = 0;
	path_run(p, 5000000);
	assert_true((p->lost - lost) * 100 < (p->sent - sent) * 3);
	assert_true(share(p, 5000000) > 0.7);
	path_close(p);
}

/* No standing queue behind startup, but for what probing brings. */
static void the_queue_is_drained(void **state)
{
	struct path *p = path_open(12500000, 20000, 4000);

	(void)state;
	path_run(p, 1000000);
	p->most_queued = 0;
	path_run(p, 4000000);
	/* A quarter more for a round trip, and bursts of two milliseconds. */
	assert_true(p->most_queued * MSS < p->rate / 50 / 2);
	path_close(p);
}

/* An application that sends little says nothing of the path. */
static void little_traffic_teaches_nothing(void **state)
{
	struct path *p = path_open(12500000, 10000, 4000);

	(void)state;
	path_run(p, 2000000);
	const uint64_t known = bw(p->b);
	p->app = 1; /* then one in many ticks */
	for (unsigned i = 0; i < 2000; i++) {
		path_run(p, TICK_US);
		const uint32_t cwnd = p->cwnd;
		p->cwnd = 0;
		path_run(p, 5000);
		if (p->cwnd < cwnd)
			p->cwnd = cwnd;
	}
	assert_true(bw(p->b) >= known * 9 / 10);
	path_close(p);
}

/* What is lost of the little that an application sends bounds nothing. */
static void losses_of_little_traffic_bound_nothing(void **state)
{
	struct path *p = path_open(12500000, 10000, 4000);

	(void)state;
	path_run(p, 2000000);
	assert_int_equal(p->b->inflight_hi, UINT32_MAX);
	p->app = 1;
	p->loss = 500;
	for (unsigned i = 0; i < 20000; i++) {
		const uint32_t cwnd = p->cwnd;
		path_run(p, TICK_US);
		p->cwnd = 0;
		path_run(p, 200);
		if (p->cwnd < cwnd)
			p->cwnd = cwnd;
	}
	assert_true(p->lost > 200);
	assert_int_equal(p->b->inflight_hi, UINT32_MAX);
	path_close(p);
}

/* A startup that ends by losses, with little in flight by then, is bounded by a round trip's
 * octets, not by that little. */
static void losses_in_startup_leave_a_round_trip(void **state)
{
	struct path *p = path_open(50000000, 10000, 4000);

	(void)state;
	path_run(p, 50000);
	assert_false(p->b->full);
	p->app = 1;
	p->loss = 3000;
	while (p->b->inflight_hi == UINT32_MAX && p->now_us < 7000000) {
		path_run(p, TICK_US);
		p->cwnd = 0;
		path_run(p, 450);
		p->cwnd = 100 * MSS;
	}
	assert_in_range(p->b->inflight_hi, bw(p->b) * p->b->min_rtt_us / 1000000, 1000 * MSS);
	path_close(p);
}

/* The rate of the path changes; so does the model, up within a second and down within the
 * cycles that it remembers. */
static void follows_the_path(void **state)
{
	struct path *p = path_open(5000000, 10000, 4000);

	(void)state;
	path_run(p, 2000000);
	p->rate = 20000000;
	path_run(p, 8000000);
	assert_true(bw(p->b) > 18000000);
	p->rate = 2500000;
	path_run(p, 12000000);
	assert_true(bw(p->b) < 3000000);
	path_close(p);
}

/* The first window went out before there was a model: what is delivered of it opens the next
 * one all the same, or a round trip of the start would be lost. */
static void the_first_window_opens_the_next(void **state)
{
	struct bbr_pool pool;
	uint32_t cwnd = 10 * MSS;

	(void)state;
	assert_int_equal(bbr_pool_open(&pool, 1), 0);
	struct bbr *b = bbr_open(&pool, cwnd, 10000, 1000000);
	bbr_app_limited(b, cwnd);
	for (uint32_t i = 1; i <= 5; i++)
		cwnd = bbr_acked(b,
		                 &(struct bbr_ack){ .now_us = 1010000,
		                                    .sent_us = 999999,
		                                    .delivered = 2 * MSS,
		                                    .rtt_us = 10001,
		                                    .in_flight = (10 - 2 * i) * MSS,
		                                    .mss = MSS },
		                 cwnd);
	assert_int_equal(cwnd, 20 * MSS);
	bbr_pool_close(&pool);
}

static void a_time_out_begins_small_and_comes_back(void **state)
{
	struct path *p = path_open(12500000, 10000, 4000);

	(void)state;
	path_run(p, 2000000);
	const uint32_t before = p->cwnd;
	p->head = p->tail; /* all lost */
	p->cwnd = bbr_timeout(p->b, p->cwnd, MSS);
	assert_int_equal(p->cwnd, MSS);
	p->free_us = (double)p->now_us;
	path_run(p, 200000);
	assert_in_range(p->cwnd, before / 2, before * 2);
	path_close(p);
}

/* Every five seconds without a shorter round trip the queue is let run empty for one. */
static void the_round_trip_is_looked_for(void **state)
{
	struct path *p = path_open(12500000, 10000, 4000);
	unsigned probes = 0;

	(void)state;
	p->b->min_rtt_us = 5000; /* a path that is longer now */
	for (unsigned i = 0; i < 1200; i++) {
		const bool was = p->b->state == BBR_PROBE_RTT;
		path_run(p, 10000);
		probes += !was && p->b->state == BBR_PROBE_RTT;
	}
	assert_in_range(probes, 1, 3);
	assert_in_range(p->b->min_rtt_us, 10000, 11500);
	path_close(p);
}

static void records_are_bounded_and_come_back(void **state)
{
	struct bbr_pool pool;
	struct bbr *b[3];

	(void)state;
	assert_int_equal(bbr_pool_open(&pool, 3), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(b[i] = bbr_open(&pool, 10 * MSS, 0, 1000));
	assert_null(bbr_open(&pool, 10 * MSS, 0, 1000));
	bbr_close(b[1]);
	assert_ptr_equal(bbr_open(&pool, 10 * MSS, 0, 1000), b[1]);
	assert_null(bbr_open(&pool, 10 * MSS, 0, 1000));
	bbr_pool_close(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_rate_and_round_trip),
		cmocka_unit_test(losses_by_chance_are_none_of_congestion),
		cmocka_unit_test(a_short_queue_is_not_drowned),
		cmocka_unit_test(the_queue_is_drained),
		cmocka_unit_test(little_traffic_teaches_nothing),
		cmocka_unit_test(losses_of_little_traffic_bound_nothing),
		cmocka_unit_test(losses_in_startup_leave_a_round_trip),
		cmocka_unit_test(follows_the_path),
		cmocka_unit_test(the_first_window_opens_the_next),
		cmocka_unit_test(a_time_out_begins_small_and_comes_back),
		cmocka_unit_test(the_round_trip_is_looked_for),
		cmocka_unit_test(records_are_bounded_and_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
