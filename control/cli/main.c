/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluicectl: a client of sluice-control's API, and nothing else.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "fail.h"
#include "option_place.h"
#include "words.h"

#define SOCKET_DEFAULT "/run/sluice/control.sock"

static void print_command(FILE *out, const struct command *c)
{
	fprintf(out, "  sluicectl %s%s%s%s%s\n      %s\n", c->words[0], c->words[1] ? " " : "",
	        c->words[1] ? c->words[1] : "", c->arguments[0] ? " " : "", c->arguments,
	        c->sentence);
}

static void usage(FILE *out)
{
	fputs("usage: sluicectl [--socket PATH] [--json] COMMAND ...\n\n", out);
	for (unsigned i = 0; i < cli_n_commands; i++)
		print_command(out, &cli_commands[i]);
	fputs("\nOptions of all commands:\n"
	      "  --socket PATH  of sluice-control; else $SLUICE_SOCKET, else\n"
	      "                 " SOCKET_DEFAULT "\n"
	      "  --json         one JSON object on stdout, also of a failure\n"
	      "  --help         of the command, with an example\n"
	      "  --version      and stop\n"
	      "A file that is called - is what comes on stdin.\n"
	      "\nExit status: 0 done; 1 failed; 2 wrong command line; 3 recorded, and "
	      "enforced\n"
	      "when the data plane is back. sluicectl(1) has the formats of the files.\n",
	      out);
}

static bool matches(const struct command *c, int n, char **words)
{
	return n >= 1 && strcmp(words[0], c->words[0]) == 0 &&
	       (c->words[1] == NULL || (n >= 2 && strcmp(words[1], c->words[1]) == 0));
}

static const struct command *find_command(int n, char **words)
{
	for (unsigned i = 0; i < cli_n_commands; i++)
		if (matches(&cli_commands[i], n, words))
			return &cli_commands[i];
	return NULL;
}

static bool begins_a_command(int n, char **words)
{
	for (unsigned i = 0; n > 0 && i < cli_n_commands; i++)
		if (strcmp(words[0], cli_commands[i].words[0]) == 0)
			return true;
	return false;
}

static void print_those_with(FILE *out, const char *first_word)
{
	for (unsigned i = 0; i < cli_n_commands; i++)
		if (strcmp(first_word, cli_commands[i].words[0]) == 0)
			print_command(out, &cli_commands[i]);
}

static int unknown_command(int n, char **words)
{
	const bool begun = begins_a_command(n, words);

	if (n == 0) {
		cli_fail("there is no command; sluicectl --help names them");
		return EXIT_USAGE;
	}
	cli_fail("there is no command \"%s%s%s\"; %s", words[0], n > 1 ? " " : "",
	         n > 1 ? words[1] : "",
	         begun ? "did you mean:" : "sluicectl --help names them");
	if (begun)
		print_those_with(stderr, words[0]);
	return EXIT_USAGE;
}

/* Of one command, of those that begin with a word, or of all. */
static int help_with(const struct command *c, int n, char **words)
{
	if (c != NULL) {
		print_command(stdout, c);
		printf("\nExample:\n  %s\n", c->example);
	} else if (n == 1 && begins_a_command(n, words)) {
		print_those_with(stdout, words[0]);
		puts("\n--help behind one of them shows an example of it.");
	} else if (n > 0) {
		return unknown_command(n, words);
	} else {
		usage(stdout);
	}
	return EXIT_DONE;
}

/* Where the argument of an option goes. */
static const struct option_place places[] = {
	{ 's', offsetof(struct cli, socket) },
	{ 'l', offsetof(struct cli, limit) },
	{ 'r', offsetof(struct cli, reason) },
	{ 'o', offsetof(struct cli, owner) },
	{ 'S', offsetof(struct cli, sender) },
	{ 'p', offsetof(struct cli, after) },
	{ 'F', offsetof(struct cli, from) },
	{ 'u', offsetof(struct cli, until) },
	{ 't', offsetof(struct cli, title) },
	{ 'A', offsetof(struct cli, account) },
	{ 'T', offsetof(struct cli, top) },
	{ 'm', offsetof(struct cli, min_count) },
	{ 'x', offsetof(struct cli, action) },
	{ 'n', offsetof(struct cli, note) },
	{ 'c', offsetof(struct cli, campaign) },
	{ 'R', offsetof(struct cli, radius) },
	{ 'b', offsetof(struct cli, skip_bad) },
	{ 'C', offsetof(struct cli, corpus) },
	{ 'B', offsetof(struct cli, budget_ns) },
	{ 'P', offsetof(struct cli, recipient) },
	{ 0, 0 },
};

