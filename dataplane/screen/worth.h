/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worth: whether to look for what may be known from before. Where hardly any is found looking
 * is given up but for one call in so many, which is enough to see that things repeat again.
 *
 * Threads    one worker.
 */
#ifndef DP_WORTH_H
#define DP_WORTH_H
#include <stdbool.h>
#include <stdint.h>

#define WORTH_WINDOW 1024u /* looked for before it is judged whether that was worth it */

struct worth {
	uint32_t sought, found; /* of this window */
	uint32_t naps;          /* calls passed over since the last that was not */
	bool asleep;
};

/* Whether to look at all; asleep in one call of so many. */
static inline bool worth_looking(struct worth *w, uint32_t nap)
{
	if (!w->asleep || ++w->naps == nap) {
		w->naps = 0;
		return true;
	}
	return false;
}

/* How many were looked for, and found: it is worth it when one in so many is. */
static inline void worth_learn(struct worth *w, uint32_t sought, uint32_t found,
                               uint32_t one_in)
{
	w->sought += sought;
	w->found += found;
	if (w->sought < WORTH_WINDOW)
		return;
	w->asleep = (uint64_t)w->found * one_in < w->sought;
	w->sought = w->found = 0;
}

#endif
