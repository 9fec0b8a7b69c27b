/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_store: refusals and flags in SQLite files, one a day (UTC of the record).
 *
 * DIR/audit-YYYYMMDD.sqlite. Records arrive in batches and may arrive twice (a crash
 * between storing and taking them from their ring): (worker, position, time) is a
 * unique key, so storing again changes nothing. Each keeps the names of its rules as they
 * were then.
 *
 * Threads    a store is used by one thread at a time; readers open stores of their own.
 */
#ifndef CONTROL_AUDIT_STORE_H
#define CONTROL_AUDIT_STORE_H
#include <stdint.h>

#include "check.h"
#include "report_format.h"

#define AUDIT_ERROR_SIZE 400u

struct audit_store;

/* Make DIR when it is missing. 0, -ENOMEM or what mkdir() said, with a sentence.
 * registry: path of the database where the names of rules are. */
must_use int audit_store_open(struct audit_store **out, const char *dir, const char *registry,
                              char error[AUDIT_ERROR_SIZE]);
void audit_store_close(struct audit_store *store); /* NULL is allowed */

/*
 * Store n records of one worker's ring, the first at this position. Durable when it
 * returns 0. Negative errno (-ENOSPC: the disk is full, ...) with a sentence: nothing,
 * or only whole days, were stored; try again with the same ones.
 */
must_use int audit_store_put(struct audit_store *store, unsigned worker, uint64_t position,
                             const struct audit_record *records, unsigned n,
                             char error[AUDIT_ERROR_SIZE]);

/*
 * Of strangers (stranger_share.h) only so many a day are stored from now on. What is left out
 * is counted by reason in the table left_out of the day's file, with the first and the last
 * time, in the transaction of its batch; a batch that comes again after a crash counts twice.
 */
void audit_store_bound(struct audit_store *store, uint64_t strangers_a_day, uint64_t now_us);
/* Time goes on: at the latest before what is stored next. */
void audit_store_tick(struct audit_store *store, uint64_t now_us);
uint64_t audit_store_left_out(const struct audit_store *store); /* since it was opened */

#define AUDIT_RULE_NAME_SIZE 65u
#define AUDIT_RULES_SIZE (sizeof(((struct audit_record *)0)->rules) / 4 * AUDIT_RULE_NAME_SIZE)

struct audit_row {
	struct audit_record record; /* but rules[], which have their names */
	uint64_t id;   /* in its day's file; grows */
	uint32_t day;  /* YYYYMMDD */
	char rule_name[AUDIT_RULE_NAME_SIZE];
	char rules[AUDIT_RULES_SIZE]; /* names of all that had a part in it, a space between */
};

struct audit_query {
	unsigned limit;          /* most rows */
	int reason;              /* enum reason, or -1 */
	uint32_t after_day;      /* with after_id: only rows after this one, oldest first; */
	uint64_t after_id;       /* 0, 0: the latest rows, oldest of them first */
	uint64_t campaign;       /* a fingerprint; 0 = any, and none */
	unsigned radius;         /* of a campaign: in so many bits they may differ from it */
	const char *system_id;   /* NULL = any */
	const char *sender;      /* as it was sent, hyphens and blanks apart; NULL = any */
	const uint64_t *recipients; /* RECIPIENT_FORMS hashes; NULL = any */
	uint32_t from, until;    /* Unix seconds, until not among them; 0 = any. With from and
	                          * without after_day: oldest first from there on */
};

/* How many rows into rows[query->limit], or negative errno with a sentence. */
must_use int64_t audit_store_find(struct audit_store *store, const struct audit_query *query,
                                  struct audit_row *rows, char error[AUDIT_ERROR_SIZE]);

/* Refusals of strangers that a day has no record of (audit_store_bound()), by reason. */
struct audit_left_out {
	uint32_t day;    /* YYYYMMDD */
	unsigned reason; /* enum reason */
	uint64_t n, first_us, last_us;
};

/*
 * What was left out of the days first .. last (0: the last there is) and of the time and the
 * reason that are asked for: how many rows into rows[max], or negative errno with a sentence.
 */
must_use int64_t audit_store_left_out_of(struct audit_store *store,
                                         const struct audit_query *query, uint32_t first,
                                         uint32_t last, struct audit_left_out *rows,
                                         unsigned max, char error[AUDIT_ERROR_SIZE]);

#endif
