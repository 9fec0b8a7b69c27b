/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment: the segments that a leg sends, with payload in the buffer it came in and
 * without, and the window they advertise.
 */
#include <string.h>

#include "relay_priv.h"

static unsigned write_options(struct relay *r, enum side side, bool sack, uint8_t *out)
{
	struct leg *l = &r->leg[side];
	unsigned n = 0;

	if (r->ts_ok) /* each end sees the other's own clock, RFC 7323 section 3.2 */
		n = options_write_ts(out, r->leg[side_other(side)].ts_newest, l->ts_recent);
	if (sack && r->sack_ok && leg_acks_apart(r, l))
		n += leg_write_sack(l, HEADER_OPTIONS_MAX - n, out + n);
	return n;
}

/*
 * Send m, whose payload is payload_len octets at off in its buffer (0 = none), in
 * the buffer it lies in. One reference goes to the port. False: no room, m untouched.
 */
static __rte_always_inline bool emit(struct relay *r, enum side side, struct rte_mbuf *m,
                                     uint32_t seq, uint16_t sum, uint8_t flags,
                                     struct tcp_env *env)
{
	struct leg *l = &r->leg[side];
	struct tcp_tx *tx = tcp_tx_of(env, r->head.key.link, side);
	const bool to_esme = side == SIDE_ESME, bare = m->pkt_len == 0;
	uint8_t options[HEADER_OPTIONS_MAX];

	if (tx->n == TCP_TX_MAX)
		return false;
	const struct header_fields fields = {
		.src_port = to_esme ? r->head.key.smsc_port : r->head.key.esme_port,
		.dst_port = to_esme ? r->head.key.esme_port : r->head.key.smsc_port,
		.window = leg_advertise(r, side, env),
		.ip_id = l->ip_id++,
		.seq = seq,
		.ack = l->rcv_nxt,
		.payload_sum = sum,
		.flags = flags,
		.options_len = (uint8_t)write_options(r, side, bare, options),
		.options = options,
	};
	if (header_write(&l->header, &fields, tx->offload, m) != 0)
		return false;
	tx->mbufs[tx->n++] = m;
	/* Octets that go out hide no gap: its ACK follows them (RFC 2018 section 4). */
	l->ack_now = l->ack_now && !bare && leg_acks_apart(r, l);
	l->rcv_acked = l->rcv_nxt;
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
bool leg_emit_segment(struct relay *r, enum side side, struct rte_mbuf *m, struct tcp_env *env)
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
