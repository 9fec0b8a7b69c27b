/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_delta.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "crash_point.h"
#include "registry_priv.h"
#include "sender_fault.h"
#include "text.h"

static const char find_sender_sql[] =
	"SELECT a.import, a.state, a.blocked_until, a.owner,"
	" x.op, x.import, b.until, b.import"
	" FROM (SELECT ?1 AS key) k LEFT JOIN sender a ON a.key = k.key"
	" LEFT JOIN sender_sanction x ON x.key = k.key"
	" LEFT JOIN sender_block b ON b.key = k.key";

static const char add_account_sql[] =
	"INSERT INTO account(system_id, name, state, mode, alphabet,"
	" sender_tlv, valid_from, valid_until, digest, import, row)"
	" VALUES(?,?,1,?,?,?,?,?,0,"
	" (SELECT coalesce(max(serial), 0) FROM import), 0)";

static const char add_sender_sql[] = "INSERT INTO sender VALUES(?,?,1,?,?,0,"
				     " (SELECT coalesce(max(serial), 0) FROM import), 0)";

static const char generation_sql[] = "SELECT " GENERATION;

static const char *const statements[DELTA_STATEMENTS] = {
	[DELTA_BEGIN] = "BEGIN",
	[DELTA_LOCK] = "UPDATE serial SET value = value",
	[DELTA_GENERATION] = generation_sql,
	[DELTA_ADVANCE] = "UPDATE serial SET value = value + ?",
	[DELTA_ADVANCE_RECORDS] =
		"UPDATE meta SET value = value + ? WHERE name = 'generation'",
	[DELTA_COMMIT] = "COMMIT",
	[DELTA_GROUP] = "SAVEPOINT one",
	[DELTA_GROUP_END] = "RELEASE one",
	[DELTA_FIND_ACCOUNT] = "SELECT id, import, state FROM account WHERE system_id = ?",
	[DELTA_FIND_SENDER] = find_sender_sql,
	[DELTA_SANCTION_ACCOUNT] = "INSERT OR REPLACE INTO account_sanction VALUES(?,?,?,?)",
	[DELTA_SANCTION_SENDER] = "INSERT OR REPLACE INTO sender_sanction VALUES(?,?,?,?)",
	[DELTA_BLOCK_ACCOUNT] = "INSERT OR REPLACE INTO account_block VALUES(?,?,?,?)",
	[DELTA_BLOCK_SENDER] = "INSERT OR REPLACE INTO sender_block VALUES(?,?,?,?)",
	[DELTA_ADD_ACCOUNT] = add_account_sql,
	[DELTA_ADD_SENDER] = add_sender_sql,
	[DELTA_ADD_OWNER] = "INSERT INTO sender_owner VALUES(?, ?)",
	[DELTA_REMOVE_ACCOUNT] = "DELETE FROM account WHERE system_id = ?",
	[DELTA_REMOVE_SENDER] = "DELETE FROM sender WHERE key = ?",
	[DELTA_REMOVE_OWNERS] = "DELETE FROM sender_owner WHERE key = ?",
	[DELTA_COUNT_SENDERS] = "UPDATE meta SET value = value + ? WHERE name = 'senders'",
};

static sqlite3_stmt *prepared(struct registry *r, enum delta_statement which)
{
	if (r->delta[which] == NULL)
		r->delta[which] = sql_prepare(&r->sql, statements[which]);
	return r->delta[which];
}

/* Run one of them to its end: none returns rows. */
#define RUN(r, which, ...) sql_step(&(r)->sql, prepared(r, which), __VA_ARGS__)

/* The registry's own lock now or never: sanctions must not wait for an import. */
static int lock_records(struct registry *r)
{
	sqlite3_busy_timeout(r->sql.db, 0);
	const int result =
		sql_script(&r->sql, "UPDATE meta SET value = value WHERE name = 'generation'");
	sqlite3_busy_timeout(r->sql.db, SQL_BUSY_MS);
	return result;
}

