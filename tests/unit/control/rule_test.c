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

#define ONE(keys) "rules: [ { id: a, sentence: s, action: flag, " keys " } ]"
#define A "patterns: [ { literal: a } ], "

static void expect_texts(const char *yaml, const char *const *yes, const char *const *no)
{
	assert_int_equal(load(yaml), 0);
	for (; *yes != NULL; yes++)
		if (first_match(*yes, strlen(*yes)) != 0)
			fail_msg("not found: %s", *yes);
	for (; *no != NULL; no++)
		if (first_match(*no, strlen(*no)) != -1)
			fail_msg("found: %s", *no);
	forget(NULL);
}

#define TEXTS(...) \
	(const char *const[]) { __VA_ARGS__, NULL }

static void words_and_domains_have_edges(void **state)
{
	(void)state;
	expect_texts(ONE("patterns: [ { words: [ loan, 대출 ] } ]"),
	             TEXTS("Loan", "a loan!", "x\nloan\ny", "오늘 대출은"),
	             TEXTS("loans", "xloan", "loan1", "éloan", "무대출"));
	expect_texts(
		ONE("patterns: [ { domains: [ evil.example, bit.example/x ] } ]"),
		TEXTS("http://evil.example", "a.evil.example/x", "at evil.example.",
	              "EVIL.example:80", "bit.example/xyz"),
		TEXTS("notevil.example", "evil.example.org", "evil-example", "bit.example/y"));
	expect_texts(ONE("patterns: [ { domains: [ evil.com, bit.ly/z ] } ]"),
	             TEXTS("hxxp://bit[.]ly/z", "evil .com", "evil\u3002com", "evil(dot)com",
	                   "call/evil.com", "\uc0c1\ub2f4/evil.com",
	                   "https://evil.com/good.com", "//evil.com", "/evil.com",
	                   "https://good.com/?u=evil.com"),
	             TEXTS("https://good.com/evil.com", "good.com/a/evil.com", "evil com",
	                   "good.com/evil.com/", "evil-.com"));
	expect_texts(ONE("view: folded, patterns: [ { domains: [ evil.com ] } ]"),
	             TEXTS("evil.com"), TEXTS("evil[.]com"));
}

static void names_what_is_no_domain(void **state)
{
	(void)state;
	assert_int_equal(
		load("rules:\n- { id: a, sentence: s, action: flag, patterns: [ { domains:\n"
	             "  [ \"http://x.com\", \"*.foo.com\", \"a b.com\", \"-\", .kr,\n"
	             "    ok.com/a?b=c, \"x.com:80\", kr, \uc2a4\ud338.\ud55c\uad6d, a..b,\n"
	             "    \"ok.com/a b\" ] } ] }\n"),
		-EINVAL);
	assert_true(says(3, 5, "without http:// before it; write x.com"));
	assert_true(says(3, 21, "without a *; write foo.com"));
	assert_true(says(3, 34, "no address has such a character"));
	assert_true(says(3, 45, "there is no host in it; write evil.example"));
	assert_true(says(3, 50, "write kr"));
	assert_true(says(4, 42, "two dots"));
	assert_true(says(5, 5, "no address has such a character"));
	assert_int_equal(problems.total, 7);
}

static void views_are_of_one_text(void **state)
{
	(void)state;
	expect_texts(ONE("view: plain, patterns: [ { literal: FREE } ]"), TEXTS("so FREE"),
	             TEXTS("so free", "so Free"));
	expect_texts(ONE("patterns: [ { literal: FREE, view: both } ]"),
	             TEXTS("so free", "FREE"), TEXTS("fre"));
}

/* Strewn texts; and a pattern that does not ask is not shown the loose one. */
static void loose_view_reads_strewn_texts(void **state)
{
	(void)state;
	expect_texts(ONE("view: loose, patterns: [ { literal: 대출 }, { literal: free } ]"),
	             TEXTS("대출", "대♠출", "F r e e", "get fr*ee now"),
	             TEXTS("대상 출", "fr ee", "f r"));
	expect_texts(ONE("patterns: [ { literal: 대출, view: loose }, { literal: free } ]"),
	             TEXTS("대♠출", "free"), TEXTS("f r e e"));
	expect_texts("view: loose\n" ONE("patterns: [ { literal: 대출 } ]"), TEXTS("대♠출"),
	             TEXTS("대"));
	expect_texts("view: loose\n" ONE("view: folded, patterns: [ { literal: 대출 } ]"),
	             TEXTS("대출"), TEXTS("대♠출"));
}

