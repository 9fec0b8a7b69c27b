/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry: imports are all or nothing, name what is wrong, and never undo a sanction.
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

#include "import.h"
#include "registry_delta.h"
#include "registry_priv.h"
#include "sql.h"
#include "temp.h"

static struct registry *registry;
static struct problems problems, notes;
static struct import_result done;
static struct import_options options;

static int setup(void **state)
{
	return temp_make(state) || registry_open(&registry, temp_path("r.sqlite")) != 0;
}

static int teardown(void **state)
{
	registry_close(registry);
	return temp_remove(state);
}

typedef int import_function(struct registry *r, char *text, size_t size,
                            const struct import_options *o, struct problems *p,
                            struct problems *n, struct import_result *result);

static int import(import_function *function, const char *text)
{
	char *copy = strdup(text);

	problems_init(&problems, "f.csv");
	problems_init(&notes, "f.csv");
	const int result =
		function(registry, copy, strlen(copy), &options, &problems, &notes, &done);
	free(copy);
	return result;
}

static void two_accounts(void)
{
	assert_int_equal(import(import_accounts, "system_id,name,state\nacme,Acme,certified\n"
	                                         "ghost,\"Ghost, Ltd\",suspended\n"),
	                 0);
}

static struct registry_counts counts(void)
{
	struct registry_counts c;

	assert_int_equal(registry_count(registry, &c), 0);
	return c;
}

static uint64_t generation(void)
{
	uint64_t value = 0;

	assert_int_equal(registry_generation(registry, &value), 0);
	return value;
}

/* One delta, as an operator makes it. */
static int delta(enum link_delta_op op, enum link_delta_kind kind, const char *name,
                 struct link_delta *told)
{
	const struct registry_delta d = { .op = op, .kind = kind, .name = name };
	int result = registry_deltas_begin(registry, false);

	if (result == 0)
		result = registry_delta(registry, &d, told);
	return registry_deltas_end(registry, result);
}

static bool says(const struct problems *p, uint32_t row, const char *field, const char *text)
{
	for (uint32_t i = 0; i < problems_kept(p); i++)
		if (p->list[i].row == row && strcmp(p->list[i].field, field) == 0 &&
		    strstr(p->list[i].text, text) != NULL)
			return true;
	return false;
}

static void imports_and_replaces(void **state)
{
	(void)state;
	two_accounts();
	assert_int_equal(done.added, 2);
	assert_int_equal(import(import_accounts, "name,system_id\nNew,new\nAcme 2,acme\n"), 0);
	assert_int_equal(done.added, 1);
	assert_int_equal(done.updated, 1);
	assert_int_equal(counts().accounts, 3);
	assert_int_equal(counts().accounts_suspended, 1);
	assert_int_equal(done.generation, generation());
}

static void senders_are_compared_by_canonical_form(void **state)
{
	(void)state;
	two_accounts();
	assert_int_equal(import(import_senders, "address,owner\n010-1234-5678,acme\n"
	                                        "+82 10 1234 5678,acme\nSluice,acme\n"),
	                 0);
	assert_int_equal(done.added, 2);
	assert_int_equal(done.repeated, 1);
	assert_true(says(&notes, 3, "address", "row 2"));
	assert_int_equal(import(import_senders, "address,owner\n01012345678,acme\n"
	                                        "821012345678,ghost\nSLUICE,acme\n"),
	                 -EINVAL);
	assert_int_equal(problems.total, 1);
	assert_true(says(&problems, 3, "address", "contradicts row 2"));
	assert_int_equal(counts().senders, 2);
}

