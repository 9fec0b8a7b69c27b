/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay: the life of a connection behind its handshake (embryo.c): two endpoints, end in
 * order or by RST, a while of lingering.
 */
#include "relay.h"

#include "embryo.h"
#include "relay_priv.h"

void tcp_forward(struct tcp_env *env, uint16_t link, enum side side, struct rte_mbuf *m)
{
	struct tcp_tx *tx = tcp_tx_of(env, link, side);

	if (tx->n == TCP_TX_MAX) {
		tcp_count(env, COUNTER_TX_FULL, 1);
		rte_pktmbuf_free(m);
		return;
	}
	/* What it said of reception; its checksums are right as they are. */
	m->ol_flags &= FRAME_OWNER_FLAGS;
	tx->mbufs[tx->n++] = m;
}

static bool shut_by_us(const struct relay *r) { return r->leg[0].discard; }

static void enter(struct relay *r, enum relay_state state, const struct tcp_env *env)
{
	r->state = state;
	r->state_us = env->now_us;
	if (state != RELAY_OPEN) {
		congestion_close(&r->leg[SIDE_ESME]);
		congestion_close(&r->leg[SIDE_SMSC]);
	}
}

/* What a leg knows from the SYN of its end; the other leg sends as that end does, from the
 * same initial sequence number. */
static void begin_leg(struct relay *r, const struct embryo *e, enum side side)
{
	const struct offer *offer = &e->offer[side];
	struct leg *l = &r->leg[side], *o = &r->leg[side_other(side)];

	l->irs = offer->next - 1;
	l->rcv_nxt = l->rcv_acked = offer->next;
	l->ts_recent = l->ts_newest = offer->ts_val;
	l->snd_wnd = l->max_wnd = offer->window;
	l->mss = (uint16_t)(offer->mss - (r->ts_ok ? OPTIONS_TS_OCTETS : 0));
	l->wscale =
		offer->has_wscale && e->offer[side_other(side)].has_wscale ? offer->wscale : 0;
	l->snd_wl1 = l->rcv_nxt - 1;
	o->snd_una = o->snd_max = o->sized_una = offer->next;
	o->snd_wl2 = o->snd_una;
	/* The other end may send what this one's SYN offered. */
	o->rcv_adv = e->offer[side_other(side)].next + offer->window;
}

/* The send half begins. */
static void leg_sends_from(struct leg *l)
{
	l->recover = l->snd_una - 1;
	congestion_open(l);
	rtt_open(&l->rtt);
	rack_open(&l->rack, l->snd_una);
}

void relay_open(struct relay *r, const struct embryo *e, const struct packet *ack,
                struct tcp_env *env)
{
	const enum side first = e->initiator;

	r->initiator = first & 1;
	r->touched_us = env->now_us;
	/* RFC 7323 section 3.2 and RFC 2018 section 2: in use when both ends offered it. */
	r->ts_ok = e->offer[0].has_ts && e->offer[1].has_ts;
	r->sack_ok = e->offer[0].sack_ok && e->offer[1].sack_ok;
	begin_leg(r, e, SIDE_ESME);
	begin_leg(r, e, SIDE_SMSC);
	leg_sends_from(&r->leg[SIDE_ESME]);
	leg_sends_from(&r->leg[SIDE_SMSC]);
	r->leg[first].header = e->to_initiator;
	header_capture(&r->leg[side_other(first)].header, ack);
	/* The ACK that completes the responder's handshake is ours. */
	r->leg[side_other(first)].ack_now = true;
	enter(r, RELAY_OPEN, env);
	r->established = true;
	tcp_count(env, COUNTER_FLOWS_OPENED, 1);
	leg_receive(r, ack->side, ack, env);
}

