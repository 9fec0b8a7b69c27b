/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipient.h"

static int compare_days(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The day of "audit-YYYYMMDD.sqlite", 0 for any other name. */
static uint32_t day_of_name(const char *name)
{
	char *end = NULL;

	if (strncmp(name, "audit-", 6) != 0)
		return 0;
	const unsigned long day = strtoul(name + 6, &end, 10);
	return end == name + 14 && strcmp(end, ".sqlite") == 0 ? (uint32_t)day : 0;
}

int audit_list_days(const struct audit_store *store, uint32_t days[AUDIT_DAYS_MAX],
                    char error[AUDIT_ERROR_SIZE])
{
	DIR *dir = opendir(store->dir);
	unsigned n = 0;

	if (dir == NULL) {
		const int result = -errno;

		snprintf(error, AUDIT_ERROR_SIZE, "cannot read %s: %s", store->dir,
		         strerror(-result));
		return result;
	}
	for (const struct dirent *e; n < AUDIT_DAYS_MAX && (e = readdir(dir)) != NULL;) {
		days[n] = day_of_name(e->d_name);
		n += days[n] != 0;
	}
	closedir(dir);
	qsort(days, n, sizeof(days[0]), compare_days);
	return (int)n;
}

static void copy_text(char *out, size_t size, sqlite3_stmt *s, int column)
{
	const unsigned char *text = sqlite3_column_text(s, column);

	out[0] = '\0';
	if (text != NULL)
		strncat(out, (const char *)text, size - 1);
}

static void read_row(sqlite3_stmt *s, uint32_t day, struct audit_row *row)
{
	char text[AUDIT_TEXT_SIZE + 1], system_id[17], sender[25];

	*row = (struct audit_row){ .day = day, .id = (uint64_t)sqlite3_column_int64(s, 0) };
	struct audit_record *r = &row->record;
	r->time_us = (uint64_t)sqlite3_column_int64(s, 1);
	r->generation = (uint64_t)sqlite3_column_int64(s, 2);
	r->kind = (uint32_t)sqlite3_column_int64(s, 3);
	r->reason = (uint32_t)sqlite3_column_int64(s, 4);
	r->rule = (uint32_t)sqlite3_column_int64(s, 5);
	copy_text(row->rule_name, sizeof(row->rule_name), s, 6);
	r->account_id = (uint32_t)sqlite3_column_int64(s, 7);
	copy_text(system_id, sizeof(system_id), s, 8);
	memcpy(r->system_id, system_id, sizeof(r->system_id));
	copy_text(sender, sizeof(sender), s, 9);
	memcpy(r->sender, sender, sizeof(r->sender));
	r->command_id = (uint32_t)sqlite3_column_int64(s, 10);
	r->command_status = (uint32_t)sqlite3_column_int64(s, 11);
	r->sequence = (uint32_t)sqlite3_column_int64(s, 12);
	r->data_coding = (uint16_t)sqlite3_column_int64(s, 13);
	copy_text(text, sizeof(text), s, 14);
	r->text_len = (uint16_t)strlen(text);
	memcpy(r->text, text, r->text_len);
	r->recipient_hash = (uint64_t)sqlite3_column_int64(s, 15);
	r->flow = (uint64_t)sqlite3_column_int64(s, 16);
	r->fingerprint = (uint64_t)sqlite3_column_int64(s, 17);
	r->rules_version = (uint32_t)sqlite3_column_int64(s, 18);
	r->score = (int32_t)sqlite3_column_int64(s, 19);
	copy_text(row->rules, sizeof(row->rules), s, 20);
	r->part = (uint8_t)sqlite3_column_int64(s, 21);
	r->parts = (uint8_t)sqlite3_column_int64(s, 22);
	r->part_refused = (uint8_t)sqlite3_column_int64(s, 23);
}

#define COLUMNS \
	"SELECT id, time_us, generation, kind, reason, rule, rule_name, account_id, " \
	"system_id," \
	" sender, command_id, command_status, sequence, data_coding, text, recipient_hash, " \
	"flow, campaign, rules_version, score, rules, part, parts, part_refused" \
	" FROM record WHERE id > ?1 AND (?2 < 0 OR reason = ?2)" \
	" AND (?6 = '' OR system_id = ?6)" \
	" AND (?7 = '' OR replace(replace(sender, '-', ''), ' ', '') =" \
	"  replace(replace(?7, '-', ''), ' ', '') COLLATE NOCASE)" \
	" AND time_us >= ?8 * 1000000 AND (?9 = 0 OR time_us < ?9 * 1000000)" \
	" AND (?10 = 0 OR recipient_hash IN (?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18))"
/* Of the few that have a fingerprint, without a look at the others. */
#define OF_CAMPAIGN \
	" AND id IN (SELECT id FROM record INDEXED BY record_campaign" \
	"  WHERE campaign <> 0 AND distance(campaign, ?4) <= ?5)"
#define ORDER(way) " ORDER BY id " way " LIMIT ?3"

/* Up to n rows of one day after this id, ascending; or its last n, descending. */
static int64_t find_day(struct audit_store *store, uint32_t day, const struct audit_query *q,
                        uint64_t after, bool last, struct audit_row *rows, unsigned n,
                        char error[AUDIT_ERROR_SIZE])
{
	static const char *const any[] = { COLUMNS ORDER("ASC"), COLUMNS ORDER("DESC") };
	static const uint64_t anybody[RECIPIENT_FORMS];
	static const char *const of_campaign[] = { COLUMNS OF_CAMPAIGN ORDER("ASC"),
		                                   COLUMNS OF_CAMPAIGN ORDER("DESC") };
	const uint64_t *to = q->recipients ? q->recipients : anybody;
	int64_t found = 0;
	int result = audit_open_day(store, day, error);

	if (result < 0)
		return result;
	sqlite3_stmt *s = sql_prepare(&store->sql, (q->campaign ? of_campaign : any)[last]);
	result = sql_step(&store->sql, s, "iiiiittiiiiiiiiiii", (int64_t)after,
	                  (int64_t)q->reason, (int64_t)n, (int64_t)q->campaign,
	                  (int64_t)q->radius, q->system_id ? q->system_id : "",
	                  q->sender ? q->sender : "", (int64_t)q->from, (int64_t)q->until,
	                  (int64_t)(q->recipients != NULL), (int64_t)to[0], (int64_t)to[1],
	                  (int64_t)to[2], (int64_t)to[3], (int64_t)to[4], (int64_t)to[5],
	                  (int64_t)to[6], (int64_t)to[7]);
	while (result == 1) {
		read_row(s, day, &rows[found++]);
		result = sql_again(&store->sql, s);
	}
	sqlite3_finalize(s);
	if (result < 0)
		snprintf(error, AUDIT_ERROR_SIZE, "audit of %u: %s", day, store->sql.error);
	return result < 0 ? result : found;
}

/* Whether all of a day is later than what is asked for. */
static bool is_beyond(const struct audit_query *q, uint32_t day)
{
	return q->until != 0 && day > audit_day(q->until * UINT64_C(1000000));
}

static int64_t find_after(struct audit_store *store, const struct audit_query *q,
                          const uint32_t *days, int n_days, struct audit_row *rows,
                          char error[AUDIT_ERROR_SIZE])
{
	int64_t found = 0;

	for (int i = 0; i < n_days && found < q->limit; i++) {
		if (days[i] < q->after_day || is_beyond(q, days[i]))
			continue;
		const int64_t n =
			find_day(store, days[i], q, days[i] == q->after_day ? q->after_id : 0,
		                 false, rows + found, q->limit - (unsigned)found, error);
		if (n < 0)
			return n;
		found += n;
	}
	return found;
}

static int64_t find_latest(struct audit_store *store, const struct audit_query *q,
                           const uint32_t *days, int n_days, struct audit_row *rows,
                           char error[AUDIT_ERROR_SIZE])
{
	int64_t found = 0;

	for (int i = n_days; i-- > 0 && found < q->limit;) {
		if (is_beyond(q, days[i]))
			continue;
		const int64_t n = find_day(store, days[i], q, 0, true, rows + found,
		                           q->limit - (unsigned)found, error);
		if (n < 0)
			return n;
		found += n;
	}
	for (int64_t i = 0; i < found / 2; i++) { /* oldest first */
		const struct audit_row swap = rows[i];

		rows[i] = rows[found - 1 - i];
		rows[found - 1 - i] = swap;
	}
	return found;
}

int64_t audit_store_find(struct audit_store *store, const struct audit_query *query,
                         struct audit_row *rows, char error[AUDIT_ERROR_SIZE])
{
	struct audit_query q = *query;
	uint32_t days[AUDIT_DAYS_MAX] = { 0 };
	const int n_days = audit_list_days(store, days, error);

	if (n_days < 0)
		return n_days;
	if (q.after_day == 0 && q.from != 0)
		q.after_day = audit_day(q.from * UINT64_C(1000000));
	if (q.after_day != 0)
		return find_after(store, &q, days, n_days, rows, error);
	return find_latest(store, &q, days, n_days, rows, error);
}
