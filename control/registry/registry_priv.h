/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_priv: what the files of the registry share among themselves.
 */
#ifndef CONTROL_REGISTRY_PRIV_H
#define CONTROL_REGISTRY_PRIV_H
#include "registry.h"
#include "sql.h"

struct registry {
	struct sql sql;
};

/* SQL that makes version i + 1 from version i. */
extern const char *const registry_steps[];
extern const int registry_version;
extern const char registry_sanctions[];
#define REGISTRY_SANCTIONS_VERSION 1

/* The state of row a of account or sender, with its sanction x (or none) on top: op 1
 * suspends, op 2 ends what imports up to then have said. */
#define EFFECTIVE_STATE \
	"CASE WHEN x.op = 1 THEN 2" \
	" WHEN x.op = 2 AND x.import >= a.import AND a.state = 2 THEN 1 ELSE a.state END"
#define ACCOUNTS_SANCTIONED \
	" account a LEFT JOIN account_sanction x ON x.system_id = a.system_id "
#define SENDERS_SANCTIONED " sender a LEFT JOIN sender_sanction x ON x.key = a.key "
#define GENERATION \
	"(SELECT value FROM meta WHERE name = 'generation') + (SELECT value FROM serial)"

/*
 * One write transaction, of the registry or of the sanctions: neither waits for the
 * other. (BEGIN IMMEDIATE would lock both files.) end: commit when result is 0, else
 * roll back; the result.
 */
must_use int registry_begin(struct registry *registry);
must_use int registry_begin_sanction(struct registry *registry);
must_use int registry_end(struct registry *registry, int result);

/* Within a transaction: the registry has changed; its new generation. */
must_use int registry_changed(struct registry *registry, uint64_t *generation);

/* A word of a file and its number in the image. */
struct word {
	const char *name; /* NULL ends a list */
	uint32_t value;
};
extern const struct word account_states[], sender_states[], modes[], alphabets[];

/* The number of a word ("" = the first of the list), or -1. */
int64_t word_value(const struct word *words, const char *name);
const char *word_name(const struct word *words, uint32_t value); /* "?" when none */

#endif
