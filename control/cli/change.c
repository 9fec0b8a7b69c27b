/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change something by an image: import, push, policy set.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad_rows.h"
#include "cli.h"
#include "fail.h"
#include "points.h"
#include "rule_bundle.h"
#include "rule_compile.h"

/* An import that is recorded is done, though the data plane may be away: 0. */
static int recorded(int status) { return status == EXIT_AWAY ? EXIT_DONE : status; }

char *cli_read_bundle(const char *const *files, unsigned n, size_t *size)
{
	const char *failed = NULL;
	char *text = NULL;
	const int result = rule_bundle_read(files, n, &text, size, &failed);

	if (result == -EFBIG)
		cli_fail("%s: rules have at most %u MiB, in all their files together; a "
		         "smaller file, or fewer of them",
		         failed, RULES_FILE_MAX >> 20);
	else if (result != 0)
		cli_fail("%s: %s", failed, strerror(-result));
	return text;
}

char *cli_read_rules(const char *file, size_t *size) { return cli_read_bundle(&file, 1, size); }

/* Send a file to a path of the API; its text, to free(), is in *text. */
static int send_text(const struct cli *cli, const char *path, char **text, size_t *size,
                     json_t **answer)
{
	const char *file = cli->arguments[0];

	*text = strcmp(path, "/v1/rules") == 0 ? cli_read_rules(file, size)
	                                       : cli_read_file(file, size);
	if (*text == NULL)
		return EXIT_FAILED;
	const char *name = cli_file_name(file);
	char *url = cli_url(path, "file", name, "skip_bad", cli->skip_bad ? "1" : "", NULL);
	const int status =
		url == NULL ? EXIT_FAILED : cli_ask(cli, url, *text, *size, name, answer);
	free(url);
	return status;
}

static int send_file(const struct cli *cli, const char *path, json_t **answer)
{
	char *text = NULL;
	size_t size = 0;
	const int status = send_text(cli, path, &text, &size, answer);

	free(text);
	return status;
}

/* The same, and the rows that were left out into the file of --skip-bad: *written is the
 * exit status of that. */
static int send_and_collect(const struct cli *cli, const char *path, json_t **answer,
                            int *written)
{
	struct bad_rows rows;
	char *text = NULL;
	size_t size = 0;
	int status = bad_rows_open(&rows, cli->skip_bad, cli->arguments[0]);

	if (status != EXIT_DONE)
		return status;
	status = send_text(cli, path, &text, &size, answer);
	if (status == EXIT_DONE)
		*written = bad_rows_write(&rows, text, size, *answer);
	else
		bad_rows_drop(&rows);
	free(text);
	return status;
}

/* A list of the answer that is no failure: what is "note" or "warning". */
static void print_list(const json_t *answer, const char *what, const char *list,
                       const char *count)
{
	const json_t *notes = json_object_get(answer, list), *note;
	const long long total = cli_number(answer, count);
	size_t i;

	json_array_foreach(notes, i, note)
		fprintf(stderr, "%s: %s\n", what, cli_text(note, "line"));
	if (total > (long long)json_array_size(notes))
		fprintf(stderr, "%s: ... and %lld more like these\n", what,
		        total - (long long)json_array_size(notes));
}

/* What a file has rows of: noun and what follows it, when there are several. */
struct imported {
	const char *path, *noun, *rest;
};

static void print_import(const struct cli *cli, const json_t *answer,
                         const struct imported *what, bool collected)
{
	const size_t skipped = json_array_size(json_object_get(answer, "skipped"));

	print_list(answer, "note", "notes", "notes_total");
	if (skipped != 0) {
		cli_print_count((long long)skipped, "wrong row");
		printf(" left out%s%s%s\n", collected ? ": " : "",
		       collected ? cli->skip_bad : "", collected ? " says why" : "");
	}
	cli_print_count(cli_number(answer, "rows"), what->noun);
	printf("%s read: %lld added, %lld updated", what->rest, cli_number(answer, "added"),
	       cli_number(answer, "updated"));
	if (cli_number(answer, "repeated") != 0)
		printf(", %lld said twice", cli_number(answer, "repeated"));
	printf(" (%.0f ms)\n", cli_real(answer, "import_ms"));
	if (cli_number(answer, "still_suspended") != 0)
		printf("%lld of them stay suspended; \"sluicectl lift\" ends that\n",
		       cli_number(answer, "still_suspended"));
}

