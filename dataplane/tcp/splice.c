/* SPDX-License-Identifier: Apache-2.0 */
/*
 * splice: the way of nearly every segment, from one leg to the other in one go.
 *
 * A segment whose octets all pass, on a way where nothing waits, is lost or is held up by a
 * window, leaves as it came: in its buffer, cut where its sender cut it. What relay_pass()
 * and leg_output() would have done with it is done here without asking what cannot be. All
 * else takes their way, and so does this segment when it must be sent again.
 *
 * The buffer is the leg's until its octets are acknowledged, and has one reference more
 * while the port holds it. Headers are written here before the port has it, and never again
 * while it does (leg_emit_segment() then sends a copy).
 */
#include "header_render.h"
#include "relay_priv.h"

/* Whether leg_output() would send len octets more at once, and nothing but them. */
static inline bool sends_at_once(const struct relay *r, const struct leg *o, uint32_t len,
                                 uint32_t now_ms)
{
	const uint32_t out = o->snd_max - o->snd_una;

	if (o->next != NULL || o->fin_queued || o->sending != SENDING_OPEN || o->modelled ||
	    o->probing || o->urgent || o->override || o->retries != 0 ||
	    (o->board.sacked | o->board.lost | o->board.left) != 0)
		return false;
	if (len > o->mss || out + len > o->snd_wnd || (o->ack_now && leg_acks_apart(r, o)))
		return false;
	return out == 0 ? (now_ms - o->sent_ms) * 1000ull <= o->rtt.rto_us
	                : out + len <= o->cwnd;
}

/* Whether its octets may get headers where they are. */
static inline bool is_ready(struct rte_mbuf *m)
{
	const struct segment *s = segment_of(m);

	return s->flags == SEGMENT_SUM && s->sent == 0 && s->off >= FRAME_HEADER_MAX &&
	       rte_mbuf_refcnt_read(m) == 1;
}

/* The next octets of o, the leg to side, are in m: its headers, and a reference to the port. */
static __rte_always_inline void emit(struct relay *r, enum side side, struct leg *o,
                                     struct rte_mbuf *m, struct tcp_tx *tx,
                                     struct tcp_env *env)
{
	const struct segment *s = segment_of(m);
	const bool to_esme = side == SIDE_ESME;
	uint8_t options[OPTIONS_TS_OCTETS];
	const struct header_fields fields = {
		.src_port = to_esme ? r->head.key.smsc_port : r->head.key.esme_port,
		.dst_port = to_esme ? r->head.key.esme_port : r->head.key.smsc_port,
		.window = leg_advertise(r, side, env),
		.ip_id = o->ip_id++,
		.seq = o->snd_max,
		.ack = o->rcv_nxt,
		.payload_sum = s->sum,
		.flags = TCP_ACK | TCP_PSH,
		.options_len = r->ts_ok ? OPTIONS_TS_OCTETS : 0,
		.options = options,
	};
	const uint32_t headers = header_len(&o->header, fields.options_len);

	if (r->ts_ok)
		(void)options_write_ts(options, leg_across(r, o)->ts_newest, o->ts_recent);
	m->data_off = (uint16_t)(s->off - headers);
	m->data_len = (uint16_t)(s->len + headers);
	m->pkt_len = m->data_len;
	header_put(&o->header, &fields, s->len, tx->offload, rte_pktmbuf_mtod(m, uint8_t *));
	header_tell(&o->header, fields.options_len, tx->offload, m);
	rte_mbuf_refcnt_set(m, 2);
	tx->mbufs[tx->n++] = m;
}

/* It is the leg's, and out. What it carried was the ACK of all that came from there. */
static inline void note_sent(struct leg *o, struct rte_mbuf *m, uint32_t now_ms,
                             const struct tcp_env *env)
{
	struct segment *s = segment_of(m);

	s->seq = o->snd_max;
	s->sent = 1;
	s->sent_us = env->now_us;
	chain_append(&o->out, m);
	o->snd_max += s->len;
	o->sent_ms = now_ms;
	if (o->loss_is_probe)
		o->loss_at = 0;
	o->ack_now = false;
	o->ack_at = 0;
	o->rcv_acked = o->rcv_nxt;
}

bool splice_pass(struct relay *r, enum side from, uint32_t octets, struct tcp_env *env)
{
	const enum side to = side_other(from);
	struct leg *l = settled(&r->leg[from]), *o = leg_across(r, l);
	struct tcp_tx *tx = tcp_tx_of(env, r->head.key.link, to);
	const uint32_t now_ms = (uint32_t)(env->now_us / 1000);
	struct rte_mbuf *m = l->in.head;

	if (octets != l->in.octets || m != l->in.tail || !sends_at_once(r, o, octets, now_ms) ||
	    !is_ready(m) || tx->n == TCP_TX_MAX)
		return false;
	l->in = (struct chain){ .head = NULL };
	emit(r, to, o, m, tx, env);
	note_sent(o, m, now_ms, env);
	return true;
}
