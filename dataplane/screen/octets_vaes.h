/* SPDX-License-Identifier: Apache-2.0 */
/* octets_vaes: octets.h on AVX-512 with VAES. */
#ifndef DP_OCTETS_VAES_H
#define DP_OCTETS_VAES_H
#include <immintrin.h>

/* 64 octets of the text from at on; what is behind its end is not read, and is 0. */
static inline __m512i octets_load(const uint8_t *octets, uint32_t len, uint32_t at)
{
	return _mm512_maskz_loadu_epi8(wide_first(len > at ? len - at : 0), octets + at);
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

	x = _mm512_xor_si512(x, _mm512_load_si512(&key[3]));
	for (uint32_t i = 0; i < OCTETS_STRAIGHT / WIDE; i++) {
		x = _mm512_xor_si512(x, octets_load(octets, len, i * WIDE));
		x = _mm512_aesenc_epi128(x, _mm512_load_si512(&key[i]));
	}
	for (uint32_t at = OCTETS_STRAIGHT; at < len; at += WIDE) {
		x = _mm512_xor_si512(x, octets_load(octets, len, at));
		x = _mm512_aesenc_epi128(x, _mm512_load_si512(&key[0]));
	}
	return octets_finish(x, _mm512_load_si512(&key[3]));
}

static inline uint64_t octets_differ(const uint8_t *a, const uint8_t *b, uint32_t len,
                                     uint32_t at)
{
	return _mm512_cmpneq_epi8_mask(octets_load(a, len, at), octets_load(b, len, at));
}

static inline bool octets_equal(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint64_t differ = 0;

	for (uint32_t at = 0; at < OCTETS_STRAIGHT; at += WIDE)
		differ |= octets_differ(a, b, len, at);
	for (uint32_t at = OCTETS_STRAIGHT; at < len; at += WIDE)
		differ |= octets_differ(a, b, len, at);
	return differ == 0;
}

#endif
