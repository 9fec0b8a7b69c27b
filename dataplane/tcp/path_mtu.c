/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_mtu: a router could not carry a segment of ours (RFC 9293 section 3.7.2). Ten minutes
 * later larger ones are tried again, as both ends agreed on them: where the path carries no
 * more than before, its router says so, and what was sent is cut again.
 */
#include "relay_priv.h"

#define TCP_OCTETS 20u
#define IP_DF 0x40u         /* in the seventh octet of an IPv4 header */
#define RAISE_S 600u        /* RFC 1191 section 6.3; of its minutes the more cautious */
#define MTU_SMALLEST_V4 68u /* RFC 791 section 3.2 */
/* A path of IPv4 may carry no more than that, and who says that his does makes
 * twenty buffers of ours of one. So ours are never cut below what kernels cut theirs to, 552;
 * for less DF is left out (RFC 1191 section 3), and the router cuts them. */
#define MTU_LEAST_V4 552u
#define MTU_LEAST_V6 1280u /* RFC 8201 section 4: never less */

/* RFC 1191 section 7: a router that says no size; the next plateau below what failed. */
static uint32_t plateau_below(uint32_t size)
{
	static const uint16_t plateaus[] = { 4352, 2002, 1492, 1006, 508, 296 };

	for (unsigned i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++)
		if (plateaus[i] < size)
			return plateaus[i];
	return MTU_SMALLEST_V4;
}

/* What no longer fits goes again, in pieces (leg_output() cuts); this is not a sign of
 * congestion (RFC 1191 section 6.4). */
static void resend_large(struct leg *l)
{
	for (struct rte_mbuf *m = l->out.head; m != l->next; m = segment_of(m)->next)
		if (segment_of(m)->len > l->mss)
			scoreboard_lost(&l->board, segment_of(m));
	l->board.left = min_u32(l->board.left, leg_octets_out(l) - l->board.lost);
	l->urgent = true;
}

bool relay_too_big(struct relay *r, enum side side, uint32_t seq, uint32_t mtu, uint32_t size,
                   struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	const bool v4 = r->head.key.ip_version == 4;
	const uint32_t least = v4 ? MTU_LEAST_V4 : MTU_LEAST_V6;
	const uint32_t headers =
		l->header.l3_len + TCP_OCTETS + (r->ts_ok ? OPTIONS_TS_OCTETS : 0);

	/* RFC 5927 section 4.1: who cannot see the connection does not know its numbers. */
	if (r->state != RELAY_OPEN || !seq_leq(l->snd_una, seq) || !seq_lt(seq, l->snd_max))
		return false;
	tcp_count(env, COUNTER_TCP_TOO_BIG, 1);
	if (v4 && mtu == 0)
		mtu = plateau_below(size);
	if (mtu < least) {
		if (v4)
			l->header.octets[l->header.l2_len + 6] &= (uint8_t)~IP_DF;
		mtu = least;
	}
	const uint32_t room = mtu > headers + MSS_LEAST ? mtu - headers : MSS_LEAST;
	if (room < l->mss) {
		if (l->mss_most == 0)
			l->mss_most = l->mss;
		r->mss_less_s = (uint16_t)(env->now_us / 1000000);
		l->mss = (uint16_t)room;
		resend_large(l);
	}
	return true;
}

void relay_raise_mtu(struct relay *r, struct tcp_env *env)
{
	if ((uint16_t)((uint16_t)(env->now_us / 1000000) - r->mss_less_s) < RAISE_S)
		return;
	for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
		struct leg *l = &r->leg[side];
		if (l->mss_most == 0)
			continue;
		l->mss = l->mss_most;
		l->cwnd = l->cwnd < l->mss ? l->mss : l->cwnd;
		l->mss_most = 0;
		tcp_count(env, COUNTER_TCP_MTU_RAISED, 1);
	}
}
