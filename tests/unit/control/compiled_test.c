/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compiled: rules out of a file are those that were compiled, and whatever is in the file,
 * or is not, or cannot be, they are right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <sys/stat.h>

#include "compiled.h"
#include "image_format.h"
#include "match_state.h"
#include "rule_engine.h"
#include "temp.h"

#define LITERALS 220u /* enough for a database of their own */

static char yaml[32768];
static struct problems problems;

/* Literals, a regex that is none, and one of the plain view. */
static void make_yaml(const char *word)
{
	char *at = yaml;

	at += sprintf(at,
	              "rules:\n- { id: plain, sentence: s, action: flag, view: plain, "
	              "patterns: [ { regex: 'WIN\\w' } ] }\n"
	              "- { id: word, sentence: s, action: refuse, patterns: [ { regex: "
	              "'%s+' } ], tests: { match: [ %s ] } }\n"
	              "- { id: all, sentence: s, action: flag, when: l1 and l2, "
	              "patterns: [ { literal: aa, name: l1 }, { literal: bb, name: l2 } ] }\n"
	              "- id: literals\n  sentence: s\n  action: flag\n  patterns:\n",
	              word, word);
	for (unsigned i = 0; i < LITERALS; i++)
		at += sprintf(at, "  - { literal: \"phrase number %u of them\" }\n", i);
}

static int setup(void **state)
{
	make_yaml("casino");
	return temp_make(state);
}

/* What the rules found in a text that all of them are in, by pattern. */
static void assert_works(struct rule_set *set, struct rule_program *program, const char *word)
{
	const struct match_input anywhere = { .from_esme = true };
	struct rule_engine *engine = NULL;
	struct match_result result;
	char text[200];

	assert_int_equal(set->n_patterns, LITERALS + 4);
	assert_non_null(program->literals);
	assert_non_null(program->folded);
	assert_non_null(program->plain);
	assert_int_equal(rule_engine_open(&engine, set, program), 0);
	snprintf(text, sizeof(text), "WINS bb %s: phrase number 217 of them, aa", word);
	rule_engine_scan(engine, text, strlen(text), &anywhere, &result);
	for (uint32_t i = 0; i < set->n_patterns; i++)
		assert_int_equal(match_has_pattern(engine->state, i), i < 4 || i == 4 + 217);
	assert_true(match_has_rule(engine->state, NULL, 2));
	assert_int_equal(result.action, IMAGE_REFUSE);
	rule_engine_close(engine);
	rule_set_free(set);
	rule_program_free(program);
}

static void load_with(const char *folder, const char *word)
{
	struct rule_program program = { 0 };
	struct rule_set *set = NULL;

	make_yaml(word);
	problems_init(&problems, "r.yaml");
	const int result = compiled_load(&set, &program, yaml, strlen(yaml), &problems, folder);
	if (result != 0)
		fail_msg("%d: %s", result, problems.list[0].text);
	assert_works(set, &program, word);
}

/* Files in the folder; the name of the last one seen into name. */
static unsigned list(const char *folder, char name[300])
{
	DIR *dir = opendir(folder);
	unsigned n = 0;

	if (dir == NULL)
		return 0;
	for (struct dirent *d; (d = readdir(dir)) != NULL;)
		if (d->d_name[0] != '.' && ++n != 0 && name != NULL)
			snprintf(name, 300, "%s/%s", folder, d->d_name);
	closedir(dir);
	return n;
}

static struct stat stat_of(const char *path)
{
	struct stat s;

	assert_int_equal(lstat(path, &s), 0);
	return s;
}

static void the_second_is_read(void **state)
{
	const char *folder = temp_path("cache/sluice");
	char name[300], again[300];

	(void)state;
	load_with(folder, "casino");
	assert_int_equal(list(folder, name), 1);
	assert_int_equal(stat_of(folder).st_mode & 0777, 0700);
	const struct stat first = stat_of(name);
	assert_int_equal(first.st_mode & 0777, 0600);
	load_with(folder, "casino");
	assert_int_equal(list(folder, again), 1);
	assert_string_equal(again, name);
	assert_true(stat_of(name).st_ino == first.st_ino); /* not written again */
}

