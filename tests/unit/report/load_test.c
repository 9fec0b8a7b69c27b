/* SPDX-License-Identifier: Apache-2.0 */
/* How busy workers were: of the seconds between two looks, of one life of the data plane. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "load.h"
#include "report.h"
#include "report_folder.h"

#define HZ UINT64_C(2000000000)
#define S UINT64_C(1000000) /* of microseconds */

static char why[REPORT_ERROR_SIZE];

static struct report *life(void)
{
	struct report *r = NULL;

	if (report_open(&r, path, 2, 64, HZ, why) != 0)
		fail_msg("%s", why);
	return r;
}

static void look(struct load *load, uint64_t now_us)
{
	struct report_reader *reader = NULL;

	assert_int_equal(report_reader_open(&reader, path, why), 0);
	load_note(load, reader, now_us);
	report_reader_close(reader);
}

static void expect(const struct load *load, uint64_t over_ms, uint32_t first, uint32_t second)
{
	assert_int_equal(load->over_ms, over_ms);
	assert_int_equal(load->permille[0], first);
	assert_int_equal(load->permille[1], second);
}

static void of_the_last_seconds(void **state)
{
	struct load load = { 0 };
	struct report *r = life();
	struct report_worker *w[2] = { report_worker(r, 0), report_worker(r, 1) };

	(void)state;
	count_add(w[0], COUNTER_BUSY_CYCLES, 900 * HZ); /* of earlier lives */
	look(&load, 1000 * S);
	assert_int_equal(load.over_ms, 0); /* nothing to tell yet */
	count_add(w[0], COUNTER_BUSY_CYCLES, 1 * HZ);
	count_add(w[1], COUNTER_BUSY_CYCLES, 5 * HZ);
	look(&load, 1004 * S); /* too soon */
	assert_int_equal(load.over_ms, 0);
	look(&load, 1005 * S);
	expect(&load, 5000, 200, 1000);
	count_add(w[0], COUNTER_BUSY_CYCLES, HZ / 100);
	look(&load, 1015 * S);
	expect(&load, 10000, 1, 0);
	count_add(w[0], COUNTER_BUSY_CYCLES, 100 * HZ); /* a turn from before the look */
	look(&load, 1020 * S);
	expect(&load, 5000, 1000, 0);
	report_close(r);
}

/* A file of other workers, or counters that began anew: nothing is made up. */
static void another_life(void **state)
{
	struct load load = { .n_workers = 2, .at_us = 10 * S, .started = 1, .over_ms = 5000 };
	struct report *r = life();

	(void)state;
	load.cycles[0] = 900 * HZ;
	look(&load, 30 * S);
	assert_int_equal(load.over_ms, 0);
	count_add(report_worker(r, 0), COUNTER_BUSY_CYCLES, 5 * HZ);
	look(&load, 40 * S);
	expect(&load, 10000, 500, 0);
	report_close(r);
}

/* When more segments were found on another link than their connection's: of this life. */
static void of_another_link(void **state)
{
	struct load load = { 0 };
	struct report *r = life();

	(void)state;
	count_add(report_worker(r, 0), COUNTER_OTHER_LINK, 7); /* of earlier lives */
	look(&load, 1000 * S);
	look(&load, 1005 * S);
	assert_int_equal(load.other_link_us, 0);
	count_add(report_worker(r, 1), COUNTER_OTHER_LINK, 1);
	look(&load, 1010 * S);
	look(&load, 1020 * S);
	assert_int_equal(load.other_link_us, 1010 * S);
	load.started = 1; /* another one */
	look(&load, 1030 * S);
	assert_int_equal(load.other_link_us, 0);
	report_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_the_last_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(another_life, setup, teardown),
		cmocka_unit_test_setup_teardown(of_another_link, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
