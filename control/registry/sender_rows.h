/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_rows: the rows of a file of senders in memory, 48 octets each, to be sorted by
 * key, so that rows that mean one sender stand side by side and the registry is written
 * from its beginning to its end.
 *
 * Threads: belongs to its caller.
 */
#ifndef CONTROL_SENDER_ROWS_H
#define CONTROL_SENDER_ROWS_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "image_format.h"

/* From state on it is what the row says of its sender. */
struct sender_row {
	struct sender_key key;
	uint32_t row; /* line of the file */
	uint32_t state, valid_from, valid_until, blocked_until;
	uint32_t owner; /* account id; 0 = none */
	uint32_t more;  /* index of further owners: a run "n, id, id, ..."; 0 = none */
	uint32_t reserved;
};
_Static_assert(sizeof(struct sender_row) == 48, "sender row");

struct sender_rows {
	struct sender_row *rows;
	uint64_t n, room;
	uint32_t *owners; /* runs; index 0 is none */
	uint32_t n_owners, owners_room;
};

/* -ENOMEM; free in both cases. */
must_use int sender_rows_add(struct sender_rows *rows, const struct sender_row *row);
/* The run of these account ids: an index, or -ENOMEM. n >= 1. */
must_use int64_t sender_rows_owners(struct sender_rows *rows, const uint32_t *ids, uint32_t n);
void sender_rows_sort(struct sender_rows *rows); /* by key, then by line */
void sender_rows_free(struct sender_rows *rows);

/* Whether two rows of one key say the same. */
bool sender_rows_agree(const struct sender_rows *rows, const struct sender_row *a,
                       const struct sender_row *b);

#endif
