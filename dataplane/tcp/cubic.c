/* SPDX-License-Identifier: Apache-2.0 */
#include "cubic.h"

#include <math.h>

#define C 0.4                                     /* segments a second^3, RFC 9438 section 5 */
#define BETA 0.7                                  /* section 4.6 */
#define ALPHA (3.0 * (1.0 - BETA) / (1.0 + BETA)) /* section 4.3 */
#define INITIAL_SEGMENTS 10u

static uint32_t at_least(double octets, uint32_t least)
{
	return octets > least ? (uint32_t)octets : least;
}

void cubic_open(struct cubic *c, uint32_t mss)
{
	*c = (struct cubic){ .cwnd = INITIAL_SEGMENTS * mss, .ssthresh = UINT32_MAX };
}

/* Figure 1: the window, in octets, t after the epoch. */
static double w_cubic(const struct cubic *c, uint64_t t_us, uint32_t mss)
{
	const double t = ((double)t_us - (double)c->k_us) / 1e6;

	return C * t * t * t * mss + c->w_max;
}

static void begin_epoch(struct cubic *c, uint32_t mss, uint64_t now_us)
{
	c->epoch_us = now_us;
	c->w_est = c->cwnd;
	c->k_us = 0;
	if (c->cwnd < c->w_max) /* figure 2 */
		c->k_us = (uint32_t)(cbrt((double)(c->w_max - c->cwnd) / mss / C) * 1e6);
	else
		c->w_max = c->cwnd;
}

void cubic_acked(struct cubic *c, uint32_t acked, uint32_t mss, uint32_t srtt_us,
                 uint64_t now_us)
{
	if (c->cwnd < c->ssthresh) { /* RFC 5681 section 3.1, RFC 3465 with L = 2 */
		c->cwnd += acked < 2 * mss ? acked : 2 * mss;
		if (c->cwnd > CUBIC_CWND_MAX)
			c->cwnd = CUBIC_CWND_MAX;
		return;
	}
	if (c->epoch_us == 0)
		begin_epoch(c, mss, now_us);
	const double share = (double)acked / c->cwnd;
	const uint64_t t_us = now_us - c->epoch_us;
	/* Section 4.3: like Reno, and wholly so once it is back at w_max. */
	c->w_est += (c->w_est < c->w_max ? ALPHA : 1.0) * share * mss;
	double next = c->w_est;
	if (w_cubic(c, t_us, mss) >= c->w_est) { /* section 4.4, 4.5 */
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
	c->epoch_us = 0;
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
	c->epoch_us = 0;
}

void cubic_idle(struct cubic *c, uint32_t mss)
{
	if (c->cwnd > INITIAL_SEGMENTS * mss)
		c->cwnd = INITIAL_SEGMENTS * mss;
	c->epoch_us = 0;
}
