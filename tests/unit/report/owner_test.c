/* SPDX-License-Identifier: Apache-2.0 */
/* In /dev/shm anybody can make a file: one that is not ours alone is not written to, nor
 * believed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "report_reader.h"

#define SLOTS 64u

static char path[64], error[REPORT_ERROR_SIZE];

static void open_to_others(void **state)
{
	struct report_reader *reader = NULL;
	struct report *report = NULL;

	(void)state;
	for (mode_t mode = 1; mode <= 040; mode <<= 1) {
		assert_int_equal(chmod(path, 0600 | mode), 0);
		assert_int_equal(report_open(&report, path, 1, SLOTS, 1000, error), -EPERM);
		assert_non_null(strstr(error, "open to others"));
		assert_int_equal(report_reader_open(&reader, path, error), -EPERM);
		assert_non_null(strstr(error, "open to others"));
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(report_open(&report, path, 1, SLOTS, 1000, error), 0);
	assert_int_equal(report_reader_open(&reader, path, error), 0);
	report_reader_close(reader);
	report_close(report);
}

static void of_another_user(void **state)
{
	struct report *report = NULL;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give it away */
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(report_open(&report, path, 1, SLOTS, 1000, error), -EPERM);
	assert_non_null(strstr(error, "another user's"));
}

/* What a link leads to is ours, but who put the link there is not known. */
static void behind_a_link(void **state)
{
	char link_path[80];
	struct report_reader *reader = NULL;
	struct report *report = NULL;

	(void)state;
	assert_int_equal(report_open(&report, path, 1, SLOTS, 1000, error), 0);
	report_close(report);
	snprintf(link_path, sizeof(link_path), "%s.link", path);
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(report_open(&report, link_path, 1, SLOTS, 1000, error), -ELOOP);
	assert_int_equal(report_reader_open(&reader, link_path, error), -ELOOP);
	assert_int_equal(unlink(link_path), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/dev/shm/sluice-test-XXXXXX");
	const int fd = mkstemp(path);
	return fd < 0 || close(fd) != 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(open_to_others, setup, teardown),
		cmocka_unit_test_setup_teardown(behind_a_link, setup, teardown),
		cmocka_unit_test_setup_teardown(of_another_user, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
