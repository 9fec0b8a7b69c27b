/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crash_point.h"

#define PATH_SIZE 4096u

int file_write(int fd, const void *octets, size_t size, size_t offset)
{
	const uint8_t *at = octets;

	while (size != 0) {
		const ssize_t n = pwrite(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		offset += (size_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int flush_folder(const char *path)
{
	char folder[PATH_SIZE];
	const char *slash = strrchr(path, '/');
	const int len = slash ? (int)(slash - path) + 1 : 1;

	snprintf(folder, sizeof(folder), "%.*s", len, slash ? path : ".");
	const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	const int rc = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return rc;
}

static int write_new(const char *path, const void *octets, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int rc = file_write(fd, octets, size, 0);
	if (rc == 0 && fsync(fd) != 0)
		rc = -errno;
	close(fd);
	return rc;
}

int file_replace(const char *path, const void *octets, size_t size, int *replaced)
{
	char next[PATH_SIZE];

	*replaced = 0;
	if ((size_t)snprintf(next, sizeof(next), "%s.new", path) >= sizeof(next))
		return -ENAMETOOLONG;
	int rc = write_new(next, octets, size);
	crash_point("file_written");
	if (rc == 0 && rename(next, path) != 0)
		rc = -errno;
	if (rc != 0) {
		(void)unlink(next); /* a full disk gets its room back */
		return rc;
	}
	crash_point("file_renamed");
	*replaced = 1;
	return flush_folder(path);
}
