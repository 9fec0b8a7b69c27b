/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture_each: a program whose every test has a fixture of its own, started.
 * Included once a program, for cmocka_unit_test_setup_teardown(test, setup, teardown).
 */
#ifndef TEST_LINK_FIXTURE_EACH_H
#define TEST_LINK_FIXTURE_EACH_H
#include "fixture.h"

static struct fixture f;
static char error[LINK_CLIENT_ERROR_SIZE];
static struct link_message answer;

static int setup(void **state)
{
	(void)state;
	fixture_make(&f);
	fixture_start(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_free(&f);
	return 0;
}

#endif
