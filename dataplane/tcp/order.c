/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: octets that came ahead of a gap, sorted and without overlaps, until the gap is
 * filled (RFC 9293 section 3.10.7.4 "segments with higher beginning sequence numbers
 * SHOULD be held"). At most LEG_OOO_MAX segments of a leg, and a quarter of its share.
 *
 * Two texts for the same octets are an evasion, not news (RFC 9293 leaves the choice to
 * the receiver): what came first stands, whatever comes later takes its text, and the
 * conflict is counted.
 */
#include <string.h>

#include "relay_priv.h"

static uint32_t end_of(struct rte_mbuf *m) { return segment_of(m)->seq + segment_of(m)->len; }

void segment_trim_front(struct rte_mbuf *m, uint32_t n)
{
	struct segment *s = segment_of(m);

	s->seq += n;
	s->off = (uint16_t)(s->off + n);
	s->len = (uint16_t)(s->len - n);
	s->flags &= (uint8_t)~SEGMENT_SUM;
}

void segment_trim_end(struct rte_mbuf *m, uint32_t keep)
{
	struct segment *s = segment_of(m);

	s->len = (uint16_t)keep;
	s->flags &= (uint8_t)~SEGMENT_SUM;
}

/* Where both have octets, later takes those of first; whether they differed. */
static bool adopt(struct rte_mbuf *later, struct rte_mbuf *first)
{
	const uint32_t from = seq_max(segment_of(later)->seq, segment_of(first)->seq);
	const uint32_t to =
		seq_lt(end_of(later), end_of(first)) ? end_of(later) : end_of(first);

	if (!seq_lt(from, to))
		return false;
	uint8_t *at = segment_octets(later) + (from - segment_of(later)->seq);
	const uint8_t *stands = segment_octets(first) + (from - segment_of(first)->seq);
	if (memcmp(at, stands, to - from) == 0)
		return false;
	memcpy(at, stands, to - from);
	segment_of(later)->flags &= (uint8_t)~SEGMENT_SUM;
	return true;
}

void order_adopt(struct leg *l, struct rte_mbuf *m, struct tcp_env *env)
{
	bool conflict = false;

	if (l->ooo.head != NULL && seq_leq(end_of(l->ooo.tail), segment_of(m)->seq))
		return; /* behind them all, as nearly always */
	for (struct rte_mbuf *n = l->ooo.head;
	     n != NULL && seq_lt(segment_of(n)->seq, end_of(m)); n = segment_of(n)->next) {
		if (!seq_lt(segment_of(m)->seq, end_of(n)))
			continue;
		conflict |= adopt(m, n);
		leg_note_duplicate(l, seq_max(segment_of(m)->seq, segment_of(n)->seq),
		                   seq_lt(end_of(m), end_of(n)) ? end_of(m) : end_of(n));
	}
	tcp_count(env, COUNTER_TCP_CONFLICT, conflict);
}

bool order_conflicts(const struct leg *l, uint32_t seq, const uint8_t *octets, uint32_t len)
{
	const uint32_t first = l->rcv_nxt - l->in.octets;
	const uint32_t end = seq_lt(seq + len, l->rcv_nxt) ? seq + len : l->rcv_nxt;
	uint32_t n = seq_max(seq, first);

	if (l->in.octets == 0 || !seq_lt(n, end))
		return false;
	for (struct chain_place at = chain_skip(chain_start(&l->in), n - first);
	     seq_lt(n, end);) {
		const uint32_t run = min_u32(chain_run(at), end - n);
		if (memcmp(segment_octets(at.m) + at.skip, octets + (n - seq), run) != 0)
			return true;
		n += run;
		at = chain_skip(at, run);
	}
	return false;
}

struct rte_mbuf *order_next(struct leg *l)
{
	struct chain one = { 0 };

	if (l->ooo.head == NULL || seq_lt(l->rcv_nxt, segment_of(l->ooo.head)->seq))
		return NULL;
	const uint32_t len = segment_of(l->ooo.head)->len;
	if (chain_move(&one, &l->ooo, len, NULL) != 0) /* whole mbuf: cannot fail */
		bug_die(__FILE__, __LINE__, "whole mbuf did not move");
	return one.head;
}

/* Put m behind before, where it belongs; overlaps were trimmed. */
static void link_in(struct chain *c, struct rte_mbuf *before, struct rte_mbuf *m)
{
	struct segment *s = segment_of(m);

	if (before == NULL) {
		s->next = c->head;
		c->head = m;
	} else {
		s->next = segment_of(before)->next;
		segment_of(before)->next = m;
	}
	if (s->next == NULL)
		c->tail = m;
	c->octets += s->len;
	c->segments++;
}

void order_store(struct leg *l, struct rte_mbuf *m, struct tcp_env *env)
{
	struct segment *s = segment_of(m);
	struct rte_mbuf *before = NULL, *after = l->ooo.head;

	tcp_count(env, COUNTER_TCP_OUT_OF_ORDER, 1);
	if (after != NULL && seq_leq(segment_of(l->ooo.tail)->seq, s->seq)) {
		before = l->ooo.tail; /* as nearly always */
		after = NULL;
	}
	while (after != NULL && seq_leq(segment_of(after)->seq, s->seq)) {
		before = after;
		after = segment_of(after)->next;
	}
	if (before != NULL) {
		const uint32_t end = end_of(before);
		if (seq_leq(s->seq + s->len, end)) {
			rte_pktmbuf_free(m);
			return;
		}
		if (seq_lt(s->seq, end))
			segment_trim_front(m, end - s->seq);
	}
	if (after != NULL && seq_lt(segment_of(after)->seq, s->seq + s->len))
		segment_trim_end(m, segment_of(after)->seq - s->seq);
	/* Never so much that what fills the gap finds the connection's share taken. */
	if (s->len == 0 || l->ooo.segments >= min_u32(LEG_OOO_MAX, env->share / 4)) {
		tcp_count(env, COUNTER_TCP_OOO_FULL, s->len != 0);
		rte_pktmbuf_free(m);
		return;
	}
	link_in(&l->ooo, before, m);
	leg_note_stored(l, s->seq);
}
