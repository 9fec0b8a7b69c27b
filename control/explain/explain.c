/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "campaign_set.h"
#include "explain_priv.h"
#include "parts.h"
#include "reading.h"

int explain_open(struct explain **out, const struct explain_source *source,
                 struct problems *problems, char error[EXPLAIN_ERROR_SIZE])
{
	struct explain *e = calloc(1, sizeof(*e));

	error[0] = '\0';
	if (e == NULL)
		return -ENOMEM;
	strncpy(e->account, source->account, sizeof(e->account) - 1);
	e->vector = calloc(1, sizeof(*e->vector));
	int result = e->vector == NULL ? -ENOMEM : parts_open(&e->parts);
	if (result == 0)
		result = explain_tables(e, source, problems, error);
	if (result != 0) {
		explain_close(e);
		return result;
	}
	*out = e;
	return 0;
}

void explain_close(struct explain *e)
{
	if (e == NULL)
		return;
	parts_close(e->parts);
	explain_heard_free(e->heard);
	tables_free(e->tables);
	if (e->mapped)
		munmap(e->octets, e->size);
	else
		free(e->octets);
	if (e->set != e->cache.rules.set)
		rule_set_free(e->set);
	rule_program_free(&e->program);
	image_cache_clear(&e->cache);
	free(e->vector);
	free(e);
}

enum text_coding explain_alphabet(const struct explain *e)
{
	const struct screen_context context = { .tables = e->tables };
	const uint32_t row =
		tables_account_row(e->tables, (const uint8_t *)e->account, strlen(e->account));
	const struct screen_message m = { .account_row = row };

	return reading_alphabet(&context, &m);
}

/* What the stages worked on, while it is there. */
struct watcher {
	struct explain *explain;
	const struct screen_context *context;
	const uint8_t *pdu;
	struct explanation *out;
	const struct text_table *table; /* that texts are folded by */
	int result;
};

static uint8_t *copy(struct view v)
{
	uint8_t *out = malloc(v.len + (size_t)1);

	if (out == NULL)
		return NULL;
	if (v.len != 0)
		memcpy(out, v.data, v.len);
	out[v.len] = '\0';
	return out;
}

/* The map of folded, as far as it is plain folded from the left. */
static int make_map(const struct text_table *table, struct explain_text *t)
{
	const size_t cap = t->plain_len * TEXT_FOLD_GROWTH + 1;
	uint8_t *again = malloc(cap);

	t->map = malloc((cap + 1) * sizeof(*t->map));
	if (again == NULL || t->map == NULL) {
		free(again);
		return -ENOMEM;
	}
	const size_t len = text_fold_with(table, t->plain, t->plain_len, again, cap, t->map);
	const bool same = len <= t->folded_len && memcmp(again, t->folded, len) == 0;
	t->mapped = same ? len : 0;
	free(again);
	return 0;
}

/* Without a second coding it is the first: the text as it is shown backwards. */
static enum text_coding coding_of(const struct watcher *w, const struct screen_message *m,
                                  unsigned from, bool again)
{
	const enum text_coding other =
		again ? reading_second(w->context, m, from) : TEXT_UNKNOWN;

	return other != TEXT_UNKNOWN ? other : w->out->coding;
}

static int keep_text(struct watcher *w, const struct screen_message *m, unsigned i)
{
	static const char *const fields[] = { "short_message", "message_payload",
		                              "callback_num_atag" };
	const struct smpp_text *const wire[] = { &m->sm.short_message, &m->sm.payload };
	struct explain_text *t = &w->out->texts[i];

	if (m->text[i].data == NULL)
		return 0;
	t->again = m->second == i;
	const unsigned from = t->again ? 1 - i : i;
	const bool tag = m->sm.has_callback_tag && wire[from]->octets.len == 0 &&
	                 (m->concat.total < 2 || m->concat_text != from);
	t->coding = coding_of(w, m, from, t->again);
	t->plain = copy(m->plain[i]);
	t->folded = copy(m->text[i]);
	t->plain_len = m->plain[i].len;
	t->folded_len = m->text[i].len;
	if (t->plain == NULL || t->folded == NULL)
		return -ENOMEM;
	t->field = fields[tag ? 2 : from];
	const int result = make_map(w->table, t);
	return result != 0 || tag
	               ? result
	               : explain_wire(w->explain, t, m, wire[from], w->out->coding, w->pdu);
}

/* Text i as it was read loosely, as a text of its own. */
static int keep_loose(struct watcher *w, const struct screen_message *m, unsigned i)
{
	const struct explain_text *from = &w->out->texts[i];
	struct explain_text *t = &w->out->texts[EXPLAIN_LOOSE + i];

	if (m->loose[i].len == 0)
		return 0;
	*t = (struct explain_text){ .coding = from->coding,
		                    .again = from->again,
		                    .loose = true,
		                    .plain = copy(m->plain[i]),
		                    .folded = copy(m->loose[i]),
		                    .plain_len = m->plain[i].len,
		                    .folded_len = m->loose[i].len };
	if (t->plain == NULL || t->folded == NULL)
		return -ENOMEM;
	t->field = from->field;
	return 0;
}

