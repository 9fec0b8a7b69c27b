/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "prefetch.h"
#include "tables.h"

#define SLOTS_FIRST 256u
#define AHEAD 16u /* slots: as many fetches at once as a core keeps under way */
#define SLOTS_MAX (2 * OVERLAY_MAX)
#define PAGE_SLOTS 512u /* of a page of 4 KiB */

_Static_assert((SLOTS_MAX & (SLOTS_MAX - 1)) == 0, "it is reached by doubling");

/* n: a power of two, at least twice what is in it. */
struct overlay_slots {
	struct overlay_slots *older;   /* NULL: all of it is here; stored with release */
	struct overlay_slots *retired; /* the next one that is */
	uint32_t n;
	uint32_t moved;                  /* of the older one's slots */
	uint64_t touched;                /* slots whose pages are there */
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

/* Memory that is all 0, and not there yet but for the first of it. */
static struct overlay_slots *new_slots(uint64_t n)
{
	const size_t size = n * sizeof(struct overlay_entry *);
	struct overlay_slots *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct overlay_slots){ .n = (uint32_t)n };
	s->at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->at == MAP_FAILED) {
		free(s);
		return NULL;
	}
	return s;
}

static void free_slots(struct overlay_slots *slots)
{
	if (slots == NULL)
		return;
	munmap(slots->at, slots->n * sizeof(slots->at[0]));
	free(slots);
}

/* Has up to n more pages made. Not all at once: 16 MiB take 10 ms and more where memory is
 * scarce. Not when they are needed: then a reader would make them. */
static void touch(struct overlay_slots *slots, uint64_t n)
{
	for (; n > 0 && slots->touched < slots->n; n--, slots->touched += PAGE_SLOTS)
		*(const struct overlay_entry *volatile *)&slots->at[slots->touched] = NULL;
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

/* Those of twice the size, before they are needed. -ENOMEM can wait until then. */
static void prepare(struct overlay_index *index, uint64_t used, uint32_t n)
{
	const struct overlay_slots *now = index->slots;

	if (now == NULL || now->n == SLOTS_MAX || used < now->n / 4)
		return;
	if (index->next == NULL)
		index->next = new_slots((uint64_t)now->n * 2);
	/* Ready after a quarter of the changes that there is still room for. */
	if (index->next != NULL)
		touch(index->next, n / (PAGE_SLOTS / 32) + 1);
}

static struct overlay_slots *take_next(struct overlay_index *index, uint64_t size)
{
	struct overlay_slots *next = index->next;

	index->next = NULL;
	if (next != NULL && next->n != size) {
		free_slots(next);
		next = NULL;
	}
	return next != NULL ? next : new_slots(size);
}

int overlay_index_reserve(struct overlay_index *index, const struct sender_hash *hash,
                          uint32_t used, uint32_t n)
{
	struct overlay_slots *before = index->slots;
	uint64_t size = before == NULL ? SLOTS_FIRST : before->n;

	prepare(index, used, n);
	while (size < ((uint64_t)used + n) * 2)
		size *= 2;
	if (before != NULL && size == before->n)
		return 0;
	struct overlay_slots *slots = take_next(index, size);
	if (slots == NULL)
		return -ENOMEM;
	touch(slots, UINT64_MAX);
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
	free_slots(index->next);
	if (index->slots != NULL)
		free_slots(index->slots->older);
	free_slots(index->slots);
	*index = (struct overlay_index){ 0 };
}
