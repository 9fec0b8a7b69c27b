/* SPDX-License-Identifier: Apache-2.0 */
/* explain: one message through all that screens it, without a daemon. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "compiled.h"
#include "default_rules.h"
#include "explain_command.h"
#include "fail.h"
#include "instant.h"
#include "option_place.h"
#include "progress.h"
#include "words.h"

#define ACCOUNT_DEFAULT "anyone"
#define SOURCE_DEFAULT "01000000000"
#define SYSTEM_ID_MAX 15u
#define PDUS_MAX 255u /* parts of a message */

static const char usage[] =
	"usage: sluicectl explain --text TEXT [--source ADDRESS] [--data-coding N] [OPTIONS]\n"
	"       sluicectl explain --pdu HEX [--pdu HEX...] [OPTIONS]\n"
	"  --text         the message in UTF-8; - reads standard input\n"
	"  --source       its sender; 01000000000 if not given\n"
	"  --data-coding  0 to 255; else 0 when the account's alphabet has all of it, or 8\n"
	"  --pdu          a whole PDU in hexadecimal digits; - reads standard input; several "
	"are\n"
	"                 judged in order, as the parts of one message that they may be\n"
	"  --rules        rule files, all together; without it the packs that Sluice has\n"
	"  --registry     a registry's database: its accounts, senders, policy and rules; "
	"with\n"
	"                 --rules those instead of its own\n"
	"  --account      system_id of the session; any name when there is no registry\n"
	"  --time         when it is sent, as in the files of accounts; now if not given\n"
	"  --all          every match of a rule, not only the five that weigh most\n"
	"  --no-cache     compile the rules anew, and keep nothing of it\n"
	"  --json         one JSON object; of several PDUs an array of them\n";

struct options {
	const char *text, *registry, *account, *source;
	const char *pdus[PDUS_MAX];
	unsigned n_pdus;
	const char *rules[DEFAULT_RULES_MAX];
	unsigned n_rules;
	int data_coding;
	uint32_t seconds;
	bool json, no_cache, all;
};

static bool read_coding(const char *text, int *out)
{
	char *end = NULL;
	const long value = strtol(text, &end, 0);

	if (*text == '\0' || *end != '\0' || value < 0 || value > 255)
		return false;
	*out = (int)value;
	return true;
}

/* Where the argument of an option goes. */
static const struct option_place places[] = {
	{ 't', offsetof(struct options, text) },
	{ 'g', offsetof(struct options, registry) },
	{ 'a', offsetof(struct options, account) },
	{ 's', offsetof(struct options, source) },
	{ 0, 0 },
};

static bool read_option(struct options *o, int option)
{
	if (option_keep(o, places, option))
		return true;
	if (option == 'r' && o->n_rules < DEFAULT_RULES_MAX) {
		o->rules[o->n_rules++] = optarg;
		return true;
	}
	if (option == 'p' && o->n_pdus < PDUS_MAX) {
		o->pdus[o->n_pdus++] = optarg;
		return true;
	}
	o->json |= option == 'j';
	o->no_cache |= option == 'n';
	o->all |= option == 'A';
	return strchr("jnA", option) != NULL ||
	       (option == 'd' && read_coding(optarg, &o->data_coding)) ||
	       (option == 'T' && instant_parse(&o->seconds, optarg) == 0);
}

static bool is_complete(const struct options *o, const char **why)
{
	*why = (o->text == NULL) == (o->n_pdus == 0) ? "give --text or --pdu"
	       : o->n_pdus != 0 && (o->source != NULL || o->data_coding >= 0)
	               ? "--source and --data-coding are for --text: a PDU has them"
	       : o->registry != NULL && o->account == NULL ? "--registry needs --account"
	       : o->account != NULL &&
	                       (o->account[0] == '\0' || strlen(o->account) > SYSTEM_ID_MAX)
	               ? "--account has 1 to 15 octets"
	               : NULL;
	return *why == NULL;
}

