/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_map: whether a number is one that a subscriber can have.
 *
 * Two bits a number (include/image_format.h), for the numbers that the operator's file
 * of ranges speaks of. A look-up is two steps, so that its one cache miss overlaps with
 * those of the sender set: seek says where the bits are and asks for them, state reads.
 *
 * Cost       seek: some instructions and the index (L1 for Korea: 16 octets a slot,
 *            at least two slots a block); state: one read of the image.
 * Ownership  a view of an image, and an index of its own. Threads: immutable once open.
 */
#ifndef DP_NUMBER_MAP_H
#define DP_NUMBER_MAP_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "image_format.h"

struct number_slot {
	uint64_t tag;          /* prefix << 8 | digits; 0 = empty */
	const uint8_t *states; /* IMAGE_NUMBER_OCTETS */
};

struct number_map {
	struct number_slot *index; /* NULL = no map; linear probing */
	unsigned shift;            /* 64 - log2 of its slots */
};

struct number_place {
	const uint8_t *octet;
	unsigned shift;
};

/* Blocks and states must have been checked. -ENOMEM. */
must_use int number_map_open(struct number_map *out, const struct image_number_block *blocks,
                             uint32_t n_blocks, const uint8_t *states);
void number_map_close(struct number_map *map);

/* place[i] is for keys[i]; keys that are no numbers, or are in no block, have one too. */
void number_map_seek(const struct number_map *map, const struct sender_key *keys, unsigned n,
                     struct number_place *places);

static inline enum image_number_state number_map_state(const struct number_place *place)
{
	/* number_map_seek() set it. NOLINTNEXTLINE(*.NullDereference) */
	return (enum image_number_state)(*place->octet >> place->shift & 3);
}

/* A NUMBER key of 8 to 15 digits as block and index within it; false for others. */
bool number_map_split(const struct sender_key *key, struct image_number_block *block,
                      uint32_t *index);

#endif
