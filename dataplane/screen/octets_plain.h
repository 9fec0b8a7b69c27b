/* SPDX-License-Identifier: Apache-2.0 */
/* octets_plain: octets.h on any machine. */
#ifndef DP_OCTETS_PLAIN_H
#define DP_OCTETS_PLAIN_H
#include <xxhash.h>

static inline uint64_t octets_hash(const struct octets_secret *secret, const uint8_t *octets,
                                   uint32_t len, uint8_t tweak)
{
	uint64_t seed;

	memcpy(&seed, secret->key, sizeof(seed));
	return XXH3_64bits_withSeed(octets, len, seed + tweak);
}

static inline uint64_t octets_differ(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	return memcmp(a, b, len) != 0;
}

static inline unsigned octets_tags(const uint32_t tags[OCTETS_TAGS], uint32_t tag)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < OCTETS_TAGS; i++)
		bits |= (unsigned)(tags[i] == tag) << i;
	return bits;
}

#endif
