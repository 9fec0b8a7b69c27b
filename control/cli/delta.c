/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that take effect at once: suspend, lift, block, unblock, add, remove.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 1000u /* deltas a request: as many as share one flush of the disk */
#define ROW_MAX 4096u

static void set(json_t *delta, const char *field, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_object_set_new(delta, field, json_string(value));
}

/* Ask for one body; takes the reference. */
static int ask(const struct cli *cli, json_t *body, const char *what, json_t **answer)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (text == NULL) {
		fprintf(stderr, "sluicectl: a name is not UTF-8; write it in UTF-8\n");
		return EXIT_USAGE;
	}
	const int status = cli_ask(cli, "/v1/deltas", text, strlen(text), what, answer);
	free(text);
	return status;
}

static int change(const struct cli *cli, const char *op, const char *kind, const char *done)
{
	json_t *delta = json_pack("{ss ss ss}", "op", op, "kind", kind, "name",
	                          cli->arguments[0]),
	       *answer = NULL;
	char subject[120];

	set(delta, "owner", cli->owner);
	set(delta, "from", cli->from);
	set(delta, "until", cli->until);
	set(delta, "title", cli->title);
	set(delta, "action", cli->action);
	set(delta, "radius", cli->radius);
	set(delta, "note", cli->note);
	int status = ask(cli, delta, op, &answer);
	if (status != 0)
		return status;
	if (cli->json) {
		json_object_set_new(answer, "op", json_string(op));
		json_object_set_new(answer, "kind", json_string(kind));
		json_object_set_new(answer, "name", json_string(cli->arguments[0]));
		return cli_print_json(answer, cli_enforced(answer));
	}
	snprintf(subject, sizeof(subject), "%s %.60s: %s,", kind, cli->arguments[0], done);
	status = cli_say_dataplane(answer, subject);
	json_decref(answer);
	return status;
}

#define COMMAND(op, kind, done) \
	int run_##op##_##kind(const struct cli *cli) { return change(cli, #op, #kind, done); }
COMMAND(suspend, account, "suspended")
COMMAND(suspend, sender, "suspended")
COMMAND(lift, account, "lifted")
COMMAND(lift, sender, "lifted")
COMMAND(block, account, "blocked")
COMMAND(block, sender, "blocked")
COMMAND(unblock, account, "unblocked")
COMMAND(unblock, sender, "unblocked")
COMMAND(add, account, "added")
COMMAND(add, sender, "added")
COMMAND(remove, account, "removed")
COMMAND(remove, sender, "removed")

COMMAND(unblock, campaign, "let through again")

int run_block_campaign(const struct cli *cli)
{
	static const char *const done[][2] = { { "discard", "discarded" },
		                               { "flag", "flagged" },
		                               { "observe", "observed" } };

	for (unsigned i = 0; cli->action != NULL && i < sizeof(done) / sizeof(done[0]); i++)
		if (strcmp(cli->action, done[i][0]) == 0)
			return change(cli, "block", "campaign", done[i][1]);
	return change(cli, "block", "campaign", "refused");
}

/* What came of a file of deltas. */
struct applied {
	long long deltas, line; /* line: the last that was read */
	double ms, worst_ms;
	int status;
	json_t *last;
};

/* "op,kind,name[,until[,owner]]" as a delta; NULL: it is not. */
static json_t *read_row(char *row)
{
	static const char *const fields[] = { "op", "kind", "name", "until", "owner" };
	json_t *delta = json_object();
	unsigned i = 0;

	row[strcspn(row, "\r\n")] = '\0';
	for (char *at = row, *field; (field = strsep(&at, ",")) != NULL; i++) {
		if (i == sizeof(fields) / sizeof(fields[0])) {
			json_decref(delta);
			return NULL;
		}
		set(delta, fields[i], field);
	}
	return delta;
}

/* The next batch of the file; an empty one at its end; NULL: a row is not a delta. */
static json_t *read_batch(FILE *file, const char *path, struct applied *a)
{
	json_t *list = json_array();
	char row[ROW_MAX];

	while (json_array_size(list) < BATCH && fgets(row, sizeof(row), file) != NULL) {
		a->line++;
		if (row[0] == '\n' || row[0] == '\r' || row[0] == '#' ||
		    (a->line == 1 && strncmp(row, "op,kind,name", 12) == 0))
			continue;
		json_t *delta = read_row(row);
		if (delta == NULL) {
			fprintf(stderr,
			        "sluicectl: %s:%lld: a row is op,kind,name,until,owner; those "
			        "before it are in force\n",
			        path, a->line);
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, delta);
	}
	return list;
}

static int send_batch(const struct cli *cli, json_t *list, struct applied *a)
{
	const size_t n = json_array_size(list);
	json_t *answer = NULL;
	const int status = ask(cli, json_pack("{so}", "deltas", list), NULL, &answer);

	if (status != 0) {
		fprintf(stderr,
		        "sluicectl: %lld deltas before line %lld are in force; the %zu rows up "
		        "to there are not: mend the row and apply the rest\n",
		        a->deltas, a->line - (long long)n + 1, n);
		return status;
	}
	const double ms = cli_real(answer, "milliseconds");
	a->deltas += (long long)n;
	a->ms += ms;
	a->worst_ms = ms > a->worst_ms ? ms : a->worst_ms;
	json_decref(a->last);
	a->last = answer;
	a->status = cli_enforced(answer);
	return 0;
}

static int print_applied(const struct cli *cli, struct applied *a)
{
	if (a->last == NULL) {
		fprintf(stderr, "sluicectl: %s holds no delta\n", cli->arguments[0]);
		return EXIT_FAILED;
	}
	if (cli->json) {
		json_object_set_new(a->last, "deltas", json_integer(a->deltas));
		json_object_set_new(a->last, "milliseconds", json_real(a->ms));
		json_object_set_new(a->last, "worst_ms", json_real(a->worst_ms));
		return cli_print_json(a->last, a->status);
	}
	printf("%lld deltas in %.0f ms (the slowest batch of %u took %.1f ms)\n", a->deltas,
	       a->ms, BATCH, a->worst_ms);
	const int status = cli_say_dataplane(a->last, "the last of them is");
	json_decref(a->last);
	return status;
}

int run_apply_deltas(const struct cli *cli)
{
	const char *path = cli->arguments[0];
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	struct applied a = { 0 };
	json_t *list = NULL;
	int status = 0;

	if (file == NULL) {
		fprintf(stderr, "sluicectl: cannot read %s: %m\n", path);
		return EXIT_FAILED;
	}
	while (status == 0) {
		list = read_batch(file, path, &a);
		if (list == NULL || json_array_size(list) == 0)
			break;
		status = send_batch(cli, list, &a);
	}
	if (status == 0 && list == NULL)
		status = EXIT_FAILED;
	else if (status == 0)
		json_decref(list);
	if (file != stdin)
		fclose(file);
	if (status == 0)
		return print_applied(cli, &a);
	json_decref(a.last);
	return status;
}
