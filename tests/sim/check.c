/* SPDX-License-Identifier: Apache-2.0 */
/* check: what must hold when everything has come to its end. */
#include "sim.h"

/* Over, or waiting for what can never come: a RST is sent once and may be lost. */
static bool is_left_alone(const struct endpoint *e, const struct endpoint *other)
{
	return end_is_over(e) ||
	       (end_is_over(other) && e->snd_una == e->out.len && e->rcv_nxt == e->rcv_read);
}

static bool conn_is_over(const struct conn *c)
{
	const struct endpoint *e = &c->end[ESME], *s = &c->end[SMSC];

	if (c->plan.close > CLOSE_PARTIAL)
		return is_left_alone(e, s) && is_left_alone(s, e);
	return end_is_over(e) && (end_is_over(s) || s->state == END_LISTEN);
}

bool check_is_over(struct sim *s)
{
	if (s->n_events != 0 || s->n_rx[0] != 0 || s->n_rx[1] != 0 || s->n_held != 0)
		return false;
	for (unsigned i = 0; i < s->n_conns; i++)
		if (!conn_is_over(&s->conns[i]))
			return false;
	return flow_count(s->worker->flows) == 0;
}

/* A RST for octets and a FIN that were answered before, each answer lost: nothing is missing. */
static bool was_done(const struct conn *c, int end)
{
	const struct endpoint *e = &c->end[end];

	return e->fin_received && e->fin_sent && c->said[end].ack == e->out.len + 1u;
}

static bool in_order(const struct conn *c) { return c->plan.close <= CLOSE_PARTIAL; }

/* A connection that nobody broke: both streams whole, every request settled once. */
static void check_whole(struct conn *c)
{
	struct sim *s = c->sim;
	/* A closed SMSC side takes no answers of ours: those of later requests are lost. */
	const bool answers_may_miss =
		c->plan.close == CLOSE_SMSC_FIRST || c->plan.close == CLOSE_BOTH;

	for (int end = ESME; end <= SMSC; end++) {
		const struct endpoint *e = &c->end[end];
		if (was_done(c, end) && !e->gave_up)
			continue;
		if (e->got_rst || e->gave_up || !e->fin_received || !e->fin_acked)
			sim_fail(s, "connection %u: the %s %s", c->index,
			         end == ESME ? "ESME" : "SMSC",
			         e->got_rst   ? "got a RST"
			         : e->gave_up ? "gave up"
			                      : "did not see an orderly end");
	}
	for (uint32_t i = 0; i < c->n_requests; i++) {
		const struct request *q = &c->requests[i];
		if (!q->forwarded && !q->answered &&
		    (q->expected == EXPECT_PASS || !answers_may_miss))
			sim_fail(s, "connection %u: PDU %u was neither forwarded nor answered",
			         c->index, q->sequence);
	}
	if (c->server_next != c->end[SMSC].out.len)
		sim_fail(s, "connection %u: the ESME saw %u of the SMSC's %u octets", c->index,
		         c->server_next, c->end[SMSC].out.len);
}

static void check_garbage(struct conn *c)
{
	if (c->garbage && !c->said[ESME].rst && !c->nacked)
		sim_fail(c->sim, "connection %u: lost framing was not answered", c->index);
}

static void check_received(struct conn *c, int end)
{
	const struct endpoint *e = &c->end[end];
	const struct said *d = &c->said[end];

	if (e->rcv_nxt > d->log.len)
		sim_fail(c->sim, "the end has more octets than were sent");
	else if (e->state == END_DEAD && e->fin_received && d->log.len != e->fin_at)
		sim_fail(c->sim, "the end's FIN is not where the stream ends");
}

static void check_answers(struct conn *c)
{
	for (uint32_t i = 0; i < c->n_requests; i++) {
		const struct request *q = &c->requests[i];
		if (q->answered && !q->recorded)
			sim_fail(c->sim, "PDU %u was refused but not recorded", q->sequence);
	}
}

void check_end(struct sim *s)
{
	for (unsigned i = 0; i < s->n_conns && !s->failed; i++) {
		struct conn *c = &s->conns[i];
		check_answers(c);
		check_received(c, ESME);
		check_received(c, SMSC);
		if (in_order(c))
			check_whole(c);
		if (c->plan.close == CLOSE_ESME_GARBAGE)
			check_garbage(c);
	}
}
