/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared: find the material beside the project that some tests need.
 *
 * The files of ../shared are never part of the project. Missing under CI=true is
 * a failure; elsewhere the test says that it was skipped.
 */
#ifndef TEST_SHARED_H
#define TEST_SHARED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Path of ../shared/name in path, or skip() / fail(). Include cmocka.h first. */
static inline void shared_path(char *path, size_t size, const char *name)
{
	const char *root = getenv("SLUICE_SHARED");

	snprintf(path, size, "%s/%s", root ? root : "../shared", name);
	if (access(path, R_OK) == 0)
		return;
	const char *ci = getenv("CI");
	if (ci != NULL && strcmp(ci, "true") == 0)
		fail_msg("%s is missing", path);
	print_message("skipped: %s is missing\n", path);
	skip();
}

#endif
