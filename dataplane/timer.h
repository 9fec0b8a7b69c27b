/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer: one deadline for each of very many connections, in two wheels.
 *
 * Near deadlines lie in slots of about a millisecond, far ones in slots of about a
 * second that cascade; beyond that they wait in the farthest slot and are filed
 * again. Setting and cancelling are O(1), nothing allocates.
 *
 * A timer may fire up to one near slot late, never early. Threads: one worker.
 */
#ifndef DP_TIMER_H
#define DP_TIMER_H
#include <stdbool.h>
#include <stdint.h>

#define TIMER_SLOTS 1024u
#define TIMER_NEAR_SHIFT 10u /* 1,024 us a slot */
#define TIMER_FAR_SHIFT 20u  /* 1.05 s a slot: 18 minutes in all */

struct timer {
	struct timer *next, **link; /* link == NULL: not set */
	uint64_t at_us;
};

struct timer_wheel {
	struct timer *near[TIMER_SLOTS], *far[TIMER_SLOTS];
	uint64_t near_tick, far_tick; /* slots up to these have been visited */
};

void timer_wheel_init(struct timer_wheel *w, uint64_t now_us);

/* Fire at at_us. A timer that is set already keeps an earlier deadline: its owner is
 * asked then and sets it again (cheaper than moving it at every segment). */
void timer_set(struct timer_wheel *w, struct timer *t, uint64_t at_us);
void timer_cancel(struct timer *t);

/* The next due timer, taken out, or NULL: call until NULL, every turn. */
struct timer *timer_due(struct timer_wheel *w, uint64_t now_us);

#endif