static int read_generation(struct registry *r)
{
	sqlite3_stmt *s = prepared(r, DELTA_GENERATION);
	const int result = sql_step(&r->sql, s, "");

	if (result != 1)
		return result < 0 ? result : -EIO;
	r->generation = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return 0;
}

int registry_deltas_begin(struct registry *r, bool records)
{
	int result = RUN(r, DELTA_BEGIN, "");

	if (result == 0)
		result = RUN(r, DELTA_LOCK, "");
	if (result == 0 && records)
		result = lock_records(r);
	if (result == 0)
		result = read_generation(r);
	r->n_deltas = 0;
	r->records = records;
	return result == 0 ? 0 : registry_end(r, result);
}

int registry_deltas_end(struct registry *r, int result)
{
	/* In the file of what else it wrote: of two, one may be committed and the other not. */
	if (result == 0 && r->n_deltas != 0)
		result = r->records ? RUN(r, DELTA_ADVANCE_RECORDS, "i", (int64_t)r->n_deltas)
		                    : RUN(r, DELTA_ADVANCE, "i", (int64_t)r->n_deltas);
	crash_point("registry_before_commit");
	if (result == 0)
		result = RUN(r, DELTA_COMMIT, "");
	crash_point("registry_committed");
	return result == 0 ? 0 : registry_end(r, result);
}

int registry_group_begin(struct registry *r)
{
	r->n_before_group = r->n_deltas;
	return RUN(r, DELTA_GROUP, "");
}

int registry_group_end(struct registry *r, int result)
{
	char why[SQL_ERROR_SIZE];

	if (result == 0)
		return RUN(r, DELTA_GROUP_END, "");
	memcpy(why, r->sql.error, sizeof(why));
	r->n_deltas = r->n_before_group;
	const int undone = sql_script(&r->sql, "ROLLBACK TO one; RELEASE one");
	memcpy(r->sql.error, why, sizeof(why));
	return undone < 0 ? undone : result;
}

/* What the registry says of an account; 1 found, 0 not. */
struct account {
	int64_t id, import, state;
};

static int find_account(struct registry *r, const char *name, struct account *out)
{
	sqlite3_stmt *s = prepared(r, DELTA_FIND_ACCOUNT);
	const int result = sql_step(&r->sql, s, "t", name);

	if (result == 1)
		*out = (struct account){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
			                 sqlite3_column_int64(s, 2) };
	if (result >= 0)
		sqlite3_reset(s);
	return result;
}

static int no_account(struct registry *r, const char *name)
{
	return registry_refuse(r, -ENOENT, "no account has the system_id \"%.40s\"", name);
}

static int64_t now(void) { return time(NULL); }

/* 0: it is no block. */
static uint32_t end_of_block(const struct registry_delta *d)
{
	return d->op != LINK_BLOCK ? 0 : d->until == 0 ? UINT32_MAX : d->until;
}

static int add_account(struct registry *r, const struct registry_delta *d, struct link_delta *t)
{
	const char *title = d->title == NULL ? "" : d->title;

	t->alphabet = d->alphabet == 0 ? TEXT_GSM7 : d->alphabet;
	t->mode = d->mode;
	t->sender_tlv = d->sender_tlv;
	t->valid_from = d->valid_from;
	t->valid_until = d->until;
	const int result = RUN(r, DELTA_ADD_ACCOUNT, "ttiiiii", d->name, title,
	                       (int64_t)d->mode, (int64_t)t->alphabet, (int64_t)d->sender_tlv,
	                       (int64_t)d->valid_from, (int64_t)d->until);
	t->account_id = (uint32_t)sqlite3_last_insert_rowid(r->sql.db);
	return result;
}

static int change_account(struct registry *r, const struct registry_delta *d,
                          struct link_delta *t)
{
	struct account a = { 0 };
	const size_t len = strlen(d->name);
	int result;

