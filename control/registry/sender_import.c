/* SPDX-License-Identifier: Apache-2.0 */
#include "import_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "crash_point.h"
#include "instant.h"
#include "sender_fault.h"
#include "sender_rows.h"

enum column { ADDRESS, OWNER, STATE, FROM, UNTIL, BLOCKED_UNTIL, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[ADDRESS] = { "address", true },    [OWNER] = { "owner", true },
	[STATE] = { "state", false },       [FROM] = { "valid_from", false },
	[UNTIL] = { "valid_until", false }, [BLOCKED_UNTIL] = { "blocked_until", false },
};

struct account_name {
	char system_id[16];
	uint32_t id;
};

struct senders {
	const struct numbering_plan *plan;
	struct account_name *accounts; /* sorted */
	size_t n_accounts;
	const struct account_name *last; /* files name one owner for many rows in a run */
	struct sender_rows rows;
};

struct owners {
	unsigned n;
	uint32_t ids[SENDER_OWNERS_MAX]; /* sorted */
};

static int by_system_id(const void *a, const void *b)
{
	return strcmp(((const struct account_name *)a)->system_id,
	              ((const struct account_name *)b)->system_id);
}

static int load_accounts(struct registry *registry, struct senders *s)
{
	int64_t n = 0;
	int result = sql_number(&registry->sql, &n, "SELECT count(*) FROM account", "");

	if (result < 0)
		return result;
	s->accounts = calloc((size_t)n + 1, sizeof(*s->accounts));
	sqlite3_stmt *q = sql_prepare(&registry->sql, "SELECT system_id, id FROM account");
	if (s->accounts == NULL || q == NULL) {
		sqlite3_finalize(q);
		return -ENOMEM;
	}
	result = sql_again(&registry->sql, q);
	for (; result == 1 && s->n_accounts < (size_t)n; s->n_accounts++) {
		struct account_name *a = &s->accounts[s->n_accounts];
		strncpy(a->system_id, (const char *)sqlite3_column_text(q, 0),
		        sizeof(a->system_id) - 1);
		a->id = (uint32_t)sqlite3_column_int64(q, 1);
		result = sql_again(&registry->sql, q);
	}
	sqlite3_finalize(q);
	qsort(s->accounts, s->n_accounts, sizeof(*s->accounts), by_system_id);
	return result < 0 ? result : 0;
}

static void read_address(struct import *import, const struct senders *s, struct sender_key *key)
{
	char why[SENDER_FAULT_SIZE];

	if (!sender_key_of(key, import_field(import, ADDRESS), s->plan, why, sizeof(why)))
		problems_add(import->problems, import->row.row, 0, "address", "%s", why);
}

/* A name is whatever has a letter: 010-12o4-5678 too, which nobody meant. */
static void note_mistyped(struct import *import)
{
	const char *text = import_field(import, ADDRESS);
	unsigned digits = 0, letters = 0;

	for (const char *c = text; *c != '\0'; c++) {
		digits += *c >= '0' && *c <= '9';
		letters += (*c | 0x20) >= 'a' && (*c | 0x20) <= 'z';
	}
	if (digits >= 7 && letters > 0 && letters <= 2)
		problems_add(import->notes, import->row.row, 0, "address",
		             "\"%.40s\" has a letter, so it is a name: a mistyped number?",
		             text);
}

static bool is_at_home(const struct sender_key *key, const struct numbering_plan *plan)
{
	char text[ADDRESS_TEXT_SIZE * 2], code[8];
	const int n = snprintf(code, sizeof(code), "+%u", plan->country);

	address_text(text, key);
	return strncmp(text, code, (size_t)n) == 0;
}

/* 212345678 is a number of Morocco, where a spreadsheet has made a number of 0212345678. */
static void note_lost_zero(struct import *import, const struct senders *s,
                           const struct sender_key *key)
{
	const char *text = import_field(import, ADDRESS);
	char whole[ADDRESS_INPUT_MAX + 2], means[ADDRESS_TEXT_SIZE * 2];
	char why[SENDER_FAULT_SIZE];
	struct sender_key ours;

	if (text[0] == '0' || text[0] == '+' || key->octets[0] >> 5 != SENDER_KEY_NUMBER ||
	    is_at_home(key, s->plan))
		return;
	snprintf(whole, sizeof(whole), "0%s", text);
	if (!sender_key_of(&ours, whole, s->plan, why, sizeof(why)) ||
	    !is_at_home(&ours, s->plan))
		return;
	address_text(means, key);
	problems_add(
		import->notes, import->row.row, 0, "address",
		"\"%.40s\" is %s, a number of another country: has a spreadsheet taken its "
		"first 0?",
		text, means);
}

/* The id of one owner; 0 with a problem. */
static uint32_t find_owner(struct import *import, struct senders *s, const char *name)
{
	struct account_name wanted = { .id = 0 };

	if (s->last != NULL && strcmp(name, s->last->system_id) == 0)
		return s->last->id;
	const struct account_name *found = NULL;
	if (strlen(name) < sizeof(wanted.system_id)) {
		strcpy(wanted.system_id, name);
		found = bsearch(&wanted, s->accounts, s->n_accounts, sizeof(wanted),
		                by_system_id);
	}
	if (found == NULL) {
		problems_add(import->problems, import->row.row, 0, "owner",
		             "no account has the system_id \"%.40s\"; import it first", name);
		return 0;
	}
	s->last = found;
	return found->id;
}

