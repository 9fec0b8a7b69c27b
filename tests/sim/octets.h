/* SPDX-License-Identifier: Apache-2.0 */
/* octets: a growing run of octets. A simulation that gets no memory has no result: abort. */
#ifndef SIM_OCTETS_H
#define SIM_OCTETS_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct octets {
	uint8_t *at;
	uint32_t len, room;
};

static inline uint8_t *octets_extend(struct octets *o, uint32_t n)
{
	if (o->room - o->len < n) {
		o->room = (o->room + n) * 2;
		o->at = realloc(o->at, o->room);
		if (o->at == NULL)
			abort();
	}
	o->len += n;
	return o->at + o->len - n;
}

static inline void octets_append(struct octets *o, const void *from, uint32_t n)
{
	if (n != 0)
		memcpy(octets_extend(o, n), from, n);
}

static inline void octets_free(struct octets *o)
{
	free(o->at);
	*o = (struct octets){ 0 };
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

#endif
