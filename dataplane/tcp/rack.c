/* SPDX-License-Identifier: Apache-2.0 */
#include "rack.h"

#include "sequence.h"

#define MIN_RTT_US UINT64_C(300000000) /* RFC 8985 section 6.2 step 1: minutes */
#define REO_PERSIST 16u                /* step 4 */

void rack_open(struct rack *k, uint32_t una)
{
	*k = (struct rack){ .fack = una, .end_seq = una, .round = una, .reo_mult = 1 };
}

/* RACK_sent_after(): by time, then by place. */
static bool sent_after(uint64_t at_us, uint32_t end, uint64_t than_us, uint32_t than_end)
{
	return at_us > than_us || (at_us == than_us && seq_lt(than_end, end));
}

void rack_delivered(struct rack *k, const struct segment *s, uint64_t now_us)
{
	const uint32_t end = s->seq + s->len;
	const uint64_t took = now_us - s->sent_us;
	const uint32_t rtt = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;

	if (s->sent == 1 && (k->min_rtt_us == 0 || rtt <= k->min_rtt_us ||
	                     now_us - k->min_at_us > MIN_RTT_US)) {
		k->min_rtt_us = rtt + (rtt == 0);
		k->min_at_us = now_us;
	}
	/* Step 3: it was passed by others, and was not sent twice. */
	if (seq_lt(k->fack, end))
		k->fack = end;
	else if (s->sent == 1)
		k->reordering = true;
	/* Step 2: an answer that quick is to the first transmission, not to the second. */
	if (s->sent > 1 && rtt < k->min_rtt_us)
		return;
	if (sent_after(s->sent_us, end, k->sent_us, k->end_seq)) {
		k->sent_us = s->sent_us;
		k->end_seq = end;
		k->rtt_us = rtt;
	}
}

void rack_duplicate(struct rack *k, uint32_t una, uint32_t max)
{
	if (seq_lt(una, k->round))
		return;
	k->round = max;
	if (k->reo_mult < UINT8_MAX)
		k->reo_mult++;
	k->reo_persist = REO_PERSIST;
}

void rack_recovered(struct rack *k)
{
	if (k->reo_persist > 0 && --k->reo_persist == 0)
		k->reo_mult = 1;
}

/* Step 4, RACK_update_reo_wnd(). */
static uint32_t reordering_window(const struct rack *k, bool hasty, uint32_t srtt_us)
{
	if (!k->reordering && hasty)
		return 0;
	const uint64_t window = (uint64_t)k->reo_mult * k->min_rtt_us / 4;
	return window < srtt_us ? (uint32_t)window : srtt_us;
}

bool rack_detect(const struct rack *k, struct chain *out, struct scoreboard *b, bool hasty,
                 uint32_t srtt_us, uint64_t now_us, uint64_t *wait_us)
{
	const uint64_t grace = (uint64_t)k->rtt_us + reordering_window(k, hasty, srtt_us);
	bool any = false;

	*wait_us = 0;
	for (struct rte_mbuf *m = out->head; m != NULL; m = segment_of(m)->next) {
		struct segment *s = segment_of(m);
		if (s->sent == 0)
			break;
		if (s->flags & (SEGMENT_SACKED | SEGMENT_LOST) ||
		    !sent_after(k->sent_us, k->end_seq, s->sent_us, s->seq + s->len))
			continue;
		if (s->sent_us + grace <= now_us) {
			scoreboard_lost(b, s);
			any = true;
		} else if (s->sent_us + grace - now_us > *wait_us) {
			*wait_us = s->sent_us + grace - now_us;
		}
	}
	return any;
}

void rack_timeout(const struct rack *k, struct chain *out, struct scoreboard *b,
                  uint32_t srtt_us, uint64_t now_us)
{
	const uint64_t grace = (uint64_t)k->rtt_us + reordering_window(k, false, srtt_us);

	for (struct rte_mbuf *m = out->head; m != NULL; m = segment_of(m)->next) {
		struct segment *s = segment_of(m);
		if (s->sent == 0)
			return;
		if (m == out->head || s->sent_us + grace <= now_us)
			scoreboard_lost(b, s);
	}
}
