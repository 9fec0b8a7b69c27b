/* SPDX-License-Identifier: Apache-2.0 */
/* The numbering plan: read again only when the registry has changed, for it is asked for
 * with every transaction of deltas. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry_priv.h"

static int read_row(struct registry *r, sqlite3_stmt *s, struct image_plan_row *row)
{
	const char *prefix = (const char *)sqlite3_column_text(s, 1);
	const char *fault;

	*row = (struct image_plan_row){ .kind = (uint8_t)sqlite3_column_int(s, 0),
		                        .min = (uint8_t)sqlite3_column_int(s, 2),
		                        .max = (uint8_t)sqlite3_column_int(s, 3) };
	if (prefix != NULL)
		memcpy(row->prefix, prefix, strnlen(prefix, sizeof(row->prefix)));
	fault = numbering_plan_fault(row);
	if (fault == NULL)
		return 0;
	snprintf(r->sql.error, sizeof(r->sql.error),
	         "the numbering plan in the registry: %s; import it again", fault);
	return -EBADMSG;
}

/* rows: room for n of them; how many there were, or negative errno. */
static int64_t read_rows(struct registry *r, struct image_plan_row *rows, int64_t n)
{
	sqlite3_stmt *s = sql_prepare(&r->sql, "SELECT kind, prefix, min, max FROM numbering"
	                                       " ORDER BY kind, row");
	int result = sql_step(&r->sql, s, "");
	int64_t i = 0;

	for (; result == 1 && i < n; i++) {
		result = read_row(r, s, &rows[i]);
		if (result == 0)
			result = sql_again(&r->sql, s);
	}
	sqlite3_finalize(s);
	return result < 0 ? result : i;
}

static int load(struct registry *r)
{
	uint32_t country = 0;
	int64_t n = 0;
	int result = registry_policy(r, "country", &country);

	if (result >= 0)
		result = sql_number(&r->sql, &n, "SELECT count(*) FROM numbering", "");
	if (result < 0)
		return result;
	if (n > IMAGE_PLAN_ROWS_MAX)
		n = IMAGE_PLAN_ROWS_MAX;
	struct image_plan_row *rows = calloc((size_t)n + 1, sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	n = read_rows(r, rows, n);
	if (n < 0) {
		free(rows);
		return (int)n;
	}
	free(r->plan_rows);
	r->plan_rows = rows;
	r->n_plan_rows = (uint32_t)n;
	numbering_plan_open(&r->plan, (uint16_t)country, rows, r->n_plan_rows);
	return 0;
}

int registry_plan(struct registry *registry, const struct numbering_plan **out)
{
	int64_t generation = 0;
	int result = sql_number(&registry->sql, &generation,
	                        "SELECT value FROM meta WHERE name = 'generation'", "");

	if (result < 0)
		return result;
	if (registry->plan_rows == NULL || registry->plan_generation != (uint64_t)generation) {
		result = load(registry);
		if (result < 0)
			return result;
		registry->plan_generation = (uint64_t)generation;
	}
	*out = &registry->plan;
	return 0;
}

bool registry_plan_is_own(const struct registry *registry)
{
	return registry->n_plan_rows != 0;
}

const struct image_plan_row *registry_plan_rows(const struct registry *registry, uint32_t *n)
{
	*n = registry->n_plan_rows;
	return registry->plan_rows;
}
