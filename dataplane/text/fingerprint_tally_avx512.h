/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint_tally_avx512: fingerprint_tally.h on AVX-512: eight shingles hashed at once, and
 * a hash is the mask of an addition to 64 counters of an octet. */
#ifndef DP_FINGERPRINT_TALLY_AVX512_H
#define DP_FINGERPRINT_TALLY_AVX512_H
#include <immintrin.h>

/* The hashes of eight shingles that begin at at[0 .. 8); reads 16 octets. */
static inline __m512i shingle_hashes(const uint8_t *at)
{
	const __m512i windows = _mm512_set_epi64(
		0x0e0d0c0b0a090807, 0x0d0c0b0a09080706, 0x0c0b0a0908070605, 0x0b0a090807060504,
		0x0a09080706050403, 0x0908070605040302, 0x0807060504030201, 0x0706050403020100);
	const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)at);
	const __m512i all = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(octets), windows);
	__m512i h = _mm512_and_si512(all, _mm512_set1_epi64((int64_t)SHINGLE_MASK));

	h = _mm512_mullo_epi64(h, _mm512_set1_epi64((int64_t)SHINGLE_FACTOR_1));
	h = _mm512_xor_si512(h, _mm512_srli_epi64(h, 32));
	h = _mm512_mullo_epi64(h, _mm512_set1_epi64((int64_t)SHINGLE_FACTOR_2));
	return _mm512_xor_si512(h, _mm512_srli_epi64(h, 29));
}

static inline void tally_widen(uint16_t *sums, __m256i counters)
{
	_mm512_storeu_si512(sums, _mm512_add_epi16(_mm512_loadu_si512(sums),
	                                           _mm512_cvtepu8_epi16(counters)));
}

static inline void tally(const uint8_t *at, size_t n, uint16_t sums[64])
{
	const __m512i one = _mm512_set1_epi8(1);
	__m512i counters = _mm512_setzero_si512();
	uint64_t hashes[8];

	for (size_t i = 0; i < n; i += 8) {
		const size_t some = n - i < 8 ? n - i : 8;
		_mm512_storeu_si512(hashes, shingle_hashes(at + i));
		for (size_t k = 0; k < some; k++)
			counters = _mm512_mask_add_epi8(counters, hashes[k], counters, one);
	}
	tally_widen(sums, _mm512_castsi512_si256(counters));
	tally_widen(sums + 32, _mm512_extracti64x4_epi64(counters, 1));
}

static inline uint64_t majority(const uint16_t sums[64], uint16_t half)
{
	const __m512i h = _mm512_set1_epi16((short)half);
	const uint64_t low = _mm512_cmpgt_epu16_mask(_mm512_loadu_si512(sums), h);

	return low | (uint64_t)_mm512_cmpgt_epu16_mask(_mm512_loadu_si512(sums + 32), h) << 32;
}

#ifdef __AVX512VBMI2__
static inline size_t squeeze(uint8_t *out, const uint8_t *in, size_t n, uint64_t keep,
                             uint64_t digits)
{
	const __m512i octets = _mm512_maskz_loadu_epi8(wide_first(n), in);
	const __m512i general = _mm512_mask_blend_epi8(digits, octets, _mm512_set1_epi8('0'));

	_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(keep, general));
	return (size_t)__builtin_popcountll(keep);
}
#else
static inline size_t squeeze(uint8_t *out, const uint8_t *in, size_t n, uint64_t keep,
                             uint64_t digits)
{
	return squeeze_plain(out, in, n, keep, digits);
}
#endif

#endif
