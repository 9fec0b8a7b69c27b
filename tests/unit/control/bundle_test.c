/* SPDX-License-Identifier: Apache-2.0 */
/* bundle: rule files and phrase lists as they lie on a disk, also such as no editor made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rule_bundle.h"
#include "rule_engine.h"
#include "temp.h"

#define RULE(patterns) \
	"rules:\n- id: a\n  sentence: s\n  action: refuse\n  patterns: [ " patterns " ]\n"
#define LISTED RULE("{ phrases: p.txt }")

static struct problems problems;
static uint32_t n_patterns;

static void write_file(const char *name, const void *octets, size_t n)
{
	FILE *f = fopen(temp_path(name), "we");

	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* What reading this rule file comes to; the first problem is in problems. */
static int load(const void *yaml, size_t n)
{
	char *path = strdup(temp_path("r.yaml")), *text;
	const char *const paths[] = { path }, *failed;
	struct rule_program program = { 0 };
	struct rule_set *set = NULL;
	size_t size;

	write_file("r.yaml", yaml, n);
	assert_int_equal(rule_bundle_read(paths, 1, &text, &size, &failed), 0);
	problems_init(&problems, path);
	const int result = rule_load(&set, &program, text, size, &problems);
	n_patterns = set != NULL ? set->n_patterns : 0;
	rule_set_free(set);
	rule_program_free(&program);
	free(text);
	free(path);
	return result;
}

static int load_text(const char *yaml) { return load(yaml, strlen(yaml)); }

static void byte_order_marks(void **state)
{
	(void)state;
	assert_int_equal(load_text("\xEF\xBB\xBF" RULE("{ literal: abc }")), 0);
	assert_int_equal(n_patterns, 1);
	write_file("p.txt", "\xEF\xBB\xBFone one\r\n\r\n# a comment\r\ntwo two", 34);
	assert_int_equal(load_text("\xEF\xBB\xBF" LISTED), 0);
	assert_int_equal(n_patterns, 2);
}

/* No list is read by half, and none is waited for. */
static void lists_that_are_none(void **state)
{
	(void)state;
	write_file("p.txt", "one\0one\ntwo two\n", 16);
	assert_true(load_text(LISTED) < 0);
	assert_non_null(strstr(problems.list[0].text, "without NUL"));
	assert_int_equal(problems.list[0].row, 5);
	write_file("p.txt", "one\xFFone\ntwo two\n", 16);
	assert_true(load_text(LISTED) < 0);
	assert_non_null(strstr(problems.list[0].text, "in UTF-8"));
	assert_int_equal(remove(temp_path("p.txt")), 0);
	assert_int_equal(mkfifo(temp_path("p.txt"), 0600), 0);
	assert_true(load_text(LISTED) < 0);
	assert_non_null(strstr(problems.list[0].text, "no such file"));
	assert_int_equal(remove(temp_path("p.txt")), 0);
}

/* Found at once: libyaml alone takes minutes for this. */
static void deep(void **state)
{
	static char text[200000 + 16];

	(void)state;
	memset(text, '[', sizeof(text));
	memcpy(text, "rules: ", 7);
	memset(text + sizeof(text) / 2, ']', sizeof(text) / 2);
	assert_true(load(text, sizeof(text)) < 0);
	assert_non_null(strstr(problems.list[0].text, "deep in each other"));
	assert_int_equal(problems.list[0].row, 1);
	assert_int_equal(problems.list[0].column, 7 + 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_order_marks),
		cmocka_unit_test(lists_that_are_none),
		cmocka_unit_test(deep),
	};
	return cmocka_run_group_tests(tests, temp_make, temp_remove);
}
