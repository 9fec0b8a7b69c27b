/* SPDX-License-Identifier: Apache-2.0 */
/* fragment_build: fragments of a frame, octet by octet (RFC 791 section 2.3, RFC 8200
 * section 4.5), for tests of who puts them together. */
#ifndef TEST_FRAGMENT_BUILD_H
#define TEST_FRAGMENT_BUILD_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct cut {
	uint32_t from, to; /* octets of the IP payload; from a multiple of 8 */
	bool more;
	uint32_t id;
	unsigned padding;  /* octets behind it, as Ethernet adds */
};

static inline void cut_put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void cut_v4_sum(uint8_t *ip, uint32_t len)
{
	uint32_t sum = 0;

	cut_put16(ip + 10, 0);
	for (uint32_t i = 0; i < len; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	cut_put16(ip + 10, ~sum & 0xffff);
}

/* One fragment of the datagram at l3 of frame into out; its octets. */
static inline uint32_t cut_one(const uint8_t *frame, uint32_t l3, struct cut c, uint8_t *out)
{
	const bool v4 = frame[l3] >> 4 == 4;
	const uint32_t header = v4 ? (frame[l3] & 15u) * 4u : 40, n = c.to - c.from;
	uint8_t *ip = out + l3, *at = ip + header;

	memcpy(out, frame, l3 + header);
	if (v4) {
		cut_put16(ip + 2, header + n);
		cut_put16(ip + 4, c.id);
		cut_put16(ip + 6, (ip[6] & 0x40u) << 8 | c.from / 8 | (c.more ? 0x2000u : 0));
		cut_v4_sum(ip, header);
	} else {
		cut_put16(ip + 4, 8 + n);
		at[0] = ip[6];
		at[1] = 0;
		cut_put16(at + 2, c.from | (c.more ? 1u : 0));
		cut_put16(at + 4, c.id >> 16);
		cut_put16(at + 6, c.id);
		ip[6] = 44;
		at += 8;
	}
	memcpy(at, frame + l3 + header + c.from, n);
	memset(at + n, 0xa5, c.padding);
	return (uint32_t)(at - out) + n + c.padding;
}

/* What the whole must look like: the frame, as cut_one() would have marked it. */
static inline void cut_none(uint8_t *frame, uint32_t l3, uint32_t id)
{
	if (frame[l3] >> 4 != 4)
		return;
	cut_put16(frame + l3 + 4, id);
	cut_put16(frame + l3 + 6, (frame[l3 + 6] & 0x40u) << 8);
	cut_v4_sum(frame + l3, (frame[l3] & 15u) * 4u);
}

#endif
