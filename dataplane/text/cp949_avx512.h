/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cp949_avx512: 64 octets of CP949 at a time on AVX-512 VBMI2.
 *
 * Where a character begins depends on all before it, but only within a run of octets
 * with bit 7: the first, third, .. of a run are leads, and an octet behind a lead is a
 * trail, whatever it is. So leads are the octets at even places of their run, which
 * carries through an addition find for all runs at once; then characters are
 * independent of each other.
 */
#ifndef DP_CP949_AVX512_H
#define DP_CP949_AVX512_H
#include <immintrin.h>

#include "text_tables.h"

/* Of octets that begin with a character: those that are leads. high: octets with bit 7. */
static inline uint64_t leads_of(uint64_t high)
{
	const uint64_t even = UINT64_C(0x5555555555555555);
	const uint64_t starts = high & ~(high << 1);
	/* Adding its first bit to a run clears it: what is left began at an odd place. */
	const uint64_t began_odd = high & (high + (starts & even));

	return (high & ~began_odd & even) | (began_odd & ~even);
}

/* ASCII folded; leads are no upper-case letters. */
static inline __m512i lower(__m512i first)
{
	const __mmask32 upper = _mm512_cmplt_epu16_mask(
		_mm512_sub_epi16(first, _mm512_set1_epi16('A')), _mm512_set1_epi16(26));

	return _mm512_mask_add_epi16(first, upper, first, _mm512_set1_epi16('a' - 'A'));
}

/* Places in text_cp949_utf8 of 32 characters, by their first and second octets. */
static inline __m512i places_of(__m256i first, __m256i second, uint32_t wanted)
{
	const __m512i octets = _mm512_cvtepu8_epi16(first);
	const __m512i f = wanted == CP949_QUIET ? lower(octets) : octets;
	const __m512i lead = _mm512_sub_epi16(f, _mm512_set1_epi16(CP949_LEAD_MIN));
	const __m512i trail = _mm512_sub_epi16(_mm512_cvtepu8_epi16(second),
	                                       _mm512_set1_epi16(CP949_TRAIL_MIN));
	const __mmask32 pair = _mm512_cmplt_epu16_mask(lead, _mm512_set1_epi16(CP949_LEADS)) &
	                       _mm512_cmplt_epu16_mask(trail, _mm512_set1_epi16(CP949_TRAILS));
	const __m512i of_pair = _mm512_add_epi16(
		_mm512_mullo_epi16(lead, _mm512_set1_epi16(CP949_TRAILS)), trail);

	return _mm512_mask_mov_epi16(_mm512_add_epi16(f, _mm512_set1_epi16(CP949_PAIRS)), pair,
	                             of_pair);
}

/* The places of the characters of in[0 .. n), n <= 64, which begins with one; one whose second
 * octet is beyond stays, if it is not the text's last. Their number; *used: octets read. */
static inline size_t find_places(const uint8_t *in, size_t n, bool last_of_text,
                                 uint32_t wanted, uint16_t places[WIDE], size_t *used)
{
	const __m512i w = _mm512_maskz_loadu_epi8(wide_first(n), in);
	const __m512i next = _mm512_maskz_loadu_epi8(wide_first(n - 1), in + 1);
	const uint64_t leads = leads_of(_mm512_movepi8_mask(w));
	/* n is at least 1. NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	const uint64_t last = UINT64_C(1) << (n - 1);
	const uint64_t stays = last_of_text ? 0 : leads & last;
	const uint64_t begin = ~(leads << 1) & wide_first(n) & ~stays;
	const __m512i first = _mm512_maskz_compress_epi8(begin, w);
	const __m512i second = _mm512_maskz_compress_epi8(begin, next);

	_mm512_storeu_si512(places, places_of(_mm512_castsi512_si256(first),
	                                      _mm512_castsi512_si256(second), wanted));
	_mm512_storeu_si512(places + 32,
	                    places_of(_mm512_extracti64x4_epi64(first, 1),
	                              _mm512_extracti64x4_epi64(second, 1), wanted));
	*used = n - (stays != 0);
	return (size_t)__builtin_popcountll(begin);
}

/* The characters at n places, a multiple of four, at *at, which moves. What of CP949_GOOD and
 * _QUIET holds of all. */
static inline uint32_t put_places(const uint16_t *places, size_t n, uint8_t **at)
{
	uint32_t good = CP949_GOOD | CP949_QUIET;
	uint8_t *out = *at;

	for (size_t k = 0; k < n; k += 4) {
		for (size_t j = 0; j < 4; j++) {
			const uint32_t word = text_cp949_utf8[places[k + j]];
			good &= word;
			out += put_word(word, out);
		}
	}
	*at = out;
	return good;
}

/* The next octets of in, at most READ_MAX, *i moves. */
#define READ_MAX (4 * WIDE)
static inline uint32_t put_some(const uint8_t *in, size_t len, size_t *i, uint32_t wanted,
                                uint8_t **at)
{
	uint16_t places[READ_MAX + 4];
	size_t n = 0, used;

	for (size_t end = *i + READ_MAX; *i < len && *i + WIDE <= end; *i += used) {
		const size_t left = len - *i < WIDE ? len - *i : WIDE;
		n += find_places(in + *i, left, *i + left == len, wanted, places + n, &used);
	}
	for (size_t k = 0; k < 4; k++)
		places[n + k] = CP949_NOTHING;
	return put_places(places, (n + 3) & ~(size_t)3, at);
}

/*
 * Characters are found 64 octets at a time and then written one by one, which depend on each
 * other by where the one before ends and nothing else: a gather of 16 costs more. A text is
 * one loop, since each loop's end is guessed wrong, and filled up to fours with nothing.
 * Four octets are stored for each: what is left of TEXT_GROWTH has room for them, also behind
 * the last one, if there were two octets to read.
 *
 * wanted: CP949_GOOD, or CP949_QUIET and folded. -EILSEQ: it does not hold of all.
 */
static inline int64_t put_all(const uint8_t *in, size_t len, uint32_t wanted, uint8_t *out)
{
	uint8_t *at = out;
	uint32_t good = wanted;

	if (len == 1) {
		*out = in[0];
		return in[0] < 0x80 && wanted == CP949_GOOD ? 1 : -EILSEQ;
	}
	for (size_t i = 0; i < len;)
		good &= put_some(in, len, &i, wanted, &at);
	return good != 0 ? at - out : -EILSEQ;
}

#endif
