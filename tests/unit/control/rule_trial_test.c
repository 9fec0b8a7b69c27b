/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_trial: an expression that Hyperscan would compile for minutes is refused, in bounded
 * time, and those that are tried and taken are the ones that look alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <hs/hs.h>
#include <string.h>
#include <sys/resource.h>

#include "problems.h"
#include "rule_compile.h"
#include "rule_trial.h"

#define FLAGS (HS_FLAG_UTF8 | HS_FLAG_UCP | HS_FLAG_DOTALL | HS_FLAG_CASELESS)

static void wide_ones_are_tried(void **state)
{
	(void)state;
	assert_true(rule_trial_due("foo.{0,32}bar"));
	assert_true(rule_trial_due("[0-9]{200}"));
	assert_true(rule_trial_due("a.{1,16}b.{1,16}c"));
	assert_true(rule_trial_due("a{1,18446744073709551615}b{2}"));
	assert_false(rule_trial_due("foo.{0,31}bar"));
	assert_true(rule_trial_due("foo.{1000,}bar"));
	assert_true(rule_trial_due("foo(.{0,15}){0,15}bar"));
	assert_true(rule_trial_due("(a(b{4}){4}){2}"));
	assert_false(rule_trial_due("(a(b{3}){3}){3}c{4}"));
	assert_false(rule_trial_due("a{10,}b.*c{2,6}(de){1}f{x}"));
	assert_false(rule_trial_due("\\x{1F600}?{}{,}"));
}

static double cpu_of_children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void it_ends(void **state)
{
	static const char text[] = "rules:\n"
				   "- id: a\n"
				   "  sentence: s\n"
				   "  action: flag\n"
				   "  patterns: [ { regex: 'foo.{0,1000}bar' } ]\n";
	struct problems problems;
	struct rule_program program = { 0 };
	struct rule_set *set = NULL;

	(void)state;
	assert_true(rule_trial("[0-9]{1,200}x", FLAGS));
	assert_true(rule_trial("(unclosed.{0,100}", FLAGS));  /* another's affair */
	problems_init(&problems, "r.yaml");
	assert_int_equal(rule_load(&set, &program, text, sizeof(text) - 1, &problems), -EINVAL);
	assert_int_equal(problems.total, 1);
	assert_non_null(strstr(problems.list[0].text, "takes too long to compile"));
	assert_in_range((uintmax_t)cpu_of_children(), RULE_TRIAL_SECONDS - 1,
	                RULE_TRIAL_SECONDS + 1);
	rule_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide_ones_are_tried),
		cmocka_unit_test(it_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
