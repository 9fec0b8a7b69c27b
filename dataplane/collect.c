/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect: SMPP framing. Walks what waits in leg.in of every touched connection and
 * turns whole PDUs into steps; follows the session as it goes (bind, unbind).
 */
#include <string.h>

#include "settled.h"
#include "worker.h"

/* The account row of a session under the tables of this turn. */
static uint32_t session_account(struct worker *w, struct session *s)
{
	if (w->tables == NULL)
		return 0;
	if (s->tables_serial != w->tables->serial) {
		s->account_row = tables_account_row(w->tables, s->system_id,
		                                    strnlen((const char *)s->system_id, 16));
		s->tables_serial = w->tables->serial;
	}
	return s->account_row;
}

static struct step *step_new(struct worker *w, struct connection *c, enum side from,
                             enum step_kind kind, const struct smpp_header *header)
{
	struct step *s = &w->vector->steps[w->vector->n_steps++];

	*s = (struct step){
		.c = c,
		.header = *header,
		.octets = header->length,
		.pdus = 1,
		.kind = (uint8_t)kind,
		.from = (uint8_t)from,
	};
	return s;
}

/* Octets without a decision join the step before them when they follow it. */
static struct step *step_pass(struct worker *w, struct connection *c, enum side from,
                              const struct smpp_header *header)
{
	struct vector *v = w->vector;

	if (v->n_steps > 0) {
		struct step *last = &v->steps[v->n_steps - 1];
		if (last->c == c && last->from == from && last->kind == STEP_PASS &&
		    last->pdus < UINT16_MAX) {
			last->octets += header->length;
			last->pdus++;
			return last;
		}
	}
	return step_new(w, c, from, STEP_PASS, header);
}

static void step_answer(struct worker *w, struct connection *c, enum side from,
                        const struct smpp_header *header, uint32_t status, enum reason reason)
{
	struct step *s = step_new(w, c, from, STEP_ANSWER, header);

	s->command_status = status;
	s->reason = (uint8_t)reason;
}

static void step_message(struct worker *w, struct connection *c, enum side from,
                         const uint8_t *pdu, const struct smpp_header *header)
{
	struct screen_vector *v = &w->vector->screen;
	struct screen_message *m = &v->messages[v->n];

	const uint32_t fault = smpp_decode(&m->sm, pdu, header->length);
	bug_if_slow(fault != m->sm.error);
	(void)fault; /* the first stage judges m->sm.error */
	m->owner = c;
	m->account_row = session_account(w, &c->session);
	m->bound = session_may_send(&c->session);
	m->from_esme = from == SIDE_ESME;
	struct step *s = step_new(w, c, from, STEP_SCREEN, header);
	s->message = (uint16_t)v->n++;
}

static void take_bind(struct worker *w, struct connection *c, const uint8_t *pdu,
                      const struct smpp_header *header)
{
	struct session *s = &c->session;
	struct smpp_message m;
	uint32_t status = smpp_decode(&m, pdu, header->length);

	if (status != 0) {
		step_answer(w, c, SIDE_ESME, header, status, REASON_MALFORMED);
		return;
	}
	if (!session_takes_bind(s)) {
		step_answer(w, c, SIDE_ESME, header,
		            reason_row(REASON_ALREADY_BOUND)->command_status,
		            REASON_ALREADY_BOUND);
		return;
	}
	session_offer(s, &m);
	const enum reason reason =
		screen_bind(w->tables, session_account(w, s), worker_seconds(w), &status);
	if (reason != REASON_PASS) {
		step_answer(w, c, SIDE_ESME, header, status, reason);
		return;
	}
	step_new(w, c, SIDE_ESME, STEP_SESSION, header)->binds = 1;
}

static bool is_screened(const struct worker *w, enum side from)
{
	const uint32_t bit =
		from == SIDE_ESME ? IMAGE_DIRECTION_FROM_ESME : IMAGE_DIRECTION_FROM_SMSC;

	/* Without tables nothing from an ESME is let through unread. */
	if (w->tables == NULL)
		return from == SIDE_ESME;
	return (w->tables->image->policy->directions & bit) != 0;
}

/* What nobody screens is no message to us. */
static enum smpp_kind kind_here(const struct worker *w, enum side from, uint32_t command_id)
{
	const enum smpp_kind kind = smpp_kind(command_id);

	return kind == SMPP_KIND_MESSAGE && !is_screened(w, from) ? SMPP_KIND_OTHER : kind;
}

static void take_pdu(struct worker *w, struct connection *c, enum side from, const uint8_t *pdu,
                     const struct smpp_header *header, enum smpp_kind kind)
{
	if (unlikely(!session_is_bound(&c->session)) && from == SIDE_ESME)
		c->session.others |= kind != SMPP_KIND_BIND;
	switch (kind) {
	case SMPP_KIND_MESSAGE:
		step_message(w, c, from, pdu, header);
		return;
	case SMPP_KIND_BIND:
		if (from == SIDE_ESME) {
			take_bind(w, c, pdu, header);
			return;
		}
		break;
	case SMPP_KIND_BIND_RESP:
	case SMPP_KIND_UNBIND:
	case SMPP_KIND_UNBIND_RESP:
		step_new(w, c, from, STEP_SESSION, header);
		return;
	case SMPP_KIND_RESPONSE:
		step_pass(w, c, from, header)->responses++;
		return;
	case SMPP_KIND_OTHER:
		if (header->command_id != SMPP_GENERIC_NACK)
			break;
		step_new(w, c, from, STEP_SESSION, header);
		return;
	}
	step_pass(w, c, from, header);
}

