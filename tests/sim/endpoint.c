/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint: opening, closing and the clock. */
#include "endpoint.h"

#include "endpoint_priv.h"

void end_open(struct endpoint *e, int end, const struct end_config *config,
              struct end_hooks hooks, struct random random)
{
	*e = (struct endpoint){
		.config = *config,
		.hooks = hooks,
		.random = random,
		.end = end,
		.state = END_LISTEN,
		.rto_us = END_RTO_FIRST,
		.cwnd = 10u * config->mss,
		.edge = config->buffer < 65535 ? config->buffer : 65535,
		.peer_mss = 536,
	};
	e->ring = calloc(1, config->buffer);
	e->have = calloc(1, config->buffer);
	if (e->ring == NULL || e->have == NULL)
		abort();
}

void end_free(struct endpoint *e)
{
	octets_free(&e->out);
	free(e->ring);
	free(e->have);
}

static void send_syn(struct endpoint *e, uint64_t now)
{
	const struct end_config *c = &e->config;
	const bool answer = e->state == END_SYN_RECEIVED;
	struct seg s = {
		.seq = c->isn,
		.ack = answer ? e->irs + 1 : 0,
		.flags = (uint8_t)(SYN | (answer ? ACK : 0)),
		.mss = c->mss,
		.window = (uint16_t)(c->buffer < 65535 ? c->buffer : 65535),
		.has_ts = answer ? e->ts_ok : c->offer_ts,
		.ts_val = end_clock(e, now),
		.ts_ecr = e->ts_recent,
		.has_wscale = c->offer_wscale,
		.wscale = c->wscale,
		.sack_ok = answer ? e->sack_ok : c->offer_sack,
	};

	e->rto_at = now + e->rto_us;
	e->hooks.send(e->hooks.arg, e->end, &s);
}

void end_connect(struct endpoint *e, uint64_t now)
{
	e->state = END_SYN_SENT;
	send_syn(e, now);
}

/* What a SYN says of its sender (RFC 9293 section 3.7.1, RFC 7323 sections 2 and 3). */
static void learn(struct endpoint *e, const struct seg *s)
{
	e->irs = s->seq;
	e->ts_recent = s->ts_val;
	e->ts_ok = e->config.offer_ts && s->has_ts;
	e->sack_ok = e->config.offer_sack && s->sack_ok;
	e->peer_mss = s->mss != 0 ? s->mss : 536;
	e->config.offer_wscale = e->config.offer_wscale && s->has_wscale;
	e->peer_wscale = e->config.offer_wscale ? s->wscale : 0;
	if (!e->config.offer_wscale)
		e->config.wscale = 0;
	e->peer_window = s->window;
	e->peer_edge = s->window;
}

static void establish(struct endpoint *e, uint64_t now)
{
	e->state = END_OPEN;
	e->retries = 0;
	e->rto_at = 0;
	e->rto_us = END_RTO_FIRST;
	if (e->config.read_every_us != 0)
		e->read_at = now + e->config.read_every_us;
}

/* SYN_SENT and SYN_RECEIVED; whether the segment is to be looked at as one of OPEN. */
static bool handshake(struct endpoint *e, const struct seg *s, uint64_t now)
{
	if (e->state == END_SYN_SENT) {
		if (s->flags & RST && s->flags & ACK && s->ack == e->config.isn + 1) {
			e->got_rst = true;
			e->state = END_CLOSED;
		} else if ((s->flags & (SYN | ACK | RST)) == (SYN | ACK) &&
		           s->ack == e->config.isn + 1) {
			learn(e, s);
			establish(e, now);
			e->ack_now = true;
		}
		return false;
	}
	if (s->flags & SYN) {
		if (s->seq == e->irs && !(s->flags & ACK))
			send_syn(e, now);
		return false;
	}
	if (s->flags & ACK && s->ack == e->config.isn + 1 && !(s->flags & RST) &&
	    s->seq - (e->irs + 1) <= e->edge)
		establish(e, now);
	return e->state == END_OPEN || s->flags & RST;
}

void end_receive(struct endpoint *e, const struct seg *s, uint64_t now)
{
	switch (e->state) {
	case END_LISTEN:
		if ((s->flags & (SYN | ACK | RST)) == SYN) {
			learn(e, s);
			e->state = END_SYN_RECEIVED;
			send_syn(e, now);
		} else {
			end_refuse(e, s);
		}
		return;
	case END_SYN_SENT:
	case END_SYN_RECEIVED:
		if (handshake(e, s, now))
			end_segment(e, s, now);
		end_output(e, now);
		return;
	case END_OPEN:
	case END_TIME_WAIT:
		end_segment(e, s, now);
		end_output(e, now);
		return;
	case END_CLOSED:
		end_refuse(e, s);
		return;
	case END_DEAD:
		return;
	}
}

void end_write(struct endpoint *e, const uint8_t *octets, uint32_t n)
{
	octets_append(&e->out, octets, n);
}

void end_close(struct endpoint *e) { e->closing = true; }

void end_die(struct endpoint *e) { e->state = END_DEAD; }

void end_abort(struct endpoint *e)
{
	struct seg s = { .seq = e->config.isn + 1 + (uint32_t)(e->snd_max),
		         .flags = RST | ACK,
		         .ack = e->irs + 1 + (uint32_t)e->rcv_nxt };

	if (e->config.last_words) {
		s.payload = (const uint8_t *)"killed";
		s.len = 6;
	}
	if (e->config.resets_at_fin && e->fin_sent && !e->fin_acked)
		s.seq--;
	if (e->state == END_OPEN)
		e->hooks.send(e->hooks.arg, e->end, &s);
	e->state = END_CLOSED;
}

static uint64_t sooner(uint64_t a, uint64_t b) { return b != 0 && b < a ? b : a; }

uint64_t end_deadline(const struct endpoint *e)
{
	if (e->state == END_LISTEN || e->state == END_CLOSED || e->state == END_DEAD)
		return UINT64_MAX;
	uint64_t at = sooner(UINT64_MAX, e->rto_at);
	at = sooner(at, e->ack_at);
	at = sooner(at, e->wait_until);
	return sooner(at, e->read_at);
}

void end_timer(struct endpoint *e, uint64_t now)
{
	if (end_deadline(e) > now)
		return;
	if (e->wait_until != 0 && now >= e->wait_until) {
		e->config.read_every_us = 0;
		end_deliver(e, now); /* the application reads the rest */
		e->state = END_DEAD; /* and the connection is forgotten */
		return;
	}
	if (e->read_at != 0 && now >= e->read_at)
		end_deliver(e, now);
	if (e->ack_at != 0 && now >= e->ack_at) {
		e->ack_at = 0;
		e->ack_now = true;
	}
	if (e->rto_at != 0 && now >= e->rto_at) {
		if (e->state == END_OPEN || e->state == END_TIME_WAIT) {
			end_expire(e, now);
		} else if (++e->retries > END_RETRIES) {
			e->gave_up = true;
			e->state = END_DEAD;
		} else {
			e->rto_us = e->rto_us * 2 < END_RTO_MOST ? e->rto_us * 2 : END_RTO_MOST;
			send_syn(e, now);
		}
	}
	end_output(e, now);
}

bool end_is_over(const struct endpoint *e)
{
	return e->state == END_CLOSED || e->state == END_DEAD;
}
