/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: a sluice-control that dies leaves no core file: a key and texts are in its memory.
 *
 * usage: core_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "daemon.h"

/* Whether this machine writes a core file of anybody, where it is written. */
static bool cores_are_written(void)
{
	int status = 0;
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		abort();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WCOREDUMP(status);
}

static void it_leaves_no_core(void **state)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)state;
	assert_int_equal(chdir(temp_dir), 0);
	if (setrlimit(RLIMIT_CORE, &all) != 0 || !cores_are_written())
		skip();
	control_start();
	const int status = control_end(SIGABRT);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_false(WCOREDUMP(status));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_leaves_no_core, temp_make, temp_remove),
	};

	if (argc != 3)
		return 2;
	control_path = realpath(argv[1], NULL);
	ctl_path = realpath(argv[2], NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
