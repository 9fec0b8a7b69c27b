/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad_rows: where --skip-bad puts the rows that an import left out, each whole and under a
 * line that says what is wrong; importers pass over that line.
 */
#ifndef CONTROL_CLI_BAD_ROWS_H
#define CONTROL_CLI_BAD_ROWS_H
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "check.h"

struct bad_rows {
	const char *path;
	FILE *out;
	bool made; /* it was not there before */
};

/*
 * Before anything is imported: path can be written, and is not the file that is read ("-":
 * standard input). An exit status; what was in path is there until bad_rows_write().
 */
must_use int bad_rows_open(struct bad_rows *out, const char *path, const char *input);

/*
 * The rows of text[0 .. size) that the answer of an import names; closes. An exit status.
 * text is overwritten when there are any, text[size] too.
 */
must_use int bad_rows_write(struct bad_rows *rows, char *text, size_t size,
                            const json_t *answer);

/* Instead of it: nothing was imported. */
void bad_rows_drop(struct bad_rows *rows);

#endif
