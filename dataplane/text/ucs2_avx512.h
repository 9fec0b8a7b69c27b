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

#endif
