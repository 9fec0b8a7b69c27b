/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply: what was decided becomes octets, in stream order.
 *
 * Passed octets gather until something is cut, so that a segment whose PDUs all pass
 * moves whole. A refusal happens in this order, so that nothing is refused unrecorded
 * and nothing is answered twice: room in the audit ring, passed octets before it, the
 * response, the cut, the record. Whatever lacks room stalls its direction: octets stay
 * where they are, the window closes, and STALL_WAIT_US later they are judged again.
 */
#include <string.h>

#include <sodium.h>

#include "campaign_sketch.h"
#include "response.h"
#include "rule_hits.h"
#include "secret.h"
#include "text.h"
#include "worker.h"

/* Written and cleared as a whole: parts of it stored one by one would be waited for when
 * the compiler adds them as a vector. */
struct gathered {
	uint32_t octets, pdus, responses, binds;
	uint32_t requests; /* of the PDUs: screened */
	uint32_t clean;    /* of the requests: nothing against them */
};

/* Passes of one connection and direction not yet moved. */
struct pending {
	struct connection *c;
	enum side from;
	struct gathered sum;
	unsigned n_passed; /* of the requests: those of a campaign or that a rule matched */
	uint16_t passed[SCREEN_VECTOR_MAX];
};

static void stall(struct connection *c, enum side from)
{
	c->stalled[from] = true;
	c->waits = true;
	c->retry = false; /* what did not fit into this vector waits behind it */
}

static void count_pdus(struct worker *w, enum side from, uint64_t n)
{
	worker_count(w, from == SIDE_ESME ? COUNTER_PDUS_FROM_ESME : COUNTER_PDUS_FROM_SMSC, n);
}

static struct campaign_seen seen_in(const struct worker *w, const struct screen_message *m)
{
	const bool known = w->tables != NULL && m->from_esme;

	return (struct campaign_seen){
		.fingerprint = m->fingerprint,
		.account_id = known ? tables_account(w->tables, m->account_row)->id : 0,
		.refused = m->refuse,
		.messages = m->stands_for,
		.sample = screen_sample(&w->screen),
	};
}

/* Not what somebody says who is not bound: he may be anybody, under any account's name. */
static bool has_campaign(const struct worker *w, const struct screen_message *m)
{
	return w->campaigns != NULL && m->fingerprint != 0 && (m->bound || !m->from_esme);
}

static void seek_rows_of_last(const struct worker *w)
{
	const struct vector *v = w->vector;

	if (v->n_seen != 0)
		campaign_sketch_seek_rows(w->campaigns, &v->seen[v->n_seen - 1],
		                          w->screen.seconds);
}

/* The sketch is larger than a cache: what is to be counted is asked for here, its rows with the
 * next one, and it is counted when the turn's frames are ready. */
static void note_campaign(struct worker *w, const struct screen_message *m)
{
	struct vector *v = w->vector;

	if (!has_campaign(w, m))
		return;
	seek_rows_of_last(w);
	v->seen[v->n_seen] = seen_in(w, m);
	campaign_sketch_seek(w->campaigns, &v->seen[v->n_seen++]);
}

static enum report_rule_mode mode_of(const struct image_rule *r)
{
	if ((r->flags & IMAGE_RULE_SHADOW) == 0)
		return REPORT_RULE_ACTIVE;
	return r->canary_share != 0 || r->n_canary_accounts != 0 ? REPORT_RULE_CANARY
	                                                         : REPORT_RULE_SHADOW;
}

/* The rules that matched message i. */
static void count_rules(struct worker *w, unsigned i)
{
	const struct image *im = w->tables->image;
	const uint32_t *matched = w->vector->screen.matched[i];
	const unsigned n = w->vector->screen.messages[i].n_matched;

	for (unsigned k = 0; k < n; k++) {
		const uint32_t index = matched[k] & ~SCREEN_ACTED;
		const struct rule_hit hit = { .index = index,
			                      .rule = im->rules[index].id,
			                      .mode = mode_of(&im->rules[index]),
			                      .acted = (matched[k] & SCREEN_ACTED) != 0 };
		const enum rule_hits_result result =
			rule_hits_count(w->rule_hits, &hit, w->screen.seconds);
		worker_count(w, COUNTER_RULE_HITS_LOST, result == RULE_HIT_LOST);
		worker_count(w, COUNTER_RULE_ROWS_REPLACED, result == RULE_HIT_REPLACED);
	}
}

