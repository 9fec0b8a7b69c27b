/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sides {
	const struct rule_set *sets[2]; /* before, after */
	const struct rule *rules[2];
	const struct rule_diff_reader *reader;
	bool said; /* that this rule differs */
};

static void detail(struct sides *s, const char *what, const char *before, const char *after)
{
	const struct rule_detail d = { what, before, after };

	if (!s->said)
		s->reader->on_rule(s->reader->context, RULE_CHANGED, s->rules[1]);
	s->said = true;
	s->reader->on_detail(s->reader->context, &d);
}

/* Indexes of rules by name. */
static int by_name(const void *a, const void *b, void *set)
{
	const struct rule *rules = ((const struct rule_set *)set)->rules;

	return strcmp(rules[*(const uint32_t *)a].name, rules[*(const uint32_t *)b].name);
}

static uint32_t *sorted(const struct rule_set *set)
{
	uint32_t *order = malloc((set->n_rules + (size_t)1) * sizeof(*order));

	for (uint32_t i = 0; order != NULL && i < set->n_rules; i++)
		order[i] = i;
	if (order != NULL)
		qsort_r(order, set->n_rules, sizeof(*order), by_name, (void *)(uintptr_t)set);
	return order;
}

static const struct rule *find(const struct rule_set *set, const uint32_t *order,
                               const char *name)
{
	uint32_t low = 0, high = set->n_rules;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const struct rule *rule = &set->rules[order[middle]];
		const int order_of = strcmp(rule->name, name);

		if (order_of == 0)
			return rule;
		if (order_of < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const struct rule_pattern *patterns_of(const struct sides *s, unsigned side)
{
	return s->sets[side]->patterns + s->rules[side]->pattern;
}

/* Groups are counted through a set: within their rule they are alike. */
static bool same_pattern(const struct sides *s, unsigned side, const struct rule_pattern *a,
                         const struct rule_pattern *b)
{
	return a->kind == b->kind && a->weight == b->weight && a->views == b->views &&
	       a->group - patterns_of(s, side)->group ==
	               b->group - patterns_of(s, 1 - side)->group &&
	       strcmp(a->text, b->text) == 0;
}

/* Patterns of one side that the other lacks. Those that stand at the same place are
 * found at once, as most are. */
static void missing_patterns(struct sides *s, unsigned side)
{
	const struct rule_pattern *own = patterns_of(s, side);
	const struct rule_pattern *others = patterns_of(s, 1 - side);
	const uint32_t n = s->rules[side]->n_patterns, m = s->rules[1 - side]->n_patterns;

	for (uint32_t i = 0; i < n; i++) {
		bool found = i < m && same_pattern(s, side, &own[i], &others[i]);

		for (uint32_t k = 0; k < m && !found; k++)
			found = same_pattern(s, side, &own[i], &others[k]);
		if (!found)
			detail(s, "pattern", side == 0 ? own[i].text : NULL,
			       side == 1 ? own[i].text : NULL);
	}
}

static bool has_test(const struct rule_set *set, uint32_t rule, const struct rule_test *test)
{
	for (uint32_t i = 0; i < set->n_tests; i++)
		if (set->tests[i].rule == rule && set->tests[i].match == test->match &&
		    strcmp(set->tests[i].text, test->text) == 0)
			return true;
	return false;
}

static uint32_t index_of(const struct sides *s, unsigned side)
{
	return (uint32_t)(s->rules[side] - s->sets[side]->rules);
}

static void missing_tests(struct sides *s, unsigned side)
{
	const struct rule_set *set = s->sets[side];

	for (uint32_t i = 0; i < set->n_tests; i++)
		if (set->tests[i].rule == index_of(s, side) &&
		    !has_test(s->sets[1 - side], index_of(s, 1 - side), &set->tests[i]))
			detail(s, "test", side == 0 ? set->tests[i].text : NULL,
			       side == 1 ? set->tests[i].text : NULL);
}

static bool has_account(const struct rule_set *set, uint32_t rule, const struct rule_account *a)
{
	for (uint32_t i = 0; i < set->n_accounts; i++)
		if (set->accounts[i].rule == rule && set->accounts[i].canary == a->canary &&
		    strcmp(set->accounts[i].system_id, a->system_id) == 0)
			return true;
	return false;
}

static void missing_accounts(struct sides *s, unsigned side)
{
	const struct rule_set *set = s->sets[side];

	for (uint32_t i = 0; i < set->n_accounts; i++) {
		const struct rule_account *a = &set->accounts[i];

		if (a->rule == index_of(s, side) &&
		    !has_account(s->sets[1 - side], index_of(s, 1 - side), a))
			detail(s, a->canary ? "canary account" : "account",
			       side == 0 ? a->system_id : NULL,
			       side == 1 ? a->system_id : NULL);
	}
}

static const char *action_name(uint32_t action)
{
	static const char *const names[] = { NULL, "refuse", "discard", "flag", "observe" };

	return action < sizeof(names) / sizeof(names[0]) ? names[action] : NULL;
}

/* Of postfix code with groups counted from the rule's first. */
static bool same_code(const struct sides *s)
{
	const struct image_rule *a = &s->rules[0]->row, *b = &s->rules[1]->row;
	const uint32_t base[2] = { patterns_of(s, 0)->group, patterns_of(s, 1)->group };

	if (a->n_code != b->n_code)
		return false;
	for (uint32_t i = 0; i < a->n_code; i++) {
		uint32_t x = s->sets[0]->code[a->code + i], y = s->sets[1]->code[b->code + i];
		const bool groups = x >> 24 == IMAGE_CODE_GROUP && y >> 24 == IMAGE_CODE_GROUP;

		if (groups ? x - base[0] != y - base[1] : x != y)
			return false;
	}
	return true;
}

static void compare_scope(struct sides *s)
{
	const struct image_rule *a = &s->rules[0]->row, *b = &s->rules[1]->row;

	if (memcmp(a->regimes, b->regimes, sizeof(a->regimes)) != 0)
		detail(s, "scope.regimes", NULL, NULL);
	if (a->directions != b->directions)
		detail(s, "scope.directions", NULL, NULL);
	if (memcmp(a->data_coding, b->data_coding, sizeof(a->data_coding)) != 0)
		detail(s, "scope.data_coding", NULL, NULL);
	if (a->valid_from != b->valid_from || a->valid_until != b->valid_until)
		detail(s, "valid", NULL, NULL);
	if (a->canary_share != b->canary_share)
		detail(s, "canary.share", NULL, NULL);
}

static void compare(struct sides *s)
{
	const struct image_rule *a = &s->rules[0]->row, *b = &s->rules[1]->row;

	if (strcmp(s->rules[0]->sentence, s->rules[1]->sentence) != 0)
		detail(s, "sentence", s->rules[0]->sentence, s->rules[1]->sentence);
	if (a->action != b->action)
		detail(s, "action", action_name(a->action), action_name(b->action));
	if (a->command_status != b->command_status)
		detail(s, "command_status", NULL, NULL);
	if (a->weight != b->weight)
		detail(s, "weight", NULL, NULL);
	if (a->threshold != b->threshold || ((a->flags ^ b->flags) & IMAGE_RULE_THRESHOLD) != 0)
		detail(s, "threshold", NULL, NULL);
	if (((a->flags ^ b->flags) & IMAGE_RULE_SHADOW) != 0)
		detail(s, "mode", a->flags & IMAGE_RULE_SHADOW ? "shadow" : "active",
		       b->flags & IMAGE_RULE_SHADOW ? "shadow" : "active");
	compare_scope(s);
	for (unsigned side = 0; side < 2; side++) {
		missing_accounts(s, side);
		missing_patterns(s, side);
		missing_tests(s, side);
	}
	if (!same_code(s))
		detail(s, "when", NULL, NULL);
}

/* Both sides are sorted. */
static void compare_folds(const struct rule_set *before, const struct rule_set *after,
                          const struct rule_diff_reader *reader)
{
	uint32_t i = 0, k = 0;

	while (i < before->n_folds || k < after->n_folds) {
		const struct image_fold *a = i < before->n_folds ? &before->folds[i] : NULL;
		const struct image_fold *b = k < after->n_folds ? &after->folds[k] : NULL;
		const bool went = a != NULL && (b == NULL || a->from < b->from);
		const bool came = b != NULL && (a == NULL || b->from < a->from);

		if (went)
			reader->on_fold(reader->context, a->from, a->to, 0);
		else if (came)
			reader->on_fold(reader->context, b->from, 0, b->to);
		else if (a != NULL && b != NULL && a->to != b->to)
			reader->on_fold(reader->context, a->from, a->to, b->to);
		i += !came;
		k += !went;
	}
}

int rule_diff(const struct rule_set *before, const struct rule_set *after,
              const struct rule_diff_reader *reader)
{
	uint32_t *old = sorted(before), *new = sorted(after);
	const int result = old == NULL || new == NULL ? -ENOMEM : 0;

	if (result == 0)
		compare_folds(before, after, reader);
	for (uint32_t i = 0; result == 0 && i < after->n_rules; i++) {
		const struct rule *rule = &after->rules[i];
		struct sides s = { { before, after },
			           { find(before, old, rule->name), rule },
			           reader,
			           false };
		if (s.rules[0] == NULL)
			reader->on_rule(reader->context, RULE_ADDED, rule);
		else
			compare(&s);
	}
	for (uint32_t i = 0; result == 0 && i < before->n_rules; i++)
		if (find(after, new, before->rules[i].name) == NULL)
			reader->on_rule(reader->context, RULE_REMOVED, &before->rules[i]);
	free(old);
	free(new);
	return result;
}
