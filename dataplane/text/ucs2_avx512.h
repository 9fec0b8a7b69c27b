/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucs2_avx512: the run of units below the surrogates, 16 at a time on AVX-512 VBMI2.
 *
 * Each unit becomes a lane of 32 bits that holds its three octets, lowest first; a
 * shorter character uses the upper ones of the three. One compress drops the unused.
 */
#ifndef DP_UCS2_AVX512_H
#define DP_UCS2_AVX512_H
#include <immintrin.h>

/* A bit per unit to the bit of octet `octet` of each lane. */
static inline uint64_t lane_octet(__mmask16 units, unsigned octet)
{
	return _pdep_u64(units, UINT64_C(0x1111111111111111) << octet);
}

static inline __m512i lanes_of(const uint8_t *in, size_t units, unsigned swap)
{
	const __m256i big = _mm256_maskz_loadu_epi8((__mmask32)wide_first(2 * units), in);
	const __m256i order = _mm256_set1_epi16(swap ? 0x0100 : 0x0001);
	/* Shuffle indexes 1,0,3,2,.. or 0,1,2,3,..: base of each pair, plus the order. */
	const __m256i pair = _mm256_broadcastsi128_si256(
		_mm_setr_epi16(0x0000, 0x0202, 0x0404, 0x0606, 0x0808, 0x0A0A, 0x0C0C, 0x0E0E));

	return _mm512_cvtepu16_epi32(_mm256_shuffle_epi8(big, _mm256_add_epi8(pair, order)));
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

/* Convert units up to a surrogate or the end; returns octets read. */
static inline size_t put_block(const uint8_t *in, size_t len, unsigned swap, uint8_t **at)
{
	size_t i = 0;

	while (i < len) {
		size_t units = (len - i) / 2 < 16 ? (len - i) / 2 : 16;
		const __m512i c = lanes_of(in + i, units, swap);
		const __mmask16 surrogate =
			_mm512_cmpeq_epi32_mask(_mm512_and_si512(c, _mm512_set1_epi32(0xF800)),
		                                _mm512_set1_epi32(0xD800));
		const size_t whole = units;

		if (surrogate != 0)
			units = (size_t)__builtin_ctz(surrogate);
		const __mmask16 one = _mm512_cmplt_epu32_mask(c, _mm512_set1_epi32(0x80));
		const __mmask16 short3 = _mm512_cmplt_epu32_mask(c, _mm512_set1_epi32(0x800));
		const __m512i t = octets_of(c, one, (__mmask16)(short3 & ~one));
		const uint64_t used = UINT64_C(0x7777777777777777) & ~lane_octet(short3, 0) &
		                      ~lane_octet(one, 1) & wide_first(4 * units);
		const size_t n = (size_t)__builtin_popcountll(used);

		_mm512_mask_storeu_epi8(*at, wide_first(n),
		                        _mm512_maskz_compress_epi8(used, t));
		*at += n;
		i += 2 * units;
		if (units < whole)
			break;
	}
	return i;
}

#endif
