/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "explain_command.h"
#include "explain_encode.h"
#include "fingerprint.h"

#define NAME_COLUMNS 12

const char *explain_verdict(const struct screen_message *m)
{
	return m->discard                 ? "discarded"
	       : m->refuse                ? "refused"
	       : m->flagged               ? "forwarded, flagged"
	       : m->reason != REASON_PASS ? "forwarded, observed"
	                                  : "forwarded";
}

static const char *command_name(uint32_t id)
{
	return id == SMPP_SUBMIT_SM      ? "submit_sm"
	       : id == SMPP_SUBMIT_MULTI ? "submit_multi"
	       : id == SMPP_DATA_SM      ? "data_sm"
	       : id == SMPP_REPLACE_SM   ? "replace_sm"
	       : id == SMPP_BROADCAST_SM ? "broadcast_sm"
	                                 : "deliver_sm";
}

static const char *const kinds[] = { [RULE_REGEX] = "regex",
	                             [RULE_LITERAL] = "literal",
	                             [RULE_WORD] = "words",
	                             [RULE_DOMAIN] = "domains" };
static const char *const effects[] = { [MATCH_NONE] = "does not match",
	                               [MATCH_BEYOND] = ("matches, but is not about this "
	                                                 "message (scope, valid)"),
	                               [MATCH_SHADOW] = "only counts (shadow)",
	                               [MATCH_ACTS] = "acts" };
static const char *const actions[] = { [0] = "weighs",
	                               [IMAGE_REFUSE] = "refuses",
	                               [IMAGE_DISCARD] = "discards",
	                               [IMAGE_FLAG] = "flags",
	                               [IMAGE_RULE_OBSERVE] = "observes" };

static const char *view_name(unsigned view)
{
	return view == IMAGE_VIEW_PLAIN   ? "plain"
	       : view == IMAGE_VIEW_LOOSE ? "loose"
	                                  : "folded";
}

/* Characters of UTF-8. */
static uint32_t characters(const uint8_t *text, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (text[i] & 0xC0) != 0x80;
	return n;
}

static const uint8_t *seen(const struct explain_text *t, const struct explain_match *m)
{
	return (m->view == IMAGE_VIEW_PLAIN ? t->plain : t->folded) + m->seen_from;
}

static bool has_place(const struct explain_match *m) { return m->to != 0; }

/* In quotes, so that what a stranger wrote does nothing to a terminal. */
static void print_text(const uint8_t *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			fputs("\\n", stdout);
		else if (text[i] < 0x20 || text[i] == 0x7f)
			printf("\\x%02x", text[i]);
		else if (text[i] == 0xc2 && i + 1 < len && text[i + 1] < 0xa0)
			printf("\\u00%02x", text[++i]);
		else
			putchar(text[i]);
	}
	putchar('"');
}

static void print_name(const char *name) { printf("%-*s", NAME_COLUMNS, name); }

static void print_message(const struct explanation *e, const char *system_id)
{
	const struct smpp_message *sm = &e->message.sm;

	print_name("message");
	printf("%s, data_coding %u, from ", command_name(sm->header.command_id),
	       sm->data_coding);
	print_text(sm->source.digits.data, sm->source.digits.len);
	printf(" (TON %u, NPI %u), account %s%s\n", sm->source.ton, sm->source.npi, system_id,
	       e->message.account_row == 0         ? ", which nobody has"
	       : e->account->mode == IMAGE_OBSERVE ? ", only observed"
	                                           : "");
	if (sm->error != 0) {
		print_name("fault");
		if (sm->error_at != 0)
			printf("octet %u: ", sm->error_at);
		printf("%s is not what SMPP says\n", sm->error_field);
	}
	if (e->message.concat.total >= 2) {
		print_name("part");
		printf("%u of %u, ", e->message.concat.part, e->message.concat.total);
		if (e->refused_before != 0)
			printf("refused as part %u before it was\n", e->refused_before);
		else
			puts("judged with those given before it");
	}
}

