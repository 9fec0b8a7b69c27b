/* SPDX-License-Identifier: Apache-2.0 */
#include "timer.h"

#include <stddef.h>
#include <string.h>

#define SLOT_MASK (TIMER_SLOTS - 1)

void timer_wheel_init(struct timer_wheel *w, uint64_t now_us)
{
	memset(w, 0, sizeof(*w));
	w->near_tick = now_us >> TIMER_NEAR_SHIFT;
	w->far_tick = w->near_tick / TIMER_SLOTS;
}

static void link_in(struct timer **slot, struct timer *t)
{
	t->next = *slot;
	t->link = slot;
	if (t->next != NULL)
		t->next->link = &t->next;
	*slot = t;
}

void timer_cancel(struct timer *t)
{
	if (t->link == NULL)
		return;
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
	t->link = NULL;
}

static void file(struct timer_wheel *w, struct timer *t)
{
	uint64_t tick = (t->at_us >> TIMER_NEAR_SHIFT) + 1; /* never early */

	if (tick <= w->near_tick)
		tick = w->near_tick + 1;
	if (tick - w->near_tick < TIMER_SLOTS) {
		link_in(&w->near[tick & SLOT_MASK], t);
		return;
	}
	uint64_t far = t->at_us >> TIMER_FAR_SHIFT;
	if (far <= w->far_tick)
		far = w->far_tick + 1;
	if (far - w->far_tick >= TIMER_SLOTS)
		far = w->far_tick + TIMER_SLOTS - 1;
	link_in(&w->far[far & SLOT_MASK], t);
}

void timer_set(struct timer_wheel *w, struct timer *t, uint64_t at_us)
{
	if (t->link != NULL) {
		if (t->at_us <= at_us)
			return;
		timer_cancel(t);
	}
	t->at_us = at_us;
	file(w, t);
}

/* Everything of one far slot finds its place again. */
static void cascade(struct timer_wheel *w)
{
	struct timer *t = w->far[w->far_tick & SLOT_MASK], *next;

	w->far[w->far_tick & SLOT_MASK] = NULL;
	for (; t != NULL; t = next) {
		next = t->next;
		t->link = NULL;
		file(w, t);
	}
}

struct timer *timer_due(struct timer_wheel *w, uint64_t now_us)
{
	for (;;) {
		struct timer *t = w->near[w->near_tick & SLOT_MASK];
		if (t != NULL) {
			timer_cancel(t);
			return t;
		}
		if (w->near_tick >= now_us >> TIMER_NEAR_SHIFT)
			return NULL;
		w->near_tick++;
		if ((w->near_tick & SLOT_MASK) == 0) {
			w->far_tick++;
			cascade(w);
		}
	}
}
