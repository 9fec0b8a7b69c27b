/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: rows of a CSV text (RFC 4180), in place.
 *
 * Quoted fields may hold commas, quotes ("") and line breaks; lines end in CRLF,
 * LF or CR; a byte order mark is skipped; empty lines are no rows. Columns are
 * found by the names in the header row, in any order and in any case of letters; those
 * without a name, which spreadsheets leave behind, must be empty.
 *
 * Ownership  fields point into the caller's text, which is overwritten as it is
 *            read (quotes removed, NULs set) and must outlive them.
 * Threads    a reader belongs to its caller.
 */
#ifndef CONTROL_CSV_H
#define CONTROL_CSV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "problems.h"

#define CSV_FIELDS_MAX 32u
#define CSV_FIELD_MAX 4096u /* octets; a lost quote would swallow the file */

struct csv {
	char *at, *end;
	uint32_t row; /* line of at, from 1 */
};

struct csv_row {
	uint32_t row; /* line where it begins, from 1 */
	unsigned n;
	char *fields[CSV_FIELDS_MAX]; /* NUL-terminated UTF-8, blanks around removed */
};

enum csv_result {
	CSV_ROW,
	CSV_END,
	CSV_BAD_ROW, /* a problem was added; the next row can be read */
	CSV_BAD,     /* a problem was added; nothing more can be read */
};

/* text[size] must be there and writable: the last field is terminated in it. */
void csv_open(struct csv *csv, char *text, size_t size);

enum csv_result csv_next(struct csv *csv, struct csv_row *row, struct problems *problems);

#define CSV_NOTE "# line " /* begins the lines that sluicectl --skip-bad writes */

/* Step over lines that are empty or begin like this, in files where such are no rows. */
void csv_skip_comments(struct csv *csv, const char *begin);

struct csv_column {
	const char *name;
	bool required;
};

/* Position of each column in a row, -1 for an optional one that is absent. */
struct csv_layout {
	unsigned n_fields; /* of the header; every row must have as many */
	int position[CSV_FIELDS_MAX];
	uint32_t nameless; /* bit of each field without a name */
};

/*
 * Read the header row. 0; or -EINVAL with problems added: no header, a column that
 * is not known, is there twice, or is missing. n <= CSV_FIELDS_MAX.
 */
must_use int csv_header(struct csv *csv, struct csv_layout *layout,
                        const struct csv_column *columns, unsigned n,
                        struct problems *problems);

/* The same of a header row that was read: for files that may be without one. */
must_use int csv_columns(struct csv_layout *layout, const struct csv_row *row,
                         const struct csv_column *columns, unsigned n,
                         struct problems *problems);

/* Whether no field has text, as in what a spreadsheet makes of a row that was emptied. */
bool csv_is_empty(const struct csv_row *row);

/* Text in a column without a name would be lost: a problem, and false. */
must_use bool csv_is_named(const struct csv_layout *layout, const struct csv_row *row,
                           struct problems *problems);

/* The field of a column of this row, "" when the column is absent. */
const char *csv_field(const struct csv_layout *layout, const struct csv_row *row,
                      unsigned column);

#endif
