/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certified: what a look-up among the certified senders costs, beside what else could
 * be used and beside the floor, the read of a record whose place is known.
 *
 * One run, interleaved rounds, medians: every contender answers the same QUERIES keys,
 * drawn evenly, once a round. All compare the whole key and read the record.
 */
#include <cmph.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "check.h"
#include "sender_set.h"
#include "sender_set_build.h"

#define QUERIES (1u << 20)
#define ROUNDS 7u
#define BATCH 32u
#define SEED UINT64_C(20240601)
/* Peers need their own copies of 10 M keys; beyond that the machine's memory ends. */
#define PEER_KEYS_MAX 20000000u

struct bench {
	uint64_t n;
	bool huge;
	struct image_sender *records; /* in the order given to the builder */
	struct image_sender_info info;
	struct sender_set set;
	struct sender_key *hits, *quarter; /* QUERIES keys: all present; 25 in 100 not */
	uint32_t *known;                   /* slots of hits */
	double build_s;
	uint64_t build_bytes;              /* peak beside the records, octets */
	struct image_sender *half, *dense; /* open addressing */
	uint64_t half_slots, dense_slots;
	struct rte_hash *rte;
	cmph_t *chd, *bdz;
	struct image_sender *chd_records, *bdz_records;
};

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

static void *take(size_t size, bool huge)
{
	const size_t two_mib = 2u << 20;
	void *p = mmap(NULL, size + two_mib, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	bug_if(p == MAP_FAILED);
	p = (void *)(((uintptr_t)p + two_mib - 1) & ~(uintptr_t)(two_mib - 1));
	madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return p;
}

/* Number i: distinct, 12 BCD digits behind 82 10, as a registry has them. */
static struct sender_key key_of(uint64_t i)
{
	struct sender_key key = { { SENDER_KEY_NUMBER << 5 | 16, 0x82, 0x10 } };

	for (unsigned at = 8; at > 2; at--, i /= 100)
		key.octets[at] = (uint8_t)(i % 10 | i / 10 % 10 << 4);
	return key;
}

/* Spread by a multiplication modulo a prime above 10^11, so that keys are not in order. */
static struct sender_key registered(uint64_t i)
{
	return key_of((uint64_t)((unsigned __int128)(i + 1) * 61803398875u % 100000000003u));
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
	struct image_sender *slots = take(b->set.n_slots * sizeof(*slots), b->huge);
	uint8_t *pilots = take(b->set.n_pilots, b->huge);
	struct sender_build build = { .records = b->records,
		                      .n = b->n,
		                      .slots = slots,
		                      .pilots = pilots,
		                      .threads = 1,
		                      .seed = SEED };

	getrusage(RUSAGE_SELF, &before);
	const double start = now_s();
	bug_if(sender_set_build(&build, &b->info) != 0);
	b->build_s = now_s() - start;
	getrusage(RUSAGE_SELF, &after);
	b->build_bytes = (uint64_t)(after.ru_maxrss - before.ru_maxrss) * 1024;
	b->set.info = &b->info;
	b->set.slots = slots;
	b->set.pilots = pilots;
	b->set.hash = sender_hash_open(b->info.seed);
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
		b->quarter[i] = r >> 62 ? b->hits[i] : registered(b->n + r % b->n);
		sender_set_find(&b->set, &b->hits[i], 1, &found);
		bug_if(found == NULL);
		b->known[i] = (uint32_t)(found - b->set.slots);
	}
}

static bool same_key(const struct sender_key *a, const struct sender_key *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* Contenders: run all queries, return how many were found. */
typedef uint64_t contender(const struct bench *b, const struct sender_key *keys);

static uint64_t run_floor(const struct bench *b, const struct sender_key *keys)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = i; j < i + BATCH; j++)
			__builtin_prefetch(&b->set.slots[b->known[j]]);
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

static uint64_t open_place(const struct bench *b, const struct sender_key *key, uint64_t slots)
{
	return sender_hash_high(sender_hash_key(&b->set.hash, key), slots);
}

static struct image_sender *make_open(const struct bench *b, double load, uint64_t *n_slots)
{
	static const struct sender_key none;
	const uint64_t slots = (uint64_t)((double)b->n / load) + 1;
	struct image_sender *table = take(slots * sizeof(*table), b->huge);

	for (uint64_t i = 0; i < b->n; i++) {
		uint64_t at = open_place(b, &b->records[i].key, slots);
		while (!same_key(&table[at].key, &none))
			at = at + 1 == slots ? 0 : at + 1;
		table[at] = b->records[i];
	}
	*n_slots = slots;
	return table;
}

static uint64_t run_open(const struct bench *b, const struct sender_key *keys,
                         const struct image_sender *table, uint64_t slots)
{
	static const struct sender_key none;
	uint64_t found = 0, at[BATCH];

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++) {
			at[j] = open_place(b, &keys[i + j], slots);
			__builtin_prefetch(&table[at[j]]);
		}
		for (uint32_t j = 0; j < BATCH; j++) {
			uint64_t k = at[j];
			while (!same_key(&table[k].key, &keys[i + j]) &&
			       !same_key(&table[k].key, &none))
				k = k + 1 == slots ? 0 : k + 1;
			found += same_key(&table[k].key, &keys[i + j]);
		}
	}
	return found;
}

