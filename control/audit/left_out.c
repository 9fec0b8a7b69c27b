/* SPDX-License-Identifier: Apache-2.0 */
/* left_out: what the files of days count and do not have. */
#include <stdio.h>

#include "audit_priv.h"

static int64_t of_day(struct audit_store *store, uint32_t day, const struct audit_query *q,
                      struct audit_left_out *rows, unsigned max, char error[AUDIT_ERROR_SIZE])
{
	int64_t found = 0;
	int result = audit_open_day(store, day, error);

	if (result < 0)
		return result;
	sqlite3_stmt *s = sql_prepare(
		&store->sql,
		"SELECT reason, n, first_us, last_us FROM left_out"
		" WHERE (?1 < 0 OR reason = ?1) AND last_us >= ?2 * 1000000"
		" AND (?3 = 0 OR first_us < ?3 * 1000000) ORDER BY reason LIMIT ?4");
	result = sql_step(&store->sql, s, "iiii", (int64_t)q->reason, (int64_t)q->from,
	                  (int64_t)q->until, (int64_t)max);
	while (result == 1) {
		rows[found++] = (struct audit_left_out){
			.day = day,
			.reason = (unsigned)sqlite3_column_int64(s, 0),
			.n = (uint64_t)sqlite3_column_int64(s, 1),
			.first_us = (uint64_t)sqlite3_column_int64(s, 2),
			.last_us = (uint64_t)sqlite3_column_int64(s, 3),
		};
		result = sql_again(&store->sql, s);
	}
	sqlite3_finalize(s);
	if (result < 0)
		snprintf(error, AUDIT_ERROR_SIZE, "audit of %u: %s", day, store->sql.error);
	return result < 0 ? result : found;
}

int64_t audit_store_left_out_of(struct audit_store *store, const struct audit_query *query,
                                uint32_t first, uint32_t last, struct audit_left_out *rows,
                                unsigned max, char error[AUDIT_ERROR_SIZE])
{
	uint32_t days[AUDIT_DAYS_MAX] = { 0 };
	const int n_days = audit_list_days(store, days, error);
	int64_t found = n_days < 0 ? n_days : 0;

	for (int i = 0; i < n_days && found < max; i++) {
		if (days[i] < first || (last != 0 && days[i] > last))
			continue;
		const int64_t n = of_day(store, days[i], query, rows + found,
		                         max - (unsigned)found, error);
		if (n < 0)
			return n;
		found += n;
	}
	return found;
}
