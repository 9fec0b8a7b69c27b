/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct policy_row rows[] = {
#define POLICY(name, min, max, def, sentence) { #name, sentence, min, max, def },
#include "policy.def"
#undef POLICY
};

const struct policy_row *policy_row(unsigned i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

static const struct policy_row *find(struct registry *registry, const char *name)
{
	for (unsigned i = 0; policy_row(i) != NULL; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	snprintf(registry->sql.error, sizeof(registry->sql.error),
	         "the policy has no \"%.60s\"", name);
	return NULL;
}

int registry_policy(struct registry *registry, const char *name, uint32_t *value)
{
	const struct policy_row *row = find(registry, name);
	int64_t stored = 0;

	if (row == NULL)
		return -ENOENT;
	const int result = sql_number(&registry->sql, &stored,
	                              "SELECT value FROM policy WHERE name = ?", "t", name);
	if (result < 0)
		return result;
	*value = result == 1 && stored >= row->min && stored <= row->max ? (uint32_t)stored
	                                                                 : row->value;
	return 0;
}

/* The keys of senders were made under the plan of the old country. */
static int check_country(struct registry *registry, const char *name)
{
	int64_t senders = 0;

	if (strcmp(name, "country") != 0)
		return 0;
	const int result =
		sql_number(&registry->sql, &senders, "SELECT EXISTS(SELECT 1 FROM sender)", "");
	if (result < 0 || senders == 0)
		return result < 0 ? result : 0;
	snprintf(registry->sql.error, sizeof(registry->sql.error),
	         "the country can be changed only while no sender is registered");
	return -EPERM;
}

int registry_set_policy(struct registry *registry, const char *name, uint32_t value,
                        uint64_t *generation)
{
	const struct policy_row *row = find(registry, name);

	if (row == NULL)
		return -ENOENT;
	if (value < row->min || value > row->max) {
		snprintf(registry->sql.error, sizeof(registry->sql.error),
		         "%s must be from %u to %u", name, row->min, row->max);
		return -ERANGE;
	}
	int result = registry_begin(registry);
	if (result < 0)
		return result;
	result = check_country(registry, name);
	if (result == 0)
		result = sql_run(&registry->sql, "INSERT OR REPLACE INTO policy VALUES(?, ?)",
		                 "ti", name, (int64_t)value);
	if (result == 0)
		result = registry_changed(registry, generation);
	return registry_end(registry, result);
}
