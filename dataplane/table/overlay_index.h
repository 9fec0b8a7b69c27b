/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_index: where the entries of an overlay lie. Only for overlay.c.
 *
 * Open addressing, never more than half full. When it would be, one of twice the size takes
 * its place, and each change from then on moves a few slots: no change waits for all of them.
 * Meanwhile a look-up may need both; what is in the older one stays there, up to date, until
 * all is moved, and the older one is kept until no reader can hold it.
 *
 * Cost       a look-up is a hash and a probe, two probes while it grows. A change moves at
 *            most INDEX_MOVES slots; from half of its room on it also has a part of a page made
 *            of the memory for twice as many (16 MiB of slots for OVERLAY_MAX subjects).
 * Threads    look-ups: any thread. All else: one.
 */
#ifndef DP_OVERLAY_INDEX_H
#define DP_OVERLAY_INDEX_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "overlay.h"
#include "sender_hash.h"

/* Slots that a change moves. Two suffice: an index of n slots is full again after n / 4
 * changes of one half its size. */
#define INDEX_MOVES 8u

struct overlay_slots;

struct overlay_index {
	struct overlay_slots *slots; /* NULL = empty; stored with release */
	struct overlay_slots *next;  /* to take its place; NULL: not needed yet */
	struct overlay_slots *retired;
};

const struct overlay_entry *overlay_index_find(const struct overlay_index *index,
                                               const struct sender_hash *hash,
                                               const struct sender_key *key);

/* Room for n more entries beside the used ones. -ENOMEM: as it was. */
must_use int overlay_index_reserve(struct overlay_index *index, const struct sender_hash *hash,
                                   uint32_t used, uint32_t n);

/* An entry in place of the one with its key, if any; there is room for it. */
void overlay_index_put(struct overlay_index *index, const struct sender_hash *hash,
                       const struct overlay_entry *entry);

/* No reader is left that began before the last put. */
void overlay_index_reclaim(struct overlay_index *index);
void overlay_index_close(struct overlay_index *index);

#endif
