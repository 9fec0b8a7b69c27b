/* SPDX-License-Identifier: Apache-2.0 */
#include "embryo.h"

#include <string.h>

#include "relay_priv.h"

/* RFC 9293 section 3.7.1 and RFC 8200 section 8.3: what an end that says no MSS takes. */
#define MSS_DEFAULT_V4 536u
#define MSS_DEFAULT_V6 1220u

void embryo_join(struct embryo_list *list, struct embryo *e)
{
	e->older = list->newest;
	e->newer = NULL;
	if (list->newest != NULL)
		list->newest->newer = e;
	else
		list->oldest = e;
	list->newest = e;
}

void embryo_leave(struct embryo_list *list, struct embryo *e)
{
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		list->oldest = e->newer;
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		list->newest = e->older;
}

static uint8_t *octets_at(const struct packet *p, uint16_t offset)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, offset);
}

static void store16(uint8_t *at, uint16_t value) { memcpy(at, &value, sizeof(value)); }

/* The octets of a Fast Open SYN (RFC 7413): the end sends them again behind the handshake,
 * since the SYN,ACK does not cover them. */
static void cut_text(const struct packet *p)
{
	uint8_t *ip = octets_at(p, p->l3_off);
	const uint16_t end = p->payload_off;

	p->mbuf->data_len = end;
	p->mbuf->pkt_len = end;
	if (p->key.ip_version == 6) {
		store16(ip + 4, rte_cpu_to_be_16((uint16_t)(end - p->l3_off - 40)));
		return;
	}
	store16(ip + 2, rte_cpu_to_be_16((uint16_t)(end - p->l3_off)));
	store16(ip + 10, 0);
	store16(ip + 10, (uint16_t)~checksum_fold(checksum_add(ip, (ip[0] & 15u) * 4u, 0)));
}

/* The largest segment that both ports carry in one packet (RFC 9293 section 3.7.1). */
static uint16_t mss_carried(const struct embryo *e, const struct tcp_env *env)
{
	const uint32_t headers = e->head.key.ip_version == 4 ? 40 : 60;
	const struct tcp_tx *tx = &env->tx[e->head.key.link * 2u];
	const uint32_t mtu = min_u32(tx[SIDE_ESME].mtu, tx[SIDE_SMSC].mtu);

	return (uint16_t)(mtu > headers + MSS_LEAST ? mtu - headers : MSS_LEAST);
}

/* A SYN as it goes on: what changed is counted, and the checksum is made anew. */
static void settle(const struct embryo *e, const struct packet *p, struct tcp_env *env)
{
	uint8_t *tcp = octets_at(p, p->l4_off), *options = tcp + 20;
	const uint32_t tcp_len = 20u + p->options_len;

	tcp_count(env, COUNTER_SYN_OPTIONS, options_strip(options, p->options_len) != 0);
	tcp_count(env, COUNTER_SYN_MSS,
	          options_limit_mss(options, p->options_len, mss_carried(e, env)));
	if (p->payload_len != 0) {
		cut_text(p);
		tcp_count(env, COUNTER_SYN_TEXT, 1);
	}
	tcp[13] &= TCP_SYN | TCP_ACK; /* no urgent octets, no ECN (header.h says why) */
	tcp[12] &= 0xf0;
	memset(tcp + 16, 0, 4);
	store16(tcp + 16,
	        (uint16_t)~checksum_fold(checksum_add(
			tcp, tcp_len,
			checksum_pseudo(octets_at(p, p->l3_off), p->key.ip_version, tcp_len))));
}

/* What the SYN of this side, settled, tells of its end. */
static void learn(struct embryo *e, const struct packet *p)
{
	struct offer *o = &e->offer[p->side];
	struct tcp_options options;

	options_read(&options, octets_at(p, (uint16_t)(p->l4_off + 20)), p->options_len);
	*o = (struct offer){
		.next = p->seq + 1,
		.ts_val = options.ts_val,
		.mss = options.mss != 0              ? options.mss
		       : e->head.key.ip_version == 4 ? MSS_DEFAULT_V4
		                                     : MSS_DEFAULT_V6,
		.window = p->window,
		.wscale = options.wscale,
		.has_wscale = options.has_wscale,
		.has_ts = options.has_ts,
		.sack_ok = options.sack_ok,
	};
	if (o->mss < MSS_LEAST)
		o->mss = MSS_LEAST;
}

