/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_warn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match_code.h"
#include "rule_expression.h"
#include "text.h"

/* Names of which a combination is tried out with all, 2 to the power of them. */
#define TRIED_MAX 12u
/* Patterns of rules that are compared, each with each. */
#define COVER_MAX 4000u

struct warner {
	const struct rule_set *set;
	struct problems *warnings;
	char **expressions; /* of each pattern, as the first of its views has it */
	uint32_t *order;    /* patterns, equal ones side by side, first by place */
};

static unsigned first_view(const struct rule_pattern *p)
{
	return (p->views & IMAGE_VIEW_FOLDED) != 0 ? IMAGE_VIEW_FOLDED : IMAGE_VIEW_PLAIN;
}

/* The groups that a combination asks for. */
struct asked {
	uint32_t groups[TRIED_MAX];
	unsigned n;
	bool too_many;
	uint32_t matched; /* a bit each */
};

static struct asked asked_of(const struct rule_set *set, const struct image_rule *row)
{
	struct asked a = { .n = 0 };

	for (uint32_t i = 0; i < row->n_code; i++) {
		const uint32_t word = set->code[row->code + i];
		unsigned k = 0;

		if (word >> 24 != IMAGE_CODE_GROUP)
			continue;
		while (k < a.n && a.groups[k] != (word & 0xFFFFFF))
			k++;
		if (k == TRIED_MAX)
			a.too_many = true;
		else if (k == a.n)
			a.groups[a.n++] = word & 0xFFFFFF;
	}
	return a;
}

static bool is_matched(const void *context, uint32_t group)
{
	const struct asked *a = context;

	for (unsigned k = 0; k < a->n; k++)
		if (a->groups[k] == group)
			return (a->matched >> k & 1) != 0;
	return false;
}

static void warn_never_true(const struct warner *w, const struct rule *rule, struct asked *a)
{
	const uint32_t *code = w->set->code + rule->row.code;

	for (a->matched = 0; a->matched < 1u << a->n; a->matched++)
		if (match_code_run(code, rule->row.n_code, is_matched, a))
			return;
	rule_set_problem(w->set, w->warnings, &rule->when, "when",
	                 "rule %s: it is never true, whatever matches", rule->name);
}

/* A combination with more names than can be tried out is left alone. */
static void warn_when(const struct warner *w, const struct rule *rule)
{
	struct asked a = asked_of(w->set, &rule->row);

	if (rule->row.n_code == 0 || a.too_many)
		return;
	warn_never_true(w, rule, &a);
	a.matched = UINT32_MAX;
	for (uint32_t i = 0; i < rule->n_patterns; i++) {
		const struct rule_pattern *p = &w->set->patterns[rule->pattern + i];
		const bool again = i > 0 && p[-1].group == p->group;

		if (!is_matched(&a, p->group) && p->weight == 0 && !again)
			rule_set_problem(w->set, w->warnings, &p->place, "patterns",
			                 "rule %s: \"%.60s\" has no effect: \"when\" does not "
			                 "ask for it",
			                 rule->name, p->text);
	}
}

static void warn_threshold(const struct warner *w, const struct rule *rule)
{
	int64_t sum = 0;

	if ((rule->row.flags & IMAGE_RULE_THRESHOLD) == 0)
		return;
	for (uint32_t i = 0; i < rule->n_patterns; i++) {
		const int32_t weight = w->set->patterns[rule->pattern + i].weight;
		sum += weight > 0 ? weight : 0;
	}
	if (sum < rule->row.threshold)
		rule_set_problem(w->set, w->warnings, &rule->threshold, "threshold",
		                 "rule %s: %g is never reached: all weights together are %g",
		                 rule->name, rule->row.threshold / 1000.0, (double)sum / 1000);
}

static void warn_status(const struct warner *w, const struct rule *rule)
{
	if (rule->row.command_status != 0 && rule->row.action != IMAGE_REFUSE)
		rule_set_problem(w->set, w->warnings, &rule->status, "command_status",
		                 "rule %s: it is sent with action: refuse alone", rule->name);
}