static int import(const struct cli *cli, const struct imported what)
{
	char subject[64];
	json_t *answer = NULL;
	int written = EXIT_DONE;
	int status = cli->skip_bad != NULL ? send_and_collect(cli, what.path, &answer, &written)
	                                   : send_file(cli, what.path, &answer);

	if (status != EXIT_DONE)
		return status;
	if (cli->json) {
		status = recorded(cli_enforced(answer));
		if (written != EXIT_DONE)
			json_object_set_new(answer, "error",
			                    json_string("the rows left out were not written"));
		return cli_print_json(answer, written != EXIT_DONE ? written : status);
	}
	print_import(cli, answer, &what, written == EXIT_DONE);
	snprintf(subject, sizeof(subject), "%ss%s", what.noun, what.rest);
	status = recorded(cli_say_dataplane(answer, subject));
	json_decref(answer);
	return written != EXIT_DONE ? written : status;
}

int run_import_accounts(const struct cli *cli)
{
	return import(cli, (struct imported){ "/v1/accounts", "account", "" });
}

int run_import_senders(const struct cli *cli)
{
	return import(cli, (struct imported){ "/v1/senders", "sender", "" });
}

int run_import_blacklist(const struct cli *cli)
{
	return import(cli, (struct imported){ "/v1/blacklist", "number", " of the blacklist" });
}

int run_import_theft(const struct cli *cli)
{
	return import(cli,
	              (struct imported){ "/v1/theft", "number", " that nobody may send from" });
}

int run_import_numbers(const struct cli *cli)
{
	return import(cli, (struct imported){ "/v1/numbers", "range", " of numbers" });
}

int run_import_numbering(const struct cli *cli)
{
	return import(cli,
	              (struct imported){ "/v1/numbering", "row", " of the numbering plan" });
}

int run_push_rules(const struct cli *cli)
{
	json_t *answer = NULL;
	int status = send_file(cli, "/v1/rules", &answer);

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, recorded(cli_enforced(answer)));
	print_list(answer, "warning", "warnings", "warnings_total");
	printf("version %lld: ", cli_number(answer, "version"));
	cli_print_set(answer);
	printf(" (%.0f ms)\n", cli_real(answer, "milliseconds"));
	status = recorded(cli_say_dataplane(answer, "rules"));
	json_decref(answer);
	return status;
}

bool cli_in_points(const char *name)
{
	return strcmp(name, "refuse_score") == 0 || strcmp(name, "flag_score") == 0;
}

/* As the API has it; false: said. */
static bool read_policy(const struct cli *cli, unsigned long long *value)
{
	const char *name = cli->arguments[0], *word = cli->arguments[1];
	char *end = NULL;
	int32_t points = 0;

	if (cli_in_points(name)) {
		const bool good = points_parse(&points, word) && points >= 0;

		*value = (unsigned)points;
		if (!good)
			cli_fail("\"%s\" is no number of points like 2.5", word);
		return good;
	}
	*value = strtoull(word, &end, 0);
	if (*end == '\0' && word[0] != '\0' && word[0] != '-' && *value <= UINT32_MAX)
		return true;
	cli_fail("\"%s\" is not a number of 32 bits; \"sluicectl policy show\" has the bounds",
	         word);
	return false;
}

int run_set_policy(const struct cli *cli)
{
	unsigned long long value;
	json_t *answer = NULL;

	if (!read_policy(cli, &value))
		return EXIT_USAGE;
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
