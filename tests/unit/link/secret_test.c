/* SPDX-License-Identifier: Apache-2.0 */
/* The key of recipients' numbers: made once, the same ever after, and for nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash_point.h"
#include "secret.h"

static char folder[64], path[96], error[200];
static bool dies; /* when the octets are on disk, before they have their name */

void crash_point(const char *name)
{
	if (dies && strcmp(name, "file_written") == 0)
		_exit(77);
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/sluice-secret-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/key", folder);
	return 0;
}

static int teardown(void **state)
{
	char next[112];

	(void)state;
	snprintf(next, sizeof(next), "%s.new", path);
	(void)unlink(next);
	(void)unlink(path);
	return rmdir(folder);
}

static void it_is_made_once(void **state)
{
	uint8_t first[SECRET_SIZE], second[SECRET_SIZE];
	const mode_t before = umask(0);
	struct stat st;

	(void)state;
	assert_int_equal(secret_load(path, first, error), 0);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, SECRET_SIZE);
	assert_int_equal(secret_load(path, second, error), 0);
	assert_memory_equal(first, second, SECRET_SIZE);
}

/* Killed while it is made: the next start makes one as if there had been none. */
static void a_start_that_ends_leaves_none(void **state)
{
	uint8_t first[SECRET_SIZE], second[SECRET_SIZE];
	int status;

	(void)state;
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dies = true;
		_exit(secret_load(path, first, error) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 77);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(secret_load(path, first, error), 0);
	assert_int_equal(secret_load(path, second, error), 0);
	assert_memory_equal(first, second, SECRET_SIZE);
}

static void put(const char *octets, size_t n, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, octets, n), (ssize_t)n);
	close(fd);
}

static void what_is_no_key_is_refused(void **state)
{
	uint8_t key[SECRET_SIZE];

	(void)state;
	for (mode_t mode = 1; mode <= 040; mode <<= 1) {
		put("0123456789abcdef", SECRET_SIZE, 0600 | mode);
		assert_int_equal(secret_load(path, key, error), -EPERM);
		assert_non_null(strstr(error, "chmod 600"));
	}
	put("0123456789abcde", SECRET_SIZE - 1, 0600);
	assert_int_equal(secret_load(path, key, error), -EINVAL);
	put("0123456789abcdefg", SECRET_SIZE + 1, 0600);
	assert_int_equal(secret_load(path, key, error), -EINVAL);
	assert_non_null(strstr(error, path));
	assert_int_equal(secret_load("/nonesuch/key", key, error), -ENOENT);
	assert_non_null(strstr(error, "/nonesuch/key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_made_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_start_that_ends_leaves_none, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
