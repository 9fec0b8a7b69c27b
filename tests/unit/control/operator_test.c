/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator: what sluicectl says to a person: why nobody answers, of one thing and of several,
 * of rules from a pipe, of a change that was interrupted.
 *
 * usage: operator_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "image_format.h"
#include "plane.h"
#include "daemon.h"

#define RULE \
	"rules:\n- { id: a, sentence: s, action: refuse, patterns: [ { literal: loan } ] }\n"

static int setup(void **state)
{
	assert_int_equal(temp_make(state), 0);
	temp_write("one.yaml", RULE);
	temp_write("a.csv", "system_id\nacme\n");
	return 0;
}

static int teardown(void **state)
{
	if (control > 0)
		control_end(SIGKILL);
	return temp_remove(state);
}

/* A socket at c.sock that nobody serves, and so many who wait there. */
static int listen_there(int backlog, int waiting)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/c.sock", temp_dir);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	for (int i = 0; i < waiting; i++) {
		const int one = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(
			connect(one, (const struct sockaddr *)&address, sizeof(address)), 0);
	}
	return fd;
}

static void why_nobody_answers(void **state)
{
	(void)state;
	assert_int_equal(ctl("status"), 1);
	assert_true(said("/c.sock: sluice-control does not answer: No such file or directory; "
	                 "start it, or give --socket"));
	const int fd = listen_there(0, 1);
	assert_int_equal(ctl("status"), 1);
	assert_true(said("Resource temporarily unavailable; it is there, but too many ask it "
	                 "at once: try again"));
	close(fd);
	assert_int_equal(ctl("status --json"), 1);
	assert_true(said("\"error\":\"sluice-control does not answer: Connection refused\""));
	if (geteuid() != 0)
		skip();
	unlink(temp_path("c.sock"));
	control_start();
	assert_int_equal(chmod(temp_dir, 0711), 0);
	const pid_t stranger = fork();
	if (stranger == 0)
		_exit(setgid(65534) != 0 || setuid(65534) != 0 || ctl("status") != 1 ||
		      !said("Permission denied; be root, or of the group that has the socket"));
	int status = 0;
	assert_int_equal(waitpid(stranger, &status, 0), stranger);
	assert_int_equal(status, 0);
}

/* With this text on stdin. */
static int ctl_reads(const char *text, const char *arguments)
{
	char command[900];

	snprintf(command, sizeof(command), "%s - < %s", arguments, temp_write("piped", text));
	return ctl(command);
}

static void of_one_and_of_several(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_true(said("1 account read: 1 added, 0 updated"));
	assert_int_equal(import("rules push", "one.yaml"), 0);
	assert_true(said("version 1: 1 rule, 1 pattern, 0 tests passed"));
	assert_int_equal(ctl("rules rollback nonsense"), 1);
	assert_true(said("\"nonsense\" is no version"));
	/* Said to a person, not to a program. */
	assert_int_equal(ctl("block sender 010-1234-5678 --until yesterday"), 1);
	assert_true(said("or forever; nothing was changed\n"));
	assert_int_equal(ctl("policy set nonsense 1"), 1);
	assert_true(said("the policy has no \"nonsense\"; check the spelling\n"));
	assert_int_equal(ctl("policy set refuse_at_bind 7"), 1);
	assert_true(said("\"sluicectl policy show\" has the bounds"));
}

/* What an operator may do about a name that nothing has. */
static void of_what_is_not_there(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(ctl("campaigns unblock 3b1f00c29e77a5d4"), 1);
	assert_true(said("3b1f00c29e77a5d4 is not acted upon; \"sluicectl campaigns list\" "
	                 "names those that are\n"));
	assert_int_equal(ctl("lift sender 010-1234-5678"), 1);
	assert_true(said("is registered; check the spelling; nothing was changed\n"));
	assert_int_equal(ctl("suspend sender 010-1234-5678"), 1);
	assert_true(said("\"sluicectl block sender\" needs no registered one\n"));
	assert_int_equal(ctl("add sender 010-1234-5678 --owner nobody"), 1);
	assert_true(said("check the spelling; import or add it first\n"));
}

