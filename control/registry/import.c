/* SPDX-License-Identifier: Apache-2.0 */
#include "import_priv.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "instant.h"

uint32_t import_word(struct import *import, unsigned column, const char *name,
                     const struct word *words)
{
	const char *text = import_field(import, column);
	const int64_t value = word_value(words, text);
	char all[200] = "";
	size_t used = 0;

	if (value >= 0)
		return (uint32_t)value;
	for (; words->name != NULL && used < sizeof(all); words++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
		                         used ? ", " : "", words->name);
	problems_add(import->problems, import->row.row, 0, name, "\"%.60s\" is none of %s",
	             text, all);
	return 0;
}

uint32_t import_instant(struct import *import, unsigned column, const char *name)
{
	const char *text = import_field(import, column);
	uint32_t instant = 0;

	if (instant_parse(&instant, text) != 0)
		problems_add(import->problems, import->row.row, 0, name,
		             "\"%.40s\" is not a time like 2026-01-31T09:00:00Z or a date",
		             text);
	return instant;
}

void import_validity(struct import *import, unsigned from_column, unsigned until_column,
                     uint32_t *from, uint32_t *until)
{
	*from = import_instant(import, from_column, "valid_from");
	*until = import_instant(import, until_column, "valid_until");
	if (*until != 0 && *until <= *from)
		problems_add(import->problems, import->row.row, 0, "valid_until",
		             "it is not after valid_from, so this would never be valid");
}

static int begin(struct import *import, const struct import_kind *kind)
{
	struct registry *registry = import->registry;
	int result = registry_begin(registry);

	if (result < 0)
		return result;
	result = sql_run(&registry->sql,
	                 "INSERT INTO import(kind, file, rows, at) VALUES(?, ?, 0, ?)", "tti",
	                 kind->name, import->problems->file, (int64_t)time(NULL));
	import->serial = sqlite3_last_insert_rowid(registry->sql.db);
	return result;
}

static int finish(struct import *import)
{
	struct registry *registry = import->registry;
	const int result =
		sql_run(&registry->sql, "UPDATE import SET rows = ? WHERE serial = ?", "ii",
	                (int64_t)import->result->rows, import->serial);

	return result < 0 ? result : registry_changed(registry, &import->result->generation);
}

static int read_rows(struct import *import, const struct import_kind *kind, void *state)
{
	int result = 0;

	while (result == 0) {
		switch (csv_next(&import->csv, &import->row, import->problems)) {
		case CSV_END:
		case CSV_BAD:
			return 0;
		case CSV_BAD_ROW:
			continue;
		case CSV_ROW:
			break;
		}
		import->result->rows++;
		if (import->row.n != import->layout.n_fields)
			problems_add(import->problems, import->row.row, 0, NULL,
			             "this row has %u fields and the header has %u",
			             import->row.n, import->layout.n_fields);
		else
			result = kind->row(import, state);
	}
	return result;
}

static int count(struct import *import, const struct import_kind *kind, int64_t *n)
{
	char statement[64];

	snprintf(statement, sizeof(statement), "SELECT count(*) FROM %s", kind->table);
	const int result = sql_number(&import->registry->sql, n, statement, "");
	return result < 0 ? result : 0;
}

static int import_all(struct import *import, const struct import_kind *kind, void *state)
{
	int64_t before = 0, after = 0;
	int result = count(import, kind, &before);

	if (result == 0)
		result = read_rows(import, kind, state);
	if (result == 0 && import->problems->total == 0 && import->result->rows == 0)
		problems_add(import->problems, 0, 0, NULL, "there is a header but no row");
	if (result == 0 && import->problems->total != 0)
		return -EINVAL;
	if (result == 0)
		result = count(import, kind, &after);
	if (result != 0)
		return result;
	import->result->added = (uint64_t)(after - before);
	import->result->updated =
		import->result->rows - import->result->repeated - import->result->added;
	return finish(import);
}

int import_run(struct import *import, const struct import_kind *kind, void *state, char *text,
               size_t size)
{
	csv_open(&import->csv, text, size);
	if (csv_header(&import->csv, &import->layout, kind->columns, kind->n_columns,
	               import->problems) != 0)
		return -EINVAL;
	const int result = begin(import, kind);
	return result < 0 ? result
	                  : registry_end(import->registry, import_all(import, kind, state));
}
