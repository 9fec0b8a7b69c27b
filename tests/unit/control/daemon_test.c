/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon: sluice-control and sluicectl as they are installed, against a link server
 * of the data plane in this process. What sluicectl says was done is looked up in the
 * tables that the link server published.
 *
 * usage: daemon_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "plane.h"
#include "registry.h"
#include "report.h"
#include "temp.h"

static int setup(void **state)
{
	assert_int_equal(temp_make(state), 0);
	temp_write("a.csv", "system_id,state\nacme,certified\nghost,suspended\n");
	temp_write("s.csv", "address,owner\n01012345678,acme\n15881588,ghost\n");
	return 0;
}

static int teardown(void **state)
{
	if (control > 0)
		control_end(SIGKILL);
	data_plane_stop();
	return temp_remove(state);
}

static void imports_reach_the_data_plane(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	assert_true(becomes("\"connected\":true"));
	assert_false(in_force().there); /* a registry that never held anything */
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_true(said("2 added"));
	assert_int_equal(import("senders import", "s.csv"), 0);
	assert_true(said("in force in 2 workers"));
	assert_int_equal(reason_of("acme", "+821012345678"), REASON_PASS);
	assert_int_equal(reason_of("acme", "1588-1588"), REASON_SENDER_NOT_OWNED);
	assert_int_equal(reason_of("acme", "0299998888"), REASON_SENDER_UNCERTIFIED);
	assert_int_equal(reason_of("ghost", "15881588"), REASON_ACCOUNT_SUSPENDED);
	assert_int_equal(reason_of("nobody", "15881588"), REASON_ACCOUNT_UNKNOWN);
}

static void sanctions_are_enforced_on_return(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("senders import", "s.csv"), 0);
	const uint64_t image = in_force().generation;
	assert_int_equal(ctl("suspend account acme"), 0);
	assert_true(said("in force in 2 workers after"));
	assert_int_equal(reason_of("acme", "01012345678"), REASON_ACCOUNT_SUSPENDED);
	assert_int_equal(ctl("lift account acme"), 0);
	assert_int_equal(reason_of("acme", "01012345678"), REASON_PASS);
	assert_int_equal(ctl("suspend sender +82-10-1234-5678"), 0);
	assert_int_equal(reason_of("acme", "01012345678"), REASON_SENDER_SUSPENDED);
	/* Suspended in the image itself: the overlay wins. */
	assert_int_equal(ctl("lift account ghost"), 0);
	assert_int_equal(reason_of("ghost", "15881588"), REASON_PASS);
	/* All that went as overlays, and the next image holds it. */
	assert_int_equal(in_force().generation, image);
	assert_int_equal(ctl("policy set refuse_at_bind 1"), 0);
	assert_true(in_force().generation > image);
	assert_int_equal(reason_of("acme", "01012345678"), REASON_SENDER_SUSPENDED);
	assert_int_equal(reason_of("ghost", "15881588"), REASON_PASS);
	assert_int_equal(ctl("suspend account nobody"), 1);
	assert_true(said("nobody") && said("import or add it first"));
}

/* Every verb, one after the other, without an image in between. */
static void every_verb_is_enforced_on_return(void **state)
{
	enum { REFUSED = 255 }; /* no reason: the command is */
	static const struct {
		const char *words;
		const char *account, *sender;
		unsigned reason;
	} rows[] = {
		{ "block sender 010-1234-5678", "acme", "01012345678", REASON_SENDER_BLOCKED },
		{ "lift sender 010-1234-5678", "acme", "01012345678", REFUSED },
		{ "unblock sender 010-1234-5678", "acme", "01012345678", REASON_PASS },
		{ "block sender 0299998888 --until 2099-01-01", "acme", "0299998888",
		  REASON_SENDER_BLOCKED },
		{ "add sender 0288887777 --owner acme", "acme", "0288887777", REASON_PASS },
		{ "add sender 0288887777 --owner acme", "acme", "0288887777", REFUSED },
		{ "add account neu --title 새문자", "neu", "0288887777",
		  REASON_SENDER_NOT_OWNED },
		{ "add sender 0277776666 --owner 'neu;acme'", "neu", "0277776666",
		  REASON_PASS },
		{ "remove sender 0288887777", "acme", "0288887777", REASON_SENDER_UNCERTIFIED },
		{ "block account neu", "neu", "0277776666", REASON_ACCOUNT_SUSPENDED },
		{ "unblock account neu", "neu", "0277776666", REASON_PASS },
		{ "remove account neu", "neu", "0277776666", REASON_ACCOUNT_UNKNOWN },
	};

	(void)state;
	data_plane_start(temp_dir);
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("senders import", "s.csv"), 0);
	const uint64_t image = in_force().generation;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int status = ctl(rows[i].words);
		if (status != (rows[i].reason == REFUSED ? 1 : 0))
			fail_msg("%s: %d: %s", rows[i].words, status, output);
		if (status == 0)
			assert_int_equal(reason_of(rows[i].account, rows[i].sender),
			                 rows[i].reason);
	}
	assert_int_equal(in_force().generation, image);
	assert_int_equal(ctl("policy set refuse_at_bind 1"), 0);
	assert_int_equal(in_force().overlay_used, 0);
	assert_int_equal(reason_of("acme", "0299998888"), REASON_SENDER_BLOCKED);
	assert_int_equal(reason_of("acme", "0277776666"), REASON_PASS);
	assert_int_equal(reason_of("acme", "0288887777"), REASON_SENDER_UNCERTIFIED);
	assert_int_equal(reason_of("neu", "0277776666"), REASON_ACCOUNT_UNKNOWN);
}