static void combinations_and_thresholds(void **state)
{
	(void)state;
	expect_texts(ONE("when: x and not (y or z), patterns: [ { literal: xx, name: x }, "
	                 "{ literal: yy, name: y }, { literal: zz, name: z } ]"),
	             TEXTS("xx", "a xx b"), TEXTS("yy", "xx yy", "zz xx", "n"));
	expect_texts(ONE("when: '2 of (x, y, z)', patterns: [ { literal: xx, name: x }, "
	                 "{ words: [ yy, yyy ], name: y }, { literal: zz, name: z } ]"),
	             TEXTS("xx yyy", "zz yy", "xx yy zz"), TEXTS("xx", "yy yyy", "zz"));
	expect_texts(ONE("threshold: 1.5, patterns: [ { literal: xx, weight: 1 }, { literal: "
	                 "yy, weight: 0.5 }, { literal: zz, weight: -0.001 } ]"),
	             TEXTS("xx yy"), TEXTS("xx", "xx xx", "xx yy zz"));
}

static void lists_and_files_in_one_text(void **state)
{
	(void)state;
	assert_int_equal(
		load("---\nlists: { p.txt: \"# no\\n cheap pills \\n\\nfree\" }\n"
	             "---\nfile: one.yaml\n---\n" ONE(
			     "patterns: [ { phrases: p.txt } ]") "\n---\nfile: "
	                                                         "two.yaml\n---\nrules:\n- id: "
	                                                         "b\n  sentence: s\n"
	                                                         "  action: flag\n  patterns: "
	                                                         "[ { literal: b } ]\n"),
		0);
	assert_int_equal(set->n_patterns, 3);
	assert_int_equal(first_match("CHEAP pills", 11), 0);
	assert_int_equal(first_match("# no", 4), -1);
	forget(NULL);
	assert_int_equal(load("---\nfile: one.yaml\n---\nrules: []\n---\nfile: two.yaml\n---\n"
	                      "rules:\n- id: b\n  nonsense: 1\n"),
	                 -EINVAL);
	assert_string_equal(problems.list[0].file, "two.yaml");
	assert_true(says(3, 3, "nonsense"));
}

