/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor: every frame that the worker is given and every frame that it gives, before
 * any fault of the hop behind it. Here are the rules of TCP that must hold at every step.
 */
#include "sim.h"

#include "endpoint_priv.h"

struct conn *monitor_conn(struct sim *s, const uint8_t *frame, uint32_t len, int from)
{
	const uint16_t port = frame_esme_port(frame, len, from);

	for (unsigned i = 0; i < s->n_conns; i++)
		if (s->conns[i].path.port[ESME] == port)
			return &s->conns[i];
	return NULL;
}

static void make_room(struct heard *h, uint64_t end)
{
	if (end < h->room)
		return;
	const uint32_t room = (uint32_t)end * 2 + 4096;
	h->have = realloc(h->have, room);
	if (h->have == NULL)
		abort();
	memset(h->have + h->room, 0, room - h->room);
	h->room = room;
}

/* Whether the leg has certainly taken what its window allowed. */
bool monitor_nothing_dropped(const struct sim *s)
{
	return sim_counter(s, COUNTER_TCP_OOO_FULL) == 0 &&
	       sim_counter(s, COUNTER_POOL_EMPTY) == 0 &&
	       sim_counter(s, COUNTER_SHARE_EXCEEDED) == 0;
}

static void heard_octets(struct conn *c, int from, uint64_t at, const struct seg *g)
{
	struct heard *h = &c->heard[from];
	const bool fresh = !g->has_ts || (int32_t)(g->ts_val - h->newest_stamp) >= 0;
	const bool sure = fresh && monitor_nothing_dropped(c->sim) && at > h->contig;

	h->next_at = c->said[from].ack;
	h->next = fresh && at <= h->next_at && at + g->len > h->next_at;
	h->doubt |= !fresh; /* RFC 7323 section 5.3: dropped, if its number is the next */
	make_room(h, at + g->len);
	for (uint32_t i = 0; i < g->len; i++)
		h->have[at + i] |= sure ? 3 : 1;
	const uint64_t was = h->contig;
	while (h->contig < h->room && h->have[h->contig])
		h->contig++;
	if (h->contig != was) {
		h->contig_stamp = g->ts_val;
		h->stamped = g->has_ts && fresh;
	}
}

static void heard_sacks(struct conn *c, int from, const struct seg *g)
{
	struct said *d = &c->said[from];

	d->agains = 0; /* the end lives: a time-out may begin anew */
	if (g->n_sacks != 0 && d->sacked_room < d->log.len) {
		d->sacked = realloc(d->sacked, d->log.room);
		if (d->sacked == NULL)
			abort();
		memset(d->sacked + d->sacked_room, 0, d->log.room - d->sacked_room);
		d->sacked_room = d->log.room;
	}
	for (unsigned i = 0; i < g->n_sacks; i++) {
		const uint32_t first = c->end[!from].config.isn + 1;
		for (uint32_t at = g->sack[i][0] - first; at != g->sack[i][1] - first; at++)
			if (at < d->log.len)
				d->sacked[at] = 1;
	}
}

bool monitor_was_sacked(const struct conn *c, int end, uint32_t seq, uint32_t len)
{
	const struct said *d = &c->said[end];
	const uint32_t at = seq - c->end[!end].config.isn - 1;

	for (uint32_t i = 0; i < len; i++)
		if (at + i >= d->sacked_room || !d->sacked[at + i])
			return false;
	return true;
}

/* Octets go out again. While the end says nothing at all, each wait is twice the one
 * before (RFC 6298 section 5.5); the first two may be a probe's and the time-out's. */
static void said_again(struct conn *c, int to, uint64_t at)
{
	struct sim *s = c->sim;
	struct said *d = &c->said[to];
	const uint64_t gap_us = s->now - d->again_us, slack_us = s->turn_delay_us + 5000;
	const uint64_t most_us = s->settings.rto_max * 1000;

	if (d->agains == 0 || d->again_at != at) {
		d->agains = 1;
	} else {
		if (++d->agains > 4 && monitor_nothing_dropped(s) &&
		    gap_us + slack_us < most_us && gap_us + slack_us < 2 * d->again_gap_us)
			sim_fail(s,
			         "sent again after %llu us, though it had waited %llu before",
			         (unsigned long long)gap_us,
			         (unsigned long long)d->again_gap_us);
		d->again_gap_us = gap_us;
	}
	d->again_at = at;
	d->again_us = s->now;
}