static void a_bad_row_imports_nothing(void **state)
{
	const uint64_t before = (two_accounts(), generation());

	(void)state;
	assert_int_equal(import(import_accounts,
	                        "system_id,name,state,mode,alphabet,sender_field,valid_from,"
	                        "valid_until\n"
	                        "fine,,,,,,,\n"
	                        "sixteen-octets-x,,,,,,,\n"
	                        "a,,certifed,enforced,gsm,0x10000,2026-02-30,\n"
	                        "b,,,,,,2026-02-02,2026-02-01\n"
	                        "c,,\n"),
	                 -EINVAL);
	assert_true(says(&problems, 3, "system_id", "16 octets"));
	assert_true(says(&problems, 4, "state", "certifed"));
	assert_true(says(&problems, 4, "mode", "enforced"));
	assert_true(says(&problems, 4, "alphabet", "cp949"));
	assert_true(says(&problems, 4, "sender_field", "0x10000"));
	assert_true(says(&problems, 4, "valid_from", "2026-02-30"));
	assert_true(says(&problems, 5, "valid_until", "never be valid"));
	assert_true(says(&problems, 6, "", "3 fields"));
	assert_int_equal(problems.total, 8);
	assert_int_equal(counts().accounts, 2);
	assert_int_equal(generation(), before);
	assert_int_equal(import(import_senders, "address,owner,state\n010,acme,\n,acme,\n"
	                                        "0212345678,nobody,\n0212345679,,certified\n"),
	                 -EINVAL);
	assert_true(says(&problems, 2, "address", "no number of the numbering plan"));
	assert_true(says(&problems, 3, "address", "cannot be"));
	assert_true(says(&problems, 4, "owner", "nobody"));
	assert_true(says(&problems, 5, "owner", "is needed"));
	assert_int_equal(counts().senders, 0);
}

/* The first PROBLEMS_MAX are kept, all are counted. */
static void many_problems_are_counted(void **state)
{
	char text[4000] = "system_id,state\n";

	(void)state;
	for (int i = 0; i < 150; i++)
		sprintf(text + strlen(text), "a%d,wrong\n", i);
	assert_int_equal(import(import_accounts, text), -EINVAL);
	assert_int_equal(problems.total, 150);
	assert_int_equal(problems.list[PROBLEMS_MAX - 1].row, PROBLEMS_MAX + 1);
}

/* Wrong rows, and rows that contradict each other, are left out and listed; the rest is in. */
static void bad_rows_are_skipped(void **state)
{
	struct import_skips skips = { 0 };

	(void)state;
	two_accounts();
	options.skips = &skips;
	assert_int_equal(import(import_senders, "address,owner,state\n"
	                                        "01011112222,acme,\n"
	                                        "01022223333,acme,certifed\n"
	                                        "01033334444,acme,\n"
	                                        "01044445555,nobody,\n"
	                                        "01055556666\n"
	                                        "+82 10 3333 4444,ghost,\n"
	                                        "01066667777,ghost,\n"),
	                 0);
	options.skips = NULL;
	assert_int_equal(counts().senders, 2);
	assert_int_equal(done.added, 2);
	assert_int_equal(done.updated, 0);
	assert_int_equal(skips.n, 5);
	const struct {
		uint32_t row;
		const char *field, *text;
	} expect[] = { { 3, "state", "certifed" },
		       { 5, "owner", "nobody" },
		       { 6, "", "1 fields" },
		       { 7, "address", "contradicts row 4" },
		       { 4, "address", "contradicts row 7" } };
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(skips.list[i].row, expect[i].row);
		assert_string_equal(skips.list[i].field, expect[i].field);
		assert_non_null(strstr(skips.list[i].text, expect[i].text));
	}
	import_skips_free(&skips);
}

/* What cannot be read to its end, or says of an account two things, is never skipped. */
static void some_problems_are_not_skipped(void **state)
{
	struct import_skips skips = { 0 };

	(void)state;
	options.skips = &skips;
	assert_int_equal(import(import_accounts, "system_id,name\na,\"open\nb,\n"), -EINVAL);
	assert_int_equal(import(import_accounts, "system_id,name\na,x\na,y\n"), -EINVAL);
	assert_int_equal(counts().accounts, 0);
	options.skips = NULL;
	import_skips_free(&skips);
}

