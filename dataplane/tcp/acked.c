/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acked: what a segment says of octets that we have sent: acknowledged, SACKed, asked for
 * by duplicate ACKs; and of the window.
 */
#include "relay_priv.h"

/* A peer that answers probes of its closed window is alive, for as long as it likes
 * (RFC 9293 section 3.8.6.1): the probes do not grow rarer than this. */
#define PROBE_BACKOFF_MAX 6u

/* What one ACK brought. */
struct news {
	uint64_t sampled_us; /* when the latest segment that was sent once had been sent */
	uint64_t sent_us;    /* the same of any segment; 0: none was delivered whole */
	uint32_t octets;     /* that the receiver has now and had not before */
	bool sampled;
};

static void delivered(struct leg *l, const struct segment *s, struct news *n,
                      const struct tcp_env *env)
{
	if (s->sent == 1 && (!n->sampled || s->sent_us > n->sampled_us)) {
		n->sampled = true;
		n->sampled_us = s->sent_us;
	}
	n->octets += s->len;
	if (s->sent_us > n->sent_us)
		n->sent_us = s->sent_us;
	rack_delivered(&l->rack, s, env->now_us);
}

static void take_sacks(struct leg *l, const struct sack_report *report, struct news *n,
                       const struct tcp_env *env)
{
	for (struct rte_mbuf *m = l->out.head; m != l->next; m = segment_of(m)->next) {
		struct segment *s = segment_of(m);
		if (s->flags & SEGMENT_SACKED || !sack_covers(report, s))
			continue;
		delivered(l, s, n, env);
		scoreboard_sacked(&l->board, s);
	}
}

/* Free acknowledged octets. */
static void free_acknowledged(struct leg *l, uint32_t ack, struct news *n,
                              const struct tcp_env *env)
{
	const uint32_t octets = min_u32(ack - l->snd_una, l->out.octets);
	uint32_t left = octets;

	while (left > 0) {
		const struct segment *s = segment_of(l->out.head);
		const uint32_t part = min_u32(left, s->len);
		if (unlikely(s->flags & (SEGMENT_SACKED | SEGMENT_LOST)))
			scoreboard_drop(&l->board, s, part);
		if (unlikely(part < s->len)) {
			n->octets += s->flags & SEGMENT_SACKED ? 0 : part;
			chain_drop(&l->out, part);
			break;
		}
		if (!(s->flags & SEGMENT_SACKED))
			delivered(l, s, n, env);
		left -= part;
		rte_pktmbuf_free(chain_take(&l->out));
	}
	l->snd_una += octets;
	if (ack != l->snd_una) { /* behind them there is only our FIN */
		l->snd_una = ack;
		l->fin_acked = true;
	}
}

/* Marks that are behind come along, or half around the numbers they would be ahead: no third
 * duplicate ACK and no D-SACK would be believed for two gigabytes. */
static inline void pull_marks(struct leg *l)
{
	if (seq_lt(l->recover, l->snd_una))
		l->recover = l->snd_una - 1;
	if (seq_lt(l->rack.round, l->snd_una))
		l->rack.round = l->snd_una;
}

/*
 * Room for four times what was delivered in a round trip to here and to the other end:
 * dynamic right-sizing (Fisk and Feng, 2001), as kernels do it, so that the window is never
 * what limits a sender whose octets go on at once. Twice, because in its start it sends twice
 * as much in the next one; and twice that, because while one segment is sent again all that
 * came behind it waits. Never less again: an end keeps the window it has been given. What is
 * held takes buffers, and their share bounds it.
 */
static inline void right_size(struct relay *r, struct leg *l, struct tcp_env *env)
{
	const struct leg *o = leg_across(r, l);
	const uint32_t took_us = (uint32_t)env->now_us - l->sized_us;
	const uint32_t trips_us = l->rtt.srtt_us + o->rtt.srtt_us;

	if (likely(took_us < trips_us))
		return;
	const uint32_t octets = l->snd_una - l->sized_una;
	l->sized_us = (uint32_t)env->now_us;
	l->sized_una = l->snd_una;
	pull_marks(l);
	if (likely(octets <= env->config->leg_buffer / 4) || o->rtt.srtt_us == 0)
		return;
	for (uint32_t room = leg_room(l, env->config);
	     room < env->config->leg_buffer_most &&
	     4ull * octets * trips_us > (uint64_t)room * took_us;
	     room = leg_room(l, env->config)) {
		l->grown++;
		tcp_count(env, COUNTER_LEG_GROWN, 1);
	}
}

