/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forge: segments of somebody who sees one direction and wants to harm (RFC 5961). A
 * right receiver answers with an ACK or not at all, and nothing else changes.
 */
#include "sim.h"

#include "endpoint_priv.h"

static uint32_t isn_of(const struct conn *c, int end) { return c->end[end].config.isn + 1; }

/* A believable segment of this end, which says nothing new. */
static struct seg template_of(const struct conn *c, int end)
{
	struct seg g = c->heard[end].last;

	g.n_sacks = 0;
	g.len = 0;
	g.flags = ACK;
	if (g.has_ts)
		g.ts_val = c->heard[end].newest_stamp;
	return g;
}

/* Old octets with another text: what was acknowledged stays as it is. */
static bool old_text(struct sim *s, const struct conn *c, int end, struct seg *g, uint8_t *text)
{
	const uint64_t acked = c->said[end].ack;

	if (acked < 40 || c->heard[end].contig < acked)
		return false;
	g->len = random_in(&s->random, 1, 30);
	g->seq = isn_of(c, end) + random_below(&s->random, (uint32_t)acked - 30 - 1);
	random_fill(&s->random, text, g->len);
	return true;
}

/* Octets that lie behind a gap, with another text: the first ones win. */
static bool stored_text(struct sim *s, const struct conn *c, int end, struct seg *g,
                        uint8_t *text)
{
	const struct heard *h = &c->heard[end];
	uint64_t at = h->contig;

	while (at < h->room && h->have[at] != 3)
		at++;
	if (at >= h->room || !monitor_nothing_dropped(s))
		return false;
	g->seq = isn_of(c, end) + (uint32_t)at;
	for (g->len = 0; g->len < 60 && at + g->len < h->room && h->have[at + g->len] == 3;)
		text[g->len] = (uint8_t)~c->end[end].out.at[at + g->len], g->len++;
	if (g->has_ts)
		g->ts_val = h->newest_stamp;
	return random_chance(&s->random, 9000);
}

static bool choose(struct sim *s, const struct conn *c, int end, struct seg *g, uint8_t *text)
{
	const struct heard *h = &c->heard[end];
	const uint32_t next = isn_of(c, end) + (uint32_t)h->contig + (h->fin ? 1 : 0);

	switch (random_below(&s->random, 7)) {
	case 0: /* RST in the window, or far from it, but not the next number */
		g->seq = next + 1 +
		         random_below(&s->random,
		                      random_chance(&s->random, 5000) ? 2000 : INT32_MAX / 2);
		g->flags = RST;
		return true;
	case 1: /* SYN in the window */
		g->seq = next + random_below(&s->random, 100);
		g->flags = SYN;
		return true;
	case 2: /* text with an ACK of what was never sent */
		g->seq = isn_of(c, end) + (uint32_t)c->said[end].ack;
		g->ack = isn_of(c, !end) + c->said[end].log.len + 2 +
		         random_below(&s->random, 100000);
		g->len = random_in(&s->random, 1, 100);
		random_fill(&s->random, text, g->len);
		return true;
	case 3: /* text far beyond the window */
		g->seq = next + (64u << 20) + random_below(&s->random, 1u << 29);
		g->len = 20;
		random_fill(&s->random, text, g->len);
		return true;
	case 4:
		return old_text(s, c, end, g, text);
	case 5: /* text with a time-stamp of yesterday */
		if (!g->has_ts)
			return false;
		g->seq = isn_of(c, end) + (uint32_t)c->said[end].ack;
		g->ts_val -= 86400000u / 2;
		g->len = 10;
		random_fill(&s->random, text, g->len);
		return true;
	default:
		return stored_text(s, c, end, g, text);
	}
}

/* Too big, says somebody who does not know the numbers (RFC 5927 section 4.1). */
static uint32_t forge_too_big(struct sim *s, const struct conn *c, int end, uint8_t *frame)
{
	struct seg g = c->heard[!end].last;
	uint8_t segment[WIRE_MAX];

	g.n_sacks = g.len = 0;
	g.flags = ACK;
	g.seq = isn_of(c, !end) + c->said[end].log.len + 2 + random_below(&s->random, 1u << 30);
	frame_build(&c->path, !end, &g, segment);
	return frame_too_big(&c->path, end, segment, random_below(&s->random, 600), frame);
}

uint32_t forge(struct sim *s, struct conn *c, int end, uint8_t *frame)
{
	uint8_t text[128];

	/* Only while both ends and the relay are past the handshake. */
	if (c->end[end].state != END_OPEN || !c->said[end].any ||
	    !(c->heard[end].last.flags & ACK) || c->said[ESME].rst || c->said[SMSC].rst ||
	    c->end[!end].state != END_OPEN || c->said[ESME].fin || c->said[SMSC].fin)
		return 0;
	if (random_chance(&s->random, 1000))
		return forge_too_big(s, c, end, frame);
	struct seg g = template_of(c, end);
	g.payload = text;
	if (!choose(s, c, end, &g, text))
		return 0;
	sim_trace(s, "%u forged from %s seq %u ack %u len %u flags %x", c->index,
	          end == ESME ? "esme" : "smsc", g.seq - isn_of(c, end),
	          g.ack - isn_of(c, !end), g.len, g.flags);
	return frame_build(&c->path, end, &g, frame);
}
