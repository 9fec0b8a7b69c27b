/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define APPLICATION_ID 0x534c5541 /* "SLUA" */

/* As the registry's: a step makes a version from the one before it, and is never edited. */
static const char version_1[] =
	"CREATE TABLE record("
	"  id INTEGER PRIMARY KEY, worker INTEGER NOT NULL, position INTEGER NOT NULL,"
	"  time_us INTEGER NOT NULL, generation INTEGER NOT NULL, kind INTEGER NOT NULL,"
	"  reason INTEGER NOT NULL, rule INTEGER NOT NULL, rule_name TEXT NOT NULL,"
	"  account_id INTEGER NOT NULL, system_id TEXT NOT NULL, sender TEXT NOT NULL,"
	"  recipient_hash INTEGER NOT NULL, flow INTEGER NOT NULL, command_id INTEGER NOT NULL,"
	"  command_status INTEGER NOT NULL, sequence INTEGER NOT NULL,"
	"  data_coding INTEGER NOT NULL, text TEXT NOT NULL,"
	"  UNIQUE(worker, position, time_us));"
	"CREATE INDEX record_reason ON record(reason, id);"
	"PRAGMA user_version = 1;";

/* 0: the text has no fingerprint, or the record is of a time without them. */
static const char version_2[] =
	"ALTER TABLE record ADD COLUMN campaign INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX record_campaign ON record(campaign) WHERE campaign <> 0;"
	"PRAGMA user_version = 2;";

/* 0 and "": records of a time that did not keep them. */
static const char version_3[] =
	"ALTER TABLE record ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE record ADD COLUMN score INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE record ADD COLUMN rules TEXT NOT NULL DEFAULT '';"
	"PRAGMA user_version = 3;";

/* 0: no part, a record of a time that did not keep it, or of no other part. */
static const char version_4[] =
	"ALTER TABLE record ADD COLUMN part INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE record ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE record ADD COLUMN part_refused INTEGER NOT NULL DEFAULT 0;"
	"PRAGMA user_version = 4;";

/* Refusals of strangers that were not stored one by one (stranger_share.h). */
static const char version_5[] =
	"CREATE TABLE left_out(reason INTEGER PRIMARY KEY, n INTEGER NOT NULL,"
	"  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL);"
	"PRAGMA user_version = 5;";

static const char *const steps[] = { version_1, version_2, version_3, version_4, version_5 };
#define VERSION ((int64_t)(sizeof(steps) / sizeof(steps[0])))

static const char insert[] =
	"INSERT INTO record(worker, position, time_us, generation, kind, reason, rule, "
	"rule_name,"
	" account_id, system_id, sender, recipient_hash, flow, command_id, command_status,"
	" sequence, data_coding, text, campaign, rules_version, score, rules,"
	" part, parts, part_refused)"
	" VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	" ON CONFLICT DO NOTHING";

static const char count_left_out[] =
	"INSERT INTO left_out VALUES(?1, ?2, ?3, ?4) ON CONFLICT(reason) DO UPDATE SET"
	" n = n + ?2, first_us = min(first_us, ?3), last_us = max(last_us, ?4)";