	if (len == 0 || len > SYSTEM_ID_MAX)
		return registry_refuse(r, -EINVAL,
		                       "\"%.40s\" cannot be a system_id: 1 to %u octets",
		                       d->name, SYSTEM_ID_MAX);
	memcpy(t->key.octets + 1, d->name, len);
	result = find_account(r, d->name, &a);
	if (result < 0)
		return result;
	if (d->op == LINK_ADD && result == 1)
		return registry_refuse(r, -EEXIST,
		                       "the account \"%.40s\" is registered already", d->name);
	if (d->op != LINK_ADD && result == 0)
		return no_account(r, d->name);
	switch (d->op) {
	case LINK_SUSPEND:
	case LINK_LIFT:
		return RUN(r, DELTA_SANCTION_ACCOUNT, "tiii", d->name, (int64_t)d->op, a.import,
		           now());
	case LINK_BLOCK:
	case LINK_UNBLOCK:
		t->blocked_until = end_of_block(d);
		return RUN(r, DELTA_BLOCK_ACCOUNT, "tiii", d->name, (int64_t)end_of_block(d),
		           a.import, now());
	case LINK_ADD:
		return add_account(r, d, t);
	case LINK_REMOVE:
		return RUN(r, DELTA_REMOVE_ACCOUNT, "t", d->name);
	}
	return -EINVAL;
}

/* What the registry says of a sender, and its sanctions. */
struct sender {
	bool registered, suspended, blocked;
	int64_t import, owner;
	int64_t block_of_file; /* its end, while no delta says otherwise; 0 = none */
};

static int find_sender(struct registry *r, const struct sender_key *key, struct sender *out)
{
	sqlite3_stmt *s = prepared(r, DELTA_FIND_SENDER);
	const int result = sql_step(&r->sql, s, "b", key, sizeof(*key));

	if (result != 1)
		return result < 0 ? result : -EIO;
	const int64_t import = sqlite3_column_int64(s, 0), op = sqlite3_column_int64(s, 4),
		      until = sqlite3_column_int64(s, 6);
	const bool lifted = op == LINK_LIFT && sqlite3_column_int64(s, 5) >= import;
	const bool unblocked = sqlite3_column_type(s, 6) != SQLITE_NULL && until == 0 &&
	                       sqlite3_column_int64(s, 7) >= import;
	*out = (struct sender){
		.registered = sqlite3_column_type(s, 0) != SQLITE_NULL,
		.suspended = op == LINK_SUSPEND ||
		             (!lifted && sqlite3_column_int64(s, 1) == IMAGE_SUSPENDED),
		.blocked = until != 0 || (!unblocked && sqlite3_column_int64(s, 2) != 0),
		.import = import,
		.owner = sqlite3_column_int64(s, 3),
		.block_of_file = until != 0 || unblocked ? 0 : sqlite3_column_int64(s, 2),
	};
	sqlite3_reset(s);
	return 0;
}

static int too_many_owners(struct registry *r)
{
	return registry_refuse(r, -EINVAL,
	                       "a sender that is added has 1 to %u owners; one that is "
	                       "imported has up to %u",
	                       LINK_OWNERS_MAX, SENDER_OWNERS_MAX);
}

static bool is_owner(const struct link_delta *t, uint32_t id)
{
	for (unsigned i = 0; i < t->n_owners; i++)
		if (t->owners[i] == id)
			return true;
	return false;
}

/* The accounts that owners names, into t; the same one twice is one. */
static int read_owners(struct registry *r, const char *owners, struct link_delta *t)
{
	char names[LINK_OWNERS_MAX * (SYSTEM_ID_MAX + 2) + 1], *rest = names;
	struct account a = { 0 };

	if (owners == NULL || strlen(owners) >= sizeof(names))
		return too_many_owners(r);
	strcpy(names, owners);
	for (const char *name; (name = owner_next(&rest)) != NULL;) {
		const int result = find_account(r, name, &a);
		if (result < 0)
			return result;
		if (result == 0)
			return no_account(r, name);
		if (is_owner(t, (uint32_t)a.id))
			continue;
		if (t->n_owners == LINK_OWNERS_MAX)
			return too_many_owners(r);
		t->owners[t->n_owners++] = (uint32_t)a.id;
	}
	return t->n_owners == 0 ? registry_refuse(r, -EINVAL, "an owner is needed") : 0;
}

