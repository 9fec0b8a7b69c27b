/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor: read wire octets in order, with an error that sticks.
 *
 * A cursor borrows octets and never reads outside them. Once a read would, the
 * cursor is in error: that read and all later ones return 0 or an empty view,
 * so a decoder reads straight through and tests once at the end. Integers are
 * big endian (SMPP 3.4 section 3.1).
 *
 * Ownership  views point into the borrowed octets and live as long as they do.
 * Threads    a cursor is a local of its caller.
 */
#ifndef DP_CURSOR_H
#define DP_CURSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "check.h"

/* Borrowed octets; data may be NULL only when len is 0. */
struct view {
	const uint8_t *data;
	uint32_t len; /* octets */
};

struct cursor {
	const uint8_t *at, *end;
	bool error;
};

static inline struct cursor cursor_over(const uint8_t *octets, size_t len)
{
	static const uint8_t none[1];

	if (octets == NULL) /* arithmetic on NULL is undefined, even with 0 */
		return (struct cursor){ .at = none, .end = none, .error = false };
	return (struct cursor){ .at = octets, .end = octets + len, .error = false };
}

static inline size_t cursor_left(const struct cursor *c) { return (size_t)(c->end - c->at); }

/* Put the cursor in error: what follows cannot be read. */
static inline void cursor_fail(struct cursor *c)
{
	c->error = true;
	c->at = c->end;
}

/* Claim n octets: their start, or NULL with the error set. n = 0 is valid. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *start = c->at;

	if (c->error || cursor_left(c) < n) {
		cursor_fail(c);
		return NULL;
	}
	c->at += n;
	return start;
}

/* The same for n > 0: in error nothing is left, so one test does. */
static inline const uint8_t *cursor_some(struct cursor *c, size_t n)
{
	const uint8_t *start = c->at;

	if (unlikely(cursor_left(c) < n)) {
		cursor_fail(c);
		return NULL;
	}
	c->at += n;
	return start;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_some(c, 1);

	return p ? *p : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_some(c, 2);

	return (uint16_t)(p ? p[0] << 8 | p[1] : 0);
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_some(c, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline struct view cursor_view(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_take(c, n);

	return p ? (struct view){ p, (uint32_t)n } : (struct view){ NULL, 0 };
}

/*
 * Where the first NUL of at[0 .. bound) is, or bound; of left octets that can be read, by
 * vectors as far as they go: most strings here have fewer than 16 octets (a call of memchr
 * costs more than the search). Without, eight at a time: a lane of w - ones borrows only
 * from below, so the lowest marked lane is a NUL.
 */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "first octet = lowest lane");
#ifdef __SSE2__
static inline size_t cursor_nul(const uint8_t *at, size_t bound, size_t left)
{
	size_t i = 0;

	for (; i < bound && left - i >= 16; i += 16) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
		const int nul = _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
		if (nul != 0) {
			i += (size_t)__builtin_ctz((unsigned)nul);
			return i < bound ? i : bound;
		}
	}
	while (i < bound && at[i] != 0)
		i++;
	return i < bound ? i : bound;
}
#else
static inline size_t cursor_nul(const uint8_t *at, size_t bound, size_t left)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;

	(void)left;
	for (; bound - i >= 8; i += 8) {
		uint64_t w;

		memcpy(&w, at + i, 8);
		const uint64_t nul = (w - ones) & ~w & (ones << 7);
		if (nul != 0)
			return i + ((size_t)__builtin_ctzll(nul) >> 3);
	}
	while (i < bound && at[i] != 0)
		i++;
	return i;
}
#endif

/*
 * A C-octet string of at most max octets, NUL included (SMPP 3.4 section 3.1).
 * The view is without the NUL. No NUL within max octets is an error.
 */
static inline struct view cursor_cstring(struct cursor *c, size_t max)
{
	const size_t left = cursor_left(c);
	const size_t bound = left < max ? left : max;
	const size_t n = cursor_nul(c->at, bound, left);

	if (n == bound) {
		cursor_fail(c);
		return (struct view){ NULL, 0 };
	}
	struct view v = { c->at, (uint32_t)n };
	c->at += n + 1;
	return v;
}

/*
 * Which of the 64 octets from a place on are NUL, a bit for each: strings behind one another
 * are then found without a load, where each search would wait for the one before it. from
 * NULL: nothing is known.
 */
struct cursor_nuls {
	const uint8_t *from;
	uint64_t bits;
};

static inline struct cursor_nuls cursor_nuls(const struct cursor *c)
{
	struct cursor_nuls nuls = { .from = c->at, .bits = 0 };
#if defined(__AVX512BW__)
	const size_t left = cursor_left(c);
	const uint64_t there = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;

	nuls.bits = _mm512_mask_testn_epi8_mask(there, _mm512_maskz_loadu_epi8(there, c->at),
	                                        _mm512_set1_epi8(-1));
#elif defined(__SSE2__)
	for (unsigned i = 0; i < 64 && cursor_left(c) >= 64; i += 16) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(c->at + i));
		const int nul = _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
		nuls.bits |= (uint64_t)(unsigned)nul << i;
	}
#endif
	return nuls;
}

/* As cursor_cstring(). */
static inline struct view cursor_cstring_of(struct cursor *c, const struct cursor_nuls *nuls,
                                            size_t max)
{
	const uintptr_t at = (uintptr_t)c->at - (uintptr_t)nuls->from;

	if (likely(at < 64 && nuls->bits >> at != 0)) {
		const size_t n = (size_t)__builtin_ctzll(nuls->bits >> at);
		if (likely(n < max)) {
			struct view v = { c->at, (uint32_t)n };
			c->at += n + 1;
			return v;
		}
	}
	return cursor_cstring(c, max);
}

#endif
