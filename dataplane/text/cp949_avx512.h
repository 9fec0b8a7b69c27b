/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cp949_avx512: 64 octets of CP949 at a time on AVX-512 VBMI2.
 *
 * Where a character begins depends on all before it, but only within a run of octets
 * with bit 7: the first, third, .. of a run are leads, and an octet behind a lead is a
 * trail, whatever it is. So leads are the octets at even places of their run, which
 * carries through an addition find for all runs at once; then characters are
 * independent of each other, and 16 are looked up together.
 */
#ifndef DP_CP949_AVX512_H
#define DP_CP949_AVX512_H
#include "units_avx512.h"

/* Of octets that begin with a character: those that are leads. high: octets with bit 7. */
static inline uint64_t leads_of(uint64_t high)
{
	const uint64_t even = UINT64_C(0x5555555555555555);
	const uint64_t starts = high & ~(high << 1);
	/* Adding its first bit to a run clears it: what is left began at an odd place. */
	const uint64_t began_odd = high & (high + (starts & even));

	return (high & ~began_odd & even) | (began_odd & ~even);
}

/* 16 characters by their first and second octets; bad: those that are no character. */
static inline __m512i look_up(__m128i first, __m128i second, __mmask16 n, __mmask16 *bad)
{
	const __m512i f = _mm512_cvtepu8_epi32(first);
	const __mmask16 pair = _mm512_mask_cmpge_epu32_mask(n, f, _mm512_set1_epi32(0x80));
	const __m512i lead = _mm512_sub_epi32(f, _mm512_set1_epi32(CP949_LEAD_MIN));
	const __m512i trail = _mm512_sub_epi32(_mm512_cvtepu8_epi32(second),
	                                       _mm512_set1_epi32(CP949_TRAIL_MIN));
	const __mmask16 inside =
		_mm512_mask_cmplt_epu32_mask(pair, lead, _mm512_set1_epi32(CP949_LEADS)) &
		_mm512_mask_cmplt_epu32_mask(pair, trail, _mm512_set1_epi32(CP949_TRAILS));
	const __m512i index = _mm512_add_epi32(
		_mm512_mullo_epi32(lead, _mm512_set1_epi32(CP949_TRAILS)), trail);
	const __m512i none = _mm512_setzero_si512();
	const __m512i c = _mm512_and_si512(
		_mm512_mask_i32gather_epi32(none, inside, index, text_cp949, 2),
		_mm512_set1_epi32(0xFFFF));

	*bad = pair & ~_mm512_test_epi32_mask(c, c);
	return _mm512_mask_mov_epi32(f, pair, c);
}

/* The characters of in[0 .. n), n <= 64, which begins with one; those whose second octet
 * is beyond stay. Octets read; 0 with *at unchanged: something is no character. */
static inline size_t put_pairs(const uint8_t *in, size_t n, uint8_t **at)
{
	const __m512i w = _mm512_maskz_loadu_epi8(wide_first(n), in);
	const __m512i next = _mm512_maskz_loadu_epi8(wide_first(n - 1), in + 1);
	const uint64_t leads = leads_of(_mm512_movepi8_mask(w));
	/* n is at least 1. NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	const uint64_t last = UINT64_C(1) << (n - 1);
	const uint64_t begin = ~(leads << 1) & wide_first(n) & ~(leads & last);
	const __m512i first = _mm512_maskz_compress_epi8(begin, w);
	const __m512i second = _mm512_maskz_compress_epi8(begin, next);
	const size_t characters = (size_t)__builtin_popcountll(begin);
	uint8_t f[64], s[64], *out = *at;

	_mm512_storeu_si512(f, first);
	_mm512_storeu_si512(s, second);
	for (size_t i = 0; i < characters; i += 16) {
		const size_t lanes = characters - i < 16 ? characters - i : 16;
		__mmask16 bad;
		const __m512i c = look_up(_mm_loadu_si128((const void *)(f + i)),
		                          _mm_loadu_si128((const void *)(s + i)),
		                          (__mmask16)wide_first(lanes), &bad);
		if (bad != 0)
			return 0;
		out += put_lanes(c, lanes, out);
	}
	*at = out;
	return n - ((leads & last) != 0);
}

static inline int64_t put_all(const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *at = out;

	for (size_t i = 0; i < len;) {
		const size_t used = put_pairs(in + i, len - i < WIDE ? len - i : WIDE, &at);
		if (used == 0)
			return -EILSEQ;
		i += used;
	}
	return at - out;
}

#endif
