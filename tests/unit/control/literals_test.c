/* SPDX-License-Identifier: Apache-2.0 */
/* literals: those that have a database of their own are found as in one with all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match_state.h"
#include "rule_compile.h"
#include "rule_engine.h"
#include "rule_expression.h"

#define YAML_SIZE 262144u

/* Words of three syllables from few, so that each is near others. */
static void word(char *out, unsigned i)
{
	static const char *const syllables[] = { "가", "나", "다", "a", "b", "c", "1", " " };

	out[0] = '\0';
	for (unsigned k = 0; k < 3; k++, i /= 8)
		strcat(out, syllables[i % 8]);
}

/* n rules, of which every fifth has a pattern that is no literal. */
static void load(struct rule_set **set, struct rule_program *program, unsigned n)
{
	char *yaml = malloc(YAML_SIZE), *at = yaml;
	struct problems problems;

	at += sprintf(at, "rules:\n");
	for (unsigned i = 0; i < n; i++) {
		char text[16];
		word(text, i * 37 % 512);
		at += sprintf(at,
		              "- { id: r%u, sentence: s, action: flag, patterns: [ "
		              "{ %s: \"%s%s\" } ] }\n",
		              i, i % 5 < 3 ? "literal" : "regex", text,
		              i % 5 == 4 ? "[xy]?" : "");
	}
	problems_init(&problems, "r.yaml");
	assert_int_equal(rule_load(set, program, yaml, strlen(yaml), &problems), 0);
	free(yaml);
}

static void assert_found(const struct rule_set *set, struct rule_engine *e, unsigned seed)
{
	const struct match_input anywhere = { .from_esme = true };
	struct match_result result;
	char text[200] = "";

	for (unsigned k = 0; k < 8; k++) {
		char next[16];
		word(next, (seed * 31 + k * 97) % 512);
		strcat(text, next);
	}
	rule_engine_scan(e, text, strlen(text), &anywhere, &result);
	for (unsigned i = 0; i < set->n_patterns; i++) {
		char plain[100];
		snprintf(plain, sizeof(plain), "%s", set->patterns[i].text);
		plain[strcspn(plain, "[")] = '\0';
		assert_int_equal(match_has_pattern(e->state, i), strstr(text, plain) != NULL);
	}
}

static void many_are_apart(void **state)
{
	struct rule_program program = { 0 };
	struct rule_engine *engine;
	struct rule_set *set;

	(void)state;
	load(&set, &program, 400);
	assert_non_null(program.literals);
	assert_non_null(program.folded);
	assert_int_equal(rule_engine_open(&engine, set, &program), 0);
	for (unsigned seed = 0; seed < 300; seed++)
		assert_found(set, engine, seed);
	rule_engine_close(engine);
	rule_program_free(&program);
	rule_set_free(set);
}

static void few_are_not(void **state)
{
	struct rule_program program = { 0 };
	struct rule_engine *engine;
	struct rule_set *set;

	(void)state;
	load(&set, &program, 100);
	assert_null(program.literals);
	assert_int_equal(rule_engine_open(&engine, set, &program), 0);
	assert_found(set, engine, 5);
	rule_engine_close(engine);
	rule_program_free(&program);
	rule_set_free(set);
}

static void what_a_literal_is(void **state)
{
	static const char *const literals[] = { "a", "무료 대출", "a\\x2eb", "\\x20",
		                                "a-b/c#d" };
	static const char *const others[] = { "a.b", "a|b",   "^a", "a$",   "a\\b", "\\x2",
		                              "a+",  "\\xzz", "a{", "[ab]", "(a)",  "a\\" };

	(void)state;
	for (unsigned i = 0; i < sizeof(literals) / sizeof(literals[0]); i++)
		assert_true(rule_expression_is_literal(literals[i]));
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(rule_expression_is_literal(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_apart),
		cmocka_unit_test(few_are_not),
		cmocka_unit_test(what_a_literal_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