static void deltas_of_a_file(void **state)
{
	char text[40000] = "op,kind,name,until,owner\n";

	(void)state;
	data_plane_start(temp_dir);
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("senders import", "s.csv"), 0);
	for (int i = 0; i < 1100; i++)
		sprintf(text + strlen(text), "block,sender,0101111%04d\n", i);
	temp_write("d.csv", text);
	assert_int_equal(import("deltas apply", "d.csv"), 0);
	assert_true(said("1100 deltas in"));
	assert_int_equal(reason_of("acme", "01011111099"), REASON_SENDER_BLOCKED);
	temp_write("bad.csv", "suspend,sender,01012345678\nsuspend,sender,0299990000\n");
	assert_int_equal(import("deltas apply", "bad.csv"), 1);
	assert_true(said("bad.csv:2") && said("0299990000") && said("1 deltas up to line 1"));
	assert_int_equal(reason_of("acme", "01012345678"), REASON_SENDER_SUSPENDED);
}

static void deltas_are_csv(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("senders import", "s.csv"), 0);
	temp_write("d.csv",
	           "\xef\xbb\xbf"
	           "op,kind,name,until,owner\r\n\r\n"
	           "# it's \"not\" a row, \"\r\nblock , sender,\"010-1234-5678\",,\r\n");
	assert_int_equal(import("deltas apply", "d.csv"), 0);
	assert_int_equal(reason_of("acme", "01012345678"), REASON_SENDER_BLOCKED);
	temp_write("d.csv", "name,kind,op\n\"010-1234-5678\",sender,unblock\n");
	assert_int_equal(import("deltas apply", "d.csv"), 0);
	assert_int_equal(reason_of("acme", "01012345678"), REASON_PASS);
	/* All that is wrong is said, and nothing was applied. */
	temp_write("d.csv", "op,kind,name,until,owner\nblock,sender,01012345678\n"
	                    "block,sender,x,,,y\nfrob,sender,x\nblock,sender,\n");
	assert_int_equal(import("deltas apply", "d.csv"), 1);
	assert_true(said("d.csv:3: 6 fields") && said("d.csv:4: op: \"frob\" cannot be") &&
	            said("d.csv:5: name: it is empty") && said("nothing of it was applied"));
	assert_int_equal(reason_of("acme", "01012345678"), REASON_PASS);
	assert_int_equal(import("--json deltas apply", "d.csv 2>/dev/null"), 1);
	assert_true(said("{\"error\":\"3 problems in "));
}