/* Insert sorted; the same owner twice is one. */
static void add_owner(struct import *import, struct owners *out, uint32_t id)
{
	unsigned at = out->n;

	if (id == 0)
		return;
	for (unsigned i = 0; i < out->n; i++)
		if (out->ids[i] == id)
			return;
	if (out->n == SENDER_OWNERS_MAX) {
		problems_add(import->problems, import->row.row, 0, "owner",
		             "more than %u owners, which is all a sender can have",
		             SENDER_OWNERS_MAX);
		return;
	}
	for (; at > 0 && out->ids[at - 1] > id; at--)
		out->ids[at] = out->ids[at - 1];
	out->ids[at] = id;
	out->n++;
}

static void read_owners(struct import *import, struct senders *s, struct owners *out)
{
	char names[CSV_FIELD_MAX + 1], *rest = names;

	out->n = 0;
	strcpy(names, import_field(import, OWNER)); /* CSV_FIELD_MAX bounds every field */
	for (const char *name; (name = owner_next(&rest)) != NULL;)
		add_owner(import, out, find_owner(import, s, name));
}

static void read_times(struct import *import, struct sender_row *out)
{
	import_validity(import, FROM, UNTIL, &out->valid_from, &out->valid_until);
	out->blocked_until = import_instant(import, BLOCKED_UNTIL, "blocked_until");
	if (out->state == IMAGE_BLOCKED && out->blocked_until == 0)
		out->blocked_until = INSTANT_FOREVER;
}

static int sender_row(struct import *import, void *state)
{
	struct senders *s = state;
	const uint32_t before = import->problems->total;
	struct sender_row row = { .row = import->row.row,
		                  .state = import_word(import, STATE, "state", sender_states) };
	struct owners owners;

	read_address(import, s, &row.key);
	read_times(import, &row);
	read_owners(import, s, &owners);
	if (owners.n == 0 && row.state != IMAGE_BLOCKED && import->problems->total == before)
		problems_add(import->problems, import->row.row, 0, "owner",
		             "an owner is needed, unless the state is blocked");
	if (import->problems->total != before)
		return 0;
	note_mistyped(import);
	note_lost_zero(import, s, &row.key);
	row.owner = owners.n != 0 ? owners.ids[0] : 0;
	if (owners.n > 1) {
		const int64_t run = sender_rows_owners(&s->rows, owners.ids + 1, owners.n - 1);
		if (run < 0)
			return (int)run;
		row.more = (uint32_t)run;
	}
	return sender_rows_add(&s->rows, &row);
}

/* Rows of one key that say the same are one; of those that do not, none is right. */
static int judge_run(struct import *import, struct sender_rows *r, uint64_t first, uint64_t n)
{
	struct sender_row *rows = r->rows + first;
	char canonical[ADDRESS_TEXT_SIZE * 2];
	int result = 0;

	address_text(canonical, &rows[0].key);
	for (uint64_t i = 1; i < n && result == 0; i++) {
		if (sender_rows_agree(r, &rows[0], &rows[i])) {
			import->result->repeated++;
			problems_add(import->notes, rows[i].row, 0, "address",
			             "says again what row %u says: both are %s", rows[0].row,
			             canonical);
			continue;
		}
		problems_add(import->problems, rows[i].row, 0, "address",
		             "contradicts row %u: both are %s", rows[0].row, canonical);
		result = import_skip(import, rows[i].row);
		if (import->options->skips == NULL || result != 0 || rows[0].state == 0)
			continue;
		problems_add(import->problems, rows[0].row, 0, "address",
		             "contradicts row %u: both are %s", rows[i].row, canonical);
		result = import_skip(import, rows[0].row);
		rows[0].state = 0; /* passed over */
	}
	return result;
}

/* One row a key is left, at the beginning. */
static int judge(struct import *import, struct sender_rows *r)
{
	uint64_t kept = 0, n = 1;
	int result = 0;

	for (uint64_t i = 0; i < r->n && result == 0; i += n) {
		n = 1;
		while (i + n < r->n && memcmp(&r->rows[i].key, &r->rows[i + n].key,
		                              sizeof(r->rows[i].key)) == 0)
			n++;
		if (n > 1)
			result = judge_run(import, r, i, n);
		if (r->rows[i].state != 0)
			r->rows[kept++] = r->rows[i];
	}
	r->n = kept;
	return result;
}

