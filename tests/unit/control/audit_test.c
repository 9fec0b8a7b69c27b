/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: each record is stored once, in the file of its day, and found again; records
 * that arrive twice are stored once; a ring is only emptied of what was committed.
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
#include <sys/stat.h>

#include "audit_drain.h"
#include "audit_store.h"
#include "registry.h"
#include "report.h"
#include "sql.h"
#include "temp.h"

#define DAY1 UINT64_C(1717200000) /* 2024-06-01 */
#define DAY2 (DAY1 + 86400)

static char error[AUDIT_ERROR_SIZE];

static struct audit_record record(uint64_t seconds, unsigned reason, const char *text)
{
	struct audit_record r = { .time_us = seconds * 1000000,
		                  .kind = AUDIT_REFUSED,
		                  .reason = reason,
		                  .command_id = 4,
		                  .sequence = 9,
		                  .account_id = 1 };

	strcpy(r.system_id, "acme");
	strcpy(r.sender, "01012345678");
	r.text_len = (uint16_t)strlen(text);
	memcpy(r.text, text, r.text_len);
	return r;
}

static struct audit_store *opened(void)
{
	struct audit_store *store = NULL;

	assert_int_equal(
		audit_store_open(&store, temp_path("audit"), temp_path("r.sqlite"), error), 0);
	return store;
}

static int64_t find(struct audit_store *store, struct audit_query query, struct audit_row *rows)
{
	const int64_t n = audit_store_find(store, &query, rows, error);

	if (n < 0)
		print_message("%s\n", error);
	return n;
}

static struct audit_query ask(unsigned limit, int reason, uint32_t day, uint64_t id)
{
	return (struct audit_query){
		.limit = limit, .reason = reason, .after_day = day, .after_id = id
	};
}

static void stores_and_finds(void **state)
{
	struct audit_store *store = opened();
	struct audit_record records[4] = {
		record(DAY1, REASON_CONTENT_RULE, "무서류 대출"),
		record(DAY1 + 1, REASON_SENDER_BLOCKED, "b"),
		record(DAY2, REASON_CONTENT_RULE, "c"),
		record(DAY2 + 5, REASON_CONTENT_RULE, "bad \xff\x1b[31m"),
	};
	struct audit_row rows[10];

	(void)state;
	assert_int_equal(audit_store_put(store, 0, 100, records, 4, error), 0);
	/* A crash before the ring was told: the same ones again. */
	assert_int_equal(audit_store_put(store, 0, 100, records, 4, error), 0);
	/* The same positions of another worker, or of a ring made anew, are others. */
	assert_int_equal(audit_store_put(store, 1, 100, records, 1, error), 0);
	records[0].time_us += 7;
	assert_int_equal(audit_store_put(store, 0, 100, records, 1, error), 0);
	assert_int_equal(find(store, ask(10, -1, 0, 0), rows), 6);
	assert_int_equal(rows[0].day, 20240601);
	assert_int_equal(rows[5].day, 20240602);
	assert_int_equal(rows[0].record.text_len, strlen("무서류 대출"));
	assert_memory_equal(rows[0].record.text, "무서류 대출", rows[0].record.text_len);
	assert_memory_equal(rows[5].record.text, "bad ??[31m", 10); /* safe for a terminal */
	assert_int_equal(find(store, ask(10, REASON_SENDER_BLOCKED, 0, 0), rows), 1);
	assert_string_equal(rows[0].record.sender, "01012345678");
	/* The latest two, oldest first; then what comes after the first of them. */
	assert_int_equal(find(store, ask(2, -1, 0, 0), rows), 2);
	assert_int_equal(rows[1].record.time_us, records[3].time_us);
	assert_int_equal(find(store, ask(9, -1, rows[0].day, rows[0].id), rows), 1);
	assert_int_equal(rows[0].record.time_us, records[3].time_us);
	audit_store_close(store);
}

static int64_t count_of(struct audit_store *store, uint64_t campaign, unsigned radius)
{
	struct audit_row rows[10];
	const struct audit_query query = {
		.limit = 10, .reason = -1, .campaign = campaign, .radius = radius
	};

	return find(store, query, rows);
}

