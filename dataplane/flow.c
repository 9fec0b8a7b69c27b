/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#ifdef __AVX2__
#include <immintrin.h>

#include "prefetch.h"
#endif

#define BUCKET_FLOWS 8u
#define FIND_BATCH 32u /* look-ups in flight: about twice the line fill buffers of a core */
#define FLOWS_MAX (1u << 28)
#define SLOT_FREE UINT32_MAX

/* One cache line. flow: index in the pool + 1, so that a zeroed bucket is empty. */
struct bucket {
	uint32_t hash[BUCKET_FLOWS];
	uint32_t flow[BUCKET_FLOWS];
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct flow_table {
	struct bucket *buckets;
	uint8_t *pool;
	uint32_t *free; /* stack of indexes of the pool */
	uint32_t n_free, capacity, flow_size;
	uint32_t mask; /* of buckets, a power of two */
};

/* Odd fractional digits of square roots of the first primes. */
#define ROOTS \
	{ \
		UINT64_C(0x6a09e667f3bcc909), UINT64_C(0xbb67ae8584caa73b), \
			UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1), \
			UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f), \
			UINT64_C(0x1f83d9abfb41bd6b) \
	}
static const uint64_t root[7] = ROOTS;
static uint64_t hash_secret[7] = ROOTS; /* one for each word of a key, one for the end */
static bool hash_seeded;

/* The two halves of a 128-bit product, folded: every input bit reaches every output. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
	const unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

void flow_hash_seed(uint64_t seed)
{
	for (unsigned i = 0; i < 7; i++)
		hash_secret[i] = mix(seed ^ root[i], root[(i + 1) % 7]);
	hash_seeded = true;
}

static void draw_seed(void)
{
	uint64_t seed;

	if (hash_seeded)
		return;
	/* Too early in a boot there is no randomness; a clock is better than nothing. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_sec * UINT64_C(1000000007) ^ (uint64_t)now.tv_nsec;
	}
	flow_hash_seed(seed);
}

uint32_t flow_hash(const struct flow_key *key)
{
	const uint64_t *w = key->words;

	/* Each word meets a secret before it is multiplied, so none can choose a zero. */
	const uint64_t a = mix(w[0] ^ hash_secret[0], w[1] ^ hash_secret[1]);
	const uint64_t b = mix(w[2] ^ hash_secret[2], w[3] ^ hash_secret[3]);
	const uint64_t c = mix(w[4] ^ hash_secret[4], w[5] ^ hash_secret[5]);
	const uint64_t h = mix(a ^ (b << 21 | b >> 43) ^ hash_secret[6], c ^ root[1]);

	return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t bucket_1(const struct flow_table *t, uint32_t hash)
{
	return hash & t->mask;
}

/* From the same hash, through a multiplication that moves the high bits down; never
 * the first one again unless there is but one bucket. */
static inline uint32_t bucket_2(const struct flow_table *t, uint32_t hash)
{
	const uint32_t other = (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 36) & t->mask;

	return other == (hash & t->mask) ? other ^ (t->mask & 1) : other;
}

static inline struct flow_head *flow_at(const struct flow_table *t, uint32_t index)
{
	return (struct flow_head *)(void *)(t->pool + (size_t)index * t->flow_size);
}

/* Zeroed, on a page or huge page boundary; huge pages are asked for, not needed. */
static void *map_zeroed(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	(void)madvise(at, size, MADV_HUGEPAGE);
	return at;
}

/* Buckets for a load of a quarter to a half, where a second choice is always found. */
static uint32_t bucket_count(uint32_t capacity)
{
	uint32_t n = 1;

	while (n * (BUCKET_FLOWS / 2) < capacity)
		n *= 2;
	return n;
}

int flow_table_open(struct flow_table **out, uint32_t capacity, uint32_t flow_size)
{
	if (capacity == 0 || capacity > FLOWS_MAX || flow_size % 64 != 0 ||
	    flow_size < sizeof(struct flow_head))
		return -EINVAL;
	struct flow_table *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->capacity = capacity;
	t->flow_size = flow_size;
	t->mask = bucket_count(capacity) - 1;
	t->buckets = map_zeroed(((size_t)t->mask + 1) * sizeof(struct bucket));
	t->pool = map_zeroed((size_t)capacity * flow_size);
	t->free = malloc(capacity * sizeof(*t->free));
	if (t->buckets == NULL || t->pool == NULL || t->free == NULL) {
		flow_table_close(t);
		return -ENOMEM;
	}
	/* The lowest indexes come first, so that few flows touch few pages. */
	for (uint32_t i = 0; i < capacity; i++)
		t->free[i] = capacity - 1 - i;
	t->n_free = capacity;
	draw_seed();
	*out = t;
	return 0;
}

