/* SPDX-License-Identifier: Apache-2.0 */
/*
 * temp: a folder of this test's own, and files in it. Include cmocka.h first.
 */
#ifndef TEST_TEMP_H
#define TEST_TEMP_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char temp_dir[64];

static inline int temp_make(void **state)
{
	(void)state;
	strcpy(temp_dir, "/tmp/sluice-control-XXXXXX");
	return mkdtemp(temp_dir) == NULL;
}

static inline int temp_remove(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", temp_dir);
	return system(command); /* our own folder, from mkdtemp() */
}

/* Path of a name in the folder; eight of them live at a time. */
static inline const char *temp_path(const char *name)
{
	static char paths[8][160];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", temp_dir, name);
	return path;
}

static inline const char *temp_write(const char *name, const char *text)
{
	const char *path = temp_path(name);
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	return path;
}

#endif
