/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deltas apply: a CSV file of deltas, a thousand a request.
 *
 * The whole file is read first: with a row that is no delta nothing of it is applied. A row
 * that sluice-control refuses stops there: those before it are in force, none after it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "csv.h"
#include "fail.h"
#include "registry_delta.h"

#define BATCH 1000u /* deltas a request: as many as share one flush of the disk */

enum column { OP, KIND, NAME, UNTIL, OWNER, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[OP] = { "op", true },        [KIND] = { "kind", true },    [NAME] = { "name", true },
	[UNTIL] = { "until", false }, [OWNER] = { "owner", false },
};

struct delta_row {
	uint32_t line;
	const char *fields[COLUMNS]; /* in the text of the file; NULL: not there */
};

struct delta_file {
	const struct cli *cli;
	const char *path;
	char *text; /* owned */
	struct delta_row *rows;
	size_t n, room;
	size_t done; /* rows that are in force */
	double ms, worst_ms;
	int status;
	json_t *last; /* answer */
};

/* Whether each field can be what it is; what only the registry knows is asked there. */
static void check_row(const struct delta_row *row, struct problems *problems)
{
	struct registry_delta d = { 0 };

	for (unsigned i = 0; i < COLUMNS; i++) {
		const char *field = row->fields[i], *name = columns[i].name;

		if (field == NULL || field[0] == '\0') {
			if (columns[i].required)
				problems_add(problems, row->line, 0, name, "it is empty");
		} else if (registry_delta_field(&d, name, field) != 0) {
			problems_add(problems, row->line, 0, name,
			             "\"%.60s\" cannot be: it is %s", field,
			             registry_delta_values(name));
		}
	}
}

static bool add_row(struct delta_file *f, const struct csv_layout *layout,
                    const struct csv_row *row, struct problems *problems)
{
	if (f->n == f->room) {
		const size_t room = f->room == 0 ? BATCH : f->room * 2;
		struct delta_row *rows = realloc(f->rows, room * sizeof(*rows));

		if (rows == NULL)
			return false;
		f->rows = rows;
		f->room = room;
	}
	struct delta_row *r = &f->rows[f->n++];
	*r = (struct delta_row){ .line = row->row };
	if (row->n > layout->n_fields) {
		problems_add(problems, row->row, 0, NULL,
		             "%u fields where %u are possible; a field with a comma needs "
		             "quotes around it",
		             row->n, layout->n_fields);
		return true;
	}
	if (!csv_is_named(layout, row, problems))
		return true;
	for (unsigned i = 0; i < COLUMNS; i++)
		if (layout->position[i] >= 0)
			r->fields[i] = row->fields[layout->position[i]];
	check_row(r, problems);
	return true;
}

static bool is_header(const struct csv_row *row)
{
	for (unsigned i = 0; i < row->n; i++)
		if (strcmp(row->fields[i], columns[OP].name) == 0)
			return true;
	return false;
}

/* Without a header the columns are in the order above. */
static int read_rows(struct delta_file *f, size_t size, struct problems *problems)
{
	struct csv_layout layout = { COLUMNS, { OP, KIND, NAME, UNTIL, OWNER }, 0 };
	enum csv_result result = CSV_ROW;
	struct csv_row row;
	struct csv csv;

	csv_open(&csv, f->text, size);
	for (bool first = true; result == CSV_ROW || result == CSV_BAD_ROW; first = false) {
		csv_skip_comments(&csv, "#");
		result = csv_next(&csv, &row, problems);
		if (result != CSV_ROW)
			continue;
		if (first && is_header(&row)) {
			if (csv_columns(&layout, &row, columns, COLUMNS, problems) != 0)
				break;
		} else if (!csv_is_empty(&row) && !add_row(f, &layout, &row, problems)) {
			cli_fail("out of memory");
			return EXIT_FAILED;
		}
	}
	if (problems->total == 0)
		return EXIT_DONE;
	cli_fail_problems(problems, "nothing of it was applied");
	return EXIT_FAILED;
}