static void sanctions_outlive_imports(void **state)
{
	struct link_delta s;
	(void)state;
	two_accounts();
	assert_int_equal(import(import_senders, "address,owner\n01012345678,acme\n"), 0);
	assert_int_equal(delta(LINK_SUSPEND, LINK_ACCOUNT, "acme", &s), 0);
	assert_int_equal(s.kind, LINK_ACCOUNT);
	assert_memory_equal(s.key.octets, "\0acme", 6);
	assert_int_equal(s.generation, generation());
	assert_int_equal(delta(LINK_SUSPEND, LINK_SENDER, "+82-10-1234-5678", &s), 0);
	two_accounts();
	assert_int_equal(done.still_suspended, 1);
	assert_int_equal(counts().accounts_suspended, 2);
	assert_int_equal(import(import_senders, "address,owner\n010 1234 5678,acme\n"), 0);
	assert_int_equal(done.still_suspended, 1);
	assert_int_equal(delta(LINK_LIFT, LINK_ACCOUNT, "acme", &s), 0);
	/* One that the file suspended is lifted as well. */
	assert_int_equal(delta(LINK_LIFT, LINK_ACCOUNT, "ghost", &s), 0);
	assert_int_equal(counts().accounts_suspended, 0);
	assert_int_equal(counts().senders_suspended, 1);
}

/* Whoever imports millions of senders holds the registry for a while. */
static void sanctions_do_not_wait_for_imports(void **state)
{
	struct link_delta s;
	uint64_t before;
	struct sql importer;

	(void)state;
	two_accounts();
	before = generation();
	assert_int_equal(sql_open(&importer, temp_path("r.sqlite"), 0x534c5552), 0);
	assert_int_equal(
		sql_script(&importer, "BEGIN IMMEDIATE; UPDATE account SET name = 'x'"), 0);
	assert_int_equal(delta(LINK_SUSPEND, LINK_ACCOUNT, "acme", &s), 0);
	assert_int_equal(s.generation, before + 1);
	assert_int_equal(counts().accounts_suspended, 2);
	assert_int_equal(sql_script(&importer, "COMMIT"), 0);
	sql_close(&importer);
	assert_int_equal(counts().accounts_suspended, 2);
	assert_int_equal(delta(LINK_LIFT, LINK_ACCOUNT, "ghost", &s), 0);
	assert_int_equal(counts().accounts_suspended, 1);
	two_accounts(); /* says of ghost, later than the lift, that it is suspended */
	assert_int_equal(counts().accounts_suspended, 2);
}

static void sanctions_name_what_they_miss(void **state)
{
	struct link_delta s;
	uint64_t before;

	(void)state;
	two_accounts();
	assert_int_equal(import(import_senders, "address,owner,state\n0212345678,,blocked\n"),
	                 0);
	before = generation();
	assert_int_equal(delta(LINK_SUSPEND, LINK_ACCOUNT, "nobody", &s), -ENOENT);
	assert_non_null(strstr(registry_error(registry), "nobody"));
	assert_int_equal(delta(LINK_SUSPEND, LINK_SENDER, "0299999999", &s), -ENOENT);
	assert_int_equal(delta(LINK_LIFT, LINK_SENDER, "0212345678", &s), -EPERM);
	assert_int_equal(generation(), before);
}

static int put(const char *file, const char *text, const char *const *names, uint32_t n,
               uint64_t *g)
{
	const struct rules_push push = { file, "kim", text, strlen(text), names, n };

	return registry_put_rules(registry, &push, g);
}