static void finds_a_campaign_by_its_neighbours(void **state)
{
	struct audit_store *store = opened();
	struct audit_record records[4];
	struct audit_row rows[2];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		records[i] = record(i < 2 ? DAY1 : DAY2, REASON_CONTENT_RULE, "x");
	records[0].fingerprint = UINT64_C(0xf000000000000001);
	records[1].fingerprint = UINT64_C(0xf000000000000006); /* three bits away */
	records[2].fingerprint = UINT64_C(0xf000000000000001);
	records[3].reason = REASON_MALFORMED; /* has none: in no campaign's radius */
	assert_int_equal(audit_store_put(store, 0, 0, records, 4, error), 0);
	assert_int_equal(count_of(store, records[0].fingerprint, 0), 2);
	assert_int_equal(count_of(store, records[0].fingerprint, 2), 2);
	assert_int_equal(count_of(store, records[0].fingerprint, 3), 3);
	assert_int_equal(count_of(store, UINT64_C(0xffffff), 7), 0);
	assert_int_equal(count_of(store, 0, 7), 4);
	const struct audit_query after = { .limit = 2,
		                           .reason = -1,
		                           .after_day = 20240601,
		                           .after_id = 1,
		                           .campaign = records[0].fingerprint,
		                           .radius = 3 };
	assert_int_equal(find(store, after, rows), 2);
	assert_int_equal(rows[0].record.fingerprint, records[1].fingerprint);
	assert_int_equal(rows[1].record.fingerprint, records[2].fingerprint);
	audit_store_close(store);
}

static int64_t count_whose(struct audit_store *store, const char *system_id, const char *sender,
                           uint32_t from, uint32_t until)
{
	struct audit_row rows[10];
	const struct audit_query query = { .limit = 10,
		                           .reason = -1,
		                           .system_id = system_id,
		                           .sender = sender,
		                           .from = from,
		                           .until = until };

	return find(store, query, rows);
}

/* What a customer asks: why was mine refused, yesterday at two? */
static void finds_whose_and_when(void **state)
{
	const uint32_t day1 = (uint32_t)DAY1, day2 = (uint32_t)DAY2;
	struct audit_store *store = opened();
	struct audit_record records[4];
	struct audit_row rows[2];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		records[i] = record(i < 2 ? DAY1 : DAY2, REASON_CONTENT_RULE, "x");
	strcpy(records[1].system_id, "other");
	strcpy(records[2].sender, "010-1234-5678");
	strcpy(records[3].sender, "HanBit Pay");
	assert_int_equal(audit_store_put(store, 0, 0, records, 4, error), 0);
	assert_int_equal(count_whose(store, "other", NULL, 0, 0), 1);
	assert_int_equal(count_whose(store, "othe", NULL, 0, 0), 0);
	assert_int_equal(count_whose(store, NULL, "01012345678", 0, 0), 3);
	assert_int_equal(count_whose(store, "other", "010-12345678", 0, 0), 1);
	assert_int_equal(count_whose(store, "", "hanbit pay", 0, 0), 1);
	assert_int_equal(count_whose(store, NULL, "", day1, day1 + 1), 2);
	assert_int_equal(count_whose(store, NULL, NULL, day1 + 1, 0), 2);
	assert_int_equal(count_whose(store, NULL, NULL, 0, day2), 2);
	assert_int_equal(count_whose(store, NULL, NULL, day2, day2), 0);
	/* With from the first come first, not the latest. */
	const struct audit_query first = { .limit = 1, .reason = -1, .from = day1 };
	assert_int_equal(find(store, first, rows), 1);
	assert_int_equal(rows[0].record.time_us, records[0].time_us);
	const struct audit_query next = { .limit = 1,
		                          .reason = -1,
		                          .from = day1,
		                          .after_day = rows[0].day,
		                          .after_id = rows[0].id };
	assert_int_equal(find(store, next, rows), 1);
	assert_string_equal(rows[0].record.system_id, "other");
	audit_store_close(store);
}

