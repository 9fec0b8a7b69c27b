/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certified: what a look-up among the certified senders costs, beside what else could
 * be used and beside the floor, the read of a record whose place is known.
 *
 * One process a size and kind of pages, so that neither sees the other's memory. Rounds
 * are interleaved and ratios are those of one round, because the machine is noisy.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certified.h"
#include "check.h"
#include "options.h"
#include "prefetch.h"
#include "sender_set_build.h"

#define ROUNDS 9u
#define SEED UINT64_C(20240601)
#define MOBILE_BLOCKS 180u /* of a million numbers: those that Korea's operators have */

static uint64_t mixed(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void *take(size_t size, bool huge)
{
	const size_t two_mib = 2u << 20;
	const size_t whole = (size + two_mib - 1) & ~(two_mib - 1);
	void *p = huge ? mmap(NULL, whole, PROT_READ | PROT_WRITE,
	                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0)
	               : MAP_FAILED;

	if (p != MAP_FAILED)
		return p;
	p = mmap(NULL, whole + two_mib, PROT_READ | PROT_WRITE,
	         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bug_if(p == MAP_FAILED);
	p = (void *)(((uintptr_t)p + two_mib - 1) & ~(uintptr_t)(two_mib - 1));
	madvise(p, whole, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return p;
}

/* +82 10 to +82 18 and eight digits: as a registry has them. i below 900 million. */
static struct sender_key key_of(uint64_t i)
{
	struct sender_key key = { { SENDER_KEY_NUMBER << 5 | 12, 0x82,
		                    (uint8_t)(0x10 + i / 100000000) } };

	for (unsigned at = 6; at > 2; at--, i /= 100)
		key.octets[at] = (uint8_t)(i % 10 | i / 10 % 10 << 4);
	return key;
}

/* Spread over each hundred million by a factor that has no divisor in common with it. */
static struct sender_key registered(uint64_t i)
{
	return key_of(i / 100000000 * 100000000 + i % 100000000 * 61803399 % 100000000);
}

static double timed_build(struct bench *b, unsigned threads)
{
	struct sender_build build = { .records = b->records,
		                      .n = b->n,
		                      .slots = (void *)b->set.slots,
		                      .pilots = (void *)b->set.pilots,
		                      .threads = threads,
		                      .seed = SEED };
	const double start = now_s();

	bug_if(sender_set_build(&build, &b->info) != 0);
	return now_s() - start;
}

static void make_set(struct bench *b)
{
	struct rusage before, after;

	b->records = take(b->n * sizeof(*b->records), false);
	for (uint64_t i = 0; i < b->n; i++)
		b->records[i] =
			(struct image_sender){ .key = registered(i),
			                       .owner_state = (uint32_t)(i % 1000 + 1) << 4 |
			                                      IMAGE_CERTIFIED };
	b->info = sender_build_plan(b->n);
	b->set.n_slots = b->info.n_parts * b->info.slots_per_part;
	b->set.n_pilots = b->info.n_parts * b->info.buckets_per_part;
	b->set.slots = take(b->set.n_slots * sizeof(*b->set.slots), b->huge);
	b->set.pilots = take(b->set.n_pilots, b->huge);
	getrusage(RUSAGE_SELF, &before);
	b->build_s = timed_build(b, 1); /* it touches its memory first: that is part of it */
	getrusage(RUSAGE_SELF, &after);
	b->build_bytes = (uint64_t)(after.ru_maxrss - before.ru_maxrss) * 1024;
	madvise((void *)b->set.slots, b->set.n_slots * sizeof(*b->set.slots), MADV_DONTNEED);
	b->build_two_s = timed_build(b, 2);
	b->set.info = &b->info;
	b->set.hash = sender_hash_open(b->info.seed);
}

/* All numbers of 010 and eighty million more are assigned. */
static void make_numbers(struct bench *b)
{
	static struct image_number_block blocks[MOBILE_BLOCKS];
	uint8_t *states = take((size_t)MOBILE_BLOCKS * IMAGE_NUMBER_OCTETS, b->huge);

	memset(states, IMAGE_NUMBER_ASSIGNED * 0x55,
	       (size_t)MOBILE_BLOCKS * IMAGE_NUMBER_OCTETS);
	for (unsigned i = 0; i < MOBILE_BLOCKS; i++) {
		const struct sender_key key = key_of(i * UINT64_C(1000000));
		uint32_t index;

		bug_if(!number_map_split(&key, &blocks[i], &index));
	}
	bug_if(number_map_open(&b->numbers, blocks, MOBILE_BLOCKS, states) != 0);
}

/* A number that is in no registry: 019. */
static struct sender_key absent(uint64_t r)
{
	return key_of(UINT64_C(900000000) + r % 100000000);
}

static void make_queries(struct bench *b)
{
	const struct image_sender *found;

	b->hits = take(QUERIES * sizeof(*b->hits), true);
	b->quarter = take(QUERIES * sizeof(*b->quarter), true);
	b->known = take(QUERIES * sizeof(*b->known), true);
	for (uint32_t i = 0; i < QUERIES; i++) {
		const uint64_t r = mixed(i + 1);

		b->hits[i] = registered(r % b->n);
		b->quarter[i] = r >> 62 ? b->hits[i] : absent(r);
		sender_set_find(&b->set, &b->hits[i], 1, &found);
		bug_if(found == NULL);
		b->known[i] = (uint32_t)(found - b->set.slots);
	}
}

static uint64_t run_floor(const struct bench *b, const struct sender_key *keys)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = i; j < i + BATCH; j++)
			prefetch(&b->set.slots[b->known[j]]);
		for (uint32_t j = i; j < i + BATCH; j++)
			found += same_key(&b->set.slots[b->known[j]].key, &keys[j]);
	}
	return found;
}