static bool read_option(struct cli *cli, bool *help, int option)
{
	if (option_keep(cli, places, option))
		return true;
	cli->json |= option == 'j';
	cli->all |= option == 'a';
	cli->follow |= option == 'f';
	*help |= option == 'h';
	return strchr("jafh", option) != NULL;
}

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "all", no_argument, NULL, 'a' },
	{ "follow", no_argument, NULL, 'f' },
	{ "limit", required_argument, NULL, 'l' },
	{ "reason", required_argument, NULL, 'r' },
	{ "account", required_argument, NULL, 'A' },
	{ "sender", required_argument, NULL, 'S' },
	{ "recipient", required_argument, NULL, 'P' },
	{ "after", required_argument, NULL, 'p' },
	{ "top", required_argument, NULL, 'T' },
	{ "min-count", required_argument, NULL, 'm' },
	{ "action", required_argument, NULL, 'x' },
	{ "note", required_argument, NULL, 'n' },
	{ "campaign", required_argument, NULL, 'c' },
	{ "radius", required_argument, NULL, 'R' },
	{ "owner", required_argument, NULL, 'o' },
	{ "from", required_argument, NULL, 'F' },
	{ "until", required_argument, NULL, 'u' },
	{ "title", required_argument, NULL, 't' },
	{ "skip-bad", required_argument, NULL, 'b' },
	{ "corpus", required_argument, NULL, 'C' },
	{ "budget-ns", required_argument, NULL, 'B' },
	{ "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* The options into *cli; an exit status. */
static int read_options(struct cli *cli, bool *help, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == 'v') {
			puts("sluicectl " SLUICE_VERSION);
			exit(cli_fail_end(false, EXIT_DONE));
		}
		if (!read_option(cli, help, c))
			return cli_fail_option(argv, c);
	}
	return EXIT_DONE;
}

/* Whether a command's row names an option. */
static bool takes(const struct command *c, const char *name)
{
	char dashed[24];
	const size_t n = (size_t)snprintf(dashed, sizeof(dashed), "--%s", name);
	const char *at = strstr(c->arguments, dashed);

	while (at != NULL && (at[n] == '-' || (at[n] >= 'a' && at[n] <= 'z')))
		at = strstr(at + n, dashed);
	return at != NULL;
}

/* Whether an option that only some commands have was given. */
static bool given(const struct cli *cli, int letter)
{
	for (const struct option_place *p = places; p->letter != 0; p++)
		if (p->letter == letter && letter != 's')
			return *(const char *const *)((const char *)cli + p->offset) != NULL;
	return (letter == 'a' && cli->all) || (letter == 'f' && cli->follow);
}

/* An option of another command would be as if it had not been given: a budget that nobody
 * keeps, an end that never comes. */
static bool refuse_foreign(const struct cli *cli, const struct command *c)
{
	for (const struct option *o = options; o->name != NULL; o++) {
		if (!given(cli, o->val) || takes(c, o->name))
			continue;
		cli_fail("%s%s%s has no option --%s; --help behind it shows those that it has",
		         c->words[0], c->words[1] ? " " : "", c->words[1] ? c->words[1] : "",
		         o->name);
		return true;
	}
	return false;
}

static int run(struct cli *cli, bool help, int n, char **words)
{
	const struct command *c = find_command(n, words);

	if (help)
		return help_with(c, n, words);
	if (c == NULL)
		return unknown_command(n, words);
	const int skip = c->words[1] ? 2 : 1;
	const unsigned n_given = (unsigned)(n - skip);
	if (refuse_foreign(cli, c))
		return EXIT_USAGE;
	if (n_given != c->n_arguments && (c->arguments[0] != '[' || n_given != 0)) {
		cli_fail("%s%s%s takes %u argument%s, for example: %s", c->words[0],
		         c->words[1] ? " " : "", c->words[1] ? c->words[1] : "", c->n_arguments,
		         c->n_arguments == 1 ? "" : "s", c->example);
		return EXIT_USAGE;
	}
	for (unsigned i = 0; i < n_given; i++)
		cli->arguments[i] = words[skip + (int)i];
	return c->run(cli);
}

/* A file that is opened must not become the stdout or stderr that somebody closed: what is
 * printed would go into it. Writing to this stdout fails, and that is said. */
static void hold_places(void)
{
	int place = STDIN_FILENO;

	while (place >= STDIN_FILENO && place <= STDERR_FILENO)
		place = open("/dev/null", O_RDONLY);
	if (place >= 0)
		close(place);
}

int main(int argc, char **argv)
{
	const char *environment = getenv("SLUICE_SOCKET");
	struct cli cli = {
		.socket = environment && environment[0] ? environment : SOCKET_DEFAULT,
	};
	bool help = false;

	hold_places();
	setlocale(LC_ALL, "C.UTF-8");
	if (argc == 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	opterr = 0;
	const struct words words = words_find(argc, argv, options);
	if (words.own != NULL)
		return cli_fail_end(words.json, words_run(&words, argc, argv));
	int status = read_options(&cli, &help, argc, argv);
	if (status == EXIT_DONE)
		status = run(&cli, help, argc - optind, argv + optind);
	return cli_fail_end(words.json, status);
}
