/* SPDX-License-Identifier: Apache-2.0 */
#include "import_priv.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "address.h"
#include "instant.h"

#define OWNERS_MAX 32u /* accounts that share one sender */

enum column { ADDRESS, OWNER, STATE, FROM, UNTIL, BLOCKED_UNTIL, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[ADDRESS] = { "address", true },    [OWNER] = { "owner", true },
	[STATE] = { "state", false },       [FROM] = { "valid_from", false },
	[UNTIL] = { "valid_until", false }, [BLOCKED_UNTIL] = { "blocked_until", false },
};

/* One row. From state on it is hashed as octets: its digest. */
struct sender {
	struct sender_key key;
	unsigned n_owners;
	uint32_t state, valid_from, valid_until, blocked_until;
	uint32_t owners[OWNERS_MAX]; /* account ids, sorted, unused ones 0 */
};

struct senders {
	uint16_t country;
	char last_owner[16]; /* files name one owner for many rows in a run */
	uint32_t last_id;
	sqlite3_stmt *put, *first, *sanctioned, *owner, *clear_owners, *put_owner;
};

static void read_address(struct import *import, const struct senders *s, struct sender *out)
{
	const char *text = import_field(import, ADDRESS);

	if (address_key(&out->key, (const uint8_t *)text, strlen(text), 0, 0, s->country) != 0)
		problems_add(import->problems, import->row.row, 0, "address",
		             "\"%.60s\" cannot be a sender address", text);
}

/* The id of one owner; 0 with a problem; or negative errno. */
static int64_t find_owner(struct import *import, struct senders *s, const char *name)
{
	if (s->last_id != 0 && strcmp(name, s->last_owner) == 0)
		return s->last_id;
	const int result = sql_step(&import->registry->sql, s->owner, "t", name);
	if (result < 0)
		return result;
	if (result == 0) {
		problems_add(import->problems, import->row.row, 0, "owner",
		             "no account has the system_id \"%.40s\"; import it first", name);
		return 0;
	}
	s->last_id = (uint32_t)sqlite3_column_int64(s->owner, 0);
	strcpy(s->last_owner, name); /* it is in the registry, so it has 15 octets at most */
	return s->last_id;
}

/* Insert sorted; the same owner twice is one. */
static void add_owner(struct import *import, struct sender *out, uint32_t id)
{
	unsigned at = out->n_owners;

	if (id == 0)
		return;
	for (unsigned i = 0; i < out->n_owners; i++)
		if (out->owners[i] == id)
			return;
	if (out->n_owners == OWNERS_MAX) {
		problems_add(import->problems, import->row.row, 0, "owner",
		             "more than %u owners", OWNERS_MAX);
		return;
	}
	for (; at > 0 && out->owners[at - 1] > id; at--)
		out->owners[at] = out->owners[at - 1];
	out->owners[at] = id;
	out->n_owners++;
}

static int read_owners(struct import *import, struct senders *s, struct sender *out)
{
	char names[CSV_FIELD_MAX + 1], *rest = NULL;

	strcpy(names, import_field(import, OWNER)); /* CSV_FIELD_MAX bounds every field */
	for (char *name = strtok_r(names, "; ", &rest); name != NULL;
	     name = strtok_r(NULL, "; ", &rest)) {
		const int64_t id = find_owner(import, s, name);

		if (id < 0)
			return (int)id;
		add_owner(import, out, (uint32_t)id);
	}
	if (import_field(import, OWNER)[0] == '\0' && out->state != IMAGE_BLOCKED)
		problems_add(import->problems, import->row.row, 0, "owner",
		             "an owner is needed, unless the state is blocked");
	return 0;
}

static void read_times(struct import *import, struct sender *out)
{
	import_validity(import, FROM, UNTIL, &out->valid_from, &out->valid_until);
	out->blocked_until = import_instant(import, BLOCKED_UNTIL, "blocked_until");
	if (out->state == IMAGE_BLOCKED && out->blocked_until == 0)
		out->blocked_until = INSTANT_FOREVER;
}

static int repeated(struct import *import, const struct senders *s, const struct sender *sender,
                    int64_t digest)
{
	char canonical[ADDRESS_TEXT_SIZE * 2];
	const int result = sql_step(&import->registry->sql, s->first, "b", &sender->key,
	                            sizeof(sender->key));

	if (result < 0)
		return result;
	const uint32_t row = (uint32_t)sqlite3_column_int64(s->first, 0);
	const char *written = (const char *)sqlite3_column_text(s->first, 2);
	address_text(canonical, &sender->key);
	if (sqlite3_column_int64(s->first, 1) == digest) {
		import->result->repeated++;
		problems_add(import->notes, import->row.row, 0, "address",
		             "\"%s\" says again what row %u says (\"%s\"): both are %s",
		             import_field(import, ADDRESS), row, written, canonical);
	} else {
		problems_add(import->problems, import->row.row, 0, "address",
		             "\"%s\" contradicts row %u (\"%s\"): both are %s",
		             import_field(import, ADDRESS), row, written, canonical);
	}
	return 0;
}

