/* SPDX-License-Identifier: Apache-2.0 */
#include "setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20) /* octets; a settings file has a few hundred */

static int read_whole(FILE *file, char **text, size_t *len)
{
	*text = malloc(FILE_MAX + 1);
	if (*text == NULL)
		return -ENOMEM;
	errno = 0;
	*len = fread(*text, 1, FILE_MAX + 1, file);
	if (ferror(file))
		return errno ? -errno : -EIO;
	return *len > FILE_MAX ? -EFBIG : 0;
}

int settings_read(struct settings *out, const char *path, char error[SETTING_ERROR_SIZE])
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = fopen(path, "rbe");
	int result = file ? read_whole(file, &text, &len) : -errno;

	if (file != NULL)
		fclose(file);
	if (result == 0)
		result = settings_parse(out, text, len, path, error);
	else
		snprintf(error, SETTING_ERROR_SIZE, "%.200s: cannot be read: %s", path,
		         strerror(-result));
	free(text);
	return result;
}