static uint64_t run_half(const struct bench *b, const struct sender_key *keys)
{
	return run_open(b, keys, b->half, b->half_slots);
}

static uint64_t run_dense(const struct bench *b, const struct sender_key *keys)
{
	return run_open(b, keys, b->dense, b->dense_slots);
}

static void make_rte(struct bench *b)
{
	char *argv[] = { (char *)"certified",
		         (char *)"--no-huge",
		         (char *)"--no-pci",
		         (char *)"-m",
		         (char *)"4096",
		         (char *)"--log-level=1",
		         (char *)"--no-telemetry",
		         (char *)"--lcores=0",
		         (char *)"--file-prefix=certified",
		         NULL };

	if (rte_eal_init(9, argv) < 0)
		return; /* shown as missing, not as fast */
	const struct rte_hash_parameters p = { .name = "senders",
		                               .entries = (uint32_t)(b->n + b->n / 4),
		                               .key_len = SENDER_KEY_SIZE,
		                               .hash_func = rte_hash_crc };
	b->rte = rte_hash_create(&p);
	for (uint64_t i = 0; i < b->n && b->rte != NULL; i++) {
		if (rte_hash_add_key_data(b->rte, &b->records[i].key, &b->records[i]) == 0)
			continue;
		rte_hash_free(b->rte);
		b->rte = NULL;
	}
}

static uint64_t run_rte(const struct bench *b, const struct sender_key *keys)
{
	const void *pointers[BATCH];
	void *data[BATCH];
	uint64_t found = 0, hits;

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++)
			pointers[j] = &keys[i + j];
		hits = 0;
		rte_hash_lookup_bulk_data(b->rte, pointers, BATCH, &hits, data);
		for (uint32_t j = 0; j < BATCH; j++) {
			if ((hits >> j & 1) != 0)
				__builtin_prefetch(data[j]);
		}
		for (uint32_t j = 0; j < BATCH; j++)
			found += (hits >> j & 1) != 0 &&
			         ((const struct image_sender *)data[j])->owner_state != 0;
	}
	return found;
}

static cmph_t *make_cmph(const struct bench *b, CMPH_ALGO algorithm,
                         struct image_sender **records)
{
	cmph_io_adapter_t *source = cmph_io_struct_vector_adapter(
		b->records, sizeof(*b->records), 0, SENDER_KEY_SIZE, (cmph_uint32)b->n);
	cmph_config_t *config = cmph_config_new(source);

	cmph_config_set_algo(config, algorithm);
	cmph_t *hash = cmph_new(config);
	cmph_config_destroy(config);
	cmph_io_struct_vector_adapter_destroy(source);
	if (hash == NULL)
		return NULL;
	*records = take(cmph_size(hash) * sizeof(**records), b->huge);
	for (uint64_t i = 0; i < b->n; i++)
		(*records)[cmph_search(hash, (const char *)&b->records[i].key,
		                       SENDER_KEY_SIZE)] = b->records[i];
	return hash;
}

static uint64_t run_cmph(cmph_t *hash, const struct image_sender *records,
                         const struct sender_key *keys)
{
	uint64_t found = 0;
	cmph_uint32 at[BATCH];
	const cmph_uint32 size = cmph_size(hash);

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++) {
			at[j] = cmph_search(hash, (const char *)&keys[i + j], SENDER_KEY_SIZE);
			at[j] = at[j] < size ? at[j] : 0; /* of an absent key: anything */
			__builtin_prefetch(&records[at[j]]);
		}
		for (uint32_t j = 0; j < BATCH; j++)
			found += same_key(&records[at[j]].key, &keys[i + j]);
	}
	return found;
}

static uint64_t run_chd(const struct bench *b, const struct sender_key *keys)
{
	return run_cmph(b->chd, b->chd_records, keys);
}

static uint64_t run_bdz(const struct bench *b, const struct sender_key *keys)
{
	return run_cmph(b->bdz, b->bdz_records, keys);
}

struct row {
	const char *name;
	contender *run;
	bool quarter, there;
	double ns[ROUNDS];
};

enum { FLOOR, BATCH_ALL, BATCH_QUARTER, SINGLE, OPEN_HALF, OPEN_DENSE, RTE, CHD, BDZ, ROWS };

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(struct row *r)
{
	qsort(r->ns, ROUNDS, sizeof(r->ns[0]), by_value);
	return r->ns[ROUNDS / 2];
}

static void measure(const struct bench *b, struct row rows[ROWS])
{
	uint64_t expect_quarter = 0;

	for (uint32_t i = 0; i < QUERIES; i++)
		expect_quarter += same_key(&b->hits[i], &b->quarter[i]);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned r = 0; r < ROWS; r++) {
			if (!rows[r].there)
				continue;
			const double start = now_s();
			const uint64_t found =
				rows[r].run(b, rows[r].quarter ? b->quarter : b->hits);
			rows[r].ns[round] = (now_s() - start) * 1e9 / QUERIES;
			bug_if(found != (rows[r].quarter ? expect_quarter : QUERIES));
		}
	}
}

