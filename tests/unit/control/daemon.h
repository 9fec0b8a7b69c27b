/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon: sluice-control and sluicectl as they are installed, in this test's folder (temp.h).
 * Include cmocka.h first.
 */
#ifndef TEST_DAEMON_H
#define TEST_DAEMON_H
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp.h"

static const char *control_path, *ctl_path; /* for main() to set */
static pid_t control;
static const char *recipient_key; /* of the next control_start(); NULL: none */
static char output[65536]; /* of the last sluicectl, stdout and stderr */

/* sluicectl with these arguments; its exit status, what it says in output. */
static inline int ctl(const char *arguments)
{
	char command[1000];

	snprintf(command, sizeof(command), "%s --socket %s/c.sock %s 2>&1", ctl_path, temp_dir,
	         arguments);
	FILE *f = popen(command, "r"); /* arguments are of this file */
	assert_non_null(f);
	const size_t n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	const int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool said(const char *text)
{
	if (strstr(output, text) != NULL)
		return true;
	print_message("\"%s\" is not in: %s\n", text, output);
	return false;
}

/* Until sluicectl status says this; at most twenty seconds and the time of asking. */
static inline bool becomes(const char *text)
{
	for (int i = 0; i < 400; i++) {
		if (ctl("status --json") == 0 && strstr(output, text) != NULL)
			return true;
		usleep(50000);
	}
	return said(text);
}

static inline void control_start(void)
{
	char paths[5][160];
	static const char *const names[] = { "r.sqlite", "c.sock", "dp.sock", "report", "log" };

	for (int i = 0; i < 5; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", temp_dir, names[i]);
	control = fork();
	assert_true(control >= 0);
	if (control == 0) {
		if (freopen(paths[4], "a", stderr) == NULL)
			_exit(99);
		execl(control_path, control_path, "--database", paths[0], "--socket", paths[1],
		      "--link", paths[2], "--report", paths[3],
		      recipient_key ? "--recipient-key" : (char *)NULL, recipient_key,
		      (char *)NULL);
		_exit(99);
	}
	assert_true(becomes("\"registry\""));
}

static inline int control_end(int signal_number)
{
	int status = 0;

	kill(control, signal_number);
	assert_int_equal(waitpid(control, &status, 0), control);
	control = 0;
	return status;
}

static inline int import(const char *words, const char *file)
{
	char arguments[300];

	snprintf(arguments, sizeof(arguments), "%s %s/%s", words, temp_dir, file);
	return ctl(arguments);
}

#endif
