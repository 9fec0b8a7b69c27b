/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "pdu.h"
#include "fingerprint.h"
#include "text.h"

void world_begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->policy.directions = IMAGE_DIRECTION_FROM_ESME;
	w->policy.country = 82;
	w->vector = calloc(1, sizeof(*w->vector));
	bug_if(w->vector == NULL || image_build_open(&w->build) != 0);
}

void world_account(struct world *w, const struct image_build_account *account)
{
	bug_if(image_build_account(w->build, account) != 0);
}

void world_sender_with(struct world *w, const char *address, uint32_t owner,
                       struct image_build_sender sender)
{
	bug_if(address_key(&sender.key, (const uint8_t *)address, strlen(address), 0, 0,
	                   w->policy.country) != 0);
	sender.owners = &owner;
	sender.n_owners = owner != 0;
	bug_if(image_build_sender(w->build, &sender) != 0);
}

void world_sender(struct world *w, const char *address, uint32_t owner)
{
	world_sender_with(w, address, owner,
	                  (struct image_build_sender){ .state = IMAGE_CERTIFIED });
}

void world_numbers(struct world *w, const char *first, const char *last,
                   enum image_number_state state)
{
	struct sender_key keys[2];

	bug_if(address_key(&keys[0], (const uint8_t *)first, strlen(first), 0, 0, 82) != 0);
	bug_if(address_key(&keys[1], (const uint8_t *)last, strlen(last), 0, 0, 82) != 0);
	bug_if(image_build_numbers(w->build, &keys[0], &keys[1], state) != 0);
}

uint32_t world_rule(struct world *w, uint32_t id, enum image_action action,
                    const char *expression, uint32_t command_status)
{
	return world_rule_with(
		w,
		&(struct image_build_rule){ .row = { .id = id,
	                                             .action = action,
	                                             .command_status = command_status } },
		expression);
}

uint32_t world_rule_with(struct world *w, struct image_build_rule *rule, const char *expression)
{
	rule->name = "rule";
	rule->sentence = "a rule";
	const int64_t index = image_build_rule(w->build, rule);

	bug_if(index < 0);
	world_pattern(w, &(struct image_pattern){ .rule = (uint32_t)index }, expression);
	return (uint32_t)index;
}

void world_pattern(struct world *w, struct image_pattern *pattern, const char *expression)
{
	bug_if(w->n_expressions == WORLD_RULES_MAX);
	if (pattern->views == 0)
		pattern->views = IMAGE_VIEW_FOLDED;
	bug_if(image_build_pattern(w->build, pattern) != w->n_expressions);
	w->views[w->n_expressions] = pattern->views;
	w->expressions[w->n_expressions++] = expression;
}

static void compile(struct world *w, unsigned view)
{
	const char *expressions[WORLD_RULES_MAX];
	unsigned flags[WORLD_RULES_MAX], ids[WORLD_RULES_MAX], n = 0;
	hs_database_t *database;
	hs_compile_error_t *error;
	char *octets;
	size_t size;

	for (unsigned i = 0; i < w->n_expressions; i++) {
		if ((w->views[i] & view) == 0)
			continue;
		expressions[n] = w->expressions[i];
		flags[n] = HS_FLAG_DOTALL | HS_FLAG_MULTILINE;
		ids[n++] = i;
	}
	if (n == 0)
		return;
	bug_if(hs_compile_multi(expressions, flags, ids, n, HS_MODE_BLOCK, NULL, &database,
	                        &error) != HS_SUCCESS);
	bug_if(hs_serialize_database(database, &octets, &size) != HS_SUCCESS);
	bug_if(image_build_database(
		       w->build, view == IMAGE_VIEW_PLAIN ? IMAGE_HS_PLAIN : IMAGE_HS_DATABASE,
		       octets, size) != 0);
	free(octets);
	hs_free_database(database);
}

_Static_assert(IMAGE_BUILD_ERROR_SIZE == IMAGE_ERROR_SIZE, "one sentence for both");

