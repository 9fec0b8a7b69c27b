/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include "text_tables.h"

/* Octets that may begin a character that folds: two-octet ones (0xC2: only U+00B5),
 * and of the rest the leads of Georgian to Greek extended (0xE1), letterlike to Coptic
 * (0xE2), A000-ABFF (0xEA), FB00-FF5A (0xEF) and the planes above. Hangul is from
 * EA B0 80 on, so a second octet from 0xB0 on makes 0xEA a quiet one. */
static uint64_t may_fold(struct wide w)
{
	const uint64_t syllables = wide_equal(w, 0xEA) & wide_between(w, 0xB0, 0xBF) >> 1;

	return wide_between(w, 0xC2, 0xDF) | wide_between(w, 0xE1, 0xE2) |
	       (wide_equal(w, 0xEA) & ~syllables) | wide_between(w, 0xEF, 0xF4);
}

static bool in_words(uint8_t lead) { return (lead >= 0xC2 && lead <= 0xDF) || lead == 0xEF; }

/* The code point at in, and its octets; a broken one is a single octet. */
static uint32_t get_utf8(const uint8_t *in, size_t left, size_t *octets)
{
	const uint8_t lead = in[0];
	const size_t n = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	uint32_t c = n == 1 ? lead : lead & (0xFFu >> (n + 1));

	*octets = n <= left ? n : 1;
	for (size_t i = 1; i < *octets; i++)
		c = c << 6 | (in[i] & 0x3F);
	return c;
}

/* A character that folds is 2 octets or more and its folding at most 3/2 of them. */
static size_t fold_one(const uint8_t *in, size_t left, size_t *octets, uint8_t *out)
{
	const uint32_t c = get_utf8(in, left, octets);
	int32_t delta = 0;

	if (*octets > 1 && c < text_fold_end)
		delta = text_fold_delta[text_fold_block[c / TEXT_FOLD_BLOCK]]
				       [c % TEXT_FOLD_BLOCK];
	if (delta == 0) {
		memcpy(out, in, *octets);
		return *octets;
	}
	return put_utf8(out, (uint32_t)((int32_t)c + delta));
}

size_t text_fold(const uint8_t *in, size_t len, uint8_t *out, size_t cap)
{
	uint8_t *at = out;

	bug_if(cap / TEXT_FOLD_GROWTH < len);
	for (size_t i = 0; i < len;) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		const uint64_t may = wide_high(w) != 0 ? may_fold(w) : 0;
		const size_t quiet = may != 0 ? wide_lowest(may) : n;

		wide_store(at, wide_add(w, wide_between(w, 'A', 'Z'), 'a' - 'A'), n);
		i += quiet;
		at += quiet;
		if (may == 0)
			continue;
		/* One at least; Latin, Greek, Cyrillic and full-width come in words. */
		size_t octets;
		do {
			at += fold_one(in + i, len - i, &octets, at);
			i += octets;
		} while (i < len && in_words(in[i]));
	}
	return (size_t)(at - out);
}