static int add_sender(struct registry *r, const struct registry_delta *d,
                      const struct sender *s, struct link_delta *t)
{
	int result = read_owners(r, d->owners, t);

	if (result < 0)
		return result;
	if (s->registered)
		return registry_refuse(
			r, -EEXIST,
			"\"%.40s\" is registered already%s; remove it first, or import",
			d->name, s->owner == t->owners[0] ? "" : " for another owner");
	t->valid_from = d->valid_from;
	t->valid_until = d->until;
	result = RUN(r, DELTA_ADD_SENDER, "biii", &t->key, sizeof(t->key),
	             (int64_t)t->owners[0], (int64_t)d->valid_from, (int64_t)d->until);
	for (unsigned i = 1; result >= 0 && i < t->n_owners; i++)
		result = RUN(r, DELTA_ADD_OWNER, "bi", &t->key, sizeof(t->key),
		             (int64_t)t->owners[i]);
	return result < 0 ? result : RUN(r, DELTA_COUNT_SENDERS, "i", (int64_t)1);
}

/* A suspension or a block that an import brought is of the number: it stays, as if an
 * operator had said it, when the record goes. */
static int keep_sanctions(struct registry *r, const struct sender *s,
                          const struct link_delta *t)
{
	int result = 0;

	if (s->suspended)
		result = RUN(r, DELTA_SANCTION_SENDER, "biii", &t->key, sizeof(t->key),
		             (int64_t)LINK_SUSPEND, s->import, now());
	if (result >= 0 && s->block_of_file != 0)
		result = RUN(r, DELTA_BLOCK_SENDER, "biii", &t->key, sizeof(t->key),
		             s->block_of_file, s->import, now());
	return result;
}

/* Where a removal would leave sanctions behind, before it: 1, it began a transaction. */
static int keep_one(struct registry *r, const struct registry_delta *d, bool begun)
{
	struct link_delta t = { 0 };
	struct sender s;

	if (d->op != LINK_REMOVE || d->kind != LINK_SENDER ||
	    address_key_by(&t.key, (const uint8_t *)d->name, strlen(d->name), &r->plan) != 0)
		return begun;
	int result = find_sender(r, &t.key, &s);
	if (result < 0 || !s.registered || !(s.suspended || s.block_of_file != 0))
		return result < 0 ? result : begun;
	if (!begun)
		result = registry_deltas_begin(r, false);
	if (result == 0)
		result = keep_sanctions(r, &s, &t);
	return result < 0 ? result : 1;
}

int registry_keep_sanctions(struct registry *r, const struct registry_delta *deltas, unsigned n)
{
	const struct numbering_plan *plan; /* r->plan from then on */
	int result = registry_plan(r, &plan);
	bool begun = false;

	for (unsigned i = 0; i < n && result >= 0; i++) {
		result = keep_one(r, &deltas[i], begun);
		begun = result == 1;
	}
	if (sqlite3_get_autocommit(r->sql.db))
		return result < 0 ? result : 0;
	return registry_deltas_end(r, result < 0 ? result : 0);
}

static int remove_sender(struct registry *r, const struct sender *s, const struct link_delta *t)
{
	int result = keep_sanctions(r, s, t);

	if (result >= 0)
		result = RUN(r, DELTA_REMOVE_SENDER, "b", &t->key, sizeof(t->key));
	if (result >= 0)
		result = RUN(r, DELTA_REMOVE_OWNERS, "b", &t->key, sizeof(t->key));
	return result < 0 ? result : RUN(r, DELTA_COUNT_SENDERS, "i", (int64_t)-1);
}

