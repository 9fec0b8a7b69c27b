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
#define PIECE ((size_t)1 << 20)

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

int file_flush_folder(const char *path)
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

/* A piece at a time, each on its way to the disk before the next: whoever flushes a few
 * octets meanwhile waits for one piece, not for the file. */
static int write_evenly(int fd, const uint8_t *octets, size_t size)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < size; at += PIECE) {
		const size_t n = size - at < PIECE ? size - at : PIECE;

		rc = file_write(fd, octets + at, n, at);
		if (rc == 0 && size > PIECE) /* fsync() says whether it failed */
			(void)!sync_file_range(fd, (off_t)at, (off_t)n,
			                       SYNC_FILE_RANGE_WRITE |
			                               SYNC_FILE_RANGE_WAIT_AFTER);
	}
	return rc;
}

static int write_new(const char *path, const void *octets, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int rc = write_evenly(fd, octets, size);
	if (rc == 0 && fsync(fd) != 0)
		rc = -errno;
	close(fd);
	return rc;
}

int file_rename(const char *from, const char *path, int *renamed)
{
	*renamed = 0;
	if (rename(from, path) != 0)
		return -errno;
	crash_point("file_renamed");
	*renamed = 1;
	return file_flush_folder(path);
}

int file_replace(const char *path, const void *octets, size_t size, int *replaced)
{
	char next[PATH_SIZE];

	*replaced = 0;
	if ((size_t)snprintf(next, sizeof(next), "%s.new", path) >= sizeof(next))
		return -ENAMETOOLONG;
	int rc = write_new(next, octets, size);
	crash_point("file_written");
	if (rc == 0)
		rc = file_rename(next, path, replaced);
	if (rc != 0 && !*replaced)
		(void)unlink(next); /* a full disk gets its room back */
	return rc;
}