void world_ready(struct world *w)
{
	char error[IMAGE_ERROR_SIZE];
	size_t size;

	image_build_policy(w->build, &w->policy);
	compile(w, IMAGE_VIEW_FOLDED);
	compile(w, IMAGE_VIEW_PLAIN);
	bug_if(image_build_memory(w->build, 1, WORLD_NOW, &w->image, &size, error) != 0);
	bug_if(tables_open(&w->tables, w->image, size, 1, NULL, NULL, error) != 0);
	w->context.tables = w->tables;
	w->context.scratch = w->tables->scratch != NULL ? w->tables->scratch[0] : NULL;
	w->context.match = w->tables->match != NULL ? w->tables->match[0] : NULL;
	w->context.seconds = WORLD_NOW;
}

uint64_t world_fingerprint(const char *text)
{
	uint8_t folded[4096];
	const size_t len =
		text_fold((const uint8_t *)text, strlen(text), folded, sizeof(folded));

	return text_fingerprint(folded, len);
}

void world_campaign(struct world *w, const char *text, enum image_action action, uint8_t radius)
{
	bug_if(image_build_campaign(w->build, &(struct image_campaign){
						      .fingerprint = world_fingerprint(text),
						      .action = (uint8_t)action,
						      .radius = radius }) != 0);
}

void world_deltas(struct world *w, const struct link_delta *d, unsigned n)
{
	struct tables *next;

	bug_if(tables_deltas(&next, w->tables, d, n) != 0);
	tables_free(w->tables);
	w->tables = next;
	w->context.tables = next;
}

void world_delta(struct world *w, enum link_delta_op op, const char *system_id,
                 const char *address)
{
	struct link_delta d = { .op = (uint8_t)op, .kind = LINK_ACCOUNT };

	d.generation = tables_generation(w->tables) + 1;
	if (op == LINK_BLOCK)
		d.blocked_until = UINT32_MAX;
	if (address != NULL) {
		d.kind = LINK_SENDER;
		bug_if(address_key(&d.key, (const uint8_t *)address, strlen(address), 0, 0,
		                   w->policy.country) != 0);
	} else {
		memcpy(d.key.octets + 1, system_id, strlen(system_id));
	}
	world_deltas(w, &d, 1);
}

static void write_destinations(struct pdu *p, const struct submit *s)
{
	static const char *const usual = "821099998888";
	const char *const *to = s->destinations != NULL ? s->destinations : &usual;
	const unsigned n = s->destinations != NULL ? s->n_destinations : 1;

	if (s->command_id == SMPP_SUBMIT_MULTI)
		pdu_u8(p, n);
	for (unsigned i = 0; i < n; i++) {
		const bool list = to[i][0] >= 'a';
		if (s->command_id == SMPP_SUBMIT_MULTI)
			pdu_u8(p, list ? 2 : 1);
		if (list)
			pdu_string(p, to[i]);
		else
			pdu_address(p, 1, 1, to[i]);
	}
}

/* Mandatory fields by command: SMPP 3.4 sections 4.4.1, 4.7.1, 4.10.1. */
static void write_body(struct pdu *p, const struct submit *s, const char *source,
                       size_t text_len)
{
	const bool replace = s->command_id == SMPP_REPLACE_SM;

	pdu_string(p, replace ? "id-1" : ""); /* message_id or service_type */
	pdu_address(p, s->ton, s->npi, source);
	if (!replace) {
		write_destinations(p, s);
		pdu_u8(p, s->esm_class);
	}
	if (s->command_id == SMPP_DATA_SM) {
		pdu_u8(p, 0); /* registered_delivery */
		pdu_u8(p, s->data_coding);
		return;
	}
	if (!replace) {
		pdu_u8(p, 0); /* protocol_id */
		pdu_u8(p, 0); /* priority_flag */
	}
	pdu_string(p, ""); /* schedule_delivery_time */
	pdu_string(p, ""); /* validity_period */
	pdu_u8(p, 0);      /* registered_delivery */
	if (!replace) {
		pdu_u8(p, 0); /* replace_if_present_flag */
		pdu_u8(p, s->data_coding);
	}
	pdu_u8(p, 0); /* sm_default_msg_id */
	pdu_u8(p, (unsigned)text_len);
	if (s->text != NULL)
		pdu_octets(p, s->text, text_len);
}