/* Something came: it may have an answer. */
static void note_came(struct conn *c, int from, const struct seg *g)
{
	struct heard *h = &c->heard[from];

	h->since++;
	if (g->flags & RST && !(g->flags & SYN)) {
		h->rst = true;
		h->rst_at = g->seq;
	}
}

void monitor_heard(struct sim *s, unsigned core, int from, const uint8_t *frame, uint32_t len)
{
	struct conn *c = monitor_conn(s, frame, len, from);
	struct seg g;

	if (c == NULL || frame_read(&c->path, from, frame, len, &g) != NULL)
		return; /* corrupted on its way */
	if (c->owner != 0 && c->owner != core + 1)
		sim_fail(s, "connection %u comes to worker %u and to worker %u", c->index,
		         c->owner - 1, core);
	c->owner = core + 1;
	c->came++;
	struct heard *h = &c->heard[from];
	sim_trace(s, "%u   heard %s seq %u len %u ts %u", c->index,
	          from == ESME ? "esme" : "smsc", g.seq - c->end[from].config.isn - 1, g.len,
	          g.ts_val);
	note_came(c, from, &g);
	if (g.flags & SYN) {
		if (g.window > h->edge)
			h->edge = g.window; /* not scaled */
		if (!h->any)
			h->newest_stamp = g.ts_val;
		h->any = true;
		return;
	}
	if (g.flags & RST || !(g.flags & ACK))
		return;
	const uint64_t at = end_offset(g.seq, c->end[from].config.isn + 1, h->contig);
	const uint64_t ack =
		end_offset(g.ack, c->end[!from].config.isn + 1, c->said[from].log.len);
	const uint64_t edge = ack + ((uint64_t)g.window << c->end[from].config.wscale);
	if (edge > h->edge && ack < UINT32_MAX)
		h->edge = edge;
	if (g.len != 0 && at < UINT32_MAX)
		heard_octets(c, from, at, &g);
	heard_sacks(c, from, &g);
	if (g.has_ts && (int32_t)(g.ts_val - h->newest_stamp) > 0)
		h->newest_stamp = g.ts_val;
	if (g.flags & FIN) {
		h->fin = true;
		h->fin_at = at + g.len;
	}
	g.payload = NULL;
	h->last = g;
}

static void said_text(struct conn *c, int to, const struct seg *g, uint64_t at)
{
	struct sim *s = c->sim;
	struct said *d = &c->said[to];
	const struct endpoint *e = &c->end[to];

	if (at + g->len > c->heard[to].edge)
		sim_fail(s, "octets to %llu beyond the window to %llu",
		         (unsigned long long)at + g->len,
		         (unsigned long long)c->heard[to].edge);
	if (g->len + (g->has_ts ? 12u : 0u) > e->config.mss)
		sim_fail(s, "%u octets exceed an MSS of %u", g->len, e->config.mss);
	if (at > d->log.len) {
		sim_fail(s, "octets from %llu on, but only %u were sent",
		         (unsigned long long)at, d->log.len);
		return;
	}
	const uint32_t known =
		(uint32_t)(d->log.len - at) < g->len ? (uint32_t)(d->log.len - at) : g->len;
	if (known != 0 && memcmp(d->log.at + at, g->payload, known) != 0)
		sim_fail(s, "sent again with other octets at %llu", (unsigned long long)at);
	if (known == g->len) {
		said_again(c, to, at);
		return;
	}
	if (d->fin)
		sim_fail(s, "octets behind a FIN");
	octets_append(&d->log, g->payload + known, g->len - known);
	sim_trace(s, "    new octets from %u on", d->log.len - (g->len - known));
	oracle_octets(c, to);
}