/* What has left the network is of what is out, less what is known to be lost. */
static void bound_left(struct leg *l)
{
	l->board.left = min_u32(l->board.left, leg_octets_out(l) - l->board.lost);
}

/* Duplicate ACKs of a receiver without SACK (RFC 5681 section 3.2, steps 1, 2, 4): each
 * says that a segment has left the network, so another may go (RFC 3042). */
static void duplicate_ack(struct leg *l, struct tcp_env *env)
{
	if (l->dupacks < UINT8_MAX)
		l->dupacks++;
	if (l->sending == SENDING_LOSS)
		return;
	/* A segment, nobody says which: one of the usual size. */
	l->board.left += l->out.segments == 0 ? 0 : l->out.octets / l->out.segments;
	/* RFC 6582 section 3.2 step 1: not of octets that a time-out sent again. */
	if (l->sending == SENDING_OPEN && l->dupacks == 3 && seq_lt(l->recover, l->snd_una) &&
	    l->out.head != l->next) {
		scoreboard_lost(&l->board, segment_of(l->out.head));
		leg_lost(l, env);
	}
	bound_left(l);
}

/* RFC 6582 section 3.2 step 3, a partial ACK: the next hole, and what it says has left
 * the network was none of those that came behind the hole. */
static void partial_ack(struct leg *l, uint32_t acked)
{
	l->board.left -= min_u32(l->board.left, acked > l->mss ? acked - l->mss : 0);
	if (l->out.head != l->next) {
		scoreboard_lost(&l->board, segment_of(l->out.head));
		l->urgent = true;
	}
	bound_left(l);
}

/* leg_output() arms them again for what is still out (RFC 6298, 5.3). */
static inline void restart_timers(struct leg *l)
{
	l->dupacks = 0;
	l->retries = 0;
	l->rto_at = 0;
	if (l->loss_is_probe)
		l->loss_at = 0;
}

static __rte_noinline void new_ack(struct relay *r, struct leg *l, uint32_t ack, struct news *n,
                                   struct tcp_env *env)
{
	const uint32_t acked = ack - l->snd_una;

	free_acknowledged(l, ack, n, env);
	right_size(r, l, env);
	restart_timers(l);
	if (l->sending != SENDING_OPEN && seq_leq(l->recover, ack)) {
		l->sending = SENDING_OPEN;
		rack_recovered(&l->rack);
	} else if (l->sending == SENDING_RECOVERY) {
		if (!r->sack_ok)
			partial_ack(l, acked);
		return;
	} else if (!l->modelled && (l->sending == SENDING_LOSS || l->limited)) {
		cubic_acked(&l->cubic, acked, l->mss, l->rtt.srtt_us, env->now_us);
	}
	l->board.left = 0;
}

/* RFC 5681 section 2. */
static bool is_duplicate(const struct leg *l, const struct packet *p, uint32_t window)
{
	return p->ack == l->snd_una && p->payload_len == 0 && !(p->flags & TCP_FIN) &&
	       window == l->snd_wnd && l->snd_max != l->snd_una;
}

/* RFC 9293 section 3.10.7.4: SND.WL1, SND.WL2; and what acknowledges something is news
 * whatever its number, or its ACK would move an old window's edge to the right. */
static void take_window(struct leg *l, const struct packet *p, uint32_t window, bool acks)
{
	if (!seq_leq(l->snd_una, p->ack) ||
	    !(acks || seq_lt(l->snd_wl1, p->seq) ||
	      (l->snd_wl1 == p->seq && seq_leq(l->snd_wl2, p->ack))))
		return;
	if (l->snd_wnd == 0 && window != 0) { /* the persist timer's work is done */
		l->rto_at = 0;
		l->rtt.backoff = 0;
	}
	l->snd_wnd = window;
	l->snd_wl1 = p->seq;
	l->snd_wl2 = p->ack;
}

static void take_sample(struct leg *l, const struct news *n, const struct tcp_env *env)
{
	if (n->sampled)
		rtt_sample(&l->rtt, env->now_us - n->sampled_us, env->config->rto_min_us,
		           env->config->rto_max_us);
}

