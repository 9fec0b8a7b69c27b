/* SPDX-License-Identifier: Apache-2.0 */
/* cost: a round that was disturbed counts for nothing, and a budget is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rule_cost.h"

/* A clock that says what each round took; one of them was disturbed. */
static double scripted(void *context)
{
	static const double rounds[] = { 9000, 120, 100, 90000, 110, 130 };
	unsigned *calls = context;
	const unsigned call = (*calls)++;

	return call % 2 == 0 ? 0 : rounds[call / 2];
}

static void cost_is_a_median(void **state)
{
	static const char yaml[] = "rules: [ { id: a, sentence: s, action: flag, patterns: [ { "
				   "literal: x } ] } ]";
	static const char *const one[] = { "text" };
	const struct rule_texts texts = { one, 1 };
	struct rule_program program;
	struct rule_set *set;
	struct problems problems;
	struct rule_cost cost;
	unsigned calls = 0;

	(void)state;
	problems_init(&problems, "r.yaml");
	assert_int_equal(rule_load(&set, &program, yaml, sizeof(yaml) - 1, &problems), 0);
	assert_int_equal(rule_cost_measure(&cost, set, &program, &texts, scripted, &calls), 0);
	assert_int_equal((int)cost.ns, 120);
	assert_true(rule_cost_fits(&cost, 120) && rule_cost_fits(&cost, 0));
	assert_false(rule_cost_fits(&cost, 119));
	assert_int_equal(rule_cost_dearest(&cost, set, &rule_cost_sample, 1, NULL, NULL), 0);
	assert_int_equal(cost.n, 1);
	assert_int_equal(cost.dearest[0].rule, 0);
	assert_false(set->patterns[0].refused);
	rule_set_free(set);
	rule_program_free(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(cost_is_a_median) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