/* Of a rule with many patterns those that weigh most, and whose points a score is. */
static void whose_points(void **state)
{
	static const char rules[] =
		"rules:\n- id: pieces\n  sentence: s\n  weight: 6\n  threshold: 20\n"
		"  patterns:\n  - { literal: a1, weight: 1 }\n  - { literal: b2, weight: 20 }\n"
		"  - { literal: c3, weight: -9 }\n  - { literal: d4, weight: 3 }\n"
		"  - { literal: e5, weight: 4 }\n  - { literal: f6, weight: 5 }\n"
		"  - { literal: g7, weight: -0.5 }\n"
		"- { id: notice, sentence: s, weight: -2.5, patterns: [ { literal: dear } ] }\n"
		"- { id: links, sentence: s, weight: 1, patterns: [ { literal: http } ] }\n";
	char words[300];

	(void)state;
	temp_write("p.yaml", rules);
	snprintf(words, sizeof(words),
	         "explain --no-cache --rules %s --text 'dear http a1 b2 c3 d4 e5 f6 g7'",
	         temp_path("p.yaml"));
	assert_int_equal(ctl(words), 0);
	assert_true(said("rule        pieces weighs: acts, weights 23.5 of 20, gives 6 (s)"));
	assert_true(said("\"b2\" (+20)") && said("\"c3\" (-9)") && said("\"f6\" (+5)"));
	assert_true(said("  and 2 more that weigh no more: --all\n"));
	assert_null(strstr(output, "\"a1\" (+1)"));
	assert_true(said("notice weighs: acts, takes 2.5 from what others give (s)"));
	assert_true(
		said("score       4.5 = 6 of pieces - 2.5 of notice + 1 of links; refused "));
	strcat(words, " --all");
	assert_int_equal(ctl(words), 0);
	assert_true(said("\"a1\" (+1)") && said("\"g7\" (-0.5)"));
	assert_null(strstr(output, "more that weigh"));
	strcpy(strstr(words, " --all"), " --json");
	assert_int_equal(ctl(words), 0);
	assert_true(said("\"weights\":23.5,\"threshold\":20.0,\"points\":6.0"));
	assert_true(said("\"threshold\":null,\"points\":-2.5"));
}

static void numbers_with_letters(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(ctl_reads("address,owner\n010-12o4-5678,acme\n1588CALL,acme\n"
	                           "SHOP2,acme\n010-1234-5678,acme\n",
	                           "senders import"),
	                 0);
	assert_true(said("note: stdin:2: address: \"010-12o4-5678\" has a letter, so it is a"));
	assert_true(said("4 senders read: 4 added"));
	assert_null(strstr(output, "1588CALL"));
}

/* As a spreadsheet writes numbers that it took for numbers. */
static void numbers_without_their_zero(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(ctl_reads("address,owner\n212345678,acme\n1012345678,acme\n"
	                           "12125551234,acme\n15881234,acme\n+212345678901,acme\n"
	                           "821098765432,acme\n",
	                           "senders import"),
	                 0);
	assert_true(said("note: stdin:2: address: \"212345678\" is +212345678, a number of "
	                 "another country: has a spreadsheet taken its first 0?\n"));
	assert_true(said("6 senders read: 6 added"));
	for (unsigned row = 3; row <= 7; row++) {
		char other[16];
		snprintf(other, sizeof(other), "stdin:%u:", row);
		assert_null(strstr(output, other));
	}
}

/* An option of another command would be lost without a word. */
static void options_of_others(void **state)
{
	static const char *const wrong[] = {
		"rules push one.yaml --budget-ns 300",
		"suspend account a --until 2030-01-01",
		"audit --top 5",
		"campaigns list --account a",
		"status --follow",
		"counters --limit 5",
		"drain --all",
		"audit --radius 3",
		"suspend account a --action flag",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ctl(wrong[i]), 2);
	assert_int_equal(ctl("rules push one.yaml --budget-ns 300"), 2);
	assert_true(said("rules push has no option --budget-ns; --help behind it shows"));
}

static void rules_from_a_pipe(void **state)
{
	(void)state;
	assert_int_equal(ctl_reads(RULE, "rules check"), 0);
	assert_true(said("stdin is good: 1 rule, 1 pattern, 0 tests passed"));
	assert_int_equal(ctl_reads("rules: 7", "rules check"), 1);
	assert_true(said("stdin:1:8: ") && said("1 problem in stdin; mend"));
	temp_write("c.tsv", "ham\thello\nspam\ta loan\n");
	char words[300];
	snprintf(words, sizeof(words), "rules test --corpus %s --rules", temp_path("c.tsv"));
	assert_int_equal(ctl_reads(RULE, words), 0);
	assert_true(said("recall"));
	control_start();
	assert_int_equal(ctl_reads(RULE, "rules push"), 0);
	assert_int_equal(ctl("rules versions"), 0);
	assert_true(said("  stdin\n"));
	assert_int_equal(ctl_reads(RULE, "rules diff 1"), 0);
	assert_true(said("no rule differs"));
}