static void names_what_is_wrong_in_keys(void **state)
{
	static const char *const rows[][2] = {
		{ ONE("when: x, patterns: [ { literal: a } ]"), "no pattern of this rule" },
		{ ONE("when: not x, patterns: [ { literal: a, name: x } ]"),
		  "that no pattern" },
		{ ONE("when: x and, patterns: [ { literal: a, name: x } ]"),
		  "name is missing" },
		{ ONE("when: 2 of (x), patterns: [ { literal: a, name: x } ]"), "not from 1" },
		{ ONE("when: (x, patterns: [ { literal: a, name: x } ]"), "" },
		{ ONE("patterns: [ { literal: a, name: and } ]"), "not and, or" },
		{ ONE("patterns: [ { literal: a, regex: b } ]"), "says literal already" },
		{ ONE("patterns: [ { phrases: p.txt } ]"), "no list" },
		{ ONE("patterns: [ { regex: 'a|$' } ]"), "no character is" },
		{ ONE("weight: 1.2345, patterns: [ { literal: a } ]"), "three places" },
		{ ONE("weight: 1001, patterns: [ { literal: a } ]"), "between" },
		{ ONE("threshold: 1, patterns: [ { literal: a } ]"), "has a weight" },
		{ ONE("view: sideways, patterns: [ { literal: a } ]"), "none of folded" },
		{ ONE(A "scope: { regimes: [ KR ] }"), "a-z and 0-9" },
		{ ONE(A "scope: { data_coding: [ 256 ] }"), "to 255" },
		{ ONE(A "scope: { directions: [] }"), "at least one" },
		{ ONE(A "scope: { accounts: [] }"), "at least one" },
		{ ONE(A "scope: { accounts: [ acme, x* ] }"), "\"x*\": an account is named" },
		{ ONE(A "mode: shadow, canary: { accounts: [ 'a?' ] }"), "\"a?\": an account" },
		{ ONE(A "mode: shadow, canary: { accounts: [] }"), "at least one" },
		{ ONE(A "valid: { from: 2026-02-01, until: 2026-01-01 }"), "ends before" },
		{ ONE(A "valid: { from: soon }"), "no time like" },
		{ ONE(A "canary: { share: 5% }"), "mode: shadow" },
		{ ONE(A "mode: shadow, canary: { share: 5 }"), "no share like" },
		{ "rules: [ { id: a, sentence: s, patterns: [ { literal: a } ] } ]",
		  "it needs an" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(load(rows[i][0]), -EINVAL);
		assert_true(problems.total >= 1);
		if (strstr(problems.list[0].text, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], problems.list[0].text);
		assert_true(problems.list[0].row != 0 && problems.list[0].column != 0);
	}
}

/* A file with mistakes: its other patterns and tests are looked at all the same. */
static void one_mistake_hides_no_other(void **state)
{
	(void)state;
	assert_int_equal(load("rules:\n- id: a\n  sentence: s\n  action: flag\n"
	                      "  patterns: [ { regex: \"(\" }, { literal: x } ]\n"
	                      "- id: b\n  sentence: s\n  action: flag\n"
	                      "  patterns: [ { literal: y } ]\n"
	                      "  tests: { match: [ nothing ] }\n"),
	                 -EINVAL);
	assert_int_equal(problems.total, 2);
	assert_true(says(5, 24, "is refused"));
	assert_true(says(10, 21, "does not match"));
}

static const char many_faults[] = "rules:\n"
				  "- id: Bad Id\n"
				  "  sentence: s\n"
				  "  colour: red\n"
				  "  patterns:\n"
				  "    - { regex: \"(open\" }\n"
				  "    - { regex: \"x*\" }\n"
				  "  action: explode\n"
				  "- id: unsaid\n"
				  "  action: flag\n"
				  "  patterns: [ { literal: u } ]\n"
				  "- id: weight\n"
				  "  weight: heavy\n"
				  "  sentence: s\n"
				  "  patterns: [ { literal: w } ]\n"
				  "- { id: good, sentence: s, action: flag,\n"
				  "  patterns: [ { literal: good } ],\n"
				  "  tests: { match: [ bad ] } }\n"
				  "- id: other\n"
				  "  sentence: s\n"
				  "  action: flag\n"
				  "  patterns: [ { literal: ot } ]\n"
				  "  tests: { no_match: [ other ] }\n"
				  "- id: other\n"
				  "  sentence: s\n"
				  "  action: flag\n"
				  "  patterns: [ { literal: q, name: q },\n"
				  "    { literal: p, name: p } ]\n"
				  "  when: q and\n";

/* A fault of every kind in one file, and each is named with its line and column. */
static void many_kinds_of_fault_at_once(void **state)
{
	static const struct {
		uint32_t row, column;
		const char *text;
	} faults[] = {
		{ 2, 7, "Bad Id" },             /* a value */
		{ 4, 3, "colour" },             /* a key that nobody knows */
		{ 6, 16, "(open" },             /* Hyperscan refuses it */
		{ 7, 16, "every message" },     /* so do we */
		{ 8, 11, "explode" },           /* a word of a list */
		{ 9, 3, "sentence" },           /* missing */
		{ 13, 11, "heavy" },            /* a number */
		{ 18, 21, "does not match" },   /* a test of a rule that is good */
		{ 23, 24, "matches" },          /* and the other way round */
		{ 24, 3, "row 19" },            /* an id given twice */
		{ 29, 9, "a name is missing" }, /* a combination */
	};

	(void)state;
	assert_int_equal(load(many_faults), -EINVAL);
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!says(faults[i].row, faults[i].column, faults[i].text))
			fail_msg("row %u, column %u: \"%s\" is not said", faults[i].row,
			         faults[i].column, faults[i].text);
	assert_int_equal(problems.total, sizeof(faults) / sizeof(faults[0]));
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
		T(loads_a_good_file),
		T(literals_are_literal),
		T(names_every_problem),
		T(names_refused_patterns),
		T(failing_tests_refuse),
		T(refuses_what_is_not_yaml),
		T(aliases_cannot_multiply),
		T(an_empty_file_of_rules_is_fine),
		T(words_and_domains_have_edges),
		T(names_what_is_no_domain),
		T(views_are_of_one_text),
		T(loose_view_reads_strewn_texts),
		T(combinations_and_thresholds),
		T(lists_and_files_in_one_text),
		T(names_what_is_wrong_in_keys),
		T(one_mistake_hides_no_other),
		T(many_kinds_of_fault_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
