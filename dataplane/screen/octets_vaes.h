/* SPDX-License-Identifier: Apache-2.0 */
/* octets_vaes: octets.h on AVX-512 with VAES. */
#ifndef DP_OCTETS_VAES_H
#define DP_OCTETS_VAES_H
#include <immintrin.h>

static const uint8_t octets_places[OCTETS_STRAIGHT] __attribute__((aligned(64))) = {
#define PLACES_8(at) at, at + 1, at + 2, at + 3, at + 4, at + 5, at + 6, at + 7
#define PLACES_64(at) \
	PLACES_8(at), PLACES_8(at + 8), PLACES_8(at + 16), PLACES_8(at + 24), \
		PLACES_8(at + 32), PLACES_8(at + 40), PLACES_8(at + 48), PLACES_8(at + 56)
	PLACES_64(0), PLACES_64(64), PLACES_64(128)
#undef PLACES_64
#undef PLACES_8
};

/* Which of the first OCTETS_STRAIGHT octets are of the text: by comparison of vectors, not in
 * conditions, which a compiler would make branches of: a length is nothing to guess. */
static inline void octets_masks(__mmask64 masks[OCTETS_STRAIGHT / WIDE], uint32_t len)
{
	const uint32_t bounded = len | -(len >> 8); /* of which the lowest 8 bits count */
	const __m512i n = _mm512_set1_epi8((char)bounded);

	for (uint32_t i = 0; i < OCTETS_STRAIGHT / WIDE; i++)
		masks[i] = _mm512_cmplt_epu8_mask(
			_mm512_load_si512(octets_places + i * WIDE), n);
}

/* 64 octets of the text from at < len on; what is behind its end is not read, and is 0. */
static inline __m512i octets_load(const uint8_t *octets, uint32_t len, uint32_t at)
{
	return _mm512_maskz_loadu_epi8(wide_first(len - at), octets + at);
}

/* Four blocks to one, each under a key of its own, and two rounds more: every bit of the
 * result depends on every bit of each block. */
static inline uint64_t octets_finish(__m512i x, __m512i key)
{
	const __m256i two = _mm256_aesenc_epi128(_mm512_castsi512_si256(x),
	                                         _mm512_extracti64x4_epi64(x, 1));
	__m128i one = _mm_aesenc_si128(_mm256_castsi256_si128(two),
	                               _mm256_extracti128_si256(two, 1));

	one = _mm_aesenc_si128(one, _mm512_castsi512_si128(key));
	one = _mm_aesenc_si128(one, _mm512_extracti32x4_epi32(key, 1));
	return (uint64_t)_mm_cvtsi128_si64(one);
}

static inline uint64_t octets_hash(const struct octets_secret *secret, const uint8_t *octets,
                                   uint32_t len, uint8_t tweak)
{
	const __m512i *key = (const void *)secret->key;
	__m512i x = _mm512_set1_epi64((long long)((uint64_t)len << 8 | tweak));
	__mmask64 masks[OCTETS_STRAIGHT / WIDE];

	octets_masks(masks, len);
	x = _mm512_xor_si512(x, _mm512_load_si512(&key[3]));
	for (uint32_t i = 0; i < OCTETS_STRAIGHT / WIDE; i++) {
		x = _mm512_xor_si512(x, _mm512_maskz_loadu_epi8(masks[i], octets + i * WIDE));
		x = _mm512_aesenc_epi128(x, _mm512_load_si512(&key[i]));
	}
	for (uint32_t at = OCTETS_STRAIGHT; at < len; at += WIDE) {
		x = _mm512_xor_si512(x, octets_load(octets, len, at));
		x = _mm512_aesenc_epi128(x, _mm512_load_si512(&key[0]));
	}
	return octets_finish(x, _mm512_load_si512(&key[3]));
}

/* differ, or what differs in these. */
static inline __m512i octets_more(__m512i differ, __m512i a, __m512i b)
{
	return _mm512_or_si512(differ, _mm512_xor_si512(a, b));
}

static inline uint64_t octets_differ(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	__m512i differ = _mm512_setzero_si512();
	__mmask64 masks[OCTETS_STRAIGHT / WIDE];

	octets_masks(masks, len);
	for (uint32_t i = 0; i < OCTETS_STRAIGHT / WIDE; i++)
		differ = octets_more(differ, _mm512_maskz_loadu_epi8(masks[i], a + i * WIDE),
		                     _mm512_maskz_loadu_epi8(masks[i], b + i * WIDE));
	for (uint32_t at = OCTETS_STRAIGHT; at < len; at += WIDE)
		differ = octets_more(differ, octets_load(a, len, at), octets_load(b, len, at));
	return _mm512_test_epi64_mask(differ, differ);
}

static inline unsigned octets_tags(const uint32_t tags[OCTETS_TAGS], uint32_t tag)
{
	return _mm256_cmpeq_epi32_mask(_mm256_loadu_si256((const void *)tags),
	                               _mm256_set1_epi32((int)tag));
}

#endif
