/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_priv.h"

#include <errno.h>
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

int registry_put_rules(struct registry *registry, const char *file, const char *text,
                       size_t size, const char *const *names, uint32_t n, uint64_t *generation)
{
	int result = registry_begin(registry);

	if (result < 0)
		return result;
	result = number_names(registry, names, n);
	if (result == 0)
		result = sql_run(&registry->sql,
		                 "INSERT OR REPLACE INTO rule_file VALUES(1, ?, ?, ?)", "tbi",
		                 file, text, size, (int64_t)time(NULL));
	if (result == 0)
		result = sql_run(&registry->sql,
		                 "INSERT OR REPLACE INTO meta VALUES('rules', ?)", "i",
		                 (int64_t)n);
	if (result == 0)
		result = registry_changed(registry, generation);
	if (result == 0)
		result = sql_run(&registry->sql,
		                 "INSERT OR REPLACE INTO meta VALUES('rules_generation', ?)",
		                 "i", (int64_t)*generation);
	return registry_end(registry, result);
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

int registry_rules(struct registry *registry, char **text, size_t *size)
{
	sqlite3_stmt *s =
		sql_prepare(&registry->sql, "SELECT text FROM rule_file WHERE one = 1");
	int result = sql_step(&registry->sql, s, "");

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
