/* SPDX-License-Identifier: Apache-2.0 */
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PATH_SIZE 4096u

/* The process that has the lock has written its number there; 0: it does not say. */
static int read_holder(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? (int)strtol(text, NULL, 10) : 0;
}

static int lock(int fd, const char *path, const char *has, char *error)
{
	char pid[16];

	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		const int e = errno;
		if (e != EWOULDBLOCK) {
			snprintf(error, CLAIM_ERROR_SIZE, "%.200s: %s", path, strerror(e));
			return -e;
		}
		snprintf(error, CLAIM_ERROR_SIZE,
		         "another sluice-control (process %d) %.100s; stop it first",
		         read_holder(fd), has);
		return -EBUSY;
	}
	/* For the sentence above alone: a full disk is no reason not to start. */
	const int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, pid, (size_t)n, 0);
	return 0;
}

int claim(const char *path, const char *has, char error[CLAIM_ERROR_SIZE])
{
	char beside[PATH_SIZE];

	if ((size_t)snprintf(beside, sizeof(beside), "%s.lock", path) >= sizeof(beside)) {
		snprintf(error, CLAIM_ERROR_SIZE, "the path is too long");
		return -ENAMETOOLONG;
	}
	const int fd = open(beside, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		const int e = errno;
		snprintf(error, CLAIM_ERROR_SIZE, "cannot make %.200s: %s", beside,
		         strerror(e));
		return -e;
	}
	const int result = lock(fd, beside, has, error);
	if (result == 0)
		return fd;
	close(fd);
	return result;
}