static void said_fin(struct conn *c, int to, uint64_t at)
{
	struct said *d = &c->said[to];

	if (at != d->log.len || (d->fin && d->fin_at != at))
		sim_fail(c->sim, "FIN at %llu, but the stream ends at %u",
		         (unsigned long long)at, d->log.len);
	if (d->checked != d->log.len)
		sim_fail(c->sim, "FIN inside a PDU");
	d->fin = true;
	d->fin_at = at;
}

/* An ACK that says what was said before, of nothing that came since: between two relays it
 * would draw the next, without end. It may be the answer to a keep-alive, when the other end
 * was asked by an ACK of an old number. */
static void said_nothing(struct conn *c, int to, const struct seg *g, uint64_t at)
{
	struct said *d = &c->said[to], *other = &c->said[!to];
	struct heard *h = &c->heard[to];
	const bool new = !d->any || g->len != 0 || g->flags != ACK || g->n_sacks != 0 ||
	                 g->ack != d->number || g->window != d->window ||
	                 at != d->log.len + d->fin;

	if (!new && h->since == 0 && !c->sim->forging) {
		if (!other->asked)
			sim_fail(c->sim, "an ACK of %llu says nothing new",
			         (unsigned long long)d->ack);
		other->asked = false;
	}
	d->number = g->ack;
	d->window = g->window;
	d->asked |= g->len == 0 && at < d->log.len;
	if (g->len != 0 || h->since == 0)
		return; /* a duplicate ACK may follow octets that said so, in the same turn */
	h->since--;
	h->answered = true;
}

static void said_ack(struct conn *c, int to, const struct seg *g)
{
	struct sim *s = c->sim;
	struct said *d = &c->said[to];
	const struct heard *h = &c->heard[to];
	const uint64_t ack = end_offset(g->ack, c->end[to].config.isn + 1, d->ack);
	const uint64_t most = h->contig + (h->fin && h->fin_at == h->contig);
	const uint64_t edge = ack + ((uint64_t)g->window << c->end[!to].config.wscale);

	if (ack > most)
		sim_fail(s, "ACK %llu, but only %llu were received", (unsigned long long)ack,
		         (unsigned long long)most);
	if (ack < d->ack)
		sim_fail(s, "ACK %llu behind %llu", (unsigned long long)ack,
		         (unsigned long long)d->ack);
	/* Rounded down to the unit of the scale it may seem to, RFC 7323 section 2.4. */
	if (edge + (1u << c->end[!to].config.wscale) <= d->edge)
		sim_fail(s, "right edge %llu behind %llu", (unsigned long long)edge,
		         (unsigned long long)d->edge);
	d->ack = ack;
	if (edge > d->edge)
		d->edge = edge;
	d->any = true;
	for (unsigned i = 0; i < g->n_sacks; i++) {
		const uint64_t left = end_offset(g->sack[i][0], c->end[to].config.isn + 1, ack);
		const uint64_t right =
			end_offset(g->sack[i][1], c->end[to].config.isn + 1, ack);
		/* Only the first may tell of octets that came twice (RFC 2883 section 4). */
		if (!c->end[0].sack_ok || !c->end[1].sack_ok || right <= left ||
		    right > h->room || (left <= ack && (i != 0 || right > ack)))
			sim_fail(s, "SACK block that cannot be");
		for (uint64_t at = left; at < right && !s->failed; at++)
			if (!h->have[at])
				sim_fail(s, "SACK of octets that were not received");
	}
}

