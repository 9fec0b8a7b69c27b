/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive: the receive half of a leg, in the order of RFC 9293 section 3.10.7.4:
 * acceptability, RST, SYN, ACK, payload, FIN.
 */
#include <string.h>

#include "relay_priv.h"

/* How far ahead a watched sender may be: the largest window there is would let a stray
 * number hide a connection for good (RFC 7323 section 2.3: 2^30). */
#define LISTEN_WINDOW (1u << 24)

/* RFC 9293 section 3.10.7.4, first check; a segment without octets sits at rcv_nxt or
 * inside the window, one with octets overlaps the window. At its right edge as well: there
 * is the SND.NXT of an end that has filled it, and the number of its ACKs and its RST. */
static bool acceptable(const struct leg *l, uint32_t seq, uint32_t len)
{
	if (len == 0)
		return seq_leq(l->rcv_nxt, seq) && seq_leq(seq, l->rcv_adv);
	return seq_lt(l->rcv_nxt, seq + len) && seq_lt(seq, l->rcv_adv);
}

/*
 * RFC 7323 section 5.3: R1, an older time-stamp than TS.Recent is a segment of another
 * time (PAWS). TS.Recent cannot outlive its 24 days (section 5.5): idle_limit is at most
 * seven, and keep-alives renew it. A segment without the option is taken as kernels take it:
 * some middle boxes forget it, and the numbers are checked all the same.
 */
static bool timestamp_is_old(const struct leg *l, const struct tcp_options *options)
{
	return options->has_ts && seq_lt(options->ts_val, l->ts_recent);
}

/* R3 and section 4.3: echoed is the first segment that an ACK will cover, so that a
 * delayed ACK shows its delay; what goes on to the other end is the newest. */
static void timestamp_take(struct leg *l, const struct packet *p,
                           const struct tcp_options *options)
{
	if (!options->has_ts)
		return;
	if (seq_leq(p->seq, l->rcv_acked))
		l->ts_recent = options->ts_val;
	if (seq_leq(p->seq, l->rcv_nxt) && seq_lt(l->ts_newest, options->ts_val))
		l->ts_newest = options->ts_val;
}

/* An ACK that anybody can draw, RFC 5961 section 7: so many, and no more. */
static void challenge(struct relay *r, struct leg *l, struct tcp_env *env)
{
	if (env->now_us - r->challenge_us >= CHALLENGE_US) {
		r->challenge_us = env->now_us;
		r->challenges = 0;
	}
	if (r->challenges == CHALLENGE_MOST) {
		tcp_count(env, COUNTER_TCP_CHALLENGE_LIMITED, 1);
		return;
	}
	r->challenges++;
	tcp_count(env, COUNTER_TCP_CHALLENGE, 1);
	l->ack_now = true;
}

/* Octets that had come before are said with the next ACK (RFC 2883), and looked at. */
static void note_old(struct leg *l, const struct packet *p, struct tcp_env *env)
{
	const uint32_t last = p->seq + p->payload_len;
	const uint32_t end = seq_lt(last, l->rcv_nxt) ? last : l->rcv_nxt;

	if (!seq_lt(p->seq, end) || l->fin_received)
		return;
	leg_note_duplicate(l, p->seq, end);
	tcp_count(env, COUNTER_TCP_CONFLICT,
	          order_conflicts(
			  l, p->seq,
			  rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->payload_off),
			  p->payload_len));
}

/* In-order octets: onto leg.in, or nowhere when the relay is being shut. */
static __rte_always_inline void take_in_order(struct relay *r, struct leg *l,
                                              struct rte_mbuf *m, const struct tcp_env *env)
{
	const struct leg *o = leg_across(r, l);
	const uint16_t len = segment_of(m)->len;

	l->rcv_nxt += len;
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
	for (struct rte_mbuf *m; (m = order_next(l)) != NULL;) {
		const uint32_t old = l->rcv_nxt - segment_of(m)->seq;
		if (old >= segment_of(m)->len) {
			rte_pktmbuf_free(m);
			continue;
		}
		if (old > 0)
			segment_trim_front(m, old);
		take_in_order(r, l, m, env);
	}
}

