/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(char error[200], const char *path, int code, const char *why)
{
	snprintf(error, 200, "%s: %s", path, why);
	return code;
}

static int make(const char *path, uint8_t key[SECRET_SIZE], char error[200])
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(error, path, -errno, strerror(errno));
	if (getrandom(key, SECRET_SIZE, 0) != (ssize_t)SECRET_SIZE ||
	    write(fd, key, SECRET_SIZE) != (ssize_t)SECRET_SIZE || fsync(fd) != 0) {
		const int code = errno ? -errno : -EIO;
		close(fd);
		unlink(path);
		return fail(error, path, code, "could not write a new key");
	}
	close(fd);
	return 0;
}

int secret_load(const char *path, uint8_t key[SECRET_SIZE], char error[200])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t more;

	if (fd < 0 && errno == ENOENT)
		return make(path, key, error);
	if (fd < 0)
		return fail(error, path, -errno, strerror(errno));
	const bool open_to_others = fstat(fd, &st) != 0 || (st.st_mode & 077) != 0;
	const bool right_size =
		read(fd, key, SECRET_SIZE) == (ssize_t)SECRET_SIZE && read(fd, &more, 1) == 0;
	close(fd);
	if (open_to_others)
		return fail(error, path, -EPERM, "others may read this key; chmod 600 it");
	if (!right_size)
		return fail(error, path, -EINVAL,
		            "a key is exactly 16 octets; remove it for a new one");
	return 0;
}
