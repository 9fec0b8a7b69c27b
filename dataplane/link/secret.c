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

#include "file.h"

static int fail(char error[200], const char *path, int code, const char *why)
{
	snprintf(error, 200, "%s: %s", path, why);
	return code;
}

/* On disk before anything is hashed under it, whole or not at all: a start that the power
 * ended must not leave a file that no later start takes. */
static int make(const char *path, uint8_t key[SECRET_SIZE], char error[200])
{
	int replaced;

	if (getrandom(key, SECRET_SIZE, 0) != (ssize_t)SECRET_SIZE)
		return fail(error, path, -EIO, "no random octets for a new key");
	const int rc = file_replace(path, key, SECRET_SIZE, &replaced);
	return rc == 0 ? 0 : fail(error, path, rc, strerror(-rc));
}

int secret_read(const char *path, uint8_t key[SECRET_SIZE], char error[200])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t more;

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

int secret_load(const char *path, uint8_t key[SECRET_SIZE], char error[200])
{
	const int result = secret_read(path, key, error);

	return result == -ENOENT ? make(path, key, error) : result;
}
