/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_hash: where the record of a sender key lies.
 *
 * The builder (control/image/sender_set_build.c) and the look-up (sender_set.c)
 * share this arithmetic, and nothing else. A key is hashed under a secret that is
 * drawn for each image, so nobody can register senders that crowd one bucket.
 *
 *   hash -> part, rest     the part is the high end of hash * n_parts
 *   rest -> bucket         of the part, one pilot octet each
 *   rest, pilot -> slot    of the part, one record each
 *
 * Cost     seven multiplications, no branch, no memory but the key.
 * Threads  pure.
 */
#ifndef DP_SENDER_HASH_H
#define DP_SENDER_HASH_H
#include <stdint.h>
#include <string.h>

#include "image_format.h"

/* The seed of an image, spread once so that a look-up does not have to. */
struct sender_hash {
	uint64_t secret[4];
};

/* Odd, and with about as many ones as zeros: 2^64 divided by the golden ratio and
 * by the square root of 3. */
#define SENDER_HASH_PILOT UINT64_C(0x9e3779b97f4a7c15)
#define SENDER_HASH_MIX UINT64_C(0x93cd3a2c8198e269)

static inline uint64_t sender_hash_high(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* Both halves of the product, so that no input bit is lost. */
static inline uint64_t sender_hash_fold(uint64_t a, uint64_t b)
{
	const unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline struct sender_hash sender_hash_open(uint64_t seed)
{
	struct sender_hash h;

	for (unsigned i = 0; i < 4; i++) {
		seed += SENDER_HASH_PILOT;
		const uint64_t x = sender_hash_fold(seed, SENDER_HASH_MIX);
		h.secret[i] = sender_hash_fold(x ^ seed, SENDER_HASH_PILOT) | (i == 3);
	}
	return h;
}

static inline uint64_t sender_hash_key(const struct sender_hash *h,
                                       const struct sender_key *key)
{
	uint64_t word[2];

	memcpy(word, key->octets, sizeof(word));
	const uint64_t x = sender_hash_fold(word[0] ^ h->secret[0], word[1] ^ h->secret[1]);
	return sender_hash_fold(x ^ h->secret[2], h->secret[3]);
}

/* Part of a hash; *rest is what the part has not used. */
static inline uint32_t sender_hash_part(uint64_t hash, uint32_t n_parts, uint64_t *rest)
{
	const unsigned __int128 product = (unsigned __int128)hash * n_parts;

	*rest = (uint64_t)product;
	return (uint32_t)(product >> 64);
}

/* Bucket within the part. */
static inline uint32_t sender_hash_bucket(uint64_t rest, uint32_t buckets_per_part)
{
	return (uint32_t)sender_hash_high(rest, buckets_per_part);
}

static inline uint64_t sender_hash_pilot(uint8_t pilot)
{
	return (pilot + UINT64_C(1)) * SENDER_HASH_PILOT;
}

/* Slot within the part. The high bits of rest are the bucket's, alike for its keys:
 * the multiplication brings the low ones up. pilot: from sender_hash_pilot(). */
static inline uint32_t sender_hash_slot(uint64_t rest, uint64_t pilot, uint32_t slots_per_part)
{
	return (uint32_t)sender_hash_high((rest ^ pilot) * SENDER_HASH_MIX, slots_per_part);
}

#endif
