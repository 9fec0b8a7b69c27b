/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: the send half of a leg: acknowledgement, congestion window (RFC 5681,
 * NewReno RFC 6582), retransmission timer (RFC 6298), zero-window probes
 * (RFC 9293 section 3.8.6.1).
 */
#include "relay_priv.h"

#define CWND_MAX (1u << 24)
/* A peer that answers probes of its closed window is alive, for as long as it likes
 * (RFC 9293 section 3.8.6.1): only unanswered ones may reach rto_limit (>= 3 more). */
#define PROBE_BACKOFF_MAX 6u

void leg_queued(struct leg *l, struct rte_mbuf *first)
{
	uint32_t seq = l->snd_end;

	if (l->next == NULL)
		l->next = first;
	for (struct rte_mbuf *m = first; m != NULL; m = segment_of(m)->next) {
		segment_of(m)->seq = seq;
		seq += segment_of(m)->len;
	}
	l->snd_end = l->snd_una + l->out.octets;
}

/* RFC 6298 section 2, microseconds. */
static void measure_rtt(struct leg *l, uint32_t rtt_us, const struct tcp_config *config)
{
	if (l->srtt_us == 0) {
		l->srtt_us = rtt_us;
		l->rttvar_us = rtt_us / 2;
	} else {
		const uint32_t d =
			l->srtt_us > rtt_us ? l->srtt_us - rtt_us : rtt_us - l->srtt_us;
		l->rttvar_us = (3 * l->rttvar_us + d) / 4;
		l->srtt_us = (uint32_t)((7 * (uint64_t)l->srtt_us + rtt_us) / 8);
	}
	const uint64_t rto = (uint64_t)l->srtt_us + 4 * (uint64_t)l->rttvar_us;
	l->rto_us = (uint32_t)(rto < config->rto_min_us   ? config->rto_min_us
	                       : rto > config->rto_max_us ? config->rto_max_us
	                                                  : rto);
}

/* Free acknowledged octets; a round-trip time from segments sent once (Karn). */
static void free_acknowledged(struct leg *l, uint32_t ack, const struct tcp_env *env)
{
	const uint32_t octets = min_u32(ack - l->snd_una, l->out.octets);
	uint64_t sent_us = 0;

	for (struct rte_mbuf *m = l->out.head; m != NULL; m = segment_of(m)->next) {
		const struct segment *s = segment_of(m);
		if (!seq_leq(s->seq + s->len, ack))
			break;
		if (s->sent == 1)
			sent_us = s->sent_us;
	}
	chain_drop(&l->out, octets);
	if (sent_us != 0)
		measure_rtt(l, min_u32((uint32_t)(env->now_us - sent_us), 60000000),
		            env->config);
	l->snd_una = ack;
	if (seq_lt(l->snd_nxt, ack)) { /* acknowledged beyond a fall-back */
		l->snd_nxt = ack;
		l->next = l->out.head;
	}
	if (l->fin_queued && ack == l->snd_end + 1)
		l->fin_acked = true;
}

/* RFC 5681 section 3.1, counted in octets. */
static void grow_cwnd(struct leg *l, uint32_t acked)
{
	const uint32_t step =
		l->cwnd < l->ssthresh
			? min_u32(acked, 2u * l->mss)
			: (uint32_t)((uint64_t)l->mss * min_u32(acked, l->mss) / l->cwnd) + 1;

	l->cwnd = min_u32(l->cwnd + step, CWND_MAX);
}

static void enter_loss(struct leg *l)
{
	const uint32_t flight = l->snd_max - l->snd_una;
	const uint32_t half = flight / 2, least = 2u * l->mss;

	l->ssthresh = half > least ? half : least;
	l->recover = l->snd_max;
}

/* Send the first unacknowledged segment again, next. */
static void fall_back(struct leg *l)
{
	l->snd_nxt = l->snd_una;
	l->next = l->out.head;
	l->fin_sent = false;
}

static void retransmit_first(struct relay *r, enum side side, struct tcp_env *env);

static void duplicate_ack(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (l->dupacks < UINT8_MAX)
		l->dupacks++;
	if (l->recovering) {
		l->cwnd = min_u32(l->cwnd + l->mss, CWND_MAX); /* RFC 6582 step 3 */
	} else if (l->dupacks == 3 && seq_lt(l->recover, l->snd_una + 1)) {
		tcp_count(env, COUNTER_TCP_FAST_RETRANSMIT, 1);
		enter_loss(l);
		l->recovering = true;
		l->cwnd = l->ssthresh + 3u * l->mss;
		retransmit_first(r, side, env);
	}
}

static void new_ack(struct relay *r, enum side side, uint32_t ack, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const uint32_t acked = ack - l->snd_una;

	free_acknowledged(l, ack, env);
	l->dupacks = 0;
	l->backoff = 0;
	l->rto_at = 0; /* leg_output() arms it again for what is still out */
	if (!l->recovering) {
		grow_cwnd(l, acked);
	} else if (seq_leq(l->recover, ack)) {
		l->recovering = false;
		l->cwnd = l->ssthresh;
	} else { /* partial ACK: the next hole (RFC 6582 step 5) */
		l->cwnd = (l->cwnd > acked ? l->cwnd - acked : 0) + l->mss;
		retransmit_first(r, side, env);
	}
}

