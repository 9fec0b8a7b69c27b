/* SPDX-License-Identifier: Apache-2.0 */
/* wide_avx2: wide.h on AVX2, as two halves. */
#ifndef DP_WIDE_AVX2_H
#define DP_WIDE_AVX2_H
#include <immintrin.h>
#include <string.h>

struct wide {
	__m256i low, high;
};

static inline struct wide wide_load(const uint8_t *from, size_t n)
{
	uint8_t whole[WIDE] = { 0 };

	if (n < WIDE) {
		memcpy(whole, from, n);
		from = whole;
	}
	return (struct wide){ _mm256_loadu_si256((const __m256i *)(const void *)from),
		              _mm256_loadu_si256((const __m256i *)(const void *)(from + 32)) };
}

static inline void wide_store(uint8_t *to, struct wide w, size_t n)
{
	uint8_t whole[WIDE];
	uint8_t *at = n < WIDE ? whole : to;

	_mm256_storeu_si256((__m256i *)(void *)at, w.low);
	_mm256_storeu_si256((__m256i *)(void *)(at + 32), w.high);
	if (n < WIDE)
		memcpy(to, whole, n);
}

static inline uint32_t wide_half(__m256i v, uint8_t lo, uint8_t hi)
{
	const __m256i from_lo = _mm256_sub_epi8(v, _mm256_set1_epi8((char)lo));
	const __m256i least = _mm256_min_epu8(from_lo, _mm256_set1_epi8((char)(hi - lo)));

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(least, from_lo));
}

/* Octets with lo <= octet <= hi. */
static inline uint64_t wide_between(struct wide w, uint8_t lo, uint8_t hi)
{
	return wide_half(w.low, lo, hi) | (uint64_t)wide_half(w.high, lo, hi) << 32;
}

/* Octets that are the same in both. */
static inline uint64_t wide_same(struct wide a, struct wide b)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.low, b.low)) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.high, b.high))
	               << 32;
}

/* Octets with bit 7. */
static inline uint64_t wide_high(struct wide w)
{
	return (uint32_t)_mm256_movemask_epi8(w.low) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(w.high) << 32;
}

/* 0xFF where bit i of mask is set: each octet picks its mask octet and its bit. */
static inline __m256i wide_spread(uint32_t mask)
{
	const __m256i pick = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202,
	                                        0x0303030303030303);
	const __m256i bit = _mm256_set1_epi64x((int64_t)0x8040201008040201);
	const __m256i octets = _mm256_shuffle_epi8(_mm256_set1_epi32((int)mask), pick);

	return _mm256_cmpeq_epi8(_mm256_and_si256(octets, bit), bit);
}

/* The members of mask with add added. */
static inline struct wide wide_add(struct wide w, uint64_t mask, uint8_t add)
{
	const __m256i v = _mm256_set1_epi8((char)add);
	const __m256i low = _mm256_and_si256(wide_spread((uint32_t)mask), v);
	const __m256i high = _mm256_and_si256(wide_spread((uint32_t)(mask >> 32)), v);

	return (struct wide){ _mm256_add_epi8(w.low, low), _mm256_add_epi8(w.high, high) };
}

#endif