int audit_store_open(struct audit_store **out, const char *dir, const char *registry,
                     char error[AUDIT_ERROR_SIZE])
{
	if (mkdir(dir, 0750) != 0 && errno != EEXIST) {
		const int result = -errno;

		snprintf(error, AUDIT_ERROR_SIZE, "cannot make the audit folder %s: %s", dir,
		         strerror(-result));
		return result;
	}
	struct audit_store *store = calloc(1, sizeof(*store));
	char *dir_copy = strdup(dir), *registry_copy = strdup(registry);
	if (store == NULL || dir_copy == NULL || registry_copy == NULL) {
		free(store);
		free(dir_copy);
		free(registry_copy);
		snprintf(error, AUDIT_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	store->dir = dir_copy;
	store->registry = registry_copy;
	*out = store;
	return 0;
}

static void close_day(struct audit_store *store)
{
	sqlite3_finalize(store->insert);
	store->insert = NULL;
	sql_close(&store->sql);
	store->day = 0;
}

void audit_store_close(struct audit_store *store)
{
	if (store == NULL)
		return;
	close_day(store);
	free(store->dir);
	free(store->registry);
	free(store);
}

uint32_t audit_day(uint64_t time_us)
{
	const time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm;

	/* A record of a data plane without a clock is of 1970, not of nowhere. */
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099)
		return 19700101;
	return (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

static int failed(struct audit_store *store, int result, char error[AUDIT_ERROR_SIZE])
{
	snprintf(error, AUDIT_ERROR_SIZE, "audit %s: %s", store->dir, store->sql.error);
	close_day(store);
	return result;
}

/* Under the lock, so that a reader and the writer that meet an old file make one schema. */
static int upgrade(struct sql *sql)
{
	int64_t version = 0;
	int result = sql_script(sql, "BEGIN IMMEDIATE");

	if (result == 0)
		result = sql_number(sql, &version, "PRAGMA user_version", "");
	if (result > 0)
		result = 0;
	for (; result == 0 && version < VERSION; version++)
		result = sql_script(sql, steps[version]);
	/* Closing rolls back what was not committed. */
	return result == 0 ? sql_script(sql, "COMMIT") : result;
}

/* Only when it is new or old: a reader must not wait for the writer's lock. */
static int make_schema(struct sql *sql)
{
	int64_t version = 0;
	const int result = sql_number(sql, &version, "PRAGMA user_version", "");

	if (result < 0 || version == VERSION)
		return result < 0 ? result : 0;
	if (version >= 0 && version < VERSION)
		return upgrade(sql);
	snprintf(sql->error, sizeof(sql->error),
	         "the day's file has schema version %lld and this program knows %lld; run the "
	         "newer version, or move the file away",
	         (long long)version, (long long)VERSION);
	return -EPROTONOSUPPORT;
}

/* SQL: in how many bits two fingerprints differ. */
static void distance(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n;
	sqlite3_result_int(context,
	                   __builtin_popcountll((uint64_t)sqlite3_value_int64(values[0]) ^
	                                        (uint64_t)sqlite3_value_int64(values[1])));
}

static int add_distance(struct sql *sql)
{
	const int result = sqlite3_create_function(sql->db, "distance", 2,
	                                           SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
	                                           distance, NULL, NULL);

	return result == SQLITE_OK ? 0 : sql_failed(sql, "distance");
}

int audit_open_day(struct audit_store *store, uint32_t day, char error[AUDIT_ERROR_SIZE])
{
	char path[4096];

	if (store->day == day)
		return 0;
	close_day(store);
	snprintf(path, sizeof(path), "%s/audit-%08u.sqlite", store->dir, day);
	int result = sql_open(&store->sql, path, APPLICATION_ID);
	if (result == 0)
		result = make_schema(&store->sql);
	if (result == 0)
		result = add_distance(&store->sql);
	if (result == 0) {
		store->insert = sql_prepare(&store->sql, insert);
		result = store->insert == NULL ? -EIO : 0;
	}
	if (result != 0)
		return failed(store, result, error);
	store->day = day;
	return 0;
}

/* Numbers of rules are never used again, so a name once found stays. A batch mostly holds
 * few rules: their names are kept, the registry is asked for the others. Good until the next
 * call; "" of none. */
static const char *rule_name(struct audit_store *store, uint32_t rule)
{
	struct audit_name *n = &store->names[rule % AUDIT_NAMES];
	struct registry *registry = NULL;

	if (rule == 0)
		return "";
	if (n->rule == rule)
		return n->name;
	n->rule = 0;
	n->name[0] = '\0';
	if (registry_open(&registry, store->registry) == 0 &&
	    registry_rule_name(registry, rule, n->name, sizeof(n->name)) == 1)
		n->rule = rule;
	registry_close(registry);
	return n->name;
}

/* All rules of a record; a name has no space. */
static void name_rules(struct audit_store *store, const struct audit_record *r,
                       char out[AUDIT_RULES_SIZE])
{
	const unsigned most = sizeof(r->rules) / sizeof(r->rules[0]);
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < most && r->rules[i] != 0; i++) {
		const char *name = rule_name(store, r->rules[i]);
		const char *space = i == 0 ? "" : " ";
		n += (size_t)(name[0] != '\0' ? snprintf(out + n, AUDIT_RULES_SIZE - n, "%s%s",
		                                         space, name)
		                              : snprintf(out + n, AUDIT_RULES_SIZE - n, "%s#%u",
		                                         space, r->rules[i]));
		bug_if(n >= AUDIT_RULES_SIZE);
	}
}

static int put_record(struct audit_store *store, unsigned worker, uint64_t position,
                      const struct audit_record *r)
{
	char system_id[17], sender[25], text[AUDIT_TEXT_SIZE + 1], rules[AUDIT_RULES_SIZE];
	const size_t text_len = r->text_len < AUDIT_TEXT_SIZE ? r->text_len : AUDIT_TEXT_SIZE;

	utf8_printable(system_id, sizeof(system_id), r->system_id, strnlen(r->system_id, 16));
	utf8_printable(sender, sizeof(sender), r->sender, strnlen(r->sender, 24));
	utf8_printable(text, sizeof(text), (const char *)r->text, text_len);
	name_rules(store, r, rules);
	return sql_step(&store->sql, store->insert,
	                "iiiiiiititt"
	                "iiiiiiti"
	                "iitiii",
	                (int64_t)worker, (int64_t)position, (int64_t)r->time_us,
	                (int64_t)r->generation, (int64_t)r->kind, (int64_t)r->reason,
	                (int64_t)r->rule, rule_name(store, r->rule), (int64_t)r->account_id,
	                system_id, sender, (int64_t)r->recipient_hash, (int64_t)r->flow,
	                (int64_t)r->command_id, (int64_t)r->command_status,
	                (int64_t)r->sequence, (int64_t)r->data_coding, text,
	                (int64_t)r->fingerprint, (int64_t)r->rules_version, (int64_t)r->score,
	                rules, (int64_t)r->part, (int64_t)r->parts, (int64_t)r->part_refused);
}

/* Refusals of strangers that a transaction leaves out, by reason. */
struct left_out {
	uint64_t n, first_us, last_us;
};

static void leave_out(struct left_out *of, uint64_t time_us)
{
	of->first_us = of->n == 0 || time_us < of->first_us ? time_us : of->first_us;
	of->last_us = time_us > of->last_us ? time_us : of->last_us;
	of->n++;
}

/* How many there were, or negative errno. */
static int64_t put_left_out(struct audit_store *store, const struct left_out *left_out)
{
	int64_t n = 0;

	for (unsigned i = 0; i < REASON_SLOTS; i++) {
		const struct left_out *of = &left_out[i];
		const int result =
			of->n == 0 ? 0
				   : sql_run(&store->sql, count_left_out, "iiii", (int64_t)i,
		                             (int64_t)of->n, (int64_t)of->first_us,
		                             (int64_t)of->last_us);
		if (result < 0)
			return result;
		n += (int64_t)of->n;
	}
	return n;
}

static bool is_left_out(const struct audit_store *store, const struct audit_record *r,
                        struct stranger_share *share)
{
	return store->bounded && r->stranger != 0 && r->reason < REASON_SLOTS &&
	       !stranger_share_take(share);
}

/* All records are of this store's day; one transaction. What it took of the share counts
 * when it is committed: what failed is tried again. */
static int put_day(struct audit_store *store, unsigned worker, uint64_t position,
                   const struct audit_record *records, unsigned n, char error[AUDIT_ERROR_SIZE])
{
	struct left_out left_out[REASON_SLOTS] = { 0 };
	struct stranger_share share = store->share;
	int result = sql_script(&store->sql, "BEGIN IMMEDIATE");

	for (unsigned i = 0; result >= 0 && i < n; i++)
		if (is_left_out(store, &records[i], &share))
			leave_out(&left_out[records[i].reason], records[i].time_us);
		else
			result = put_record(store, worker, position + i, &records[i]);
	const int64_t left = result < 0 ? result : put_left_out(store, left_out);
	result = left < 0 ? (int)left : sql_script(&store->sql, "COMMIT");
	/* Closing rolls back what was not committed. */
	if (result < 0)
		return failed(store, result, error);
	store->share = share;
	store->left_out += (uint64_t)left;
	return 0;
}

int audit_store_put(struct audit_store *store, unsigned worker, uint64_t position,
                    const struct audit_record *records, unsigned n,
                    char error[AUDIT_ERROR_SIZE])
{
	for (unsigned at = 0, end; at < n; at = end) {
		const uint32_t day = audit_day(records[at].time_us);

		end = at + 1;
		while (end < n && audit_day(records[end].time_us) == day)
			end++;
		int result = audit_open_day(store, day, error);
		if (result == 0)
			result = put_day(store, worker, position + at, records + at, end - at,
			                 error);
		if (result < 0)
			return result;
	}
	return 0;
}

void audit_store_bound(struct audit_store *store, uint64_t strangers_a_day, uint64_t now_us)
{
	store->bounded = true;
	store->share = stranger_share(strangers_a_day, now_us);
}

void audit_store_tick(struct audit_store *store, uint64_t now_us)
{
	if (store->bounded)
		stranger_share_fill(&store->share, now_us);
}

uint64_t audit_store_left_out(const struct audit_store *store) { return store->left_out; }
