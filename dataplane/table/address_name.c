/* SPDX-License-Identifier: Apache-2.0 */
#include "address_name.h"

#include "text.h"

/* rows: characters of the alphabet beside ASCII, capitals on the octet of their small letter
 * where it has both. low: octets below 0x20 by what they are above; 0: none of a name. */
struct name_row {
	uint16_t character;
	uint8_t octet;
};
#include "address_rows.h"

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

uint32_t address_name_character(uint8_t octet)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].octet == octet)
			return rows[i].character;
	return octet;
}
