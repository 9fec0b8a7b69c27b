/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_in: the receive half (RFC 9293 section 3.10.7.4). */
#include "endpoint_priv.h"

/* In-order octets to the application, as many as it reads now. */
void end_deliver(struct endpoint *e, uint64_t now)
{
	const struct end_config *c = &e->config;
	uint64_t n = e->rcv_nxt - e->rcv_read;

	if (c->read_every_us != 0) {
		if (e->read_at == 0 || now < e->read_at)
			return;
		if (n > c->read_octets)
			n = c->read_octets;
		e->read_at = now + c->read_every_us;
	}
	const uint32_t was = (uint32_t)(e->edge - e->rcv_nxt);
	while (n > 0) {
		const uint32_t at = (uint32_t)(e->rcv_read % c->buffer);
		const uint32_t run = c->buffer - at < n ? c->buffer - at : (uint32_t)n;
		e->hooks.read(e->hooks.arg, e->end, e->ring + at, run);
		e->rcv_read += run;
		n -= run;
	}
	/* A reader in time has no more events when nothing more can come. */
	if (e->fin_received && e->rcv_read == e->fin_at)
		e->read_at = 0;
	const uint32_t room = c->buffer - (uint32_t)(e->rcv_nxt - e->rcv_read);
	const uint32_t half = c->buffer / 2;
	const uint32_t little = e->peer_mss < half ? e->peer_mss : half;
	if (!c->mute && was < little && room >= (2 * little < half ? 2 * little : half))
		e->ack_now = true; /* the window opened */
}

/* How many octets are new. */
static uint32_t store(struct endpoint *e, uint64_t at, const uint8_t *octets, uint32_t n)
{
	uint32_t new = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t slot = (uint32_t)((at + i) % e->config.buffer);
		if (at + i < e->rcv_nxt || at + i >= e->rcv_read + e->config.buffer ||
		    e->have[slot])
			continue;
		e->ring[slot] = octets[i];
		e->have[slot] = 1;
		if (e->stored_to <= at + i)
			e->stored_to = at + i + 1;
		new ++;
	}
	return new;
}

static void came_twice(struct endpoint *e, uint64_t at, uint32_t n)
{
	e->again++;
	e->twice[0] = at;
	e->twice[1] = at + n;
}

/* A receiver may keep what it has room for (RFC 9293 section 3.10.7.4): of a segment
 * behind a gap only its end, for one that is short of memory. Its SACKs say so. */
static uint32_t not_kept(struct endpoint *e, uint64_t at, uint32_t len)
{
	const bool part = e->config.keeps_ends && at > e->rcv_nxt && len > 1;

	return part && random_chance(&e->random, 2000) ? random_in(&e->random, 1, len - 1) : 0;
}

static void advance(struct endpoint *e)
{
	const uint64_t end = e->rcv_read + e->config.buffer;

	while (e->rcv_nxt < end && e->have[e->rcv_nxt % e->config.buffer])
		e->have[e->rcv_nxt++ % e->config.buffer] = 0;
}

/* Memory is short: what lies behind the gap goes, though it was SACKed. */
static void renege(struct endpoint *e)
{
	if (e->config.reneges && random_chance(&e->random, 300))
		memset(e->have, 0, e->config.buffer);
}

static void take_text(struct endpoint *e, const struct seg *s, uint64_t at, uint64_t now)
{
	const uint64_t was = e->rcv_nxt;
	const bool gap = at > e->rcv_nxt || at + s->len <= e->rcv_nxt;

	const uint32_t skip = not_kept(e, at, s->len);
	const uint32_t new = store(e, at + skip, s->payload + skip, s->len - skip);
	if (new == 0 && s->len > skip && at >= e->rcv_read &&at + s->len <= e->edge)
		came_twice(e, at, s->len);
	e->newest = at + skip;
	advance(e);
	renege(e);
	if (s->flags & FIN && !e->fin_known) {
		e->fin_known = true;
		e->fin_at = at + s->len;
	}
	if (e->fin_known && !e->fin_received && e->rcv_nxt == e->fin_at) {
		e->fin_received = true;
		e->ack_now = true;
	}
	if (gap || e->config.ack_delay_us == 0 || e->ack_at != 0)
		e->ack_now = true;
	else if (e->rcv_nxt != was)
		e->ack_at = now + e->config.ack_delay_us;
	end_deliver(e, now);
}

static bool acceptable(const struct endpoint *e, uint64_t at, uint32_t len)
{
	const uint64_t nxt = e->rcv_nxt + e->fin_received;
	const uint64_t edge = e->config.means_it && e->said_edge != 0 ? e->said_edge : e->edge;

	if (len == 0)
		return at == nxt || (at > nxt && at < edge);
	return at + len > nxt && at < edge;
}

static void take_rst(struct endpoint *e, uint64_t at)
{
	if (e->state == END_TIME_WAIT)
		return; /* RFC 1337 */
	if (at == e->rcv_nxt + e->fin_received) {
		e->got_rst = true;
		e->state = END_CLOSED;
	} else {
		e->ack_now = true; /* RFC 5961 section 3.2 */
	}
}

void end_segment(struct endpoint *e, const struct seg *s, uint64_t now)
{
	const uint64_t at = end_offset(s->seq, e->irs + 1, e->rcv_nxt);
	const uint32_t len = s->len + (s->flags & FIN ? 1 : 0);
	const bool old_stamp = e->ts_ok && s->has_ts && (int32_t)(s->ts_val - e->ts_recent) < 0;

	if (!acceptable(e, at, len) || (old_stamp && !(s->flags & RST))) {
		if (s->flags & RST)
			return;
		e->ack_now = true;
		if (s->len != 0 && at + s->len <= e->rcv_nxt && !old_stamp)
			came_twice(e, at, s->len);
		if (s->flags & ACK && !(s->flags & SYN) && at <= e->rcv_nxt)
			end_acked(e, s, false, now);
		return;
	}
	if (s->flags & RST) {
		take_rst(e, at);
		return;
	}
	if (s->flags & SYN || !(s->flags & ACK)) {
		e->ack_now = true;
		return;
	}
	if (e->ts_ok && s->has_ts && at <= e->rcv_nxt)
		e->ts_recent = s->ts_val;
	end_acked(e, s, len == 0, now);
	if (len != 0)
		take_text(e, s, at, now);
}
