/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint_tally: the hashes of shingles, counted bit by bit; three forms as wide.h has,
 * which give the same.
 *
 *   tally()     the n shingles that begin at at[0 .. n), n at most TALLY_MAX, so that a
 *               counter of an octet holds: adds to sums[b] how many hashes have bit b.
 *               Reads up to at[n + 16).
 *   majority()  the bits whose sum is more than half.
 *   squeeze()   in[0 .. n) without the octets that keep lacks, digits as '0': octets
 *               written. Writes up to 64 octets.
 */
#ifndef DP_FINGERPRINT_TALLY_H
#define DP_FINGERPRINT_TALLY_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wide.h"

#define SHINGLE 6u /* octets; fingerprint.h says why */
#define SHINGLE_MASK UINT64_C(0x0000ffffffffffff)
#define TALLY_MAX 248u
/* Odd numbers without a pattern: 2^64 over the golden ratio, and over pi. */
#define SHINGLE_FACTOR_1 UINT64_C(0x9e3779b97f4a7c15)
#define SHINGLE_FACTOR_2 UINT64_C(0x517cc1b727220a95)

/* Of the shingle at at[0]; reads eight octets. */
static inline uint64_t shingle_hash(const uint8_t *at)
{
	uint64_t h;

	memcpy(&h, at, sizeof(h));
	h = (h & SHINGLE_MASK) * SHINGLE_FACTOR_1;
	h = (h ^ h >> 32) * SHINGLE_FACTOR_2;
	return h ^ h >> 29;
}

/* Without a branch: where words begin and end nobody can predict. */
static inline size_t squeeze_plain(uint8_t *out, const uint8_t *in, size_t n, uint64_t keep,
                                   uint64_t digits)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		out[k] = (digits >> i & 1) != 0 ? '0' : in[i];
		k += keep >> i & 1;
	}
	return k;
}

/* Clang 14 cannot compile the masks of the first form under AddressSanitizer ("Cannot emit
 * physreg copy instruction"): there the plain one stands in. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define TALLY_PLAIN
#endif
#endif

#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
	!defined(TEXT_PLAIN) && !defined(TALLY_PLAIN)
#include "fingerprint_tally_avx512.h"
#elif defined(__AVX2__) && !defined(__AVX512BW__) && !defined(TEXT_PLAIN)
#include "fingerprint_tally_avx2.h"
#else
#include "fingerprint_tally_plain.h"
#endif

#endif