static void print_texts(const struct explanation *e)
{
	if (e->message.reason == REASON_TEXT_UNDECODABLE) {
		print_name("reading");
		printf("none: it does not decode as %s\n", explain_coding_name(e->coding));
	}
	for (unsigned i = 0; i < EXPLAIN_TEXTS; i++) {
		const struct explain_text *t = &e->texts[i];

		if (t->field == NULL)
			continue;
		print_name("reading");
		printf("%s as %s%s%s\n", t->field, explain_coding_name(t->coding),
		       t->again ? ", which it may be as well" : "",
		       t->loose ? ", without what was strewn into its words" : "");
		if (!t->loose) {
			print_name("  plain");
			print_text(t->plain, t->plain_len);
			putchar('\n');
		}
		print_name(t->loose ? "  loose" : "  folded");
		print_text(t->folded, t->folded_len);
		putchar('\n');
	}
}

/* What a match is of on the wire: pieces of at most so many parts. */
#define PIECES_MAX 16u

static unsigned pieces_of(const struct explanation *e, const struct explain_match *m,
                          struct explain_unit pieces[PIECES_MAX])
{
	return explain_octets(&e->texts[m->text % EXPLAIN_LOOSE], m->from, m->to, pieces,
	                      PIECES_MAX);
}

static void print_octets(const struct explanation *e, const struct explain_match *m)
{
	struct explain_unit pieces[PIECES_MAX];
	const unsigned n = pieces_of(e, m, pieces);

	for (unsigned i = 0; i < n; i++) {
		printf("%s%u-%u", i == 0 ? ", octets " : ", ", pieces[i].from, pieces[i].to);
		if (pieces[i].part != 0)
			printf(" of part %u", pieces[i].part);
	}
}

static void print_match(const struct explanation *e, const struct explain_match *m)
{
	const struct rule_pattern *p = &e->set->patterns[m->pattern];
	const struct explain_text *t = &e->texts[m->text];

	if (has_place(m)) {
		printf("  at %u-%u ", characters(t->plain, m->from),
		       characters(t->plain, m->to));
		print_text(t->plain + m->from, m->to - m->from);
		print_octets(e, m);
	} else {
		fputs("  at a place not known: ", stdout);
		print_text(seen(t, m), m->seen_to - m->seen_from);
	}
	printf(", %s text, %s ", view_name(m->view), kinds[p->kind]);
	print_text((const uint8_t *)p->text, strlen(p->text));
	if (p->weight != 0)
		printf(" (%+g)", p->weight / 1000.0);
	putchar('\n');
}

/* Of the patterns of a rule that matched, each once. False: none did. */
static bool weights_of(const struct explanation *e, uint32_t rule, int64_t *sum)
{
	bool any = false;

	*sum = 0;
	for (uint32_t i = 0; i < e->n_matches; i++) {
		const uint32_t pattern = e->matches[i].pattern;
		bool before = false;

		for (uint32_t j = 0; j < i && !before; j++)
			before = e->matches[j].pattern == pattern;
		if (e->set->patterns[pattern].rule != rule || before)
			continue;
		*sum += e->set->patterns[pattern].weight;
		any = true;
	}
	return any;
}

static void print_rule(const struct explanation *e, uint32_t i, int64_t sum)
{
	const struct rule *r = &e->set->rules[i];

	print_name("rule");
	printf("%s %s: %s", r->name, actions[r->row.action], effects[e->effects[i]]);
	if ((r->row.flags & IMAGE_RULE_THRESHOLD) != 0)
		printf(", weights %g of %g", (double)sum / 1000, r->row.threshold / 1000.0);
	else if (sum != 0 || r->row.weight != 0)
		printf(", weighs %g", (double)(sum + r->row.weight) / 1000);
	printf(" (%s)\n", r->sentence);
	for (uint32_t k = 0; k < e->n_matches && e->effects[i] != MATCH_NONE; k++)
		if (e->set->patterns[e->matches[k].pattern].rule == i)
			print_match(e, &e->matches[k]);
}

/* With the patterns of those that match; the places are characters of the plain text. */
static void print_rules(const struct explanation *e)
{
	int64_t sum;

	for (uint32_t i = 0; e->set != NULL && i < e->set->n_rules; i++)
		if (weights_of(e, i, &sum))
			print_rule(e, i, sum);
}

