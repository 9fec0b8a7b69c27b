/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rfc6675: what rack.h promises, by counting (RFC 6675 section 4) instead of by time.
 * Linked in rack.c's place, it makes the relay that RACK races against.
 *
 * Where the RFC leaves room it is read in favour of the count: three SACKed segments
 * above a hole suffice, adjacent or not, as Linux counted; what the tail's rules (3 and 4
 * of NextSeg) send again leaves the pipe at once.
 */
#include "rack.h"

#include "sequence.h"

#define DUPLICATES 3u /* DupThresh */

/* The fields of struct rack that serve another end here. */
#define RESCUED(k) ((k)->reordering) /* rule 4 was used in this recovery */

void rack_open(struct rack *k, uint32_t una) { *k = (struct rack){ .fack = una }; }

void rack_delivered(struct rack *k, const struct segment *s, uint64_t now_us)
{
	(void)now_us;
	k->sent_us = s->sent_us;
}

void rack_duplicate(struct rack *k, uint32_t una, uint32_t max)
{
	(void)k, (void)una, (void)max;
}

void rack_recovered(struct rack *k) { RESCUED(k) = false; }

static bool is_open(const struct segment *s)
{
	return !(s->flags & (SEGMENT_SACKED | SEGMENT_LOST));
}

/* IsLost(): three segments above it were SACKed. Sent again it is not lost again. */
static bool mark_lost(struct chain *out, struct scoreboard *b)
{
	uint32_t above = b->sacked_segments;
	bool any = false;

	for (struct rte_mbuf *m = out->head; m != NULL && above >= DUPLICATES;
	     m = segment_of(m)->next) {
		struct segment *s = segment_of(m);
		if (s->flags & SEGMENT_SACKED)
			above--;
		else if (is_open(s) && s->sent == 1) {
			scoreboard_lost(b, s);
			any = true;
		}
	}
	return any;
}

/* NextSeg(): with no new octets to send, the first hole that was not sent again; and once
 * in a recovery the last that nobody has. */
static void mark_tail(struct rack *k, struct chain *out, struct scoreboard *b)
{
	struct segment *hole = NULL, *last = NULL;
	uint32_t above = b->sacked_segments;

	for (struct rte_mbuf *m = out->head; m != NULL; m = segment_of(m)->next) {
		struct segment *s = segment_of(m);
		if (s->sent == 0)
			return; /* rule 2: new octets */
		above -= s->flags & SEGMENT_SACKED ? 1 : 0;
		if (!is_open(s))
			continue;
		last = s;
		if (hole == NULL && s->sent == 1 && above > 0)
			hole = s;
	}
	if (hole != NULL) {
		scoreboard_lost(b, hole);
	} else if (last != NULL && !RESCUED(k)) {
		scoreboard_lost(b, last);
		RESCUED(k) = true;
	}
}

bool rack_detect(const struct rack *k, struct chain *out, struct scoreboard *b, bool hasty,
                 uint32_t srtt_us, uint64_t now_us, uint64_t *wait_us)
{
	(void)srtt_us, (void)now_us;
	*wait_us = 0; /* counts have no timer */
	const bool any = mark_lost(out, b);
	if (!any && hasty && b->lost == 0)
		mark_tail((struct rack *)(uintptr_t)k, out, b);
	return any;
}

/* Section 5.1: all that was not SACKed goes again. */
void rack_timeout(const struct rack *k, struct chain *out, struct scoreboard *b,
                  uint32_t srtt_us, uint64_t now_us)
{
	(void)k, (void)srtt_us, (void)now_us;
	for (struct rte_mbuf *m = out->head; m != NULL; m = segment_of(m)->next) {
		if (segment_of(m)->sent == 0)
			return;
		scoreboard_lost(b, segment_of(m));
	}
}