static int bind_row(sqlite3_stmt *put, const struct sender_row *row, int64_t serial)
{
	sqlite3_reset(put);
	int rc = sqlite3_bind_blob(put, 1, &row->key, sizeof(row->key), SQLITE_STATIC);
	rc |= row->owner == 0 ? sqlite3_bind_null(put, 2)
	                      : sqlite3_bind_int64(put, 2, row->owner);
	rc |= sqlite3_bind_int(put, 3, (int)row->state);
	rc |= sqlite3_bind_int64(put, 4, row->valid_from);
	rc |= sqlite3_bind_int64(put, 5, row->valid_until);
	rc |= sqlite3_bind_int64(put, 6, row->blocked_until);
	rc |= sqlite3_bind_int64(put, 7, serial);
	rc |= sqlite3_bind_int64(put, 8, row->row);
	return rc;
}

static int write_rows(struct import *import, const struct sender_rows *r, bool fresh)
{
	struct sql *sql = &import->registry->sql;
	sqlite3_stmt *put = sql_prepare(
		sql, fresh ? "INSERT INTO sender VALUES(?,?,?,?,?,?,?,?)"
			   : "INSERT OR REPLACE INTO sender VALUES(?,?,?,?,?,?,?,?)");
	int result = put == NULL ? -EIO : 0;

	for (uint64_t i = 0; i < r->n && result == 0; i++) {
		if (i % PROGRESS_ROWS == 0)
			import_progress(import->options->progress, IMPORT_WRITE, i, r->n);
		if (bind_row(put, &r->rows[i], import->serial) != SQLITE_OK)
			result = sql_failed(sql, "database");
		else
			result = sql_again(sql, put);
	}
	sqlite3_finalize(put);
	return result;
}

/* Owners after the first: of the rows that have them; and none of those that had. */
static int write_owners(struct import *import, const struct sender_rows *r)
{
	struct sql *sql = &import->registry->sql;
	int result = sql_run(sql,
	                     "DELETE FROM sender_owner WHERE key IN (SELECT o.key FROM"
	                     " (SELECT DISTINCT key FROM sender_owner) o"
	                     " JOIN sender s ON s.key = o.key WHERE s.import = ?)",
	                     "i", import->serial);
	sqlite3_stmt *put = sql_prepare(sql, "INSERT INTO sender_owner VALUES(?, ?)");

	for (uint64_t i = 0; i < r->n && result >= 0; i++) {
		if (r->rows[i].more == 0) /* and when no row has any, r->owners is NULL */
			continue;
		const uint32_t *run = r->owners + r->rows[i].more;
		for (uint32_t k = 1; result >= 0 && k <= run[0]; k++)
			result = sql_step(sql, put, "bi", &r->rows[i].key,
			                  sizeof(r->rows[i].key), (int64_t)run[k]);
	}
	sqlite3_finalize(put);
	return result < 0 ? result : 0;
}

static int count_all(struct import *import, const struct sender_rows *r, bool fresh)
{
	struct sql *sql = &import->registry->sql;
	int64_t suspended = 0;
	int result = sql_number(sql, &suspended,
	                        "SELECT count(*) FROM sender_sanction x JOIN sender s"
	                        " ON s.key = x.key WHERE x.op = 1 AND s.import = ?",
	                        "i", import->serial);

	import->result->still_suspended = (uint64_t)suspended;
	if (result < 0)
		return result;
	return fresh ? sql_run(sql, "UPDATE meta SET value = ? WHERE name = 'senders'", "i",
	                       (int64_t)r->n)
	             : sql_run(sql,
	                       "UPDATE meta SET value = (SELECT count(*) FROM sender)"
	                       " WHERE name = 'senders'",
	                       "");
}

static int write_senders(struct import *import, void *state)
{
	struct sender_rows *r = &((struct senders *)state)->rows;
	const uint64_t began = import_now_us();
	int64_t some = 0;

	import_progress(import->options->progress, IMPORT_SORT, 0, r->n);
	sender_rows_sort(r);
	int result = judge(import, r);
	import->result->sort_us = import_now_us() - began;
	if (result == 0 && import->problems->total != 0)
		return -EINVAL;
	if (result == 0)
		result = sql_number(&import->registry->sql, &some,
		                    "SELECT EXISTS(SELECT 1 FROM sender)", "");
	if (result >= 0)
		result = write_rows(import, r, some == 0);
	if (result == 0)
		result = write_owners(import, r);
	if (result == 0)
		result = count_all(import, r, some == 0);
	import_progress(import->options->progress, IMPORT_COMMIT, 0, 0);
	crash_point("import_before_commit");
	return result;
}

int import_senders(struct registry *registry, char *text, size_t size,
                   const struct import_options *options, struct problems *problems,
                   struct problems *notes, struct import_result *result)
{
	static const struct import_kind kind = {
		"senders",  "SELECT value FROM meta WHERE name = 'senders'",
		columns,    COLUMNS,
		sender_row, write_senders,
		false
	};
	struct import import = {
		.registry = registry,
		.problems = problems,
		.notes = notes,
		.result = result,
		.options = options,
	};
	struct senders s = { 0 };

	*result = (struct import_result){ 0 };
	int outcome = registry_plan(registry, &s.plan);
	if (outcome == 0)
		outcome = load_accounts(registry, &s);
	if (outcome == 0)
		outcome = import_run(&import, &kind, &s, text, size);
	free(s.accounts);
	sender_rows_free(&s.rows);
	return outcome;
}