bool relay_restarts(const struct relay *r, const struct packet *p)
{
	if ((p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	/* A late copy of its own SYN is not a new life. */
	return r->state == RELAY_DEAD ||
	       (r->state == RELAY_LINGER &&
	        (p->side != r->initiator || p->seq != r->leg[p->side].irs));
}

/* Both ends have closed; late segments get the ACK they may have missed. */
static void linger(struct relay *r, const struct packet *p, struct tcp_env *env)
{
	if (p->flags & TCP_RST) {
		if (p->seq == r->leg[p->side].rcv_nxt) /* RFC 5961 section 3.2 */
			r->state = RELAY_DEAD;
	} else if (p->payload_len != 0 || p->flags & TCP_FIN) {
		/* RFC 9293 section 3.10.7.4, eighth check; not for anybody's segment. */
		if (p->flags & TCP_FIN &&
		    p->seq + p->payload_len + 1 == r->leg[p->side].rcv_nxt)
			r->state_us = env->now_us;
		(void)leg_emit_bare(r, p->side, r->leg[p->side].snd_max, TCP_ACK, env);
	}
	rte_pktmbuf_free(p->mbuf);
}

void relay_input(struct relay *r, const struct packet *p, struct tcp_env *env)
{
	switch (r->state) {
	case RELAY_OPEN:
		leg_receive(r, p->side, p, env);
		return;
	case RELAY_LINGER:
		linger(r, p, env);
		return;
	case RELAY_DEAD:
		rte_pktmbuf_free(p->mbuf);
		return;
	}
}

int relay_pass(struct relay *r, enum side from, uint32_t octets, struct tcp_env *env)
{
	if (likely(splice_pass(r, from, octets, env)))
		return 0;
	struct leg *l = &r->leg[from], *o = &r->leg[side_other(from)];
	struct rte_mbuf *tail = o->out.tail;

	if (o->fin_queued) { /* we have shut this direction: nothing may follow a FIN */
		chain_drop(&l->in, octets);
		return 0;
	}
	const int result = chain_move(&o->out, &l->in, octets, env->pool);
	if (result != 0) {
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		return result;
	}
	/* While it waits, a segment that a PDU's end had cut is made whole again: full ones go,
	 * as its sender meant, and take one buffer. */
	if (unlikely(o->next != NULL))
		chain_heal(&o->out, tail, o->mss);
	leg_queued(o, tail);
	return 0;
}

void relay_cut(struct relay *r, enum side from, uint32_t octets)
{
	chain_drop(&r->leg[from].in, octets);
}

int relay_insert(struct relay *r, enum side to, const uint8_t *octets, uint32_t n,
                 struct tcp_env *env)
{
	struct leg *l = &r->leg[to];
	struct rte_mbuf *tail = l->out.tail;

	if (relay_has_closed(r, to))
		return 0;
	const int result = chain_write(&l->out, octets, n, env->pool);
	if (result != 0) {
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		return result;
	}
	leg_queued(l, tail);
	return 0;
}

void relay_finish(struct relay *r, enum side from, struct tcp_env *env)
{
	struct leg *l = &r->leg[from], *o = &r->leg[side_other(from)];

	if (!l->fin_received || o->fin_queued)
		return;
	tcp_count(env, COUNTER_HELD_AT_CLOSE, l->in.octets);
	chain_drop(&l->in, l->in.octets);
	o->fin_queued = true;
}

void relay_shut(struct relay *r, struct tcp_env *env)
{
	for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
		struct leg *l = &r->leg[side];
		tcp_count(env, COUNTER_HELD_AT_CLOSE, l->in.octets);
		chain_drop(&l->in, l->in.octets);
		chain_drop(&l->ooo, l->ooo.octets);
		l->discard = true;
		l->fin_queued = true;
	}
	r->state_us = env->now_us;
}

void relay_abort(struct relay *r, struct tcp_env *env)
{
	for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
		(void)leg_emit_bare(r, side, leg_number(&r->leg[side]), TCP_RST | TCP_ACK, env);
		tcp_count(env, COUNTER_HELD_AT_CLOSE, r->leg[side].in.octets);
	}
	tcp_count(env, COUNTER_FLOWS_RESET, !shut_by_us(r)); /* who did that counted it */
	r->state = RELAY_DEAD;
}

/* What came from this side is what the other one has been given and has acknowledged. */
static bool leg_in_step(const struct leg *from, const struct leg *to)
{
	return from->in.octets == 0 && from->ooo.octets == 0 && leg_unacked(from) == 0 &&
	       !from->ack_now && !from->fin_seen && to->out.octets == 0 && !to->fin_queued &&
	       to->snd_una == to->snd_max && from->rcv_nxt == to->snd_una;
}

bool relay_in_step(const struct relay *r)
{
	return r->state == RELAY_OPEN && !r->leg[0].discard &&
	       leg_in_step(&r->leg[0], &r->leg[1]) && leg_in_step(&r->leg[1], &r->leg[0]);
}

static bool ended(const struct relay *r)
{
	return r->leg[0].fin_received && r->leg[0].fin_acked && r->leg[1].fin_received &&
	       r->leg[1].fin_acked;
}

/* An end that resets may have closed with answers unread, right behind its last messages: as
 * much of them as can be sent now goes first, as it would without us. */
static void pass_reset(struct relay *r, struct tcp_env *env)
{
	const enum side to = (enum side)(r->reset_to - 1);

	(void)leg_output(r, to, env);
	(void)leg_emit_bare(r, to, leg_number(&r->leg[to]), TCP_RST | TCP_ACK, env);
	tcp_count(env, COUNTER_HELD_AT_CLOSE, r->leg[0].in.octets + r->leg[1].in.octets);
	r->state = RELAY_DEAD;
}

bool relay_output(struct relay *r, struct tcp_env *env)
{
	if (r->state != RELAY_OPEN)
		return false;
	if (unlikely(r->reset_to != 0)) {
		pass_reset(r, env);
		return false;
	}
	bool again = leg_output(r, SIDE_ESME, env);
	again |= leg_output(r, SIDE_SMSC, env);
	if (ended(r) && !r->leg[0].ack_now && !r->leg[1].ack_now) {
		enter(r, RELAY_LINGER, env);
		return false;
	}
	return again;
}

/* 0 is none: less 1, it is the latest of all. */
static uint64_t sooner(uint64_t a, uint64_t b) { return b - 1 < a - 1 ? b : a; }

