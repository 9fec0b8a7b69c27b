/* SPDX-License-Identifier: Apache-2.0 */
/* hits: the rows of the report file that workers count rules in, and how control sums them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "report_reader.h"
#include "rule_hits.h"
#include "rule_tally.h"

#define SLOTS 64u
#define NOW 1700000000u

static char path[64];
static struct report *report;
static struct rule_hits *hits;

static void open_hits(void)
{
	char error[200];

	if (report_open(&report, path, 2, SLOTS, 1000, error) != 0 || error[0] != '\0')
		fail_msg("%s", error);
	assert_int_equal(rule_hits_open(&hits, report_worker(report, 0)->rules), 0);
}

static void close_hits(void)
{
	rule_hits_close(hits);
	report_close(report);
	report = NULL;
}

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/sluice-hits-%d", (int)getpid());
	open_hits();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_hits();
	return unlink(path);
}

static enum rule_hits_result hit(uint32_t index, uint32_t rule, bool acted)
{
	return rule_hits_count(hits,
	                       &(struct rule_hit){ .index = index,
	                                           .rule = rule,
	                                           .mode = REPORT_RULE_SHADOW,
	                                           .acted = acted },
	                       NOW + index);
}

static struct report_rule *sums; /* of control, of all workers */
static size_t n_sums;

static void read_sums(uint32_t in_force)
{
	char error[REPORT_ERROR_SIZE];
	struct report_reader *reader = NULL;

	if (report_reader_open(&reader, path, error) != 0)
		fail_msg("%s", error);
	free(sums);
	sums = calloc(2 * (size_t)report_reader_rules_max(reader), sizeof(*sums));
	assert_non_null(sums);
	n_sums = report_reader_rules(reader, 0, sums);
	n_sums += report_reader_rules(reader, 1, sums + n_sums);
	n_sums = rule_tally(sums, n_sums, in_force);
	report_reader_close(reader);
}

static void expect(size_t i, uint32_t version, uint32_t rule, uint64_t matched, uint64_t acted)
{
	assert_true(i < n_sums);
	assert_int_equal(sums[i].version, version);
	assert_int_equal(sums[i].rule, rule);
	assert_int_equal(sums[i].matched, matched);
	assert_int_equal(sums[i].acted, acted);
}

/* A set that goes and comes back counts on where it was; one image more of a set does too,
 * though its rules stand in another order. */
static void sets_are_kept_apart(void **state)
{
	(void)state;
	rule_hits_use(hits, 1, 5);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(hit(0, 100, i % 2), RULE_HIT_COUNTED);
	assert_int_equal(hit(1, 200, true), RULE_HIT_COUNTED);
	rule_hits_use(hits, 2, 6);
	assert_int_equal(hit(0, 200, false), RULE_HIT_COUNTED);
	rule_hits_use(hits, 3, 5);
	assert_int_equal(hit(0, 200, true), RULE_HIT_COUNTED);
	assert_int_equal(hit(1, 100, false), RULE_HIT_COUNTED);
	read_sums(6);
	assert_int_equal(n_sums, 3);
	expect(0, 6, 200, 1, 0);
	expect(1, 5, 100, 11, 5);
	expect(2, 5, 200, 2, 2);
	assert_int_equal(sums[1].last, NOW + 1);
	assert_int_equal(sums[1].mode, REPORT_RULE_SHADOW);
}

/* What two workers counted is one number; the set in force comes first. */
static void workers_are_summed(void **state)
{
	struct rule_hits *other = NULL;

	(void)state;
	assert_int_equal(rule_hits_open(&other, report_worker(report, 1)->rules), 0);
	rule_hits_use(hits, 1, 5);
	rule_hits_use(other, 9, 5);
	assert_int_equal(hit(3, 100, true), RULE_HIT_COUNTED);
	assert_int_equal(
		rule_hits_count(other, &(struct rule_hit){ .index = 8, .rule = 100 }, NOW + 50),
		RULE_HIT_COUNTED);
	rule_hits_use(hits, 2, 7);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(hit(0, 1, true), RULE_HIT_COUNTED);
	assert_int_equal(hit(1, 2, true), RULE_HIT_COUNTED);
	read_sums(5);
	expect(0, 5, 100, 2, 1);
	expect(1, 7, 1, 5, 5);
	expect(2, 7, 2, 1, 1);
	assert_int_equal(sums[0].last, NOW + 50);
	rule_hits_close(other);
}

/* Counts outlive the process, but not a row that it died in as it gave it away. */
static void a_restart_keeps_counts(void **state)
{
	(void)state;
	rule_hits_use(hits, 1, 5);
	for (uint32_t rule = 1; rule <= 100; rule++)
		assert_int_equal(hit(rule, rule, false), RULE_HIT_COUNTED);
	struct report_rule *rows = report_worker(report, 0)->rules;
	unsigned torn = 0;
	while (rows[torn].rule != 7)
		torn++;
	rows[torn].sequence |= 1;
	read_sums(5);
	assert_int_equal(n_sums, 99); /* nobody believes what is in it */
	close_hits();
	open_hits();
	rows = report_worker(report, 0)->rules;
	assert_int_equal(rows[torn].rule, 0);
	assert_int_equal(rows[torn].sequence % 2, 0);
	rule_hits_use(hits, 1, 5);
	for (uint32_t rule = 1; rule <= 100; rule++)
		assert_int_equal(hit(rule, rule, true), RULE_HIT_COUNTED);
	read_sums(5);
	assert_int_equal(n_sums, 100);
	for (size_t i = 0; i < n_sums; i++)
		assert_int_equal(sums[i].matched, sums[i].rule == 7 ? 1 : 2);
}

