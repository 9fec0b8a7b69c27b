/* SPDX-License-Identifier: Apache-2.0 */
#include "address_name.h"

#include "text.h"

/* Characters of the alphabet beside ASCII, capitals on the octet of their small letter where
 * it has both; octets that are not given are no characters of a name (LF, CR, ESC). */
static const struct {
	uint16_t character;
	uint8_t octet;
} rows[] = {
	{ 0xA3, 0x01 },  { 0xA5, 0x03 },  { 0xE8, 0x04 },  { 0xC8, 0x04 },  { 0xE9, 0x05 },
	{ 0xC9, 0x05 },  { 0xF9, 0x06 },  { 0xD9, 0x06 },  { 0xEC, 0x07 },  { 0xCC, 0x07 },
	{ 0xF2, 0x08 },  { 0xD2, 0x08 },  { 0xC7, 0x09 },  { 0xE7, 0x09 },  { 0xD8, 0x0C },
	{ 0xF8, 0x0C },  { 0xC5, 0x0F },  { 0xE5, 0x0F },  { 0x394, 0x10 }, { 0x3A6, 0x12 },
	{ 0x393, 0x13 }, { 0x39B, 0x14 }, { 0x3A9, 0x15 }, { 0x3A0, 0x16 }, { 0x3A8, 0x17 },
	{ 0x3A3, 0x18 }, { 0x398, 0x19 }, { 0x39E, 0x1A }, { 0xC6, 0x1D },  { 0xE6, 0x1D },
	{ 0xDF, 0x1E },  { 0xA7, '_' },   { 0xA1, '@' },   { 0xA4, '$' },   { 0xBF, 0x60 },
	{ 0xC4, 0x7B },  { 0xE4, 0x7B },  { 0xD6, 0x7C },  { 0xF6, 0x7C },  { 0xD1, 0x7D },
	{ 0xF1, 0x7D },  { 0xDC, 0x7E },  { 0xFC, 0x7E },  { 0xE0, 0x7F },  { 0xC0, 0x7F },
};

/* Octets below 0x20 by what they are above; 0: no character of a name. */
static const uint8_t low[0x20] = {
	[0x01] = 0x01, [0x02] = '$',  [0x03] = 0x03, [0x04] = 0x04, [0x05] = 0x05,
	[0x06] = 0x06, [0x07] = 0x07, [0x08] = 0x08, [0x09] = 0x09, [0x0B] = 0x0C,
	[0x0C] = 0x0C, [0x0E] = 0x0F, [0x0F] = 0x0F, [0x10] = 0x10, [0x11] = '_',
	[0x12] = 0x12, [0x13] = 0x13, [0x14] = 0x14, [0x15] = 0x15, [0x16] = 0x16,
	[0x17] = 0x17, [0x18] = 0x18, [0x19] = 0x19, [0x1A] = 0x1A, [0x1C] = 0x1D,
	[0x1D] = 0x1D, [0x1E] = 0x1E, [0x1F] = 0x05,
};

/* The character that begins at s in valid UTF-8, above ASCII, and its octets, 2 to 4. */
static uint32_t read_utf8(const uint8_t *s, size_t *octets)
{
	const size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
	uint32_t character = s[0] & (0x7Fu >> n);

	for (size_t i = 1; i < n; i++)
		character = character << 6 | (s[i] & 0x3Fu);
	*octets = n;
	return character;
}

/* 0: the alphabet lacks it. */
static uint8_t octet_of(uint32_t character)
{
	if (character < 0x20)
		return low[character];
	if (character >= 'A' && character <= 'Z')
		return (uint8_t)(character + ('a' - 'A'));
	/* Of signs that ASCII has where GSM has letters, those of capitals are folded too. */
	if (character == '\\' || character == '^')
		return (uint8_t)(character + 0x20);
	if (character < 0x80)
		return (uint8_t)character;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].character == character)
			return rows[i].octet;
	return 0;
}

bool address_name(uint8_t *out, size_t *n, const uint8_t *addr, size_t len, size_t *foreign,
                  uint32_t *character)
{
	const bool utf8 = text_utf8_valid(addr, len);

	*n = 0;
	for (size_t i = 0, octets; i < len; i += octets) {
		octets = 1;
		*character = utf8 && addr[i] >= 0x80 ? read_utf8(addr + i, &octets) : addr[i];
		out[*n] = octet_of(*character);
		*foreign = i;
		if (out[(*n)++] == 0)
			return false;
	}
	return true;
}
