/* SPDX-License-Identifier: Apache-2.0 */
/* rule_warn: what cannot be meant is said, with its place; what people write is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "rule_warn.h"

static struct problems warnings;

/* Warnings of rules, which have no problem. */
static uint32_t warned(const char *yaml)
{
	struct problems problems;
	struct rule_set *set;

	problems_init(&problems, "r.yaml");
	problems_init(&warnings, "r.yaml");
	assert_int_equal(rule_set_read(&set, yaml, strlen(yaml), &problems), 0);
	assert_int_equal(rule_warn(set, &warnings), 0);
	rule_set_free(set);
	return warnings.total;
}

/* The only one says this, here. */
static void assert_warns(const char *yaml, uint32_t row, uint32_t column, const char *text)
{
	char line[700];

	assert_int_equal(warned(yaml), 1);
	problem_line(line, sizeof(line), &warnings, 0);
	if (warnings.list[0].row != row || warnings.list[0].column != column ||
	    strstr(warnings.list[0].text, text) == NULL)
		fail_msg("%s", line);
}

static void none_at_all(void **state)
{
	(void)state;
	assert_warns("rules: []\n", 0, 0, "no rule is in force");
}

#define HEAD(id) "- id: " id "\n  sentence: s\n"
#define REFUSE(id) HEAD(id) "  action: refuse\n"

static void never_true(void **state)
{
	(void)state;
	assert_warns("rules:\n" REFUSE("a") "  when: x and not x\n"
	                                    "  patterns: [ { literal: one, name: x } ]\n",
	             5, 9, "never true");
	assert_warns("rules:\n" REFUSE("a") "  when: 2 of (x, y) and not (x or y)\n"
	                                    "  patterns: [ { literal: one, name: x }, { "
	                                    "literal: two, name: y } ]\n",
	             5, 9, "never true");
	assert_int_equal(
		warned("rules:\n" REFUSE("a") "  when: x and not y\n"
	                                      "  patterns: [ { literal: one, name: x }, "
	                                      "{ words: [ two, three ], name: y } ]\n"),
		0);
}

static void not_asked_for(void **state)
{
	(void)state;
	assert_warns("rules:\n" REFUSE("a") "  when: x\n"
	                                    "  patterns: [ { literal: one, name: x }, { words: "
	                                    "[ two, three ] } ]\n",
	             6, 53, "\"two\" has no effect");
	/* Its weight is an effect. */
	assert_int_equal(
		warned("rules:\n" REFUSE("a") "  when: x\n"
	                                      "  patterns: [ { literal: one, name: x }, "
	                                      "{ literal: two, weight: 2 } ]\n"),
		0);
}

static void threshold(void **state)
{
	(void)state;
	assert_warns("rules:\n" REFUSE("a") "  threshold: 5\n"
	                                    "  patterns: [ { literal: one, weight: 2 }, { "
	                                    "literal: two, weight: 2.5 },"
	                                    " { literal: not, weight: -3 } ]\n",
	             5, 14, "5 is never reached: all weights together are 4.5");
	assert_int_equal(
		warned("rules:\n" REFUSE("a") "  threshold: 4.5\n"
	                                      "  patterns: [ { literal: one, weight: 2 }, "
	                                      "{ literal: two, weight: 2.5 } ]\n"),
		0);
}

static void status(void **state)
{
	(void)state;
	assert_warns("rules:\n" HEAD("a") "  action: flag\n  command_status: 69\n"
	                                  "  patterns: [ { literal: one } ]\n",
	             5, 19, "action: refuse alone");
	assert_int_equal(warned("rules:\n" REFUSE("a") "  command_status: 69\n"
	                                               "  patterns: [ { literal: one } ]\n"),
	                 0);
}

static void folded(void **state)
{
	(void)state;
	assert_warns("rules:\n" REFUSE("a") "  patterns: [ { regex: \"canlı.*bahis\" } ]\n", 5,
	             24, "\"ı\" is in no folded text: it is \"i\" there");
	assert_int_equal(warned("rules:\n" REFUSE(
				 "a") "  view: both\n  patterns: "
	                              "[ { regex: \"canlı.*bahis\" } ]\n" REFUSE(
					      "b") "  patterns: [ { regex: "
	                                           "\"canl[ıi].*(É|대출|\\\\x{131})\" } ]\n"),
	                 0);
}

static void twice(void **state)
{
	(void)state;
	assert_warns("rules:\n" REFUSE(
			     "a") "  patterns:\n    - { literal: Casino }\n"
	                          "    - { literal: dice }\n    - { literal: \"casino\" }\n",
	             8, 18, "\"casino\" finds what \"Casino\" in row 6 does");
	/* Not what is looked for elsewhere, nor in another rule. */
	assert_int_equal(
		warned("rules:\n" REFUSE(
			"a") "  patterns:\n    - { literal: one }\n"
	                     "    - { literal: one, view: plain }\n    - { words: one }\n" HEAD(
				     "b") "  weight: 1\n  patterns: [ { literal: one } ]\n"),
		0);
}

static void covered(void **state)
{
	(void)state;
	assert_warns("rules:\n" REFUSE("a") "  patterns: [ { literal: loan }, { regex: b+ } "
	                                    "]\n" HEAD("b") "  action: flag\n  patterns: [ { "
	                                                    "literal: \"a loan\" } ]\n",
	             6, 3, "rule b: whatever it matches, rule a in row 2 decides");
	/* The first of two that refuse decides, so the second never does. */
	assert_warns("rules:\n" REFUSE("a") "  patterns: [ { words: x } ]\n" REFUSE(
			     "b") "  patterns: [ { words: X } ]\n",
	             6, 3, "rule a in row 2 decides");
	assert_int_equal(
		warned("rules:\n"
	               /* weaker, with a scope, with a shadow, with a condition */
	               HEAD("a") "  action: flag\n  patterns: [ { literal: loan } ]\n" REFUSE(
			       "b") "  scope: { accounts: [ x ] }\n"
	                            "  patterns: [ { literal: loan } ]\n" REFUSE(
					    "c") "  mode: shadow\n  patterns: [ { literal: "
	                                         "loan } ]\n" REFUSE("d") "  when: x and y\n  "
	                                                                  "patterns: "
	                                                                  "[ { literal: loan, "
	                                                                  "name: x }, { "
	                                                                  "literal: bank, "
	                                                                  "name: y } "
	                                                                  "]\n" REFUSE(
										  "e") "  "
	                                                                               "pattern"
	                                                                               "s: [ { "
	                                                                               "literal"
	                                                                               ": "
	                                                                               "loan, "
	                                                                               "view: "
	                                                                               "plain "
	                                                                               "} ]\n"
	               /* "20a" is not in " a", which is written \x20a */
	               REFUSE("f") "  patterns: [ { literal: \"20a\" } ]\n" REFUSE(
			       "g") "  patterns: [ { literal: \"b a\" } ]\n"),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_at_all),   cmocka_unit_test(never_true),
		cmocka_unit_test(not_asked_for), cmocka_unit_test(threshold),
		cmocka_unit_test(status),        cmocka_unit_test(folded),
		cmocka_unit_test(twice),         cmocka_unit_test(covered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
