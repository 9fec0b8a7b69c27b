/* SPDX-License-Identifier: Apache-2.0 */
/* relay_priv: what the sources of a relay share; only inside this folder. */
#ifndef DP_RELAY_PRIV_H
#define DP_RELAY_PRIV_H
#include "options.h"
#include "relay.h"
#include "sequence.h"
#include "settled.h"

/* Below this, headers are most of the wire (RFC 9293 section 3.7.1). */
#define MSS_LEAST 88u

static inline void tcp_count(struct tcp_env *env, enum counter counter, uint64_t n)
{
	__atomic_store_n(&env->counters[counter], env->counters[counter] + n, __ATOMIC_RELAXED);
}

static inline uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }

static inline struct tcp_tx *tcp_tx_of(struct tcp_env *env, uint16_t link, enum side side)
{
	return &env->tx[link * 2u + side];
}

/* A frame towards side, as it is. Frees it when there is no room. */
void tcp_forward(struct tcp_env *env, uint16_t link, enum side side, struct rte_mbuf *m);

/* path_mtu.c: the path may carry more again by now (RFC 1191 section 6.3). */
void relay_raise_mtu(struct relay *r, struct tcp_env *env);

/* The leg of the other end. */
static inline struct leg *leg_across(struct relay *r, const struct leg *l)
{
	struct leg *esme = &r->leg[SIDE_ESME], *smsc = &r->leg[SIDE_SMSC];

	return l == esme ? smsc : esme;
}

/* Buffers that the connection may hold. */
static inline uint32_t segments_most(const struct relay *r, const struct tcp_env *env)
{
	return env->now_us - r->state_us < NEWCOMER_US ? env->config->newcomer_segments
	                                               : env->config->leg_segments;
}

/* How many of those its windows promise: a quarter less. What a window has promised is then
 * taken, although the share shrinks while it fills, and a PDU that ends in a segment makes it
 * two. */
static inline uint32_t segments_promised(const struct relay *r, const struct tcp_env *env)
{
	const uint32_t may = segments_most(r, env);

	return may - may / 4;
}

/* And how many it holds. */
static inline uint32_t segments_held(const struct relay *r)
{
	const struct leg *a = &r->leg[0], *b = &r->leg[1];

	return a->in.segments + a->ooo.segments + a->out.segments + b->in.segments +
	       b->ooo.segments + b->out.segments;
}

/* receive.c: a segment for an open relay (RFC 9293 section 3.10.7.4). */
void leg_receive(struct relay *r, enum side side, const struct packet *p, struct tcp_env *env);

/* acked.c: what a segment says of what we have sent. */
void leg_acknowledged(struct relay *r, enum side side, const struct packet *p,
                      struct tcp_env *env);
/* Whether the segment's ACK is of octets that are out, on a leg that misses nothing, waits
 * for no answer in particular, and is told nothing but this; then the rest of the above
 * need not be asked. */
bool leg_acks_plainly(const struct leg *l, const struct packet *p);
void leg_acknowledged_plainly(struct relay *r, struct leg *l, const struct packet *p,
                              struct tcp_env *env);

/* loss.c */
void leg_lost(struct leg *l, struct tcp_env *env); /* segments were marked just now */
/* RACK's look at the scoreboard after an ACK, or when loss_at has come. */
void leg_look_for_loss(struct leg *l, struct tcp_env *env);
void leg_loss_timer(struct relay *r, enum side side, struct tcp_env *env);
void leg_timeout(struct relay *r, enum side side, struct tcp_env *env);
/* An ACK while a tail loss probe is out; again: it says nothing new. */
void leg_probe_answered(struct leg *l, uint32_t ack, const struct sack_report *report,
                        bool again);
/* When to probe, set beside the retransmission timer. */
void leg_arm_probe(const struct relay *r, struct leg *l, const struct tcp_env *env);

/* congestion.c */
void congestion_open(struct leg *l);
void congestion_close(struct leg *l);
/* Its window holds it up. */
void congestion_limited(struct leg *l, struct tcp_env *env);
void congestion_lost(struct leg *l);
void congestion_timeout(struct leg *l);
void congestion_idle(struct leg *l, uint32_t idle_ms); /* nothing was sent for so long */
void congestion_acked(struct leg *l, const struct bbr_ack *ack); /* that is modelled */

