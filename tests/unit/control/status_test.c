/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: what an operator sees of the data plane's links and of how busy it is, through
 * sluice-control and sluicectl as they are installed.
 *
 * usage: status_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "plane.h"
#include "reported.h"

static int setup(void **state)
{
	const int result = reported(state, "a.csv", "system_id\nacme\n");

	data_plane_start(temp_dir);
	return result;
}

static int teardown(void **state)
{
	data_plane_stop();
	return unreported(state);
}

static void links_are_shown(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(ctl("status --json"), 0);
	assert_true(said("\"links\":[]"));
	const uint64_t now = (uint64_t)time(NULL);
	/* Just so long; it may take most of a minute until it is shown. */
	const uint64_t before = now - (60 + 6) * 60;
	(void)report_port_state(report, 0, "net_af_packet0", true, before);
	(void)report_port_state(report, 1, "net_af_packet1", true, before);
	assert_int_equal(ctl("status"), 0);
	assert_true(said("generation 2: 1 account (0 suspended), 0 rules,\n"
	                 "            0 senders (0 suspended, 0 blocked)\n"));
	assert_true(said("link 1      ESME up   1 h 6 min, net_af_packet0\n"));
	assert_true(said("            SMSC up   1 h 6 min, net_af_packet1\n"));
	assert_true(report_port_state(report, 1, "net_af_packet1", false,
	                              (uint64_t)time(NULL) - 6 * 60));
	assert_int_equal(ctl("status"), 0);
	assert_true(said("            SMSC DOWN 6 min "));
	assert_true(said(" s, net_af_packet1; came or went 1 time\n"));
	assert_int_equal(ctl("status --json"), 0);
	assert_true(said("\"smsc\":{\"port\":\"net_af_packet1\",\"up\":false,\"since\":"));
	assert_true(said("\"changes\":1}}]"));
	/* A clock that was put back. */
	assert_true(report_port_state(report, 1, "net_af_packet1", true, now + 5000));
	assert_int_equal(ctl("status"), 0);
	assert_true(said("            SMSC up   0 s, net_af_packet1; came or went 2 times\n"));
	/* What it said last may not be so any more. */
	data_plane_stop();
	assert_true(becomes("\"connected\":false"));
	assert_true(said("\"links\":[]"));
}

/* Workers of these tests have a clock of 1,000 cycles a second (reported.h). */
static void busy_is_shown(void **state)
{
	(void)state;
	control_start();
	assert_true(becomes("\"busy_percent\":[]"));
	assert_int_equal(ctl("status"), 0);
	assert_null(strstr(output, "busy"));
	for (unsigned i = 0; i < 70; i++) { /* until the first look is five seconds old */
		count_add(report_worker(report, 1), COUNTER_BUSY_CYCLES, 100);
		usleep(100000);
	}
	assert_true(becomes("\"busy_percent\":[0.0,"));
	assert_int_equal(ctl("status"), 0);
	assert_true(said("busy        0.0 %, "));
	count_add(report_worker(report, 0), COUNTER_BUSY_CYCLES, 2500);
	assert_int_equal(ctl("counters --json"), 0);
	assert_true(said("\"tsc_hz\":1000,"));
	assert_int_equal(ctl("counters"), 0);
	assert_true(said("9500  busy_cycles                9.5 s of "));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_are_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(busy_is_shown, setup, teardown),
	};

	if (argc != 3) {
		fputs("usage: status_test SLUICE_CONTROL SLUICECTL\n", stderr);
		return 2;
	}
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
