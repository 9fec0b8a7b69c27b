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
	return (struct cursor){ .at = octets, .end = octets + len, .error = false };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

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

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);

	return p ? *p : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline struct view cursor_view(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_take(c, n);

	return p ? (struct view){ p, (uint32_t)n } : (struct view){ NULL, 0 };
}

/*
 * A C-octet string of at most max octets, NUL included (SMPP 3.4 section 3.1).
 * The view is without the NUL. No NUL within max octets is an error.
 */
static inline struct view cursor_cstring(struct cursor *c, size_t max)
{
	const size_t left = cursor_left(c);
	const size_t bound = left < max ? left : max;
	const uint8_t *nul = c->error || bound == 0 ? NULL : memchr(c->at, 0, bound);

	if (nul == NULL) {
		cursor_fail(c);
		return (struct view){ NULL, 0 };
	}
	struct view v = { c->at, (uint32_t)(nul - c->at) };
	c->at = nul + 1;
	return v;
}

#endif
