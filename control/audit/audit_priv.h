/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_priv: what storing and finding audit records share.
 */
#ifndef CONTROL_AUDIT_PRIV_H
#define CONTROL_AUDIT_PRIV_H
#include "audit_store.h"
#include "problems.h"
#include "registry.h"
#include "sql.h"
#include "stranger_share.h"

/* Of rules whose names were asked for; at rule % AUDIT_NAMES. */
#define AUDIT_NAMES 64u
struct audit_name {
	uint32_t rule; /* 0 = none */
	char name[AUDIT_RULE_NAME_SIZE];
};

struct audit_store {
	char *dir, *registry;
	struct sql sql;       /* of the day that is open */
	uint32_t day;         /* YYYYMMDD, 0 = none is open */
	sqlite3_stmt *insert;
	bool bounded;         /* strangers are */
	struct stranger_share share;
	uint64_t left_out;
	struct audit_name names[AUDIT_NAMES];
};

#define AUDIT_DAYS_MAX 4096u /* eleven years of them */

/* The days that have a file, ascending; how many, or negative errno with a sentence. */
must_use int audit_list_days(const struct audit_store *store, uint32_t days[AUDIT_DAYS_MAX],
                             char error[AUDIT_ERROR_SIZE]);

/* The day of this moment, YYYYMMDD. */
uint32_t audit_day(uint64_t time_us);

/* Open this day's file, made when it is missing, and close the one before. */
must_use int audit_open_day(struct audit_store *store, uint32_t day,
                            char error[AUDIT_ERROR_SIZE]);

#endif