/* Behind all that an ACK says of losses. */
static void tell_model(struct leg *l, const struct news *n, const struct tcp_env *env)
{
	if (likely(!l->modelled))
		return;
	const uint64_t rtt_us = n->sampled ? env->now_us - n->sampled_us : 0;
	congestion_acked(l, &(struct bbr_ack){ .now_us = env->now_us,
	                                       .sent_us = n->sent_us,
	                                       .delivered = n->octets,
	                                       .rtt_us = (uint32_t)rtt_us,
	                                       .in_flight = leg_in_flight(l),
	                                       .mss = l->mss });
}

bool leg_acks_plainly(const struct leg *l, const struct packet *p)
{
	return p->ack - l->snd_una <= l->snd_max - l->snd_una &&
	       (p->ack != l->snd_una || p->payload_len != 0) && l->sending == SENDING_OPEN &&
	       l->board.sacked == 0 && !l->probing && l->retries == 0 && l->rtt.backoff == 0 &&
	       l->snd_wnd != 0;
}

/* Whether this ACK is of the first segment that is out, all of it, and no other; it was sent
 * once. Of many the general way is as good. */
static inline bool acks_head(const struct leg *l, uint32_t ack)
{
	if (l->out.head == NULL || l->modelled)
		return false;
	const struct segment *s = segment_of(l->out.head);
	return s->len == ack - l->snd_una && s->sent == 1 &&
	       !(s->flags & (SEGMENT_SACKED | SEGMENT_LOST));
}

/* What new_ack() and take_sample() do of such a one on such a leg. */
static inline void head_acknowledged(struct relay *r, struct leg *l, struct tcp_env *env)
{
	struct rte_mbuf *m = chain_take(&l->out);
	const struct segment *s = segment_of(m);
	const uint64_t took_us = env->now_us - s->sent_us;
	const uint32_t len = s->len;

	rack_delivered(&l->rack, s, env->now_us);
	segment_free(m);
	l->snd_una += len;
	right_size(r, l, env);
	restart_timers(l);
	if (unlikely(l->limited))
		cubic_acked(&l->cubic, len, l->mss, l->rtt.srtt_us, env->now_us);
	l->board.left = 0;
	rtt_sample(&l->rtt, took_us, env->config->rto_min_us, env->config->rto_max_us);
}

void leg_acknowledged_plainly(struct relay *r, struct leg *l, const struct packet *p,
                              struct tcp_env *env)
{
	const bool acks = p->ack != l->snd_una;

	if (likely(acks && acks_head(l, p->ack))) {
		head_acknowledged(r, l, env);
	} else if (acks) {
		struct news news = { .sampled = false };
		new_ack(r, l, p->ack, &news, env);
		take_sample(l, &news, env);
		tell_model(l, &news, env);
	}
	take_window(l, p, (uint32_t)p->window << l->wscale, acks);
}

void leg_acknowledged(struct relay *r, enum side side, const struct packet *p,
                      struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const uint32_t window = (uint32_t)p->window << l->wscale;
	struct sack_report report = { .n = 0 };
	struct news news = { .sampled = false };

	if (seq_lt(l->snd_max, p->ack)) { /* of what was never sent */
		l->ack_now = true;
		return;
	}
	if (r->sack_ok && p->options_len > (r->ts_ok ? OPTIONS_TS_OCTETS : 0))
		sack_read(&report, rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, p->l4_off + 20),
		          p->options_len, p->ack, l->snd_una, l->snd_max);
	if (l->snd_max == l->snd_una || l->snd_wnd == 0) { /* it answers: it lives */
		l->retries = 0;
		l->rtt.backoff = (uint8_t)min_u32(l->rtt.backoff, PROBE_BACKOFF_MAX);
	}
	if (report.n != 0)
		take_sacks(l, &report, &news, env);
	if (report.duplicate)
		rack_duplicate(&l->rack, l->snd_una, l->snd_max);
	const bool again = is_duplicate(l, p, window);
	if (l->probing)
		leg_probe_answered(l, p->ack, &report, again);
	const bool acks = seq_lt(l->snd_una, p->ack);
	if (acks)
		new_ack(r, l, p->ack, &news, env);
	else if (again && !r->sack_ok)
		duplicate_ack(l, env);
	take_sample(l, &news, env);
	if (r->sack_ok)
		leg_look_for_loss(l, env);
	tell_model(l, &news, env);
	take_window(l, p, window, acks);
}
