/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random: numbers of one seed. Every part of a simulation draws from its own stream, so
 * that a change in one does not shift what another draws.
 * (splitmix64 fills, xoshiro256** draws: Blackman and Vigna, public domain.)
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t s[4];
};

static inline struct random random_of(uint64_t seed, uint64_t stream)
{
	struct random r;
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) +
		     stream * UINT64_C(0xd1342543de82ef95);

	for (unsigned i = 0; i < 4; i++) {
		uint64_t z = x += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		r.s[i] = z ^ z >> 31;
	}
	return r;
}

static inline uint64_t random_u64(struct random *r)
{
	uint64_t *s = r->s;
	const uint64_t m = s[1] * 5, out = (m << 7 | m >> 57) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return out;
}

/* 0 .. n-1; n > 0. */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((random_u64(r) >> 32) * n >> 32);
}

/* low .. high. */
static inline uint32_t random_in(struct random *r, uint32_t low, uint32_t high)
{
	return low + random_below(r, high - low + 1);
}

/* True n times in 10,000. */
static inline bool random_chance(struct random *r, uint32_t n)
{
	return random_below(r, 10000) < n;
}

static inline void random_fill(struct random *r, uint8_t *out, size_t n)
{
	for (; n >= 8; n -= 8, out += 8) {
		const uint64_t v = random_u64(r);
		__builtin_memcpy(out, &v, 8);
	}
	while (n-- > 0)
		*out++ = (uint8_t)random_u64(r);
}

#endif
