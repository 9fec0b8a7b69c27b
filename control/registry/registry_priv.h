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

/* One write transaction. end: commit when result is 0, else roll back; the result. */
must_use int registry_begin(struct registry *registry);
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
