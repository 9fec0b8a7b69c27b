/* SPDX-License-Identifier: Apache-2.0 */
/* wide_avx512: wide.h on AVX-512BW. */
#ifndef DP_WIDE_AVX512_H
#define DP_WIDE_AVX512_H
#include <immintrin.h>

struct wide {
	__m512i v;
};

static inline struct wide wide_load(const uint8_t *from, size_t n)
{
	return (struct wide){ _mm512_maskz_loadu_epi8(wide_first(n), from) };
}

static inline void wide_store(uint8_t *to, struct wide w, size_t n)
{
	_mm512_mask_storeu_epi8(to, wide_first(n), w.v);
}

/* Octets with lo <= octet <= hi; where both are known and one is an end, by one comparison. */
static inline uint64_t wide_between(struct wide w, uint8_t lo, uint8_t hi)
{
	if (__builtin_constant_p(lo == hi) && lo == hi)
		return _mm512_cmpeq_epi8_mask(w.v, _mm512_set1_epi8((char)lo));
	if (__builtin_constant_p(hi) && hi == 0xFF)
		return _mm512_cmpge_epu8_mask(w.v, _mm512_set1_epi8((char)lo));
	const __m512i from_lo = _mm512_sub_epi8(w.v, _mm512_set1_epi8((char)lo));

	return _mm512_cmple_epu8_mask(from_lo, _mm512_set1_epi8((char)(hi - lo)));
}

/* Octets that are the same in both. */
static inline uint64_t wide_same(struct wide a, struct wide b)
{
	return _mm512_cmpeq_epi8_mask(a.v, b.v);
}

/* Octets with bit 7. */
static inline uint64_t wide_high(struct wide w) { return _mm512_movepi8_mask(w.v); }

/* The members of mask with add added. */
static inline struct wide wide_add(struct wide w, uint64_t mask, uint8_t add)
{
	return (struct wide){ _mm512_mask_add_epi8(w.v, mask, w.v,
		                                   _mm512_set1_epi8((char)add)) };
}

#endif