/* Of the first day's file; -1: it is none. */
static int64_t number(const char *statement)
{
	int64_t out = -1;
	struct sql sql;

	assert_int_equal(sql_open(&sql, temp_path("audit/audit-20240601.sqlite"), 0x534c5541),
	                 0);
	assert_true(sql_number(&sql, &out, statement, "") >= 0);
	sql_close(&sql);
	return out;
}

/* A day's file of an older version keeps its records; a newer one's is left alone. */
static void old_days_are_kept(void **state)
{
	struct audit_store *store = opened();
	struct audit_record r = record(DAY1, REASON_CONTENT_RULE, "old");
	struct sql sql;

	(void)state;
	assert_int_equal(audit_store_put(store, 0, 0, &r, 1, error), 0);
	audit_store_close(store);
	assert_int_equal(sql_open(&sql, temp_path("audit/audit-20240601.sqlite"), 0x534c5541),
	                 0);
	assert_int_equal(sql_script(&sql, "DROP INDEX record_campaign;"
	                                  "ALTER TABLE record DROP COLUMN campaign;"
	                                  "ALTER TABLE record DROP COLUMN rules_version;"
	                                  "ALTER TABLE record DROP COLUMN score;"
	                                  "ALTER TABLE record DROP COLUMN rules;"
	                                  "ALTER TABLE record DROP COLUMN part;"
	                                  "ALTER TABLE record DROP COLUMN parts;"
	                                  "ALTER TABLE record DROP COLUMN part_refused;"
	                                  "DROP TABLE left_out;"
	                                  "PRAGMA user_version = 1"),
	                 0);
	sql_close(&sql);
	store = opened();
	assert_int_equal(count_of(store, 5, 3), 0);
	r.time_us++;
	r.fingerprint = 5;
	assert_int_equal(audit_store_put(store, 0, 1, &r, 1, error), 0);
	assert_int_equal(count_of(store, 5, 3), 1);
	assert_int_equal(count_of(store, 0, 0), 2);
	audit_store_close(store);
	number("PRAGMA user_version = 99");
	store = opened();
	assert_int_equal(audit_store_put(store, 0, 1, &r, 1, error), -EPROTONOSUPPORT);
	assert_non_null(strstr(error, "run the newer version"));
	audit_store_close(store);
}

static void keeps_the_names_of_its_rules(void **state)
{
	struct audit_store *store = opened();
	const char *const names[] = { "loan-ko", "casino" };
	struct audit_record r = record(DAY1, REASON_CONTENT_RULE, "x");
	struct registry *registry = NULL;
	struct audit_row row;
	uint64_t generation;

	(void)state;
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	assert_int_equal(registry_put_rules(registry,
	                                    &(struct rules_push){ "f", "", "t", 1, names, 2 },
	                                    &generation),
	                 0);
	assert_int_equal(registry_rule_id(registry, "loan-ko", &r.rule), 1);
	assert_int_equal(registry_rule_id(registry, "casino", &r.rules[0]), 1);
	r.rules[1] = r.rule;
	r.rules[2] = r.rule + 64; /* nobody's */
	r.rules_version = 3;
	r.score = -1500;
	r.part = 3;
	r.parts = 255;
	r.part_refused = 2;
	registry_close(registry);
	assert_int_equal(audit_store_put(store, 0, 0, &r, 1, error), 0);
	assert_int_equal(find(store, ask(1, -1, 0, 0), &row), 1);
	assert_string_equal(row.rule_name, "loan-ko");
	char rules[64];
	snprintf(rules, sizeof(rules), "casino loan-ko #%u", r.rule + 64);
	assert_string_equal(row.rules, rules);
	assert_int_equal(row.record.rules_version, 3);
	assert_int_equal(row.record.score, -1500);
	assert_int_equal(row.record.part, 3);
	assert_int_equal(row.record.parts, 255);
	assert_int_equal(row.record.part_refused, 2);
	audit_store_close(store);
}

#define HOUR_US UINT64_C(3600000000)
#define A_DAY 40u /* ten at once, thirty in a day */

