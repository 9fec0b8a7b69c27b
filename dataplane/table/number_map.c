/* SPDX-License-Identifier: Apache-2.0 */
#include "number_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "prefetch.h"

#define LOW_BITS (4 * IMAGE_NUMBER_DIGITS)
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* What is in no block. */
static const uint8_t unknown;

/* Six BCD digits: pairs, then pairs of pairs, all at once. */
static uint32_t value_of(uint32_t bcd)
{
	bcd = (bcd & 0x0f0f0f0f) + 10 * (bcd >> 4 & 0x0f0f0f0f);
	bcd = (bcd & 0x00ff00ff) + 100 * (bcd >> 8 & 0x00ff00ff);
	return (bcd & 0xffff) + 10000 * (bcd >> 16);
}

/* The digits of the key, last one lowest; their number, or 0 when no block holds such. */
static unsigned digits_of(const struct sender_key *key, uint64_t *bcd)
{
	const unsigned digits = key->octets[0] - (SENDER_KEY_NUMBER << 5);
	uint64_t first;

	if (digits < IMAGE_NUMBER_SHORTEST || digits > IMAGE_NUMBER_LONGEST)
		return 0;
	memcpy(&first, key->octets + 1, sizeof(first));
	*bcd = __builtin_bswap64(first) >> 4 * (16 - digits);
	return digits;
}

bool number_map_split(const struct sender_key *key, struct image_number_block *block,
                      uint32_t *index)
{
	uint64_t bcd;
	const unsigned digits = digits_of(key, &bcd);

	if (digits == 0)
		return false;
	*block = (struct image_number_block){ .prefix = bcd >> LOW_BITS, .digits = digits };
	*index = value_of((uint32_t)bcd & ((UINT32_C(1) << LOW_BITS) - 1));
	return true;
}

static uint64_t tag_of(const struct image_number_block *block)
{
	return block->prefix << 8 | block->digits;
}

/* The slot of this tag, or the empty one where it would be. */
static struct number_slot *slot_of(const struct number_map *map, uint64_t tag)
{
	const uint64_t mask = (UINT64_C(1) << (64 - map->shift)) - 1;
	uint64_t at = tag * GOLDEN >> map->shift;

	while (map->index[at].tag != tag && map->index[at].tag != 0)
		at = (at + 1) & mask;
	return &map->index[at];
}

int number_map_open(struct number_map *out, const struct image_number_block *blocks,
                    uint32_t n_blocks, const uint8_t *states)
{
	struct number_map map = { .shift = 64 - 1 };

	while ((UINT64_C(1) << (64 - map.shift)) < 2 * (uint64_t)n_blocks)
		map.shift--;
	map.index = calloc(UINT64_C(1) << (64 - map.shift), sizeof(*map.index));
	if (map.index == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_blocks; i++)
		*slot_of(&map, tag_of(&blocks[i])) = (struct number_slot){
			.tag = tag_of(&blocks[i]),
			.states = states + (uint64_t)i * IMAGE_NUMBER_OCTETS,
		};
	*out = map;
	return 0;
}

void number_map_close(struct number_map *map)
{
	free(map->index);
	*map = (struct number_map){ 0 };
}

void number_map_seek(const struct number_map *map, const struct sender_key *keys, unsigned n,
                     struct number_place *places)
{
	for (unsigned i = 0; i < n; i++) {
		struct image_number_block block;
		uint32_t index;

		places[i] = (struct number_place){ &unknown, 0 };
		if (map->index == NULL || !number_map_split(&keys[i], &block, &index))
			continue;
		const struct number_slot *slot = slot_of(map, tag_of(&block));
		if (slot->tag == 0)
			continue;
		places[i].octet = slot->states + index / 4;
		places[i].shift = index % 4 * 2;
		prefetch(places[i].octet);
	}
}
