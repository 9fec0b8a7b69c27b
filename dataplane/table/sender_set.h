/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_set: the exact set of certified sender addresses, as a perfect hash.
 *
 * Cost       a look-up reads one pilot octet and one 32-octet slot. Look-ups are
 *            batched: hash all, prefetch all pilots, prefetch all slots, compare.
 * Exactness  the slot holds the whole key, so a hit is certain: the hash decides
 *            where to look, never what the answer is.
 * Ownership  a view of an image; lives as long as the image's octets.
 * Threads    immutable; any thread.
 */
#ifndef DP_SENDER_SET_H
#define DP_SENDER_SET_H
#include <stdbool.h>
#include <stdint.h>

#include "image_format.h"
#include "sender_hash.h"

struct sender_set {
	const struct image_sender_info *info; /* NULL = empty set */
	const struct image_sender *slots;
	const uint8_t *pilots;
	const uint32_t *owners; /* runs "n, row, row, ..." */
	uint32_t n_slots, n_pilots;
	struct sender_hash hash; /* of info->seed */
};

/* Where the record of a key may be, while several are looked for. */
struct sender_place {
	const uint8_t *pilot;
	const struct image_sender
		*slot; /* behind sender_set_reach(); before, its part's first */
	uint64_t rest; /* sender_hash.h */
};

/*
 * The three steps of a look-up, for callers that have something to do while memory is waited
 * for: seek asks for the pilots, reach for the records, answer compares. Of few keys at a time:
 * a core keeps some 30 misses in flight.
 */
void sender_set_seek(const struct sender_set *set, const struct sender_key *keys, unsigned n,
                     struct sender_place *places);
void sender_set_reach(const struct sender_set *set, struct sender_place *places, unsigned n);
void sender_set_answer(const struct sender_set *set, const struct sender_key *keys,
                       const struct sender_place *places, unsigned n,
                       const struct image_sender **found);

/* found[i] = the record of keys[i], or NULL: the three steps one after the other. */
void sender_set_find(const struct sender_set *set, const struct sender_key *keys, unsigned n,
                     const struct image_sender **found);

/* Whether this account row is among the owners of a found record. */
bool sender_owned_by(const struct sender_set *set, const struct image_sender *sender,
                     uint32_t account_row);

#endif
