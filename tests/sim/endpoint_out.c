/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_out: the send half: windows, retransmission, probes, SACK blocks. */
#include "endpoint_priv.h"

#define CWND_MOST 262144u

uint32_t end_window(struct endpoint *e)
{
	const uint32_t shift = e->config.wscale;
	uint64_t room = e->rcv_read + e->config.buffer - e->rcv_nxt;

	if (e->config.shrinks && random_chance(&e->random, 1000))
		room = random_below(&e->random, (uint32_t)room + 1);
	else if (e->rcv_nxt + room < e->edge)
		room = e->edge - e->rcv_nxt; /* what was given is not taken back */
	else if (room < e->peer_mss && e->edge <= e->rcv_nxt)
		room = 0; /* RFC 9293 section 3.8.6.2.2 */
	uint64_t window = room >> shift;
	if (window > 65535)
		window = 65535;
	if (e->rcv_nxt + (window << shift) > e->edge)
		e->edge = e->rcv_nxt + (window << shift);
	e->said_edge = e->rcv_nxt + (window << shift);
	return (uint32_t)window;
}

static bool is_stored(const struct endpoint *e, uint64_t at)
{
	return at > e->rcv_nxt && at < e->rcv_read + e->config.buffer &&
	       e->have[at % e->config.buffer];
}

static void add_block(const struct endpoint *e, struct seg *s, uint64_t left, uint64_t right)
{
	s->sack[s->n_sacks][0] = e->irs + 1 + (uint32_t)left;
	s->sack[s->n_sacks++][1] = e->irs + 1 + (uint32_t)right;
}

/* What came twice (RFC 2883), and the run that was stored into last. */
static uint64_t add_newest(struct endpoint *e, struct seg *s)
{
	uint64_t left = e->newest, right = e->newest;

	if (e->twice[1] != 0)
		add_block(e, s, e->twice[0], e->twice[1]);
	e->twice[1] = 0;
	if (!is_stored(e, left))
		return 0;
	while (is_stored(e, left - 1))
		left--;
	while (is_stored(e, right))
		right++;
	add_block(e, s, left, right);
	return left;
}

/* Runs of stored octets (RFC 2018). */
static void add_sacks(struct endpoint *e, struct seg *s)
{
	const uint64_t room = e->rcv_read + e->config.buffer;
	const uint64_t end = e->stored_to < room ? e->stored_to : room;
	uint64_t at = e->rcv_nxt, newest = 0;

	if (!e->sack_ok)
		return;
	if (e->config.sacks_well)
		newest = add_newest(e, s);
	while (at < end && s->n_sacks < 3) {
		while (at < end && !e->have[at % e->config.buffer])
			at++;
		const uint64_t left = at;
		while (at < end && e->have[at % e->config.buffer])
			at++;
		if (at == left)
			return;
		if (left != newest)
			add_block(e, s, left, at);
	}
}

void end_say(struct endpoint *e, uint64_t offset, uint32_t len, uint8_t flags, uint64_t now)
{
	struct seg s = {
		.seq = e->config.isn + 1 + (uint32_t)offset,
		.flags = flags,
		.ack = e->irs + 1 + (uint32_t)e->rcv_nxt + e->fin_received,
		.window = (uint16_t)end_window(e),
		.payload = len == 0 ? NULL : e->out.at + offset,
		.len = len,
		.has_ts = e->ts_ok,
		.ts_val = end_clock(e, now),
		.ts_ecr = e->ts_recent,
	};

	if (len == 0 && (e->config.sacks_well || random_chance(&e->random, 8000)))
		add_sacks(e, &s);
	e->ack_now = false;
	e->ack_at = 0;
	e->hooks.send(e->hooks.arg, e->end, &s);
}

/* No connection: RFC 9293 section 3.10.7.1. */
void end_refuse(struct endpoint *e, const struct seg *s)
{
	struct seg answer = { .flags = RST };

	if (s->flags & RST)
		return;
	if (s->flags & ACK) {
		answer.seq = s->ack;
	} else {
		answer.flags |= ACK;
		answer.ack = s->seq + s->len + (s->flags & (SYN | FIN) ? 1 : 0);
	}
	e->hooks.send(e->hooks.arg, e->end, &answer);
}

static uint64_t end_of_stream(const struct endpoint *e)
{
	return e->out.len + (e->closing ? 1u : 0u);
}

static void new_ack(struct endpoint *e, uint64_t ack, uint64_t now)
{
	const bool partial = e->dupacks >= 3 && ack < e->recover;

	e->cwnd += ack - e->snd_una;
	if (e->cwnd > CWND_MOST)
		e->cwnd = CWND_MOST;
	e->snd_una = ack;
	if (e->snd_nxt < ack)
		e->snd_nxt = ack;
	e->retries = 0;
	e->rto_us = END_RTO_LEAST + random_below(&e->random, 100000);
	e->rto_at = 0;
	if (ack == e->out.len + 1u)
		e->fin_acked = true;
	if (partial)
		e->snd_nxt = ack;
	else
		e->dupacks = 0;
	if (e->fin_acked && e->fin_received && e->state == END_OPEN) {
		e->state = END_TIME_WAIT;
		e->wait_until = now + END_WAIT;
	}
}

