/* SPDX-License-Identifier: Apache-2.0 */
/* explain_rules: what rules made of a message, for people and as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_command.h"

#define SHOWN 5u /* matches of a rule, of those that weigh most */

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

const char *explain_action(unsigned action) { return actions[action]; }

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
		explain_print_text(t->plain + m->from, m->to - m->from);
		print_octets(e, m);
	} else {
		fputs("  at a place not known: ", stdout);
		explain_print_text(seen(t, m), m->seen_to - m->seen_from);
	}
	printf(", %s text, %s ", view_name(m->view), kinds[p->kind]);
	explain_print_text((const uint8_t *)p->text, strlen(p->text));
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

		if (e->set->patterns[pattern].rule != rule)
			continue;
		for (uint32_t j = 0; j < i && !before; j++)
			before = e->matches[j].pattern == pattern;
		*sum += before ? 0 : e->set->patterns[pattern].weight;
		any = true;
	}
	return any;
}

/* Points that a rule gives, below 0 those it takes: with a threshold its own alone, else those
 * of its patterns too, also of a rule that does not match as a whole. */
static int64_t points_of(const struct explanation *e, uint32_t rule)
{
	const struct rule *r = &e->set->rules[rule];
	const unsigned effect = e->effects[rule];
	int64_t sum = 0;

	if (effect == MATCH_BEYOND || effect == MATCH_SHADOW)
		return 0;
	if ((r->row.flags & IMAGE_RULE_THRESHOLD) == 0)
		(void)weights_of(e, rule, &sum);
	return sum + (effect == MATCH_ACTS ? r->row.weight : 0);
}

static int weight_of(const struct explanation *e, uint32_t match)
{
	return abs(e->set->patterns[e->matches[match].pattern].weight);
}

/* Whether at least SHOWN matches of the same rule come before this one: those that weigh more,
 * whichever way, and of equals the earlier ones. */
static bool is_minor(const struct explanation *e, uint32_t match)
{
	const uint32_t rule = e->set->patterns[e->matches[match].pattern].rule;
	const int weight = weight_of(e, match);
	unsigned before = 0;

	for (uint32_t k = 0; k < e->n_matches && before < SHOWN; k++)
		if (e->set->patterns[e->matches[k].pattern].rule == rule)
			before += weight_of(e, k) > weight ||
			          (weight_of(e, k) == weight && k < match);
	return before == SHOWN;
}

static void print_matches(const struct explanation *e, uint32_t rule, bool all)
{
	unsigned left_out = 0;

	for (uint32_t k = 0; k < e->n_matches; k++) {
		if (e->set->patterns[e->matches[k].pattern].rule != rule)
			continue;
		if (!all && is_minor(e, k))
			left_out++;
		else
			print_match(e, &e->matches[k]);
	}
	if (left_out != 0)
		printf("  and %u more that weigh no more: --all\n", left_out);
}

static void print_rule(const struct explanation *e, uint32_t i, int64_t sum, bool all)
{
	const struct rule *r = &e->set->rules[i];
	const int64_t points = points_of(e, i);

	explain_print_name("rule");
	printf("%s %s: %s", r->name, actions[r->row.action], effects[e->effects[i]]);
	if ((r->row.flags & IMAGE_RULE_THRESHOLD) != 0)
		printf(", weights %g of %g", (double)sum / 1000, r->row.threshold / 1000.0);
	if (points != 0)
		printf(points > 0 ? ", gives %g" : ", takes %g from what others give",
		       (double)llabs(points) / 1000);
	printf(" (%s)\n", r->sentence);
	if (e->effects[i] != MATCH_NONE)
		print_matches(e, i, all);
}

/* The places are characters of the plain text. */
void explain_print_rules(const struct explanation *e, bool all)
{
	int64_t sum;

	for (uint32_t i = 0; e->set != NULL && i < e->set->n_rules; i++)
		if (weights_of(e, i, &sum))
			print_rule(e, i, sum, all);
}

/* Whose points the score is. Of two readings of a message it is that of one of them: then the
 * sum is another, and nothing is said. */
static void print_terms(const struct explanation *e)
{
	const uint32_t n = e->set == NULL ? 0 : e->set->n_rules;
	int64_t sum = 0;
	unsigned terms = 0;

	for (uint32_t i = 0; i < n; i++) {
		sum += points_of(e, i);
		terms += points_of(e, i) != 0;
	}
	if (sum != e->message.score || terms < 2)
		return;
	const char *plus = " = ", *minus = " = -";
	for (uint32_t i = 0; i < n; i++) {
		const int64_t points = points_of(e, i);

		if (points == 0)
			continue;
		printf("%s%g of %s", points < 0 ? minus : plus, (double)llabs(points) / 1000,
		       e->set->rules[i].name);
		plus = " + ";
		minus = " - ";
	}
}

static void print_limit(const char *verb, int64_t limit)
{
	if (limit == 0)
		printf("never %s", verb);
	else
		printf("%s from %g", verb, (double)limit / 1000);
}

void explain_print_score(const struct explanation *e)
{
	explain_print_name("score");
	printf("%g", e->message.score / 1000.0);
	print_terms(e);
	fputs("; ", stdout);
	print_limit("refused", e->refuse_score);
	fputs(", ", stdout);
	print_limit("flagged", e->flag_score);
	putchar('\n');
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
	int64_t sum;

	(void)weights_of(e, i, &sum);
	return json_pack("{ss ss ss ss sf sf so sf}", "id", r->name, "sentence", r->sentence,
	                 "action", actions[r->row.action], "effect", words[e->effects[i]],
	                 "weight", r->row.weight / 1000.0, "weights", (double)sum / 1000,
	                 "threshold",
	                 (r->row.flags & IMAGE_RULE_THRESHOLD) != 0
	                         ? json_real(r->row.threshold / 1000.0)
	                         : json_null(),
	                 "points", (double)points_of(e, i) / 1000);
}

json_t *explain_matches_json(const struct explanation *e)
{
	json_t *matches = json_array();

	for (uint32_t i = 0; i < e->n_matches; i++)
		json_array_append_new(matches, match_json(e, &e->matches[i]));
	return matches;
}

json_t *explain_rules_json(const struct explanation *e)
{
	json_t *rules = json_array();

	for (uint32_t i = 0; e->set != NULL && i < e->set->n_rules; i++)
		if (e->effects[i] != MATCH_NONE)
			json_array_append_new(rules, rule_json(e, i));
	return rules;
}
