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
#include <locale.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <wchar.h>

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

/* Of sluicectl on a terminal of so many columns, into output: the most columns of a line. */
static int widest_line(const char *words, unsigned short columns)
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };
	char command[300];
	size_t used = 0;
	int terminal, widest = 0;

	snprintf(command, sizeof(command), "%s --socket %s/c.sock %s", ctl_path, temp_dir,
	         words);
	const pid_t pid = forkpty(&terminal, NULL, NULL, &size);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(99);
	}
	for (ssize_t n; (n = read(terminal, output + used, sizeof(output) - 1 - used)) > 0;)
		used += (size_t)n;
	output[used] = '\0';
	close(terminal);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	char copy[sizeof(output)], *rest = NULL;
	strcpy(copy, output);
	for (char *l = strtok_r(copy, "\r\n", &rest); l != NULL;
	     l = strtok_r(NULL, "\r\n", &rest)) {
		wchar_t wide[1000];
		const size_t n = mbstowcs(wide, l, 1000);
		assert_in_range(n, 0, 999);
		const int width = wcswidth(wide, n);
		widest = width > widest ? width : widest;
	}
	return widest;
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

/* Of two links, whose switches choose one by other rules for each direction. */
static void asymmetric_links_are_shown(void **state)
{
	(void)state;
	count_add(report_worker(report, 0), COUNTER_OTHER_LINK, 5); /* before we looked */
	control_start();
	assert_true(becomes("\"attached\":true"));
	assert_true(said("\"other_link_s\":null"));
	usleep(500000); /* it has looked */
	count_add(report_worker(report, 1), COUNTER_OTHER_LINK, 1);
	assert_true(becomes("\"other_link_s\":1"));
	(void)report_port_state(report, 0, "net_af_packet0", true, 1700000000);
	(void)report_port_state(report, 1, "net_af_packet1", true, 1700000000);
	assert_true(becomes("\"connected\":true"));
	assert_in_range(widest_line("status", 80), 40, 80);
	assert_true(said("            ASYMMETRIC, last ") && said(" s ago: connections whose"));
}

/* Forgotten, it lets everything pass. */
static void draining_is_shown(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_true(becomes("\"draining\":false"));
	assert_int_equal(ctl("drain"), 0);
	assert_int_equal(ctl("status --json"), 0);
	assert_true(said("\"draining\":true"));
	assert_int_equal(ctl("status"), 0);
	assert_true(said("DRAINING: new connections cross unscreened;\n"));
	/* A control that comes later did not hear of it. */
	assert_int_equal(control_end(SIGTERM), 0);
	control_start();
	assert_true(becomes("\"draining\":true"));
	assert_int_equal(ctl("drain off"), 0);
	assert_int_equal(ctl("status"), 0);
	assert_null(strstr(output, "DRAINING"));
	assert_int_equal(ctl("drain"), 0);
	data_plane_stop(); /* it ends with the data plane */
	assert_true(becomes("\"draining\":false"));
}

static const char another[] = "OF ANOTHER DATA PLANE than the link";

static bool says_another(void)
{
	assert_int_equal(ctl("status"), 0);
	return strstr(output, another) != NULL;
}

