/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint_tally_avx512: fingerprint_tally.h on AVX-512: eight shingles hashed at once,
 * and their bits counted at once, or each hash the mask of an addition to 64 counters. */
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

#if defined(__GFNI__) && defined(__AVX512BITALG__) && defined(__AVX512VBMI__)
/* How many of eight hashes have bit 8j + b, in octet 8j + b: octet j of all of them is gathered
 * in a word, which as a matrix of bits is then turned over (the product of it and the unit). */
static inline __m512i tally_eight(__m512i hashes)
{
	const __m512i gather = _mm512_set_epi64(
		0x3f372f271f170f07, 0x3e362e261e160e06, 0x3d352d251d150d05, 0x3c342c241c140c04,
		0x3b332b231b130b03, 0x3a322a221a120a02, 0x3931292119110901, 0x3830282018100800);
	const __m512i unit = _mm512_set1_epi64((int64_t)UINT64_C(0x8040201008040201));
	const __m512i words = _mm512_permutexvar_epi8(gather, hashes);

	return _mm512_popcnt_epi8(_mm512_gf2p8affine_epi64_epi8(unit, words, 0));
}

#else
static inline __m512i tally_eight(__m512i hashes)
{
	__m512i counters = _mm512_setzero_si512();
	uint64_t masks[8];

	_mm512_storeu_si512(masks, hashes);
	for (unsigned k = 0; k < 8; k++)
		counters =
			_mm512_mask_add_epi8(counters, masks[k], counters, _mm512_set1_epi8(1));
	return counters;
}
#endif

static inline void tally(const uint8_t *at, size_t n, uint16_t sums[64])
{
	__m512i counters = _mm512_setzero_si512();
	size_t i = 0;

	for (; i + 8 <= n; i += 8)
		counters = _mm512_add_epi8(counters, tally_eight(shingle_hashes(at + i)));
	const __m512i rest =
		_mm512_maskz_mov_epi64((__mmask8)wide_first(n - i), shingle_hashes(at + i));
	counters = _mm512_add_epi8(counters, tally_eight(rest));
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