void leg_acknowledged(struct relay *r, enum side side, const struct packet *p,
                      struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const uint32_t window = (uint32_t)p->window << l->wscale;

	if (seq_lt(l->snd_max, p->ack)) { /* of what was never sent */
		l->ack_now = true;
		return;
	}
	if (l->snd_max == l->snd_una)
		l->backoff = (uint8_t)min_u32(l->backoff, PROBE_BACKOFF_MAX);
	if (seq_lt(l->snd_una, p->ack))
		new_ack(r, side, p->ack, env);
	else if (p->ack == l->snd_una && p->payload_len == 0 && !(p->flags & TCP_FIN) &&
	         window == l->snd_wnd && l->snd_max != l->snd_una)
		duplicate_ack(r, side, env); /* RFC 5681 section 2 */
	/* RFC 9293 section 3.10.7.4: SND.WL1, SND.WL2. */
	if (seq_leq(l->snd_una, p->ack) &&
	    (seq_lt(l->snd_wl1, p->seq) ||
	     (l->snd_wl1 == p->seq && seq_leq(l->snd_wl2, p->ack)))) {
		if (l->snd_wnd == 0 && window != 0)
			l->rto_at = 0; /* the persist timer's work is done */
		l->snd_wnd = window;
		l->snd_wl1 = p->seq;
		l->snd_wl2 = p->ack;
	}
}

static void retransmit_first(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (l->out.head != NULL && segment_of(l->out.head)->sent != 0)
		(void)leg_emit_segment(r, side, l->out.head, env);
	else if (l->out.head == NULL)
		l->fin_sent = false; /* only the FIN is out: leg_output() sends it again */
}

/* Octets the windows let this leg send now. */
static uint32_t usable_window(const struct leg *l)
{
	const uint32_t flight = l->snd_nxt - l->snd_una;
	const uint32_t window = min_u32(l->snd_wnd, l->cwnd);

	return window > flight ? window - flight : 0;
}

enum sent { SENT, SENT_BLOCKED, SENT_RETRY };

/* The segment at snd_nxt, cut to what the peer and the windows allow. */
static enum sent send_next(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	struct rte_mbuf *m = l->next;
	const uint32_t usable = usable_window(l);
	uint32_t len = min_u32(segment_of(m)->len, l->mss);

	if (usable < len) {
		/* RFC 9293 section 3.8.6.2.1: no silly segments while others are out. */
		if (usable == 0 || (usable < l->mss && l->snd_nxt != l->snd_una))
			return SENT_BLOCKED;
		len = usable;
	}
	if (len < segment_of(m)->len &&
	    chain_split(&l->out, m, (uint16_t)len, env->pool) != 0) {
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		return SENT_RETRY;
	}
	if (!leg_emit_segment(r, side, m, env))
		return SENT_RETRY;
	l->snd_nxt += len;
	l->snd_max = seq_max(l->snd_max, l->snd_nxt);
	l->next = segment_of(m)->next;
	return SENT;
}

static bool send_fin(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (!leg_emit_bare(r, side, l->snd_end, TCP_FIN | TCP_ACK, env))
		return false;
	l->fin_sent = true;
	l->snd_nxt = l->snd_end + 1;
	l->snd_max = seq_max(l->snd_max, l->snd_nxt);
	return true;
}

/* A window that had nearly closed has room again: the peer must hear of it. */
static bool window_reopened(const struct relay *r, enum side side,
                            const struct tcp_config *config)
{
	const struct leg *l = &r->leg[side];
	const uint32_t known = l->rcv_adv - l->rcv_nxt;
	const uint32_t open = leg_window(r, side, config);

	return known < config->leg_buffer / 8 && open > known &&
	       (open >= config->leg_buffer / 4 || (known < l->mss && open >= 2u * l->mss));
}

static void set_deadlines(struct leg *l, const struct tcp_env *env)
{
	const bool out = l->snd_max != l->snd_una;
	const bool waiting =
		l->next != NULL || (l->fin_queued && !l->fin_sent && !l->fin_acked);

	if (!out && !waiting)
		l->rto_at = 0;
	else if (l->rto_at == 0) {
		const uint64_t wait = (uint64_t)l->rto_us << min_u32(l->backoff, 16);
		l->rto_at = env->now_us +
		            (wait < env->config->rto_max_us ? wait : env->config->rto_max_us);
	}
	if (l->unacked != 0 && l->ack_at == 0)
		l->ack_at = env->now_us + env->config->delayed_ack_us;
}

bool leg_output(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	enum sent sent = SENT;

	while (l->next != NULL && sent == SENT)
		sent = send_next(r, side, env);
	if (l->next == NULL && l->fin_queued && !l->fin_sent && !l->fin_acked &&
	    !send_fin(r, side, env))
		sent = SENT_RETRY;
	/* An unfinished PDU may wait for the sender's Nagle: do not delay its ACK. */
	if (l->ack_now || (l->unacked != 0 && l->in.octets != 0) ||
	    window_reopened(r, side, env->config)) {
		if (!leg_emit_bare(r, side, l->snd_max, TCP_ACK, env))
			sent = SENT_RETRY;
	}
	set_deadlines(l, env);
	return sent == SENT_RETRY;
}

void leg_timeout(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	l->rto_at = 0;
	l->backoff++;
	if (l->backoff > env->config->rto_limit) {
		relay_abort(r, env);
		return;
	}
	if (l->out.octets != 0 && l->snd_wnd == 0) {
		/* Zero-window probe: an old number without octets draws an ACK. Also when a
		 * peer took a window back that we had used (RFC 9293 section 3.8.6). */
		tcp_count(env, COUNTER_TCP_ZERO_WINDOW_PROBE, 1);
		(void)leg_emit_bare(r, side, l->snd_una - 1, TCP_ACK, env);
		return;
	}
	if (l->snd_max == l->snd_una)
		return;
	tcp_count(env, COUNTER_TCP_RTO, 1);
	enter_loss(l);
	l->recovering = false;
	l->dupacks = 0;
	l->cwnd = l->mss;
	fall_back(l);
}
