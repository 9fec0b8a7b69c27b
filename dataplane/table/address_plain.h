/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address_plain: the key of an address that is nothing but digits, in a few instructions. Only
 * for address.c, which has the general way, and for the stage that makes millions a second.
 *
 * Threads: pure; any thread.
 */
#ifndef DP_ADDRESS_PLAIN_H
#define DP_ADDRESS_PLAIN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "image_format.h"
#include "numbering_plan.h"

/* The decimal digits of eight octets, each already less '0', as BCD: first one highest. */
static inline uint64_t pack_digits(uint64_t digits)
{
	uint64_t bcd = __builtin_bswap64(digits);

	bcd = (bcd | bcd >> 4) & UINT64_C(0x00ff00ff00ff00ff);
	bcd = (bcd | bcd >> 8) & UINT64_C(0x0000ffff0000ffff);
	return (bcd | bcd >> 16) & UINT32_MAX;
}

/* Nothing but digits, perhaps after a +, eight at a time: the key of nearly every sender
 * without the general way. False: that one is needed, *key is untouched. */
static inline bool address_plain_key(struct sender_key *key, const uint8_t *addr, size_t len,
                                     const struct numbering_plan *plan)
{
	const uint64_t zeros = UINT64_C(0x3030303030303030), six = zeros >> 3;
	const uint64_t highs = UINT64_C(0xf0f0f0f0f0f0f0f0);
	uint64_t first, last;

	if (len < NUMBER_BCD_MIN || len > NUMBER_BCD_MAX + 1)
		return false;
	const bool plus = addr[0] == '+';
	const uint8_t *digits = addr + plus;
	unsigned n = (unsigned)(len - plus);
	if (n < NUMBER_BCD_MIN || n > NUMBER_BCD_MAX)
		return false;
	memcpy(&first, digits, 8);
	memcpy(&last, digits + n - 8, 8);
	first ^= zeros;
	last ^= zeros;
	/* A digit stays below 16 also when 6 is added. */
	if (((first | last | (first + six) | (last + six)) & highs) != 0)
		return false;
	/* The two runs overlap in the same digits. */
	uint64_t bcd = pack_digits(first) << 4 * (n - 8) | pack_digits(last);
	if (!number_bcd_to_e164(&bcd, &n, plus, plan))
		return false;

	/* As whole words: what reads the key waits for no store in pieces. */
	bcd = __builtin_bswap64(bcd << 4 * (16 - n));
	const uint64_t words[2] = { bcd << 8 | SENDER_KEY_NUMBER << 5 | n, bcd >> 56 };
	memcpy(key->octets, words, sizeof(words));
	return true;
}

#endif