static void print_limit(const char *verb, int64_t limit)
{
	if (limit == 0)
		printf("never %s", verb);
	else
		printf("%s from %g", verb, (double)limit / 1000);
}

static const char *rule_name(const struct explanation *e)
{
	for (uint32_t i = 0; e->set != NULL && i < e->set->n_rules; i++)
		if (e->rows[i].id == e->message.rule)
			return e->set->rules[i].name;
	return "";
}

/* As "campaigns block" takes it; empty: the text is too short to have one. */
static const char *fingerprint_text(const struct screen_message *m)
{
	static char text[17];

	text[0] = '\0';
	if (m->fingerprint != 0)
		snprintf(text, sizeof(text), "%016llx", (unsigned long long)m->fingerprint);
	return text;
}

static unsigned bits_off(const struct explanation *e)
{
	return fingerprint_distance(e->message.fingerprint, e->campaign->fingerprint);
}

/* The text's, and the one that an operator acts upon, where it is of that. */
static void print_campaign(const struct explanation *e)
{
	print_name("campaign");
	fputs(e->message.fingerprint != 0 ? fingerprint_text(&e->message)
	                                  : "none: the text is too short",
	      stdout);
	if (e->campaign != NULL)
		printf(", %u bits from %016llx, which %s within %u", bits_off(e),
		       (unsigned long long)e->campaign->fingerprint,
		       actions[e->campaign->action], e->campaign->radius);
	putchar('\n');
}

static const char *sentence_of(const struct screen_message *m)
{
	if (m->reason == REASON_CONTENT_RULE && m->discard)
		return "the text matches a rule that discards";
	if (m->reason == REASON_CONTENT_RULE && m->command_status == 0)
		return "the text matches a rule, and it is not refused";
	return reason_row(m->reason)->sentence;
}

void explain_print(const struct explanation *e, const char *system_id)
{
	const struct screen_message *m = &e->message;

	print_message(e, system_id);
	print_texts(e);
	print_rules(e);
	print_name("score");
	printf("%g; ", m->score / 1000.0);
	print_limit("refused", e->refuse_score);
	fputs(", ", stdout);
	print_limit("flagged", e->flag_score);
	putchar('\n');
	print_campaign(e);
	print_name("verdict");
	printf("%s", explain_verdict(m));
	if (m->reason != REASON_PASS)
		printf(": %s, %s", reason_row(m->reason)->name, sentence_of(m));
	if (m->rule != 0)
		printf(" (rule %s)", rule_name(e));
	if (e->rules_version != 0 && m->rule != 0)
		printf(", by version %u of the rules", e->rules_version);
	putchar('\n');
	print_name("answer");
	if (m->refuse)
		printf("%s_resp, command_status 0x%08x, sequence_number %u\n",
		       command_name(m->sm.header.command_id), m->command_status,
		       m->sm.header.sequence);
	else
		puts("of the SMSC");
}

static json_t *text_json(const struct explain_text *t)
{
	return json_pack("{ss ss sb sb ss% ss%}", "field", t->field, "coding",
	                 explain_coding_name(t->coding), "second", t->again, "loose", t->loose,
	                 "plain", (const char *)t->plain, t->plain_len, "folded",
	                 (const char *)t->folded, t->folded_len);
}

/* Its place among those that there are. */
static int reading_of(const struct explanation *e, unsigned text)
{
	int before = 0;

	for (unsigned i = 0; i < text; i++)
		before += e->texts[i].field != NULL;
	return before;
}

static json_t *octets_json(const struct explanation *e, const struct explain_match *m)
{
	struct explain_unit pieces[PIECES_MAX];
	const unsigned n = pieces_of(e, m, pieces);
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{sI sI sI}", "from",
		                                      (json_int_t)pieces[i].from, "to",
		                                      (json_int_t)pieces[i].to, "part",
		                                      (json_int_t)pieces[i].part));
	return list;
}

