/* SPDX-License-Identifier: Apache-2.0 */
#include "import_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

void import_skips_free(struct import_skips *skips)
{
	for (uint32_t i = 0; i < skips->n; i++)
		free(skips->list[i].text);
	free(skips->list);
}

void import_progress(struct import_progress *p, enum import_phase phase, uint64_t done,
                     uint64_t total)
{
	if (p == NULL)
		return;
	__atomic_store_n(&p->total, total, __ATOMIC_RELAXED);
	__atomic_store_n(&p->done, done, __ATOMIC_RELAXED);
	__atomic_store_n(&p->phase, phase, __ATOMIC_RELAXED);
}

uint64_t import_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int add_skip(struct import_skips *s, const struct problem *p, uint32_t row)
{
	if (s->n == s->room) {
		const uint32_t room = s->room ? s->room * 2 : 64;
		struct import_skip *more = realloc(s->list, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		s->list = more;
		s->room = room;
	}
	struct import_skip *skip = &s->list[s->n];
	skip->row = row;
	memcpy(skip->field, p->field, sizeof(skip->field));
	skip->text = strdup(p->text);
	if (skip->text == NULL)
		return -ENOMEM;
	s->n++;
	return 0;
}

int import_skip(struct import *import, uint32_t row)
{
	struct import_skips *skips = import->options->skips;

	if (skips == NULL || import->whole || import->problems->total == 0)
		return 0;
	const int result = add_skip(skips, &import->problems->list[0], row);
	import->problems->total = 0;
	if (result == 0 && skips->n == IMPORT_SKIPS_MAX) {
		import->whole = true;
		problems_add(import->problems, row, 0, NULL,
		             "%u rows are wrong: is it the file that was meant?",
		             IMPORT_SKIPS_MAX);
	}
	return result;
}

static int read_row(struct import *import, const struct import_kind *kind, void *state)
{
	if (csv_is_empty(&import->row))
		return 0;
	import->result->rows++;
	if (import->row.n == import->layout.n_fields)
		return csv_is_named(&import->layout, &import->row, import->problems)
		               ? kind->row(import, state)
		               : 0;
	problems_add(import->problems, import->row.row, 0, NULL,
	             "this row has %u fields and the header has %u", import->row.n,
	             import->layout.n_fields);
	return 0;
}

static int read_rows(struct import *import, const struct import_kind *kind, void *state)
{
	int result = 0;

	for (uint32_t n = 0; result == 0 && !import->whole; n++) {
		csv_skip_comments(&import->csv, CSV_NOTE);
		const enum csv_result csv =
			csv_next(&import->csv, &import->row, import->problems);

		if (n % PROGRESS_ROWS == 0)
			import_progress(import->options->progress, IMPORT_READ,
			                (uint64_t)(import->csv.at - import->text),
			                import->size);
		if (csv == CSV_END || csv == CSV_BAD)
			return 0;
		if (csv == CSV_ROW)
			result = read_row(import, kind, state);
		else
			import->result->rows++;
		if (result == 0 && import->problems->total != 0)
			result = import_skip(import, import->row.row);
	}
	return result;
}

static int count(struct import *import, const struct import_kind *kind, int64_t *n)
{
	const int result = sql_number(&import->registry->sql, n, kind->count, "");

	return result < 0 ? result : 0;
}

static int check_rows(struct import *import, const struct import_kind *kind)
{
	if (import->problems->total == 0 && import->result->rows == 0 && !kind->may_be_empty)
		problems_add(import->problems, 0, 0, NULL, "there is a header but no row");
	return import->problems->total != 0 ? -EINVAL : 0;
}

/* Within the transaction; rows that go there directly are read in it. */
static int write_all(struct import *import, const struct import_kind *kind, void *state)
{
	int64_t before = 0, after = 0;
	int result = count(import, kind, &before);

	if (result == 0 && kind->write == NULL)
		result = read_rows(import, kind, state);
	if (result == 0)
		result = check_rows(import, kind);
	if (result == 0 && kind->write != NULL)
		result = kind->write(import, state);
	if (result == 0)
		result = count(import, kind, &after);
	if (result != 0)
		return result;
	const uint64_t skipped = import->options->skips ? import->options->skips->n : 0;
	import->result->added = (uint64_t)(after - before);
	import->result->updated = import->result->rows - skipped - import->result->repeated -
	                          import->result->added;
	return finish(import);
}

int import_run(struct import *import, const struct import_kind *kind, void *state, char *text,
               size_t size)
{
	uint64_t began = import_now_us();
	int result = 0;

	import->text = text;
	import->size = size;
	csv_open(&import->csv, text, size);
	if (csv_header(&import->csv, &import->layout, kind->columns, kind->n_columns,
	               import->problems) != 0)
		return -EINVAL;
	if (kind->write != NULL) {
		result = read_rows(import, kind, state);
		import->result->read_us = import_now_us() - began;
		began = import_now_us();
	}
	if (result == 0 && kind->write != NULL)
		result = check_rows(import, kind);
	if (result == 0)
		result = begin(import, kind);
	if (result != 0)
		return result;
	result = registry_end(import->registry, write_all(import, kind, state));
	import->result->write_us = import_now_us() - began - import->result->sort_us;
	return result;
}
