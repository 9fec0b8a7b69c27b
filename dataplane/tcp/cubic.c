/* SPDX-License-Identifier: Apache-2.0 */
#include "cubic.h"

#include <math.h>

#include "pace.h"

#define C 0.4                                     /* segments a second^3, RFC 9438 section 5 */
#define BETA 0.7                                  /* section 4.6 */
#define ALPHA (3.0 * (1.0 - BETA) / (1.0 + BETA)) /* section 4.3 */
#define INITIAL_SEGMENTS 10u
#define PARTS 256.0 /* of an octet, in w_est */
/* Hundredths of a window a round trip, as kernels pace: in slow start it doubles in one, and
 * else it goes out a little sooner than its ACKs come, so that pacing is never what limits. */
#define SLOW_START_PACE 200u
#define PACE 120u

static uint32_t at_least(double octets, uint32_t least)
{
	return octets > least ? (uint32_t)octets : least;
}

void cubic_open(struct cubic *c, uint32_t mss)
{
	*c = (struct cubic){ .cwnd = INITIAL_SEGMENTS * mss, .ssthresh = UINT32_MAX };
}

void cubic_sent(struct cubic *c, uint32_t octets, uint32_t wnd, uint32_t srtt_us,
                uint64_t now_us)
{
	const bool doubles = c->cwnd <= wnd && c->cwnd < c->ssthresh / 2;
	uint32_t window = c->cwnd <= wnd ? c->cwnd : wnd;

	if (window < octets)
		window = octets;
	pace_sent(&c->next_ns,
	          octets * UINT64_C(100000) * srtt_us / (doubles ? SLOW_START_PACE : PACE) /
	                  window,
	          now_us);
}

/* Figure 1: the window, in octets, t after the epoch. */
static double w_cubic(const struct cubic *c, uint64_t t_us, uint32_t mss)
{
	const double t = ((double)t_us - (double)c->k_us) / 1e6;

	return C * t * t * t * mss + c->w_max;
}

static void set_w_est(struct cubic *c, double octets)
{
	c->w_est = octets < UINT32_MAX / PARTS ? (uint32_t)(octets * PARTS) : UINT32_MAX;
}

static void begin_epoch(struct cubic *c, uint32_t mss, uint64_t now_us)
{
	c->epoch_ms = (uint32_t)(now_us / 1000);
	set_w_est(c, c->cwnd);
	c->k_us = 0;
	if (c->cwnd < c->w_max) /* figure 2 */
		c->k_us = (uint32_t)(cbrt((double)(c->w_max - c->cwnd) / mss / C) * 1e6);
	else
		c->w_max = c->cwnd;
}

void cubic_acked(struct cubic *c, uint32_t acked, uint32_t mss, uint32_t srtt_us,
                 uint64_t now_us)
{
	if (c->cwnd < c->ssthresh) { /* RFC 5681 section 3.1 */
		/* RFC 9406 section 4.2: paced, an ACK may credit all that it acknowledges; not
		 * after a loss, when that may be what came long ago (RFC 3465 section 2.3). */
		const uint32_t most = c->ssthresh == UINT32_MAX ? CUBIC_CWND_MAX : 2 * mss;
		c->cwnd += acked < most ? acked : most;
		if (c->cwnd > CUBIC_CWND_MAX)
			c->cwnd = CUBIC_CWND_MAX;
		return;
	}
	if (c->w_est == 0)
		begin_epoch(c, mss, now_us);
	const double share = (double)acked / c->cwnd;
	const uint64_t t_us = ((uint32_t)(now_us / 1000) - c->epoch_ms) * UINT64_C(1000);
	/* Section 4.3: like Reno, and wholly so once it is back at w_max. */
	double next = c->w_est / PARTS;
	next += (next < c->w_max ? ALPHA : 1.0) * share * mss;
	set_w_est(c, next);
	if (w_cubic(c, t_us, mss) >= next) { /* section 4.4, 4.5 */
		double target = w_cubic(c, t_us + srtt_us, mss);
		if (target > 1.5 * c->cwnd)
			target = 1.5 * c->cwnd;
		next = c->cwnd + (target - c->cwnd) * share;
	}
	if (next > CUBIC_CWND_MAX)
		next = CUBIC_CWND_MAX;
	if (next > c->cwnd) /* never down without a loss */
		c->cwnd = (uint32_t)next;
}

static void reduce(struct cubic *c, uint32_t mss)
{
	/* Section 4.7, fast convergence: somebody new wants a share. */
	c->w_max = c->cwnd < c->w_max ? (uint32_t)(c->cwnd * (1.0 + BETA) / 2.0) : c->cwnd;
	c->ssthresh = at_least(c->cwnd * BETA, 2 * mss);
	c->w_est = 0;
}

void cubic_loss(struct cubic *c, uint32_t mss)
{
	reduce(c, mss);
	c->cwnd = c->ssthresh;
}

void cubic_timeout(struct cubic *c, uint32_t mss, int again)
{
	if (!again)
		reduce(c, mss);
	c->cwnd = mss;
	c->w_est = 0;
}

void cubic_idle(struct cubic *c, uint32_t mss)
{
	if (c->cwnd > INITIAL_SEGMENTS * mss)
		c->cwnd = INITIAL_SEGMENTS * mss;
	c->w_est = 0;
}
