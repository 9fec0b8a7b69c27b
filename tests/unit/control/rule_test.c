/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: every problem of a file in one go, with its place; literals match as they
 * are; inline tests decide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule_engine.h"

static struct problems problems;
static struct rule_set *set;
static struct rule_program program;

static int load(const char *yaml)
{
	set = NULL;
	program = (struct rule_program){ 0 };
	problems_init(&problems, "r.yaml");
	return rule_load(&set, &program, yaml, strlen(yaml), &problems);
}

/* The first rule that matches this text, -1 none. */
static int64_t first_match(const char *text, size_t len)
{
	const struct match_input input = { .from_esme = true };
	struct rule_engine *engine;
	struct match_result result;

	assert_int_equal(rule_engine_open(&engine, set, &program), 0);
	rule_engine_scan(engine, text, len, &input, &result);
	rule_engine_close(engine);
	return result.n_rules == 0 ? -1 : (int64_t)result.rules[0];
}

static int forget(void **state)
{
	(void)state;
	rule_set_free(set);
	rule_program_free(&program);
	set = NULL;
	program = (struct rule_program){ 0 };
	return 0;
}

/* Whether some problem at this place says this. */
static bool says(uint32_t row, uint32_t column, const char *text)
{
	for (uint32_t i = 0; i < problems_kept(&problems); i++)
		if (problems.list[i].row == row &&
		    (column == 0 || problems.list[i].column == column) &&
		    strstr(problems.list[i].text, text) != NULL)
			return true;
	for (uint32_t i = 0; i < problems_kept(&problems); i++) {
		char line[700];

		problem_line(line, sizeof(line), &problems, i);
		print_message("  there is: %s\n", line);
	}
	return false;
}

static void loads_a_good_file(void **state)
{
	(void)state;
	assert_int_equal(load("rules:\n"
	                      "- id: loan-ko\n"
	                      "  sentence: \"offers a loan\"\n"
	                      "  action: refuse\n"
	                      "  command_status: 0x45\n"
	                      "  patterns: [ { literal: \"무서류 대출\" }, { regex: "
	                      "\"당일\\\\s*대출\" } ]\n"
	                      "  tests: { match: [ \"오늘 무서류 대출\", 당일대출 ], no_match: "
	                      "[ 대출 ] }\n"
	                      "- id: win\n"
	                      "  sentence: \"a prize\"\n"
	                      "  action: flag\n"
	                      "  patterns: [ { literal: \"YOU WON (1.000.000$)\" } ]\n"
	                      "  tests: { match: [ \"Hey you won (1.000.000$)!\" ],\n"
	                      "           no_match: [ \"you won (1x000x000$)\" ] }\n"),
	                 0);
	assert_int_equal(set->n_rules, 2);
	assert_int_equal(set->n_patterns, 3);
	assert_int_equal(set->rules[0].row.action, IMAGE_REFUSE);
	assert_int_equal(set->rules[0].row.command_status, 0x45);
	assert_int_equal(set->rules[1].row.action, IMAGE_FLAG);
	assert_int_equal(first_match("You Won (1.000.000$)", 20), 1);
	assert_int_equal(first_match("nothing", 7), -1);
}

/* Every octet that a regular expression could take for its own stays a literal. */
static void literals_are_literal(void **state)
{
	char yaml[400], text[8];

	(void)state;
	for (int c = 0x21; c < 0x7f; c++) {
		snprintf(yaml, sizeof(yaml),
		         "rules: [ { id: a, sentence: s, action: refuse, patterns: "
		         "[ { literal: \"q\\x%02xw\" } ] } ]",
		         c);
		assert_int_equal(load(yaml), 0);
		snprintf(text, sizeof(text), "Q%cW", c);
		assert_int_equal(first_match(text, 3), 0);
		assert_int_equal(first_match(c == 'a' || c == 'A' ? "qbw" : "qaw", 3), -1);
		forget(NULL);
	}
}