static json_t *match_json(const struct explanation *e, const struct explain_match *m)
{
	const struct rule_pattern *p = &e->set->patterns[m->pattern];
	const struct explain_text *t = &e->texts[m->text];
	json_t *out = json_pack("{ss ss ss ss sf si ss%}", "rule", e->set->rules[p->rule].name,
	                        "kind", kinds[p->kind], "pattern", p->text, "view",
	                        view_name(m->view), "weight", p->weight / 1000.0, "reading",
	                        reading_of(e, m->text), "seen", (const char *)seen(t, m),
	                        (size_t)(m->seen_to - m->seen_from));

	if (out == NULL || !has_place(m))
		return out;
	json_object_set_new(out, "from", json_integer(characters(t->plain, m->from)));
	json_object_set_new(out, "to", json_integer(characters(t->plain, m->to)));
	json_object_set_new(out, "text",
	                    json_stringn((const char *)t->plain + m->from, m->to - m->from));
	json_object_set_new(out, "octets", octets_json(e, m));
	return out;
}

static json_t *rule_json(const struct explanation *e, uint32_t i)
{
	static const char *const words[] = { "none", "out_of_scope", "shadow", "acts" };
	const struct rule *r = &e->set->rules[i];

	return json_pack("{ss ss ss ss sf}", "id", r->name, "sentence", r->sentence, "action",
	                 actions[r->row.action], "effect", words[e->effects[i]], "weight",
	                 r->row.weight / 1000.0);
}

/* What is sent back to the ESME; null when that is what the SMSC says. */
static json_t *answer_json(const struct screen_message *m)
{
	if (!m->refuse)
		return json_null();
	return json_pack("{sI sI sI}", "command_id",
	                 (json_int_t)(m->sm.header.command_id | SMPP_RESPONSE),
	                 "command_status", (json_int_t)m->command_status, "sequence_number",
	                 (json_int_t)m->sm.header.sequence);
}

static json_t *campaign_json(const struct explanation *e)
{
	char fingerprint[17];

	if (e->campaign == NULL)
		return json_null();
	snprintf(fingerprint, sizeof(fingerprint), "%016llx",
	         (unsigned long long)e->campaign->fingerprint);
	return json_pack("{ss si si ss}", "fingerprint", fingerprint, "bits", bits_off(e),
	                 "radius", e->campaign->radius, "action", actions[e->campaign->action]);
}

static json_t *part_json(const struct explanation *e)
{
	const struct smpp_concat *c = &e->message.concat;

	if (c->total < 2)
		return json_null();
	return json_pack("{si si sb so}", "number", c->part, "total", c->total,
	                 "refused_before", e->refused_before != 0, "refused_for",
	                 e->refused_before != 0 ? json_integer(e->refused_before)
	                                        : json_null());
}

static json_t *fault_json(const struct smpp_message *sm)
{
	if (sm->error == 0)
		return json_null();
	return json_pack("{ss sI}", "field", sm->error_field, "octet",
	                 (json_int_t)sm->error_at);
}

json_t *explain_json(const struct explanation *e, const char *system_id)
{
	const struct screen_message *m = &e->message;
	json_t *texts = json_array(), *matches = json_array(), *rules = json_array();

	for (unsigned i = 0; i < EXPLAIN_TEXTS; i++)
		if (e->texts[i].field != NULL)
			json_array_append_new(texts, text_json(&e->texts[i]));
	for (uint32_t i = 0; i < e->n_matches; i++)
		json_array_append_new(matches, match_json(e, &e->matches[i]));
	for (uint32_t i = 0; e->set != NULL && i < e->set->n_rules; i++)
		if (e->effects[i] != MATCH_NONE)
			json_array_append_new(rules, rule_json(e, i));
	return json_pack("{ss ss ss ss sI si ss so so so so so sf sf sf ss so so}", "verdict",
	                 explain_verdict(m), "reason", reason_row(m->reason)->name, "rule",
	                 rule_name(e), "command", command_name(m->sm.header.command_id),
	                 "rules_version", (json_int_t)e->rules_version, "data_coding",
	                 m->sm.data_coding, "account", system_id, "fault", fault_json(&m->sm),
	                 "part", part_json(e), "readings", texts, "matches", matches, "rules",
	                 rules, "score", m->score / 1000.0, "refuse_score",
	                 (double)e->refuse_score / 1000, "flag_score",
	                 (double)e->flag_score / 1000, "fingerprint", fingerprint_text(m),
	                 "campaign", campaign_json(e), "answer", answer_json(m));
}
