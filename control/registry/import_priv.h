/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_priv: what importing accounts and importing senders have in common.
 */
#ifndef CONTROL_IMPORT_PRIV_H
#define CONTROL_IMPORT_PRIV_H
#include "csv.h"
#include "import.h"
#include "registry_priv.h"

/* Rows between two words about how far it is: some ten milliseconds. */
#define PROGRESS_ROWS 16384u

struct import {
	struct registry *registry;
	struct problems *problems, *notes;
	struct import_result *result;
	const struct import_options *options;
	bool whole;       /* a problem that no skipping ends: contradicting rows are written */
	const char *text; /* where the file begins */
	size_t size;
	struct csv csv;
	struct csv_layout layout;
	struct csv_row row;
	int64_t serial; /* of this import: rows of it are told from older ones */
};

/* What one kind of file is. */
struct import_kind {
	const char *name, *count; /* count: a statement for the number of rows there are */
	const struct csv_column *columns;
	unsigned n_columns;
	/* One row, into the registry, or into state when there is write(). 0 (problems may
	 * have been added) or negative errno. */
	int (*row)(struct import *import, void *state);
	/* All rows into the registry; NULL: row() did that. */
	int (*write)(struct import *import, void *state);
	bool may_be_empty; /* a header alone says that there are none */
};

/* The row of this line is wrong: skip it, if rows are skipped, and forget the problem.
 * -ENOMEM. */
must_use int import_skip(struct import *import, uint32_t row);

uint64_t import_now_us(void);

/* The file was the whole list: all that is there now was added by it. */
static inline void import_replaced(struct import *import)
{
	import->result->added += import->result->updated;
	import->result->updated = 0;
}

must_use int import_run(struct import *import, const struct import_kind *kind, void *state,
                        char *text, size_t size);

static inline const char *import_field(const struct import *import, unsigned column)
{
	return csv_field(&import->layout, &import->row, column);
}

/* The number of a word in this column; a problem when it is none of them. */
uint32_t import_word(struct import *import, unsigned column, const char *name,
                     const struct word *words);

/* The instant in this column, 0 when empty; a problem when it is none. */
uint32_t import_instant(struct import *import, unsigned column, const char *name);

/* valid_from and valid_until, and that they are in this order. */
void import_validity(struct import *import, unsigned from_column, unsigned until_column,
                     uint32_t *from, uint32_t *until);

#endif