void end_acked(struct endpoint *e, const struct seg *s, bool bare, uint64_t now)
{
	const uint64_t ack = end_offset(s->ack, e->config.isn + 1, e->snd_una);
	const uint32_t window = (uint32_t)s->window << e->peer_wscale;

	if (ack > e->snd_max || ack < e->snd_una)
		return;
	if (ack > e->snd_una) {
		new_ack(e, ack, now);
	} else if (bare && e->snd_max > e->snd_una && window == e->peer_window) {
		if (++e->dupacks == 3) {
			e->recover = e->snd_max;
			e->cwnd =
				e->cwnd / 2 > 2u * e->peer_mss ? e->cwnd / 2 : 2u * e->peer_mss;
			e->snd_nxt = e->snd_una;
		}
	}
	if (e->peer_window == 0 && window != 0) {
		e->rto_at = 0;
		e->rto_us = END_RTO_LEAST;
	}
	if (window == 0) /* alive and full: not a reason to give up */
		e->retries = 0;
	e->peer_window = window;
	e->peer_edge = ack + window;
}

static uint32_t segment_most(struct endpoint *e)
{
	uint32_t most = e->peer_mss < e->config.mss ? e->peer_mss : e->config.mss;

	most -= e->ts_ok ? 12 : 0;
	if (e->config.tiny && !random_chance(&e->random, 500))
		most = random_in(&e->random, 1, most < 12 ? most : 12);
	else if (random_chance(&e->random, 1000))
		most = random_in(&e->random, 1, most);
	return most;
}

static bool send_one(struct endpoint *e, uint64_t now)
{
	const uint64_t limit =
		e->snd_una + e->cwnd < e->peer_edge ? e->snd_una + e->cwnd : e->peer_edge;
	uint64_t n = e->out.len > e->snd_nxt ? e->out.len - e->snd_nxt : 0;
	const uint64_t room = limit > e->snd_nxt ? limit - e->snd_nxt : 0;
	const uint32_t most = segment_most(e);

	if (n > most)
		n = most;
	if (n > room)
		n = room;
	const bool last = e->closing && e->snd_nxt + n == e->out.len;
	/* A FIN needs no window, but not every stack sends it with the last octets. */
	const bool fin = last && (n == 0 || random_chance(&e->random, 5000));
	if (n == 0 && !fin)
		return false;
	end_say(e, e->snd_nxt, (uint32_t)n, (uint8_t)(ACK | (n ? PSH : 0) | (fin ? FIN : 0)),
	        now);
	e->snd_nxt += n + fin;
	e->fin_sent |= fin;
	if (e->snd_nxt > e->snd_max)
		e->snd_max = e->snd_nxt;
	return true;
}

void end_output(struct endpoint *e, uint64_t now)
{
	if (e->state == END_OPEN)
		while (e->snd_nxt < end_of_stream(e) && send_one(e, now))
			;
	if (e->ack_now && (e->state == END_OPEN || e->state == END_TIME_WAIT))
		end_say(e, e->snd_max, 0, ACK, now);
	if (e->fin_acked && e->fin_received && e->state == END_OPEN) {
		e->state = END_TIME_WAIT;
		e->wait_until = now + END_WAIT;
	}
	if (e->state == END_OPEN && e->rto_at == 0 && e->snd_una < end_of_stream(e))
		e->rto_at = now + e->rto_us;
}

void end_expire(struct endpoint *e, uint64_t now)
{
	e->rto_at = 0;
	if (e->state != END_OPEN || e->snd_una >= end_of_stream(e))
		return;
	if (++e->retries > END_RETRIES) {
		e->gave_up = true;
		e->state = END_DEAD;
		return;
	}
	e->rto_us = e->rto_us * 2 < END_RTO_MOST ? e->rto_us * 2 : END_RTO_MOST;
	if (e->peer_edge <= e->snd_una && e->snd_una < e->out.len) { /* the window is closed */
		if (e->config.probes_octet) {
			end_say(e, e->snd_una, 1, ACK | PSH, now);
			if (e->snd_max < e->snd_una + 1)
				e->snd_max = e->snd_una + 1;
			if (e->snd_nxt < e->snd_una + 1)
				e->snd_nxt = e->snd_una + 1;
		} else {
			struct seg s = { .seq = e->config.isn + (uint32_t)e->snd_una,
				         .flags = ACK,
				         .ack = e->irs + 1 + (uint32_t)e->rcv_nxt +
				                e->fin_received,
				         .window = (uint16_t)end_window(e),
				         .has_ts = e->ts_ok,
				         .ts_val = end_clock(e, now),
				         .ts_ecr = e->ts_recent };
			e->hooks.send(e->hooks.arg, e->end, &s);
			e->snd_nxt = e->snd_una;
		}
	} else {
		e->snd_nxt = e->snd_una;
		e->cwnd = e->config.mss;
		e->dupacks = 0;
	}
}
