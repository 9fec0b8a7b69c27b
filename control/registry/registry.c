/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define APPLICATION_ID 0x534c5552 /* "SLUR" */

const struct word account_states[] = {
	{ "certified", IMAGE_CERTIFIED },
	{ "suspended", IMAGE_SUSPENDED },
	{ NULL, 0 },
};
const struct word sender_states[] = {
	{ "certified", IMAGE_CERTIFIED },
	{ "suspended", IMAGE_SUSPENDED },
	{ "blocked", IMAGE_BLOCKED },
	{ NULL, 0 },
};
const struct word modes[] = {
	{ "enforce", IMAGE_ENFORCE },
	{ "observe", IMAGE_OBSERVE },
	{ NULL, 0 },
};
const struct word alphabets[] = {
	{ "gsm7", TEXT_GSM7 }, { "ascii", TEXT_ASCII }, { "latin1", TEXT_LATIN1 },
	{ "ucs2", TEXT_UCS2 }, { "cp949", TEXT_CP949 }, { "utf8", TEXT_UTF8 },
	{ NULL, 0 },
};

int64_t word_value(const struct word *words, const char *name)
{
	if (name[0] == '\0')
		return words->value;
	for (; words->name != NULL; words++)
		if (strcmp(words->name, name) == 0)
			return words->value;
	return -1;
}

const char *word_name(const struct word *words, uint32_t value)
{
	for (; words->name != NULL; words++)
		if (words->value == value)
			return words->name;
	return "?";
}

char *owner_next(char **rest)
{
	while (*rest != NULL) {
		char *name = strsep(rest, ";");
		name += strspn(name, " ");
		size_t len = strlen(name);
		while (len > 0 && name[len - 1] == ' ')
			len--;
		name[len] = '\0';
		if (len > 0)
			return name;
	}
	return NULL;
}

int registry_begin(struct registry *registry)
{
	const int result =
		sql_script(&registry->sql,
	                   "BEGIN; UPDATE meta SET value = value WHERE name = 'generation'");

	return result < 0 ? registry_end(registry, result) : 0;
}

int registry_end(struct registry *registry, int result)
{
	char why[SQL_ERROR_SIZE];

	if (result == 0)
		result = sql_script(&registry->sql, "COMMIT");
	if (result == 0)
		return 0;
	/* A failed roll back leaves nothing either; the first reason is what matters. */
	memcpy(why, registry->sql.error, sizeof(why));
	if (!sqlite3_get_autocommit(registry->sql.db))
		(void)!sql_script(&registry->sql, "ROLLBACK");
	memcpy(registry->sql.error, why, sizeof(why));
	return result;
}

int registry_changed(struct registry *registry, uint64_t *generation)
{
	const int result =
		sql_run(&registry->sql,
	                "UPDATE meta SET value = value + 1 WHERE name = 'generation'", "");

	return result < 0 ? result : registry_generation(registry, generation);
}

/* A file that a newer version made is not touched: what it means is not known here. */
static int refuse_newer(struct registry *registry, const char *which, int64_t version,
                        int known)
{
	if (version >= 0 && version <= known)
		return 0;
	return registry_refuse(registry, -EPROTONOSUPPORT,
	                       "the registry%s has schema version %lld and this program knows "
	                       "%d; run the newer version",
	                       which, (long long)version, known);
}

/* Under the write lock, so that two processes that start at once make one schema. */
static int upgrade(struct registry *registry)
{
	int64_t version = 0, sanctions = 0;
	int result = sql_number(&registry->sql, &version, "PRAGMA main.user_version", "");

	if (result >= 0)
		result = sql_number(&registry->sql, &sanctions, "PRAGMA sanctions.user_version",
		                    "");
	if (result >= 0)
		result = refuse_newer(registry, "", version, registry_version);
	if (result == 0)
		result = refuse_newer(registry, "'s file of sanctions", sanctions,
		                      REGISTRY_SANCTIONS_VERSION);
	for (; result == 0 && version < registry_version; version++)
		result = sql_script(&registry->sql, registry_steps[version]);
	return result == 0 ? sql_script(&registry->sql, registry_sanctions) : result;
}

/* FILE-sanctions beside the registry. */
static int attach_sanctions(struct registry *registry, const char *path)
{
	char *beside = NULL;

	if (asprintf(&beside, "%s-sanctions", path) < 0)
		return -ENOMEM;
	const int result =
		sql_run(&registry->sql, "ATTACH DATABASE ? AS sanctions", "t", beside);
	free(beside);
	if (result < 0)
		return result;
	/* Each of a batch's sanctions is on a page of its own, which goes to the log whole:
	 * of a new file, small ones. */
	return sql_script(&registry->sql, "PRAGMA sanctions.page_size = 1024;"
	                                  "PRAGMA sanctions.cache_size = -65536;"
	                                  "PRAGMA sanctions.journal_mode = WAL;"
	                                  "PRAGMA sanctions.synchronous = FULL");
}