static void rule_numbers_are_for_ever(void **state)
{
	const char *const one[] = { "a", "b" }, *const two[] = { "c", "a" };
	uint32_t a = 0, again = 0;
	uint64_t g = 0;
	char name[65];

	(void)state;
	assert_int_equal(put("x", "text", one, 2, &g), 0);
	assert_int_equal(registry_rule_id(registry, "a", &a), 1);
	assert_int_equal(put("y", "other", two, 2, &g), 0);
	assert_int_equal(registry_rule_id(registry, "a", &again), 1);
	assert_int_equal(a, again);
	assert_int_equal(registry_rule_name(registry, a, name, sizeof(name)), 1);
	assert_string_equal(name, "a");
	assert_int_equal(registry_rule_name(registry, 999, name, sizeof(name)), 0);
	assert_int_equal(counts().rules, 2);
}

static void rules_have_versions(void **state)
{
	const char *const names[] = { "a" };
	struct rules_version *list = NULL;
	uint64_t g = 0, before = 0;
	uint32_t version = 9;
	size_t n = 0, size = 0;
	char *text = NULL;

	(void)state;
	assert_int_equal(registry_rules_version(registry, &version), 0);
	assert_int_equal(version, 0);
	assert_int_equal(put("x", "first", names, 1, &g), 0);
	assert_int_equal(put("y", "second", names, 1, &before), 0);
	assert_int_equal(registry_use_rules(registry, 7, &g), -ENOENT);
	assert_int_equal(registry_rules_generation(registry, &g), 0);
	assert_int_equal(g, before);
	assert_int_equal(registry_use_rules(registry, 1, &g), 0);
	assert_int_equal(g, before + 1);
	assert_int_equal(registry_rules_version(registry, &version), 0);
	assert_int_equal(version, 1);
	assert_int_equal(registry_rules_versions(registry, &list, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].version, 2);
	assert_false(list[0].in_force);
	assert_true(list[1].in_force);
	assert_string_equal(list[1].file, "x");
	assert_string_equal(list[1].who, "kim");
	/* printf first | sha256sum */
	assert_string_equal(list[1].hash, "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd"
	                                  "99541461a08e");
	free(list);
	assert_int_equal(registry_rules(registry, 2, &text, &size), 0);
	assert_string_equal(text, "second");
	free(text);
	assert_int_equal(put("z", "third", names, 1, &g), 0);
	assert_int_equal(registry_rules_version(registry, &version), 0);
	assert_int_equal(version, 3);
}