static void names_every_problem(void **state)
{
	(void)state;
	assert_int_equal(load("rules:\n"
	                      "- id: Bad Name\n"
	                      "  sentence: s\n"
	                      "  action: explode\n"
	                      "  patterns: []\n"
	                      "- id: two\n"
	                      "  id: two\n"
	                      "  sentence: s\n"
	                      "  action: flag\n"
	                      "  command_status: 0\n"
	                      "  colour: red\n"
	                      "  patterns: [ { literl: x }, y, { regex: [] } ]\n"
	                      "- id: two\n"
	                      "  action: flag\n"
	                      "  patterns: [ { regex: x } ]\n"
	                      "  tests: { match: x }\n"),
	                 -EINVAL);
	assert_true(says(2, 7, "Bad Name"));
	assert_true(says(4, 11, "explode"));
	assert_true(says(5, 13, "at least one pattern"));
	assert_true(says(7, 3, "given twice"));
	assert_true(says(10, 19, "use action: discard"));
	assert_true(says(11, 3, "colour"));
	assert_true(says(12, 17, "literl"));
	assert_true(says(12, 30, "a pattern is"));
	assert_true(says(12, 42, "must be a text"));
	assert_true(says(13, 3, "sentence"));
	assert_true(says(13, 3, "row 6"));
	assert_true(says(16, 19, "must be a list"));
	assert_int_equal(problems.total, 12);
	assert_null(set);
}

static void names_refused_patterns(void **state)
{
	(void)state;
	assert_int_equal(load("rules:\n"
	                      "- id: a\n"
	                      "  sentence: s\n"
	                      "  action: flag\n"
	                      "  patterns:\n"
	                      "  - { regex: \"(unclosed\" }\n"
	                      "  - { regex: \"fine\" }\n"
	                      "  - { regex: \"(x)\\\\1\" }\n"
	                      "  - { regex: \"a*\" }\n"
	                      "  - { regex: \"\\\\Aabc\" }\n"),
	                 -EINVAL);
	assert_int_equal(problems.total, 4);
	assert_true(says(6, 14, "(unclosed"));
	assert_true(says(8, 14, "refused"));
	assert_true(says(9, 14, "every message"));
	assert_true(says(10, 14, "use ^ and $ in place"));
}

static void failing_tests_refuse(void **state)
{
	(void)state;
	assert_int_equal(
		load("rules:\n"
	             "- { id: a, sentence: s, action: flag, patterns: [ { literal: loan } ],\n"
	             "    tests: { match: [ \"no such thing\" ], no_match: [ \"a LOAN here\" ] "
	             "} }\n"
	             "- { id: b, sentence: s, action: flag, patterns: [ { literal: here } ] "
	             "}\n"),
		-EINVAL);
	assert_int_equal(problems.total, 2);
	assert_true(says(3, 23, "does not match"));
	assert_true(says(3, 54, "a LOAN here"));
}

static void refuses_what_is_not_yaml(void **state)
{
	static const char *const bad[] = { "",
		                           "[",
		                           "rules",
		                           "rules: 1",
		                           "- rules: []",
		                           "\xff",
		                           "rules: [ { id: *nobody } ]",
		                           "a: b: c" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(load(bad[i]), -EINVAL);
		assert_true(problems.total >= 1);
	}
}

/* An alias repeats a list cheaply; the bounds count what it stands for. */
static void aliases_cannot_multiply(void **state)
{
	char *yaml = malloc(200000);
	size_t n = (size_t)sprintf(
		yaml, "rules:\n- { id: r0, sentence: s, action: flag, patterns: &p [");

	(void)state;
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(yaml + n, "{ literal: x%d }, ", i);
	n += (size_t)sprintf(yaml + n, "] }\n");
	for (int i = 1; i < 100; i++)
		n += (size_t)sprintf(yaml + n,
		                     "- { id: r%d, sentence: s, action: flag, patterns: *p }\n",
		                     i);
	assert_int_equal(load(yaml), -EINVAL);
	assert_true(says(2, 0, "more than 50000 patterns"));
	free(yaml);
}

static void an_empty_file_of_rules_is_fine(void **state)
{
	(void)state;
	assert_int_equal(load("rules: []"), 0);
	assert_int_equal(set->n_rules, 0);
	assert_null(program.folded);
	assert_int_equal(first_match("x", 1), -1);
}

#define T(f) cmocka_unit_test_teardown(f, forget)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(loads_a_good_file),       T(literals_are_literal),
		T(names_every_problem),     T(names_refused_patterns),
		T(failing_tests_refuse),    T(refuses_what_is_not_yaml),
		T(aliases_cannot_multiply), T(an_empty_file_of_rules_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
