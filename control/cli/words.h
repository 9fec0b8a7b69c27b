/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: which command a command line is of, wherever its options stand.
 *
 * Most commands share main()'s options. Three have their own; they get a command line
 * without the command's words and without --socket, which all take and they need not.
 * Threads: pure.
 */
#ifndef CONTROL_CLI_WORDS_H
#define CONTROL_CLI_WORDS_H
#include <getopt.h>
#include <stdbool.h>

#define OWN_COMMANDS 3u

struct own_command {
	const char *words[2]; /* as struct command */
	const struct option *options;
	int (*run)(int argc, char **argv); /* argv[0] is the last word */
};

/* Of the three, each in its command's file. */
extern const struct option train_option_rows[], judge_option_rows[], explain_option_rows[];

struct words {
	const struct own_command *own; /* NULL: main() has the options */
	bool json;                     /* --json is there */
	int at[2], n;                  /* of the words; n of them, 2 at most */
};

/* common: the options of all other commands. */
struct words words_find(int argc, char **argv, const struct option *common);

/* Run words->own on the rest of the line; an exit status. */
int words_run(const struct words *words, int argc, char **argv);

#endif
