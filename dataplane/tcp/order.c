/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: octets that came ahead of a gap, sorted and without overlaps, until the gap is
 * filled (RFC 9293 section 3.10.7.4 "segments with higher beginning sequence numbers
 * SHOULD be held"). At most LEG_OOO_MAX segments of a leg, and
 * of small ones a quarter of its share.
 * Segments without a gap between them are a run, whose first one knows its last: of a
 * window of hundreds behind some losses only the runs are walked.
 *
 * Two texts for the same octets are an evasion, not news (RFC 9293 leaves the choice to
 * the receiver): what came first stands, whatever comes later takes its text, and the
 * conflict is counted.
 */
#include <string.h>

#include "relay_priv.h"

#define SMALL_OCTETS 512u

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
	struct rte_mbuf *n = l->ooo.head;
	while (n != NULL && seq_leq(end_of(segment_of(n)->run_last), segment_of(m)->seq))
		n = order_next_run(n);
	for (; n != NULL && seq_lt(segment_of(n)->seq, end_of(m)); n = segment_of(n)->next) {
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
	struct segment *s = segment_of(l->ooo.head);
	const uint32_t len = s->len;
	if (s->run_last != l->ooo.head)
		segment_of(s->next)->run_last = s->run_last;
	s->run_last = NULL;
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

/* m, between the run that begins at run (NULL: none) and the one at after (the same), is part
 * of both where it touches them. */
static void join_runs(struct rte_mbuf *run, struct rte_mbuf *m, struct rte_mbuf *after)
{
	struct rte_mbuf *first = m;

	if (run != NULL && end_of(segment_of(run)->run_last) == segment_of(m)->seq)
		first = run;
	segment_of(first)->run_last = m;
	if (after != NULL && end_of(m) == segment_of(after)->seq)
		segment_of(first)->run_last = segment_of(after)->run_last;
}

/* Segments from after on that end where m does or before it go: m, which has taken their
 * text, is in their place. The first that stays. */
static struct rte_mbuf *replace(struct chain *c, struct rte_mbuf *before, struct rte_mbuf *m,
                                struct rte_mbuf *after)
{
	while (after != NULL && seq_leq(end_of(after), end_of(m))) {
		struct segment *s = segment_of(after);
		struct rte_mbuf *next = s->next;

		if (s->run_last != after)
			segment_of(next)->run_last = s->run_last;
		if (before == NULL)
			c->head = next;
		else
			segment_of(before)->next = next;
		if (next == NULL)
			c->tail = before;
		c->octets -= s->len;
		c->segments--;
		rte_pktmbuf_free(after);
		after = next;
	}
	return after;
}

/* Whether m, to lie between those two, is one too many. */
static bool is_full(const struct leg *l, struct rte_mbuf *run, struct rte_mbuf *m,
                    struct rte_mbuf *after, const struct tcp_env *env)
{
	unsigned runs = 0;

	/* Never so much that what fills the gap finds the connection's share taken: the window
	 * has room for full-sized ones only. */
	if (l->ooo.segments >= LEG_OOO_MAX || (l->ooo.segments >= env->share / 4 &&
	                                       l->ooo.octets / SMALL_OCTETS < l->ooo.segments))
		return true;
	if (l->ooo.segments < LEG_RUNS_MAX ||
	    (run != NULL && end_of(segment_of(run)->run_last) == segment_of(m)->seq) ||
	    (after != NULL && end_of(m) == segment_of(after)->seq))
		return false;
	for (struct rte_mbuf *first = l->ooo.head; first != NULL; first = order_next_run(first))
		runs++;
	return runs >= LEG_RUNS_MAX;
}

void order_store(struct leg *l, struct rte_mbuf *m, struct tcp_env *env)
{
	struct segment *s = segment_of(m);
	struct rte_mbuf *run = NULL, *after = l->ooo.head, *before = NULL;
	const uint32_t held = l->ooo.segments;

	tcp_count(env, COUNTER_TCP_OUT_OF_ORDER, 1);
	while (after != NULL && seq_leq(segment_of(after)->seq, s->seq)) {
		run = after;
		after = order_next_run(after);
	}
	if (run != NULL) {
		before = segment_of(run)->run_last;
		const uint32_t end = end_of(before);
		if (seq_leq(s->seq + s->len, end)) {
			rte_pktmbuf_free(m);
			return;
		}
		if (seq_lt(s->seq, end))
			segment_trim_front(m, end - s->seq);
	}
	after = replace(&l->ooo, before, m, after);
	if (after != NULL && seq_lt(segment_of(after)->seq, s->seq + s->len))
		segment_trim_end(m, segment_of(after)->seq - s->seq);
	/* What it replaced is not given up, whatever the bound is now. */
	if (s->len == 0 || (l->ooo.segments == held && is_full(l, run, m, after, env))) {
		tcp_count(env, COUNTER_TCP_OOO_FULL, s->len != 0);
		rte_pktmbuf_free(m);
		return;
	}
	link_in(&l->ooo, before, m);
	join_runs(run, m, after);
	leg_note_stored(l, s->seq);
}

void order_keep(struct leg *l, uint32_t n, struct tcp_env *env)
{
	struct chain *c = &l->ooo;
	struct rte_mbuf *run = c->head, *last = NULL, *m = c->head;

	if (n >= c->segments)
		return;
	tcp_count(env, COUNTER_TCP_RENEGED, c->segments - n);
	if (n == 0) {
		chain_drop(c, c->octets);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (last != NULL && segment_of(run)->run_last == last)
			run = m;
		last = m;
		m = segment_of(m)->next;
	}
	segment_of(run)->run_last = last;
	segment_of(last)->next = NULL;
	c->tail = last;
	c->segments = n;
	for (struct rte_mbuf *next; m != NULL; m = next) {
		next = segment_of(m)->next;
		c->octets -= segment_of(m)->len;
		rte_pktmbuf_free(m);
	}
}

void relay_renege(struct relay *r, uint32_t keep, struct tcp_env *env)
{
	order_keep(&r->leg[SIDE_ESME], keep, env);
	order_keep(&r->leg[SIDE_SMSC], keep, env);
}