uint64_t relay_deadline(const struct relay *r, const struct tcp_config *config)
{
	switch (r->state) {
	case RELAY_LINGER:
		return r->state_us + config->linger_us;
	case RELAY_DEAD:
		return 1;
	case RELAY_OPEN:
		break;
	}
	uint64_t at = shut_by_us(r) ? r->state_us + config->linger_us
	                            : r->touched_us + config->idle_us;
	for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
		at = sooner(at, r->leg[side].rto_at);
		at = sooner(at, r->leg[side].loss_at);
		at = sooner(at, r->leg[side].ack_at);
		if (r->leg[side].paced)
			at = sooner(at, pace_next_us(leg_next_ns(&r->leg[side])));
	}
	return at;
}

static void open_timer(struct relay *r, struct tcp_env *env)
{
	const uint64_t now = env->now_us;

	if (shut_by_us(r) ? now >= r->state_us + env->config->linger_us
	                  : now >= r->touched_us + env->config->idle_us) {
		relay_abort(r, env);
		return;
	}
	for (enum side side = SIDE_ESME; side <= SIDE_SMSC && r->state == RELAY_OPEN; side++) {
		struct leg *l = &r->leg[side];
		if (l->ack_at != 0 && now >= l->ack_at) {
			l->ack_at = 0;
			l->ack_now = true;
		}
		if (l->loss_at != 0 && now >= l->loss_at)
			leg_loss_timer(r, side, env);
		if (l->rto_at != 0 && now >= l->rto_at)
			leg_timeout(r, side, env);
	}
	if (unlikely((r->leg[SIDE_ESME].mss_most | r->leg[SIDE_SMSC].mss_most) != 0))
		relay_raise_mtu(r, env);
}

void relay_timer(struct relay *r, struct tcp_env *env)
{
	switch (r->state) {
	case RELAY_LINGER:
		if (env->now_us >= r->state_us + env->config->linger_us)
			r->state = RELAY_DEAD;
		return;
	case RELAY_OPEN:
		open_timer(r, env);
		return;
	case RELAY_DEAD:
		return;
	}
}

void relay_release(struct relay *r)
{
	for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
		struct leg *l = &r->leg[side];
		chain_drop(&l->in, l->in.octets);
		chain_drop(&l->ooo, l->ooo.octets);
		chain_drop(&l->out, l->out.octets);
		l->next = NULL;
		congestion_close(l);
	}
}

/* One RST towards side, as a frame of its own. */
static void send_reset(const struct packet *p, enum side side,
                       const struct header_template *header, const struct header_fields *fields,
                       struct tcp_env *env)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(env->pool);

	if (m == NULL) {
		tcp_count(env, COUNTER_POOL_EMPTY, 1);
		return;
	}
	struct tcp_tx *tx = tcp_tx_of(env, p->key.link, side);
	if (tx->n == TCP_TX_MAX || header_write(header, fields, tx->offload, m) != 0)
		rte_pktmbuf_free(m);
	else
		tx->mbufs[tx->n++] = m;
}

/* On to the other end, in the sender's name: at the sender's next number. */
static void refuse_other(const struct packet *p, const struct header_template *header,
                         struct header_fields fields, struct tcp_env *env)
{
	send_reset(p, side_other(p->side), header, &fields, env);
	if (p->flags & TCP_RST)
		return;
	/* If that number is not its next one, an ACK far from it draws the right one
	 * (RFC 9293 section 3.10.7.4, first check), and we answer that exactly. */
	fields.flags = TCP_ACK;
	send_reset(p, side_other(p->side), header, &fields, env);
}

void relay_refuse(const struct packet *p, struct tcp_env *env)
{
	const bool from_esme = p->side == SIDE_ESME, resets = p->flags & TCP_RST;
	const uint16_t here = from_esme ? p->key.esme_port : p->key.smsc_port;
	const uint16_t there = from_esme ? p->key.smsc_port : p->key.esme_port;
	const uint32_t end =
		p->seq + p->payload_len + (p->flags & (TCP_SYN | TCP_FIN) ? 1u : 0u);
	const uint8_t flags = TCP_RST | (resets ? p->flags & TCP_ACK : TCP_ACK);
	struct header_template header;

	header_capture(&header, p);
	/* Who calls, and gave way in a flood, calls again: a RST would refuse him. */
	if (!(p->flags & TCP_SYN))
		refuse_other(p, &header,
		             (struct header_fields){ .src_port = here,
		                                     .dst_port = there,
		                                     .seq = p->seq,
		                                     .ack = p->ack,
		                                     .flags = flags },
		             env);
	if (!resets) {
		/* Back to the sender (RFC 9293 section 3.10.7.1). */
		header_reverse(&header);
		send_reset(p, p->side, &header,
		           p->flags & TCP_ACK
		                   ? &(struct header_fields){ .src_port = there,
		                                              .dst_port = here,
		                                              .seq = p->ack,
		                                              .flags = TCP_RST }
		                   : &(struct header_fields){ .src_port = there,
		                                              .dst_port = here,
		                                              .ack = end,
		                                              .flags = TCP_RST | TCP_ACK },
		           env);
	}
	rte_pktmbuf_free(p->mbuf);
}