static void said_stamp(struct conn *c, int to, const struct seg *g)
{
	struct sim *s = c->sim;
	struct said *d = &c->said[to];
	const struct heard *here = &c->heard[to], *there = &c->heard[!to];

	if (g->has_ts != (c->end[0].config.offer_ts && c->end[1].config.offer_ts)) {
		sim_fail(s, "time-stamp %s", g->has_ts ? "not negotiated" : "is missing");
		return;
	}
	if (!g->has_ts)
		return;
	if (d->clocked &&
	    ((int32_t)(g->ts_val - d->stamp) < 0 || (int32_t)(g->ts_ecr - d->echo) < 0))
		sim_fail(s, "time-stamps go back");
	if ((int32_t)(there->newest_stamp - g->ts_val) < 0 ||
	    (int32_t)(here->newest_stamp - g->ts_ecr) < 0)
		sim_fail(s, "a time-stamp that no end ever had");
	d->stamp = g->ts_val;
	d->echo = g->ts_ecr;
	d->clocked = true;
	if (!monitor_nothing_dropped(s) || here->doubt || there->doubt)
		return;
	/* RFC 7323 section 4.3: the first segment since the last ACK is echoed, and that one
	 * is no older than the last of those before it. */
	if (d->whole_ack != 0 && d->ack == here->contig && d->ack > d->whole_ack &&
	    !here->fin && (int32_t)(g->ts_ecr - d->whole_stamp) < 0)
		sim_fail(s, "TSecr is older than what was acknowledged before");
	if (here->stamped && d->ack == here->contig) {
		d->whole_ack = d->ack;
		d->whole_stamp = here->contig_stamp;
	}
	if (there->stamped && c->said[!to].ack == there->contig && !there->fin &&
	    (int32_t)(g->ts_val - there->contig_stamp) < 0)
		sim_fail(s, "TSval is older than what was received");
}

/* What is forwarded as it comes is what the other end wrote. */
static void said_plain(struct conn *c, int to, const struct seg *g)
{
	const struct endpoint *e = &c->end[!to];
	const uint64_t at = end_offset(g->seq, e->config.isn + 1, e->snd_una);

	if (g->len != 0 && !(g->flags & RST) &&
	    (at + g->len > e->out.len || memcmp(e->out.at + at, g->payload, g->len) != 0))
		sim_fail(c->sim, "octets to %s from %llu on, of a connection handed back",
		         to == ESME ? "the ESME" : "the SMSC", (unsigned long long)at);
}

void monitor_said(struct sim *s, int to, const uint8_t *frame, uint32_t len)
{
	struct conn *c = monitor_conn(s, frame, len, !to);
	struct seg g;
	const char *wrong = c == NULL ? "no connection has these ports"
	                              : frame_read(&c->path, !to, frame, len, &g);

	if (wrong != NULL) {
		sim_fail(s, "a frame to %s: %s", to == ESME ? "the ESME" : "the SMSC", wrong);
		return;
	}
	sim_trace(s, "%u worker > %s seq %u ack %u len %u%s%s%s win %u ts %u/%u", c->index,
	          to == ESME ? "esme" : "smsc", g.seq - c->end[!to].config.isn - 1,
	          g.ack - c->end[to].config.isn - 1, g.len, g.flags & SYN ? " SYN" : "",
	          g.flags & FIN ? " FIN" : "", g.flags & RST ? " RST" : "", g.window, g.ts_val,
	          g.ts_ecr);
	if (c->plain)
		said_plain(c, to, &g);
	if (c->plain || c->gone)
		return;
	if (g.flags & RST)
		c->said[to].rst = true;
	if (g.flags & (RST | SYN))
		return;
	/* Behind a RST, whoever's, the connection is unknown: an ACK that draws the right
	 * number (RFC 9293 section 3.5.1), also the other end's, to a SYN that was late. */
	if ((c->said[ESME].rst || c->said[SMSC].rst) && g.len == 0 && !(g.flags & FIN))
		return;
	if (!(g.flags & ACK))
		sim_fail(s, "a segment without ACK");
	const uint64_t at = end_offset(g.seq, c->end[!to].config.isn + 1, c->said[to].log.len);
	said_nothing(c, to, &g, at);
	said_ack(c, to, &g);
	said_stamp(c, to, &g);
	if (g.len != 0)
		said_text(c, to, &g, at);
	if (g.flags & FIN)
		said_fin(c, to, at + g.len);
}