/* send.c */
bool leg_output(struct relay *r, enum side side, struct tcp_env *env);
/* Octets were appended to leg.out: number them. tail: what was its tail before, which may
 * have taken some of them. */
void leg_queued(struct leg *l, struct rte_mbuf *tail);
/* Octets sent and not acknowledged; those of them that are in the network still. */
uint32_t leg_octets_out(const struct leg *l);
uint32_t leg_in_flight(const struct leg *l);

/* window.c: octets that a segment to this leg's end would offer to take (RFC 9293 section
 * 3.8.6); and the window to advertise now, as the header says it, which moves rcv_adv. */
uint32_t leg_offer(const struct relay *r, enum side side, const struct tcp_env *env);
uint16_t leg_advertise(struct relay *r, enum side side, const struct tcp_env *env);

/*
 * splice.c: octets that came from side as one segment, go on as a whole, and may be sent at
 * once, are; in one go. False: not such ones, and nothing was done.
 */
bool splice_pass(struct relay *r, enum side from, uint32_t octets, struct tcp_env *env);

/*
 * The number of a segment without octets: SND.NXT, but not beyond a window that its end has
 * taken back (RFC 9293 section 3.8.6), or that end would not look at our ACKs and our RST. Of
 * less than the unit of its windows we do not know: it may be rounded away.
 */
static inline uint32_t leg_number(const struct leg *l)
{
	const uint32_t out = l->snd_max - l->snd_una;

	return likely(out <= l->snd_wnd) || out - l->snd_wnd < 1u << l->wscale
	               ? l->snd_max
	               : l->snd_una + l->snd_wnd;
}

/* segment.c */
/* A segment without payload; false when no buffer or no room. */
bool leg_emit_bare(struct relay *r, enum side side, uint32_t seq, uint8_t flags,
                   struct tcp_env *env);
/* The octets of m, a member of leg.out, as one segment. */
bool leg_emit_segment(struct relay *r, enum side side, struct rte_mbuf *m,
                      struct tcp_env *env);

/* order.c: octets ahead of a gap. */
void segment_trim_front(struct rte_mbuf *m, uint32_t n);
void segment_trim_end(struct rte_mbuf *m, uint32_t keep);
/* Where m overlaps what is stored, it takes the stored text. */
void order_adopt(struct leg *l, struct rte_mbuf *m, struct tcp_env *env);
/* Whether octets that were sent again say something else than leg.in holds. */
bool order_conflicts(const struct leg *l, uint32_t seq, const uint8_t *octets, uint32_t len);
/* Keep m, which lies behind a gap, or free it. */
void order_store(struct leg *l, struct rte_mbuf *m, struct tcp_env *env);
/* Keep the first n segments stored and give up the others: whoever sent them has them
 * (RFC 2018 section 8). */
void order_keep(struct leg *l, uint32_t n, struct tcp_env *env);
/* The first segment behind the run that first, a stored one, begins; NULL = none. */
static inline struct rte_mbuf *order_next_run(struct rte_mbuf *first)
{
	return segment_of(segment_of(first)->run_last)->next;
}
/* Take out the first stored segment that is no longer ahead of rcv_nxt; NULL = none. */
struct rte_mbuf *order_next(struct leg *l);

/* Whether the leg's ACK is a duplicate ACK, or has a D-SACK to say: no segment with payload can
 * be the one (RFC 5681 section 2) or has room for the other. */
static inline bool leg_acks_apart(const struct relay *r, const struct leg *l)
{
	return l->ooo.head != NULL || (r->sack_ok && l->dsack_left != l->dsack_right);
}

/* sack.c: the option for what was stored and what came twice, in at most room octets;
 * octets written, 0 = nothing to say. */
unsigned leg_write_sack(struct leg *l, unsigned room, uint8_t *out);
void leg_note_stored(struct leg *l, uint32_t seq);
void leg_note_duplicate(struct leg *l, uint32_t left, uint32_t right);

#endif
