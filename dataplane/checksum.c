/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "packet.h"

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Ones' complement addition of 64-bit words is that of their 16-bit words (RFC 1071
 * section 2): the carry out of the top comes back in at the bottom. */
static inline uint64_t add64(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* The last 0 to 7 octets as one word, padded with 0. */
static inline uint64_t load_tail(const uint8_t *p, uint32_t len)
{
	uint64_t word = 0;

	if (len & 4) {
		uint32_t part;
		memcpy(&part, p, 4);
		word = part;
	}
	if (len & 2) {
		uint16_t part;
		memcpy(&part, p + (len & 4), 2);
		word = add64(word, part);
	}
	if (len & 1) {
		uint16_t part = 0;
		memcpy(&part, p + (len & 6), 1);
		word = add64(word, part);
	}
	return word;
}

/* Four sums side by side, so that no addition waits for the carry before it. */
uint32_t checksum_add(const void *octets, uint32_t len, uint32_t sum)
{
	const uint8_t *p = octets;
	uint64_t a = sum, b = 0, c = 0, d = 0;

	for (; len >= 32; len -= 32, p += 32) {
		a = add64(a, load64(p));
		b = add64(b, load64(p + 8));
		c = add64(c, load64(p + 16));
		d = add64(d, load64(p + 24));
	}
	for (; len >= 8; len -= 8, p += 8)
		b = add64(b, load64(p));
	c = add64(c, load_tail(p, len));
	a = add64(add64(a, b), add64(c, d));

	/* 64 to 33 to 18 bits: callers may add a few words more before they fold. */
	a = (a & UINT32_MAX) + (a >> 32);
	return (uint32_t)((a & 0xffff) + ((a >> 16) & 0xffff) + (a >> 32));
}

uint32_t checksum_pseudo(const uint8_t *ip, uint8_t ip_version, uint32_t tcp_len)
{
	/* A segment is shorter than 64 KiB: the upper half of IPv6's length is 0. */
	const uint32_t rest = (uint32_t)htons(IPPROTO_TCP) + htons((uint16_t)tcp_len);

	return ip_version == 4 ? checksum_add(ip + 12, 8, rest) : checksum_add(ip + 8, 32, rest);
}
