/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers exist: a file of ranges and numbers, in order; a later row holds. */
#include "import_priv.h"

#include <errno.h>
#include <string.h>

#include "address.h"
#include "image_build.h"

enum column { FIRST, LAST, STATE, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[FIRST] = { "first", true },
	[LAST] = { "last", false },
	[STATE] = { "state", false },
};

static const struct word states[] = {
	{ "assigned", IMAGE_NUMBER_ASSIGNED },
	{ "unassigned", IMAGE_NUMBER_UNASSIGNED },
	{ "unknown", IMAGE_NUMBER_UNKNOWN },
	{ NULL, 0 },
};

struct numbers {
	const struct numbering_plan *plan;
	bool emptied;
	sqlite3_stmt *put;
	struct image_build *trial; /* what an image cannot hold is refused here */
};

static unsigned digits_of(const struct sender_key *key)
{
	const unsigned digits = key->octets[0] - (SENDER_KEY_NUMBER << 5);

	return digits <= IMAGE_NUMBER_LONGEST ? digits : 0;
}

static void read_number(struct import *import, const struct numbers *n, unsigned column,
                        struct sender_key *key)
{
	const char *text = import_field(import, column);

	if (address_key_by(key, (const uint8_t *)text, strlen(text), n->plan) != 0 ||
	    digits_of(key) < IMAGE_NUMBER_SHORTEST)
		problems_add(import->problems, import->row.row, 0, columns[column].name,
		             "\"%.40s\" is no number of %u to %u digits, country code included",
		             text, IMAGE_NUMBER_SHORTEST, IMAGE_NUMBER_LONGEST);
}

/* Digits stand from the left, so numbers of one length compare as octets. */
static void check_range(struct import *import, const struct sender_key *first,
                        const struct sender_key *last)
{
	if (digits_of(first) != digits_of(last))
		problems_add(import->problems, import->row.row, 0, "last",
		             "it has %u digits with its country code, first has %u",
		             digits_of(last), digits_of(first));
	else if (memcmp(first, last, sizeof(*first)) > 0)
		problems_add(import->problems, import->row.row, 0, "last",
		             "it is before first");
}

static int number_row(struct import *import, void *state)
{
	struct numbers *n = state;
	struct sql *sql = &import->registry->sql;
	const uint32_t before = import->problems->total;
	const uint32_t value = import_word(import, STATE, "state", states);
	struct sender_key first, last;
	int result = 0;

	read_number(import, n, FIRST, &first);
	last = first;
	if (import_field(import, LAST)[0] != '\0')
		read_number(import, n, LAST, &last);
	if (import->problems->total == before)
		check_range(import, &first, &last);
	if (import->problems->total == before)
		result = image_build_numbers(n->trial, &first, &last,
		                             (enum image_number_state)value);
	if (result == -E2BIG)
		problems_add(import->problems, import->row.row, 0, "last",
		             "an image has room for %u million numbers",
		             IMAGE_NUMBER_BLOCKS_MAX);
	if (import->problems->total != before)
		return 0;
	if (result == 0 && !n->emptied)
		result = sql_run(sql, "DELETE FROM number_range", "");
	n->emptied = true;
	if (result >= 0)
		result = sql_step(sql, n->put, "ibbi", (int64_t)import->row.row, &first,
		                  sizeof(first), &last, sizeof(last), (int64_t)value);
	return result < 0 ? result : 0;
}

int import_numbers(struct registry *registry, char *text, size_t size,
                   const struct import_options *options, struct problems *problems,
                   struct problems *notes, struct import_result *out)
{
	static const struct import_kind kind = {
		"numbers",  "SELECT count(*) FROM number_range",
		columns,    COLUMNS,
		number_row, NULL,
		false
	};
	struct import import = { .registry = registry,
		                 .problems = problems,
		                 .notes = notes,
		                 .result = out,
		                 .options = options };
	struct numbers n = { 0 };

	*out = (struct import_result){ 0 };
	int result = registry_plan(registry, &n.plan);
	if (result < 0)
		return result;
	result = image_build_open(&n.trial);
	if (result < 0)
		return result;
	n.put = sql_prepare(&registry->sql, "INSERT INTO number_range VALUES(?,?,?,?)");
	result = import_run(&import, &kind, &n, text, size);
	sqlite3_finalize(n.put);
	image_build_close(n.trial);
	import_replaced(&import);
	return result;
}
