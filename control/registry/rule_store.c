/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_priv.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int number_names(struct registry *registry, const char *const *names, uint32_t n)
{
	sqlite3_stmt *insert =
		sql_prepare(&registry->sql,
	                    "INSERT INTO rule(name) VALUES(?) ON CONFLICT(name) DO NOTHING");
	int result = 0;

	for (uint32_t i = 0; result >= 0 && i < n; i++)
		result = sql_step(&registry->sql, insert, "t", names[i]);
	sqlite3_finalize(insert);
	return result < 0 ? result : 0;
}

/* This version, of so many rules, is in force from now on. */
static int enforce(struct registry *registry, int64_t version, int64_t n, uint64_t *generation)
{
	struct sql *sql = &registry->sql;
	int result = sql_run(sql, "INSERT OR REPLACE INTO meta VALUES('rules', ?)", "i", n);

	if (result == 0)
		result = sql_run(sql, "INSERT OR REPLACE INTO meta VALUES('rules_version', ?)",
		                 "i", version);
	if (result == 0)
		result = registry_changed(registry, generation);
	if (result == 0)
		result = sql_run(sql,
		                 "INSERT OR REPLACE INTO meta VALUES('rules_generation', ?)",
		                 "i", (int64_t)*generation);
	return result;
}

int registry_put_rules(struct registry *registry, const struct rules_push *push,
                       uint64_t *generation)
{
	int result = registry_begin(registry);

	if (result < 0)
		return result;
	result = number_names(registry, push->names, push->n);
	if (result == 0)
		result = sql_run(&registry->sql,
		                 "INSERT INTO rule_version(file, text, at, who, rules)"
		                 " VALUES(?, ?, ?, ?, ?)",
		                 "tbiti", push->file, push->text, push->size,
		                 (int64_t)time(NULL), push->who, (int64_t)push->n);
	if (result == 0)
		result = enforce(registry, sqlite3_last_insert_rowid(registry->sql.db), push->n,
		                 generation);
	return registry_end(registry, result);
}

int registry_use_rules(struct registry *registry, uint32_t version, uint64_t *generation)
{
	int64_t rules = 0;
	int result = registry_begin(registry);

	if (result < 0)
		return result;
	result = sql_number(&registry->sql, &rules,
	                    "SELECT rules FROM rule_version WHERE version = ?", "i",
	                    (int64_t)version);
	if (result == 0) {
		snprintf(registry->sql.error, sizeof(registry->sql.error),
		         "no rules have the version %u", version);
		result = -ENOENT;
	} else if (result == 1) {
		result = enforce(registry, version, rules, generation);
	}
	return registry_end(registry, result);
}

int registry_rules_version(struct registry *registry, uint32_t *version)
{
	int64_t value = 0;
	const int result =
		sql_number(&registry->sql, &value,
	                   "SELECT value FROM meta WHERE name = 'rules_version'", "");

	*version = (uint32_t)value;
	return result < 0 ? result : 0;
}

static void read_version(struct rules_version *to, sqlite3_stmt *s, uint32_t in_force)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	const void *text = sqlite3_column_blob(s, 4);
	const int size = sqlite3_column_bytes(s, 4);

	*to = (struct rules_version){ .version = (uint32_t)sqlite3_column_int64(s, 0),
		                      .at = sqlite3_column_int64(s, 2),
		                      .rules = (uint32_t)sqlite3_column_int64(s, 5) };
	to->in_force = to->version == in_force;
	strncat(to->file, (const char *)sqlite3_column_text(s, 1), sizeof(to->file) - 1);
	strncat(to->who, (const char *)sqlite3_column_text(s, 3), sizeof(to->who) - 1);
	crypto_hash_sha256(hash, text != NULL ? text : "", (unsigned long long)size);
	sodium_bin2hex(to->hash, sizeof(to->hash), hash, sizeof(hash));
}

int registry_rules_versions(struct registry *registry, struct rules_version **out, size_t *n)
{
	sqlite3_stmt *s =
		sql_prepare(&registry->sql, "SELECT version, file, at, who, text, rules"
	                                    " FROM rule_version ORDER BY version DESC");
	struct rules_version *list = NULL;
	uint32_t in_force = 0;
	int result = registry_rules_version(registry, &in_force);

	*n = 0;
	if (result == 0)
		result = sql_step(&registry->sql, s, "");
	while (result == 1) {
		struct rules_version *more = reallocarray(list, *n + 1, sizeof(*list));

		result = -ENOMEM;
		if (more == NULL)
			break;
		list = more;
		read_version(&list[(*n)++], s, in_force);
		result = sql_again(&registry->sql, s);
	}
	sqlite3_finalize(s);
	if (result < 0)
		free(list);
	else
		*out = list;
	return result;
}

int registry_rules_generation(struct registry *registry, uint64_t *out)
{
	int64_t value = 0;
	const int result =
		sql_number(&registry->sql, &value,
	                   "SELECT value FROM meta WHERE name = 'rules_generation'", "");

	*out = (uint64_t)value;
	return result < 0 ? result : 0;
}

int registry_rules(struct registry *registry, uint32_t version, char **text, size_t *size)
{
	sqlite3_stmt *s =
		sql_prepare(&registry->sql, "SELECT text FROM rule_version WHERE version = ?");
	int result = sql_step(&registry->sql, s, "i", (int64_t)version);

	*text = NULL;
	*size = 0;
	if (result == 1) {
		const void *octets = sqlite3_column_blob(s, 0);

		*size = (size_t)sqlite3_column_bytes(s, 0);
		*text = malloc(*size + 1);
		result = *text == NULL ? -ENOMEM : 0;
		if (*text != NULL) {
			memcpy(*text, octets ? octets : "", *size);
			(*text)[*size] = '\0';
		}
	}
	sqlite3_finalize(s);
	return result;
}

int registry_rule_id(struct registry *registry, const char *name, uint32_t *id)
{
	int64_t value = 0;
	const int result = sql_number(&registry->sql, &value,
	                              "SELECT id FROM rule WHERE name = ?", "t", name);

	*id = (uint32_t)value;
	return result;
}

int registry_rule_name(struct registry *registry, uint32_t id, char *out, size_t size)
{
	sqlite3_stmt *s = sql_prepare(&registry->sql, "SELECT name FROM rule WHERE id = ?");
	const int result = sql_step(&registry->sql, s, "i", (int64_t)id);

	out[0] = '\0';
	if (result == 1)
		strncat(out, (const char *)sqlite3_column_text(s, 0), size - 1);
	sqlite3_finalize(s);
	return result;
}
