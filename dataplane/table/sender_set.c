/* SPDX-License-Identifier: Apache-2.0 */
#include "sender_set.h"

#include <string.h>

#include "prefetch.h"

/* As many cache misses as a core keeps in flight, and some to spare. */
#define CHUNK 32u

/* Same key, and not the empty one: unused slots hold zeros. */
static bool is_key_of(const struct sender_key *key, const struct image_sender *slot)
{
	uint64_t a[2], b[2];

	memcpy(a, key->octets, sizeof(a));
	memcpy(b, slot->key.octets, sizeof(b));
	return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0 && (a[0] | a[1]) != 0;
}

/* Three passes, so that the misses of all keys overlap: pilots, slots, comparison. */
static void find_chunk(const struct sender_set *set, const struct sender_key *keys, unsigned n,
                       const struct image_sender **found)
{
	const struct image_sender_info *info = set->info;
	uint64_t rest[CHUNK];
	const uint8_t *pilot[CHUNK];
	const struct image_sender *slots[CHUNK];

	for (unsigned i = 0; i < n; i++) {
		const uint64_t hash = sender_hash_key(&set->hash, &keys[i]);
		const uint64_t part = sender_hash_part(hash, info->n_parts, &rest[i]);

		pilot[i] = set->pilots + part * info->buckets_per_part +
		           sender_hash_bucket(rest[i], info->buckets_per_part);
		slots[i] = set->slots + part * info->slots_per_part;
		prefetch(pilot[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		slots[i] += sender_hash_slot(rest[i], sender_hash_pilot(*pilot[i]),
		                             info->slots_per_part);
		prefetch(slots[i]);
	}
	for (unsigned i = 0; i < n; i++)
		found[i] = is_key_of(&keys[i], slots[i]) ? slots[i] : NULL;
}

void sender_set_find(const struct sender_set *set, const struct sender_key *keys, unsigned n,
                     const struct image_sender **found)
{
	if (set->info == NULL) {
		for (unsigned i = 0; i < n; i++)
			found[i] = NULL;
		return;
	}
	for (unsigned i = 0; i < n; i += CHUNK)
		find_chunk(set, keys + i, n - i < CHUNK ? n - i : CHUNK, found + i);
}

bool sender_owned_by(const struct sender_set *set, const struct image_sender *sender,
                     uint32_t account_row)
{
	const uint32_t owner = sender->owner_state >> 4;

	if (account_row == 0)
		return false;
	if ((owner & IMAGE_OWNER_LIST) == 0)
		return owner == account_row;

	const uint32_t *run = set->owners + (owner & IMAGE_OWNER_MAX);
	for (uint32_t i = 1; i <= run[0]; i++) {
		if (run[i] == account_row)
			return true;
	}
	return false;
}