/* The rows of rules are asked for likewise. */
static void note_rules(struct worker *w, const struct screen_message *m)
{
	struct vector *v = w->vector;
	const unsigned i = (unsigned)(m - v->screen.messages);

	if (m->n_matched == 0 || w->rule_hits == NULL)
		return;
	const struct image *im = w->tables->image;
	rule_hits_use(w->rule_hits, w->tables->image_serial, im->policy->rules_version);
	for (unsigned k = 0; k < m->n_matched; k++) {
		const uint32_t index = v->screen.matched[i][k] & ~SCREEN_ACTED;
		rule_hits_seek(w->rule_hits, index, im->rules[index].id);
	}
	v->matched[v->n_matched++] = (uint16_t)i;
}

/* Not before the message has gone its way: one that stalls is screened again. */
static void note_message(struct worker *w, const struct screen_message *m)
{
	note_campaign(w, m);
	note_rules(w, m);
}

void apply_counts(struct worker *w)
{
	const struct vector *v = w->vector;

	seek_rows_of_last(w);
	for (unsigned i = 0; i < v->n_seen; i++)
		worker_count(
			w, COUNTER_CAMPAIGNS_REPLACED,
			campaign_sketch_count(w->campaigns, &v->seen[i], w->screen.seconds));
	for (unsigned i = 0; i < v->n_matched; i++)
		count_rules(w, v->matched[i]);
}

/* A request that passes, unless what gathers is held back. */
static void gather_request(struct worker *w, struct pending *p, const struct step *s)
{
	const struct screen_message *m = &w->vector->screen.messages[s->message];

	p->sum.requests++;
	p->sum.clean += m->reason == REASON_PASS;
	if (has_campaign(w, m) || m->n_matched != 0)
		p->passed[p->n_passed++] = s->message;
}

static void flush(struct worker *w, struct pending *p)
{
	if (p->sum.octets != 0 && !p->c->stalled[p->from]) {
		if (relay_pass(&p->c->relay, p->from, p->sum.octets, &w->env) != 0) {
			stall(p->c, p->from);
		} else {
			count_pdus(w, p->from, p->sum.pdus);
			worker_count(w, COUNTER_RESPONSES, p->sum.responses);
			worker_count(w, COUNTER_BINDS, p->sum.binds);
			worker_count(w, COUNTER_REQUESTS, p->sum.requests);
			worker_count(w, COUNTER_FORWARDED, p->sum.requests);
			worker_count(w, REPORT_REASON_BASE + REASON_PASS, p->sum.clean);
			for (unsigned i = 0; i < p->n_passed; i++)
				note_message(w, &w->vector->screen.messages[p->passed[i]]);
		}
	}
	p->sum = (struct gathered){ 0 };
	p->n_passed = 0;
}

/* Behind what is there, as much as has room. */
static void append_text(struct audit_record *r, struct view t)
{
	const uint32_t n = text_prefix(t.data, t.len, AUDIT_TEXT_SIZE - r->text_len);

	if (n != 0)
		memcpy(r->text + r->text_len, t.data, n);
	r->text_len = (uint16_t)(r->text_len + n);
}

/* The reading that the verdict is about; of two texts both. */
static void copy_text(struct audit_record *r, const struct screen_message *m)
{
	const struct view first = m->plain[m->told], other = m->plain[1 - m->told];

	r->text_len = 0;
	append_text(r, first);
	if (first.len != 0 && (other.len == 0 || m->second != SCREEN_ONE_READING))
		return;
	if (first.len != 0)
		append_text(r, (struct view){ (const uint8_t *)" / ", 3 });
	append_text(r, other);
}

/* A row is of the tables that it was looked up in. */
static void name_account(const struct worker *w, struct audit_record *r,
                         const struct session *s)
{
	if (w->tables == NULL || s->tables_serial != w->tables->serial)
		return;
	r->account_id = tables_account(w->tables, s->account_row)->id;
	r->stranger = r->account_id == 0;
}

/* Half of the ring is for the bound: others, who may be anybody, cannot keep them from it. */
static bool has_room(const struct worker *w, const struct connection *c)
{
	return session_is_bound(&c->session) ||
	       audit_room(w->report) > (w->report->ring_mask + 1) / 2;
}

