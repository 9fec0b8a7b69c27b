/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive: the receive half of a leg, in the order of RFC 9293 section 3.10.7.4:
 * acceptability, RST, SYN, ACK, payload, FIN.
 */
#include "relay_priv.h"

/* How far ahead a watched sender may be: the largest window there is would let a stray
 * number hide a connection for good (RFC 7323 section 2.3: 2^30). */
#define LISTEN_WINDOW (1u << 24)

uint32_t leg_window(const struct relay *r, enum side side, const struct tcp_config *config)
{
	const struct leg *l = &r->leg[side], *o = &r->leg[side_other(side)];
	const uint32_t held = l->in.octets + l->ooo.octets + o->out.octets;
	const uint32_t segments = l->in.segments + l->ooo.segments + o->out.segments;

	if (segments >= config->leg_segments || held >= config->leg_buffer)
		return 0;
	return config->leg_buffer - held;
}

/* RFC 9293 section 3.10.7.4, first check; a segment without octets sits at rcv_nxt or
 * inside the window, one with octets overlaps the window. */
static bool acceptable(const struct leg *l, uint32_t seq, uint32_t len)
{
	if (len == 0)
		return seq_leq(l->rcv_nxt, seq) &&
		       (seq_lt(seq, l->rcv_adv) || seq == l->rcv_nxt);
	return seq_lt(l->rcv_nxt, seq + len) && seq_lt(seq, l->rcv_adv);
}

/* RFC 7323 section 5.3: R1 drops old time-stamps, R3 keeps the newest in-order one. */
static bool timestamp_is_old(struct leg *l, const struct packet *p,
                             const struct tcp_options *options)
{
	if (!options->has_ts)
		return false;
	if (seq_lt(options->ts_val, l->ts_recent))
		return true;
	if (seq_leq(p->seq, l->rcv_nxt))
		l->ts_recent = options->ts_val;
	return false;
}

/* Drop n octets of m's stream part at its front. */
static void trim_front(struct rte_mbuf *m, uint32_t n)
{
	struct segment *s = segment_of(m);

	s->seq += n;
	s->off = (uint16_t)(s->off + n);
	s->len = (uint16_t)(s->len - n);
	s->flags &= (uint8_t)~SEGMENT_SUM;
}

static void trim_end(struct rte_mbuf *m, uint32_t keep)
{
	struct segment *s = segment_of(m);

	s->len = (uint16_t)keep;
	s->flags &= (uint8_t)~SEGMENT_SUM;
}

/* In-order octets: onto leg.in, or nowhere when the relay is being shut. */
static void take_in_order(struct relay *r, struct leg *l, struct rte_mbuf *m,
                          const struct tcp_env *env)
{
	const struct leg *o = &r->leg[side_other(l == &r->leg[0] ? SIDE_ESME : SIDE_SMSC)];
	const uint16_t len = segment_of(m)->len;

	l->rcv_nxt += len;
	l->unacked += len;
	if (l->discard) {
		rte_pktmbuf_free(m);
		return;
	}
	/* Many tiny segments held long would cost a buffer each: share the tail's. */
	if (l->in.segments + o->out.segments >= env->config->leg_segments / 2 &&
	    chain_coalesce(&l->in, m))
		return;
	chain_append(&l->in, m);
}

static void drain_out_of_order(struct relay *r, struct leg *l, const struct tcp_env *env)
{
	while (l->ooo.head != NULL && seq_leq(segment_of(l->ooo.head)->seq, l->rcv_nxt)) {
		struct chain one = { 0 };
		const uint32_t len = segment_of(l->ooo.head)->len;
		if (chain_move(&one, &l->ooo, len, NULL) != 0) /* whole mbuf: cannot fail */
			bug_die(__FILE__, __LINE__, "whole mbuf did not move");
		const uint32_t old = l->rcv_nxt - segment_of(one.head)->seq;
		if (old >= len) {
			rte_pktmbuf_free(one.head);
			continue;
		}
		if (old > 0)
			trim_front(one.head, old);
		take_in_order(r, l, one.head, env);
	}
}

