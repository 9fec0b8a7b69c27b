/* SPDX-License-Identifier: Apache-2.0 */
/* ucs2_avx512: the run of units below the surrogates, 16 at a time on AVX-512 VBMI2. */
#ifndef DP_UCS2_AVX512_H
#define DP_UCS2_AVX512_H
#include "units_avx512.h"

static inline __m512i lanes_of(const uint8_t *in, size_t units, unsigned swap)
{
	const __m256i big = _mm256_maskz_loadu_epi8((__mmask32)wide_first(2 * units), in);
	const __m256i order = _mm256_set1_epi16(swap ? 0x0100 : 0x0001);
	/* Shuffle indexes 1,0,3,2,.. or 0,1,2,3,..: base of each pair, plus the order. */
	const __m256i pair = _mm256_broadcastsi128_si256(
		_mm_setr_epi16(0x0000, 0x0202, 0x0404, 0x0606, 0x0808, 0x0A0A, 0x0C0C, 0x0E0E));

	return _mm512_cvtepu16_epi32(_mm256_shuffle_epi8(big, _mm256_add_epi8(pair, order)));
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
		*at += put_lanes(c, units, *at);
		i += 2 * units;
		if (units < whole)
			break;
	}
	return i;
}

/* 32 units in order, of in[0 .. n). */
static inline __m512i units_of(const uint8_t *in, size_t n)
{
	const __m512i order = _mm512_broadcast_i32x4(
		_mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));

	return _mm512_shuffle_epi8(_mm512_maskz_loadu_epi8(wide_first(n), in), order);
}

static inline __mmask32 units_between(__m512i c, uint16_t lo, uint16_t hi)
{
	return _mm512_cmple_epu16_mask(_mm512_sub_epi16(c, _mm512_set1_epi16((short)lo)),
	                               _mm512_set1_epi16((short)(hi - lo)));
}

/* The first n of 16 lanes, which hold ASCII where one says so, else three octets each. Writes
 * 64 octets; returns how many count. */
static inline size_t put_quiet_lanes(__m512i c, __mmask16 one, size_t n, uint8_t *out)
{
	const uint64_t used =
		UINT64_C(0x7777777777777777) & ~(3 * lane_octet(one, 0)) & wide_first(4 * n);

	_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(used, octets_of(c, one, 0)));
	return (size_t)__builtin_popcountll(used);
}

/* Folded, where all units are printed ASCII, of which there is one, or syllables of Hangul;
 * octets written, or -EAGAIN. The second half of 32 is written even where it is empty: a
 * branch would be guessed wrong every other text. */
static inline int64_t put_quiet(const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *at = out;
	__mmask32 ascii = 0;

	for (size_t i = 0; i < len; i += WIDE) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const __mmask32 there = (__mmask32)wide_first(n / 2);
		const __m512i c = units_of(in + i, n);
		const __mmask32 one = units_between(c, 0x20, 0x7E) |
		                      units_between(c, '\n', '\n') |
		                      units_between(c, '\r', '\r');
		const __m512i lower = _mm512_mask_add_epi16(c, units_between(c, 'A', 'Z'), c,
		                                            _mm512_set1_epi16('a' - 'A'));
		if ((~(one | units_between(c, 0xAC00, 0xD7A3)) & there) != 0)
			return -EAGAIN;
		ascii |= one & there;
		const size_t first = n / 2 < 16 ? n / 2 : 16;
		at += put_quiet_lanes(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(lower)),
		                      (__mmask16)one, first, at);
		at += put_quiet_lanes(
			_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(lower, 1)),
			(__mmask16)(one >> 16), n / 2 - first, at);
	}
	return ascii != 0 ? at - out : -EAGAIN;
}

#endif
