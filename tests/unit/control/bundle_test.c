/* SPDX-License-Identifier: Apache-2.0 */
/* bundle: rule files and phrase lists as they lie on a disk, also such as no editor made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
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

/* Two files as one text, a fault in the second; the text is read before it is looked at. */
static void assert_fault_in_second(const char *text, size_t n, uint32_t column,
                                   const char *said)
{
	char *paths[] = { strdup(temp_path("a.yaml")), strdup(temp_path("b.yaml")) }, *bundle;
	const char *failed;
	struct rule_set *set = NULL;
	size_t size;

	write_file("a.yaml", RULE("{ literal: '대출' }"),
	           sizeof(RULE("{ literal: '대출' }")) - 1);
	write_file("b.yaml", text, n);
	assert_int_equal(
		rule_bundle_read((const char *const *)paths, 2, &bundle, &size, &failed), 0);
	problems_init(&problems, paths[0]);
	assert_true(rule_set_read(&set, bundle, size, &problems) < 0);
	assert_string_equal(problems.list[0].file, paths[1]);
	assert_int_equal(problems.list[0].row, 2);
	assert_int_equal(problems.list[0].column, column);
	assert_non_null(strstr(problems.list[0].text, said));
	rule_set_free(set);
	free(bundle);
	free(paths[0]);
	free(paths[1]);
}

static void a_fault_in_the_second(void **state)
{
	char nested[64] = "";

	(void)state;
	assert_fault_in_second("# \n- '대출 \xFF'", 15, 7, "save the file as UTF-8");
	assert_fault_in_second("# \n- '대출\x1b'", 14, 6, "write it as \\x1b in double");
	strcpy(nested, "# 대출\n");
	memset(nested + strlen(nested), '[', 40);
	assert_fault_in_second(nested, strlen(nested), 33, "deep in each other");
}

static void what_cannot_be_read(void **state)
{
	const char *folder = temp_path("."), *failed;
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(rule_bundle_read(&folder, 1, &text, &size, &failed), -EISDIR);
	assert_string_equal(failed, folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_order_marks),
		cmocka_unit_test(lists_that_are_none),
		cmocka_unit_test(deep),
		cmocka_unit_test(a_fault_in_the_second),
		cmocka_unit_test(what_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, temp_make, temp_remove);
}
