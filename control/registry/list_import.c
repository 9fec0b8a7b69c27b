/* SPDX-License-Identifier: Apache-2.0 */
/* Block lists of others: a file is the whole list. */
#include "import_priv.h"

#include "address.h"
#include "instant.h"
#include "sender_fault.h"

enum column { ADDRESS, UNTIL, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[ADDRESS] = { "address", true },
	[UNTIL] = { "until", false },
};

struct list {
	enum image_block list;
	const struct numbering_plan *plan;
	bool emptied;
	sqlite3_stmt *put, *first;
};

/* The row before that names the same sender: says the same, or contradicts. */
static int repeated(struct import *import, struct list *l, const struct sender_key *key,
                    uint32_t until)
{
	char canonical[ADDRESS_TEXT_SIZE * 2];
	const int result = sql_step(&import->registry->sql, l->first, "bi", key, sizeof(*key),
	                            (int64_t)l->list);

	if (result < 0)
		return result;
	const unsigned row = (unsigned)sqlite3_column_int64(l->first, 0);
	const bool same = sqlite3_column_int64(l->first, 1) == (int64_t)until;
	address_text(canonical, key);
	import->result->repeated += same;
	problems_add(same ? import->notes : import->problems, import->row.row, 0, "address",
	             "%s row %u: both are %s", same ? "says again what is in" : "contradicts",
	             row, canonical);
	return 0;
}

/* Within the transaction: what is wrong in the file brings the old list back. */
static int empty(struct import *import, struct list *l)
{
	if (l->emptied)
		return 0;
	l->emptied = true;
	return sql_run(&import->registry->sql, "DELETE FROM sender_list WHERE list = ?", "i",
	               (int64_t)l->list);
}

static int list_row(struct import *import, void *state)
{
	struct list *l = state;
	struct sql *sql = &import->registry->sql;
	const uint32_t before = import->problems->total;
	const char *text = import_field(import, ADDRESS);
	uint32_t until = import_instant(import, UNTIL, "until");
	struct sender_key key;
	char why[SENDER_FAULT_SIZE];

	until = until == 0 ? INSTANT_FOREVER : until;
	if (!sender_key_of(&key, text, l->plan, why, sizeof(why)))
		problems_add(import->problems, import->row.row, 0, "address", "%s", why);
	if (import->problems->total != before)
		return 0;
	int result = empty(import, l);
	if (result >= 0)
		result = sql_step(sql, l->put, "biii", &key, sizeof(key), (int64_t)l->list,
		                  (int64_t)until, (int64_t)import->row.row);
	if (result < 0)
		return result;
	return sqlite3_changes(sql->db) == 0 ? repeated(import, l, &key, until) : 0;
}

static int import_list(struct import *import, enum image_block list, char *text, size_t size)
{
	static const struct import_kind kinds[] = {
		[IMAGE_BLOCK_BLACKLIST] = { "blacklist",
		                            "SELECT count(*) FROM sender_list WHERE list = 1",
		                            columns, COLUMNS, list_row, NULL, false },
		[IMAGE_BLOCK_THEFT] = { "theft",
		                        "SELECT count(*) FROM sender_list WHERE list = 2",
		                        columns, COLUMNS, list_row, NULL, false },
	};
	struct sql *sql = &import->registry->sql;
	struct list l = { .list = list };

	*import->result = (struct import_result){ 0 };
	int result = registry_plan(import->registry, &l.plan);
	if (result < 0)
		return result;
	l.put = sql_prepare(sql, "INSERT OR IGNORE INTO sender_list VALUES(?,?,?,?)");
	l.first = sql_prepare(sql,
	                      "SELECT row, until FROM sender_list WHERE key = ? AND list = ?");
	result = import_run(import, &kinds[list], &l, text, size);
	sqlite3_finalize(l.put);
	sqlite3_finalize(l.first);
	import_replaced(import);
	return result;
}

int import_blacklist(struct registry *registry, char *text, size_t size,
                     const struct import_options *options, struct problems *problems,
                     struct problems *notes, struct import_result *result)
{
	struct import import = { .registry = registry,
		                 .problems = problems,
		                 .notes = notes,
		                 .result = result,
		                 .options = options };

	return import_list(&import, IMAGE_BLOCK_BLACKLIST, text, size);
}

int import_theft(struct registry *registry, char *text, size_t size,
                 const struct import_options *options, struct problems *problems,
                 struct problems *notes, struct import_result *result)
{
	struct import import = { .registry = registry,
		                 .problems = problems,
		                 .notes = notes,
		                 .result = result,
		                 .options = options };

	return import_list(&import, IMAGE_BLOCK_THEFT, text, size);
}
