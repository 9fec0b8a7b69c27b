/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint_tally_avx2: fingerprint_tally.h on AVX2: 64 counters in two halves. */
#ifndef DP_FINGERPRINT_TALLY_AVX2_H
#define DP_FINGERPRINT_TALLY_AVX2_H
#include <immintrin.h>

/* Sixteen counters of an octet, added to as many of two. */
static inline void tally_widen(uint16_t *sums, __m128i counters)
{
	__m256i *at = (__m256i *)(void *)sums;

	_mm256_storeu_si256(
		at, _mm256_add_epi16(_mm256_loadu_si256(at), _mm256_cvtepu8_epi16(counters)));
}

static inline void tally(const uint8_t *at, size_t n, uint16_t sums[64])
{
	__m256i low = _mm256_setzero_si256(), high = low;

	for (size_t i = 0; i < n; i++) {
		const uint64_t hash = shingle_hash(at + i);
		/* A bit that is set spreads to an octet of -1. */
		low = _mm256_sub_epi8(low, wide_spread((uint32_t)hash));
		high = _mm256_sub_epi8(high, wide_spread((uint32_t)(hash >> 32)));
	}
	tally_widen(sums, _mm256_castsi256_si128(low));
	tally_widen(sums + 16, _mm256_extracti128_si256(low, 1));
	tally_widen(sums + 32, _mm256_castsi256_si128(high));
	tally_widen(sums + 48, _mm256_extracti128_si256(high, 1));
}

/* Sums are at most FINGERPRINT_TEXT_MAX: a signed comparison is right. */
static inline uint32_t majority_half(const uint16_t sums[32], uint16_t half)
{
	const __m256i h = _mm256_set1_epi16((short)half);
	const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)sums);
	const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(sums + 16));
	const __m256i both =
		_mm256_packs_epi16(_mm256_cmpgt_epi16(a, h), _mm256_cmpgt_epi16(b, h));

	/* Packing works in halves of a register: put them back in order. */
	return (uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(both, 0xD8));
}

static inline uint64_t majority(const uint16_t sums[64], uint16_t half)
{
	return majority_half(sums, half) | (uint64_t)majority_half(sums + 32, half) << 32;
}

static inline size_t squeeze(uint8_t *out, const uint8_t *in, size_t n, uint64_t keep,
                             uint64_t digits)
{
	return squeeze_plain(out, in, n, keep, digits);
}

#endif
