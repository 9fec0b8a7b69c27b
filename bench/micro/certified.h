/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certified: what the files of the bench of sender look-ups share.
 *
 * A contender answers the same QUERIES keys, drawn evenly, in batches of BATCH; it
 * compares the whole key, reads the record and says how many it found.
 */
#ifndef BENCH_CERTIFIED_H
#define BENCH_CERTIFIED_H
#include <cmph.h>
#include <rte_hash.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "number_map.h"
#include "sender_set.h"

#define QUERIES (1u << 20)
#define BATCH 32u

struct bench {
	uint64_t n;
	bool huge;
	struct image_sender *records; /* in the order given to the builder */
	struct image_sender_info info;
	struct sender_set set;
	struct number_map numbers;         /* 180 million of them */
	struct sender_key *hits, *quarter; /* QUERIES keys: all present; 25 in 100 not */
	uint32_t *known;                   /* slots of hits */
	double build_s, build_two_s;       /* one thread, two threads */
	uint64_t build_bytes;              /* peak beside the records, octets */
	struct image_sender *half, *dense; /* open addressing */
	uint64_t half_slots, dense_slots;
	struct rte_hash *rte;
	cmph_t *chd, *bdz;
	struct image_sender *chd_records, *bdz_records;
};

typedef uint64_t contender(const struct bench *b, const struct sender_key *keys);

/* Zeroed memory at a 2 MiB boundary, of huge pages (hugetlb, else THP) or of small ones. */
void *take(size_t size, bool huge);

static inline bool same_key(const struct sender_key *a, const struct sender_key *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* Those that fit this machine's memory; the others stay NULL, and that is said. */
void make_peers(struct bench *b);

contender run_half, run_dense, run_rte, run_chd, run_bdz;

#endif