/* Counters of one, sanctions for another: the operator is told, here and in the log. */
static void two_data_planes_are_told_apart(void **state)
{
	char log[4000] = "";

	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_true(becomes("\"connected\":true"));
	assert_false(says_another()); /* it does not say */
	report_instance(report, PLANE_INSTANCE);
	assert_false(says_another());
	report_instance(report, PLANE_INSTANCE + 1);
	assert_true(says_another());
	assert_int_equal(ctl("status --json"), 0);
	assert_true(said("\"report_is_of_another\":true"));
	for (int i = 0; i < 400 && strstr(log, "are of two data planes") == NULL; i++) {
		FILE *f = fopen(temp_path("log"), "r");
		assert_non_null(f);
		log[fread(log, 1, sizeof(log) - 1, f)] = '\0';
		fclose(f);
		usleep(50000);
	}
	assert_non_null(strstr(log, "are of two data planes"));
	data_plane_stop(); /* away, it is no other */
	assert_true(becomes("\"connected\":false"));
	assert_false(says_another());
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

static void fits_the_terminal(void **state)
{
	static const char text[] =
		"직장인 무서류 당일 대출 가능합니다 지금 바로 신청하세요 상담 환영";
	struct report_worker *w = report_worker(report, 0);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct audit_record *r = audit_next(w);
		r->time_us = (uint64_t)(time(NULL) - 10) * 1000000 + i;
		r->kind = i ? AUDIT_OBSERVED : AUDIT_REFUSED;
		r->reason = REASON_SENDER_UNCERTIFIED;
		strcpy(r->system_id, i ? "한글계정" : "longlonglonglon");
		strcpy(r->sender, "+821012345678901234");
		r->text_len = sizeof(text) - 1;
		memcpy(r->text, text, sizeof(text) - 1);
		audit_publish(w);
	}
	control_start();
	assert_true(becomes("\"stored\":2"));
	assert_in_range(widest_line("status", 80), 40, 80);
	assert_in_range(widest_line("audit --limit 1 --reason sender_uncertified", 80), 60, 80);
	assert_true(said("한글계정"));
	assert_in_range(widest_line("audit --account longlonglonglon", 80), 60, 80);
	assert_true(said("longlonglonglon") && said("\r\n    -   "));
	assert_in_range(widest_line("audit", 160), 120, 160);
	assert_null(strstr(output, "\n    -   "));
	assert_int_equal(ctl("audit --sender 010"), 0);
	assert_true(said("nothing was refused or flagged that is asked for"));
	assert_int_equal(ctl("audit --from 2026-01-01"), 0);
	assert_true(said("(what follows: --after "));
	assert_int_equal(ctl("audit --until noon"), 1);
	assert_true(
		said("\"noon\" is no time; write 2026-01-31, which is its midnight in UTC"));
}

static void tables_fit_the_terminal(void **state)
{
	struct report_worker *w = report_worker(report, 0);

	(void)state;
	report_campaign_write(&w->campaigns[0],
	                      &(struct report_campaign){ .fingerprint = 0x3b1f00c29e77a5d4,
	                                                 .count = 1000000000,
	                                                 .first = 1700000000,
	                                                 .last = 1800000000 });
	report_rule_write(&w->rules[0], &(struct report_rule){ .mode = REPORT_RULE_CANARY,
	                                                       .rule = 77,
	                                                       .version = 1000000,
	                                                       .last = 1700000003,
	                                                       .matched = 10000000,
	                                                       .acted = 10000000 });
	control_start();
	assert_int_equal(ctl("campaigns block 3b1f00c29e77a5d4 --note "
	                     "무서류당일대출가능합니다지금바로신청하세요상담환영 --json"),
	                 0);
	assert_in_range(widest_line("campaigns", 80), 70, 80);
	assert_true(said("3b1f00c29e77a5d4   1000000000 ") && said("refuse\r\n    -   "));
	assert_in_range(widest_line("campaigns list", 80), 60, 80);
	assert_true(said("\r\n    무서류"));
	assert_in_range(widest_line("rules hits", 80), 70, 80);
	assert_true(said("  1000000 #77  "));
	assert_in_range(widest_line("counters --all", 80), 70, 80);
	assert_true(said("\r\n                                                 "));
	assert_in_range(widest_line("policy show", 80), 70, 80);
	assert_in_range(widest_line("policy show", 200), 100, 200);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_are_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(draining_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(asymmetric_links_are_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(two_data_planes_are_told_apart, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(busy_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(fits_the_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(tables_fit_the_terminal, setup, teardown),
	};

	if (argc != 3) {
		fputs("usage: status_test SLUICE_CONTROL SLUICECTL\n", stderr);
		return 2;
	}
	setlocale(LC_ALL, "C.UTF-8");
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