void flow_table_close(struct flow_table *t)
{
	if (t == NULL)
		return;
	if (t->buckets != NULL)
		munmap(t->buckets, ((size_t)t->mask + 1) * sizeof(struct bucket));
	if (t->pool != NULL)
		munmap(t->pool, (size_t)t->capacity * t->flow_size);
	free(t->free);
	free(t);
}

/* The slots of a bucket whose flow has this hash, a bit for each. */
static inline unsigned candidates(const struct bucket *b, uint32_t hash)
{
#ifdef __AVX2__
	const __m256i flows = _mm256_load_si256((const __m256i *)(const void *)b->flow);
	const __m256i hashes = _mm256_load_si256((const __m256i *)(const void *)b->hash);
	const __m256i same =
		_mm256_andnot_si256(_mm256_cmpeq_epi32(flows, _mm256_setzero_si256()),
	                            _mm256_cmpeq_epi32(hashes, _mm256_set1_epi32((int)hash)));

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(same));
#else
	unsigned bits = 0;

	for (unsigned i = 0; i < BUCKET_FLOWS; i++)
		bits |= (unsigned)(b->flow[i] != 0 && b->hash[i] == hash) << i;
	return bits;
#endif
}

static inline bool keys_equal(const struct flow_key *a, const struct flow_key *b)
{
	const uint64_t *x = a->words, *y = b->words;

	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]) |
	        (x[5] ^ y[5])) == 0;
}

static inline struct flow_head *find_in(const struct flow_table *t, uint32_t bucket,
                                        const struct flow_key *key, uint32_t hash)
{
	const struct bucket *b = &t->buckets[bucket];

	for (unsigned left = candidates(b, hash); left != 0; left &= left - 1) {
		struct flow_head *flow = flow_at(t, b->flow[__builtin_ctz(left)] - 1);
		if (keys_equal(&flow->key, key))
			return flow;
	}
	return NULL;
}

struct flow_head *flow_find_one(const struct flow_table *t, const struct flow_key *key,
                                uint32_t hash)
{
	struct flow_head *flow = find_in(t, bucket_1(t, hash), key, hash);

	return flow ? flow : find_in(t, bucket_2(t, hash), key, hash);
}

/* The flow that has this hash, whatever its key; the first when several have it. */
static inline struct flow_head *likeness(const struct flow_table *t, uint32_t hash)
{
	const struct bucket *b = &t->buckets[bucket_1(t, hash)];
	unsigned found = candidates(b, hash);

	if (found == 0) {
		b = &t->buckets[bucket_2(t, hash)];
		found = candidates(b, hash);
	}
	return found == 0 ? NULL : flow_at(t, b->flow[__builtin_ctz(found)] - 1);
}