/* Nobody serves the socket, so the push that is there waits until it is told to stop. */
static void interrupted(void **state)
{
	const int fd = listen_there(4, 0);
	struct pollfd comes = { .fd = fd, .events = POLLIN };
	int status = 0;

	(void)state;
	control = fork();
	if (control == 0) {
		if (freopen(temp_path("said"), "w", stderr) == NULL)
			_exit(99);
		execl(ctl_path, ctl_path, "--socket", temp_path("c.sock"), "rules", "push",
		      temp_path("one.yaml"), (char *)NULL);
		_exit(99);
	}
	assert_int_equal(poll(&comes, 1, 60000), 1);
	status = control_end(SIGINT);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	FILE *f = fopen(temp_path("said"), "r");
	assert_non_null(f);
	output[fread(output, 1, sizeof(output) - 1, f)] = '\0';
	fclose(f);
	assert_true(said("interrupted: what sluice-control was sent it may yet do; "
	                 "\"sluicectl status\" shows what the registry holds\n"));
	close(fd);
}

/* 33 accounts, a0 to a32, and a file of one sender with so many of them as owners. */
static void write_owners(const char *file, unsigned n)
{
	char text[1000] = "system_id\n", *to = text + strlen(text);

	for (unsigned i = 0; i <= SENDER_OWNERS_MAX; i++)
		to += sprintf(to, "a%u\n", i);
	temp_write("many.csv", text);
	to = text + sprintf(text, "address,owner\n010-1234-5678,a0");
	for (unsigned i = 1; i < n; i++)
		to += sprintf(to, ";a%u", i);
	sprintf(to, "\n");
	temp_write(file, text);
}

/* One bound from the file to the tables; a delta's own is named with the way round it. */
static void owners_of_a_sender(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	write_owners("33.csv", SENDER_OWNERS_MAX + 1);
	write_owners("32.csv", SENDER_OWNERS_MAX);
	assert_int_equal(import("accounts import", "many.csv"), 0);
	assert_int_equal(import("senders import", "33.csv"), 1);
	assert_true(
		said("33.csv:2: owner: more than 32 owners, which is all a sender can have"));
	assert_int_equal(import("senders import", "32.csv"), 0);
	assert_int_equal(reason_of("a0", "01012345678"), REASON_PASS);
	assert_int_equal(reason_of("a31", "01012345678"), REASON_PASS);
	assert_int_equal(reason_of("a32", "01012345678"), REASON_SENDER_NOT_OWNED);
	assert_int_equal(ctl("add sender 0212345678 --owner 'a0;a1;a2;a3;a4'"), 1);
	assert_true(
		said("a sender that is added has 1 to 4 owners; one that is imported has up "
	             "to 32; nothing was changed"));
	assert_int_equal(ctl("add sender 0212345678 --owner 'a0;a1;a2;a3'"), 0);
	assert_int_equal(reason_of("a3", "0212345678"), REASON_PASS);
	/* One that is named twice is one, as in a file. */
	assert_int_equal(ctl("add sender 0212345679 --owner 'a0;a1;a2;a3;a1;a0'"), 0);
	assert_int_equal(reason_of("a3", "0212345679"), REASON_PASS);
	assert_int_equal(reason_of("a4", "0212345679"), REASON_SENDER_NOT_OWNED);
	data_plane_stop();
}

/* A system_id may have blanks in it, and none that are between owners. */
static void owners_with_blanks(void **state)
{
	(void)state;
	data_plane_start(temp_dir);
	control_start();
	temp_write("a.csv", "system_id\nmy esme\nother\n");
	temp_write("s.csv", "address,owner\n010-1234-5678,other ;; my esme;\n");
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("senders import", "s.csv"), 0);
	assert_int_equal(reason_of("my esme", "01012345678"), REASON_PASS);
	assert_int_equal(reason_of("other", "01012345678"), REASON_PASS);
	assert_int_equal(ctl("add sender 0212345678 --owner ' my esme '"), 0);
	assert_int_equal(reason_of("my esme", "0212345678"), REASON_PASS);
	assert_int_equal(reason_of("other", "0212345678"), REASON_SENDER_NOT_OWNED);
	data_plane_stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(why_nobody_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(of_one_and_of_several, setup, teardown),
		cmocka_unit_test_setup_teardown(of_what_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(whose_points, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_with_letters, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_without_their_zero, setup, teardown),
		cmocka_unit_test_setup_teardown(options_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_from_a_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(owners_of_a_sender, setup, teardown),
		cmocka_unit_test_setup_teardown(owners_with_blanks, setup, teardown),
	};

	if (argc != 3) {
		fputs("usage: operator_test SLUICE_CONTROL SLUICECTL\n", stderr);
		return 2;
	}
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
