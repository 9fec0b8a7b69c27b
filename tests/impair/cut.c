/* SPDX-License-Identifier: Apache-2.0 */
#include "cut.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { L3 = 14, V4_LEN = 20, TCP = 6 };

static uint32_t get16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void write_sum(uint8_t *ip, uint32_t len)
{
	uint32_t sum = 0;

	put16(ip + 10, 0);
	for (uint32_t i = 0; i < len; i += 2)
		sum += get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)));
}

static struct frame *piece(const struct frame *f, uint32_t header, uint32_t from, uint32_t n,
                           bool more, uint16_t id)
{
	struct frame *p = malloc(sizeof(*p));

	if (p == NULL)
		abort();
	*p = *f;
	uint8_t *ip = p->octets + L3;
	put16(ip + 2, header + n);
	put16(ip + 4, id);
	put16(ip + 6, from / 8 | (more ? 0x2000u : 0));
	write_sum(ip, header);
	memmove(ip + header, f->octets + L3 + header + from, n);
	p->len = L3 + header + n;
	return p;
}

unsigned cut(const struct frame *f, uint32_t most, uint16_t id,
             struct frame *pieces[CUT_PIECES])
{
	const uint8_t *ip = f->octets + L3;
	unsigned n = 0;

	if (f->len < L3 + V4_LEN || get16(f->octets + 12) != 0x0800 || ip[9] != TCP ||
	    (get16(ip + 6) & 0x3fff) != 0 || most < 8)
		return 0;
	const uint32_t header = (ip[0] & 15u) * 4u, total = get16(ip + 2);
	if (header < V4_LEN || total < header || L3 + total > f->len || total - header <= most)
		return 0;
	const uint32_t least = ((total - header + CUT_PIECES - 1) / CUT_PIECES + 7) / 8 * 8;
	const uint32_t step = most / 8 * 8 > least ? most / 8 * 8 : least;
	for (uint32_t at = 0, left = total - header; left > 0; n++) {
		const uint32_t octets = left < step ? left : step;
		pieces[n] = piece(f, header, at, octets, left > octets, id);
		at += octets;
		left -= octets;
	}
	return n;
}
