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

void explain_print_text(const uint8_t *text, size_t len)
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

void explain_print_name(const char *name) { printf("%-*s", NAME_COLUMNS, name); }

static void print_message(const struct explanation *e, const char *system_id)
{
	const struct smpp_message *sm = &e->message.sm;

	explain_print_name("message");
	printf("%s, data_coding %u, from ", command_name(sm->header.command_id),
	       sm->data_coding);
	explain_print_text(sm->source.digits.data, sm->source.digits.len);
	printf(" (TON %u, NPI %u), account %s%s\n", sm->source.ton, sm->source.npi, system_id,
	       e->message.account_row == 0         ? ", which nobody has"
	       : e->account->mode == IMAGE_OBSERVE ? ", only observed"
	                                           : "");
	if (sm->error != 0) {
		explain_print_name("fault");
		if (sm->error_at != 0)
			printf("octet %u: ", sm->error_at);
		printf("%s is not what SMPP says\n", sm->error_field);
	}
	if (e->message.concat.total >= 2) {
		explain_print_name("part");
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
		explain_print_name("reading");
		printf("none: it does not decode as %s\n", explain_coding_name(e->coding));
	}
	for (unsigned i = 0; i < EXPLAIN_TEXTS; i++) {
		const struct explain_text *t = &e->texts[i];

		if (t->field == NULL)
			continue;
		explain_print_name("reading");
		printf("%s as %s%s%s\n", t->field, explain_coding_name(t->coding),
		       t->again ? ", which it may be as well" : "",
		       t->loose ? ", without what was strewn into its words" : "");
		if (!t->loose) {
			explain_print_name("  plain");
			explain_print_text(t->plain, t->plain_len);
			putchar('\n');
		}
		explain_print_name(t->loose ? "  loose" : "  folded");
		explain_print_text(t->folded, t->folded_len);
		putchar('\n');
	}
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
	explain_print_name("campaign");
	fputs(e->message.fingerprint != 0 ? fingerprint_text(&e->message)
	                                  : "none: the text is too short",
	      stdout);
	if (e->campaign != NULL)
		printf(", %u bits from %016llx, which %s within %u", bits_off(e),
		       (unsigned long long)e->campaign->fingerprint,
		       explain_action(e->campaign->action), e->campaign->radius);
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

void explain_print(const struct explanation *e, const char *system_id, bool all)
{
	const struct screen_message *m = &e->message;

	print_message(e, system_id);
	print_texts(e);
	explain_print_rules(e, all);
	explain_print_score(e);
	print_campaign(e);
	explain_print_name("verdict");
	printf("%s", explain_verdict(m));
	if (m->reason != REASON_PASS)
		printf(": %s, %s", reason_row(m->reason)->name, sentence_of(m));
	if (m->rule != 0)
		printf(" (rule %s)", rule_name(e));
	if (e->rules_version != 0 && m->rule != 0)
		printf(", by version %u of the rules", e->rules_version);
	putchar('\n');
	explain_print_name("answer");
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
	                 "radius", e->campaign->radius, "action",
	                 explain_action(e->campaign->action));
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
	json_t *texts = json_array();

	for (unsigned i = 0; i < EXPLAIN_TEXTS; i++)
		if (e->texts[i].field != NULL)
			json_array_append_new(texts, text_json(&e->texts[i]));
	return json_pack(
		"{ss ss ss ss sI si ss so so so so so sf sf sf ss so so}", "verdict",
		explain_verdict(m), "reason", reason_row(m->reason)->name, "rule", rule_name(e),
		"command", command_name(m->sm.header.command_id), "rules_version",
		(json_int_t)e->rules_version, "data_coding", m->sm.data_coding, "account",
		system_id, "fault", fault_json(&m->sm), "part", part_json(e), "readings", texts,
		"matches", explain_matches_json(e), "rules", explain_rules_json(e), "score",
		m->score / 1000.0, "refuse_score", (double)e->refuse_score / 1000, "flag_score",
		(double)e->flag_score / 1000, "fingerprint", fingerprint_text(m), "campaign",
		campaign_json(e), "answer", answer_json(m));
}