static json_t *batch_of(const struct delta_file *f, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *delta = json_object();

		for (unsigned k = 0; k < COLUMNS; k++) {
			const char *field = f->rows[f->done + i].fields[k];

			if (field != NULL && field[0] != '\0')
				json_object_set_new(delta, columns[k].name, json_string(field));
		}
		json_array_append_new(list, delta);
	}
	return json_pack("{so}", "deltas", list);
}

/* The next n rows; an exit status, with what the API refused in *refused. */
static int send_batch(struct delta_file *f, size_t n, json_t **refused)
{
	json_t *answer = NULL, *body = batch_of(f, n);
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	if (text == NULL) {
		cli_fail("out of memory");
		return EXIT_FAILED;
	}
	const int status = cli_try(f->cli, "/v1/deltas", text, strlen(text), "deltas", &answer);
	free(text);
	if (status != EXIT_DONE) {
		*refused = answer;
		return status;
	}
	const double ms = cli_real(answer, "milliseconds");
	f->done += n;
	f->ms += ms;
	f->worst_ms = ms > f->worst_ms ? ms : f->worst_ms;
	json_decref(f->last);
	f->last = answer;
	f->status = cli_enforced(answer);
	return EXIT_DONE;
}

/* A row was refused, and with it its batch: apply those before it, and say where it is. */
static int stop_at(struct delta_file *f, json_t *refused)
{
	const size_t at = (size_t)cli_number(refused, "at");
	json_t *again = NULL;
	char where[400];

	if (json_object_get(refused, "at") != NULL && at < f->n - f->done) {
		snprintf(where, sizeof(where), "%.300s:%u", f->path,
		         f->rows[f->done + at].line);
		json_object_set_new(refused, "where", json_string(where));
		if (at != 0 && send_batch(f, at, &again) != EXIT_DONE)
			json_decref(again);
	}
	json_object_set_new(refused, "deltas", json_integer((json_int_t)f->done));
	const int status = cli_refused(f->cli, refused);
	const char *state = f->status == EXIT_DONE ? "in force" : "recorded";
	if (f->done != 0)
		fprintf(stderr,
		        "sluicectl: the %zu deltas up to line %u are %s; apply those from line "
		        "%u on\n",
		        f->done, f->rows[f->done - 1].line, state, f->rows[f->done].line);
	else
		fprintf(stderr, "sluicectl: no delta of the file is in force\n");
	return status;
}

static int print_applied(struct delta_file *f)
{
	json_t *answer = f->last;

	f->last = NULL;
	if (f->cli->json) {
		json_object_set_new(answer, "deltas", json_integer((json_int_t)f->done));
		json_object_set_new(answer, "milliseconds", json_real(f->ms));
		json_object_set_new(answer, "worst_ms", json_real(f->worst_ms));
		return cli_print_json(answer, f->status);
	}
	printf("%zu deltas in %.0f ms (the slowest batch of %u took %.1f ms)\n", f->done, f->ms,
	       BATCH, f->worst_ms);
	const int status = cli_say_dataplane(answer, "the last of them is");
	json_decref(answer);
	return status;
}

static int apply(struct delta_file *f)
{
	json_t *refused = NULL;

	if (f->n == 0) {
		cli_fail("%s holds no delta", f->path);
		return EXIT_FAILED;
	}
	while (f->done < f->n) {
		const size_t left = f->n - f->done;

		if (send_batch(f, left < BATCH ? left : BATCH, &refused) != EXIT_DONE)
			return stop_at(f, refused);
	}
	return print_applied(f);
}

int run_apply_deltas(const struct cli *cli)
{
	struct delta_file f = { .cli = cli, .path = cli->arguments[0] };
	struct problems problems;
	size_t size = 0;

	problems_init(&problems, f.path);
	f.text = cli_read_file(f.path, &size);
	int status = f.text == NULL ? EXIT_FAILED : read_rows(&f, size, &problems);
	if (status == EXIT_DONE)
		status = apply(&f);
	json_decref(f.last);
	free(f.rows);
	free(f.text);
	return status;
}