/* Three passes over the batch: buckets, heads, compare; each waits for memory once. */
static void find_batch(const struct flow_table *t, const struct packet *const *packets,
                       unsigned n, struct flow_head **found)
{
	for (unsigned i = 0; i < n; i++) {
		prefetch(&t->buckets[bucket_1(t, packets[i]->hash)]);
		prefetch(&t->buckets[bucket_2(t, packets[i]->hash)]);
	}
	for (unsigned i = 0; i < n; i++) {
		found[i] = likeness(t, packets[i]->hash);
		prefetch(found[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		if (unlikely(found[i] != NULL && !keys_equal(&found[i]->key, &packets[i]->key)))
			found[i] = flow_find_one(t, &packets[i]->key, packets[i]->hash);
	}
}

void flow_find(const struct flow_table *t, const struct packet *const *packets, unsigned n,
               struct flow_head **found)
{
	for (unsigned at = 0; at < n; at += FIND_BATCH) {
		const unsigned left = n - at;
		find_batch(t, packets + at, left < FIND_BATCH ? left : FIND_BATCH, found + at);
	}
}

static unsigned bucket_used(const struct bucket *b)
{
	unsigned used = 0;

	for (unsigned i = 0; i < BUCKET_FLOWS; i++)
		used += b->flow[i] != 0;
	return used;
}

static uint32_t take_slot(const struct flow_table *t, uint32_t bucket)
{
	for (uint32_t i = 0; i < BUCKET_FLOWS; i++) {
		if (t->buckets[bucket].flow[i] == 0)
			return bucket * BUCKET_FLOWS + i;
	}
	return SLOT_FREE;
}

static void put(struct flow_table *t, uint32_t slot, uint32_t hash, uint32_t flow)
{
	struct bucket *b = &t->buckets[slot / BUCKET_FLOWS];

	b->hash[slot % BUCKET_FLOWS] = hash;
	b->flow[slot % BUCKET_FLOWS] = flow;
	if (flow != 0)
		flow_at(t, flow - 1)->slot = slot;
}

/* Both buckets of a new key are full: move one of their flows to its other bucket. */
static uint32_t make_slot(struct flow_table *t, uint32_t bucket)
{
	for (uint32_t i = 0; i < BUCKET_FLOWS; i++) {
		const uint32_t hash = t->buckets[bucket].hash[i];
		const uint32_t first = bucket_1(t, hash), second = bucket_2(t, hash);
		const uint32_t to = take_slot(t, first == bucket ? second : first);
		if (to == SLOT_FREE)
			continue;
		const uint32_t slot = bucket * BUCKET_FLOWS + i;
		put(t, to, hash, t->buckets[bucket].flow[i]);
		return slot; /* filled by the caller at once */
	}
	return SLOT_FREE;
}

static uint32_t find_slot(struct flow_table *t, uint32_t hash)
{
	const uint32_t first = bucket_1(t, hash), second = bucket_2(t, hash);
	const bool second_emptier =
		bucket_used(&t->buckets[second]) < bucket_used(&t->buckets[first]);
	uint32_t slot = take_slot(t, second_emptier ? second : first);

	if (slot == SLOT_FREE)
		slot = make_slot(t, first);
	if (slot == SLOT_FREE)
		slot = make_slot(t, second);
	return slot;
}

struct flow_head *flow_add(struct flow_table *t, const struct flow_key *key, uint32_t hash)
{
	bug_if_slow(flow_find_one(t, key, hash) != NULL);
	if (t->n_free == 0)
		return NULL;
	const uint32_t slot = find_slot(t, hash);
	if (slot == SLOT_FREE)
		return NULL;

	const uint32_t index = t->free[--t->n_free];
	struct flow_head *flow = flow_at(t, index);
	memset(flow, 0, t->flow_size);
	flow->key = *key;
	flow->hash = hash;
	put(t, slot, hash, index + 1);
	return flow;
}

void flow_remove(struct flow_table *t, struct flow_head *flow)
{
	const struct bucket *b = &t->buckets[flow->slot / BUCKET_FLOWS];
	const uint32_t index = b->flow[flow->slot % BUCKET_FLOWS] - 1;

	/* A flow that is not in its slot was removed before, or overwritten. */
	bug_if(index >= t->capacity || flow_at(t, index) != flow);
	put(t, flow->slot, 0, 0);
	t->free[t->n_free++] = index;
}

struct flow_head *flow_next(const struct flow_table *t, uint32_t *at)
{
	const uint64_t end = ((uint64_t)t->mask + 1) * BUCKET_FLOWS;

	while (*at < end) {
		const uint32_t slot = (*at)++;
		const uint32_t flow = t->buckets[slot / BUCKET_FLOWS].flow[slot % BUCKET_FLOWS];
		if (flow != 0)
			return flow_at(t, flow - 1);
	}
	return NULL;
}

uint32_t flow_index(const struct flow_table *t, const struct flow_head *flow)
{
	return (uint32_t)((size_t)((const uint8_t *)flow - t->pool) / t->flow_size);
}

struct flow_head *flow_of_index(const struct flow_table *t, uint32_t index)
{
	return flow_at(t, index);
}

uint64_t flow_table_octets(const struct flow_table *t)
{
	return sizeof(*t) + ((uint64_t)t->mask + 1) * sizeof(struct bucket) +
	       (uint64_t)t->capacity * (t->flow_size + sizeof(*t->free));
}

uint32_t flow_count(const struct flow_table *t) { return t->capacity - t->n_free; }
