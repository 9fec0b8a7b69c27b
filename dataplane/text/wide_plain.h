/* SPDX-License-Identifier: Apache-2.0 */
/* wide_plain: wide.h in plain C. */
#ifndef DP_WIDE_PLAIN_H
#define DP_WIDE_PLAIN_H
#include <string.h>

struct wide {
	uint8_t octets[WIDE];
};

static inline struct wide wide_load(const uint8_t *from, size_t n)
{
	struct wide w = { { 0 } };

	memcpy(w.octets, from, n < WIDE ? n : WIDE);
	return w;
}

static inline void wide_store(uint8_t *to, struct wide w, size_t n)
{
	memcpy(to, w.octets, n < WIDE ? n : WIDE);
}

/* Octets with lo <= octet <= hi. */
static inline uint64_t wide_between(struct wide w, uint8_t lo, uint8_t hi)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < WIDE; i++)
		mask |= (uint64_t)(w.octets[i] >= lo && w.octets[i] <= hi) << i;
	return mask;
}

/* Octets that are the same in both. */
static inline uint64_t wide_same(struct wide a, struct wide b)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < WIDE; i++)
		mask |= (uint64_t)(a.octets[i] == b.octets[i]) << i;
	return mask;
}

/* Octets with bit 7. */
static inline uint64_t wide_high(struct wide w) { return wide_between(w, 0x80, 0xFF); }

/* The members of mask with add added. */
static inline struct wide wide_add(struct wide w, uint64_t mask, uint8_t add)
{
	for (unsigned i = 0; i < WIDE; i++)
		w.octets[i] = (uint8_t)(w.octets[i] + ((mask >> i & 1) ? add : 0));
	return w;
}

#endif
