/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache: what the scans found in texts that were seen before.
 *
 * Bulk traffic repeats bodies. Kept is not a verdict but the patterns that a text matched,
 * which depend on nothing but its octets, the coding they are read in and the tables; who
 * sends it, when and to whom is judged anew each time (content.c). So accounts, validity
 * times, canaries, thresholds and deltas need not be part of the key. An entry is compared in
 * full, never by its hash alone: a text that collides must not inherit what another matched.
 *
 * A set is one cache line of CACHE_WAYS tags; an entry is eight lines, of which a text reads
 * those that it and its finds fill: under a learned pack a text has dozens. A text is kept when
 * it comes the second time: most texts that come once never come again, and cost a tag only.
 * Where a set is full the first way that was not found since the hand last came by gives way.
 *
 * To look for a text that is new costs a tenth of what screening it does. While hardly any is
 * found, only one call in CACHE_NAP looks, which is enough to see that texts repeat again.
 *
 * Bound      as many entries as cache_open() was told; a text of more than CACHE_TEXT_MAX
 *            octets or with more than CACHE_HITS_MAX finds is not kept, nor one with a pattern
 *            that is none of the first 65,536 (control makes no more than RULE_PATTERNS_MAX).
 * Threads    one worker.
 */
#ifndef DP_CACHE_H
#define DP_CACHE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

#define CACHE_WAYS 8u
#define CACHE_ONCE 7u /* tags a set remembers of texts that came once */
#define CACHE_TEXT_MAX 259u
#define CACHE_HITS_MAX 111u
#define CACHE_ROOM 482u /* of a text and of what was found in it */
#define CACHE_ENTRIES_MAX (1u << 24)
#define CACHE_WORTH 32u /* looking is worth it (worth.h) when one in so many is found */
#define CACHE_NAP 8u

struct cache_key {
	uint64_t serial; /* of the image: deltas change no pattern */
	uint64_t hash;   /* by cache_seek(); a wrong one costs time and nothing else */
	const uint8_t *octets;
	uint16_t len;   /* 1 to CACHE_TEXT_MAX */
	uint8_t coding; /* enum text_coding */
};

struct cache_entry {
	uint64_t serial, hash; /* serial 0: free */
	uint64_t fingerprint;  /* of the text; 0: it has none */
	uint16_t len;
	uint8_t coding, n_hits;
	uint8_t way; /* of its set */
	uint8_t zero;
	uint8_t octets[CACHE_ROOM]; /* the text, and at the next even place the patterns */
};
_Static_assert(sizeof(struct cache_entry) == 512, "eight lines");
_Static_assert(offsetof(struct cache_entry, octets) % 2 == 0, "aligned patterns");
_Static_assert(CACHE_TEXT_MAX + 1 + 2 * CACHE_HITS_MAX <= CACHE_ROOM, "room");

/* The n_hits patterns, in the order that they were given in. */
static inline const uint16_t *cache_hits(const struct cache_entry *e)
{
	return (const void *)&e->octets[(e->len + 1u) & ~1u];
}

struct cache;

/* entries: 1 to CACHE_ENTRIES_MAX, rounded up to a power of two, at least CACHE_WAYS. 0,
 * -EINVAL or -ENOMEM. */
must_use int cache_open(struct cache **out, uint32_t entries);
void cache_close(struct cache *cache); /* NULL is allowed */

/* Whether to look for the texts of a slice at all; then say how many were, and found. */
bool cache_awake(struct cache *cache);
void cache_learn(struct cache *cache, uint32_t sought, uint32_t found);

/* The hash of each key, and ask for what cache_find() will read first. */
void cache_seek(const struct cache *cache, struct cache_key *keys, unsigned n);

/* found[i] = the entry of keys[i], or NULL; valid until cache_keep(). */
void cache_find(struct cache *cache, const struct cache_key *keys, unsigned n,
                const struct cache_entry **found);

/* Whether a text came before, so that it is worth being kept; from now on it did. False too
 * when it is there already: twice in one vector, the second is as new as the first. */
bool cache_again(struct cache *cache, const struct cache_key *key);
/* Keep a text that was scanned and is not there: n patterns, at most CACHE_HITS_MAX, and its
 * fingerprint. True: one of the same tables had to give way. */
bool cache_keep(struct cache *cache, const struct cache_key *key, const uint16_t *hits,
                unsigned n, uint64_t fingerprint);

#endif