static uint64_t run_batch(const struct bench *b, const struct sender_key *keys)
{
	const struct image_sender *records[BATCH];
	uint64_t found = 0;

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		sender_set_find(&b->set, keys + i, BATCH, records);
		for (uint32_t j = 0; j < BATCH; j++)
			found += records[j] != NULL;
	}
	return found;
}

/* The same, and whether the number exists: one more access to memory. */
static uint64_t run_valid(const struct bench *b, const struct sender_key *keys)
{
	const struct image_sender *records[BATCH];
	struct number_place places[BATCH];
	uint64_t found = 0;

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		number_map_seek(&b->numbers, keys + i, BATCH, places);
		sender_set_find(&b->set, keys + i, BATCH, records);
		for (uint32_t j = 0; j < BATCH; j++)
			found += records[j] != NULL &&
			         number_map_state(&places[j]) != IMAGE_NUMBER_UNASSIGNED;
	}
	return found;
}

static uint64_t run_single(const struct bench *b, const struct sender_key *keys)
{
	const struct image_sender *record;
	uint64_t found = 0;

	for (uint32_t i = 0; i < QUERIES; i++) {
		sender_set_find(&b->set, &keys[i], 1, &record);
		found += record != NULL;
	}
	return found;
}

struct row {
	const char *name;
	contender *run;
	bool quarter, there;
	double ns[ROUNDS], ratio[ROUNDS]; /* ratio: to the floor of the same round */
};

enum {
	FLOOR,
	BATCH_ALL,
	BATCH_QUARTER,
	VALID,
	SINGLE,
	OPEN_HALF,
	OPEN_DENSE,
	RTE,
	CHD,
	BDZ,
	ROWS
};

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct bench *b, struct row rows[ROWS])
{
	uint64_t expect_quarter = 0;

	for (uint32_t i = 0; i < QUERIES; i++)
		expect_quarter += same_key(&b->hits[i], &b->quarter[i]);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (struct row *r = rows; r < rows + ROWS; r++) {
			if (!r->there)
				continue;
			const double start = now_s();
			const uint64_t found = r->run(b, r->quarter ? b->quarter : b->hits);
			r->ns[round] = (now_s() - start) * 1e9 / QUERIES;
			r->ratio[round] = r->ns[round] / rows[FLOOR].ns[round];
			bug_if(found != (r->quarter ? expect_quarter : QUERIES));
		}
	}
	for (unsigned r = 0; r < ROWS; r++) {
		qsort(rows[r].ns, ROUNDS, sizeof(rows[r].ns[0]), by_value);
		qsort(rows[r].ratio, ROUNDS, sizeof(rows[r].ratio[0]), by_value);
	}
}

static double ns(const struct row *r) { return r->ns[ROUNDS / 2]; }
static double ratio(const struct row *r) { return r->ratio[ROUNDS / 2]; }

static void print_json(const struct bench *b, const struct row rows[ROWS])
{
	const struct row *all = &rows[BATCH_ALL], *quarter = &rows[BATCH_QUARTER];
	const double keys = (double)b->n;

	printf("{\"keys\": %" PRIu64 ", \"huge_pages\": %s, \"batch_ns\": %.2f, "
	       "\"single_ns\": %.2f, \"floor_ns\": %.2f, \"ratio\": %.3f, "
	       "\"ratio_least\": %.3f, \"ratio_most\": %.3f, "
	       "\"quarter_missing_ns\": %.2f, \"quarter_missing_ratio\": %.3f, "
	       "\"number_valid_ns\": %.2f, \"number_valid_ratio\": %.3f, ",
	       b->n, b->huge ? "true" : "false", ns(all), ns(&rows[SINGLE]), ns(&rows[FLOOR]),
	       ratio(all), all->ratio[0], all->ratio[ROUNDS - 1], ns(quarter), ratio(quarter),
	       ns(&rows[VALID]), ratio(&rows[VALID]));
	printf("\"build_s\": %.3f, \"build_ns_per_key\": %.1f, \"build_two_cores_s\": %.3f, "
	       "\"build_two_cores_ns_per_key\": %.1f, \"build_bytes_per_key\": %.1f, "
	       "\"bits_per_key\": %.3f, \"empty_slots\": %.4f, \"peers\": {",
	       b->build_s, b->build_s * 1e9 / keys, b->build_two_s, b->build_two_s * 1e9 / keys,
	       (double)b->build_bytes / keys, 8.0 * b->set.n_pilots / keys,
	       1 - keys / b->set.n_slots);
	for (unsigned r = OPEN_HALF, n = 0; r < ROWS; r++) {
		if (rows[r].there)
			printf("%s\"%s\": %.2f", n++ ? ", " : "", rows[r].name, ns(&rows[r]));
	}
	printf("}}");
}