static void other_rules_are_another_file(void **state)
{
	const char *folder = temp_path("cache");

	(void)state;
	load_with(folder, "casino");
	load_with(folder, "lottery");
	assert_int_equal(list(folder, NULL), 2);
	/* One character of the last pattern alone. */
	struct rule_program program = { 0 };
	struct rule_set *set = NULL;
	memcpy(strrchr(yaml, 'm'), "n", 1);
	assert_int_equal(compiled_load(&set, &program, yaml, strlen(yaml), &problems, folder),
	                 0);
	rule_set_free(set);
	rule_program_free(&program);
	assert_int_equal(list(folder, NULL), 3);
}

static void change(const char *path, off_t at)
{
	const int fd = open(path, O_RDWR);
	unsigned char octet = 0;

	assert_true(fd >= 0 && pread(fd, &octet, 1, at) == 1);
	octet ^= 0x55;
	assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	close(fd);
}

/* The file was put there anew, and is good: the next time it is read. */
static void assert_replaced(const char *folder, const char *name, ino_t bad)
{
	load_with(folder, "casino");
	const ino_t good = stat_of(name).st_ino;
	assert_true(good != bad);
	load_with(folder, "casino");
	assert_true(stat_of(name).st_ino == good);
}

static void what_is_corrupt_is_replaced(void **state)
{
	const char *folder = temp_path("cache");
	char name[300];

	(void)state;
	load_with(folder, "casino");
	assert_int_equal(list(folder, name), 1);
	const off_t size = stat_of(name).st_size;
	for (unsigned i = 0; i < 40; i++) {
		const ino_t bad = stat_of(name).st_ino;
		change(name, size * i / 40);
		assert_replaced(folder, name, bad);
	}
	const off_t lengths[] = { 0, 1, 63, 64, size / 2, size - 1, size + 64 };
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const ino_t bad = stat_of(name).st_ino;
		assert_int_equal(truncate(name, lengths[i]), 0);
		assert_replaced(folder, name, bad);
	}
}

/* An image that is whole, but of other rules, under the name of these. */
static void another_image_is_replaced(void **state)
{
	const char *folder = temp_path("cache");
	char name[300], other[300], moved[300];

	(void)state;
	load_with(folder, "casino");
	list(folder, name);
	snprintf(moved, sizeof(moved), "%s/../kept", folder);
	assert_int_equal(rename(name, moved), 0);
	struct rule_program program = { 0 };
	struct rule_set *set = NULL;
	const char few[] = "rules:\n- { id: a, sentence: s, action: flag, patterns: "
			   "[ { literal: casino } ] }\n";
	assert_int_equal(compiled_load(&set, &program, few, sizeof(few) - 1, &problems, folder),
	                 0);
	rule_set_free(set);
	rule_program_free(&program);
	assert_int_equal(list(folder, other), 1);
	assert_int_equal(rename(other, name), 0);
	assert_replaced(folder, name, stat_of(name).st_ino);
}

/* A link, a pipe and a folder of this name are none of our files. */
static void what_is_no_file(void **state)
{
	const char *folder = temp_path("cache"), *target = temp_write("target", "mine\n");
	char name[300];

	(void)state;
	load_with(folder, "casino");
	list(folder, name);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(symlink(target, name), 0);
	assert_replaced(folder, name, stat_of(name).st_ino);
	assert_int_equal(stat_of(target).st_size, 5);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_replaced(folder, name, stat_of(name).st_ino);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(mkdir(name, 0700), 0);
	load_with(folder, "casino");
	assert_int_equal(list(folder, NULL), 1); /* nothing that was begun stays */
}

static void no_folder_is_no_error(void **state)
{
	const char *open_to_all = temp_path("all"), *aside = temp_path("aside");

	(void)state;
	load_with(NULL, "casino");
	load_with("/proc/sluice", "casino");
	load_with(temp_write("file", ""), "casino");
	load_with(temp_path("file/sluice"), "casino");
	assert_int_equal(mkdir(open_to_all, 0700), 0);
	assert_int_equal(chmod(open_to_all, 0777), 0);
	load_with(open_to_all, "casino");
	assert_int_equal(list(open_to_all, NULL), 0);
	assert_int_equal(mkdir(aside, 0700), 0);
	assert_int_equal(symlink(aside, temp_path("link")), 0);
	load_with(temp_path("link"), "casino");
	assert_int_equal(list(aside, NULL), 0);
	if (getuid() != 0)
		return;
	assert_int_equal(chown(aside, 65534, 65534), 0);
	load_with(aside, "casino");
	assert_int_equal(list(aside, NULL), 0);
}

