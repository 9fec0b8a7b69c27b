/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_senders: all senders in the order of their keys, with what deltas said of them.
 *
 * Five tables are walked side by side, so that no row of millions is looked up. Within
 * the caller's read transaction. Threads: as registry.h.
 */
#ifndef CONTROL_REGISTRY_SENDERS_H
#define CONTROL_REGISTRY_SENDERS_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "registry_priv.h"

struct registered_sender {
	struct sender_key key;
	bool registered; /* else it is only suspended or blocked */
	bool suspended;
	uint32_t valid_from, valid_until;
	uint32_t blocked_until; /* UINT32_MAX = for ever */
	enum image_block block; /* whose, of several the one that ends last */
	uint32_t n_owners;
	uint32_t owners[SENDER_OWNERS_MAX];
};

struct sender_walk {
	struct sql *sql;
	sqlite3_stmt *rows, *sanctions, *blocks, *lists, *owners; /* NULL when at its end */
};

/* From this key on; NULL: all of them. */
must_use int sender_walk_open(struct sender_walk *walk, struct registry *registry,
                              const struct sender_key *first);
/* 1 with the next sender, 0 at the end, or negative errno. */
must_use int sender_walk_next(struct sender_walk *walk, struct registered_sender *out);
void sender_walk_close(struct sender_walk *walk);

#endif