/* Put m between before and after, where it belongs; overlaps were trimmed. */
static void ooo_link(struct chain *c, struct rte_mbuf *before, struct rte_mbuf *m)
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

/*
 * Keep m, which lies behind a gap. What is already stored wins over what comes
 * later: a second text for the same octets is an evasion, not news.
 */
static void store_out_of_order(struct leg *l, struct rte_mbuf *m, struct tcp_env *env)
{
	struct segment *s = segment_of(m);
	struct rte_mbuf *before = NULL, *after = l->ooo.head;

	tcp_count(env, COUNTER_TCP_OUT_OF_ORDER, 1);
	while (after != NULL && seq_leq(segment_of(after)->seq, s->seq)) {
		before = after;
		after = segment_of(after)->next;
	}
	if (before != NULL) {
		const uint32_t end = segment_of(before)->seq + segment_of(before)->len;
		if (seq_leq(s->seq + s->len, end)) {
			rte_pktmbuf_free(m);
			return;
		}
		if (seq_lt(s->seq, end))
			trim_front(m, end - s->seq);
	}
	if (after != NULL && seq_lt(segment_of(after)->seq, s->seq + s->len))
		trim_end(m, segment_of(after)->seq - s->seq);
	if (s->len == 0 || l->ooo.segments >= LEG_OOO_MAX) {
		tcp_count(env, COUNTER_TCP_OOO_FULL, s->len != 0);
		rte_pktmbuf_free(m);
		return;
	}
	ooo_link(&l->ooo, before, m);
}

/* RFC 9293 section 3.10.7.4, seventh check: segment text. m is ours from here on. */
static void receive_payload(struct relay *r, struct leg *l, const struct packet *p,
                            struct tcp_env *env)
{
	struct rte_mbuf *m = p->mbuf;
	const uint32_t room = l->rcv_adv - p->seq;

	*segment_of(m) = (struct segment){
		.seq = p->seq,
		.off = (uint16_t)(m->data_off + p->payload_off),
		.len = p->payload_len,
		.sum = p->payload_sum,
		.flags = SEGMENT_SUM,
	};
	if (p->payload_len > room)
		trim_end(m, room);
	if (seq_lt(p->seq, l->rcv_nxt)) {
		const uint32_t old = l->rcv_nxt - p->seq;
		l->ack_now = true; /* a retransmission: its sender missed our ACK */
		if (old >= segment_of(m)->len) { /* the new octets were beyond the window */
			rte_pktmbuf_free(m);
			return;
		}
		trim_front(m, old);
	}
	if (segment_of(m)->seq != l->rcv_nxt) {
		l->ack_now = true;
		store_out_of_order(l, m, env);
		return;
	}
	take_in_order(r, l, m, env);
	if (l->ooo.head != NULL) {
		l->ack_now = true; /* RFC 5681 section 4.2: a gap is being filled */
		drain_out_of_order(r, l, env);
	}
	/* RFC 9293 section 3.8.6.3: at least every second full-sized segment. */
	if (l->unacked >= 2u * l->mss)
		l->ack_now = true;
}

static void receive_fin(struct leg *l, const struct packet *p)
{
	const uint32_t fin_seq = p->seq + p->payload_len;

	if (p->flags & TCP_FIN && !l->fin_seen && seq_lt(fin_seq, l->rcv_adv + 1)) {
		l->fin_seen = true;
		l->fin_seq = fin_seq;
	}
	if (l->fin_seen && !l->fin_received && l->rcv_nxt == l->fin_seq) {
		l->rcv_nxt++;
		l->rcv_adv = seq_max(l->rcv_adv, l->rcv_nxt);
		l->fin_received = true;
		l->ack_now = true;
	}
}

