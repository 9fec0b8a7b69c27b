/* SPDX-License-Identifier: Apache-2.0 */
/* The numbering plan from a file: the whole plan; a file of no rows brings the built-in one
 * back. */
#include "import_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum column { KIND, PREFIX, MIN, MAX, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[KIND] = { "kind", true },
	[PREFIX] = { "prefix", true },
	[MIN] = { "min", false },
	[MAX] = { "max", false },
};

static const struct word plan_kinds[] = {
	{ "trunk", IMAGE_PLAN_TRUNK }, { "idd", IMAGE_PLAN_IDD },
	{ "bare", IMAGE_PLAN_BARE },   { "home", IMAGE_PLAN_HOME },
	{ "world", IMAGE_PLAN_WORLD }, { NULL, 0 },
};

struct numbering {
	struct image_plan_row rows[IMAGE_PLAN_ROWS_MAX];
	uint32_t at[IMAGE_PLAN_ROWS_MAX]; /* row of the file */
	uint32_t n;
};

/* Digits of a number; empty is 0. */
static uint8_t read_length(struct import *import, unsigned column)
{
	const char *text = import_field(import, column);
	char *end = NULL;
	const unsigned long value = strtoul(text, &end, 10);

	if (text[0] == '\0' ||
	    (text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= 20))
		return (uint8_t)value;
	problems_add(import->problems, import->row.row, 0, columns[column].name,
	             "\"%.20s\" is no number of digits, 0 to 20", text);
	return 0;
}

static bool same(const struct image_plan_row *a, const struct image_plan_row *b)
{
	return a->kind == b->kind && strcmp(a->prefix, b->prefix) == 0 &&
	       (a->kind == IMAGE_PLAN_WORLD || (a->min == b->min && a->max == b->max));
}

/* A row that an earlier one makes idle: of WORLD the first of a prefix holds. */
static void check_repeated(struct import *import, const struct numbering *n,
                           const struct image_plan_row *row)
{
	for (uint32_t i = 0; i < n->n; i++) {
		if (!same(&n->rows[i], row) &&
		    !(row->kind == IMAGE_PLAN_TRUNK && n->rows[i].kind == IMAGE_PLAN_TRUNK))
			continue;
		problems_add(import->problems, import->row.row, 0, "prefix",
		             "row %u says this already", n->at[i]);
		return;
	}
}

static int plan_row(struct import *import, void *state)
{
	struct numbering *n = state;
	const uint32_t before = import->problems->total;
	const char *prefix = import_field(import, PREFIX);
	struct image_plan_row row = {
		.kind = (uint8_t)import_word(import, KIND, "kind", plan_kinds),
		.min = read_length(import, MIN),
		.max = read_length(import, MAX),
	};

	if (n->n == IMAGE_PLAN_ROWS_MAX)
		problems_add(import->problems, import->row.row, 0, "kind",
		             "a plan has at most %u rows", IMAGE_PLAN_ROWS_MAX);
	if (import->problems->total != before)
		return 0;
	/* One more than fits, so that what is too long shows. */
	memcpy(row.prefix, prefix, strnlen(prefix, sizeof(row.prefix)));
	const char *fault = numbering_plan_fault(&row);
	if (fault != NULL)
		problems_add(import->problems, import->row.row, 0, numbering_plan_field(&row),
		             "%s", fault);
	else
		check_repeated(import, n, &row);
	if (import->problems->total != before)
		return 0;
	n->at[n->n] = import->row.row;
	n->rows[n->n++] = row;
	return 0;
}

/* Keys are kept as they were made, for they hold under every plan; but a spelling that the
 * plans read differently now leads to another key. */
static int note_senders(struct import *import)
{
	int64_t senders = 0;
	const int result = sql_number(&import->registry->sql, &senders,
	                              "SELECT value FROM meta WHERE name = 'senders'", "");

	if (result == 1 && senders != 0)
		problems_add(import->notes, 0, 0, "",
		             "%lld senders were registered under the plan before; those "
		             "whose spelling this plan reads otherwise must be imported again",
		             (long long)senders);
	return result < 0 ? result : 0;
}

static int write_plan(struct import *import, void *state)
{
	const struct numbering *n = state;
	struct sql *sql = &import->registry->sql;

	if (import->problems->total != 0)
		return -EINVAL;
	int result = sql_run(sql, "DELETE FROM numbering", "");
	sqlite3_stmt *put = sql_prepare(sql, "INSERT INTO numbering VALUES(?,?,?,?,?)");
	for (uint32_t i = 0; result >= 0 && i < n->n; i++)
		result = sql_step(sql, put, "iitii", (int64_t)n->at[i],
		                  (int64_t)n->rows[i].kind, n->rows[i].prefix,
		                  (int64_t)n->rows[i].min, (int64_t)n->rows[i].max);
	sqlite3_finalize(put);
	return result < 0 ? result : note_senders(import);
}

int import_numbering(struct registry *registry, char *text, size_t size,
                     const struct import_options *options, struct problems *problems,
                     struct problems *notes, struct import_result *out)
{
	static const struct import_kind kind = { .name = "numbering",
		                                 .count = "SELECT count(*) FROM numbering",
		                                 .columns = columns,
		                                 .n_columns = COLUMNS,
		                                 .row = plan_row,
		                                 .write = write_plan,
		                                 .may_be_empty = true };
	struct import import = { .registry = registry,
		                 .problems = problems,
		                 .notes = notes,
		                 .result = out,
		                 .options = options };
	struct numbering *n = calloc(1, sizeof(*n));

	*out = (struct import_result){ 0 };
	if (n == NULL)
		return -ENOMEM;
	const int result = import_run(&import, &kind, n, text, size);
	free(n);
	import_replaced(&import);
	return result;
}