/* Whether the delta makes sense for what is known of the sender. */
static int check_sender(struct registry *r, const struct registry_delta *d,
                        const struct sender *s)
{
	const bool known = s->registered || d->op == LINK_BLOCK || d->op == LINK_ADD ||
	                   (d->op == LINK_UNBLOCK && s->blocked) ||
	                   (d->op == LINK_LIFT && s->suspended);

	if (!known)
		return registry_refuse(r, -ENOENT, "no sender \"%.40s\" is registered",
		                       d->name);
	if (d->op == LINK_LIFT && s->blocked && !s->suspended)
		return registry_refuse(
			r, -EPERM, "\"%.40s\" is blocked, not suspended; unblock ends a block",
			d->name);
	return 0;
}

static int write_sender(struct registry *r, const struct registry_delta *d,
                        const struct sender *s, struct link_delta *t)
{
	switch (d->op) {
	case LINK_SUSPEND:
	case LINK_LIFT:
		return RUN(r, DELTA_SANCTION_SENDER, "biii", &t->key, sizeof(t->key),
		           (int64_t)d->op, s->import, now());
	case LINK_BLOCK:
	case LINK_UNBLOCK:
		t->blocked_until = end_of_block(d);
		return RUN(r, DELTA_BLOCK_SENDER, "biii", &t->key, sizeof(t->key),
		           (int64_t)end_of_block(d), s->import, now());
	case LINK_ADD:
		return add_sender(r, d, s, t);
	case LINK_REMOVE:
		return remove_sender(r, s, t);
	}
	return -EINVAL;
}

static int change_sender(struct registry *r, const struct registry_delta *d,
                         struct link_delta *t)
{
	struct sender s = { 0 };
	char why[SENDER_FAULT_SIZE];

	/* What ends something finds what is there, however it came there. */
	if (d->op == LINK_ADD || d->op == LINK_BLOCK) {
		if (!sender_key_of(&t->key, d->name, &r->plan, why, sizeof(why)))
			return registry_refuse(r, -EINVAL, "%s", why);
	} else if (address_key_by(&t->key, (const uint8_t *)d->name, strlen(d->name),
	                          &r->plan) != 0) {
		return registry_refuse(r, -EINVAL, "\"%.40s\" cannot be a sender address",
		                       d->name);
	}
	int result = find_sender(r, &t->key, &s);
	if (result == 0)
		result = check_sender(r, d, &s);
	return result == 0 ? write_sender(r, d, &s, t) : result;
}

int registry_delta(struct registry *r, const struct registry_delta *d, struct link_delta *told)
{
	struct link_delta t = { .op = (uint8_t)d->op, .kind = (uint8_t)d->kind };
	const struct numbering_plan *plan; /* r->plan from then on */
	int result = 0;

	if ((d->until != 0 && d->op != LINK_BLOCK && d->op != LINK_ADD) ||
	    (d->valid_from != 0 && d->op != LINK_ADD))
		return registry_refuse(r, -EINVAL, "only block and add have times");
	if (d->op == LINK_ADD && d->until != 0 && d->until <= d->valid_from)
		return registry_refuse(r, -EINVAL,
		                       "until is not after from: it would never be valid");
	if (d->kind != LINK_CAMPAIGN && (d->action != 0 || d->has_radius || d->note != NULL))
		return registry_refuse(r, -EINVAL,
		                       "only campaigns have an action, a radius and a note");
	if (r->n_deltas == 0)
		result = registry_plan(r, &plan);
	if (result == 0)
		result = d->kind == LINK_CAMPAIGN  ? registry_change_campaign(r, d, &t)
		         : d->kind == LINK_ACCOUNT ? change_account(r, d, &t)
		                                   : change_sender(r, d, &t);
	if (result < 0)
		return result;
	t.generation = r->generation + ++r->n_deltas;
	*told = t;
	return 0;
}
