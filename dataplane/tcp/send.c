/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: the send half of a leg: acknowledgement, congestion window (RFC 5681,
 * NewReno RFC 6582), retransmission timer (RFC 6298), zero-window probes
 * (RFC 9293 section 3.8.6.1), and the segments themselves.
 */
#include <string.h>

#include "relay_priv.h"

#define CWND_MAX (1u << 24)
/* A peer that answers probes of its closed window is alive, for as long as it likes
 * (RFC 9293 section 3.8.6.1): only unanswered ones may reach rto_limit (>= 3 more). */
#define PROBE_BACKOFF_MAX 6u
#define SACK_BLOCKS_MAX 3u /* beside a time-stamp, RFC 2018 section 3 */

static uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }

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

/* SACK blocks for what lies behind gaps, newest information not tracked: the lowest
 * runs first, which a sender needs most (RFC 2018 section 4 asks for the latest). */
static unsigned write_sack(const struct leg *l, uint8_t *out)
{
	unsigned blocks = 0;
	uint8_t *at = out + 4;

	for (struct rte_mbuf *m = l->ooo.head; m != NULL && blocks < SACK_BLOCKS_MAX;
	     blocks++) {
		const uint32_t left = segment_of(m)->seq;
		uint32_t right = left;
		while (m != NULL && segment_of(m)->seq == right) {
			right += segment_of(m)->len;
			m = segment_of(m)->next;
		}
		const uint32_t be[2] = { rte_cpu_to_be_32(left), rte_cpu_to_be_32(right) };
		memcpy(at, be, sizeof(be));
		at += sizeof(be);
	}
	if (blocks == 0)
		return 0;
	out[0] = OPTION_NOP;
	out[1] = OPTION_NOP;
	out[2] = OPTION_SACK;
	out[3] = (uint8_t)(2 + 8 * blocks);
	return 4 + 8 * blocks;
}

static unsigned write_options(const struct relay *r, enum side side, bool sack, uint8_t *out)
{
	const struct leg *l = &r->leg[side];
	unsigned n = 0;

	if (r->ts_ok) /* each end sees the other's own clock, RFC 7323 section 3.2 */
		n = options_write_ts(out, r->leg[side_other(side)].ts_recent, l->ts_recent);
	if (sack && r->sack_ok && l->ooo.head != NULL)
		n += write_sack(l, out + n);
	return n;
}

/* The window to advertise now, as the header says it; moves rcv_adv. */
static uint16_t advertise(struct relay *r, enum side side, const struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const uint8_t shift = r->leg[side_other(side)].wscale;
	const uint32_t most = (uint32_t)UINT16_MAX << shift;
	uint32_t open = min_u32(leg_window(r, side, env->config), most);

	if (open < l->mss) /* RFC 9293 section 3.8.6.2.2: no silly windows */
		open = 0;
	/*
	 * RFC 9293 section 3.8.6: a right edge once given is not taken back; rcv_adv stays.
	 * The header says it rounded down (RFC 7323 section 2.4): rounded up, every segment
	 * shorter than the unit would move the edge on, and the window would never close.
	 */
	l->rcv_adv = seq_max(l->rcv_adv, l->rcv_nxt + (open >> shift << shift));
	return (uint16_t)(min_u32(l->rcv_adv - l->rcv_nxt, most) >> shift);
}

/*
 * Send m, whose payload is payload_len octets at off in its buffer (0 = none), in
 * the buffer it lies in. One reference goes to the port. False: no room, m untouched.
 */
static bool emit(struct relay *r, enum side side, struct rte_mbuf *m, uint32_t seq,
                 uint16_t sum, uint8_t flags, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	struct tcp_tx *tx = tcp_tx_of(env, r->head.key.link, side);
	const bool to_esme = side == SIDE_ESME;
	uint8_t options[HEADER_OPTIONS_MAX];

	if (tx->n == TCP_TX_MAX)
		return false;
	const struct header_fields fields = {
		.src_port = to_esme ? r->head.key.smsc_port : r->head.key.esme_port,
		.dst_port = to_esme ? r->head.key.esme_port : r->head.key.smsc_port,
		.window = advertise(r, side, env),
		.ip_id = l->ip_id++,
		.seq = seq,
		.ack = l->rcv_nxt,
		.payload_sum = sum,
		.flags = flags,
		.options_len = (uint8_t)write_options(r, side, m->pkt_len == 0, options),
		.options = options,
	};
	if (header_write(&l->header, &fields, tx->offload, m) != 0)
		return false;
	tx->mbufs[tx->n++] = m;
	l->ack_now = false;
	l->unacked = 0;
	l->ack_at = 0;
	return true;
}

bool leg_emit_bare(struct relay *r, enum side side, uint32_t seq, uint8_t flags,
                   struct tcp_env *env)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(env->pool);

	if (m == NULL) {
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		return false;
	}
	if (emit(r, side, m, seq, 0, flags, env))
		return true;
	rte_pktmbuf_free(m);
	return false;
}

/* A copy of a segment that the port still holds, or that has no room for headers. */
static struct rte_mbuf *copy_of(struct rte_mbuf *m, struct tcp_env *env)
{
	const struct segment *s = segment_of(m);
	struct rte_mbuf *copy = rte_pktmbuf_alloc(env->pool);

	if (copy == NULL || s->len > copy->buf_len - FRAME_HEADER_MAX) {
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		rte_pktmbuf_free(copy);
		return NULL;
	}
	copy->data_off = FRAME_HEADER_MAX;
	memcpy(rte_pktmbuf_mtod(copy, void *), segment_octets(m), s->len);
	tcp_count(env, COUNTER_TCP_COPIED, s->len);
	return copy;
}

/* Transmit one segment of leg.out as it is. In the buffer it came in whenever the port
 * is not reading that buffer any more. */
static bool emit_segment(struct relay *r, enum side side, struct rte_mbuf *m,
                         struct tcp_env *env)
{
	struct segment *s = segment_of(m);
	const bool in_place = rte_mbuf_refcnt_read(m) == 1 && s->off >= FRAME_HEADER_MAX;
	struct rte_mbuf *frame = in_place ? m : copy_of(m, env);

	if (frame == NULL)
		return false;
	if (!(s->flags & SEGMENT_SUM)) {
		s->sum = checksum_fold(checksum_add(segment_octets(m), s->len, 0));
		s->flags |= SEGMENT_SUM;
	}
	if (in_place) {
		m->data_off = s->off;
		rte_mbuf_refcnt_set(m, 2);
	}
	frame->data_len = s->len;
	frame->pkt_len = s->len;
	if (!emit(r, side, frame, s->seq, s->sum, TCP_ACK | TCP_PSH, env)) {
		rte_pktmbuf_free(frame); /* in place: gives the second reference back */
		return false;
	}
	if (s->sent != 0)
		tcp_count(env, COUNTER_TCP_RETRANSMIT, 1);
	s->sent = (uint8_t)(s->sent + (s->sent < UINT8_MAX));
	s->sent_us = env->now_us;
	return true;
}

static void retransmit_first(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	if (l->out.head != NULL && segment_of(l->out.head)->sent != 0)
		(void)emit_segment(r, side, l->out.head, env);
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
	if (!emit_segment(r, side, m, env))
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
