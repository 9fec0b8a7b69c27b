/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reported: the report file of two workers that never run, where sluice-control looks for it
 * (daemon.h): a test writes what they would have counted. Include cmocka.h first.
 */
#ifndef TEST_REPORTED_H
#define TEST_REPORTED_H
#include "daemon.h"
#include "report.h"

static struct report *report;

/* The folder, with this file in it, and the report. */
static inline int reported(void **state, const char *name, const char *text)
{
	char why[200];

	assert_int_equal(temp_make(state), 0);
	temp_write(name, text);
	assert_int_equal(report_open(&report, temp_path("report"), 2, 64, 1000, why), 0);
	return 0;
}

static inline int unreported(void **state)
{
	if (control > 0)
		control_end(SIGKILL);
	report_close(report);
	return temp_remove(state);
}

#endif
