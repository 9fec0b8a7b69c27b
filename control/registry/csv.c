/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void csv_open(struct csv *csv, char *text, size_t size)
{
	text[size] = '\0';
	*csv = (struct csv){ .at = text, .end = text + size, .row = 1 };
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		csv->at += 3;
}

static bool at_line_end(const struct csv *csv)
{
	return csv->at == csv->end || *csv->at == '\n' || *csv->at == '\r';
}

/* Step over CRLF, LF or CR. */
static void skip_line_end(struct csv *csv)
{
	if (csv->at < csv->end && *csv->at == '\r')
		csv->at++;
	if (csv->at < csv->end && *csv->at == '\n')
		csv->at++;
	csv->row++;
}

/* Where a line end of a quoted field is counted once, CRLF included. */
static void count_line(struct csv *csv)
{
	if (*csv->at == '\n' ||
	    (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] != '\n'))
		csv->row++;
}

/* After the opening quote. The field's end (in place), or NULL: no closing quote. */
static char *read_quoted(struct csv *csv, char *to)
{
	const char *limit = csv->at + CSV_FIELD_MAX;

	for (; csv->at < csv->end && csv->at < limit; csv->at++) {
		if (*csv->at != '"') {
			count_line(csv);
			*to++ = *csv->at;
		} else if (csv->at + 1 < csv->end && csv->at[1] == '"') {
			*to++ = '"';
			csv->at++;
		} else {
			csv->at++;
			return to;
		}
	}
	return NULL;
}

static char *read_plain(struct csv *csv)
{
	while (!at_line_end(csv) && *csv->at != ',')
		csv->at++;
	return csv->at;
}

static bool blank(char c) { return c == ' ' || c == '\t'; }

static void skip_blanks(struct csv *csv)
{
	while (csv->at < csv->end && blank(*csv->at))
		csv->at++;
}

/*
 * One field; at then stands on the comma, the line end, or the end. Its end must
 * not be written yet: it may be the separator that is still to be read.
 */
static bool read_field(struct csv *csv, char **start, char **end)
{
	skip_blanks(csv);
	*start = csv->at;
	if (csv->at < csv->end && *csv->at == '"') {
		csv->at++;
		*end = read_quoted(csv, *start);
		if (*end == NULL)
			return false;
		skip_blanks(csv);
		return at_line_end(csv) || *csv->at == ',';
	}
	*end = read_plain(csv);
	while (*end > *start && blank((*end)[-1]))
		(*end)--;
	return *end - *start <= (ptrdiff_t)CSV_FIELD_MAX;
}

static void skip_row(struct csv *csv)
{
	while (!at_line_end(csv))
		csv->at++;
	skip_line_end(csv);
}

void csv_skip_comments(struct csv *csv, const char *begin)
{
	const size_t n = strlen(begin);

	while (csv->at < csv->end && (at_line_end(csv) || ((size_t)(csv->end - csv->at) >= n &&
	                                                   memcmp(csv->at, begin, n) == 0)))
		skip_row(csv);
}

static enum csv_result bad_row(struct csv *csv, const struct csv_row *row,
                               struct problems *problems, const char *what)
{
	problems_add(problems, row->row, 0, NULL, "%s", what);
	skip_row(csv);
	return CSV_BAD_ROW;
}

static enum csv_result check_text(const struct csv_row *row, char *const ends[],
                                  struct problems *problems)
{
	for (unsigned i = 0; i < row->n; i++) {
		const size_t len = (size_t)(ends[i] - row->fields[i]);

		if (memchr(row->fields[i], 0, len) != NULL ||
		    !utf8_valid(row->fields[i], len)) {
			problems_add(problems, row->row, 0, NULL,
			             "field %u is not UTF-8 text; save the file as UTF-8",
			             i + 1);
			return CSV_BAD_ROW;
		}
	}
	return CSV_ROW;
}

enum csv_result csv_next(struct csv *csv, struct csv_row *row, struct problems *problems)
{
	char *ends[CSV_FIELDS_MAX];
	bool more = true;

