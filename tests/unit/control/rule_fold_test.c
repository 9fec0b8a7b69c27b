/* SPDX-License-Identifier: Apache-2.0 */
/* folds: of a rule file: every fault with its place, rules and their tests under them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule_compile.h"
#include "rule_diff.h"
#include "text.h"

#define RULE "rules: [ { id: a, sentence: s, action: refuse, patterns: [ { words: [ 다라 ] } ]"
#define RULE_END " } ]\n"

static struct problems problems;
static struct rule_set *set;
static struct rule_program program;

static int load(const char *yaml)
{
	set = NULL;
	problems_init(&problems, "r.yaml");
	return rule_load(&set, &program, yaml, strlen(yaml), &problems);
}

static void forget(void)
{
	rule_set_free(set);
	rule_program_free(&program);
	set = NULL;
}

/* The whole of the first problem. */
static void refused(const char *yaml, const char *says)
{
	char line[1000] = "nothing";

	assert_int_equal(load(yaml), -EINVAL);
	problem_line(line, sizeof(line), &problems, 0);
	if (problems.total != 1 || strcmp(line, says) != 0)
		fail_msg("%u problems: %s", problems.total, line);
}

static void names_every_fault(void **state)
{
	(void)state;
	refused("folds: 7\nrules: []\n", "r.yaml:1:8: folds: must be a list");
	refused("folds: [ 7 ]\nrules: []\n",
	        "r.yaml:1:10: folds: must be a mapping of keys and values");
	refused("folds: [ { from: 卜 } ]\nrules: []\n",
	        "r.yaml:1:10: folds: \"to\" is missing");
	refused("folds: [ { from: 卜, to: ㅏ, why: x } ]\nrules: []\n",
	        "r.yaml:1:28: folds: there is no key \"why\" here, only from, to");
	refused("folds: [ { from: 卜卜, to: ㅏ } ]\nrules: []\n",
	        "r.yaml:1:18: folds.from: \"卜卜\" is neither one character nor U+ and 4 to 6 "
	        "hexadecimal digits");
	refused("folds: [ { from: 卜, to: U+3F } ]\nrules: []\n",
	        "r.yaml:1:25: folds.to: \"U+3F\" is neither one character nor U+ and 4 to 6 "
	        "hexadecimal digits");
	refused("folds: [ { from: U+0041, to: b } ]\nrules: []\n",
	        "r.yaml:1:18: folds.from: U+0041 is ASCII, which nothing but its case is "
	        "folded of");
	refused("folds: [ { from: U+FFFFFF, to: b } ]\nrules: []\n",
	        "r.yaml:1:18: folds.from: U+FFFFFF is no character");
	refused("folds: [ { from: 卜, to: \"\" } ]\nrules: []\n",
	        "r.yaml:1:25: folds.to: must have 1 to 8 octets and no NUL; it has 0");
	refused("folds: [ { from: 卜, to: B } ]\nrules: []\n",
	        "r.yaml:1:25: folds.to: U+0042 is itself folded to something else");
}

/* What only several rows can have. */
static void rows_that_contradict(void **state)
{
	(void)state;
	refused("folds:\n- { from: 卜, to: ㅏ }\n- { to: ㅏ, from: U+535C }\nrules: []\n",
	        "r.yaml:3:18: folds.from: U+535C is folded to U+314F in row 2 already");
	refused("folds: [ { from: ж, to: я }, { from: я, to: r } ]\nrules: []\n",
	        "r.yaml:1:25: folds.to: U+044F is itself folded to U+0072 by a row of its own");
	refused("file: one\n---\nfolds: [ { from: 卜, to: ㅏ } ]\n---\n"
	        "file: two\n---\n\nfolds: [ { from: 卜, to: ㅓ } ]\nrules: []\n",
	        "two:2:18: folds.from: U+535C is folded to U+314F in row 1 of one");
	/* Two packs may bring the same row. */
	assert_int_equal(load("file: one\n---\nfolds: [ { from: 卜, to: ㅏ } ]\n---\n"
	                      "file: two\n---\nfolds: [ { from: 卜, to: ㅏ } ]\nrules: []\n"),
	                 0);
	assert_int_equal(set->n_folds, 1);
	forget();
}