static void on_slice(void *context, const struct screen_vector *v)
{
	struct watcher *w = context;

	for (unsigned i = 0; w->result == 0 && i < EXPLAIN_LOOSE; i++) {
		w->result = keep_text(w, &v->messages[0], i);
		if (w->result == 0)
			w->result = keep_loose(w, &v->messages[0], i);
	}
}

/* What each rule comes to in one of two texts or readings, or in both together. */
static void weigh_texts(struct explanation *out, struct match_state *state,
                        const struct match_input *input, uint32_t n_rules, unsigned texts)
{
	match_begin(state);
	for (uint32_t i = 0; i < out->n_matches; i++)
		if ((texts >> out->matches[i].text % EXPLAIN_LOOSE & 1) != 0)
			match_add(state, out->matches[i].pattern);
	for (uint32_t i = 0; i < n_rules; i++) {
		const uint8_t effect = (uint8_t)match_effect(state, input, i);
		if (effect > out->effects[i])
			out->effects[i] = effect;
	}
}

/* What each rule came to: from the patterns that were found, by the data plane's rules. */
static int weigh(struct explanation *out, const struct explain *e,
                 const struct screen_context *context)
{
	const struct match_input input = screen_match_input(context, &out->message);
	struct match_state *state = NULL;
	const int result = match_open(&state, e->tables->image);

	out->effects = calloc(e->tables->image->n_rules + (size_t)1, 1);
	if (result != 0 || out->effects == NULL) {
		match_close(state);
		return -ENOMEM;
	}
	const unsigned ways = out->message.second == SCREEN_ONE_READING ? 3 : 2;
	for (unsigned texts = 1; texts <= ways; texts++)
		weigh_texts(out, state, &input, e->tables->image->n_rules, texts);
	match_close(state);
	return 0;
}

static void take_limits(struct explanation *out, const struct explain *e)
{
	const struct image_policy *policy = e->tables->image->policy;
	const struct image_account *a = out->account;

	out->refuse_score = a->refuse_score != 0 ? a->refuse_score : policy->refuse_score;
	out->flag_score = a->flag_score != 0 ? a->flag_score : policy->flag_score;
}

int explain_run(struct explanation *out, struct explain *e, const uint8_t *pdu, size_t len,
                uint32_t seconds)
{
	const struct tables *t = e->tables;
	struct watcher watcher = {
		.explain = e, .pdu = pdu, .out = out, .table = t->image->fold
	};
	struct screen_context context = {
		.tables = t,
		.scratch = t->scratch != NULL ? t->scratch[0] : NULL,
		.match = t->match != NULL ? t->match[0] : NULL,
		.seconds = seconds,
		.parts = e->parts,
		.watch = on_slice,
		.watcher = &watcher,
	};
	struct screen_message *m = &e->vector->messages[0];

	watcher.context = &context;
	*out = (struct explanation){ .set = e->set, .rows = t->image->rules };
	memset(m, 0, sizeof(*m));
	const uint32_t fault = smpp_decode(&m->sm, pdu, len);
	bug_if(fault != m->sm.error); /* the first stage judges it */
	m->account_row = tables_account_row(t, (const uint8_t *)e->account, strlen(e->account));
	m->bound = true;
	m->from_esme = m->sm.header.command_id != SMPP_DELIVER_SM;
	out->message = *m;
	out->account = tables_account(t, m->account_row);
	take_limits(out, e);
	out->coding = reading_coding(&context, m);
	e->vector->n = 1;
	screen_run(&context, e->vector);
	out->message = *m;
	out->rules_version = t->image->policy->rules_version;
	if (t->campaigns != NULL && m->fingerprint != 0)
		out->campaign = campaign_set_find(t->campaigns, m->fingerprint, seconds);
	out->refused_before = context.parts_sticky != 0 ? m->concat_refused : 0;
	int result = watcher.result;
	if (result == 0)
		result = explain_places(out, e);
	if (result == 0)
		result = weigh(out, e, &context);
	if (result != 0)
		explanation_free(out);
	return result;
}

void explanation_free(struct explanation *out)
{
	for (unsigned i = 0; i < EXPLAIN_TEXTS; i++) {
		free(out->texts[i].plain);
		free(out->texts[i].folded);
		free(out->texts[i].map);
		free(out->texts[i].units);
		free(out->texts[i].origins);
	}
	free(out->matches);
	free(out->effects);
	*out = (struct explanation){ 0 };
}