/* Whether the kind is decoded, so that its octets are needed as one run. */
static bool is_decoded(enum smpp_kind kind)
{
	return kind == SMPP_KIND_MESSAGE || kind == SMPP_KIND_BIND;
}

/* What a message may do depends on the session: what follows a PDU that may change it waits
 * for the next turn. */
static bool changes_session(enum smpp_kind kind)
{
	return kind == SMPP_KIND_BIND || kind == SMPP_KIND_BIND_RESP ||
	       kind == SMPP_KIND_UNBIND_RESP;
}

static bool vector_is_full(const struct vector *v, uint32_t length)
{
	return v->n_steps == STEPS_MAX || v->screen.n == SCREEN_VECTOR_MAX ||
	       v->gathered + length > GATHER_SIZE;
}

/* The PDU at this place as one run of octets, if anybody will read it. */
static const uint8_t *pdu_octets(struct worker *w, struct chain_place at,
                                 const struct smpp_header *header, enum smpp_kind kind)
{
	struct vector *v = w->vector;

	if (!is_decoded(kind))
		return NULL;
	const uint8_t *pdu = chain_read(at, header->length, v->gather + v->gathered);
	if (pdu == v->gather + v->gathered)
		v->gathered += header->length;
	return pdu;
}

/* All that is there, unread. */
static void take_raw(struct worker *w, struct connection *c, enum side from)
{
	const struct smpp_header all = { .length = c->relay.leg[from].in.octets };

	if (all.length == 0)
		return;
	if (w->vector->n_steps == STEPS_MAX) {
		c->retry = true;
		return;
	}
	step_new(w, c, from, STEP_PASS, &all)->pdus = 0;
}

/* The first octets are not SMPP: TLS, or nothing that belongs on this port. */
static void take_foreign(struct worker *w, struct connection *c, enum side from)
{
	const struct smpp_header none = { .length = 0 };

	if (w->settings->non_smpp == NON_SMPP_RESET) {
		step_new(w, c, from, STEP_RESET, &none);
		return;
	}
	worker_count(w, COUNTER_NON_SMPP, 1);
	c->unscreened = true;
	take_raw(w, c, from);
	/* What the other side had begun is no PDU: it crosses in the next turn. */
	limit_note(w, c, side_other(from), false, false);
	c->retry = true;
}

/* The vector is full. In the next turn that side is first which had less of this one. */
static void wait_a_turn(struct worker *w, struct connection *c, enum side from, bool had)
{
	worker_count(w, COUNTER_VECTOR_FULL, 1);
	c->retry = true;
	c->smsc_first = (from == SIDE_SMSC) != had;
}

static void collect_side(struct worker *w, struct connection *c, enum side from)
{
	const struct chain *in = settled(&c->relay.leg[from].in);
	struct chain_place at = chain_start(in);
	uint32_t left = in->octets;
	bool partial = false;

	if (unlikely(c->unscreened)) {
		take_raw(w, c, from);
		return;
	}
	while (left > 0) {
		uint8_t scratch[SMPP_HEADER_SIZE];
		struct smpp_header header;
		const uint32_t n = left < SMPP_HEADER_SIZE ? left : SMPP_HEADER_SIZE;
		const enum frame_result result =
			smpp_frame(chain_read(at, n, scratch), n, left, &header);
		if (result == FRAME_MORE) {
			partial = true;
			break;
		}
		if (vector_is_full(w->vector, result == FRAME_WHOLE ? header.length : 0)) {
			wait_a_turn(w, c, from, left != in->octets);
			break;
		}
		if (result == FRAME_BAD) {
			if (c->spoken)
				step_new(w, c, from, STEP_SHUT, &header);
			else
				take_foreign(w, c, from);
			break;
		}
		const enum smpp_kind kind = kind_here(w, from, header.command_id);
		/* What stalls is collected again, as of the account that it was written for. */
		if (left != in->octets && kind == SMPP_KIND_BIND) {
			c->retry = true;
			break;
		}
		take_pdu(w, c, from, pdu_octets(w, at, &header, kind), &header, kind);
		c->spoken = true;
		at = chain_skip(at, header.length);
		left -= header.length;
		if (changes_session(kind)) {
			c->retry |= left != 0;
			break;
		}
	}
	limit_note(w, c, from, partial, left != in->octets);
}

void collect(struct worker *w)
{
	struct vector *v = w->vector;

	v->n_steps = v->n_applied = 0;
	v->n_seen = v->n_matched = 0;
	v->gathered = 0;
	v->screen.n = 0;
	for (struct connection *c = w->touched; c != NULL; c = c->touched_next) {
		c->retry = c->waits = false;
		if (c->relay.state != RELAY_OPEN)
			continue;
		const enum side first = c->smsc_first ? SIDE_SMSC : SIDE_ESME;
		for (unsigned i = 0; i < 2; i++) {
			const enum side from = i == 0 ? first : side_other(first);
			/* An end that does not read its answers gets no more of them. */
			c->stalled[from] = relay_stalls(&c->relay, from, &w->tcp_config);
			if (!c->stalled[from])
				collect_side(w, c, from);
		}
	}
}
