/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "octets.h"
#include "prefetch.h"
#include "worth.h"

struct set {
	uint32_t tag[CACHE_WAYS];  /* upper half of the hash; of a free entry anything */
	uint32_t once[CACHE_ONCE]; /* of texts that came once: not worth an entry yet */
	uint8_t used;              /* a bit a way: found since the hand came by */
	uint8_t hand, hand_once;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct set) == 64, "one line");

struct cache {
	struct set *sets;
	struct cache_entry *entries; /* CACHE_WAYS a set */
	uint32_t mask;               /* sets - 1 */
	struct worth worth;
	struct octets_secret secret; /* nobody outside can aim at a set */
};

static size_t entries_octets(const struct cache *c)
{
	return ((size_t)c->mask + 1) * CACHE_WAYS * sizeof(struct cache_entry);
}

int cache_open(struct cache **out, uint32_t entries)
{
	uint32_t sets = 1;

	if (entries == 0 || entries > CACHE_ENTRIES_MAX)
		return -EINVAL;
	while (sets * CACHE_WAYS < entries)
		sets *= 2;
	struct cache *c = aligned_alloc(64, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	c->mask = sets - 1;
	c->sets = aligned_alloc(64, sets * sizeof(struct set));
	c->entries = mmap(NULL, entries_octets(c), PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->entries == MAP_FAILED)
		c->entries = NULL;
	if (c->sets == NULL || c->entries == NULL) {
		cache_close(c);
		return -ENOMEM;
	}
	memset(c->sets, 0, sets * sizeof(struct set));
	(void)madvise(c->entries, entries_octets(c), MADV_HUGEPAGE);
	/* Too early in a boot there is none, and the cache is only easier to fill. */
	(void)!getrandom(&c->secret, sizeof(c->secret), GRND_NONBLOCK);
	*out = c;
	return 0;
}

void cache_close(struct cache *c)
{
	if (c == NULL)
		return;
	if (c->entries != NULL)
		munmap(c->entries, entries_octets(c));
	free(c->sets);
	free(c);
}

bool cache_awake(struct cache *c) { return worth_looking(&c->worth, CACHE_NAP); }

void cache_learn(struct cache *c, uint32_t sought, uint32_t found)
{
	worth_learn(&c->worth, sought, found, CACHE_WORTH);
}

static inline struct set *set_of(const struct cache *c, uint64_t hash)
{
	return &c->sets[hash & c->mask];
}

static inline struct cache_entry *entry_of(const struct cache *c, uint64_t hash, unsigned way)
{
	return &c->entries[(hash & c->mask) * CACHE_WAYS + way];
}

/* A bit for each way whose tag is the key's. */
static inline unsigned candidates(const struct set *s, uint64_t hash)
{
	_Static_assert(CACHE_WAYS == OCTETS_TAGS, "all at once");
	return octets_tags(s->tag, (uint32_t)(hash >> 32));
}

/* In a loop of their own: nothing in it waits, so several are under way at once. */
void cache_seek(const struct cache *c, struct cache_key *keys, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct cache_key *key = &keys[i];
		key->hash = octets_hash(&c->secret, key->octets, key->len, key->coding);
		prefetch(set_of(c, key->hash));
	}
}

/* The first that may be a key's, asked for; NULL: it is not there. */
static inline const struct cache_entry *reach(const struct cache *c,
                                              const struct cache_key *key)
{
	const unsigned found = candidates(set_of(c, key->hash), key->hash);

	if (found == 0)
		return NULL;
	const struct cache_entry *e = entry_of(c, key->hash, (unsigned)__builtin_ctz(found));
	/* Lines that a text does not fill are cheaper to ask for than to ask about. */
	for (size_t at = 0; at < 3 * 64; at += 64)
		prefetch((const char *)e + at);
	for (size_t at = 3 * 64; at < offsetof(struct cache_entry, octets) + key->len; at += 64)
		prefetch((const char *)e + at);
	return e;
}

/* All of it at once: of what has the tag hardly anything differs. */
static inline bool is_of(const struct cache_entry *e, const struct cache_key *key)
{
	const uint64_t differ = (e->serial ^ key->serial) | (e->hash ^ key->hash) |
	                        (uint32_t)(e->len ^ key->len) |
	                        (uint32_t)(e->coding ^ key->coding);

	return (differ | octets_differ(e->octets, key->octets, key->len)) == 0;
}

/* Among all that may be it. */
static const struct cache_entry *find(const struct cache *c, const struct cache_key *key)
{
	const struct set *s = set_of(c, key->hash);

	for (unsigned left = candidates(s, key->hash); left != 0; left &= left - 1) {
		const struct cache_entry *e =
			entry_of(c, key->hash, (unsigned)__builtin_ctz(left));
		if (is_of(e, key))
			return e;
	}
	return NULL;
}

void cache_find(struct cache *c, const struct cache_key *keys, unsigned n,
                const struct cache_entry **found)
{
	for (unsigned i = 0; i < n; i++)
		found[i] = reach(c, &keys[i]);
	for (unsigned i = 0; i < n; i++) {
		if (found[i] == NULL)
			continue;
		if (unlikely(!is_of(found[i], &keys[i])) &&
		    (found[i] = find(c, &keys[i])) == NULL)
			continue;
		struct set *s = set_of(c, keys[i].hash);
		s->used |= (uint8_t)(1u << found[i]->way);
	}
}

/* Whether the text came before, as far as is remembered; from now on it did. */
static bool came_before(struct set *s, uint32_t tag)
{
	for (unsigned i = 0; i < CACHE_ONCE; i++)
		if (s->once[i] == tag)
			return true;
	s->once[s->hand_once] = tag;
	s->hand_once = (uint8_t)((s->hand_once + 1) % CACHE_ONCE);
	return false;
}

/* The way that gives way: one round of the hand clears every bit. */
static unsigned victim(struct set *s)
{
	for (;;) {
		const unsigned way = s->hand;
		s->hand = (uint8_t)((way + 1) % CACHE_WAYS);
		if ((s->used & 1u << way) == 0)
			return way;
		s->used &= (uint8_t) ~(1u << way);
	}
}

bool cache_again(struct cache *c, const struct cache_key *key)
{
	struct set *s = set_of(c, key->hash);

	return came_before(s, (uint32_t)(key->hash >> 32)) && find(c, key) == NULL;
}

bool cache_keep(struct cache *c, const struct cache_key *key, const uint16_t *hits, unsigned n,
                uint64_t fingerprint)
{
	struct set *s = set_of(c, key->hash);
	const uint32_t tag = (uint32_t)(key->hash >> 32);

	bug_if(n > CACHE_HITS_MAX || key->len > CACHE_TEXT_MAX || key->serial == 0);
	const unsigned way = victim(s);
	struct cache_entry *e = entry_of(c, key->hash, way);
	const bool live = e->serial == key->serial;
	e->serial = key->serial;
	e->hash = key->hash;
	e->fingerprint = fingerprint;
	e->len = key->len;
	e->coding = key->coding;
	e->n_hits = (uint8_t)n;
	e->way = (uint8_t)way;
	memcpy(e->octets, key->octets, key->len);
	memcpy(&e->octets[(key->len + 1u) & ~1u], hits, n * sizeof(hits[0]));
	s->tag[way] = tag;
	return live;
}
