/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warned: what a push says of rules that are no mistake and yet cannot be meant, through
 * sluice-control and sluicectl as they are installed; the rules are pushed all the same.
 *
 * usage: warned_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon.h"

static int setup(void **state)
{
	assert_int_equal(temp_make(state), 0);
	temp_write("a.csv", "system_id\nacme\n");
	temp_write("odd.yaml", "rules:\n"
	                       "- id: typo\n"
	                       "  sentence: s\n"
	                       "  action: refuse\n"
	                       "  scope: { accounts: [ acme, amce ] }\n"
	                       "  patterns: [ { literal: loan }, { literal: loan } ]\n"
	                       "- id: trial\n"
	                       "  sentence: s\n"
	                       "  action: refuse\n"
	                       "  mode: shadow\n"
	                       "  canary: { accounts: [ nobody ] }\n"
	                       "  patterns: [ { literal: casino } ]\n");
	temp_write("good.yaml",
	           "rules:\n- { id: a, sentence: s, action: flag, "
	           "scope: { accounts: [ acme ] }, patterns: [ { literal: x } ] }\n");
	return 0;
}

static int teardown(void **state)
{
	if (control > 0)
		control_end(SIGKILL);
	return temp_remove(state);
}

static void a_push_warns(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("rules push", "odd.yaml"), 0);
	assert_true(said("warning: "));
	assert_true(said("odd.yaml:5:30: scope.accounts: no account has the system_id "
	                 "\"amce\" yet"));
	assert_true(said("odd.yaml:11:25: canary.accounts: no account has the system_id "
	                 "\"nobody\" yet"));
	assert_true(said("odd.yaml:6:45: patterns: "));
	assert_true(said("version 1: 2 rules"));
	assert_int_equal(import("rules push --json", "odd.yaml"), 0);
	assert_true(said("\"warnings_total\":3"));
	assert_true(said("\"row\":5,\"column\":30,\"field\":\"scope.accounts\""));
	assert_int_equal(import("rules push", "good.yaml"), 0);
	assert_null(strstr(output, "warning"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_push_warns, setup, teardown),
	};

	if (argc != 3) {
		fputs("usage: warned_test SLUICE_CONTROL SLUICECTL\n", stderr);
		return 2;
	}
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