/* The bound, and one more. */
static void too_many(void **state)
{
	static char yaml[64 * (IMAGE_FOLDS_MAX + 2)];

	(void)state;
	for (uint32_t extra = 0; extra < 2; extra++) {
		size_t n = (size_t)sprintf(yaml, "folds:\n");
		for (uint32_t i = 0; i < IMAGE_FOLDS_MAX + extra; i++)
			n += (size_t)sprintf(yaml + n, "- { from: U+%04X, to: x }\n",
			                     0x4E00 + i);
		sprintf(yaml + n, "rules: []\n");
		if (extra == 0) {
			assert_int_equal(load(yaml), 0);
			assert_int_equal(set->n_folds, IMAGE_FOLDS_MAX);
			forget();
		} else {
			refused(yaml, "r.yaml:2:1: folds: 1025 rows; at most 1024 are allowed");
		}
	}
}

/* The operator's tests run with the folds, and patterns are folded by them too. */
static void tests_run_with_them(void **state)
{
	(void)state;
	refused(RULE ", tests: { match: [ ㄷ卜라 ] }" RULE_END,
	        "r.yaml:1:99: tests.match: rule a does not match \"ㄷ卜라\"");
	assert_int_equal(load("folds: [ { from: 卜, to: ㅏ } ]\n" RULE
	                      ", tests: { match: [ ㄷ卜라 ], no_match: [ 다卜 ] }" RULE_END),
	                 0);
	forget();
	/* Rows after the rules, and a pattern that is written with the look-alike. */
	assert_int_equal(load("rules: [ { id: a, sentence: s, action: refuse, patterns: [ { "
	                      "literal: fЯee }, { literal: ㄷ卜라 } ], tests: { match: [ "
	                      "free, FЯEE, 다라 ] } } ]\n"
	                      "folds: [ { from: я, to: r }, { from: 卜, to: ㅏ } ]\n"),
	                 0);
	assert_int_equal(set->folds[0].from, 0x44F);
	assert_int_equal(set->folds[1].from, 0x535C);
	forget();
}

/* A set without folds has the built-in table itself. */
static void none(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(load(i == 0 ? RULE RULE_END : "folds: []\n" RULE RULE_END), 0);
		assert_int_equal(set->n_folds, 0);
		assert_ptr_equal(set->table, &text_table_default);
		forget();
	}
}

static char said[400];

static void say_fold(void *context, uint32_t from, uint32_t before, uint32_t after)
{
	(void)context;
	sprintf(said + strlen(said), "%X:%X>%X ", from, before, after);
}

static void say_rule(void *context, enum rule_difference kind, const struct rule *rule)
{
	(void)context, (void)kind;
	sprintf(said + strlen(said), "rule %s ", rule->name);
}

static void differ(const char *before, const char *after, const char *wanted)
{
	const struct rule_diff_reader reader = { say_fold, say_rule, NULL, NULL };
	struct rule_set *sets[2];
	const char *const texts[] = { before, after };

	said[0] = '\0';
	for (unsigned i = 0; i < 2; i++) {
		problems_init(&problems, "r.yaml");
		assert_int_equal(rule_set_read(&sets[i], texts[i], strlen(texts[i]), &problems),
		                 0);
	}
	assert_int_equal(rule_diff(sets[0], sets[1], &reader), 0);
	assert_string_equal(said, wanted);
	rule_set_free(sets[0]);
	rule_set_free(sets[1]);
}

static void versions_differ(void **state)
{
	static const char some[] = "folds: [ { from: 卜, to: ㅏ }, { from: я, to: r }, "
				   "{ from: ж, to: x } ]\n" RULE RULE_END;

	(void)state;
	differ(RULE RULE_END, RULE RULE_END, "");
	differ(some, some, "");
	differ(RULE RULE_END, some, "436:0>78 44F:0>72 535C:0>314F ");
	differ(some, RULE RULE_END, "436:78>0 44F:72>0 535C:314F>0 ");
	differ(some,
	       "folds: [ { from: 卜, to: ㅓ }, { from: д, to: g }, { from: я, to: r } ]\n" RULE
	               RULE_END,
	       "434:0>67 436:78>0 535C:314F>3153 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_every_fault),
		cmocka_unit_test(rows_that_contradict),
		cmocka_unit_test(too_many),
		cmocka_unit_test(tests_run_with_them),
		cmocka_unit_test(none),
		cmocka_unit_test(versions_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