static int put_owners(struct import *import, const struct senders *s,
                      const struct sender *sender)
{
	struct sql *sql = &import->registry->sql;
	int result = sql_step(sql, s->clear_owners, "b", &sender->key, sizeof(sender->key));

	for (unsigned i = 1; result >= 0 && i < sender->n_owners; i++)
		result = sql_step(sql, s->put_owner, "bi", &sender->key, sizeof(sender->key),
		                  (int64_t)sender->owners[i]);
	return result < 0 ? result : 0;
}

static int put_sender(struct import *import, const struct senders *s,
                      const struct sender *sender)
{
	struct sql *sql = &import->registry->sql;
	const int64_t digest = (int64_t)XXH3_64bits(
		&sender->state, sizeof(*sender) - offsetof(struct sender, state));
	const char *owner = sender->n_owners ? "btiiiiiiii" : "bttiiiiiii";
	int result;

	if (sender->n_owners != 0)
		result = sql_step(sql, s->put, owner, &sender->key, sizeof(sender->key),
		                  import_field(import, ADDRESS), (int64_t)sender->owners[0],
		                  (int64_t)sender->state, (int64_t)sender->valid_from,
		                  (int64_t)sender->valid_until, (int64_t)sender->blocked_until,
		                  digest, import->serial, (int64_t)import->row.row);
	else
		result = sql_step(sql, s->put, owner, &sender->key, sizeof(sender->key),
		                  import_field(import, ADDRESS), (const char *)NULL,
		                  (int64_t)sender->state, (int64_t)sender->valid_from,
		                  (int64_t)sender->valid_until, (int64_t)sender->blocked_until,
		                  digest, import->serial, (int64_t)import->row.row);
	if (result < 0)
		return result;
	if (sqlite3_changes(sql->db) == 0)
		return repeated(import, s, sender, digest);
	result = sql_step(sql, s->sanctioned, "b", &sender->key, sizeof(sender->key));
	import->result->still_suspended += result == 1;
	return result < 0 ? result : put_owners(import, s, sender);
}

static int sender_row(struct import *import, void *state)
{
	const uint32_t before = import->problems->total;
	struct sender sender = { .state = import_word(import, STATE, "state", sender_states) };

	read_address(import, state, &sender);
	read_times(import, &sender);
	const int result = read_owners(import, state, &sender);
	if (result != 0 || import->problems->total != before)
		return result;
	return put_sender(import, state, &sender);
}

static void prepare(struct sql *sql, struct senders *s)
{
	s->put = sql_prepare(
		sql,
		"INSERT INTO sender(key, address, owner, state, valid_from, valid_until,"
		" blocked_until, digest, import, row) VALUES(?,?,?,?,?,?,?,?,?,?)"
		" ON CONFLICT(key) DO UPDATE SET address = excluded.address,"
		" owner = excluded.owner, state = excluded.state, valid_from = "
		"excluded.valid_from,"
		" valid_until = excluded.valid_until, blocked_until = excluded.blocked_until,"
		" digest = excluded.digest, import = excluded.import, row = excluded.row"
		" WHERE import <> excluded.import");
	s->first = sql_prepare(sql, "SELECT row, digest, address FROM sender WHERE key = ?");
	s->sanctioned =
		sql_prepare(sql, "SELECT 1 FROM sender_sanction WHERE key = ? AND op = 1");
	s->owner = sql_prepare(sql, "SELECT id FROM account WHERE system_id = ?");
	s->clear_owners = sql_prepare(sql, "DELETE FROM sender_owner WHERE key = ?");
	s->put_owner = sql_prepare(sql, "INSERT INTO sender_owner VALUES(?, ?)");
}

static void finalize(struct senders *s)
{
	sqlite3_finalize(s->put);
	sqlite3_finalize(s->first);
	sqlite3_finalize(s->sanctioned);
	sqlite3_finalize(s->owner);
	sqlite3_finalize(s->clear_owners);
	sqlite3_finalize(s->put_owner);
}

int import_senders(struct registry *registry, char *text, size_t size,
                   struct problems *problems, struct problems *notes,
                   struct import_result *result)
{
	static const struct import_kind kind = { "senders", "sender", columns, COLUMNS,
		                                 sender_row };
	struct import import = {
		.registry = registry, .problems = problems, .notes = notes, .result = result
	};
	struct senders s = { 0 };
	uint32_t country = 0;

	*result = (struct import_result){ 0 };
	int outcome = registry_policy(registry, "country", &country);
	if (outcome < 0)
		return outcome;
	s.country = (uint16_t)country;
	prepare(&registry->sql, &s);
	outcome = import_run(&import, &kind, &s, text, size);
	finalize(&s);
	return outcome;
}
