/* SPDX-License-Identifier: Apache-2.0 */
/* CUBIC against RFC 9438's equations, evaluated in segments from the text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cubic.h"
#include "pace.h"

#define MSS 1448u

/* Acknowledge a window a round trip, as a sender that is always limited. */
static void round_trip(struct cubic *c, uint32_t rtt_us, uint64_t *now)
{
	const uint32_t window = c->cwnd;

	for (uint32_t acked = 0; acked < window; acked += 2 * MSS)
		cubic_acked(c, 2 * MSS, MSS, rtt_us, *now);
	*now += rtt_us;
}

static void slow_start_doubles(void **unused)
{
	struct cubic c;
	uint64_t now = 1;

	(void)unused;
	cubic_open(&c, MSS);
	assert_int_equal(c.cwnd, 10 * MSS); /* RFC 6928 */
	for (unsigned i = 1; i <= 5; i++) {
		round_trip(&c, 50000, &now);
		assert_int_equal(c.cwnd, (10u << i) * MSS);
	}
	/* A receiver that acknowledges much at once gets all of it (RFC 9406 section 4.2), but
	 * after a loss two segments: much of it may have come before (RFC 3465). */
	uint32_t before = c.cwnd;
	cubic_acked(&c, 100 * MSS, MSS, 50000, now);
	assert_int_equal(c.cwnd, before + 100 * MSS);
	cubic_timeout(&c, MSS, 0);
	before = c.cwnd;
	cubic_acked(&c, 100 * MSS, MSS, 50000, now);
	assert_int_equal(c.cwnd, before + 2 * MSS);
}

/* How long 100 segments take. */
static void assert_paced(struct cubic *c, uint32_t wnd, uint32_t rtt_us, uint32_t takes_us)
{
	const uint64_t now = 5000000;

	c->next_ns = now * 1000;
	for (unsigned i = 0; i < 100; i++)
		cubic_sent(c, MSS, wnd, rtt_us, now);
	assert_in_range(c->next_ns / 1000, now + takes_us - 2, now + takes_us);
	assert_true(pace_allows(c->next_ns, pace_next_us(c->next_ns)));
	assert_false(pace_allows(c->next_ns, pace_next_us(c->next_ns) - 2));
}

/* A window's worth takes half a round trip while it doubles in one, and else five sixths. */
static void a_window_is_spread_over_the_round_trip(void **unused)
{
	struct cubic c;

	(void)unused;
	cubic_open(&c, MSS);
	c.cwnd = 100 * MSS;
	assert_paced(&c, UINT32_MAX, 60000, 30000);
	assert_paced(&c, 50 * MSS, 60000, 100000); /* of the receiver: twice its window */
	c.ssthresh = 200 * MSS;
	assert_paced(&c, UINT32_MAX, 60000, 50000);
	c.ssthresh = UINT32_MAX;
	assert_paced(&c, MSS / 2, 1200, 100000); /* never more than that for one segment */
	/* After a silence as much goes at once as timers may come late, and no more. */
	c.next_ns = 0;
	for (unsigned i = 0; i < 7; i++) {
		assert_true(pace_allows(c.next_ns, 9000000));
		cubic_sent(&c, MSS, UINT32_MAX, 60000, 9000000);
	}
	assert_false(pace_allows(c.next_ns, 9000000));
}

/* W_cubic(t) = C (t - K)^3 + W_max, K = cbrt((W_max - cwnd_epoch) / C), section 4.2. */
static void follows_the_curve(void **unused)
{
	struct cubic c;
	uint64_t now = 1000000;

	(void)unused;
	cubic_open(&c, MSS);
	c.cwnd = 1000 * MSS; /* a long path, where the curve lies above Reno */
	cubic_loss(&c, MSS);
	assert_in_range(c.cwnd, 699 * MSS, 700 * MSS + 1);
	const uint64_t epoch = now;
	const double k = cbrt((1000.0 - 700.0) / 0.4);
	for (unsigned i = 0; i < 150; i++) {
		round_trip(&c, 100000, &now);
		/* After a round trip it is where the curve is at the end of that. */
		const double t = (double)(now - epoch) / 1e6;
		const double expected = 0.4 * pow(t - k, 3) + 1000.0;
		assert_true(fabs((double)c.cwnd / MSS - expected) < 0.02 * expected);
	}
	assert_true(c.cwnd > 1000 * MSS);
}

/* Section 4.3: on a short path, what Reno with alpha 0.53 has: a window grows by
 * alpha segments a round trip until w_max, then by one. */
static void is_reno_on_short_paths(void **unused)
{
	struct cubic c;
	uint64_t now = 1000000;

	(void)unused;
	cubic_open(&c, MSS);
	c.cwnd = 40 * MSS;
	cubic_loss(&c, MSS);
	double reno = 28;
	for (unsigned i = 0; i < 60; i++) {
		round_trip(&c, 1000, &now);
		reno += reno < 40 ? 3 * (1 - 0.7) / (1 + 0.7) : 1;
		assert_true(fabs((double)c.cwnd / MSS - reno) < 3);
	}
}

static void losses(void **unused)
{
	struct cubic c;

	(void)unused;
	cubic_open(&c, MSS);
	c.cwnd = 100 * MSS;
	cubic_loss(&c, MSS);
	assert_int_equal(c.cwnd, c.ssthresh);
	assert_int_equal(c.w_max, 100 * MSS);
	cubic_loss(&c, MSS); /* below w_max: fast convergence, section 4.7 */
	assert_in_range(c.w_max, 59 * MSS, 60 * MSS);
	const uint32_t w_max = c.w_max, ssthresh = (uint32_t)(c.cwnd * 0.7);
	cubic_timeout(&c, MSS, 0);
	assert_int_equal(c.cwnd, MSS);
	assert_in_range(c.ssthresh, ssthresh - 1, ssthresh + 1);
	const uint32_t kept = c.ssthresh;
	cubic_timeout(&c, MSS, 1); /* the same octets again: RFC 5681 section 3.1 */
	assert_int_equal(c.ssthresh, kept);
	assert_true(c.w_max < w_max);
	for (unsigned i = 0; i < 100; i++)
		cubic_loss(&c, MSS);
	assert_int_equal(c.ssthresh, 2 * MSS);
}

static void idle_starts_anew(void **unused)
{
	struct cubic c;

	(void)unused;
	cubic_open(&c, MSS);
	c.cwnd = 100 * MSS;
	cubic_idle(&c, MSS);
	assert_int_equal(c.cwnd, 10 * MSS); /* RFC 5681 section 4.1 */
	c.cwnd = 3 * MSS;
	cubic_idle(&c, MSS);
	assert_int_equal(c.cwnd, 3 * MSS);
}

static void never_beyond_its_bound(void **unused)
{
	struct cubic c;
	uint64_t now = 1;

	(void)unused;
	cubic_open(&c, MSS);
	c.ssthresh = 64 * MSS;
	c.cwnd = CUBIC_CWND_MAX - MSS;
	for (unsigned i = 0; i < 100; i++) {
		cubic_acked(&c, 100 * MSS, MSS, 1, now);
		now += 3600000000u; /* the cube of an hour */
		assert_in_range(c.cwnd, 1, CUBIC_CWND_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_start_doubles),
		cmocka_unit_test(a_window_is_spread_over_the_round_trip),
		cmocka_unit_test(follows_the_curve),
		cmocka_unit_test(is_reno_on_short_paths),
		cmocka_unit_test(losses),
		cmocka_unit_test(idle_starts_anew),
		cmocka_unit_test(never_beyond_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