/* 1 when both files are of our versions, 0 when not. */
static int is_current(struct registry *registry)
{
	int64_t version = 0, sanctions = 0;
	int result = sql_number(&registry->sql, &version, "PRAGMA main.user_version", "");

	if (result >= 0)
		result = sql_number(&registry->sql, &sanctions, "PRAGMA sanctions.user_version",
		                    "");
	if (result < 0)
		return result;
	return version == registry_version && sanctions == REGISTRY_SANCTIONS_VERSION;
}

int registry_open(struct registry **out, const char *path)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	*out = registry;
	if (registry == NULL)
		return -ENOMEM;
	int result = sql_open(&registry->sql, path, APPLICATION_ID);
	if (result == 0)
		result = attach_sanctions(registry, path);
	if (result == 0)
		result = is_current(registry);
	if (result != 0)
		return result < 0 ? result : 0;
	result = sql_script(&registry->sql, "BEGIN IMMEDIATE");
	return result < 0 ? result : registry_end(registry, upgrade(registry));
}

void registry_close(struct registry *registry)
{
	if (registry == NULL)
		return;
	for (unsigned i = 0; i < DELTA_STATEMENTS; i++)
		sqlite3_finalize(registry->delta[i]);
	sql_close(&registry->sql);
	free(registry->plan_rows);
	free(registry);
}

int registry_refuse(struct registry *r, int result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->sql.error, sizeof(r->sql.error), format, args);
	va_end(args);
	return result;
}

const char *registry_error(const struct registry *registry)
{
	return registry == NULL ? "out of memory" : registry->sql.error;
}

int registry_generation(struct registry *registry, uint64_t *out)
{
	int64_t value = 0;
	const int result = sql_number(&registry->sql, &value, "SELECT " GENERATION, "");

	*out = (uint64_t)value;
	return result < 0 ? result : 0;
}

int registry_account_id(struct registry *registry, const char *system_id, uint32_t *id)
{
	int64_t value = 0;
	const int result =
		sql_number(&registry->sql, &value, "SELECT id FROM account WHERE system_id = ?",
	                   "t", system_id);

	*id = (uint32_t)value;
	return result;
}

int registry_account_name(struct registry *registry, uint32_t id, char *out, size_t size)
{
	sqlite3_stmt *s =
		sql_prepare(&registry->sql, "SELECT system_id FROM account WHERE id = ?");
	const int result = sql_step(&registry->sql, s, "i", (int64_t)id);

	if (result == 1)
		snprintf(out, size, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return result;
}

int registry_outgrow(struct registry *registry, uint64_t generation)
{
	return sql_run(&registry->sql,
	               "UPDATE meta SET value = max(value, ? - (SELECT value FROM serial))"
	               " WHERE name = 'generation'",
	               "i", (int64_t)(generation + 1));
}

/* One statement, so that the numbers belong together. Of senders only the odd ones are
 * looked at: EXCEPT, because a sanction may be on one that was suspended before. */
static const char count_all[] =
	"SELECT a.n, a.suspended, (SELECT value FROM meta WHERE name = 'senders'),"
	" (SELECT count(*) FROM (SELECT key FROM sender WHERE state = 2 AND" SENDER_IS_ODD
	"  EXCEPT SELECT x.key FROM sender_sanction x JOIN sender s ON s.key = x.key"
	"   WHERE x.op = 2 AND x.import >= s.import"
	"  UNION SELECT x.key FROM sender_sanction x JOIN sender s ON s.key = x.key"
	"   WHERE x.op = 1)),"
	" (SELECT count(*) FROM (SELECT key FROM sender WHERE blocked_until <> 0 "
	"AND" SENDER_IS_ODD
	"  EXCEPT SELECT b.key FROM sender_block b JOIN sender s ON s.key = b.key"
	"   WHERE b.until = 0 AND b.import >= s.import"
	"  UNION SELECT key FROM sender_block WHERE until <> 0)),"
	" " GENERATION ", (SELECT value FROM meta WHERE name = 'rules') FROM"
	" (SELECT count(*) n, total(" EFFECTIVE_STATE " = 2) suspended"
	"  FROM" ACCOUNTS_SANCTIONED ") a";

int registry_count(struct registry *registry, struct registry_counts *out)
{
	sqlite3_stmt *s = sql_prepare(&registry->sql, count_all);
	const int result = sql_step(&registry->sql, s, "");

	if (result == 1)
		*out = (struct registry_counts){
			.accounts = (uint64_t)sqlite3_column_int64(s, 0),
			.accounts_suspended = (uint64_t)sqlite3_column_int64(s, 1),
			.senders = (uint64_t)sqlite3_column_int64(s, 2),
			.senders_suspended = (uint64_t)sqlite3_column_int64(s, 3),
			.senders_blocked = (uint64_t)sqlite3_column_int64(s, 4),
			.generation = (uint64_t)sqlite3_column_int64(s, 5),
			.rules = (uint64_t)sqlite3_column_int64(s, 6),
		};
	sqlite3_finalize(s);
	return result < 0 ? result : 0;
}
