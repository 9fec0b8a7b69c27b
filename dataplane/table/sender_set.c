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

void sender_set_seek(const struct sender_set *set, const struct sender_key *keys, unsigned n,
                     struct sender_place *places)
{
	const struct image_sender_info *info = set->info;

	for (unsigned i = 0; info != NULL && i < n; i++) {
		struct sender_place *p = &places[i];
		const uint64_t hash = sender_hash_key(&set->hash, &keys[i]);
		const uint64_t part = sender_hash_part(hash, info->n_parts, &p->rest);
		p->pilot = set->pilots + part * info->buckets_per_part +
		           sender_hash_bucket(p->rest, info->buckets_per_part);
		p->slot = set->slots + part * info->slots_per_part;
		prefetch(p->pilot);
	}
}

void sender_set_reach(const struct sender_set *set, struct sender_place *places, unsigned n)
{
	const struct image_sender_info *info = set->info;

	for (unsigned i = 0; info != NULL && i < n; i++) {
		struct sender_place *p = &places[i];
		p->slot += sender_hash_slot(p->rest, sender_hash_pilot(*p->pilot),
		                            info->slots_per_part);
		prefetch(p->slot);
	}
}

void sender_set_answer(const struct sender_set *set, const struct sender_key *keys,
                       const struct sender_place *places, unsigned n,
                       const struct image_sender **found)
{
	for (unsigned i = 0; i < n; i++)
		found[i] = set->info != NULL && is_key_of(&keys[i], places[i].slot)
		                   ? places[i].slot
		                   : NULL;
}

/* Three passes, so that the misses of all keys overlap: pilots, slots, comparison. */
void sender_set_find(const struct sender_set *set, const struct sender_key *keys, unsigned n,
                     const struct image_sender **found)
{
	struct sender_place places[CHUNK];

	for (unsigned i = 0; i < n; i += CHUNK) {
		const unsigned m = n - i < CHUNK ? n - i : CHUNK;
		sender_set_seek(set, keys + i, m, places);
		sender_set_reach(set, places, m);
		sender_set_answer(set, keys + i, places, m, found + i);
	}
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