/* n refusals of strangers, one of an account behind each. */
static void put_mixed(struct audit_store *store, uint64_t position, unsigned n)
{
	struct audit_record records[2 * A_DAY];

	for (unsigned i = 0; i < n; i++) {
		records[2 * i] = record(DAY1 + i, REASON_ACCOUNT_UNKNOWN, "");
		records[2 * i].account_id = 0;
		records[2 * i].stranger = 1;
		records[2 * i + 1] = record(DAY1 + i, REASON_CONTENT_RULE, "text");
	}
	assert_int_equal(audit_store_put(store, 0, position, records, 2 * n, error), 0);
}

static int64_t strangers(void)
{
	return number("SELECT count(*) FROM record WHERE account_id = 0");
}

/* Strangers' refusals have a bound, and cost no account's. */
static void strangers_have_a_share(void **state)
{
	struct audit_store *store = opened();

	(void)state;
	audit_store_bound(store, A_DAY, HOUR_US);
	put_mixed(store, 0, A_DAY);
	assert_int_equal(strangers(), A_DAY / 4);
	assert_int_equal(audit_store_left_out(store), A_DAY - A_DAY / 4);
	/* Three quarters are a day's, evenly: five in four hours, however it is looked at. */
	for (unsigned i = 1; i <= 4000; i++)
		audit_store_tick(store, HOUR_US + 4 * HOUR_US / 4000 * i);
	put_mixed(store, 1000, A_DAY);
	assert_int_equal(strangers(), A_DAY / 4 + 5);
	/* And in two months of quiet no more than the quarter. */
	audit_store_tick(store, 1500 * HOUR_US);
	put_mixed(store, 2000, A_DAY);
	assert_int_equal(strangers(), A_DAY / 4 + 5 + A_DAY / 4);
	assert_int_equal(number("SELECT count(*) FROM record WHERE account_id <> 0"),
	                 3 * A_DAY);
	assert_int_equal(number("SELECT n FROM left_out WHERE reason = 2"), 3 * A_DAY - 25);
	assert_int_equal(audit_store_left_out(store), 3 * A_DAY - 25);
	assert_int_equal(number("SELECT first_us FROM left_out"), (DAY1 + 5) * 1000000);
	assert_int_equal(number("SELECT last_us FROM left_out"), (DAY1 + 39) * 1000000);
	audit_store_close(store);
}

/* What could not be stored has taken nothing of the share. */
static void a_failure_costs_no_share(void **state)
{
	struct audit_store *store = opened();
	struct audit_record r = record(DAY1, REASON_NOT_BOUND, "");

	(void)state;
	r.account_id = 0;
	r.stranger = 1;
	audit_store_bound(store, 8, 0);
	assert_int_equal(audit_store_put(store, 0, 0, &r, 1, error), 0);
	number("CREATE TRIGGER t BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'no'); END");
	for (unsigned i = 0; i < 3; i++)
		assert_true(audit_store_put(store, 0, 1, &r, 1, error) < 0);
	number("DROP TRIGGER t");
	assert_int_equal(audit_store_put(store, 0, 1, &r, 1, error), 0);
	assert_int_equal(strangers(), 2);
	assert_int_equal(audit_store_left_out(store), 0);
	audit_store_close(store);
}

/* Wait until this many are stored, at most thirty seconds. */
static bool stored(struct audit_drain *drain, uint64_t n)
{
	struct audit_drain_state s;

	for (int i = 0; i < 3000; i++) {
		audit_drain_state(drain, &s);
		if (s.stored >= n)
			return s.stored == n;
		usleep(10000);
	}
	print_message("stored %lu, waiting %lu: %s\n", s.stored, s.waiting, s.text);
	return false;
}

static void write_records(struct report *report, unsigned worker, unsigned n)
{
	struct report_worker *w = report_worker(report, worker);

	for (unsigned i = 0; i < n; i++) {
		struct audit_record *r = audit_next(w);

		assert_non_null(r);
		*r = record(DAY1 + i, REASON_CONTENT_RULE, "text");
		audit_publish(w);
	}
}

