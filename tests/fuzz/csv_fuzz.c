/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: any octets as a CSV file. Fields are terminated UTF-8 within the text, rows come
 * in order, and reading ends. Rows that are sound mean the same when they are written
 * out again with every field quoted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "csv.h"
#include "fuzz.h"
#include "instant.h"

enum { ROW = 1, INSTANT = 2, BAD_ROW = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = ROW | INSTANT | BAD_ROW;

/* "field","field"\n with quotes doubled; the octets written. */
static size_t write_row(char *out, const struct csv_row *row)
{
	char *to = out;

	for (unsigned i = 0; i < row->n; i++) {
		if (i != 0)
			*to++ = ',';
		*to++ = '"';
		for (const char *c = row->fields[i]; *c != '\0'; c++) {
			if (*c == '"')
				*to++ = '"';
			*to++ = *c;
		}
		*to++ = '"';
	}
	*to++ = '\n';
	return (size_t)(to - out);
}

static void check_again(const struct csv_row *row)
{
	struct problems problems;
	struct csv_row again;
	struct csv csv;
	size_t all = 1, quoted = 0;

	for (unsigned i = 0; i < row->n; i++)
		all += strlen(row->fields[i]) * 2 + 3;
	char *text = malloc(all + 1);
	bug_if(text == NULL);
	const size_t size = write_row(text, row);
	for (unsigned i = 0; i < row->n; i++)
		quoted |= strlen(row->fields[i]) * 2 > CSV_FIELD_MAX;
	problems_init(&problems, "again");
	csv_open(&csv, text, size);
	if (!quoted) { /* doubled quotes may make a field too long */
		bug_if(csv_next(&csv, &again, &problems) != CSV_ROW || again.n != row->n);
		for (unsigned i = 0; i < row->n; i++)
			bug_if(strcmp(again.fields[i], row->fields[i]) != 0);
	}
	free(text);
}

static void check_row(const struct csv_row *row, const char *text, size_t size)
{
	uint32_t instant = 0;

	bug_if(row->n == 0 || row->n > CSV_FIELDS_MAX);
	for (unsigned i = 0; i < row->n; i++) {
		const char *field = row->fields[i];
		char back[INSTANT_TEXT_SIZE];

		bug_if(field < text || field + strlen(field) > text + size);
		bug_if(strlen(field) > CSV_FIELD_MAX || !utf8_valid(field, strlen(field)));
		if (instant_parse(&instant, field) == 0 && instant != 0) {
			fuzz_reached |= INSTANT;
			uint32_t again = 0;

			instant_text(back, instant);
			bug_if(instant_parse(&again, back) != 0 || again != instant);
		}
	}
	check_again(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct problems problems;
	enum csv_result result;
	struct csv_row row;
	struct csv csv;
	uint32_t last = 0;

	bug_if(text == NULL);
	if (size != 0)
		memcpy(text, data, size);
	problems_init(&problems, "fuzz.csv");
	csv_open(&csv, text, size);
	do {
		const char *before = csv.at;

		if (size % 2)
			csv_skip_comments(&csv, "# li");
		result = csv_next(&csv, &row, &problems);
		bug_if(csv.at < before || csv.at > csv.end);
		fuzz_reached |= result == CSV_ROW ? ROW : result == CSV_BAD_ROW ? BAD_ROW : 0;
		if (result != CSV_ROW)
			continue;
		bug_if(csv.at == before || row.row <= last);
		last = row.row;
		check_row(&row, text, size);
	} while (result == CSV_ROW || result == CSV_BAD_ROW);
	bug_if(result == CSV_BAD && problems.total == 0);
	free(text);
	return 0;
}