static uint32_t command_of(const struct submit *s)
{
	return s->command_id != 0 ? s->command_id : SMPP_SUBMIT_SM;
}

static void write_pdu(struct pdu *p, const struct submit *s, uint32_t sequence)
{
	const size_t text_len =
		s->text == NULL || s->text_len != 0 ? s->text_len : strlen(s->text);

	pdu_header(p, command_of(s), 0, sequence);
	write_body(p, s, s->source != NULL ? s->source : "01012345678", text_len);
	if (s->payload != NULL)
		pdu_tlv(p, SMPP_TAG_MESSAGE_PAYLOAD, s->payload, s->payload_len);
	if (s->tag != 0)
		pdu_tlv(p, s->tag, s->value, s->value_len);
	if (s->again != NULL)
		pdu_tlv(p, s->tag, s->again, s->value_len);
	p->len -= s->cut;
	pdu_seal(p);
}

struct screen_message *world_add(struct world *w, const char *system_id,
                                 const struct submit *submit)
{
	const unsigned i = w->vector->n;
	struct screen_message *m = &w->vector->messages[i];
	struct pdu *p = malloc(sizeof(*p));

	bug_if(i == SCREEN_VECTOR_MAX || p == NULL);
	write_pdu(p, submit, i + 1);
	memset(m, 0xA5, sizeof(*m)); /* whatever the last turn left */
	/* Exactly its octets, so that a sanitizer sees the first one too many. */
	w->pdus[i] = memcpy(malloc(p->len), p->octets, p->len);
	const uint32_t error = smpp_decode(&m->sm, w->pdus[i], p->len);
	bug_if((error != 0) != (submit->cut != 0));
	free(p);
	m->owner = w;
	m->account_row = w->tables == NULL ? 0
	                                   : image_account_row(w->tables->image,
	                                                       (const uint8_t *)system_id,
	                                                       strlen(system_id));
	m->bound = true;
	m->from_esme = command_of(submit) != SMPP_DELIVER_SM;
	w->vector->n++;
	return m;
}

void world_screen(struct world *w) { screen_run(&w->context, w->vector); }

void world_clear(struct world *w)
{
	for (unsigned i = 0; i < w->vector->n; i++)
		free(w->pdus[i]);
	w->vector->n = 0;
}

void world_end(struct world *w)
{
	world_clear(w);
	tables_free(w->tables);
	image_build_close(w->build);
	free(w->image);
	free(w->vector);
}

struct screen_message *world_one(struct world *w, const struct submit *submit)
{
	world_clear(w);
	struct screen_message *m = world_add(w, "acme", submit);
	world_screen(w);
	return m;
}

static void acme(struct world *w, uint8_t alphabet)
{
	world_account(w, &(struct image_build_account){ .system_id = "acme",
	                                                .name = "Acme",
	                                                .id = 7,
	                                                .state = IMAGE_CERTIFIED,
	                                                .alphabet = alphabet });
	world_sender(w, "010-1234-5678", 7);
	world_rule(w, 100, IMAGE_REFUSE, "casino", 0);
}

void world_usual(struct world *w)
{
	world_begin(w);
	acme(w, TEXT_GSM7);
}

void world_readings(struct world *w, uint8_t alphabet, enum image_undecodable undecodable)
{
	world_begin(w);
	w->policy.undecodable = undecodable;
	acme(w, alphabet);
	world_rule(w, 101, IMAGE_REFUSE, "대출", 0);
}
