/* SPDX-License-Identifier: Apache-2.0 */
#include "checksum_sum.h"
#include "packet.h"

#if defined(__AVX512BW__)
#include <immintrin.h>

/* 64-bit lanes of 32-bit halves: room for any number of them. The last octets come by a
 * mask, so that none is read beyond the end. */
uint32_t checksum_add(const void *octets, uint32_t len, uint32_t sum)
{
	const __m512i low = _mm512_set1_epi64(UINT32_MAX);
	const uint8_t *p = octets;
	__m512i lanes = _mm512_setzero_si512();

	for (; len >= 64; len -= 64, p += 64) {
		const __m512i v = _mm512_loadu_si512(p);
		lanes = _mm512_add_epi64(lanes, _mm512_add_epi64(_mm512_and_si512(v, low),
		                                                 _mm512_srli_epi64(v, 32)));
	}
	const __m512i v = _mm512_maskz_loadu_epi8((UINT64_C(1) << len) - 1, p);
	lanes = _mm512_add_epi64(
		lanes, _mm512_add_epi64(_mm512_and_si512(v, low), _mm512_srli_epi64(v, 32)));
	const uint64_t s = (uint64_t)_mm512_reduce_add_epi64(lanes) + sum;

	return (uint32_t)((s & 0xffff) + ((s >> 16) & 0xffff) + (s >> 32));
}
#else
typedef unsigned __int128 wide_sum;

/* The last 1 to 7 octets as one word, padded with 0; none is read twice or beyond. */
static inline uint64_t load_tail(const uint8_t *p, uint32_t len)
{
	if (len >= 4)
		return (uint64_t)sum_load32(p) |
		       (uint64_t)sum_load32(p + len - 4) >> (8 - len) * 8 << 32;
	uint64_t word = p[0];
	if (len >= 2)
		word |= (uint64_t)p[1] << 8;
	if (len == 3)
		word |= (uint64_t)p[2] << 16;
	return word;
}

/* Exact sums of 64-bit words: an addition and a carry kept for each. Two of them side
 * by side, so that half of the additions need not wait. */
uint32_t checksum_add(const void *octets, uint32_t len, uint32_t sum)
{
	const uint8_t *p = octets;
	wide_sum a = sum, b = 0;

	for (; len >= 32; len -= 32, p += 32) {
		a += sum_load64(p);
		b += sum_load64(p + 8);
		a += sum_load64(p + 16);
		b += sum_load64(p + 24);
	}
	if (len & 16) {
		a += sum_load64(p);
		b += sum_load64(p + 8);
		p += 16;
	}
	if (len & 8) {
		b += sum_load64(p);
		p += 8;
	}
	if (len & 7)
		a += load_tail(p, len & 7);
	a += b;

	/* Carries are few: fewer than 2^30 words make them, so 33 bits hold this. */
	const uint64_t low = (uint64_t)a;
	const uint64_t s = (low & UINT32_MAX) + (low >> 32) + (uint64_t)(a >> 64);
	return (uint32_t)((s & 0xffff) + ((s >> 16) & 0xffff) + (s >> 32));
}
#endif

uint32_t checksum_pseudo(const uint8_t *ip, uint8_t ip_version, uint32_t tcp_len)
{
	if (ip_version == 4)
		return sum_narrow(sum_pseudo_v4(ip, tcp_len));
	/* A segment is shorter than 64 KiB: the upper half of IPv6's length is 0. */
	return checksum_add(ip + 8, 32,
	                    (uint32_t)htons(IPPROTO_TCP) + htons((uint16_t)tcp_len));
}