const struct option explain_option_rows[] = {
	{ "text", required_argument, NULL, 't' },
	{ "pdu", required_argument, NULL, 'p' },
	{ "rules", required_argument, NULL, 'r' },
	{ "registry", required_argument, NULL, 'g' },
	{ "account", required_argument, NULL, 'a' },
	{ "source", required_argument, NULL, 's' },
	{ "data-coding", required_argument, NULL, 'd' },
	{ "time", required_argument, NULL, 'T' },
	{ "no-cache", no_argument, NULL, 'n' },
	{ "all", no_argument, NULL, 'A' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* What is wrong with the argument of an option that there is. */
static int fail_argument(int option)
{
	if (option == 'd')
		cli_fail("--data-coding %s: it is a number from 0 to 255", optarg);
	else if (option == 'T')
		cli_fail("--time %s: it is no time like 2026-01-31 or 2026-01-31T09:00+09:00",
		         optarg);
	else if (option == 'r')
		cli_fail("--rules %s: at most %u files are read", optarg, DEFAULT_RULES_MAX);
	else
		cli_fail("--pdu: a message has at most %u parts", PDUS_MAX);
	return EXIT_USAGE;
}

/* EXIT_DONE, or -1 when all was said, or EXIT_USAGE. */
static int read_options(struct options *o, int argc, char **argv)
{
	const char *why;
	int c;

	while ((c = getopt_long(argc, argv, ":h", explain_option_rows, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout), -1;
		if (!read_option(o, c))
			return c == '?' || c == ':' ? cli_fail_option(argv, c)
			                            : fail_argument(c);
	}
	/* What follows --rules A are further rule files: --rules *.yaml. */
	while (optind < argc && o->n_rules > 0 && o->n_rules < DEFAULT_RULES_MAX)
		o->rules[o->n_rules++] = argv[optind++];
	if (optind < argc || !is_complete(o, &why)) {
		cli_fail("%s%s", optind < argc ? "too much: " : "",
		         optind < argc ? argv[optind] : why);
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

/* "-" is standard input, without a last line end. To free(). */
static char *read_argument(const char *argument)
{
	size_t size = 0;

	if (argument == NULL)
		return NULL;
	char *text = strcmp(argument, "-") != 0 ? strdup(argument) : cli_read_file("-", &size);

	if (text != NULL && memchr(text, 0, size) != NULL) {
		cli_fail("a NUL after %zu octets; --pdu takes a message that has one",
		         strlen(text));
		free(text);
		return NULL;
	}
	if (text != NULL && size != 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	return text;
}

/* --text, or the PDU of this argument. */
static int make_pdu(const struct options *o, const char *argument, enum text_coding alphabet,
                    uint8_t **pdu, size_t *len)
{
	struct explain_message message = {
		.source = o->source != NULL ? o->source : SOURCE_DEFAULT,
		.data_coding = o->data_coding,
		.alphabet = alphabet,
	};
	char error[EXPLAIN_ERROR_SIZE] = "out of memory";
	char *text = read_argument(argument);

	if (text == NULL)
		return EXIT_FAILED;
	message.text = text;
	const int result = o->text == NULL ? explain_pdu_hex(pdu, len, text, error)
	                                   : explain_pdu_text(pdu, len, &message, error);
	free(text);
	if (result == 0)
		return EXIT_DONE;
	cli_fail("%s: %s", o->text == NULL ? "--pdu" : "--text", error);
	return EXIT_FAILED;
}

/* The rule files of the command line, or those that Sluice has, as one text. */
static int read_rules(const struct options *o, struct explain_source *source, char **text)
{
	struct default_rules found = { .n = 0 };
	const char *const *paths = o->rules;
	unsigned n = o->n_rules;

	if (n == 0) {
		if (default_rules_find(&found) != 0)
			return EXIT_FAILED;
		paths = (const char *const *)found.paths;
		n = found.n;
	}
	*text = cli_read_bundle(paths, n, &source->rules_size);
	default_rules_free(&found);
	source->rules = *text;
	return *text != NULL ? EXIT_DONE : EXIT_FAILED;
}

static int open_tables(const struct options *o, struct explain **out)
{
	struct explain_source source = { .registry = o->registry, .account = o->account };
	char error[EXPLAIN_ERROR_SIZE], *rules = NULL;
	struct problems problems;

	problems_init(&problems, o->n_rules != 0 ? o->rules[0] : "rules");
	if ((o->registry == NULL || o->n_rules != 0) &&
	    read_rules(o, &source, &rules) != EXIT_DONE)
		return EXIT_FAILED;
	char *folder = o->no_cache ? NULL : compiled_folder();
	source.compiled = folder;
	progress_begin("compiling the rules", o->json);
	const int result = explain_open(out, &source, &problems, error);
	progress_end();
	free(folder);
	free(rules);
	if (problems.total != 0)
		cli_fail_problems(&problems, "nothing was explained");
	else if (result != 0)
		cli_fail("%s", error[0] ? error : strerror(-result));
	return result == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* One message; into objects when they are wanted, else printed. */
static int run_one(const struct options *o, struct explain *explain, const char *argument,
                   json_t *objects)
{
	struct explanation explanation;
	uint8_t *pdu = NULL;
	size_t len = 0;
	int status = make_pdu(o, argument, explain_alphabet(explain), &pdu, &len);

	if (status == EXIT_DONE && explain_run(&explanation, explain, pdu, len, o->seconds)) {
		cli_fail("out of memory");
		status = EXIT_FAILED;
	} else if (status == EXIT_DONE) {
		if (objects == NULL) {
			explain_print(&explanation, o->account, o->all);
		} else if (json_array_append_new(objects,
		                                 explain_json(&explanation, o->account)) != 0) {
			cli_fail("there is no JSON for this message; without --json it is "
			         "shown");
			status = EXIT_FAILED;
		}
		explanation_free(&explanation);
	}
	free(pdu);
	return status;
}

static int run(const struct options *o, struct explain *explain)
{
	const char *const *arguments = o->text != NULL ? &o->text : o->pdus;
	const unsigned n = o->text != NULL ? 1 : o->n_pdus;
	json_t *objects = o->json ? json_array() : NULL;
	int status = EXIT_DONE;

	for (unsigned i = 0; i < n && status == EXIT_DONE; i++) {
		if (i != 0 && !o->json)
			putchar('\n');
		status = run_one(o, explain, arguments[i], objects);
	}
	if (o->json && status == EXIT_DONE)
		cli_print_json(n == 1 ? json_incref(json_array_get(objects, 0))
		                      : json_incref(objects),
		               EXIT_DONE);
	json_decref(objects);
	return status;
}

int run_explain(int argc, char **argv)
{
	struct options o = { .data_coding = EXPLAIN_ANY_CODING,
		             .seconds = (uint32_t)time(NULL) };
	struct explain *explain = NULL;
	int status = read_options(&o, argc, argv);

	if (status != EXIT_DONE)
		return status < 0 ? EXIT_DONE : status;
	if (o.account == NULL)
		o.account = ACCOUNT_DEFAULT;
	status = open_tables(&o, &explain);
	if (status == EXIT_DONE)
		status = run(&o, explain);
	explain_close(explain);
	return status;
}
