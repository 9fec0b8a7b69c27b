/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide: 64 octets at a time, and sets of them as 64-bit masks.
 *
 * One struct wide is 64 octets; a mask has bit i for octet i. Three versions of
 * the same few functions: AVX-512BW, AVX2, and plain C, chosen by what the build
 * machine has (-Dcpu=). Loads and stores take a count, so that nothing is read
 * or written outside a buffer: octets past the count read as 0.
 */
#ifndef DP_WIDE_H
#define DP_WIDE_H
#include <stddef.h>
#include <stdint.h>

#define WIDE 64u

/* Bits 0 .. n-1; n <= 64. */
static inline uint64_t wide_first(size_t n)
{
	return n >= WIDE ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

#if defined(__AVX512BW__) && defined(__AVX512VL__) && !defined(TEXT_PLAIN)
#include "wide_avx512.h"
#elif defined(__AVX2__) && !defined(TEXT_PLAIN)
#include "wide_avx2.h"
#else
#include "wide_plain.h"
#endif

/* Position of the lowest member; mask is not 0. */
static inline unsigned wide_lowest(uint64_t mask) { return (unsigned)__builtin_ctzll(mask); }

static inline uint64_t wide_equal(struct wide w, uint8_t octet)
{
	return wide_between(w, octet, octet);
}

/* ASCII letters in lower case. */
static inline struct wide wide_lower(struct wide w)
{
	return wide_add(w, wide_between(w, 'A', 'Z'), 'a' - 'A');
}

#endif