static void print_json(const struct bench *b, struct row rows[ROWS])
{
	const double floor = median(&rows[FLOOR]), batch = median(&rows[BATCH_ALL]);
	const double quarter = median(&rows[BATCH_QUARTER]);

	printf("{\"bench\": \"certified\", \"keys\": %" PRIu64 ", \"huge_pages\": %s, "
	       "\"batch_ns\": %.2f, \"single_ns\": %.2f, \"floor_ns\": %.2f, \"ratio\": %.3f, "
	       "\"quarter_missing_ns\": %.2f, \"quarter_missing_ratio\": %.3f, "
	       "\"build_s\": %.3f, \"build_ns_per_key\": %.1f, \"build_bytes_per_key\": %.1f, "
	       "\"bits_per_key\": %.3f, \"empty_slots\": %.4f, \"peers\": {",
	       b->n, b->huge ? "true" : "false", batch, median(&rows[SINGLE]), floor,
	       batch / floor, quarter, quarter / floor, b->build_s,
	       b->build_s * 1e9 / (double)b->n, (double)b->build_bytes / (double)b->n,
	       8.0 * b->set.n_pilots / (double)b->n, 1 - (double)b->n / b->set.n_slots);
	for (unsigned r = OPEN_HALF, n = 0; r < ROWS; r++) {
		if (rows[r].there)
			printf("%s\"%s\": %.2f", n++ ? ", " : "", rows[r].name,
			       median(&rows[r]));
	}
	printf("}}\n");
}

static void print_table(const struct bench *b, struct row rows[ROWS])
{
	const double floor = median(&rows[FLOOR]);

	printf("%" PRIu64 " senders, %s pages, median of %u rounds of %u look-ups\n"
	       "built in %.2f s on one core (%.0f ns and %.0f octets a key), %.2f bits a key\n",
	       b->n, b->huge ? "huge" : "4 KiB", ROUNDS, QUERIES, b->build_s,
	       b->build_s * 1e9 / (double)b->n, (double)b->build_bytes / (double)b->n,
	       8.0 * b->set.n_pilots / (double)b->n);
	for (unsigned r = 0; r < ROWS; r++) {
		if (!rows[r].there)
			continue;
		const double ns = median(&rows[r]);
		printf("  %-40s %8.2f ns  %5.2f x floor  (%.2f to %.2f)\n", rows[r].name, ns,
		       ns / floor, rows[r].ns[0], rows[r].ns[ROUNDS - 1]);
	}
}

static void make_peers(struct bench *b)
{
	if (b->n > PEER_KEYS_MAX) {
		fprintf(stderr,
		        "more than %u keys: rte_hash, CHD, BDZ and load 0.5 are left out "
		        "(memory)\n",
		        PEER_KEYS_MAX);
		b->dense = make_open(b, 0.85, &b->dense_slots);
		return;
	}
	b->half = make_open(b, 0.5, &b->half_slots);
	b->dense = make_open(b, 0.85, &b->dense_slots);
	b->chd = make_cmph(b, CMPH_CHD, &b->chd_records);
	b->bdz = make_cmph(b, CMPH_BDZ, &b->bdz_records);
	make_rte(b);
}

static int usage(void)
{
	fprintf(stderr, "usage: certified_bench [--keys N] [--small-pages] [--json]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct bench b = { .n = 10000000, .huge = true };
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--small-pages") == 0)
			b.huge = false;
		else if (strcmp(argv[i], "--keys") == 0 && i + 1 < argc)
			b.n = strtoull(argv[++i], NULL, 10);
		else
			return usage();
	}
	if (b.n < 1 || b.n > 400000000)
		return usage();
	make_set(&b);
	make_queries(&b);
	make_peers(&b);
	struct row rows[ROWS] = {
		[FLOOR] = { "floor: record read, place known", run_floor, false, true, { 0 } },
		[BATCH_ALL] = { "batch of 32", run_batch, false, true, { 0 } },
		[BATCH_QUARTER] = { "batch of 32, 25 in 100 missing",
		                    run_batch,
		                    true,
		                    true,
		                    { 0 } },
		[SINGLE] = { "one by one", run_single, false, true, { 0 } },
		[OPEN_HALF] = { "open_addressing_50", run_half, false, b.half != NULL, { 0 } },
		[OPEN_DENSE] = { "open_addressing_85",
		                 run_dense,
		                 false,
		                 b.dense != NULL,
		                 { 0 } },
		[RTE] = { "rte_hash_bulk", run_rte, false, b.rte != NULL, { 0 } },
		[CHD] = { "cmph_chd", run_chd, false, b.chd != NULL, { 0 } },
		[BDZ] = { "cmph_bdz", run_bdz, false, b.bdz != NULL, { 0 } },
	};
	measure(&b, rows);
	(json ? print_json : print_table)(&b, rows);
	return 0;
}