/* RFC 5961 section 3.2: only the exact next number resets; near misses are challenged. */
static void receive_rst(struct relay *r, enum side side, const struct packet *p,
                        struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const enum side other = side_other(side);

	if (p->seq != l->rcv_nxt) {
		l->ack_now = true;
		return;
	}
	(void)leg_emit_bare(r, other, r->leg[other].snd_max, TCP_RST | TCP_ACK, env);
	tcp_count(env, COUNTER_HELD_AT_CLOSE, l->in.octets);
	r->state = RELAY_DEAD;
}

/* Checks one to five; whether the segment's text may be looked at. */
static bool receive_checks(struct relay *r, enum side side, const struct packet *p,
                           struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const uint32_t len = p->payload_len + (p->flags & TCP_FIN ? 1u : 0u);
	struct tcp_options options = { 0 };

	if (r->ts_ok)
		options_read(&options,
		             rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, p->l4_off + 20),
		             p->options_len);
	if (!acceptable(l, p->seq, len) ||
	    (r->ts_ok && !(p->flags & TCP_RST) && timestamp_is_old(l, p, &options))) {
		if (p->flags & TCP_RST)
			return false;
		tcp_count(env,
		          seq_lt(p->seq, l->rcv_nxt) ? COUNTER_TCP_DUPLICATE
		                                     : COUNTER_TCP_OUT_OF_WINDOW,
		          1);
		l->ack_now = true;
		/* An old segment may still bring a new ACK (retransmission, keep-alive). */
		if (p->flags & TCP_ACK && seq_leq(p->seq, l->rcv_nxt) && !(p->flags & TCP_SYN))
			leg_acknowledged(r, side, p, env);
		return false;
	}
	if (p->flags & TCP_RST) {
		receive_rst(r, side, p, env);
		return false;
	}
	if (p->flags & TCP_SYN) { /* RFC 5961 section 4.2 */
		l->ack_now = true;
		return false;
	}
	if (!(p->flags & TCP_ACK))
		return false;
	/* An ACK of what was never sent: fifth check, "send an ACK, drop the segment". */
	if (seq_lt(l->snd_max, p->ack)) {
		l->ack_now = true;
		return false;
	}
	leg_acknowledged(r, side, p, env);
	return true;
}

void leg_receive(struct relay *r, enum side side, const struct packet *p, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (!receive_checks(r, side, p, env)) {
		rte_pktmbuf_free(p->mbuf);
		return;
	}
	if (p->payload_len > 0 && env->pressure) {
		/* As if lost: the sender has it, and ACKs free what we hold. */
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		rte_pktmbuf_free(p->mbuf);
		return;
	}
	/* Behind a FIN there is no text (seventh check, CLOSE-WAIT and later). */
	if (p->payload_len > 0 && !l->fin_received)
		receive_payload(r, l, p, env);
	else
		rte_pktmbuf_free(p->mbuf);
	receive_fin(l, p);
}

/* Give up what is missing: go on at the first octet that is there. */
static void skip_gap(struct relay *r, struct leg *l, const struct tcp_env *env)
{
	chain_drop(&l->in, l->in.octets);
	l->rcv_nxt = segment_of(l->ooo.head)->seq;
	drain_out_of_order(r, l, env);
}

bool relay_listen(struct relay *r, const struct packet *p, struct tcp_env *env)
{
	struct leg *l = &r->leg[SIDE_ESME];
	bool skipped = false;

	if (p->flags & TCP_SYN || !r->established) {
		chain_drop(&l->in, l->in.octets);
		chain_drop(&l->ooo, l->ooo.octets);
		l->rcv_nxt = p->seq + (p->flags & TCP_SYN ? 1u : 0u);
		r->established = true;
	}
	l->rcv_adv = l->rcv_nxt + LISTEN_WINDOW;
	if (l->ooo.segments == LEG_OOO_MAX) {
		skip_gap(r, l, env);
		skipped = true;
	}
	if (p->payload_len == 0 || p->flags & TCP_SYN || !acceptable(l, p->seq, p->payload_len))
		rte_pktmbuf_free(p->mbuf);
	else
		receive_payload(r, l, p, env);
	return skipped;
}
