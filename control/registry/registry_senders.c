/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_senders.h"

#include <string.h>

/* Go to the next row; at its end the statement is finalized and NULL. */
static int step(struct sql *sql, sqlite3_stmt **s)
{
	const int result = sql_again(sql, *s);

	if (result == 0) {
		sqlite3_finalize(*s);
		*s = NULL;
	}
	return result < 0 ? result : 0;
}

static int begin(struct sql *sql, sqlite3_stmt **s, const char *statement,
                 const struct sender_key *first)
{
	*s = sql_prepare(sql, statement);
	if (*s == NULL)
		return sql_failed(sql, "database");
	const int result = sql_step(sql, *s, "b", first, sizeof(*first));
	if (result == 0) {
		sqlite3_finalize(*s);
		*s = NULL;
	}
	return result < 0 ? result : 0;
}

int sender_walk_open(struct sender_walk *w, struct registry *registry,
                     const struct sender_key *first)
{
	static const struct sender_key least;
	struct sql *sql = &registry->sql;

	*w = (struct sender_walk){ .sql = sql };
	if (first == NULL)
		first = &least;
	int result = begin(sql, &w->rows,
	                   "SELECT key, owner, state, valid_from, valid_until, blocked_until,"
	                   " import FROM sender WHERE key >= ? ORDER BY key",
	                   first);
	if (result == 0)
		result = begin(sql, &w->sanctions,
		               "SELECT key, op, import FROM sender_sanction WHERE key >= ? "
		               "ORDER BY key",
		               first);
	if (result == 0)
		result = begin(sql, &w->blocks,
		               "SELECT key, until, import FROM sender_block WHERE key >= ? "
		               "ORDER BY key",
		               first);
	if (result == 0)
		result = begin(sql, &w->lists,
		               "SELECT key, list, until FROM sender_list WHERE key >= ? ORDER "
		               "BY key, list",
		               first);
	if (result == 0)
		result = begin(sql, &w->owners,
		               "SELECT key, account FROM sender_owner WHERE key >= ? ORDER BY "
		               "key, account",
		               first);
	return result;
}

void sender_walk_close(struct sender_walk *w)
{
	sqlite3_finalize(w->rows);
	sqlite3_finalize(w->sanctions);
	sqlite3_finalize(w->blocks);
	sqlite3_finalize(w->lists);
	sqlite3_finalize(w->owners);
}

/* How the key of a row compares; what is at its end comes after all. */
static int compare(sqlite3_stmt *s, const struct sender_key *key)
{
	return s == NULL ? 1 : memcmp(sqlite3_column_blob(s, 0), key, sizeof(*key));
}

static bool is_at(sqlite3_stmt *s, const struct sender_key *key)
{
	return compare(s, key) == 0;
}

/* The least key of the four that may name a sender; false when all are at their end. */
static bool least_key(const struct sender_walk *w, struct sender_key *key)
{
	sqlite3_stmt *const all[] = { w->rows, w->sanctions, w->blocks, w->lists };
	bool found = false;

	for (unsigned i = 0; i < 4; i++)
		if (all[i] != NULL && (!found || compare(all[i], key) < 0)) {
			memcpy(key, sqlite3_column_blob(all[i], 0), sizeof(*key));
			found = true;
		}
	return found;
}

static int take_owners(struct sender_walk *w, struct registered_sender *out, uint32_t first)
{
	int result = 0;

	out->owners[0] = first;
	out->n_owners = first != 0;
	while (result == 0 && compare(w->owners, &out->key) < 0) /* of one that was removed */
		result = step(w->sql, &w->owners);
	while (result == 0 && is_at(w->owners, &out->key)) {
		if (out->n_owners < SENDER_OWNERS_MAX)
			out->owners[out->n_owners++] =
				(uint32_t)sqlite3_column_int64(w->owners, 1);
		result = step(w->sql, &w->owners);
	}
	return result;
}

/* What the file, or an added delta, states; *import: since when. */
static int take_row(struct sender_walk *w, struct registered_sender *out, int64_t *import)
{
	sqlite3_stmt *s = w->rows;

	out->suspended = sqlite3_column_int(s, 2) == IMAGE_SUSPENDED;
	out->valid_from = (uint32_t)sqlite3_column_int64(s, 3);
	out->valid_until = (uint32_t)sqlite3_column_int64(s, 4);
	out->blocked_until = (uint32_t)sqlite3_column_int64(s, 5);
	*import = sqlite3_column_int64(s, 6);
	const int result = take_owners(w, out, (uint32_t)sqlite3_column_int64(s, 1));
	return result < 0 ? result : step(w->sql, &w->rows);
}

static int take_sanction(struct sender_walk *w, struct registered_sender *out, int64_t import)
{
	const int op = sqlite3_column_int(w->sanctions, 1);

	if (op == LINK_SUSPEND)
		out->suspended = true;
	else if (sqlite3_column_int64(w->sanctions, 2) >= import)
		out->suspended = false;
	return step(w->sql, &w->sanctions);
}

static int take_block(struct sender_walk *w, struct registered_sender *out, int64_t import)
{
	const uint32_t until = (uint32_t)sqlite3_column_int64(w->blocks, 1);

	if (until != 0 || sqlite3_column_int64(w->blocks, 2) >= import)
		out->blocked_until = until;
	return step(w->sql, &w->blocks);
}

/* The lists that it is on: what ends last is what is said. */
static int take_lists(struct sender_walk *w, struct registered_sender *out)
{
	int result = 0;

	while (result == 0 && is_at(w->lists, &out->key)) {
		const uint32_t until = (uint32_t)sqlite3_column_int64(w->lists, 2);

		if (until > out->blocked_until ||
		    (until == UINT32_MAX && out->block == IMAGE_BLOCK_OPERATOR)) {
			out->blocked_until = until;
			out->block = (enum image_block)sqlite3_column_int(w->lists, 1);
		}
		result = step(w->sql, &w->lists);
	}
	return result;
}

int sender_walk_next(struct sender_walk *w, struct registered_sender *out)
{
	int64_t import = 0;
	int result = 0;

	do {
		out->suspended = false;
		out->block = IMAGE_BLOCK_OPERATOR;
		out->valid_from = out->valid_until = out->blocked_until = out->n_owners = 0;
		if (!least_key(w, &out->key))
			return 0;
		out->registered = is_at(w->rows, &out->key);
		if (out->registered)
			result = take_row(w, out, &import);
		if (result == 0 && is_at(w->sanctions, &out->key))
			result = take_sanction(w, out, out->registered ? import : 0);
		if (result == 0 && is_at(w->blocks, &out->key))
			result = take_block(w, out, out->registered ? import : 0);
		if (result == 0)
			result = take_lists(w, out);
		/* Neither registered nor forbidden: a lift that outlived its sender. */
		if (out->registered || out->suspended || out->blocked_until != 0)
			return result < 0 ? result : 1;
	} while (result == 0);
	return result;
}
