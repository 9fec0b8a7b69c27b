/* SPDX-License-Identifier: Apache-2.0 */
/* national: GSM 7-bit under national language tables (TS 23.038 section 6.2.1.2). */
#include "text_priv.h"

#include "text_tables.h"

#define ESC 0x1Bu

/* The septets of a text, however they are kept. */
struct septets {
	const uint8_t *in;
	size_t len, count;
	size_t first_bit; /* packed: where the first begins */
	bool packed;
};

static uint8_t septet(const struct septets *s, size_t k)
{
	return s->packed ? text_septet_at(s->in, s->len, s->first_bit + 7 * k) : s->in[k];
}

static size_t put(uint8_t *out, uint32_t word)
{
	memcpy(out, &word, 3);
	return word >> 24;
}

static uint32_t locked(const struct text_language *l, uint8_t c)
{
	const uint32_t word = text_gsm_lock[l->lock][c];

	return word != 0 ? word : text_gsm_default[c];
}

static uint32_t shifted(const struct text_language *l, uint8_t c)
{
	if (l->shift == 0 || c == ESC)
		return text_gsm_extension[c];
	return text_gsm_shift[l->shift][c];
}

/* A septet is at most 3 octets, and 3.5 or more of room are free for each. */
static int64_t decode(const struct septets *s, const struct text_language *l, uint8_t *out)
{
	uint8_t *at = out;

	for (size_t k = 0; k < s->count; k++) {
		const uint8_t c = septet(s, k);
		if (c != ESC) {
			at += put(at, locked(l, c));
			continue;
		}
		if (k + 1 == s->count) { /* nothing behind it: a space */
			at += put(at, text_gsm_default[ESC]);
			break;
		}
		const uint32_t word = shifted(l, septet(s, k + 1));
		if (word != 0) { /* else the next one is what it is without ESC */
			at += put(at, word);
			k++;
		}
	}
	return at - out;
}

int64_t text_gsm7_national(const struct text_language *l, const uint8_t *in, size_t len,
                           uint8_t *out)
{
	const struct septets s = { .in = in, .len = len, .count = len };

	for (size_t i = 0; i < len; i++)
		if (in[i] >= 0x80) /* no septets: as without tables */
			return text_gsm7(in, len, out);
	return decode(&s, l, out);
}

int64_t text_gsm7_packed_national(const struct text_language *l, const uint8_t *in, size_t len,
                                  size_t udh_octets, uint8_t *out)
{
	struct septets s = { .in = in, .len = len, .packed = true };

	s.count = text_packed_septets(in, len, udh_octets, &s.first_bit);
	return decode(&s, l, out);
}