/* Sets one after the other: those of the largest size find rows for all, and old ones give
 * way; nothing of the set in force is lost or mixed. */
static void old_sets_give_way(void **state)
{
	enum { RULES = 10000 }; /* RULES_MAX of rule_set.h */
	unsigned replaced = 0;

	(void)state;
	for (uint32_t version = 1; version <= 4; version++) {
		rule_hits_use(hits, version, version);
		for (uint32_t k = 0; k < 2 * RULES; k++) {
			const enum rule_hits_result result =
				hit(k % RULES, 1 + k % RULES, k % 3 == 0);
			assert_int_not_equal(result, RULE_HIT_LOST);
			replaced += result == RULE_HIT_REPLACED;
			assert_true(k < RULES || result == RULE_HIT_COUNTED);
		}
		read_sums(version);
		assert_true(n_sums >= RULES && n_sums <= REPORT_RULES);
		for (size_t i = 0; i < n_sums; i++) {
			assert_int_equal(sums[i].version == version, i < RULES);
			assert_int_equal(sums[i].matched, 2);
		}
	}
	assert_int_equal(n_sums + replaced, 4 * RULES);
}

/* Of sets that are no longer in force the oldest gives way first. */
static void the_oldest_gives_way(void **state)
{
	struct report_rule *rows = report_worker(report, 0)->rules;
	unsigned oldest = 0;

	(void)state;
	for (unsigned i = 0; i < REPORT_RULES; i++)
		report_rule_write(&rows[i], &(struct report_rule){
						    .rule = i + 1,
						    .version = i % 16 == 9 ? 2 : 3 + i % 5 });
	rule_hits_use(hits, 1, 9);
	for (uint32_t k = 0; k < 50; k++)
		assert_int_equal(hit(k, k + 1, false), RULE_HIT_REPLACED);
	for (unsigned i = 0; i < REPORT_RULES; i++)
		oldest += rows[i].version == 2;
	assert_int_equal(oldest, REPORT_RULES / 16 - 50);
}

/* A set that fills every row, and one rule more. */
static void rules_beyond_the_rows_are_told(void **state)
{
	unsigned lost = 0;

	(void)state;
	rule_hits_use(hits, 1, 1);
	for (uint32_t k = 0; k < REPORT_RULES; k++)
		lost += hit(k, k + 1, false) == RULE_HIT_LOST;
	read_sums(1);
	assert_int_equal(n_sums, REPORT_RULES - lost);
	assert_true(lost < REPORT_RULES / 10);
	assert_int_equal(hit(REPORT_RULES, REPORT_RULES + 1, true), RULE_HIT_LOST);
	for (uint32_t image = 2; n_sums < REPORT_RULES; image++) {
		rule_hits_use(hits, image, 1);
		for (uint32_t k = 0; k < REPORT_RULES; k++)
			(void)hit(k, image * REPORT_RULES + k, false);
		read_sums(1);
	}
	rule_hits_use(hits, 1000, 1);
	assert_int_equal(hit(0, UINT32_MAX, true), RULE_HIT_LOST);
	assert_int_equal(hit(0, UINT32_MAX, true), RULE_HIT_LOST);
	read_sums(1);
	for (size_t i = 0; i < n_sums; i++)
		assert_int_not_equal(sums[i].rule, UINT32_MAX);
	rule_hits_use(hits, 1001, 2); /* another set needs its rows */
	assert_int_equal(hit(0, UINT32_MAX, true), RULE_HIT_REPLACED);
}

static bool stop;

/* One row, another rule's all the time; what it says hangs together. */
static void *give_away(void *arg)
{
	struct report_rule *row = arg;

	for (uint32_t rule = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); rule++) {
		report_rule_write(row, &(struct report_rule){ .rule = rule | 1,
		                                              .version = 3 * (rule | 1),
		                                              .last = rule | 1,
		                                              .matched = rule });
		for (unsigned i = 0; i < rule % 8; i++)
			report_rule_count(row, true, rule | 1);
	}
	return NULL;
}

static void rows_are_read_whole(void **state)
{
	char error[REPORT_ERROR_SIZE];
	struct report_reader *reader = NULL;
	struct report_rule *rows = calloc(REPORT_RULES, sizeof(*rows));
	const time_t until = time(NULL) + 60; /* a writer may wait for its core */
	unsigned seen = 0;
	pthread_t writer;

	(void)state;
	assert_non_null(rows);
	assert_int_equal(report_reader_open(&reader, path, error), 0);
	stop = false;
	assert_int_equal(pthread_create(&writer, NULL, give_away,
	                                &report_worker(report, 0)->rules[REPORT_RULES - 1]),
	                 0);
	while (seen < 1000 && time(NULL) < until) {
		if (report_reader_rules(reader, 0, rows) == 0)
			continue;
		assert_int_equal(rows[0].version, 3 * rows[0].rule);
		assert_int_equal(rows[0].last, rows[0].rule);
		assert_true(rows[0].acted <= rows[0].matched);
		assert_true(rows[0].matched - rows[0].acted <= rows[0].rule + 8);
		seen++;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(seen, 1000);
	report_reader_close(reader);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sets_are_kept_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(workers_are_summed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_restart_keeps_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(old_sets_give_way, setup, teardown),
		cmocka_unit_test_setup_teardown(the_oldest_gives_way, setup, teardown),
		cmocka_unit_test_setup_teardown(rows_are_read_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_beyond_the_rows_are_told, setup,
		                                teardown),
	};
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(sums);
	return failed;
}