/* The character at s, folded, if that is a single one; else the character itself. */
static uint32_t folded_character(const struct rule_set *set, const char *s, size_t octets)
{
	uint8_t out[4 * TEXT_FOLD_GROWTH + 1] = { 0 };
	const size_t n = text_fold_with(set->table, (const uint8_t *)s, octets, out,
	                                sizeof(out) - 1, NULL);
	const uint32_t c = n == 0 ? 0 : rule_character(out);
	const size_t own = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	return n == own ? c : rule_character((const uint8_t *)s);
}

static size_t octets_at(const char *s)
{
	size_t n = 1;

	while ((s[n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* Of a regex over folded texts: letters that folding makes ASCII of stand in none of them. In
 * brackets others may stand beside them. */
static void warn_folded(const struct warner *w, const struct rule_pattern *p)
{
	bool bracket = false;
	size_t octets;

	if (p->kind != RULE_REGEX || (p->views & IMAGE_VIEW_PLAIN) != 0)
		return;
	for (const char *s = p->text; *s != '\0'; s += octets) {
		octets = octets_at(s);
		if (*s == '\\' && s[1] != '\0')
			octets = 1 + octets_at(s + 1);
		else if (*s == '[' || *s == ']')
			bracket = *s == '[';
		if (octets == 1 || bracket || *s == '\\')
			continue;
		const uint32_t c = folded_character(w->set, s, octets);
		if (c >= 0x80)
			continue;
		rule_set_problem(w->set, w->warnings, &p->place, "regex",
		                 "rule %s: \"%.*s\" is in no folded text: it is \"%c\" there",
		                 w->set->rules[p->rule].name, (int)octets, s, (char)c);
		return;
	}
}

/* By rule, view and kind, what is looked for, place. */
static int compare(const void *a, const void *b, void *context)
{
	const struct warner *w = context;
	const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct rule_pattern *x = &w->set->patterns[i], *y = &w->set->patterns[j];

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->views != y->views)
		return x->views < y->views ? -1 : 1;
	if ((x->kind == RULE_REGEX) != (y->kind == RULE_REGEX))
		return x->kind == RULE_REGEX ? -1 : 1;
	const int order = strcmp(w->expressions[i], w->expressions[j]);
	return order != 0 ? order : (i > j) - (i < j);
}

static bool is_same(const struct warner *w, uint32_t i, uint32_t j)
{
	const struct rule_pattern *x = &w->set->patterns[i], *y = &w->set->patterns[j];

	return x->rule == y->rule && x->views == y->views &&
	       (x->kind == RULE_REGEX) == (y->kind == RULE_REGEX) &&
	       strcmp(w->expressions[i], w->expressions[j]) == 0;
}

static void warn_twice(struct warner *w)
{
	const struct rule_set *set = w->set;

	qsort_r(w->order, set->n_patterns, sizeof(*w->order), compare, w);
	for (uint32_t i = 1; i < set->n_patterns; i++) {
		const struct rule_pattern *p = &set->patterns[w->order[i]];
		const struct rule_pattern *first = &set->patterns[w->order[i - 1]];

		if (is_same(w, w->order[i], w->order[i - 1]))
			rule_set_problem(
				set, w->warnings, &p->place, "patterns",
				"rule %s: \"%.60s\" finds what \"%.60s\" in row %u does",
				set->rules[p->rule].name, p->text, first->text,
				first->place.row);
	}
}

/* It acts, and adds nothing to a score. */
static bool only_acts(const struct rule_set *set, const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->n_patterns; i++)
		if (set->patterns[rule->pattern + i].weight != 0)
			return false;
	return rule->row.action != 0 && rule->row.weight == 0;
}

/* One match is enough, of everybody and at any time. */
static bool always_acts(const struct rule_set *set, const struct rule *rule)
{
	static const struct image_rule none;
	const struct image_rule *row = &rule->row;

	return only_acts(set, rule) && row->n_code == 0 && row->flags == 0 &&
	       row->valid_from == 0 && row->valid_until == 0 && row->directions == 0 &&
	       memcmp(row->regimes, none.regimes, sizeof(none.regimes)) == 0 &&
	       memcmp(row->data_coding, none.data_coding, sizeof(none.data_coding)) == 0;
}

/* Whether one escaped text is in another; not from amid a "\xHH" on. */
static bool is_part(const char *part, const char *whole)
{
	for (const char *at = strstr(whole, part); at != NULL; at = strstr(at + 1, part))
		if (!(at - whole >= 2 && memcmp(at - 2, "\\x", 2) == 0) &&
		    !(at - whole >= 3 && memcmp(at - 3, "\\x", 2) == 0) &&
		    !(at - whole >= 1 && at[-1] == '\\'))
			return true;
	return false;
}

/* Whether x is found wherever y is. */
static bool finds_all_of(const struct warner *w, uint32_t x, uint32_t y)
{
	const struct rule_pattern *a = &w->set->patterns[x], *b = &w->set->patterns[y];

	if ((a->views & b->views) != b->views ||
	    (a->kind == RULE_REGEX) != (b->kind == RULE_REGEX))
		return false;
	if (a->kind == RULE_LITERAL && b->kind == RULE_LITERAL && a->views == b->views)
		return is_part(w->expressions[x], w->expressions[y]);
	return strcmp(w->expressions[x], w->expressions[y]) == 0;
}

static bool covers(const struct warner *w, const struct rule *a, const struct rule *b)
{
	for (uint32_t i = 0; i < b->n_patterns; i++) {
		bool found = false;
		for (uint32_t k = 0; k < a->n_patterns && !found; k++)
			found = finds_all_of(w, a->pattern + k, b->pattern + i);
		if (!found)
			return false;
	}
	return true;
}

/* Whether rule b never has the last word, because of a. */
static bool is_behind(const struct warner *w, const struct rule *a, const struct rule *b)
{
	if (a == b || !only_acts(w->set, b) || (b->row.flags & IMAGE_RULE_SHADOW) != 0)
		return false;
	/* The lower the stronger; of equals the first decides. */
	return (a->row.action < b->row.action || (a->row.action == b->row.action && a < b)) &&
	       covers(w, a, b);
}

static void warn_covered(const struct warner *w)
{
	const struct rule_set *set = w->set;
	uint32_t patterns = 0;

	for (uint32_t i = 0; i < set->n_rules; i++)
		patterns += always_acts(set, &set->rules[i]) ? set->rules[i].n_patterns : 0;
	for (uint32_t b = 0; b < set->n_rules && patterns <= COVER_MAX; b++) {
		uint32_t a = 0;
		while (a < set->n_rules && !(always_acts(set, &set->rules[a]) &&
		                             is_behind(w, &set->rules[a], &set->rules[b])))
			a++;
		if (a < set->n_rules)
			rule_set_problem(
				set, w->warnings, &set->rules[b].place, "rule",
				"rule %s: whatever it matches, rule %s in row %u decides",
				set->rules[b].name, set->rules[a].name,
				set->rules[a].place.row);
	}
}

static int make_expressions(struct warner *w)
{
	const struct rule_set *set = w->set;

	w->expressions = calloc(set->n_patterns + (size_t)1, sizeof(*w->expressions));
	w->order = calloc(set->n_patterns + (size_t)1, sizeof(*w->order));
	if (w->expressions == NULL || w->order == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->n_patterns; i++) {
		const struct rule_pattern *p = &set->patterns[i];

		w->order[i] = i;
		w->expressions[i] = rule_expression(set, p, first_view(p));
		if (w->expressions[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int rule_warn(const struct rule_set *set, struct problems *warnings)
{
	struct warner w = { .set = set, .warnings = warnings };
	const int result = make_expressions(&w);

	if (set->n_rules == 0)
		problems_add(warnings, 0, 0, "rules",
		             "there is none; once it is pushed no rule is in force");
	for (uint32_t i = 0; result == 0 && i < set->n_rules; i++) {
		warn_when(&w, &set->rules[i]);
		warn_threshold(&w, &set->rules[i]);
		warn_status(&w, &set->rules[i]);
	}
	for (uint32_t i = 0; result == 0 && i < set->n_patterns; i++)
		warn_folded(&w, &set->patterns[i]);
	if (result == 0) {
		warn_twice(&w);
		warn_covered(&w);
	}
	for (uint32_t i = 0; w.expressions != NULL && i < set->n_patterns; i++)
		free(w.expressions[i]);
	free(w.expressions);
	free(w.order);
	return result;
}
