/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: a line for somebody who waits longer than a second for what says nothing itself.
 *
 * On a terminal's stderr alone, and it is gone at the end.
 *
 * Threads: one at a time; the line is written by one of its own.
 */
#ifndef CONTROL_CLI_PROGRESS_H
#define CONTROL_CLI_PROGRESS_H
#include <stdbool.h>

/* what: "compiling the rules", until progress_end(). quiet: write nothing (--json). */
void progress_begin(const char *what, bool quiet);
void progress_end(void);

#endif
