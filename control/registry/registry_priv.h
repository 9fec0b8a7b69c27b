/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_priv: what the files of the registry share among themselves.
 */
#ifndef CONTROL_REGISTRY_PRIV_H
#define CONTROL_REGISTRY_PRIV_H
#include "link_message.h"
#include "numbering_plan.h"
#include "registry.h"
#include "registry_delta.h"
#include "sql.h"

/* registry_log.c: at most so many wait for being carried while others keep coming: a page that
 * many of them are on is written once, and the log seldom begins anew, for which whoever writes
 * waits for a flush. */
#define REGISTRY_DELTAS_CARRIED 131072

/* Prepared once, because thousands of deltas a second run them. */
enum delta_statement {
	DELTA_BEGIN,
	DELTA_LOCK,
	DELTA_GENERATION,
	DELTA_ADVANCE,
	DELTA_ADVANCE_RECORDS,
	DELTA_COMMIT,
	DELTA_GROUP,
	DELTA_GROUP_END,
	DELTA_FIND_ACCOUNT,
	DELTA_FIND_SENDER,
	DELTA_SANCTION_ACCOUNT,
	DELTA_SANCTION_SENDER,
	DELTA_BLOCK_ACCOUNT,
	DELTA_BLOCK_SENDER,
	DELTA_ADD_ACCOUNT,
	DELTA_ADD_SENDER,
	DELTA_ADD_OWNER,
	DELTA_REMOVE_ACCOUNT,
	DELTA_REMOVE_SENDER,
	DELTA_REMOVE_OWNERS,
	DELTA_COUNT_SENDERS,
	DELTA_STATEMENTS
};

struct registry {
	struct sql sql;
	/* registry_delta.c: within a transaction of deltas */
	sqlite3_stmt *delta[DELTA_STATEMENTS];
	uint64_t generation; /* before the first of them */
	uint32_t n_deltas, n_before_group;
	bool records; /* it may add or remove */
	/* registry_log.c: the sanctions' serial when it last looked, and when it last acted */
	int64_t serial_before, serial_carried;
	int64_t log_frames; /* of the sanctions' log after the latest commit of deltas */
	int64_t log_page;   /* octets; 0: not asked yet */
	/* registry_plan.c */
	struct image_plan_row *plan_rows;
	uint32_t n_plan_rows;
	uint64_t plan_generation; /* of the registry when they were read; 0 = never */
	struct numbering_plan plan;
};

/* SQL that makes version i + 1 from version i. */
extern const char *const registry_steps[];
extern const int registry_version;
extern const char registry_sanctions[];
#define REGISTRY_SANCTIONS_VERSION 3

/* The state of account a with its sanction x (or none) on top: op 1 suspends, op 2 ends
 * what imports up to then have said. */
#define EFFECTIVE_STATE \
	"CASE WHEN x.op = 1 THEN 2" \
	" WHEN x.op = 2 AND x.import >= a.import AND a.state = 2 THEN 1 ELSE a.state END"
#define ACCOUNTS_SANCTIONED \
	" account a LEFT JOIN account_sanction x ON x.system_id = a.system_id" \
	" LEFT JOIN account_block b ON b.system_id = a.system_id "
/* Rows that a partial index finds among millions; the words are the index's own. */
#define SENDER_IS_ODD " (state <> 1 OR blocked_until <> 0) "
#define GENERATION \
	"(SELECT value FROM meta WHERE name = 'generation') + (SELECT value FROM serial)"

/* One write transaction of the registry. end: commit when result is 0, else roll back;
 * the result. */
must_use int registry_begin(struct registry *registry);
must_use int registry_end(struct registry *registry, int result);

/* Say why: registry_error() from now on. Returns result. */
int registry_refuse(struct registry *registry, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Within a transaction: the registry has changed; its new generation. */
must_use int registry_changed(struct registry *registry, uint64_t *generation);

/* registry_delta() of a campaign, without the generation. */
must_use int registry_change_campaign(struct registry *registry,
                                      const struct registry_delta *delta,
                                      struct link_delta *told);

/* A word of a file and its number in the image. */
struct word {
	const char *name; /* NULL ends a list */
	uint32_t value;
};
extern const struct word account_states[], sender_states[], modes[], alphabets[],
	campaign_actions[];

/* The number of a word ("" = the first of the list), or -1. */
int64_t word_value(const struct word *words, const char *name);
const char *word_name(const struct word *words, uint32_t value); /* "?" when none */

/* The next system_id of "a; b c;d", without the blanks around it, of which *rest is left; NULL:
 * no more. The text is cut up. */
char *owner_next(char **rest);

#endif