static void drains_the_rings(void **state)
{
	struct audit_drain *drain = NULL;
	struct report *report = NULL;
	char why[200];

	(void)state;
	assert_int_equal(report_open(&report, temp_path("report"), 2, 1024, 1000, why), 0);
	assert_int_equal(audit_drain_open(&drain, opened(), temp_path("report"), 1000), 0);
	write_records(report, 0, 700);
	write_records(report, 1, 3);
	assert_true(stored(drain, 703));
	assert_int_equal(audit_room(report_worker(report, 0)), 1024);
	write_records(report, 1, 1);
	assert_true(stored(drain, 704));
	audit_drain_close(drain);
	report_close(report);
}

/* A data plane that came back with other settings set its file aside while nobody read. */
static void drains_what_was_set_aside(void **state)
{
	struct audit_drain *drain = NULL;
	struct report *report = NULL;
	char why[200];

	(void)state;
	assert_int_equal(report_open(&report, temp_path("report"), 2, 64, 1000, why), 0);
	write_records(report, 1, 3);
	report_close(report);
	assert_int_equal(report_open(&report, temp_path("report"), 1, 64, 1000, why), 0);
	assert_non_null(strstr(why, "set aside as .old"));
	write_records(report, 0, 2);
	assert_int_equal(audit_drain_open(&drain, opened(), temp_path("report"), 1000), 0);
	assert_true(stored(drain, 5));
	assert_int_not_equal(access(temp_path("report.old"), F_OK), 0);
	write_records(report, 0, 1);
	assert_true(stored(drain, 6));
	audit_drain_close(drain);
	report_close(report);
}

/* One that nobody can read stays, and holds up nobody. */
static void leaves_what_is_no_report(void **state)
{
	struct audit_drain *drain = NULL;
	struct report *report = NULL;
	char why[200];

	(void)state;
	assert_int_equal(report_open(&report, temp_path("report.old"), 1, 64, 1000, why), 0);
	report_worker(report, 0)->ring->head = 1000;
	report_close(report);
	assert_int_equal(report_open(&report, temp_path("report"), 1, 64, 1000, why), 0);
	write_records(report, 0, 2);
	assert_int_equal(audit_drain_open(&drain, opened(), temp_path("report"), 1000), 0);
	assert_true(stored(drain, 2));
	assert_int_equal(access(temp_path("report.old"), F_OK), 0);
	audit_drain_close(drain);
	report_close(report);
}

/* No store, no room in the ring: records wait until they can be stored. */
static void holds_what_it_cannot_store(void **state)
{
	struct audit_drain *drain = NULL;
	struct audit_drain_state s = { 0 };
	struct report *report = NULL;
	struct audit_store *store = opened();
	char why[200];

	(void)state;
	/* A folder where the day's file should be. */
	assert_int_equal(mkdir(temp_path("audit/audit-20240601.sqlite"), 0700), 0);
	assert_int_equal(report_open(&report, temp_path("report"), 1, 64, 1000, why), 0);
	write_records(report, 0, 64);
	assert_int_equal(audit_drain_open(&drain, store, temp_path("report"), 1000), 0);
	for (int i = 0; i < 3000 && s.failing_s == 0; i++) {
		usleep(10000);
		audit_drain_state(drain, &s);
	}
	assert_int_not_equal(s.failing_s, 0);
	assert_int_not_equal(s.text[0], '\0');
	assert_int_equal(audit_room(report_worker(report, 0)), 0);
	assert_int_equal(rmdir(temp_path("audit/audit-20240601.sqlite")), 0);
	assert_true(stored(drain, 64));
	audit_drain_state(drain, &s);
	assert_int_equal(s.failing_s, 0);
	assert_int_equal(audit_room(report_worker(report, 0)), 64);
	audit_drain_close(drain);
	report_close(report);
}

#define T(f) cmocka_unit_test_setup_teardown(f, temp_make, temp_remove)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(stores_and_finds),
		T(finds_a_campaign_by_its_neighbours),
		T(finds_whose_and_when),
		T(old_days_are_kept),
		T(keeps_the_names_of_its_rules),
		T(strangers_have_a_share),
		T(a_failure_costs_no_share),
		T(drains_the_rings),
		T(holds_what_it_cannot_store),
		T(drains_what_was_set_aside),
		T(leaves_what_is_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
