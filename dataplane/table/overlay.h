/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay: the deltas that came after the image. Only for this folder.
 *
 * A set of subjects (accounts, senders, campaigns), found by an index (overlay_index.h) and
 * linked in the order of their latest deltas. The link thread adds to it in place while
 * workers look up: an entry is never changed, a newer one takes its place with one pointer
 * store. What was replaced is used again after overlay_reclaim(), when no worker can still
 * hold it.
 *
 * Cost       a look-up in an empty overlay is one comparison; else a hash and a probe, or two.
 *            A delta costs the same however many came before.
 * Bounds     OVERLAY_MAX subjects, OVERLAY_ACCOUNTS_MAX added accounts; full = -ENOSPC.
 * Threads    look-ups: any thread. All else: the link thread.
 */
#ifndef DP_OVERLAY_H
#define DP_OVERLAY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"

/* What deltas say of one subject. A generation of 0: nothing; else of the last delta. */
struct overlay_entry {
	struct sender_key key; /* as struct link_delta.key */
	uint64_t suspension_at, block_at, record_at;
	bool suspended; /* by suspension_at */
	bool added;     /* by record_at: added, else removed */
	uint8_t n_owners;
	uint8_t action, radius; /* of an added campaign */
	uint32_t blocked_until; /* by block_at: 0 = not blocked */
	uint32_t valid_from, valid_until;
	uint32_t account; /* of an added account: index for overlay_account() */
	uint32_t owners[LINK_OWNERS_MAX];
};

struct overlay;

/* seed: not known to those who choose sender numbers. -ENOMEM. */
must_use int overlay_open(struct overlay **out, uint64_t seed);
void overlay_close(struct overlay *overlay); /* NULL is allowed */

/*
 * Apply deltas[0 .. n), all or none. -EINVAL: one of them is not a delta; -ESTALE: the
 * generations do not grow from after (what is in force already); -ENOSPC, -ENOMEM.
 */
must_use int overlay_apply(struct overlay *overlay, const struct link_delta *deltas, unsigned n,
                           uint64_t after);

/* No worker is left that began before the last overlay_apply(). */
void overlay_reclaim(struct overlay *overlay);

/*
 * All that is newer than a generation, a few deltas at a time while others come: they go to
 * another overlay, that of the next image. overlay_walk() begins; then *n of at most max
 * deltas, in the order of the latest of each subject. true: there are no more just now. Of a
 * subject that changes after it was listed all is listed again. max: at least 3.
 */
void overlay_walk(struct overlay *overlay);
must_use bool overlay_walked(struct overlay *overlay, uint64_t generation,
                             struct link_delta *list, size_t *n, size_t max);

/* What was listed, into an overlay that nobody reads yet. -ENOMEM. */
must_use int overlay_carry(struct overlay *overlay, const struct link_delta *list, size_t n);

/* The entry of a subject, or NULL; valid until this worker's next quiescent state. */
const struct overlay_entry *overlay_find(const struct overlay *overlay,
                                         const struct sender_key *key);
/* No look-up that begins now has to find anything. */
bool overlay_is_empty(const struct overlay *overlay);
/* Of an account, by its system_id of len <= 15 octets. */
const struct overlay_entry *overlay_find_account(const struct overlay *overlay,
                                                 const uint8_t *system_id, size_t len);
/* The row of an added account. */
const struct image_account *overlay_account(const struct overlay *overlay, uint32_t index);

uint32_t overlay_used(const struct overlay *overlay);       /* subjects */
uint64_t overlay_generation(const struct overlay *overlay); /* of the last delta; 0 none */

/* What it holds that is newer than this generation, as deltas in the order of theirs: an
 * array of *n to free(). -ENOMEM. */
must_use int overlay_list(const struct overlay *overlay, uint64_t generation,
                          struct link_delta **out, size_t *n);

#endif
