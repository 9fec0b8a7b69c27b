/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drain: an appliance that is about to be taken out. New connections cross unscreened; one
 * that was never edited and is quiet just now is handed back to its ends, who never
 * notice: both legs stand at the same numbers, so from there on plain forwarding is right.
 * What was edited, or is in the middle of something, stays screened until it ends.
 */
#include "worker.h"

/* Slots of the table looked at in a turn. */
#define DRAIN_SLOTS 64u

void drain_turn(struct worker *w)
{
	const uint32_t until = w->drain_at + DRAIN_SLOTS;

	while (w->drain_at < until) {
		struct connection *c = (struct connection *)flow_next(w->flows, &w->drain_at);
		if (c == NULL) {
			w->drain_at = 0;
			return;
		}
		/* touched: on the list of those that wait for room. */
		if (c->touched || !relay_in_step(&c->relay))
			continue;
		worker_count(w, COUNTER_DRAINED, 1);
		connection_remove(w, c);
	}
}
