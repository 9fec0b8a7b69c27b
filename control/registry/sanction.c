/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "address.h"

static int find_account(struct registry *registry, const char *name,
                        struct link_sanction *sanction)
{
	int64_t id = 0;
	const int result = sql_number(&registry->sql, &id,
	                              "SELECT id FROM account WHERE system_id = ?", "t", name);

	if (result < 0)
		return result;
	if (result == 0) {
		snprintf(registry->sql.error, sizeof(registry->sql.error),
		         "no account has the system_id \"%.40s\"", name);
		return -ENOENT;
	}
	sanction->account_id = (uint32_t)id;
	return 0;
}

static int find_sender(struct registry *registry, const char *name,
                       struct link_sanction *sanction)
{
	uint32_t country = 0;
	int64_t state = 0;
	int result = registry_policy(registry, "country", &country);

	if (result < 0)
		return result;
	if (address_key(&sanction->key, (const uint8_t *)name, strlen(name), 0, 0,
	                (uint16_t)country) != 0) {
		snprintf(registry->sql.error, sizeof(registry->sql.error),
		         "\"%.40s\" cannot be a sender address", name);
		return -EINVAL;
	}
	result = sql_number(&registry->sql, &state,
	                    "SELECT " EFFECTIVE_STATE " FROM" SENDERS_SANCTIONED
	                    "WHERE a.key = ?",
	                    "b", &sanction->key, sizeof(sanction->key));
	if (result < 0)
		return result;
	if (result == 0) {
		snprintf(registry->sql.error, sizeof(registry->sql.error),
		         "no sender \"%.40s\" is registered", name);
		return -ENOENT;
	}
	if (state == IMAGE_BLOCKED && sanction->op == LINK_LIFT) {
		snprintf(registry->sql.error, sizeof(registry->sql.error),
		         "\"%.40s\" is blocked, not suspended; import it with another state",
		         name);
		return -EPERM;
	}
	return 0;
}

static int write_account(struct registry *registry, const struct link_sanction *s)
{
	return sql_run(&registry->sql,
	               "INSERT OR REPLACE INTO account_sanction"
	               " SELECT system_id, ?, import, ? FROM account WHERE id = ?",
	               "iii", (int64_t)s->op, (int64_t)time(NULL), (int64_t)s->account_id);
}

static int write_sender(struct registry *registry, const struct link_sanction *s)
{
	return sql_run(&registry->sql,
	               "INSERT OR REPLACE INTO sender_sanction"
	               " SELECT key, ?, import, ? FROM sender WHERE key = ?",
	               "iib", (int64_t)s->op, (int64_t)time(NULL), &s->key, sizeof(s->key));
}

int registry_sanction(struct registry *registry, uint32_t op, uint32_t kind, const char *name,
                      struct link_sanction *sanction, uint64_t *generation)
{
	struct link_sanction s = { .op = op, .kind = kind };
	int result = registry_begin_sanction(registry);

	if (result < 0)
		return result;
	result = kind == LINK_ACCOUNT ? find_account(registry, name, &s)
	                              : find_sender(registry, name, &s);
	if (result == 0)
		result = kind == LINK_ACCOUNT ? write_account(registry, &s)
		                              : write_sender(registry, &s);
	if (result == 0)
		result = registry_generation(registry, generation);
	result = registry_end(registry, result);
	if (result == 0)
		*sanction = s;
	return result;
}
