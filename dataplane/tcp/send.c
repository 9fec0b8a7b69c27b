/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: which octets a leg sends now: those that are lost first, then new ones, as far
 * as both windows allow (RFC 9293 section 3.8, RFC 6675 section 5), and never silly
 * ones (section 3.8.6.2.1). Nagle's rule is off: a message that waits is a slow one.
 */
#include "relay_priv.h"

void leg_queued(struct leg *l, struct rte_mbuf *tail)
{
	struct rte_mbuf *first = l->out.head;
	uint32_t seq = l->snd_una;

	if (tail != NULL) {
		first = segment_of(tail)->next;
		seq = segment_of(tail)->seq + segment_of(tail)->len;
	}
	if (l->next == NULL)
		l->next = first;
	for (struct rte_mbuf *m = first; m != NULL; m = segment_of(m)->next) {
		segment_of(m)->seq = seq;
		seq += segment_of(m)->len;
	}
}

uint32_t leg_octets_out(const struct leg *l)
{
	return l->next == NULL ? l->out.octets : segment_of(l->next)->seq - l->snd_una;
}

uint32_t leg_in_flight(const struct leg *l)
{
	const uint32_t out = leg_octets_out(l);
	const uint32_t gone = l->board.sacked + l->board.lost + l->board.left;

	return out > gone ? out - gone : 0;
}

/* Whether there is more than the windows allow in one round trip: then CUBIC paces as well.
 * What they do allow never waits for its time. */
static bool is_bulk(const struct leg *l)
{
	return l->out.octets > min_u32(l->cwnd, l->snd_wnd);
}

/* Whether the congestion window has room for len octets more; one segment always has. */
static bool cwnd_allows(struct leg *l, uint32_t len, const struct tcp_env *env)
{
	const uint32_t flight = leg_in_flight(l);

	if (l->urgent)
		return true;
	if ((l->modelled || is_bulk(l)) && !pace_allows(leg_next_ns(l), env->now_us)) {
		l->paced = true;
		/* What paces is the smaller window. */
		l->limited |= !l->modelled && l->cwnd < l->snd_wnd;
		return false;
	}
	if (flight == 0 || flight + len <= l->cwnd)
		return true;
	l->limited = true;
	return false;
}

enum sent { SENT, SENT_NOTHING, SENT_RETRY };

/* The first len octets of m, a member of leg.out, as one segment. */
static enum sent send_part(struct relay *r, enum side side, struct rte_mbuf *m, uint32_t len,
                           struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (len < segment_of(m)->len &&
	    chain_split(&l->out, m, (uint16_t)len, env->pool) != 0) {
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		return SENT_RETRY;
	}
	if (!leg_emit_segment(r, side, m, env))
		return SENT_RETRY;
	if (unlikely(l->modelled))
		bbr_sent(l->bbr, len, leg_in_flight(l), env->now_us);
	else if (is_bulk(l))
		cubic_sent(&l->cubic, len, l->snd_wnd, l->rtt.srtt_us, env->now_us);
	l->urgent = false;
	l->override = false;
	return SENT;
}

/* The first lost segment from *at on. The path may carry less than when it was sent. */
static enum sent send_lost(struct relay *r, enum side side, struct rte_mbuf **at,
                           struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	while (*at != l->next && !(segment_of(*at)->flags & SEGMENT_LOST))
		*at = segment_of(*at)->next;
	if (*at == l->next)
		return SENT_NOTHING;
	struct segment *s = segment_of(*at);
	const uint32_t before = s->seq - l->snd_una;
	const uint32_t room = l->snd_wnd > before ? l->snd_wnd - before : 0;
	uint32_t len = min_u32(s->len, l->mss);
	if (room < len) { /* a window taken back (RFC 9293 section 3.8.6) */
		if (room == 0 || !l->override)
			return SENT_NOTHING;
		len = room;
	}
	if (!cwnd_allows(l, len, env))
		return SENT_NOTHING;
	const enum sent sent = send_part(r, side, *at, len, env);
	if (sent == SENT)
		scoreboard_resent(&l->board, s);
	return sent;
}

/* RFC 9293 section 3.8.6.2.1: all that there is, or half of what the peer ever took, or
 * what fits when its patience is over. */
static uint32_t not_silly(const struct leg *l, uint32_t len)
{
	const uint32_t out = l->snd_max - l->snd_una;
	const uint32_t room = l->snd_wnd > out ? l->snd_wnd - out : 0;

	if (room >= len)
		return len;
	return l->override || room >= l->max_wnd / 2 ? room : 0;
}

