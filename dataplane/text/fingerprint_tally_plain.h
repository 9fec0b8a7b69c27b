/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint_tally_plain: fingerprint_tally.h in plain C. */
#ifndef DP_FINGERPRINT_TALLY_PLAIN_H
#define DP_FINGERPRINT_TALLY_PLAIN_H

static inline void tally(const uint8_t *at, size_t n, uint16_t sums[64])
{
	for (size_t i = 0; i < n; i++) {
		const uint64_t hash = shingle_hash(at + i);
		for (unsigned bit = 0; bit < 64; bit++)
			sums[bit] = (uint16_t)(sums[bit] + (hash >> bit & 1));
	}
}

static inline uint64_t majority(const uint16_t sums[64], uint16_t half)
{
	uint64_t bits = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		bits |= (uint64_t)(sums[bit] > half) << bit;
	return bits;
}

static inline size_t squeeze(uint8_t *out, const uint8_t *in, size_t n, uint64_t keep,
                             uint64_t digits)
{
	return squeeze_plain(out, in, n, keep, digits);
}

#endif