/* The mbuf of a packet, as a member of a chain. */
static struct rte_mbuf *segment_of_packet(const struct packet *p)
{
	*segment_of(p->mbuf) = (struct segment){
		.seq = p->seq,
		.off = (uint16_t)(p->mbuf->data_off + p->payload_off),
		.len = p->payload_len,
		.sum = p->payload_sum,
		.flags = SEGMENT_SUM,
	};
	return p->mbuf;
}

/* RFC 9293 section 3.8.6.3: at least every second full-sized segment. Its sender makes them
 * no larger than what the other end takes, nor, we may guess, than what it takes itself. */
static void note_unacked(const struct relay *r, struct leg *l)
{
	if (leg_unacked(l) >= 2u * min_u32(r->leg[SIDE_ESME].mss, r->leg[SIDE_SMSC].mss))
		l->ack_now = true;
}

/* RFC 9293 section 3.10.7.4, seventh check: segment text. m is ours from here on. */
static void receive_payload(struct relay *r, struct leg *l, const struct packet *p,
                            struct tcp_env *env)
{
	struct rte_mbuf *m = segment_of_packet(p);
	const uint32_t room = l->rcv_adv - p->seq;

	if (p->payload_len > room)
		segment_trim_end(m, room);
	if (seq_lt(p->seq, l->rcv_nxt)) {
		const uint32_t old = l->rcv_nxt - p->seq;
		l->ack_now = true; /* a retransmission: its sender missed our ACK */
		note_old(l, p, env);
		if (old >= segment_of(m)->len) { /* the new octets were beyond the window */
			rte_pktmbuf_free(m);
			return;
		}
		segment_trim_front(m, old);
	}
	if (unlikely(l->ooo.head != NULL))
		order_adopt(l, m, env);
	if (segment_of(m)->seq != l->rcv_nxt) {
		l->ack_now = true;
		order_store(l, m, env);
		return;
	}
	take_in_order(r, l, m, env);
	if (l->ooo.head != NULL) {
		l->ack_now = true; /* RFC 5681 section 4.2: a gap is being filled */
		drain_out_of_order(r, l, env);
	}
	note_unacked(r, l);
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

/* RFC 5961 section 3.2: only the exact next number resets, or behind a FIN that of the FIN,
 * which some ends say and kernels take; near misses are challenged. What it carries (RFC 9293
 * section 3.10.7.4: "a RST segment could contain" the cause) needs no window. It goes on
 * behind what came before it, at the end of the turn; to its sender nothing more does. */
static void receive_rst(struct relay *r, enum side side, const struct packet *p,
                        struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (p->seq != l->rcv_nxt && !(l->fin_received && p->seq == l->rcv_nxt - 1)) {
		if (acceptable(l, p->seq, 0))
			challenge(r, l, env);
		return;
	}
	r->reset_to = (side_other(side) + 1u) & 3u;
	l->fin_queued = true;
}

/* RFC 5961 section 5.2: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT. */
static bool ack_believable(const struct leg *l, uint32_t ack)
{
	return seq_leq(l->snd_una - l->max_wnd, ack) && seq_leq(ack, l->snd_max);
}

/* Next hops change (VRRP): what we send follows what we last received. */
static void follow_path(struct header_template *h, const struct packet *p)
{
	if (memcmp(h->octets, rte_pktmbuf_mtod(p->mbuf, const uint8_t *), 12) != 0)
		header_capture(h, p);
}

/* What a segment says by having come, whose numbers are not somebody's guess. */
static inline void note_heard(struct relay *r, struct leg *l, const struct packet *p,
                              const struct tcp_env *env)
{
	struct leg *o = leg_across(r, l);
	const uint32_t window = (uint32_t)p->window << l->wscale;

	r->touched_us = env->now_us;
	if (l->max_wnd < window)
		l->max_wnd = window;
	follow_path(&o->header, p);
	if (unlikely(o->asks)) {
		o->asks = false;
		o->ack_now = true;
	}
}

static void take_ack(struct relay *r, enum side side, const struct packet *p,
                     struct tcp_env *env)
{
	note_heard(r, &r->leg[side], p, env);
	leg_acknowledged(r, side, p, env);
}

/*
 * RFC 9293 section 3.8.4: an end asks whether the other one lives, which we do not know. So
 * that one is asked, and when it is heard we answer; if it is dead, the first one learns it
 * as soon as it would without us. Where octets are under way, time-outs tell; into a closed
 * window it is a probe, and answered at once.
 */
static bool keep_alive_passes(struct relay *r, enum side side, const struct packet *p,
                              struct tcp_env *env)
{
	struct leg *l = &r->leg[side], *o = &r->leg[side_other(side)];

