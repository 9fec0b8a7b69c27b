/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fail.h"

static const struct own_command own_commands[OWN_COMMANDS] = {
	{ { "rules", "train" }, train_option_rows, run_train },
	{ { "rules", "test" }, judge_option_rows, run_rules_test },
	{ { "explain", NULL }, explain_option_rows, run_explain },
};

/* The row of "--name" or "--name=value", also of the beginning of a name; NULL: none. */
static const struct option *row_of(const struct option *rows, const char *argument)
{
	const size_t n = strcspn(argument + 2, "=");
	const struct option *found = NULL;

	for (; n > 0 && rows->name != NULL; rows++) {
		if (strncmp(rows->name, argument + 2, n) != 0)
			continue;
		if (rows->name[n] == '\0')
			return rows;
		found = found == NULL ? rows : found;
	}
	return found;
}

/* Whatever command it is of: none has another one's option in another way. */
static const struct option *any_row(const struct option *common, const char *argument)
{
	const struct option *row = row_of(common, argument);

	for (unsigned i = 0; row == NULL && i < OWN_COMMANDS; i++)
		row = row_of(own_commands[i].options, argument);
	return row;
}

static bool is(const struct option *row, const char *name)
{
	return row != NULL && strcmp(row->name, name) == 0;
}

static bool is_option(const char *argument)
{
	return argument[0] == '-' && argument[1] == '-' && argument[2] != '\0';
}

/* Arguments that an option at argv[0] takes, itself included. */
static int length_of(const struct option *row, const char *argument)
{
	return row != NULL && row->has_arg == required_argument && strchr(argument, '=') == NULL
	               ? 2
	               : 1;
}

struct words words_find(int argc, char **argv, const struct option *common)
{
	struct words w = { .n = 0 };
	bool options = true;

	for (int i = 1; i < argc;) {
		const bool option = options && is_option(argv[i]);
		const struct option *row = option ? any_row(common, argv[i]) : NULL;

		w.json |= is(row, "json");
		if (strcmp(argv[i], "--") == 0)
			options = false;
		else if (!option && !(options && argv[i][0] == '-') && w.n < 2)
			w.at[w.n++] = i;
		i += length_of(row, argv[i]);
	}
	for (unsigned i = 0; i < OWN_COMMANDS; i++) {
		const char *const *own = own_commands[i].words;
		const int n = own[1] != NULL ? 2 : 1;

		if (w.n < n || strcmp(argv[w.at[0]], own[0]) != 0 ||
		    (n == 2 && strcmp(argv[w.at[1]], own[1]) != 0))
			continue;
		w.own = &own_commands[i];
		w.n = n;
		break;
	}
	return w;
}

int words_run(const struct words *words, int argc, char **argv)
{
	static const struct option socket[] = { { "socket", required_argument, NULL, 's' },
		                                { NULL, 0, NULL, 0 } };
	char **rest = calloc((size_t)argc + 1, sizeof(*rest));
	int n = 0, taken;

	if (rest == NULL) {
		cli_fail("out of memory");
		return EXIT_FAILED;
	}
	rest[n++] = argv[words->at[words->n - 1]];
	for (int i = 1; i < argc; i += taken) {
		const bool option = is_option(argv[i]);
		const struct option *row = option ? row_of(words->own->options, argv[i]) : NULL;
		const struct option *unused =
			option && row == NULL ? row_of(socket, argv[i]) : NULL;
		const bool word = i == words->at[0] || (words->n == 2 && i == words->at[1]);

		taken = length_of(unused != NULL ? unused : row, argv[i]);
		for (int k = i; k < argc && k < i + taken && !word && unused == NULL; k++)
			rest[n++] = argv[k];
	}
	const int status = words->own->run(n, rest);
	free(rest);
	return status;
}