/* The file of these rules was used last at this second. */
static void used_at(const char *path, time_t second)
{
	const struct timespec times[2] = { { second, 0 }, { second, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void old_files_go(void **state)
{
	const char *folder = temp_path("cache");
	char first[300], path[300], word[16];

	(void)state;
	load_with(folder, "casino");
	list(folder, first);
	used_at(first, 1000);
	temp_write("cache/notes", "mine\n");
	for (unsigned i = 0; i < COMPILED_FILES - 1; i++) {
		snprintf(path, sizeof(path), "%s/%032x.image.%u", folder, i, i);
		assert_int_equal(close(open(path, O_WRONLY | O_CREAT, 0600)), 0);
		used_at(path, 2000 + i);
	}
	load_with(folder, "casino"); /* it is the newest now */
	for (unsigned i = 0; i < 3; i++) {
		snprintf(word, sizeof(word), "w%c", 'a' + (int)i);
		load_with(folder, word);
		snprintf(path, sizeof(path), "%s/%032x.image.%u", folder, i, i);
		assert_int_not_equal(access(path, F_OK), 0);
		assert_int_equal(list(folder, NULL), COMPILED_FILES + 1);
	}
	assert_int_equal(access(first, F_OK), 0);
	assert_int_equal(access(temp_path("cache/notes"), F_OK), 0);
}

static void large_files_go(void **state)
{
	const char *folder = temp_path("cache"), *large;
	char path[80];

	(void)state;
	load_with(folder, "casino");
	snprintf(path, sizeof(path), "cache/%032x.image", 1);
	large = temp_write(path, "");
	assert_int_equal(truncate(large, COMPILED_OCTETS), 0);
	used_at(large, 1000);
	load_with(folder, "lottery");
	assert_int_equal(list(folder, NULL), 2);
	assert_int_not_equal(access(large, F_OK), 0);
}

static void nothing_is_kept_of_what_is_wrong(void **state)
{
	const char wrong[] = "rules:\n- { id: a, sentence: s, action: flag, patterns: "
			     "[ { regex: '(' } ] }\n";
	const char *folder = temp_path("cache");
	struct rule_program program = { 0 };
	struct rule_set *set = NULL;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		problems_init(&problems, "r.yaml");
		assert_int_equal(compiled_load(&set, &program, wrong, sizeof(wrong) - 1,
		                               &problems, folder),
		                 -EINVAL);
		assert_int_equal(problems.total, 1);
		assert_int_equal(list(folder, NULL), 0);
	}
}

static void assert_folder(const char *cache, const char *home, const char *good)
{
	cache != NULL ? setenv("XDG_CACHE_HOME", cache, 1) : unsetenv("XDG_CACHE_HOME");
	home != NULL ? setenv("HOME", home, 1) : unsetenv("HOME");
	char *folder = compiled_folder();

	if (good == NULL)
		assert_null(folder);
	else
		assert_string_equal(folder, good);
	free(folder);
}

static void where_the_folder_is(void **state)
{
	(void)state;
	assert_folder("/c", "/h", "/c/sluice");
	assert_folder("c", "/h", "/h/.cache/sluice");
	assert_folder("", "/h", "/h/.cache/sluice");
	assert_folder(NULL, "/h", "/h/.cache/sluice");
	assert_folder(NULL, "h", NULL);
	assert_folder(NULL, NULL, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temp_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_second_is_read),
		TEST(other_rules_are_another_file),
		TEST(what_is_corrupt_is_replaced),
		TEST(another_image_is_replaced),
		TEST(what_is_no_file),
		TEST(no_folder_is_no_error),
		TEST(old_files_go),
		TEST(large_files_go),
		TEST(nothing_is_kept_of_what_is_wrong),
		TEST(where_the_folder_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