	if (p->seq != l->rcv_nxt - 1 || p->payload_len > 1 || (p->flags & ~TCP_PSH) != TCP_ACK)
		return false;
	if (l->in.octets != 0 || o->out.octets != 0 || o->fin_queued || l->ack_now ||
	    leg_unacked(l) != 0 || l->rcv_adv == l->rcv_nxt)
		return false;
	l->asks = leg_emit_bare(r, side_other(side), o->snd_max - 1, TCP_ACK, env);
	return l->asks;
}

/* A retransmission and a probe of our closed window need their ACK; anything else may be
 * somebody who guesses. */
static void answer_unacceptable(struct relay *r, struct leg *l, const struct packet *p,
                                bool old, struct tcp_env *env)
{
	if (!(p->flags & TCP_SYN) &&
	    ((old && p->payload_len != 0) || p->seq == l->rcv_nxt - 1)) {
		l->ack_now = true;
		note_old(l, p, env);
	} else {
		challenge(r, l, env);
	}
}

/* RFC 9293 section 3.10.7.4, first check: what cannot be taken is answered with an ACK. */
static void receive_unacceptable(struct relay *r, enum side side, const struct packet *p,
                                 const struct tcp_options *options, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const bool old = seq_leq(p->seq, l->rcv_nxt);

	tcp_count(env, old ? COUNTER_TCP_DUPLICATE : COUNTER_TCP_OUT_OF_WINDOW, 1);
	if (!keep_alive_passes(r, side, p, env))
		answer_unacceptable(r, l, p, old, env);
	/* "Special allowance ... for valid ACKs": a probe may bring news of our octets, or a
	 * retransmission. Who is further back than what was under way guesses. And an end that
	 * sends nothing but keep-alives has a clock that goes on. */
	if (p->flags & TCP_ACK && old && !timestamp_is_old(l, options) &&
	    !(p->flags & TCP_SYN) && ack_believable(l, p->ack) &&
	    l->rcv_nxt - p->seq <= leg_room(&r->leg[side_other(side)], env->config)) {
		timestamp_take(l, p, options);
		take_ack(r, side, p, env);
	}
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
	if (p->flags & TCP_RST) { /* RFC 7323 section 5.2: whatever its time-stamp */
		receive_rst(r, side, p, env);
		return false;
	}
	if (!acceptable(l, p->seq, len) || timestamp_is_old(l, &options)) {
		receive_unacceptable(r, side, p, &options, env);
		return false;
	}
	if (p->flags & TCP_SYN) { /* RFC 5961 section 4.2: whatever its number */
		challenge(r, l, env);
		return false;
	}
	if (!(p->flags & TCP_ACK))
		return false;
	if (!ack_believable(l, p->ack)) {
		challenge(r, l, env);
		return false;
	}
	timestamp_take(l, p, &options);
	take_ack(r, side, p, env);
	return true;
}

/* Whether the connection holds all the buffers that it may (env->share). */
static bool beyond_share(const struct relay *r, const struct tcp_env *env)
{
	const uint32_t held = segments_held(r);

	if (likely(held * 4 < env->share))
		return false;
	return held >= env->share || held >= segments_most(r, env);
}

/* The options of nearly every segment: the time-stamp alone when both ends offered it, and
 * none when not. False: they are others. */
static bool usual_options(const struct relay *r, const struct packet *p,
                          struct tcp_options *out)
{
	static const uint8_t before[4] = { OPTION_NOP, OPTION_NOP, OPTION_TS, 10 };
	const uint8_t *o = rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, p->l4_off + 20);

