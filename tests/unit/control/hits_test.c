/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hits: what workers counted of rules, as sluicectl rules hits shows it, through
 * sluice-control and sluicectl as they are installed.
 *
 * usage: hits_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reported.h"

static int setup(void **state)
{
	return reported(state, "r.yaml",
	                "rules:\n"
	                "- { id: loan, sentence: s, action: refuse, "
	                "patterns: [ { literal: loan } ] }\n"
	                "- { id: casino, sentence: s, action: refuse, mode: shadow, "
	                "patterns: [ { literal: casino } ] }\n");
}

static void counted(unsigned worker, unsigned row, const struct report_rule *now)
{
	report_rule_write(&report_worker(report, worker)->rules[row], now);
}

/* Of two workers and two sets. */
static void count_some(void)
{
	counted(0, 5,
	        &(struct report_rule){ .mode = REPORT_RULE_ACTIVE,
	                               .rule = 1,
	                               .version = 2,
	                               .last = 1700000000,
	                               .matched = 30,
	                               .acted = 7 });
	counted(1, REPORT_RULES - 1,
	        &(struct report_rule){ .rule = 1,
	                               .version = 2,
	                               .last = 1700000001,
	                               .matched = 5,
	                               .acted = 1 });
	counted(1, 0,
	        &(struct report_rule){ .mode = REPORT_RULE_SHADOW,
	                               .rule = 2,
	                               .version = 2,
	                               .last = 1700000002,
	                               .matched = 40 });
	counted(1, 1,
	        &(struct report_rule){ .mode = REPORT_RULE_CANARY,
	                               .rule = 77,
	                               .version = 1,
	                               .last = 1700000003,
	                               .matched = 400,
	                               .acted = 4 });
}

static void hits_are_shown(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(ctl("rules hits"), 0);
	assert_true(said("no rule has matched a message yet; rules push puts some in force"));
	assert_int_equal(import("rules push", "r.yaml"), 0);
	assert_int_equal(import("rules push", "r.yaml"), 0);
	assert_int_equal(ctl("rules hits"), 0);
	assert_true(said("rules versions says which set is in force"));
	assert_int_equal(ctl("rules hits --json"), 0);
	assert_true(said("{\"rules\":[],\"total\":0,\"in_force\":2}"));

	count_some();
	assert_int_equal(ctl("rules hits --json"), 0);
	assert_true(said("{\"rules\":["
	                 "{\"rule\":\"casino\",\"rule_id\":2,\"version\":2,\"in_force\":true,"
	                 "\"mode\":\"shadow\",\"matched\":40,\"acted\":0,"
	                 "\"last\":\"2023-11-14T22:13:22Z\"},"
	                 "{\"rule\":\"loan\",\"rule_id\":1,\"version\":2,\"in_force\":true,"
	                 "\"mode\":\"active\",\"matched\":35,\"acted\":8,"
	                 "\"last\":\"2023-11-14T22:13:21Z\"},"
	                 "{\"rule\":\"\",\"rule_id\":77,\"version\":1,\"in_force\":false,"
	                 "\"mode\":\"canary\",\"matched\":400,\"acted\":4,"));
	assert_true(said("\"total\":3,\"in_force\":2}"));
	assert_int_equal(ctl("rules hits --top 1"), 0);
	assert_true(said("* 2       casino") && said("shadow            40            0"));
	assert_true(said("(2 more: --top)"));
	assert_int_equal(ctl("rules hits --top 0"), 1);
	assert_true(said("top must be a number from 1 to"));
	assert_int_equal(ctl("rules hits"), 0);
	assert_true(said("  1       #77 "));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hits_are_shown, setup, unreported),
	};

	if (argc != 3) {
		fputs("usage: hits_test SLUICE_CONTROL SLUICECTL\n", stderr);
		return 2;
	}
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
