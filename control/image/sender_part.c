/* SPDX-License-Identifier: Apache-2.0 */
#include "sender_part.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sender_hash.h"

#define PILOTS 256u
/* With three keys a bucket on average, one in 10^20 holds more (Poisson tail at 48). */
#define BUCKET_MAX 48u
/* Buckets just placed that nobody may evict: breaks short cycles. */
#define RECENT 16u
#define EVICTIONS_PER_BUCKET 16u
#define FREE UINT32_MAX

struct sender_part {
	uint32_t n_buckets, n_slots;
	uint32_t n_keys_max;
	uint64_t pilot_hash[PILOTS];
	uint64_t *sorted; /* rests, bucket by bucket */
	uint32_t *origin; /* index of sorted[i] in the caller's order */
	uint32_t *start;  /* n_buckets + 1 */
	uint32_t *order;  /* buckets, largest first */
	uint32_t *owner;  /* by slot: its bucket, or FREE */
	uint64_t *taken;  /* by slot: one bit, so that the search stays in L1 */
	uint32_t *queue;  /* evicted buckets that wait for a new place */
	uint32_t recent[RECENT];
	unsigned recent_at;
	uint64_t random;
	uint64_t evictions;
	uint8_t *pilots; /* the caller's */
};

int sender_part_open(struct sender_part **out, const struct image_sender_info *info,
                     uint64_t n_keys)
{
	struct sender_part *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -ENOMEM;
	p->n_buckets = info->buckets_per_part;
	p->n_slots = info->slots_per_part;
	p->n_keys_max = (uint32_t)n_keys;
	p->sorted = malloc((n_keys + 1) * sizeof(*p->sorted));
	p->origin = malloc((n_keys + 1) * sizeof(*p->origin));
	p->start = malloc((p->n_buckets + (size_t)1) * sizeof(*p->start));
	p->order = malloc(p->n_buckets * sizeof(*p->order));
	p->queue = malloc(p->n_buckets * sizeof(*p->queue));
	p->owner = malloc(p->n_slots * sizeof(*p->owner));
	p->taken = malloc((p->n_slots / 64 + (size_t)1) * sizeof(*p->taken));
	for (unsigned i = 0; i < PILOTS; i++)
		p->pilot_hash[i] = sender_hash_pilot((uint8_t)i);
	if (!p->sorted || !p->origin || !p->start || !p->order || !p->queue || !p->owner ||
	    !p->taken) {
		sender_part_close(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void sender_part_close(struct sender_part *p)
{
	if (p == NULL)
		return;
	free(p->sorted);
	free(p->origin);
	free(p->start);
	free(p->order);
	free(p->queue);
	free(p->owner);
	free(p->taken);
	free(p);
}

static uint32_t bucket_size(const struct sender_part *p, uint32_t bucket)
{
	return p->start[bucket + 1] - p->start[bucket];
}

/* Counting sort of the rests by bucket. */
static void sort_by_bucket(struct sender_part *p, const uint64_t *rest, uint32_t n)
{
	memset(p->start, 0, (p->n_buckets + (size_t)1) * sizeof(*p->start));
	for (uint32_t i = 0; i < n; i++)
		p->start[sender_hash_bucket(rest[i], p->n_buckets)]++;
	for (uint32_t b = 0, sum = 0; b <= p->n_buckets; b++) {
		sum += p->start[b];
		p->start[b] = sum; /* the end; filling backwards makes it the start */
	}
	for (uint32_t i = n; i-- > 0;) {
		const uint32_t at = --p->start[sender_hash_bucket(rest[i], p->n_buckets)];
		p->sorted[at] = rest[i];
		p->origin[at] = i;
	}
}

/* 0; -EEXIST with the twins; -EAGAIN when a bucket is larger than chance makes them. */
static int check_buckets(const struct sender_part *p, uint32_t twin[2])
{
	for (uint32_t b = 0; b < p->n_buckets; b++) {
		for (uint32_t i = p->start[b]; i < p->start[b + 1]; i++) {
			for (uint32_t j = i + 1; j < p->start[b + 1]; j++) {
				if (p->sorted[i] != p->sorted[j])
					continue;
				twin[0] = p->origin[i];
				twin[1] = p->origin[j];
				return -EEXIST;
			}
		}
		if (bucket_size(p, b) > BUCKET_MAX)
			return -EAGAIN;
	}
	return 0;
}

/* Large buckets first, while there is room; counting sort by size. */
static void sort_by_size(struct sender_part *p)
{
	uint32_t at[BUCKET_MAX + 2] = { 0 };

	for (uint32_t b = 0; b < p->n_buckets; b++)
		at[BUCKET_MAX - bucket_size(p, b) + 1]++;
	for (unsigned s = 1; s <= BUCKET_MAX + 1; s++)
		at[s] += at[s - 1];
	for (uint32_t b = 0; b < p->n_buckets; b++)
		p->order[at[BUCKET_MAX - bucket_size(p, b)]++] = b;
}

static bool is_taken(const struct sender_part *p, uint32_t slot)
{
	return p->taken[slot / 64] >> slot % 64 & 1;
}

/* Slots of the bucket under this pilot; false when two are the same. */
static bool slots_of(const struct sender_part *p, uint32_t bucket, unsigned pilot,
                     uint32_t slots[BUCKET_MAX])
{
	const uint64_t *rest = p->sorted + p->start[bucket];
	const uint32_t n = bucket_size(p, bucket);

	for (uint32_t i = 0; i < n; i++) {
		slots[i] = sender_hash_slot(rest[i], p->pilot_hash[pilot], p->n_slots);
		for (uint32_t j = 0; j < i; j++) {
			if (slots[i] == slots[j])
				return false;
		}
	}
	return true;
}

static void occupy(struct sender_part *p, uint32_t bucket, unsigned pilot, bool take)
{
	const uint32_t n = bucket_size(p, bucket);
	uint32_t slots[BUCKET_MAX] = { 0 };

	(void)slots_of(p, bucket, pilot, slots);
	for (uint32_t i = 0; i < n; i++) {
		p->owner[slots[i]] = take ? bucket : FREE;
		p->taken[slots[i] / 64] ^= UINT64_C(1) << slots[i] % 64;
	}
	if (take)
		p->pilots[bucket] = (uint8_t)pilot;
}

/* A pilot under which every slot is free, or -1. */
static int free_pilot(const struct sender_part *p, uint32_t bucket)
{
	const uint64_t *rest = p->sorted + p->start[bucket];
	const uint32_t n = bucket_size(p, bucket);
	uint32_t slots[BUCKET_MAX];

	for (unsigned pilot = 0; pilot < PILOTS; pilot++) {
		const uint64_t hash = p->pilot_hash[pilot];
		uint32_t i = 0;

		while (i < n && !is_taken(p, sender_hash_slot(rest[i], hash, p->n_slots)))
			i++;
		if (i == n && slots_of(p, bucket, pilot, slots))
			return (int)pilot;
	}
	return -1;
}

static bool is_recent(const struct sender_part *p, uint32_t bucket)
{
	for (unsigned i = 0; i < RECENT; i++) {
		if (p->recent[i] == bucket)
			return true;
	}
	return false;
}

/* What these slots would cost their owners: the sum of squared sizes, as large buckets
 * are hard to place again. UINT32_MAX: an owner is recent. */
static uint32_t eviction_cost(const struct sender_part *p, const uint32_t *slots, uint32_t n,
                              uint32_t limit)
{
	uint32_t cost = 0;

	for (uint32_t i = 0; i < n && cost < limit; i++) {
		if (!is_taken(p, slots[i]))
			continue;
		const uint32_t owner = p->owner[slots[i]];
		if (is_recent(p, owner))
			return UINT32_MAX;
		cost += bucket_size(p, owner) * bucket_size(p, owner);
	}
	return cost;
}

/* The pilot that evicts least, searched from a random one on; -1 when there is none. */
static int cheapest_pilot(struct sender_part *p, uint32_t bucket)
{
	const uint32_t n = bucket_size(p, bucket);
	uint32_t slots[BUCKET_MAX], best_cost = UINT32_MAX;
	int best = -1;

	p->random = p->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	const unsigned first = (unsigned)(p->random >> 56);
	for (unsigned i = 0; i < PILOTS; i++) {
		const unsigned pilot = (first + i) % PILOTS;

		if (!slots_of(p, bucket, pilot, slots))
			continue;
		const uint32_t cost = eviction_cost(p, slots, n, best_cost);
		if (cost < best_cost) {
			best_cost = cost;
			best = (int)pilot;
		}
		if (best_cost <= n * n) /* nobody larger is moved: good enough */
			break;
	}
	return best;
}

/* Move the owners of these slots to the queue; their number. */
static uint32_t evict(struct sender_part *p, uint32_t bucket, unsigned pilot, uint32_t *queue)
{
	const uint32_t n = bucket_size(p, bucket);
	uint32_t slots[BUCKET_MAX], evicted = 0;

	(void)slots_of(p, bucket, pilot, slots);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t owner = p->owner[slots[i]];

		if (owner == FREE)
			continue;
		occupy(p, owner, p->pilots[owner], false);
		queue[evicted++] = owner;
	}
	p->evictions += evicted;
	return evicted;
}

/* Place a bucket, and then whatever it pushed out, until nothing waits. */
static int place(struct sender_part *p, uint32_t bucket)
{
	uint32_t waiting = 1;

	p->queue[0] = bucket;
	while (waiting > 0) {
		const uint32_t b = p->queue[--waiting];
		int pilot = free_pilot(p, b);

		if (pilot < 0) {
			pilot = cheapest_pilot(p, b);
			if (pilot < 0)
				return -EAGAIN;
			waiting += evict(p, b, (unsigned)pilot, p->queue + waiting);
			p->recent[p->recent_at++ % RECENT] = b;
		}
		occupy(p, b, (unsigned)pilot, true);
		if (p->evictions > (uint64_t)p->n_buckets * EVICTIONS_PER_BUCKET + 1000)
			return -EAGAIN;
	}
	return 0;
}

static void start_empty(struct sender_part *p, uint8_t *pilots)
{
	p->pilots = pilots;
	memset(pilots, 0, p->n_buckets);
	memset(p->owner, 0xff, p->n_slots * sizeof(*p->owner)); /* FREE */
	memset(p->taken, 0, (p->n_slots / 64 + (size_t)1) * sizeof(*p->taken));
	memset(p->recent, 0xff, sizeof(p->recent));
	p->recent_at = 0;
	p->evictions = 0;
	p->random = 1;
}

int sender_part_solve(struct sender_part *p, const uint64_t *rest, uint32_t n, uint8_t *pilots,
                      uint32_t *slot, uint32_t twin[2])
{
	bug_if(n > p->n_keys_max);
	if (n > p->n_slots)
		return -EAGAIN;
	start_empty(p, pilots);
	sort_by_bucket(p, rest, n);
	const int odd = check_buckets(p, twin);
	if (odd != 0)
		return odd;
	sort_by_size(p);
	for (uint32_t i = 0; i < p->n_buckets && bucket_size(p, p->order[i]) > 0; i++) {
		const int failed = place(p, p->order[i]);
		if (failed != 0)
			return failed;
	}
	for (uint32_t b = 0; b < p->n_buckets; b++) {
		for (uint32_t i = p->start[b]; i < p->start[b + 1]; i++)
			slot[p->origin[i]] = sender_hash_slot(
				p->sorted[i], p->pilot_hash[pilots[b]], p->n_slots);
	}
	return 0;
}
