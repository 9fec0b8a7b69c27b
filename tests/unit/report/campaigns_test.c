/* SPDX-License-Identifier: Apache-2.0 */
/* campaigns: the rows of the report file that workers count campaigns in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define SLOTS 64u

static char path[64];

static struct report *open_ok(unsigned n_workers)
{
	struct report *r = NULL;
	char error[200];

	if (report_open(&r, path, n_workers, SLOTS, 1000, error) != 0 || error[0] != '\0')
		fail_msg("%s", error);
	return r;
}

/* Rows of the process before are free, also the one that it died in; each keeps a sequence
 * that readers who still look can follow. */
static void test_campaigns_begin_anew(void **state)
{
	(void)state;
	const struct report_campaign kept = { .account_id = 7,
		                              .fingerprint = 0x1234,
		                              .count = 9,
		                              .error = 1,
		                              .refused = 2,
		                              .first = 3,
		                              .last = 4 };
	struct report_campaign row;
	struct report *r = open_ok(2);
	struct report_campaign *rows = report_worker(r, 1)->campaigns;

	assert_int_equal(rows[0].sequence % 2, 0);
	assert_int_equal((uintptr_t)rows % 64, 0);
	report_campaign_write(&rows[0], &kept);
	row = rows[0];
	row.sequence = 0;
	assert_memory_equal(&row, &kept, sizeof(row));
	report_campaign_write(&rows[REPORT_CAMPAIGNS - 1], &kept);
	rows[REPORT_CAMPAIGNS - 1].sequence |= 1; /* died while writing */
	const uint32_t before = rows[REPORT_CAMPAIGNS - 1].sequence;
	/* The last row ends before the ring begins. */
	assert_true((void *)(rows + REPORT_CAMPAIGNS) <= (void *)report_worker(r, 1)->ring);
	report_close(r);

	r = open_ok(2);
	rows = report_worker(r, 1)->campaigns;
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++) {
		row = rows[i];
		assert_int_equal(row.sequence % 2, 0);
		row.sequence = 0;
		assert_memory_equal(&row, &(struct report_campaign){ 0 }, sizeof(row));
	}
	assert_true(rows[REPORT_CAMPAIGNS - 1].sequence > before);
	report_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_campaigns_begin_anew),
	};

	snprintf(path, sizeof(path), "/dev/shm/sluice-campaigns-%d", (int)getpid());
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
