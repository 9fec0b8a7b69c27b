/* SPDX-License-Identifier: Apache-2.0 */
/* What is another's: a registry that a sluice-control has, and a file in the socket's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp.h"

static const char *control_path;
static const char *link_name = "dp.sock"; /* of the next one that is started */

static pid_t start(const char *database, const char *socket_name, const char *log_name)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	if (freopen(temp_path(log_name), "w", stderr) == NULL)
		_exit(99);
	execl(control_path, control_path, "--database", temp_path(database), "--socket",
	      temp_path(socket_name), "--link", temp_path(link_name), "--report",
	      temp_path("report"), (char *)NULL);
	_exit(99);
}

/* Until the log says this; at most twenty seconds. */
static bool says(const char *log_name, const char *text)
{
	char log[2000];

	for (int i = 0; i < 400; i++) {
		FILE *f = fopen(temp_path(log_name), "r");
		size_t n = f == NULL ? 0 : fread(log, 1, sizeof(log) - 1, f);

		log[n] = '\0';
		if (f != NULL)
			(void)!fclose(f);
		if (strstr(log, text) != NULL)
			return true;
		usleep(50000);
	}
	return false;
}

static void end(pid_t pid, int signal_number, int *status)
{
	kill(pid, signal_number);
	assert_int_equal(waitpid(pid, status, 0), pid);
}

static void second_ends(const char *log_name, pid_t first, pid_t second, const char *has)
{
	char wanted[160];
	int status = 0;

	snprintf(wanted, sizeof(wanted),
	         "another sluice-control (process %d) %s; stop it first", (int)first, has);
	assert_true(says(log_name, wanted));
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_not_equal(access(temp_path("c2.sock"), F_OK), 0);
	assert_int_equal(kill(first, 0), 0); /* the first goes on */
}

static void two_controls_have_no_registry_in_common(void **state)
{
	int status = 0;

	(void)state;
	link_name = "dp1.sock";
	const pid_t first = start("r.sqlite", "c1.sock", "log1");
	assert_true(says("log1", "serving on"));
	link_name = "dp2.sock";
	const pid_t second = start("r.sqlite", "c2.sock", "log2");
	second_ends("log2", first, second, "has this registry");

	/* A kill leaves no claim behind. */
	end(first, SIGKILL, &status);
	const pid_t third = start("r.sqlite", "c2.sock", "log3");
	assert_true(says("log3", "serving on"));
	end(third, SIGTERM, &status);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Each would take the link from the other, with tables of its own, and its audit records. */
static void two_controls_have_no_data_plane_in_common(void **state)
{
	int status = 0;

	(void)state;
	link_name = "dp.sock";
	const pid_t first = start("r1.sqlite", "c1.sock", "log1");
	assert_true(says("log1", "serving on"));
	const pid_t second = start("r2.sqlite", "c2.sock", "log2");
	second_ends("log2", first, second, "is connected to this data plane");
	end(first, SIGKILL, &status);
	/* A folder that is not there yet is none of its troubles. */
	link_name = "later/dp.sock";
	const pid_t third = start("r2.sqlite", "c2.sock", "log3");
	assert_true(says("log3", "serving on"));
	end(third, SIGTERM, &status);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Who gives the name of a file for a socket keeps the file. */
static void what_is_no_socket_is_left_alone(void **state)
{
	char text[16] = "";
	int status = 0;

	(void)state;
	temp_write("kept", "somebody's");
	const pid_t pid = start("r.sqlite", "kept", "log");
	const bool told = says("log", "which is no socket");
	if (!told)
		kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(told);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	FILE *f = fopen(temp_path("kept"), "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "somebody's");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_controls_have_no_registry_in_common,
		                                temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(two_controls_have_no_data_plane_in_common,
		                                temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(what_is_no_socket_is_left_alone, temp_make,
		                                temp_remove),
	};

	if (argc != 2)
		return 2;
	control_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
