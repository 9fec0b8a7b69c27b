/* SPDX-License-Identifier: Apache-2.0 */
#include "account_list.h"

#include <stdio.h>

static void copy_text(char *out, size_t size, sqlite3_stmt *s, int column)
{
	const unsigned char *text = sqlite3_column_text(s, column);

	snprintf(out, size, "%s", text ? (const char *)text : "");
}

static void read_row(sqlite3_stmt *s, struct registered_account *a)
{
	*a = (struct registered_account){
		.state = (uint32_t)sqlite3_column_int(s, 2),
		.mode = (uint32_t)sqlite3_column_int(s, 3),
		.alphabet = (uint32_t)sqlite3_column_int(s, 4),
		.sender_tlv = (uint32_t)sqlite3_column_int(s, 5),
		.valid_from = (uint32_t)sqlite3_column_int64(s, 6),
		.valid_until = (uint32_t)sqlite3_column_int64(s, 7),
		.blocked_until = (uint32_t)sqlite3_column_int64(s, 8),
		.regime = (uint32_t)sqlite3_column_int64(s, 9),
		.refuse_score = sqlite3_column_int(s, 10),
		.flag_score = sqlite3_column_int(s, 11),
	};
	copy_text(a->system_id, sizeof(a->system_id), s, 0);
	copy_text(a->name, sizeof(a->name), s, 1);
}

int64_t account_list(struct registry *registry, const char *one, const char *after,
                     struct registered_account *rows, unsigned max)
{
	struct sql *sql = &registry->sql;
	sqlite3_stmt *s = sql_prepare(
		sql, "SELECT a.system_id, a.name, " EFFECTIVE_STATE ", a.mode, a.alphabet,"
		     " a.sender_tlv, a.valid_from, a.valid_until, coalesce(b.until, 0),"
		     " a.regime, a.refuse_score, a.flag_score FROM" ACCOUNTS_SANCTIONED
		     "WHERE a.system_id > ?1 AND (?2 = '' OR a.system_id = ?2)"
		     " ORDER BY a.system_id LIMIT ?3");
	int result = sql_step(sql, s, "tti", one ? "" : after, one ? one : "", (int64_t)max);
	int64_t n = 0;

	while (result == 1) {
		read_row(s, &rows[n++]);
		result = sql_again(sql, s);
	}
	sqlite3_finalize(s);
	return result < 0 ? result : n;
}
