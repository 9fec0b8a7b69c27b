/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units_avx512: 16 characters below U+10000 to UTF-8 on AVX-512 VBMI2.
 *
 * Each becomes a lane of 32 bits that holds its three octets, lowest first; a shorter
 * character uses the upper ones of the three. One compress drops the unused.
 */
#ifndef DP_UNITS_AVX512_H
#define DP_UNITS_AVX512_H
#include <immintrin.h>

/* A bit per unit to the bit of octet `octet` of each lane. */
static inline uint64_t lane_octet(__mmask16 units, unsigned octet)
{
	return _pdep_u64(units, UINT64_C(0x1111111111111111) << octet);
}

/* Three octets of each lane as if every unit needed them, then fixed for shorter ones. */
static inline __m512i octets_of(__m512i c, __mmask16 one, __mmask16 two)
{
	const __m512i low6 = _mm512_set1_epi32(0x3F);
	const __m512i first = _mm512_srli_epi32(c, 12);
	const __m512i second = _mm512_and_si512(_mm512_srli_epi32(c, 6), low6);
	const __m512i third = _mm512_and_si512(c, low6);
	__m512i t = _mm512_or_si512(_mm512_slli_epi32(second, 8), _mm512_slli_epi32(third, 16));

	t = _mm512_or_si512(_mm512_or_si512(t, first), _mm512_set1_epi32(0x8080E0));
	t = _mm512_mask_or_epi32(t, two, t, _mm512_set1_epi32(0x4000)); /* 10xxxxxx: 110xxxxx */
	return _mm512_mask_slli_epi32(t, one, c, 16);
}

/* The first n of 16 lanes; exactly their octets are written. Returns how many. */
static inline size_t put_lanes(__m512i c, size_t n, uint8_t *out)
{
	const __mmask16 one = _mm512_cmplt_epu32_mask(c, _mm512_set1_epi32(0x80));
	const __mmask16 short3 = _mm512_cmplt_epu32_mask(c, _mm512_set1_epi32(0x800));
	const __m512i t = octets_of(c, one, (__mmask16)(short3 & ~one));
	const uint64_t used = UINT64_C(0x7777777777777777) & ~lane_octet(short3, 0) &
	                      ~lane_octet(one, 1) & wide_first(4 * n);
	const size_t octets = (size_t)__builtin_popcountll(used);

	_mm512_mask_storeu_epi8(out, wide_first(octets), _mm512_maskz_compress_epi8(used, t));
	return octets;
}

#endif
