/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_file: kills the process at the point that a file names, once.
 *
 * Linked with a daemon's own main(), so that both daemons can be killed where they are
 * (tests/netns/crash.py). SLUICE_CRASH_FILE is the path of the file; it is removed first.
 */
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash_point.h"

void crash_point(const char *name)
{
	const char *path = getenv("SLUICE_CRASH_FILE");
	FILE *f = path == NULL ? NULL : fopen(path, "r");
	char wanted[64] = "";

	if (f == NULL)
		return;
	const bool here = fgets(wanted, sizeof(wanted), f) != NULL && strcmp(wanted, name) == 0;
	fclose(f);
	if (!here || unlink(path) != 0)
		return;
	kill(getpid(), SIGKILL);
}
