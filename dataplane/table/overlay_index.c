/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "prefetch.h"

#define SLOTS_FIRST 256u
#define AHEAD 16u /* slots: as many fetches at once as a core keeps under way */
#define HUGE_PAGE ((size_t)2 << 20)

/* n: a power of two, at least twice what is in it. */
struct overlay_slots {
	struct overlay_slots *older;   /* NULL: all of it is here; stored with release */
	struct overlay_slots *retired; /* the next one that is */
	uint32_t n;
	uint32_t moved;                  /* of the older one's slots */
	const struct overlay_entry **at; /* stored with release, loaded with acquire */
};

/* Where this key is, or the empty slot where it belongs. */
static uint32_t probe(const struct overlay_slots *slots, uint64_t hash,
                      const struct sender_key *key, const struct overlay_entry **entry)
{
	uint32_t at = (uint32_t)hash & (slots->n - 1);

	/* Acquire: the entry was whole before its pointer was stored. */
	for (;; at = (at + 1) & (slots->n - 1)) {
		*entry = __atomic_load_n(&slots->at[at], __ATOMIC_ACQUIRE);
		if (*entry == NULL || memcmp(&(*entry)->key, key, sizeof(*key)) == 0)
			return at;
	}
}

const struct overlay_entry *overlay_index_find(const struct overlay_index *index,
                                               const struct sender_hash *hash,
                                               const struct sender_key *key)
{
	const struct overlay_slots *slots = __atomic_load_n(&index->slots, __ATOMIC_ACQUIRE);
	const struct overlay_entry *entry;

	if (slots == NULL)
		return NULL;
	/* Acquire, and before the probe: when there is no older one any more, what was in it
	 * is seen here. */
	const struct overlay_slots *older = __atomic_load_n(&slots->older, __ATOMIC_ACQUIRE);
	const uint64_t h = sender_hash_key(hash, key);
	probe(slots, h, key, &entry);
	if (entry == NULL && older != NULL)
		probe(older, h, key, &entry);
	return entry;
}

/* All of it is touched, in huge pages where it is that large: neither a reader nor a change
 * meets a page that is still to be made. */
static struct overlay_slots *new_slots(uint32_t n)
{
	const size_t size = n * sizeof(struct overlay_entry *);
	struct overlay_slots *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct overlay_slots){ .n = n };
	s->at = aligned_alloc(size < HUGE_PAGE ? 64 : HUGE_PAGE, size);
	if (s->at == NULL) {
		free(s);
		return NULL;
	}
	if (size >= HUGE_PAGE)
		(void)madvise(s->at, size, MADV_HUGEPAGE);
	memset(s->at, 0, size);
	return s;
}

static void free_slots(struct overlay_slots *slots)
{
	if (slots == NULL)
		return;
	free(slots->at);
	free(slots);
}

/* Up to n slots of the older one; the last of them ends it. */
static void move(struct overlay_index *index, const struct sender_hash *hash, uint32_t n)
{
	struct overlay_slots *slots = index->slots, *older = slots->older;
	const struct overlay_entry *there;

	if (older == NULL)
		return;
	for (; n > 0 && slots->moved < older->n; n--, slots->moved++) {
		const struct overlay_entry *entry = older->at[slots->moved];
		/* Each is somewhere else in memory: have those that come next fetched. */
		if (slots->moved + AHEAD < older->n)
			prefetch(older->at[slots->moved + AHEAD]);
		if (entry == NULL)
			continue;
		const uint64_t h = sender_hash_key(hash, &entry->key);
		/* What was replaced was replaced here as well. */
		bug_if_slow(probe(older, h, &entry->key, &there) != slots->moved);
		const uint32_t at = probe(slots, h, &entry->key, &there);
		if (there == NULL)
			__atomic_store_n(&slots->at[at], entry, __ATOMIC_RELEASE);
	}
	if (slots->moved < older->n)
		return;
	/* Release: who finds no older one finds all that was in it. */
	__atomic_store_n(&slots->older, NULL, __ATOMIC_RELEASE);
	older->retired = index->retired;
	index->retired = older;
}

int overlay_index_reserve(struct overlay_index *index, const struct sender_hash *hash,
                          uint32_t used, uint32_t n)
{
	struct overlay_slots *before = index->slots;
	uint64_t size = before == NULL ? SLOTS_FIRST : before->n;

	while (size < ((uint64_t)used + n) * 2)
		size *= 2;
	if (before != NULL && size == before->n)
		return 0;
	struct overlay_slots *slots = new_slots((uint32_t)size);
	if (slots == NULL)
		return -ENOMEM;
	/* Only when many come at once, to a small one. */
	if (before != NULL)
		move(index, hash, UINT32_MAX);
	slots->older = before;
	__atomic_store_n(&index->slots, slots, __ATOMIC_RELEASE);
	return 0;
}

void overlay_index_put(struct overlay_index *index, const struct sender_hash *hash,
                       const struct overlay_entry *entry)
{
	struct overlay_slots *slots = index->slots;
	const uint64_t h = sender_hash_key(hash, &entry->key);
	const struct overlay_entry *there;
	uint32_t at = probe(slots, h, &entry->key, &there);

	/* Release: whoever finds the entry finds all of it. */
	__atomic_store_n(&slots->at[at], entry, __ATOMIC_RELEASE);
	if (slots->older == NULL)
		return;
	/* There too: what it replaces is freed, and probes in the older one pass over it. */
	at = probe(slots->older, h, &entry->key, &there);
	if (there != NULL)
		__atomic_store_n(&slots->older->at[at], entry, __ATOMIC_RELEASE);
	move(index, hash, INDEX_MOVES);
}

void overlay_index_reclaim(struct overlay_index *index)
{
	while (index->retired != NULL) {
		struct overlay_slots *next = index->retired->retired;
		free_slots(index->retired);
		index->retired = next;
	}
}

void overlay_index_close(struct overlay_index *index)
{
	overlay_index_reclaim(index);
	if (index->slots != NULL)
		free_slots(index->slots->older);
	free_slots(index->slots);
	*index = (struct overlay_index){ 0 };
}
