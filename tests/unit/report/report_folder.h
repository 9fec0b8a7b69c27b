/* SPDX-License-Identifier: Apache-2.0 */
/* report_folder: a place for one report file, and for what it is set aside as, on tmpfs. */
#ifndef TEST_REPORT_FOLDER_H
#define TEST_REPORT_FOLDER_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], path[96], old_path[112];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/dev/shm/sluice-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/report", folder);
	snprintf(old_path, sizeof(old_path), "%s.old", path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(old_path);
	return rmdir(folder);
}

#endif