	*out = (struct tcp_options){ .has_ts = r->ts_ok };
	if (!r->ts_ok)
		return p->options_len == 0;
	if (p->options_len != 12 || memcmp(o, before, sizeof(before)) != 0)
		return false;
	memcpy(&out->ts_val, o + 4, sizeof(out->ts_val));
	out->ts_val = rte_be_to_cpu_32(out->ts_val);
	return true;
}

/*
 * Header prediction (Jacobson, 1990): the segment that comes next on a leg without gaps and
 * without anything lost, whose checks cannot fail and whose ACK says nothing unusual. What
 * is asked here makes those of leg_receive() that are left out no-ops. False: not such a
 * one, and nothing was done.
 */
static inline bool receive_expected(struct relay *r, enum side side, const struct packet *p,
                                    struct tcp_env *env)
{
	struct leg *l = settled(&r->leg[side]);
	struct tcp_options options;

	if (p->seq != l->rcv_nxt || (p->flags & ~TCP_PSH) != TCP_ACK ||
	    p->payload_len > l->rcv_adv - p->seq || l->ooo.head != NULL || l->fin_seen ||
	    !leg_acks_plainly(l, p) || !usual_options(r, p, &options) ||
	    timestamp_is_old(l, &options) || (p->payload_len != 0 && beyond_share(r, env)))
		return false;
	timestamp_take(l, p, &options);
	note_heard(r, l, p, env);
	leg_acknowledged_plainly(r, l, p, env);
	if (p->payload_len == 0) {
		segment_free(p->mbuf);
		return true;
	}
	take_in_order(r, l, segment_of_packet(p), env);
	note_unacked(r, l);
	return true;
}

/* The share has become less than what lies ahead of a gap: the farthest of it goes for what
 * comes next, or the gap would never be filled. Whether that is enough. */
static bool next_gets_room(struct relay *r, struct leg *l, const struct packet *p,
                           struct tcp_env *env)
{
	const uint32_t most = min_u32(env->share, segments_most(r, env));
	const uint32_t over = segments_held(r) + 1 - most;

	if (l->ooo.head == NULL || seq_lt(l->rcv_nxt, p->seq) ||
	    seq_leq(p->seq + p->payload_len, l->rcv_nxt))
		return false;
	order_keep(l, l->ooo.segments > over ? l->ooo.segments - over : 0, env);
	return !beyond_share(r, env);
}

static __rte_noinline void receive_any(struct relay *r, enum side side, const struct packet *p,
                                       struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (!receive_checks(r, side, p, env)) {
		rte_pktmbuf_free(p->mbuf);
		return;
	}
	if (p->payload_len > 0 && beyond_share(r, env) && !next_gets_room(r, l, p, env)) {
		/* As if lost: the sender has it, and ACKs free what we hold. An ACK would
		 * promise the same window again and draw the same octets sooner. */
		tcp_count(env, COUNTER_SHARE_EXCEEDED, 1);
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

void leg_receive(struct relay *r, enum side side, const struct packet *p, struct tcp_env *env)
{
	if (unlikely(!receive_expected(r, side, p, env)))
		receive_any(r, side, p, env);
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
	if (l->ooo.segments >= LISTEN_OOO_MAX) {
		skip_gap(r, l, env);
		skipped = true;
	}
	if (p->payload_len == 0 || p->flags & TCP_SYN || !acceptable(l, p->seq, p->payload_len))
		rte_pktmbuf_free(p->mbuf);
	else
		receive_payload(r, l, p, env);
	return skipped;
}