static void print_table(const struct bench *b, const struct row rows[ROWS])
{
	const double keys = (double)b->n;

	printf("%" PRIu64 " senders, %s pages, median of %u rounds of %u look-ups\n"
	       "built in %.2f s on one core (%.0f ns a key), %.2f s on two (%.0f);\n"
	       "%.0f octets a key beside the %zu given; %.2f bits a key of pilots\n",
	       b->n, b->huge ? "huge" : "4 KiB", ROUNDS, QUERIES, b->build_s,
	       b->build_s * 1e9 / keys, b->build_two_s, b->build_two_s * 1e9 / keys,
	       (double)b->build_bytes / keys, sizeof(*b->records),
	       8.0 * b->set.n_pilots / keys);
	for (const struct row *r = rows; r < rows + ROWS; r++) {
		if (r->there)
			printf("  %-34s %8.2f ns  %5.2f x floor  (%.2f to %.2f)\n", r->name,
			       ns(r), ratio(r), r->ratio[0], r->ratio[ROUNDS - 1]);
	}
}

static void run_size(uint64_t n, bool huge, bool json)
{
	static struct bench b;

	b = (struct bench){ .n = n, .huge = huge };
	make_set(&b);
	make_numbers(&b);
	make_queries(&b);
	make_peers(&b);
	struct row rows[ROWS] = {
		[FLOOR] = { .name = "floor: record read, place known", .run = run_floor },
		[BATCH_ALL] = { .name = "batch of 32", .run = run_batch },
		[BATCH_QUARTER] = { .name = "batch of 32, 25 in 100 missing",
		                    .run = run_batch,
		                    .quarter = true },
		[VALID] = { .name = "batch of 32, and number exists", .run = run_valid },
		[SINGLE] = { .name = "one by one", .run = run_single },
		[OPEN_HALF] = { .name = "open_addressing_50", .run = run_half },
		[OPEN_DENSE] = { .name = "open_addressing_85", .run = run_dense },
		[RTE] = { .name = "rte_hash_bulk", .run = run_rte },
		[CHD] = { .name = "cmph_chd", .run = run_chd },
		[BDZ] = { .name = "cmph_bdz", .run = run_bdz },
	};
	const void *const made[ROWS] = { [OPEN_HALF] = b.half,
		                         [OPEN_DENSE] = b.dense,
		                         [RTE] = b.rte,
		                         [CHD] = b.chd,
		                         [BDZ] = b.bdz };
	for (unsigned r = 0; r < ROWS; r++)
		rows[r].there = r < OPEN_HALF || made[r] != NULL;
	measure(&b, rows);
	(json ? print_json : print_table)(&b, rows);
}

/* In a process of its own: peak memory and pages are this size's alone. */
static void run_apart(uint64_t n, bool huge, bool json)
{
	int status = 0;

	fflush(stdout);
	const pid_t child = fork();
	bug_if(child < 0);
	if (child == 0) {
		run_size(n, huge, json);
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0) {
		fprintf(stderr, "certified: %" PRIu64 " keys: not done (status %d)\n", n,
		        status);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long keys = 0, kinds = 3;
	const struct bench_option rows[] = {
		{ "keys", &keys, 0, 400000000, "certified senders; 0: a million, then ten" },
		{ "pages", &kinds, 1, 3, "1: small ones, 2: huge ones, 3: both" },
		{ NULL, NULL, 0, 0, NULL }
	};
	uint64_t sizes[2] = { 1000000, 10000000 };
	unsigned n_sizes = 2, runs = 0;
	bool json = false;

	bench_options(argc, argv, "certified",
	              "a look-up among certified senders, beside what else could be used", rows,
	              &json);
	if (keys != 0) {
		sizes[0] = keys;
		n_sizes = 1;
	}
	if (json)
		printf("{\"bench\": \"certified\", \"sizes\": [");
	for (unsigned s = 0; s < n_sizes; s++) {
		for (unsigned huge = 2; huge-- > 0;) {
			if ((kinds & (huge + 1)) == 0)
				continue;
			if (json && runs++ > 0)
				printf(", ");
			run_apart(sizes[s], huge != 0, json);
		}
	}
	if (json)
		printf("]}\n");
	return 0;
}
