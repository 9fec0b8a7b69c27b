/* SPDX-License-Identifier: Apache-2.0 */
#include "sender_set_build.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "prefetch.h"
#include "sender_hash.h"
#include "sender_part.h"

#define SEEDS 8u
#define THREADS_MAX 64u
/* A part's taken bits are 33 KiB and its owners 1 MiB: L1 and L2 of a core. */
#define PART_KEYS 262144u
/* Keys vary between parts: 262,144 +- 512 (one sigma of a binomial), so the fullest of
 * a few hundred parts, at + 4 sigma, is 98.3 % full when the mean is 97.5 %. */
#define SLOTS_PER_1000_KEYS 1026u
#define SLOTS_SPARE 16u
#define KEYS_PER_BUCKET 3u

/* One attempt under one seed; parts are claimed one by one by the threads. */
struct attempt {
	struct sender_build *build;
	const struct image_sender_info *info;
	struct sender_hash hash;
	uint64_t *rest;       /* n, part by part */
	uint32_t *index;      /* record of rest[i] */
	uint64_t *part_start; /* n_parts + 1 */
	atomic_uint next_part;
	atomic_int result; /* first failure; relaxed: joined before it is read */
	uint64_t clash[2]; /* written by the thread that set result to -EEXIST */
};

struct image_sender_info sender_build_plan(uint64_t n)
{
	const uint64_t parts = (n + PART_KEYS - 1) / PART_KEYS;
	const uint64_t keys = parts == 0 ? 0 : (n + parts - 1) / parts;

	return (struct image_sender_info){
		.n_keys = n,
		.n_parts = parts == 0 ? 1 : (uint32_t)parts,
		.buckets_per_part = (uint32_t)(keys / KEYS_PER_BUCKET + 1),
		.slots_per_part = (uint32_t)(keys * SLOTS_PER_1000_KEYS / 1000 + SLOTS_SPARE),
	};
}

static uint32_t part_of(const struct attempt *a, uint64_t i, uint64_t *rest)
{
	const uint64_t hash = sender_hash_key(&a->hash, &a->build->records[i].key);

	return sender_hash_part(hash, a->info->n_parts, rest);
}

/* Sort (rest, index) by part: count, then fill each part from its end backwards. */
static void scatter(struct attempt *a)
{
	const uint32_t parts = a->info->n_parts;
	uint64_t rest;

	memset(a->part_start, 0, (parts + (size_t)1) * sizeof(*a->part_start));
	for (uint64_t i = 0; i < a->build->n; i++)
		a->part_start[part_of(a, i, &rest)]++;
	for (uint64_t p = 0, sum = 0; p <= parts; p++) {
		sum += a->part_start[p];
		a->part_start[p] = sum;
	}
	for (uint64_t i = a->build->n; i-- > 0;) {
		const uint64_t at = --a->part_start[part_of(a, i, &rest)];
		a->rest[at] = rest;
		a->index[at] = (uint32_t)i;
	}
}

/* Copy the records of a part to their slots. The reads are random: ask ahead. */
static void fill(const struct attempt *a, uint32_t part, const uint32_t *slot)
{
	const uint64_t first = a->part_start[part], end = a->part_start[part + 1];
	struct image_sender *slots = a->build->slots + (uint64_t)part * a->info->slots_per_part;

	memset(slots, 0, a->info->slots_per_part * sizeof(*slots));
	for (uint64_t i = first; i < end; i++) {
		const uint64_t ahead = i + 16 < end ? i + 16 : i;

		prefetch(&a->build->records[a->index[ahead]]);
		slots[slot[i - first]] = a->build->records[a->index[i]];
	}
}

/* Twins are one key twice, or (once in 2^64 pairs) two keys with one hash. */
static int judge_twins(struct attempt *a, const uint32_t twin[2], uint64_t first)
{
	const uint64_t i = a->index[first + twin[0]], j = a->index[first + twin[1]];
	const struct image_sender *records = a->build->records;

	if (memcmp(&records[i].key, &records[j].key, SENDER_KEY_SIZE) != 0)
		return -EAGAIN;
	int none = 0;
	if (atomic_compare_exchange_strong(&a->result, &none, -EEXIST)) {
		a->clash[0] = i < j ? i : j;
		a->clash[1] = i < j ? j : i;
	}
	return -EEXIST;
}

