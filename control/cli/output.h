/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: a file that is replaced whole, or stays as it is.
 *
 * It is written beside its place, in a file of another name that then takes it. What is there
 * and no regular file, a pipe or a terminal, is written to as it is.
 *
 * Threads: any.
 */
#ifndef CONTROL_CLI_OUTPUT_H
#define CONTROL_CLI_OUTPUT_H
#include <stddef.h>

#include "check.h"

/* Whether output_write() could begin now: asked before long work. 0 or a negative errno. */
must_use int output_check(const char *path);

/* 0, or a negative errno and the old file. */
must_use int output_write(const char *path, const char *text, size_t size);

#endif