static enum sent send_new(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	struct rte_mbuf *m = l->next;
	const uint32_t now_ms = (uint32_t)(env->now_us / 1000);
	const uint32_t len = not_silly(l, min_u32(segment_of(m)->len, l->mss));

	if (len == 0)
		return SENT_NOTHING;
	if (l->snd_max == l->snd_una && (now_ms - l->sent_ms) * 1000ull > l->rtt.rto_us)
		congestion_idle(l, now_ms - l->sent_ms);
	if (!cwnd_allows(l, len, env))
		return SENT_NOTHING;
	const enum sent sent = send_part(r, side, m, len, env);
	if (sent != SENT)
		return sent;
	l->snd_max += len;
	l->next = segment_of(m)->next;
	l->sent_ms = now_ms;
	if (l->loss_is_probe)
		l->loss_at = 0;
	return SENT;
}

static enum sent send_next(struct relay *r, enum side side, struct rte_mbuf **lost,
                           struct tcp_env *env)
{
	const struct leg *l = &r->leg[side];

	if (l->board.lost != 0)
		return send_lost(r, side, lost, env);
	return l->next != NULL ? send_new(r, side, env) : SENT_NOTHING;
}

static bool send_fin(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (!leg_emit_bare(r, side, leg_end(l), TCP_FIN | TCP_ACK, env))
		return false;
	l->fin_sent = true;
	l->snd_max = leg_end(l) + 1;
	return true;
}

/* A window of less is told as soon as it can be more. */
static inline uint32_t window_low(const struct tcp_config *config)
{
	return config->leg_buffer / 8;
}

/* A window that had nearly closed has room again: the peer must hear of it. */
static bool window_reopened(const struct relay *r, enum side side, const struct tcp_env *env)
{
	const struct tcp_config *config = env->config;
	const struct leg *l = &r->leg[side];
	const uint32_t known = l->rcv_adv - l->rcv_nxt, mss = r->leg[side_other(side)].mss;

	if (likely(known >= window_low(config)))
		return false;
	const uint32_t open = leg_offer(r, side, env);
	return open > known &&
	       (open >= config->leg_buffer / 4 || (known < mss && open >= 2u * mss));
}

static inline void set_deadlines(const struct relay *r, struct leg *l,
                                 const struct tcp_env *env)
{
	const bool out = l->snd_max != l->snd_una;
	const bool waiting =
		l->next != NULL || (l->fin_queued && !l->fin_sent && !l->fin_acked);

	if (!out && !waiting) {
		l->rto_at = 0;
		if (l->loss_is_probe)
			l->loss_at = 0;
	} else {
		if (l->rto_at == 0)
			l->rto_at = env->now_us + rtt_wait(&l->rtt, env->config->rto_max_us);
		leg_arm_probe(r, l, env);
	}
	if (l->ack_at == 0 && leg_unacked(l) != 0)
		l->ack_at = env->now_us + env->config->delayed_ack_us;
}

/* What stopped it; those receivers are for CUBIC who do not say what they have. */
static void note_limit(const struct relay *r, struct leg *l, struct tcp_env *env)
{
	if (l->limited && r->sack_ok)
		congestion_limited(l, env);
	else if (l->modelled && !l->limited && !l->paced)
		bbr_app_limited(l->bbr, leg_in_flight(l));
}

/* All that may go now. True: something lacks room. */
static __rte_noinline bool send_all(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	struct rte_mbuf *lost = l->out.head;
	enum sent sent;

	do {
		sent = send_next(r, side, &lost, env);
	} while (sent == SENT);
	if (unlikely(env->models != NULL))
		note_limit(r, l, env);
	if (l->next == NULL && l->board.lost == 0 && l->fin_queued && !l->fin_sent &&
	    !l->fin_acked && !send_fin(r, side, env))
		sent = SENT_RETRY;
	/* An unfinished PDU may wait for the sender's Nagle: do not delay its ACK. */
	if (l->ack_now || (leg_unacked(l) != 0 && l->in.octets != 0) ||
	    window_reopened(r, side, env)) {
		if (!leg_emit_bare(r, side, leg_number(l), TCP_ACK, env))
			sent = SENT_RETRY;
	}
	set_deadlines(r, l, env);
	return sent == SENT_RETRY;
}

/* Nearly always what there was to say has been said (splice.c). */
static inline bool has_to_send(const struct leg *l, const struct tcp_env *env)
{
	return l->next != NULL || l->ack_now || l->fin_queued || l->board.lost != 0 ||
	       l->modelled || (l->in.octets != 0 && leg_unacked(l) != 0) ||
	       l->rcv_adv - l->rcv_nxt < window_low(env->config);
}

bool leg_output(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = settled(&r->leg[side]);

	l->limited = false;
	l->paced = false;
	if (unlikely(has_to_send(l, env)))
		return send_all(r, side, env);
	set_deadlines(r, l, env); /* here, where most that is asked is known */
	return false;
}
