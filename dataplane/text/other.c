/* SPDX-License-Identifier: Apache-2.0 */
/* other: in which other coding octets make sense that were announced as one. */
#include "text_priv.h"

#include <string.h>

#include "text_tables.h"

static bool any_high(const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += WIDE)
		if (wide_high(wide_load(in + i, len - i < WIDE ? len - i : WIDE)) != 0)
			return true;
	return false;
}

/* CP949 without a hole, and with a syllable of Hangul in it: octets of Latin-1 or UTF-8 hardly
 * ever come in such pairs. */
static bool is_korean(const uint8_t *in, size_t len)
{
	bool syllable = false;

	for (size_t i = 0; i < len; i++) {
		if (in[i] < 0x80)
			continue;
		if (i + 1 == len || in[i] < CP949_LEAD_MIN || in[i] == 0xFF ||
		    in[i + 1] < CP949_TRAIL_MIN || in[i + 1] == 0xFF)
			return false;
		const uint16_t c =
			text_cp949[in[i] - CP949_LEAD_MIN][in[i + 1] - CP949_TRAIL_MIN];
		if (c == 0)
			return false;
		syllable |= c >= 0xAC00 && c < 0xD7A4;
		i++;
	}
	return syllable;
}

/* A unit that messages of here are written in: ASCII, signs, Hangul, full-width forms. */
static bool is_usual_unit(uint32_t c, bool *letter)
{
	const bool syllable = c >= 0xAC00 && c < 0xD7A4;
	const bool alphanumeric =
		(c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');

	*letter |= syllable || alphanumeric;
	return syllable || (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' ||
	       (c >= 0x2000 && c < 0x2800) || (c >= 0x3000 && c < 0x3040) ||
	       (c >= 0x3130 && c < 0x3190) || (c >= 0xFF01 && c < 0xFF5F);
}

/* Of random octets one unit in five is such a one. */
static bool is_ucs2(const uint8_t *in, size_t len)
{
	bool letter = false;

	if (len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i += 2)
		if (!is_usual_unit((uint32_t)in[i] << 8 | in[i + 1], &letter))
			return false;
	return letter;
}

/* Syllables alone may look like both: with a space or a digit of UCS-2 it is that. */
static enum text_coding other_than_binary(const uint8_t *in, size_t len)
{
	if (is_ucs2(in, len) && (memchr(in, 0, len) != NULL || !is_korean(in, len)))
		return TEXT_UCS2;
	if (!any_high(in, len))
		return TEXT_UNKNOWN;
	if (text_utf8_valid(in, len))
		return TEXT_UTF8;
	return is_korean(in, len) ? TEXT_CP949 : TEXT_UNKNOWN;
}

enum text_coding text_other_coding(enum text_coding coding, const uint8_t *in, size_t len)
{
	if (coding == TEXT_BINARY)
		return other_than_binary(in, len);
	/* Nobody reads UCS-2 as anything else: its octets need not be looked at. */
	if (coding == TEXT_UCS2 || !any_high(in, len))
		return TEXT_UNKNOWN;
	switch (coding) {
	case TEXT_GSM7: /* read as UTF-8 already when it is */
		return is_korean(in, len) ? TEXT_CP949 : TEXT_UNKNOWN;
	case TEXT_ASCII:
	case TEXT_LATIN1:
		if (text_utf8_valid(in, len))
			return TEXT_UTF8;
		return is_korean(in, len) ? TEXT_CP949 : TEXT_UNKNOWN;
	case TEXT_CP949:
		return text_utf8_valid(in, len) ? TEXT_UTF8 : TEXT_UNKNOWN;
	case TEXT_UTF8:
		return is_korean(in, len) ? TEXT_CP949 : TEXT_UNKNOWN;
	default:
		return TEXT_UNKNOWN;
	}
}
