/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mend: octets without those that are no character of a coding. Receivers show the rest, so one
 * stray octet must not keep a text from being read.
 */
#include "text_priv.h"

#include <errno.h>

static size_t utf8_character(const uint8_t *in, size_t left)
{
	const size_t n = in[0] < 0x80 ? 1 : in[0] < 0xE0 ? 2 : in[0] < 0xF0 ? 3 : 4;

	return n <= left && text_utf8_valid(in, n) ? n : 0;
}

static size_t cp949_character(const uint8_t *in, size_t left)
{
	if (in[0] < 0x80)
		return 1;
	return text_cp949_pair(in, left) != 0 ? 2 : 0;
}

/* little: 1, else 0. A BOM is none: it says an order, and that is known here. */
static size_t utf16_character(const uint8_t *in, size_t left, unsigned little)
{
	if (left < 2)
		return 0;
	const unsigned high = in[little], low = in[little ^ 1];
	if (high + low == 0xFE + 0xFF && (high == 0xFE || low == 0xFE))
		return 0;
	if ((high & 0xF8) != 0xD8)
		return 2;
	return high < 0xDC && left >= 4 && (in[2 + little] & 0xFC) == 0xDC ? 4 : 0;
}

/* Octets of the character at in[0 .. left), 0: there is none. */
static size_t character(enum text_coding coding, const uint8_t *in, size_t left)
{
	switch (coding) {
	case TEXT_UTF8:
		return text_is_control(in[0]) ? 0 : utf8_character(in, left);
	case TEXT_CP949:
		return text_is_control(in[0]) ? 0 : cp949_character(in, left);
	case TEXT_UCS2:
	case TEXT_UCS2_LE:
		return utf16_character(in, left, coding == TEXT_UCS2_LE);
	default:
		return 1;
	}
}

static size_t mend(enum text_coding coding, const uint8_t *in, size_t len, uint8_t *out)
{
	const size_t unit = coding == TEXT_UCS2 || coding == TEXT_UCS2_LE ? 2 : 1;
	size_t kept = 0;

	for (size_t i = 0, n; i < len; i += n != 0 ? n : unit) {
		n = character(coding, in + i, len - i);
		memcpy(out + kept, in + i, n);
		kept += n;
	}
	return kept;
}

int64_t text_decode_mended(enum text_coding coding, const uint8_t *in, size_t len,
                           size_t udh_octets, uint8_t *out, size_t cap)
{
	if (coding == TEXT_UNKNOWN) /* most often: no second reading */
		return -EILSEQ;
	if (cap / (TEXT_GROWTH + 1) < len)
		return -ENOSPC;
	/* Behind what the decoder may write. */
	uint8_t *const mended = out + (cap - len);
	return text_decode(coding, mended, mend(coding, in, len, mended), udh_octets, out,
	                   cap - len);
}

bool text_mostly_utf8(const uint8_t *in, size_t len)
{
	size_t many = 0, strays = 0;

	for (size_t i = 0, n; i < len; i += n != 0 ? n : 1) {
		n = character(TEXT_UTF8, in + i, len - i);
		many += n > 1;
		strays += n == 0;
	}
	return text_few_strays(many, strays);
}
