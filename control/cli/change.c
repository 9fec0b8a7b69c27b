/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change something by an image: import, push, policy set.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule_bundle.h"
#include "rule_compile.h"

/* An import that is recorded is done, though the data plane may be away: 0. */
static int recorded(int status) { return status == EXIT_AWAY ? EXIT_DONE : status; }

char *cli_read_rules(const char *file, size_t *size)
{
	const char *failed = NULL;
	char *text = NULL;
	const int result = rule_bundle_read(&file, 1, &text, size, &failed);

	if (result != 0)
		fprintf(stderr, "sluicectl: %s: %s\n", failed, strerror(-result));
	return text;
}

/* Send a file to a path of the API. */
static int send_file(const struct cli *cli, const char *path, json_t **answer)
{
	const char *file = cli->arguments[0];
	size_t size = 0;
	char *text = strcmp(path, "/v1/rules") == 0 ? cli_read_rules(file, &size)
	                                            : cli_read_file(file, &size);

	if (text == NULL)
		return EXIT_FAILED;
	char *url = cli_url(path, "file", file, "skip_bad", cli->skip_bad ? "1" : "", NULL);
	const int status =
		url == NULL ? EXIT_FAILED : cli_ask(cli, url, text, size, file, answer);
	free(url);
	free(text);
	return status;
}

static void print_notes(const json_t *answer)
{
	const json_t *notes = json_object_get(answer, "notes"), *note;
	const long long total = cli_number(answer, "notes_total");
	size_t i;

	json_array_foreach(notes, i, note)
		fprintf(stderr, "note: %s\n", cli_text(note, "line"));
	if (total > (long long)json_array_size(notes))
		fprintf(stderr, "note: ... and %lld more rows like these\n",
		        total - (long long)json_array_size(notes));
}

static int by_row(const void *a, const void *b)
{
	const long long x = cli_number(*(json_t *const *)a, "row"),
			y = cli_number(*(json_t *const *)b, "row");

	return (x > y) - (x < y);
}

/* "# line 7: state: what is wrong" before each row as it stands in the file. */
static void write_rows(FILE *out, FILE *in, json_t **rows, size_t n)
{
	char *line = NULL;
	size_t size = 0, at = 0;

	for (long long row = 1; at < n && getline(&line, &size, in) > 0; row++) {
		for (; at < n && cli_number(rows[at], "row") == row; at++) {
			const char *field = cli_text(rows[at], "field");
			fprintf(out, "# line %lld: %s%s%s\n", row, field, field[0] ? ": " : "",
			        cli_text(rows[at], "text"));
			if (at + 1 == n || cli_number(rows[at + 1], "row") != row)
				fputs(line, out);
		}
		if (row == 1)
			fputs(line,
			      out); /* the header, so that it can be mended and imported */
	}
	free(line);
}

/* --skip-bad: the rows that were left out, with the reason of each. */
static int collect_bad(const struct cli *cli, const json_t *answer)
{
	json_t *list = json_object_get(answer, "skipped"), *row;
	const size_t n = json_array_size(list);
	json_t **rows = calloc(n + 1, sizeof(*rows));
	FILE *in = fopen(cli->arguments[0], "r"), *out = fopen(cli->skip_bad, "w");
	size_t i;

	json_array_foreach(list, i, row) if (rows != NULL) rows[i] = row;
	if (rows != NULL && in != NULL && out != NULL) {
		qsort(rows, n, sizeof(*rows), by_row);
		write_rows(out, in, rows, n);
	}
	const bool good = rows != NULL && in != NULL && out != NULL && !ferror(out);
	if (!good)
		fprintf(stderr, "sluicectl: the rest is imported, but %s was not written: %m\n",
		        cli->skip_bad);
	if (in != NULL)
		fclose(in);
	if (out != NULL && fclose(out) != 0)
		fprintf(stderr, "sluicectl: %s: %m\n", cli->skip_bad);
	free(rows);
	return good ? 0 : EXIT_FAILED;
}

static int import(const struct cli *cli, const char *path, const char *what)
{
	json_t *answer = NULL;
	int status = send_file(cli, path, &answer);

	if (status != 0)
		return status;
	if (cli->skip_bad != NULL)
		status = collect_bad(cli, answer);
	if (cli->json)
		return cli_print_json(answer, status ? status : recorded(cli_enforced(answer)));
	print_notes(answer);
	const size_t skipped = json_array_size(json_object_get(answer, "skipped"));
	if (skipped != 0)
		printf("%zu rows are wrong and were left out: %s has them and why\n", skipped,
		       cli->skip_bad);
	printf("%lld %s read: %lld added, %lld updated", cli_number(answer, "rows"), what,
	       cli_number(answer, "added"), cli_number(answer, "updated"));
	if (cli_number(answer, "repeated") != 0)
		printf(", %lld said twice", cli_number(answer, "repeated"));
	printf(" (%.0f ms)\n", cli_real(answer, "import_ms"));
	if (cli_number(answer, "still_suspended") != 0)
		printf("%lld of them stay suspended; \"sluicectl lift\" ends that\n",
		       cli_number(answer, "still_suspended"));
	status = recorded(cli_say_dataplane(answer, what));
	json_decref(answer);
	return status;
}

int run_import_accounts(const struct cli *cli)
{
	return import(cli, "/v1/accounts", "accounts");
}

int run_import_senders(const struct cli *cli) { return import(cli, "/v1/senders", "senders"); }

int run_import_blacklist(const struct cli *cli)
{
	return import(cli, "/v1/blacklist", "numbers of the blacklist");
}

int run_import_theft(const struct cli *cli)
{
	return import(cli, "/v1/theft", "numbers that nobody may send from");
}

int run_import_numbers(const struct cli *cli)
{
	return import(cli, "/v1/numbers", "ranges of numbers");
}

int run_import_numbering(const struct cli *cli)
{
	return import(cli, "/v1/numbering", "rows of the numbering plan");
}

int run_push_rules(const struct cli *cli)
{
	json_t *answer = NULL;
	int status = send_file(cli, "/v1/rules", &answer);

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, recorded(cli_enforced(answer)));
	printf("version %lld: %lld rules, %lld patterns, %lld tests passed",
	       cli_number(answer, "version"), cli_number(answer, "rules"),
	       cli_number(answer, "patterns"), cli_number(answer, "tests"));
	if (cli_number(answer, "folds") != 0)
		printf(", %lld folds", cli_number(answer, "folds"));
	printf(" (%.0f ms)\n", cli_real(answer, "milliseconds"));
	status = recorded(cli_say_dataplane(answer, "rules"));
	json_decref(answer);
	return status;
}

int run_set_policy(const struct cli *cli)
{
	char *end = NULL;
	const unsigned long long value = strtoull(cli->arguments[1], &end, 0);
	json_t *answer = NULL;

	if (*end != '\0' || cli->arguments[1][0] == '\0' || cli->arguments[1][0] == '-' ||
	    value > UINT32_MAX) {
		fprintf(stderr,
		        "sluicectl: \"%s\" is not a number of 32 bits; \"sluicectl policy "
		        "show\" has the bounds\n",
		        cli->arguments[1]);
		return EXIT_USAGE;
	}
	json_t *request =
		json_pack("{ss sI}", "name", cli->arguments[0], "value", (json_int_t)value);
	char *body = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	if (body == NULL)
		return EXIT_USAGE;
	int status = cli_ask(cli, "/v1/policy", body, strlen(body), "policy", &answer);
	free(body);
	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, recorded(cli_enforced(answer)));
	status = recorded(cli_say_dataplane(answer, "the policy is"));
	json_decref(answer);
	return status;
}
