/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>

#include "text_tables.h"

#define ESC 0x1Bu

/* Octets that are not the ASCII character of the same number (TS 23.038 section
 * 6.2.1): controls but LF and CR, and $ @ [ \ ] ^ _ ` { | } ~ DEL, and bit 7. */
static uint64_t not_ascii(struct wide w)
{
	const uint64_t controls =
		wide_between(w, 0x00, 0x1F) & ~(wide_equal(w, '\n') | wide_equal(w, '\r'));

	return controls | wide_equal(w, '$') | wide_equal(w, '@') | wide_between(w, '[', '`') |
	       wide_between(w, '{', 0xFF);
}

/* The character of septets in[0 .. left), left >= 1: *used septets, octets written.
 * Stores 2 octets for a septet and 4 for an escaped pair: less than 3 per septet. */
static size_t put_septet(const uint8_t *in, size_t left, size_t *used, uint8_t *out)
{
	if (in[0] == ESC && left > 1 && text_gsm_extension[in[1] & 0x7F] != 0) {
		const uint32_t extension = text_gsm_extension[in[1] & 0x7F];
		memcpy(out, &extension, 4);
		*used = 2;
		return extension >> 24;
	}
	if (in[0] == ESC && left > 1) { /* no such extension: its default character */
		*used = 1;
		return 0;
	}
	const uint32_t word = text_gsm_default[in[0]];
	const uint16_t octets = (uint16_t)word;
	memcpy(out, &octets, 2);
	*used = 1;
	return word >> 24;
}

/* Septets, one an octet; -EILSEQ at an octet with bit 7. */
static int64_t septets(const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *at = out;

	for (size_t i = 0; i < len;) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		const uint64_t other = not_ascii(w) & wide_first(n);
		const size_t same = other != 0 ? wide_lowest(other) : n;

		wide_store(at, w, n);
		i += same;
		at += same;
		for (uint64_t run = other >> (same & 63); (run & 1) != 0 && i < len;
		     run >>= 1) {
			size_t used = 1;
			if (in[i] >= 0x80 || (in[i] == ESC && i + 1 < len && in[i + 1] >= 0x80))
				return -EILSEQ;
			at += put_septet(in + i, len - i, &used, at);
			i += used;
			run >>= used - 1;
		}
	}
	return at - out;
}

int64_t text_gsm7(const uint8_t *in, size_t len, uint8_t *out)
{
	int64_t n = septets(in, len, out);

	if (n == -EILSEQ)
		n = text_utf8(in, len, out);
	return n == -EILSEQ ? text_octets(in, len, text_latin1, out) : n;
}

int64_t text_gsm7_quiet(const uint8_t *in, size_t len, uint8_t *out)
{
	for (size_t i = 0; i < len; i += WIDE) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		if ((not_ascii(w) & wide_first(n)) != 0)
			return -EAGAIN;
		wide_store(out + i, wide_lower(w), n);
	}
	return (int64_t)len;
}

#define UNPACK_MAX 56u /* septets unpacked at a time: whole groups of 8 from 7 octets */

/* Septets of the bits of in[0 .. len) from bit start on. The caller knows that they are
 * there. */
static void unpack(const uint8_t *in, size_t len, size_t start, size_t n, uint8_t *septet)
{
	for (size_t k = 0; k < n; k++)
		septet[k] = text_septet_at(in, len, start + 7 * k);
}

/* Fill bits bring the text to a septet boundary counted from the header's start (TS 23.040
 * section 9.2.3.24): 0 to 6 of them. */
size_t text_packed_septets(const uint8_t *in, size_t len, size_t udh_octets, size_t *first_bit)
{
	const size_t fill = (7 - udh_octets * 8 % 7) % 7;
	const size_t bits = len * 8 > fill ? len * 8 - fill : 0;
	const size_t count = bits / 7;

	*first_bit = fill;
	if (count != 0 && bits % 7 == 0)
		return count - (text_septet_at(in, len, fill + 7 * (count - 1)) == 0);
	return count;
}

size_t text_unpack(const uint8_t *in, size_t len, size_t udh_octets, uint8_t *out, size_t cap)
{
	size_t start;
	const size_t count = text_packed_septets(in, len, udh_octets, &start);

	unpack(in, len, start, count < cap ? count : cap, out);
	return count;
}

/* Septets from a bit of in[0 .. len) on, or one an octet of it, without bit 7. */
struct source {
	const uint8_t *in;
	size_t len, first_bit;
	bool packed;
};

static void take(const struct source *s, size_t first, size_t n, uint8_t *septet)
{
	if (s->packed)
		unpack(s->in, s->len, s->first_bit + 7 * first, n, septet);
	for (size_t k = 0; !s->packed && k < n; k++)
		septet[k] = s->in[first + k] & 0x7F;
}

static int64_t put_all(const struct source *s, size_t count, uint8_t *out)
{
	uint8_t septet[UNPACK_MAX + 1], *at = out;

	for (size_t i = 0; i < count;) {
		const size_t left = count - i, n = left < UNPACK_MAX ? left : UNPACK_MAX;
		size_t used = 0;

		/* One septet more, so that an ESC at the end of a piece sees its second. */
		take(s, i, left > n ? n + 1 : n, septet);
		for (size_t step; used < n; used += step)
			at += put_septet(septet + used, left > n ? n + 1 - used : n - used,
			                 &step, at);
		i += used;
	}
	return at - out;
}

int64_t text_gsm7_packed(const uint8_t *in, size_t len, size_t udh_octets, uint8_t *out)
{
	struct source s = { .in = in, .len = len, .packed = true };
	const size_t count = text_packed_septets(in, len, udh_octets, &s.first_bit);

	return put_all(&s, count, out);
}

int64_t text_gsm7_masked(const uint8_t *in, size_t len, uint8_t *out)
{
	return put_all(&(struct source){ .in = in, .len = len }, len, out);
}
