/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_set_build: find the pilots of a sender set.
 *
 * A perfect hash with pilots of one octet, after the idea of PtrHash (Groot
 * Koerkamp 2025, arXiv 2502.15539): keys fall into buckets of three on average;
 * each bucket looks for a pilot that sends all its keys to free slots, and where
 * there is none it takes the slots of the cheapest other buckets, which then look
 * again. Parts are independent, so they stay in a core's cache and can be built
 * by several threads.
 *
 * Memory   12 octets a key while it works, and about 6 MiB a thread.
 */
#ifndef CONTROL_SENDER_SET_BUILD_H
#define CONTROL_SENDER_SET_BUILD_H
#include <stdint.h>

#include "check.h"
#include "image_format.h"

#define SENDER_BUILD_MAX UINT64_C(4000000000) /* slots are counted in 32 bits */

struct sender_build {
	const struct image_sender *records; /* n of them, in any order */
	uint64_t n;                         /* 1 to SENDER_BUILD_MAX */
	struct image_sender *slots;         /* out: n_parts * slots_per_part, zeroed here */
	uint8_t *pilots;                    /* out: n_parts * buckets_per_part */
	unsigned threads;                   /* at least 1 */
	uint64_t seed;                      /* 0 = draw one */
	uint64_t clash[2];                  /* out with -EEXIST: indexes of one key twice */
};

/* How many parts, buckets and slots n keys get; seed stays 0. */
struct image_sender_info sender_build_plan(uint64_t n);

/* Fills slots, pilots and info->seed. info: from sender_build_plan(build->n).
 * -EEXIST (a key twice), -EAGAIN (no luck under several seeds), -ENOMEM. */
must_use int sender_set_build(struct sender_build *build, struct image_sender_info *info);

#endif