static struct audit_record *record_new(struct worker *w, const struct connection *c,
                                       const struct smpp_header *header)
{
	struct audit_record *r = has_room(w, c) ? audit_next(w->report) : NULL;

	if (r == NULL) {
		worker_count(w, COUNTER_AUDIT_FULL, 1);
		return NULL;
	}
	const int64_t offset = __atomic_load_n(w->unix_offset_us, __ATOMIC_RELAXED);
	r->time_us = (uint64_t)((int64_t)w->now_us + offset);
	r->generation = w->tables == NULL ? 0 : w->tables->image->header->generation;
	r->flow = c->serial;
	r->command_id = header->command_id;
	r->sequence = header->sequence;
	/* Whose the connection is is known when its bind was accepted; what the bind claims,
	 * system_id, is recorded in any case. */
	r->stranger = !session_is_bound(&c->session);
	if (!r->stranger)
		name_account(w, r, &c->session);
	memcpy(r->system_id, c->session.system_id, sizeof(r->system_id));
	return r;
}

static void record_message(const struct worker *w, struct audit_record *r,
                           const struct screen_message *m)
{
	const struct view sender = m->sm.source.digits, to = m->sm.destination.digits;

	r->kind = m->discard                 ? AUDIT_DISCARDED
	          : m->refuse                ? AUDIT_REFUSED
	          : m->reason != REASON_PASS ? AUDIT_OBSERVED
	                                     : AUDIT_FLAGGED;
	r->reason = m->reason;
	r->rule = m->rule;
	r->score = m->score;
	r->fingerprint = m->fingerprint;
	memcpy(r->rules, m->rules, m->n_rules * sizeof(r->rules[0]));
	r->rules_version = w->tables == NULL ? 0 : w->tables->image->policy->rules_version;
	r->command_status = m->refuse ? m->command_status : 0;
	r->data_coding = m->sm.data_coding;
	if (m->concat.total >= 2) {
		r->part = m->concat.part;
		r->parts = m->concat.total;
		r->part_refused = m->concat_refused;
	}
	r->recipient_hash = secret_hash(w->recipient_key, to.data, to.len);
	if (sender.len != 0)
		memcpy(r->sender, sender.data,
		       sender.len < sizeof(r->sender) - 1 ? sender.len : sizeof(r->sender) - 1);
	copy_text(r, m);
}

/* Answer one PDU ourselves and take it out of the stream. False: it stalled. */
static bool answer_with(struct worker *w, const struct step *s, const uint8_t *response,
                        uint32_t len)
{
	if (relay_insert(&s->c->relay, s->from, response, len, &w->env) != 0) {
		stall(s->c, s->from);
		return false;
	}
	relay_cut(&s->c->relay, s->from, s->octets);
	count_pdus(w, s->from, 1);
	return true;
}

static bool answer(struct worker *w, const struct step *s, uint32_t status)
{
	uint8_t response[SMPP_HEADER_SIZE];

	smpp_refusal(response, &s->header, status);
	return answer_with(w, s, response, sizeof(response));
}

/* The same as the message centre would answer: whoever sent it learns nothing. */
static bool accept(struct worker *w, const struct step *s)
{
	uint8_t response[SMPP_ACCEPTED_MAX];
	const uint64_t seed[] = { s->c->serial, s->header.sequence, w->now_us };
	uint64_t id;

	crypto_shorthash((unsigned char *)&id, (const unsigned char *)seed, sizeof(seed),
	                 w->recipient_key);
	return answer_with(w, s, response, smpp_accepted(response, &s->header, id));
}

static bool answer_message(struct worker *w, const struct step *s,
                           const struct screen_message *m)
{
	return m->discard ? accept(w, s) : answer(w, s, m->command_status);
}

/* What came before goes on; this PDU and what follows wait. */
static void stall_here(struct worker *w, const struct step *s, struct pending *p)
{
	flush(w, p);
	stall(s->c, s->from);
}

static void gather_pass(struct pending *p, const struct step *s)
{
	p->sum.octets += s->octets;
	p->sum.pdus += s->pdus;
	p->sum.responses += s->responses;
	p->sum.binds += s->binds;
}