static void pass(const struct embryo *e, const struct packet *p, struct tcp_env *env)
{
	tcp_forward(env, e->head.key.link, side_other(p->side), p->mbuf);
}

void embryo_open(struct embryo *e, const struct packet *syn, struct tcp_env *env)
{
	e->initiator = syn->side;
	e->since_us = env->now_us;
	settle(e, syn, env);
	learn(e, syn);
	pass(e, syn, env);
}

/* From the end that began. */
static enum embryo_fate from_initiator(struct embryo *e, const struct packet *p,
                                       struct tcp_env *env)
{
	const uint8_t flags = p->flags & (TCP_SYN | TCP_ACK | TCP_RST);
	const struct offer *peer = &e->offer[side_other(p->side)];

	if (flags == TCP_SYN) {
		/* Again, or anew from the same port (RFC 9293 section 3.5: old duplicates are
		 * for the ends to tell apart). */
		e->asked_again = e->answered;
		if (e->answered && p->seq + 1 != e->offer[p->side].next)
			e->answered = false;
		settle(e, p, env);
		if (!e->answered)
			learn(e, p);
		pass(e, p, env);
		return EMBRYO_WAITS;
	}
	if (flags & TCP_RST) {
		/* Of the attempt, or of the half-open connection that answered it (RFC 9293
		 * section 3.5.1): then the attempt goes on. */
		const bool odd = e->odd && p->seq == e->odd_ack;
		if (!odd && p->seq != e->offer[p->side].next) {
			rte_pktmbuf_free(p->mbuf);
			return EMBRYO_WAITS;
		}
		pass(e, p, env);
		return odd ? EMBRYO_WAITS : EMBRYO_OVER;
	}
	if (e->answered && flags == TCP_ACK && p->seq == e->offer[p->side].next &&
	    p->ack == peer->next)
		return EMBRYO_OPENS;
	rte_pktmbuf_free(p->mbuf);
	return EMBRYO_WAITS;
}

/* From the end that answers. */
static enum embryo_fate from_responder(struct embryo *e, const struct packet *p,
                                       struct tcp_env *env)
{
	const uint8_t flags = p->flags & (TCP_SYN | TCP_ACK | TCP_RST);
	const uint32_t expected = e->offer[e->initiator].next;
	const bool same = e->answered && p->seq + 1 == e->offer[p->side].next;

	/* Asked again, it may not know its first answer any more (RFC 4987 section 3.6). */
	if (flags == (TCP_SYN | TCP_ACK) && p->ack == expected &&
	    (!e->answered || e->asked_again || same)) {
		settle(e, p, env);
		if (!same) {
			learn(e, p);
			header_capture(&e->to_initiator, p);
		}
		e->answered = true;
		e->asked_again = false;
		pass(e, p, env);
		return EMBRYO_WAITS;
	}
	/* RFC 9293 section 3.10.7.3: believable is a RST that acknowledges the SYN. */
	if (flags & TCP_RST && flags & TCP_ACK && p->ack == expected) {
		pass(e, p, env);
		return EMBRYO_OVER;
	}
	/* A connection of another life on the same ports challenges the SYN. */
	if (flags == TCP_ACK && !e->answered && p->payload_len == 0) {
		e->odd = true;
		e->odd_ack = p->ack;
		pass(e, p, env);
		return EMBRYO_WAITS;
	}
	rte_pktmbuf_free(p->mbuf);
	return EMBRYO_WAITS;
}

enum embryo_fate embryo_input(struct embryo *e, const struct packet *p, struct tcp_env *env)
{
	return p->side == e->initiator ? from_initiator(e, p, env) : from_responder(e, p, env);
}