/* What is in a file of this folder. */
static const char *contents(const char *name)
{
	static char text[1000];
	FILE *f = fopen(temp_path(name), "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static int import_skipping(const char *file, const char *bad)
{
	char arguments[400];

	snprintf(arguments, sizeof(arguments), "senders import %s/%s --skip-bad %s/%s",
	         temp_dir, file, temp_dir, bad);
	return ctl(arguments);
}

static void bad_rows_are_collected(void **state)
{
	static const char odd[] =
		"\nowner,address\r\nacme,01012345678\n\n\"no\nbody\",01022223333\n"
		"ghost,01099998888\nnobody,15881588";
	char arguments[400];

	data_plane_start(temp_dir), control_start(), (void)state;
	assert_int_equal(import("accounts import", "a.csv"), 0);
	temp_write("odd.csv", odd);
	assert_int_equal(import_skipping("odd.csv", "bad.csv"), 0);
	assert_true(said("2 wrong rows left out"));
	assert_int_equal(reason_of("acme", "01012345678"), REASON_PASS);
	assert_string_equal(contents("bad.csv"),
	                    "owner,address\r\n# line 5: owner: no account has the system_id "
	                    "\"no?body\"; import it first\n\"no\nbody\",01022223333\n"
	                    "# line 8: owner: no account has the system_id \"nobody\"; import "
	                    "it first\nnobody,15881588\n");
	/* It can be mended and imported as it is. */
	temp_write("b.csv", "system_id\nnobody\n\"no\nbody\"\n");
	assert_int_equal(import("accounts import", "b.csv"), 0);
	assert_int_equal(import("senders import", "bad.csv"), 0);
	assert_int_equal(reason_of("nobody", "15881588"), REASON_PASS);
	/* The file itself is kept; what cannot be written is known before. */
	assert_int_equal(import_skipping("odd.csv", "odd.csv"), 2);
	assert_true(said("is the file that is imported"));
	assert_string_equal(contents("odd.csv"), odd);
	assert_int_equal(import_skipping("odd.csv", "none/bad.csv"), 1);
	assert_true(said("cannot be written"));
	temp_write("odd.csv", "address,owner\n01033334444,acme\n01055556666,nemo\n");
	snprintf(arguments, sizeof(arguments),
	         "senders import - --skip-bad %s/bad.csv < %s/odd.csv", temp_dir, temp_dir);
	assert_int_equal(ctl(arguments), 0);
	assert_non_null(strstr(contents("bad.csv"), "\n01055556666,nemo\n"));
	snprintf(arguments, sizeof(arguments),
	         "senders import - --skip-bad /dev/full < %s/odd.csv", temp_dir);
	assert_int_equal(ctl(arguments), 1);
	assert_true(said("was not written") && !strstr(output, "has them and why"));
}

static void away_is_said_and_made_up_for(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_true(said("away"));
	assert_int_equal(import("senders import", "s.csv"), 0);
	assert_int_equal(ctl("suspend account acme"), 3);
	assert_true(said("recorded") && said("away"));
	data_plane_start(temp_dir);
	assert_true(becomes("\"current\":true"));
	assert_int_equal(reason_of("acme", "01012345678"), REASON_ACCOUNT_SUSPENDED);
	/* It goes, a sanction is recorded, and it comes back with its old image. */
	data_plane_stop();
	assert_int_equal(ctl("lift account acme"), 3);
	kill(control, SIGSTOP); /* else it may be the first to come */
	data_plane_start(temp_dir);
	assert_int_equal(reason_of("acme", "01012345678"), REASON_ACCOUNT_SUSPENDED);
	kill(control, SIGCONT);
	assert_true(becomes("\"current\":true"));
	assert_int_equal(reason_of("acme", "01012345678"), REASON_PASS);
}

static void rules_are_pushed_or_refused(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	temp_write("good.yaml",
	           "rules: [ { id: one, sentence: s, action: refuse, patterns: "
	           "[ { literal: Loan } ], tests: { match: [ \"a loan\" ] } } ]\n");
	temp_write("bad.yaml", "rules:\n- { id: one, sentence: s, action: refuse, patterns: "
	                       "[ { regex: \"(\" } ] }\n");
	assert_int_equal(import("rules check", "good.yaml"), 0);
	assert_int_equal(import("rules check", "bad.yaml"), 1);
	assert_int_equal(import("rules push", "good.yaml"), 0);
	assert_true(said("1 rule, 1 pattern, 1 test passed"));
	assert_int_equal(in_force().rules, 1);
	assert_int_equal(import("rules push", "bad.yaml"), 1);
	assert_true(said("bad.yaml:2:") && said("nothing was pushed"));
	assert_int_equal(in_force().rules, 1);
	assert_int_equal(ctl("policy set rules_budget_ns 1"), 0);
	assert_int_equal(import("rules push", "good.yaml"), 1);
	assert_true(said("the policy allows 1; the dearest: one ("));
	assert_int_equal(in_force().rules_version, 1);
	assert_int_equal(ctl("policy set rules_budget_ns 0"), 0);
	temp_write("none.yaml", "rules: []\n");
	assert_int_equal(import("rules push", "none.yaml"), 0);
	assert_int_equal(in_force().rules, 0);
}

static void a_bad_file_changes_nothing(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	const uint64_t before = in_force().generation;
	temp_write("bad.csv",
	           "address,owner,state\n01011112222,acme,\n01022223333,acme,certifed\n");
	assert_int_equal(import("senders import", "bad.csv"), 1);
	assert_true(said("bad.csv:3: state: \"certifed\""));
	assert_int_equal(import("senders import", "no-such-file.csv"), 1);
	assert_true(said("cannot read"));
	assert_int_equal(ctl("senders"), 2);
	assert_int_equal(ctl("block sender 01012345678 --until 2020-01-01"), 1);
	assert_true(said("until is over"));
	assert_int_equal(ctl("policy set refuse_score 2.5") + ctl("policy show"), 0);
	assert_true(said("2.5  refuse_score     0 to 1000; points"));
	assert_int_equal(ctl("audit --reason nonsense"), 1);
	assert_true(said("there is no reason"));
	assert_int_equal(in_force().generation, before + 1);
	assert_true(becomes("\"senders\":0"));
}

static void counters_and_audit_are_shown(void **state)
{
	struct report *report = NULL;
	char why[200];

	(void)state;
	assert_int_equal(report_open(&report, temp_path("report"), 2, 64, 1000, why), 0);
	struct report_worker *w = report_worker(report, 0);
	count_add(w, COUNTER_REFUSED, 41);
	count_add(report_worker(report, 1), COUNTER_FLOWS_OPENED, 3);
	count_add(w, REPORT_REASON_BASE + REASON_CONTENT_RULE, 17);
	struct audit_record *r = audit_next(w);
	*r = (struct audit_record){ .time_us = (uint64_t)time(NULL) * 1000000,
		                    .kind = AUDIT_REFUSED,
		                    .reason = REASON_CONTENT_RULE,
		                    .system_id = "ac\x1bme",
		                    .command_id = 7, /* replace_sm */
		                    .text_len = 11 };
	r->part = 3, r->parts = 4, r->part_refused = 2;
	memcpy(r->text, "\xe2\x80\xae대\n\x1b출", 11);
	audit_publish(w);
	control_start();
	assert_int_equal(ctl("counters"), 0);
	assert_true(said("41  refused") && said("17  reason_content_rule"));
	assert_true(said("by worker 0, 0 connections") && said("by worker 1, 3 connections"));
	assert_int_equal(ctl("counters --json"), 0);
	assert_true(said("\"by_worker\":[{\"refused\":41},{\"flows_opened\":3}]"));
	assert_true(becomes("\"stored\":1"));
	assert_int_equal(ctl("audit"), 0);
	assert_true(said("ac?me") && said("content_rule") && said("as part 2 was) ?대??출"));
	assert_int_equal(ctl("audit --json"), 0);
	assert_true(said("\"data_coding\":null") && said("\"refused_for\":2}"));
	report_close(report);
}

/* kill -9 while a large file is imported: all of it or nothing, and it starts again. */
static void killed_during_an_import(void **state)
{
	struct registry *registry = NULL;
	struct registry_counts c;
	char command[700], *text = calloc(1, 64 * 60000 + 100), *to = text;

	(void)state;
	to += sprintf(to, "address,owner\n");
	for (int i = 0; i < 60000; i++)
		to += sprintf(to, "010%08d,acme\n", i + 20000000);
	temp_write("big.csv", text);
	free(text);
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("senders import", "s.csv"), 0);
	snprintf(command, sizeof(command),
	         "%s --socket %s/c.sock senders import %s/big.csv "
	         ">/dev/null 2>&1 &",
	         ctl_path, temp_dir, temp_dir);
	for (int round = 0; round < 4; round++) {
		assert_int_equal(system(command), 0);
		usleep(20000u + (unsigned)round * 60000u);
		control_end(SIGKILL);
		assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
		assert_int_equal(registry_count(registry, &c), 0);
		assert_true(c.senders == 2 || c.senders == 60002);
		assert_int_equal(c.generation, c.senders == 2 ? 3 : c.generation);
		registry_close(registry);
		control_start();
	}
	/* An orderly end leaves no socket behind. */
	assert_int_equal(control_end(SIGTERM), 0);
	assert_int_not_equal(access(temp_path("c.sock"), F_OK), 0);
}

/* One ends, one begins, one is blocked until then: at that second, without a push. */
static void validity_comes_and_goes_without_a_push(void **state)
{
	char rows[300], block[80], when[32];
	struct tm tm;

	data_plane_start(temp_dir), control_start(), (void)state;
	assert_int_equal(import("accounts import", "a.csv"), 0);
	const time_t at = time(NULL) + 5; /* what is said until then is soon said */
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	snprintf(rows, sizeof(rows),
	         "address,owner,valid_from,valid_until\n01011111111,acme,,%s\n"
	         "01022222222,acme,%s,\n01033333333,acme,,\n",
	         when, when);
	snprintf(block, sizeof(block), "block sender 01033333333 --until %s", when);
	temp_write("v.csv", rows);
	assert_int_equal(import("senders import", "v.csv") + ctl(block), 0);
	const uint64_t pushed = in_force().generation;
	for (time_t after = 0; after <= at; usleep(20000)) {
		const time_t before = time(NULL);
		const unsigned ends = reason_of("acme", "01011111111"),
			       begins = reason_of("acme", "01022222222"),
			       blocked = reason_of("acme", "01033333333");
		after = time(NULL);
		if ((before < at) != (after < at))
			continue; /* that second fell among the questions */
		assert_int_equal(ends, after < at ? REASON_PASS : REASON_SENDER_EXPIRED);
		assert_int_equal(begins, after < at ? REASON_SENDER_EXPIRED : REASON_PASS);
		assert_int_equal(blocked, after < at ? REASON_SENDER_BLOCKED : REASON_PASS);
	}
	assert_int_equal(in_force().generation, pushed);
}

static void the_socket_is_not_for_everybody(void **state)
{
	struct stat s;

	(void)state;
	control_start();
	assert_int_equal(stat(temp_path("c.sock"), &s), 0);
	assert_int_equal(s.st_mode & 0777, 0660);
}

static void versions_are_listed_compared_and_restored(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	temp_write("one.yaml",
	           "rules:\n"
	           "- { id: a, sentence: s, action: refuse, patterns: [ { literal: x } ] }\n"
	           "- { id: b, sentence: s, action: flag, patterns: [ { literal: y } ] }\n");
	temp_write("two.yaml",
	           "rules:\n"
	           "- { id: c, sentence: new, weight: 1, patterns: [ { literal: z } ] }\n"
	           "- { id: a, sentence: s, action: observe,\n"
	           "    patterns: [ { literal: x }, { literal: xx } ] }\n");
	assert_int_equal(ctl("rules rollback"), 1);
	assert_int_equal(import("rules push", "one.yaml"), 0);
	assert_true(said("version 1:"));
	assert_int_equal(in_force().rules_version, 1);
	assert_int_equal(import("rules push", "two.yaml"), 0);
	assert_int_equal(in_force().rules_version, 2);
	assert_int_equal(ctl("rules diff 1 2"), 0);
	assert_true(said("+ c (new)") && said("- b (s)") && said("~ a (s)"));
	assert_true(said("action: refuse -> observe") && said("+ pattern: xx"));
	assert_int_equal(ctl("rules diff 2 7"), 1);
	assert_int_equal(ctl("rules rollback"), 0);
	assert_true(said("back to version 1: 2 rules"));
	assert_int_equal(in_force().rules_version, 1);
	assert_int_equal(in_force().rules, 2);
	assert_int_equal(ctl("rules versions --json"), 0);
	assert_true(said("\"version\":1,\"in_force\":true") && said("two.yaml"));
	assert_int_equal(ctl("rules rollback"), 1);
	assert_true(said("no version before"));
	assert_int_equal(ctl("rules rollback 2"), 0);
	assert_int_equal(in_force().rules_version, 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(imports_reach_the_data_plane),
		T(sanctions_are_enforced_on_return),
		T(every_verb_is_enforced_on_return),
		T(deltas_of_a_file),
		T(deltas_are_csv),
		T(bad_rows_are_collected),
		T(away_is_said_and_made_up_for),
		T(rules_are_pushed_or_refused),
		T(a_bad_file_changes_nothing),
		T(counters_and_audit_are_shown),
		T(killed_during_an_import),
		T(validity_comes_and_goes_without_a_push),
		T(the_socket_is_not_for_everybody),
		T(versions_are_listed_compared_and_restored),
	};

	if (argc != 3)
		return 2;
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
