/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loss: what a leg does when octets seem lost: fast recovery (RFC 5681 section 3.2, by
 * RACK where the receiver SACKs, RFC 8985), probes of a silent tail (its section 7), the
 * retransmission time-out (RFC 6298) and the probes of a closed window.
 */
#include "relay_priv.h"

/* A lone segment's ACK may be delayed this long by its receiver (RFC 9293 section
 * 3.8.6.3 allows 500 ms; nobody known takes more than 200). */
#define ACK_DELAY_US 200000u
/* Less than this is noise of the timers: their wheel turns by milliseconds. */
#define PROBE_LEAST_US 10000u
#define PROBE_FIRST_US 1000000u /* RFC 8985 section 7.2: without a measured path */
#define DUPLICATES 3u           /* RFC 5681 section 3.2: DupThresh */

void leg_lost(struct leg *l, struct tcp_env *env)
{
	l->urgent = true; /* the first goes at once (RFC 6675 section 5, 4.3) */
	if (l->sending != SENDING_OPEN)
		return;
	tcp_count(env, COUNTER_TCP_FAST_RETRANSMIT, 1);
	congestion_lost(l);
	l->recover = l->snd_max;
	l->sending = SENDING_RECOVERY;
}

void leg_look_for_loss(struct leg *l, struct tcp_env *env)
{
	uint64_t wait_us;

	if (l->board.sacked == 0 && l->sending == SENDING_OPEN)
		return;
	const bool hasty = l->sending != SENDING_OPEN || l->board.sacked_segments >= DUPLICATES;
	const uint32_t before = l->board.lost;
	if (rack_detect(&l->rack, &l->out, &l->board, hasty, l->rtt.srtt_us, env->now_us,
	                &wait_us)) {
		if (l->modelled)
			bbr_lost(l->bbr, l->board.lost - before);
		leg_lost(l, env);
	}
	l->loss_is_probe = false;
	l->loss_at = wait_us == 0 ? 0 : env->now_us + wait_us;
}

/* RFC 8985 section 7.2: nothing is known to be missing, and no probe is out. */
static bool may_probe(const struct relay *r, const struct leg *l)
{
	return r->sack_ok && l->sending == SENDING_OPEN && l->board.sacked == 0 &&
	       l->board.lost == 0 && !l->probing && l->snd_wnd != 0 && l->out.head != l->next;
}

/* Whether one segment is out. Of many out of none that wait, without a look at them: the
 * oldest was sent long ago, and is in no cache. */
static bool is_alone(const struct leg *l)
{
	return l->next == NULL ? l->out.segments == 1
	                       : segment_of(l->out.head)->next == l->next;
}

void leg_arm_probe(const struct relay *r, struct leg *l, const struct tcp_env *env)
{
	if (!may_probe(r, l)) {
		if (l->loss_is_probe)
			l->loss_at = 0;
		return;
	}
	if (l->loss_at != 0)
		return;
	uint64_t wait_us = l->rtt.srtt_us == 0 ? PROBE_FIRST_US : 2ull * l->rtt.srtt_us;
	if (is_alone(l))
		wait_us += ACK_DELAY_US;
	if (wait_us < PROBE_LEAST_US)
		wait_us = PROBE_LEAST_US;
	l->loss_at = env->now_us + wait_us;
	if (l->rto_at != 0 && l->rto_at < l->loss_at)
		l->loss_at = l->rto_at;
	l->loss_is_probe = true;
}

/* RFC 8985 section 7.3: new octets, or else the last segment once more; its ACK shows
 * what is missing before it. */
static void probe(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	struct rte_mbuf *last = l->out.head;

	while (segment_of(last)->next != l->next)
		last = segment_of(last)->next;
	l->probe_again = l->next == NULL ||
	                 l->snd_max - l->snd_una + segment_of(l->next)->len > l->snd_wnd;
	if (!l->probe_again) {
		l->urgent = true; /* leg_output() sends it */
		l->probe_end =
			segment_of(l->next)->seq + min_u32(segment_of(l->next)->len, l->mss);
	} else {
		if (!leg_emit_segment(r, side, last, env))
			return; /* no room: the time-out will come */
		l->probe_end = segment_of(last)->seq + segment_of(last)->len;
	}
	l->probing = true;
	l->rto_at = 0; /* armed again by leg_output() */
	tcp_count(env, COUNTER_TCP_TAIL_PROBE, 1);
}

/* RFC 8985 section 7.4.2. */
void leg_probe_answered(struct leg *l, uint32_t ack, const struct sack_report *report,
                        bool again)
{
	if (!seq_leq(l->probe_end, ack))
		return;
	/* Three cases of the RFC. NOLINTNEXTLINE(bugprone-branch-clone) */
	if (!l->probe_again || (report->duplicate && report->twice.right == l->probe_end)) {
		l->probing = false;
	} else if (l->probe_end != ack) {
		/* The original was lost, and the probe has mended it: a loss all the same. */
		l->probing = false;
		if (l->sending == SENDING_OPEN)
			congestion_lost(l);
	} else if (again && report->n == 0) { /* both have come */
		l->probing = false;
	}
}

void leg_loss_timer(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	l->loss_at = 0;
	if (!l->loss_is_probe)
		leg_look_for_loss(l, env);
	else if (may_probe(r, l))
		probe(r, side, env);
}

/* Octets are out: the path has taken them, or the answers. */
static void expire(struct relay *r, struct leg *l, struct tcp_env *env)
{
	tcp_count(env, COUNTER_TCP_RTO, 1);
	congestion_timeout(l);
	l->recover = l->snd_max;
	l->sending = SENDING_LOSS;
	l->dupacks = 0;
	l->board.left = 0;
	l->probing = false;
	l->urgent = true;
	l->fin_sent = false;
	/* A receiver may take its SACKs back (RFC 2018 section 8): it has, when the first
	 * octets it lacks are SACKed. Else they are kept, as RFC 6675 section 5.1 has it. */
	if (!r->sack_ok || l->rack.sent_us == 0 ||
	    (l->out.head != NULL && segment_of(l->out.head)->flags & SEGMENT_SACKED))
		scoreboard_forget(&l->board, &l->out);
	else
		rack_timeout(&l->rack, &l->out, &l->board, l->rtt.srtt_us, env->now_us);
}

void leg_timeout(struct relay *r, enum side side, struct tcp_env *env)
{
	struct leg *l = &r->leg[side];

	l->rto_at = 0;
	if (++l->retries > env->config->rto_limit) {
		relay_abort(r, env);
		return;
	}
	if (l->rtt.backoff < UINT8_MAX)
		l->rtt.backoff++;
	l->override = l->snd_wnd != 0;
	if (l->out.octets != 0 && l->snd_wnd == 0) {
		/* Zero-window probe: an old number without octets draws an ACK. Also when a
		 * peer took a window back that we had used (RFC 9293 section 3.8.6). */
		tcp_count(env, COUNTER_TCP_ZERO_WINDOW_PROBE, 1);
		(void)leg_emit_bare(r, side, l->snd_una - 1, TCP_ACK, env);
	} else if (l->snd_max != l->snd_una) {
		expire(r, l, env);
	}
}