/* A message with something to record: refused, observed or flagged. */
static void apply_recorded(struct worker *w, const struct step *s,
                           const struct screen_message *m, struct pending *p)
{
	struct audit_record *r = record_new(w, s->c, &s->header);

	if (r == NULL) {
		stall_here(w, s, p);
		return;
	}
	record_message(w, r, m);
	if (!m->refuse) {
		gather_pass(p, s);
		gather_request(w, p, s);
	}
	flush(w, p);
	/* A stall leaves the record unpublished: it is written again with the next try. */
	if (s->c->stalled[s->from] || (m->refuse && !answer_message(w, s, m)))
		return;
	audit_publish(w->report);
	const bool closed = relay_has_closed(&s->c->relay, s->from);
	worker_count(w, COUNTER_REQUESTS, m->refuse);
	worker_count(w, m->discard ? COUNTER_DISCARDED : COUNTER_REFUSED, m->refuse && !closed);
	worker_count(w, COUNTER_UNANSWERED, m->refuse && closed);
	worker_count(w, COUNTER_OBSERVED, !m->refuse && m->reason != REASON_PASS);
	worker_count(w, COUNTER_FLAGGED, m->flagged);
	worker_count(w, REPORT_REASON_BASE + m->reason, m->reason != REASON_PASS);
	if (m->refuse)
		note_message(w, m);
}

static void apply_message(struct worker *w, const struct step *s, struct pending *p)
{
	const struct screen_message *m = &w->vector->screen.messages[s->message];

	if (m->reason != REASON_PASS || m->flagged) {
		apply_recorded(w, s, m, p);
		return;
	}
	gather_pass(p, s);
	gather_request(w, p, s);
}

static void apply_answer(struct worker *w, const struct step *s, struct pending *p)
{
	struct audit_record *r = record_new(w, s->c, &s->header);

	if (r == NULL) {
		stall_here(w, s, p);
		return;
	}
	name_account(w, r, &s->c->session); /* the state of that account is why */
	r->kind = AUDIT_BIND_REFUSED;
	r->reason = s->reason;
	r->command_status = s->command_status;
	flush(w, p);
	if (s->c->stalled[s->from] || !answer(w, s, s->command_status))
		return;
	audit_publish(w->report);
	worker_count(w, COUNTER_BINDS, 1);
	worker_count(w, COUNTER_BINDS_REFUSED, 1);
	worker_count(w, REPORT_REASON_BASE + s->reason, 1);
}

/* SMPP 3.4 section 2.2 has no way back into step: tell the ESME, then end both legs. */
static void apply_shut(struct worker *w, const struct step *s, struct pending *p)
{
	uint8_t nack[SMPP_HEADER_SIZE];

	flush(w, p);
	if (s->c->stalled[s->from])
		return;
	smpp_nack(nack, SMPP_RINVCMDLEN, s->header.sequence);
	if (relay_insert(&s->c->relay, s->from, nack, sizeof(nack), &w->env) != 0) {
		stall(s->c, s->from);
		return;
	}
	relay_shut(&s->c->relay, &w->env);
	worker_count(w, COUNTER_FRAMING_LOST, 1);
	worker_count(w, COUNTER_FLOWS_RESET, 1);
}

static void apply_session(struct worker *w, const struct step *s, struct pending *p)
{
	gather_pass(p, s);
	flush(w, p);
	if (s->c->stalled[s->from])
		return;
	const bool was_bound = session_is_bound(&s->c->session);
	session_heard(&s->c->session, (enum side)s->from, &s->header);
	limit_bound(w, s->c, was_bound);
}

static void apply_step(struct worker *w, const struct step *s, struct pending *p)
{
	switch ((enum step_kind)s->kind) {
	case STEP_PASS:
		gather_pass(p, s);
		return;
	case STEP_SCREEN:
		apply_message(w, s, p);
		return;
	case STEP_ANSWER:
		apply_answer(w, s, p);
		return;
	case STEP_SESSION:
		apply_session(w, s, p);
		return;
	case STEP_RESET:
		relay_abort(&s->c->relay, &w->env);
		worker_count(w, COUNTER_NON_SMPP, 1);
		return;
	case STEP_SHUT:
		apply_shut(w, s, p);
		return;
	}
}

void apply(struct worker *w, struct connection *c)
{
	struct vector *v = w->vector;
	struct pending p; /* all of it would be cleared for each connection */

	p.c = c;
	p.from = SIDE_ESME;
	p.sum = (struct gathered){ 0 };
	p.n_passed = 0;
	for (; v->n_applied < v->n_steps && v->steps[v->n_applied].c == c; v->n_applied++) {
		const struct step *s = &v->steps[v->n_applied];
		if (p.from != s->from) {
			flush(w, &p);
			p.from = s->from;
		}
		if (!c->stalled[s->from] && !c->relay.leg[SIDE_ESME].discard &&
		    c->relay.state == RELAY_OPEN)
			apply_step(w, s, &p);
	}
	flush(w, &p);
}
