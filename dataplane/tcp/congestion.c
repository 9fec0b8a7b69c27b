/* SPDX-License-Identifier: Apache-2.0 */
/*
 * congestion: which of the two controls a leg has, and what both are told. A leg begins with
 * CUBIC; with setting congestion_control bbr it gets a model of its path (bbr.h) the first
 * time that its window holds it up, so that one that never fills its first ten segments
 * costs no memory.
 */
#include "relay_priv.h"

/* A path that was not used for so long is another one (bbr.h forgets its round trip). */
#define MODEL_OLD_MS 10000u

void congestion_open(struct leg *l)
{
	l->modelled = false;
	cubic_open(&l->cubic, l->mss);
}

void congestion_close(struct leg *l)
{
	if (l->modelled)
		bbr_close(l->bbr);
	l->modelled = false;
}

void congestion_limited(struct leg *l, struct tcp_env *env)
{
	const uint32_t cwnd = l->cwnd;
	struct bbr *b;

	if (l->modelled || l->sending != SENDING_OPEN)
		return;
	b = bbr_open(env->models, cwnd, l->rtt.srtt_us, env->now_us);
	if (b == NULL) {
		tcp_count(env, COUNTER_TCP_MODEL_FULL, 1);
		return;
	}
	l->modelled = true;
	l->bbr = b;
	/* What is out began before it: nothing can be learnt from that. */
	bbr_app_limited(b, leg_in_flight(l));
}

void congestion_lost(struct leg *l)
{
	if (!l->modelled)
		cubic_loss(&l->cubic, l->mss);
}

void congestion_timeout(struct leg *l)
{
	if (l->modelled)
		l->cwnd = bbr_timeout(l->bbr, l->cwnd, l->mss);
	else
		cubic_timeout(&l->cubic, l->mss, l->sending == SENDING_LOSS);
}

void congestion_idle(struct leg *l, uint32_t idle_ms)
{
	if (!l->modelled) {
		cubic_idle(&l->cubic, l->mss); /* RFC 5681 section 4.1 */
	} else if (idle_ms >= MODEL_OLD_MS) {
		congestion_close(l);
		congestion_open(l);
	}
}

void congestion_acked(struct leg *l, const struct bbr_ack *ack)
{
	if (ack->delivered != 0)
		l->cwnd = bbr_acked(l->bbr, ack, l->cwnd);
}