static int solve_part(struct attempt *a, struct sender_part *scratch, uint32_t part,
                      uint32_t *slot)
{
	const uint64_t first = a->part_start[part];
	const uint32_t n = (uint32_t)(a->part_start[part + 1] - first);
	uint8_t *pilots = a->build->pilots + (uint64_t)part * a->info->buckets_per_part;
	uint32_t twin[2];

	int result = sender_part_solve(scratch, a->rest + first, n, pilots, slot, twin);
	if (result == -EEXIST)
		result = judge_twins(a, twin, first);
	if (result == 0)
		fill(a, part, slot);
	return result;
}

static uint64_t largest_part(const struct attempt *a)
{
	uint64_t largest = 0;

	for (uint32_t p = 0; p < a->info->n_parts; p++) {
		const uint64_t n = a->part_start[p + 1] - a->part_start[p];
		largest = n > largest ? n : largest;
	}
	return largest;
}

static void *work(void *arg)
{
	struct attempt *a = arg;
	const uint64_t most = largest_part(a);
	struct sender_part *scratch = NULL;
	uint32_t *slot = malloc((most + 1) * sizeof(*slot));
	int result = slot == NULL ? -ENOMEM : sender_part_open(&scratch, a->info, most);

	while (result == 0 && atomic_load_explicit(&a->result, memory_order_relaxed) == 0) {
		const unsigned part = atomic_fetch_add(&a->next_part, 1);
		if (part >= a->info->n_parts)
			break;
		result = solve_part(a, scratch, part, slot);
	}
	int none = 0;
	if (result != 0)
		atomic_compare_exchange_strong(&a->result, &none, result);
	sender_part_close(scratch);
	free(slot);
	return NULL;
}

/* This thread works too, so the work is done even when no helper can be had. */
static int work_all(struct attempt *a)
{
	pthread_t helper[THREADS_MAX];
	unsigned helpers = 0;

	atomic_store(&a->next_part, 0);
	atomic_store(&a->result, 0);
	while (helpers + 1 < a->build->threads && helpers < THREADS_MAX) {
		if (pthread_create(&helper[helpers], NULL, work, a) != 0)
			break;
		helpers++;
	}
	work(a);
	for (unsigned i = 0; i < helpers; i++)
		pthread_join(helper[i], NULL);
	return atomic_load(&a->result);
}

static int draw_seed(uint64_t *seed)
{
	if (*seed != 0)
		return 0;
	if (getrandom(seed, sizeof(*seed), 0) != sizeof(*seed))
		return -EAGAIN;
	return 0;
}

static int try_seeds(struct attempt *a, struct image_sender_info *info)
{
	uint64_t seed = a->build->seed;
	int result = draw_seed(&seed);

	for (unsigned i = 0; i < SEEDS && result == 0; i++) {
		info->seed = seed + i;
		a->hash = sender_hash_open(info->seed);
		scatter(a);
		result = work_all(a);
		if (result != -EAGAIN)
			break;
		result = i + 1 < SEEDS ? 0 : -EAGAIN;
	}
	a->build->clash[0] = a->clash[0];
	a->build->clash[1] = a->clash[1];
	return result;
}

int sender_set_build(struct sender_build *build, struct image_sender_info *info)
{
	bug_if(build->n == 0 || build->n > SENDER_BUILD_MAX || build->threads == 0);
	struct attempt a = { .build = build, .info = info };

	a.rest = malloc(build->n * sizeof(*a.rest));
	a.index = malloc(build->n * sizeof(*a.index));
	a.part_start = malloc((info->n_parts + (size_t)1) * sizeof(*a.part_start));
	const int result = a.rest && a.index && a.part_start ? try_seeds(&a, info) : -ENOMEM;
	free(a.rest);
	free(a.index);
	free(a.part_start);
	return result;
}
