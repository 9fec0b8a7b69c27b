/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fail.h"
#include "rule_set.h"
#include "train.h"
#include "words.h"

static const char usage[] =
	"usage: sluicectl rules train CORPUS.tsv... [options]\n\n"
	"Learns a rule of weighted literals from labelled messages and says how good it is on\n"
	"messages that it was not learned from.\n\n"
	"  --output FILE    write the rule file; without it only the figures are shown\n"
	"  --literals N     at most so many patterns (2000)\n"
	"  --max-chars N    at most so many characters in one, 1 to 12 (12)\n"
	"  --min-octets N   at least so many octets in one (3)\n"
	"  --budget-ns N    at most so many nanoseconds a message, measured here on a "
	"built-in\n"
	"                   sample: of the models that keep it the largest\n"
	"  --fpr RATE       false-positive rate to stay below (0.002)\n"
	"  --lambda L       the price of a weight; else the best of several\n"
	"  --ridge R        how strongly weights are shared among literals (0.3)\n"
	"  --digits PRICE   of a pattern in which a digit stands for any, in literals; 0: "
	"none (4)\n"
	"  --folds N        parts of the cross-validation, 3 to 10 (5)\n"
	"  --group N        messages with the same first N octets of letters stay in one part\n"
	"  --others FILE    messages of other languages: what is clean there is left alone; "
	"may\n"
	"                   be given several times\n"
	"  --rules FILE     a rule file: messages are folded with its \"folds:\"\n"
	"  --seed S         the same seed and files give the same rule file (1)\n"
	"  --id ID          of the rule (learned)\n"
	"  --action ACTION  refuse, flag or observe (refuse)\n"
	"  --no-held-out    only write the rule file: the figures take most of the time\n"
	"  --json           figures as one JSON object\n\n"
	"Example:\n"
	"  sluicectl rules train spam.tsv ham.tsv --output learned.yaml\n";

const struct option train_option_rows[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "literals", required_argument, NULL, 'n' },
	{ "max-chars", required_argument, NULL, 'c' },
	{ "min-octets", required_argument, NULL, 'm' },
	{ "fpr", required_argument, NULL, 'f' },
	{ "budget-ns", required_argument, NULL, 'b' },
	{ "lambda", required_argument, NULL, 'l' },
	{ "ridge", required_argument, NULL, 'r' },
	{ "digits", required_argument, NULL, 'd' },
	{ "folds", required_argument, NULL, 'k' },
	{ "group", required_argument, NULL, 'g' },
	{ "seed", required_argument, NULL, 's' },
	{ "others", required_argument, NULL, 't' },
	{ "rules", required_argument, NULL, 'R' },
	{ "id", required_argument, NULL, 'i' },
	{ "action", required_argument, NULL, 'a' },
	{ "no-held-out", no_argument, NULL, 'u' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char *name_of(int c)
{
	for (const struct option *row = train_option_rows; row->name != NULL; row++)
		if (row->val == c)
			return row->name;
	return "?";
}

struct whole {
	int option;
	unsigned long least, most;
	unsigned long *value;
};

struct real {
	int option;
	double least, most;
	double *value;
};

static int wrong(int option, const char *word, double least, double most)
{
	cli_fail("--%s %s: it must be a number from %g to %g", name_of(option), word, least,
	         most);
	return EXIT_USAGE;
}

static int read_whole(const struct whole *w, const char *word)
{
	char *end = NULL;

	errno = 0;
	const unsigned long value = strtoul(word, &end, 10);
	if (errno != 0 || end == word || *end != '\0' || word[0] == '-' || value < w->least ||
	    value > w->most)
		return wrong(w->option, word, (double)w->least, (double)w->most);
	*w->value = value;
	return EXIT_DONE;
}

static int read_real(const struct real *r, const char *word)
{
	char *end = NULL;
	const double value = strtod(word, &end);

	if (end == word || *end != '\0' || !(value >= r->least && value <= r->most))
		return wrong(r->option, word, r->least, r->most);
	*r->value = value;
	return EXIT_DONE;
}

static int read_number(struct train_options *o, int c, const char *word)
{
	const struct whole wholes[] = {
		{ 'n', 1, RULE_PATTERNS_MAX, &o->literals },
		{ 'c', 1, GRAM_CHARS, &o->max_chars },
		{ 'm', 1, 48, &o->min_octets },
		{ 'k', 3, CORPUS_FOLDS_MAX, &o->folds },
		{ 'g', 0, CORPUS_TEXT_MAX, &o->group },
		{ 's', 0, UINT32_MAX, &o->seed },
		{ 'b', 1, 1000000, &o->budget_ns },
	};
	const struct real reals[] = {
		{ 'f', 0.00001, 0.5, &o->fpr },
		{ 'l', 0.001, 1000, &o->lambda },
		{ 'r', 0, 1000, &o->ridge },
		{ 'd', 0, 1000, &o->digits },
	};

	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++)
		if (wholes[i].option == c)
			return read_whole(&wholes[i], word);
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
		if (reals[i].option == c)
			return read_real(&reals[i], word);
	return EXIT_USAGE; /* every row above is one of these */
}

