/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail: what went wrong, said on stderr and kept for the one object that --json prints.
 *
 * Of the process, as stderr is. Threads: one.
 */
#ifndef CONTROL_CLI_FAIL_H
#define CONTROL_CLI_FAIL_H
#include <jansson.h>
#include <stdbool.h>

#include "problems.h"

/* "sluicectl: SENTENCE" on stderr; the first of them is the error of --json. */
void cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What getopt_long() did not take, with opterr = 0 and ':' before its letters. EXIT_USAGE. */
int cli_fail_option(char **argv, int result);

/* Each problem on its line of stderr behind this word, and as a list for --json. */
json_t *cli_print_problems(const struct problems *problems, const char *what);

/* The same, then how many there are in the file, and the outcome. */
void cli_fail_problems(const struct problems *problems, const char *outcome);

/* There is an object on stdout already. */
void cli_fail_printed(void);

/* status, or EXIT_FAILED, with the sentence, when stdout did not take what was printed; json:
 * of a failure of which no object was printed, print it. */
int cli_fail_end(bool json, int status);

#endif
