/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum_sum: ones' complement sums of short runs, for the headers of every frame.
 *
 * A sum is of 64-bit words, and what it carries comes in again at its low end: a word
 * stands for its four 16-bit words, because 2^16 is 1 modulo 0xffff (RFC 1071 section 2).
 * Like theirs it is 0 only when all that was added is.
 */
#ifndef DP_CHECKSUM_SUM_H
#define DP_CHECKSUM_SUM_H
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

static inline uint32_t sum_load32(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint64_t sum_load64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The sum of two; of words or of sums. */
static inline uint64_t sum_add(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

/* To at most 18 bits: callers may add a few words more before they fold. */
static inline uint32_t sum_narrow(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/* The 20 octets that every IPv4 header and every TCP header has. */
static inline uint64_t sum_20(const uint8_t *p)
{
	return sum_add(sum_add(sum_load64(p), sum_load64(p + 8)), sum_load32(p + 16));
}

/* A TCP header with its options: len is a multiple of 4, 20 to 60. */
static inline uint64_t sum_tcp_header(const uint8_t *p, uint32_t len)
{
	uint64_t sum = sum_20(p);

	if (likely(len == 32)) /* with time-stamps */
		return sum_add(sum_add(sum, sum_load64(p + 20)), sum_load32(p + 28));
	for (uint32_t at = 20; at < len; at += 4)
		sum = sum_add(sum, sum_load32(p + at));
	return sum;
}

/* The pseudo header of the IPv4 header at ip. */
static inline uint64_t sum_pseudo_v4(const uint8_t *ip, uint32_t tcp_len)
{
	return sum_add(sum_load64(ip + 12),
	               (uint64_t)htons((uint16_t)tcp_len) + htons(IPPROTO_TCP));
}

#endif
