/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRESH ".XXXXXX"

struct output {
	char place[PATH_MAX];                 /* behind links */
	char fresh[PATH_MAX + sizeof(FRESH)]; /* "": it is written as it is */
	int fd;
};

/* As open() would have made it, or as the one that it replaces. */
static int give_mode(int fd, const struct stat *old)
{
	const mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, old != NULL ? old->st_mode & 0777 : 0666 & ~mask);
}

static int begin(struct output *out, const char *path)
{
	struct stat s;
	const bool there = stat(path, &s) == 0;

	*out = (struct output){ .fd = -1 };
	if (there && !S_ISREG(s.st_mode)) {
		out->fd = open(path, O_WRONLY | O_CLOEXEC);
		return out->fd < 0 ? -errno : 0;
	}
	/* What may not be written is not replaced either. */
	if (there && (access(path, W_OK) != 0 || realpath(path, out->place) == NULL))
		return -errno;
	if (!there && snprintf(out->place, PATH_MAX, "%s", path) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(out->fresh, sizeof(out->fresh), "%s" FRESH, out->place);
	out->fd = mkostemp(out->fresh, O_CLOEXEC);
	if (out->fd < 0 || give_mode(out->fd, there ? &s : NULL) != 0)
		return -errno;
	return 0;
}

/* result: of what was done with it. */
static int end(struct output *out, int result)
{
	if (out->fd >= 0 && close(out->fd) != 0 && result == 0)
		result = -errno;
	if (out->fresh[0] == '\0' || out->fd < 0)
		return result;
	if (result == 0 && rename(out->fresh, out->place) != 0)
		result = -errno;
	if (result != 0)
		unlink(out->fresh);
	return result;
}

int output_check(const char *path)
{
	struct output out;
	const int result = begin(&out, path);

	(void)end(&out, -ECANCELED);
	return result;
}

int output_write(const char *path, const char *text, size_t size)
{
	struct output out;
	int result = begin(&out, path);

	while (result == 0 && size > 0) {
		const ssize_t n = write(out.fd, text, size);
		if (n < 0) {
			result = -errno;
			break;
		}
		text += n;
		size -= (size_t)n;
	}
	return end(&out, result);
}