	while (csv->at < csv->end && at_line_end(csv))
		skip_line_end(csv);
	if (csv->at == csv->end)
		return CSV_END;
	*row = (struct csv_row){ .row = csv->row };
	while (more) {
		if (row->n == CSV_FIELDS_MAX)
			return bad_row(csv, row, problems, "more than 32 fields");
		if (!read_field(csv, &row->fields[row->n], &ends[row->n])) {
			problems_add(problems, row->row, 0, NULL,
			             "field %u: a quote is not closed, or text follows it, or "
			             "it is longer than %u octets; nothing after it was read",
			             row->n + 1, CSV_FIELD_MAX);
			return CSV_BAD;
		}
		row->n++;
		more = csv->at < csv->end && *csv->at == ',';
		csv->at += more;
	}
	skip_line_end(csv);
	const enum csv_result result = check_text(row, ends, problems);
	for (unsigned i = 0; i < row->n; i++)
		*ends[i] = '\0';
	return result;
}

static void find_column(struct csv_layout *layout, const struct csv_row *row, unsigned column,
                        const struct csv_column *wanted, struct problems *problems)
{
	layout->position[column] = -1;
	for (unsigned i = 0; i < row->n; i++) {
		if (strcasecmp(row->fields[i], wanted->name) != 0)
			continue;
		if (layout->position[column] >= 0)
			problems_add(problems, row->row, 0, wanted->name,
			             "this column is there twice");
		layout->position[column] = (int)i;
	}
	if (wanted->required && layout->position[column] < 0)
		problems_add(problems, row->row, 0, wanted->name, "this column is missing");
}

static bool known_column(const char *name, const struct csv_column *columns, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcasecmp(name, columns[i].name) == 0)
			return true;
	return false;
}

/* The names that there are tell how the misspelt one is written. */
static void unknown_column(const struct csv_row *row, unsigned field,
                           const struct csv_column *columns, unsigned n,
                           struct problems *problems)
{
	char all[300] = "";

	for (unsigned i = 0; i < n; i++)
		strncat(strncat(all, i == 0 ? "" : ", ", sizeof(all) - strlen(all) - 1),
		        columns[i].name, sizeof(all) - strlen(all) - 1);
	problems_add(problems, row->row, 0, row->fields[field],
	             "this column is not known, only %s", all);
}

int csv_columns(struct csv_layout *layout, const struct csv_row *row,
                const struct csv_column *columns, unsigned n, struct problems *problems)
{
	const uint32_t before = problems->total;

	layout->n_fields = row->n;
	layout->nameless = 0;
	/* As some programs save it where the comma is for decimals. */
	if (row->n == 1 && strpbrk(row->fields[0], ";\t") != NULL) {
		problems_add(problems, row->row, 0, NULL,
		             "semicolons or tabs are between its fields; save it with commas");
		return -EINVAL;
	}
	for (unsigned i = 0; i < n; i++)
		find_column(layout, row, i, &columns[i], problems);
	for (unsigned i = 0; i < row->n; i++)
		if (row->fields[i][0] == '\0')
			layout->nameless |= UINT32_C(1) << i;
		else if (!known_column(row->fields[i], columns, n))
			unknown_column(row, i, columns, n, problems);
	return problems->total != before ? -EINVAL : 0;
}

int csv_header(struct csv *csv, struct csv_layout *layout, const struct csv_column *columns,
               unsigned n, struct problems *problems)
{
	struct csv_row row;
	const enum csv_result result = csv_next(csv, &row, problems);

	if (result == CSV_END)
		problems_add(problems, 0, 0, NULL, "the file is empty; it needs a header row");
	return result != CSV_ROW ? -EINVAL : csv_columns(layout, &row, columns, n, problems);
}

bool csv_is_empty(const struct csv_row *row)
{
	for (unsigned i = 0; i < row->n; i++)
		if (row->fields[i][0] != '\0')
			return false;
	return true;
}

bool csv_is_named(const struct csv_layout *layout, const struct csv_row *row,
                  struct problems *problems)
{
	_Static_assert(CSV_FIELDS_MAX <= 32, "a bit each");
	for (unsigned i = 0; i < row->n; i++) {
		if ((layout->nameless >> i & 1) == 0 || row->fields[i][0] == '\0')
			continue;
		problems_add(problems, row->row, 0, NULL,
		             "field %u has text, and its column has no name in the first row",
		             i + 1);
		return false;
	}
	return true;
}

const char *csv_field(const struct csv_layout *layout, const struct csv_row *row,
                      unsigned column)
{
	const int position = layout->position[column];

	return position < 0 ? "" : row->fields[position];
}