static int read_id(struct train_options *o, const char *word)
{
	const size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	o->id = word;
	if (n > 0 && n <= RULE_NAME_MAX && word[n] == '\0')
		return EXIT_DONE;
	cli_fail("--id %s: 1 to %u of a-z, 0-9, '.', '_' and '-'", word, RULE_NAME_MAX);
	return EXIT_USAGE;
}

static int read_action(struct train_options *o, const char *word)
{
	o->action = word;
	if (strcmp(word, "refuse") == 0 || strcmp(word, "flag") == 0 ||
	    strcmp(word, "observe") == 0)
		return EXIT_DONE;
	cli_fail("--action %s: it is none of refuse, flag, observe", word);
	return EXIT_USAGE;
}

static int add_others(struct train_options *o, const char *path)
{
	if (o->n_others == CORPUS_SETS_MAX) {
		cli_fail("--others: at most %u files", CORPUS_SETS_MAX);
		return EXIT_USAGE;
	}
	o->others[o->n_others++] = path;
	return EXIT_DONE;
}

static int read_option(struct train_options *o, int c)
{
	switch (c) {
	case 'o':
		o->output = optarg;
		return EXIT_DONE;
	case 'i':
		return read_id(o, optarg);
	case 'a':
		return read_action(o, optarg);
	case 't':
		return add_others(o, optarg);
	case 'R':
		o->rules = optarg;
		return EXIT_DONE;
	case 'u':
		o->unjudged = true;
		return EXIT_DONE;
	case 'j':
		o->json = true;
		return EXIT_DONE;
	case 'h':
		fputs(usage, stdout);
		exit(EXIT_DONE);
	default:
		return read_number(o, c, optarg);
	}
}

int train_read_options(struct train_options *out, int argc, char **argv)
{
	int c, status = EXIT_DONE;

	*out = (struct train_options){
		.id = "learned",
		.action = "refuse",
		.literals = 2000,
		.max_chars = GRAM_CHARS,
		.min_octets = 3,
		.seed = 1,
		.folds = 5,
		.ridge = 0.3,
		.digits = 4,
		.fpr = 0.002,
	};
	while (status == EXIT_DONE &&
	       (c = getopt_long(argc, argv, ":h", train_option_rows, NULL)) != -1)
		status = c == '?' || c == ':' ? cli_fail_option(argv, c) : read_option(out, c);
	if (status != EXIT_DONE)
		return status;
	if (out->unjudged && (out->output == NULL || out->json)) {
		cli_fail("--no-held-out leaves nothing but the rule file: give --output, not "
		         "--json");
		return EXIT_USAGE;
	}
	out->paths = argv + optind;
	out->n_paths = (unsigned)(argc - optind);
	if (out->n_paths > 0)
		return EXIT_DONE;
	cli_fail("rules train takes one corpus or more; --help has an example");
	return EXIT_USAGE;
}
