/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace: the time of a leg's next segment, for both controls: what a window allows goes out
 * over a part of the round trip and not as one burst, which queues on the path would drop and
 * a receiver would find unread. By the worker's timers, which turn by milliseconds: so what
 * goes at once is some of them long, and on a path of less nothing waits.
 *
 * Times in nanoseconds, because a segment of a fast path takes less than a microsecond.
 * Threads: the worker of the leg.
 */
#ifndef DP_PACE_H
#define DP_PACE_H
#include <stdbool.h>
#include <stdint.h>

/* What the timers may come late, twice: that much is sent at once after them. */
#define PACE_LATE_NS UINT64_C(2048000)

/* A segment goes out that takes so long at the pace. */
static inline void pace_sent(uint64_t *next_ns, uint64_t takes_ns, uint64_t now_us)
{
	const uint64_t now_ns = now_us * 1000;

	if (*next_ns + PACE_LATE_NS < now_ns)
		*next_ns = now_ns - PACE_LATE_NS;
	*next_ns += takes_ns;
}

static inline bool pace_allows(uint64_t next_ns, uint64_t now_us)
{
	return next_ns <= now_us * 1000;
}

/* When it does. */
static inline uint64_t pace_next_us(uint64_t next_ns) { return next_ns / 1000 + 1; }

#endif