/* Schema 4 kept one file: it becomes version 1. */
static void old_rules_become_version_1(void **state)
{
	struct sql sql;
	size_t size = 0;
	char *text = NULL;
	uint32_t version = 0;

	(void)state;
	registry_close(registry);
	assert_int_equal(sql_open(&sql, temp_path("old.sqlite"), 0), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(sql_script(&sql, registry_steps[i]), 0);
	assert_int_equal(
		sql_script(&sql, "PRAGMA application_id = 0x534c5552;"
	                         "INSERT INTO rule_file VALUES(1, 'f', 'old', 5);"
	                         "INSERT INTO meta VALUES('rules', 4);"
	                         "INSERT INTO account VALUES(1,'acme','A',1,0,1,0,0,0,0,0,0);"),
		0);
	sql_close(&sql);
	assert_int_equal(registry_open(&registry, temp_path("old.sqlite")), 0);
	assert_int_equal(registry_rules_version(registry, &version), 0);
	assert_int_equal(version, 1);
	assert_int_equal(registry_rules(registry, 1, &text, &size), 0);
	assert_string_equal(text, "old");
	free(text);
	assert_int_equal(counts().accounts, 1);
}

static void thresholds_and_regimes_are_checked(void **state)
{
	(void)state;
	assert_int_equal(import(import_accounts, "system_id,regime,refuse_score,flag_score\n"
	                                         "acme,KR,2.5,\n"
	                                         "bank,kr,-1,often\n"
	                                         "club,korea,1000.1,1\n"),
	                 -EINVAL);
	assert_int_equal(problems.total, 5);
	assert_int_equal(problems.list[0].row, 2);
	assert_string_equal(problems.list[0].field, "regime");
	assert_string_equal(problems.list[1].field, "refuse_score");
	assert_int_equal(problems.list[1].row, 3);
	assert_string_equal(problems.list[2].field, "flag_score");
	assert_non_null(strstr(problems.list[2].text, "often"));
	assert_int_equal(problems.list[3].row, 4);
	assert_int_equal(counts().accounts, 0);
}

static void policy_has_bounds(void **state)
{
	uint64_t g = 0;
	uint32_t value = 0;

	(void)state;
	assert_int_equal(registry_policy(registry, "country", &value), 0);
	assert_int_equal(value, 82);
	assert_int_equal(registry_set_policy(registry, "refuse_at_bind", 2, &g), -ERANGE);
	assert_int_equal(registry_set_policy(registry, "no_such", 1, &g), -ENOENT);
	assert_int_equal(registry_set_policy(registry, "refuse_at_bind", 1, &g), 0);
	assert_int_equal(registry_policy(registry, "refuse_at_bind", &value), 0);
	assert_int_equal(value, 1);
	two_accounts();
	assert_int_equal(import(import_senders, "address,owner\n0212345678,acme\n"), 0);
	/* Keys were made under 82. */
	assert_int_equal(registry_set_policy(registry, "country", 65, &g), -EPERM);
}

static void refuses_files_that_are_not_its_own(void **state)
{
	struct registry *other = NULL;
	struct sql sql;

	(void)state;
	assert_int_equal(sql_open(&sql, temp_path("foreign.sqlite"), 77), 0);
	assert_int_equal(sql_script(&sql, "CREATE TABLE t(x)"), 0);
	sql_close(&sql);
	assert_int_equal(registry_open(&other, temp_path("foreign.sqlite")), -EBADMSG);
	assert_non_null(strstr(registry_error(other), "another program"));
	registry_close(other);
	temp_write("text.sqlite",
	           "this is no database, but a text that is long enough to look at");
	assert_int_equal(registry_open(&other, temp_path("text.sqlite")), -EBADMSG);
	registry_close(other);
	assert_int_equal(registry_open(&other, temp_path("no/such/folder.sqlite")), -ENOENT);
	registry_close(other);
	assert_int_equal(sql_open(&sql, temp_path("r.sqlite"), 0x534c5552), 0);
	assert_int_equal(sql_script(&sql, "PRAGMA user_version = 99"), 0);
	sql_close(&sql);
	assert_int_equal(registry_open(&other, temp_path("r.sqlite")), -EPROTONOSUPPORT);
	assert_non_null(strstr(registry_error(other), "newer"));
	registry_close(other);
	/* Of its two files either may be. */
	assert_int_equal(sqlite3_open(temp_path("r.sqlite"), &sql.db), SQLITE_OK);
	assert_int_equal(sql_script(&sql, "PRAGMA user_version = 5"), 0);
	sql_close(&sql);
	assert_int_equal(sqlite3_open(temp_path("r.sqlite-sanctions"), &sql.db), SQLITE_OK);
	assert_int_equal(sql_script(&sql, "PRAGMA user_version = 99"), 0);
	sql_close(&sql);
	assert_int_equal(registry_open(&other, temp_path("r.sqlite")), -EPROTONOSUPPORT);
	assert_non_null(strstr(registry_error(other), "sanctions has schema version 99"));
	registry_close(other);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(imports_and_replaces),
		T(senders_are_compared_by_canonical_form),
		T(a_bad_row_imports_nothing),
		T(many_problems_are_counted),
		T(bad_rows_are_skipped),
		T(some_problems_are_not_skipped),
		T(sanctions_outlive_imports),
		T(sanctions_do_not_wait_for_imports),
		T(sanctions_name_what_they_miss),
		T(rule_numbers_are_for_ever),
		T(rules_have_versions),
		T(old_rules_become_version_1),
		T(thresholds_and_regimes_are_checked),
		T(policy_has_bounds),
		T(refuses_files_that_are_not_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
