/* SPDX-License-Identifier: Apache-2.0 */
/* loose_kind: what kinds of characters the loose reading tells apart. */
#ifndef DP_LOOSE_KIND_H
#define DP_LOOSE_KIND_H
#include <stddef.h>
#include <stdint.h>

#include "fold_priv.h"

enum kind { END, SPACE, DIGIT, LETTER, HANGUL, SYMBOL, OTHER };

/* Text is folded, so letters are small ones. */
static inline enum kind kind_of_ascii(uint8_t c)
{
	static const uint8_t kinds[128] = {
		[0 ... '\t' - 1] = OTHER,   ['\t'] = SPACE,
		['\n' ... 0x1F] = OTHER,    [' '] = SPACE,
		['!' ... '/'] = SYMBOL,     ['0' ... '9'] = DIGIT,
		[':' ... 'a' - 1] = SYMBOL, ['a' ... 'z'] = LETTER,
		['{' ... 0x7F] = SYMBOL,
	};

	return (enum kind)kinds[c];
}

/* Letters of scripts whose words stand apart (Latin, Greek, Cyrillic), and symbols, by their
 * blocks. */
static inline enum kind kind_of(uint32_t c)
{
	if ((c >= 0xAC00 && c < 0xD7A4) || (c > 0x3130 && c < 0x318F))
		return HANGUL;
	if ((c > 0x9F && c < 0xC0) || c == 0xD7 || c == 0xF7 || (c >= 0x2010 && c < 0x2C00) ||
	    (c > 0x3000 && c < 0x3040) || (c > 0xFE00 && c < 0xFE70) ||
	    (c >= 0x1F000 && c < 0x1FB00))
		return SYMBOL;
	return (c >= 0xC0 && c < 0x530) || (c >= 0x1E00 && c < 0x2000) ? LETTER : OTHER;
}

/* Kind of the character that begins in at[0 .. left), left not 0, and its octets. */
static inline enum kind kind_in(const uint8_t *at, size_t left, size_t *octets)
{
	if (at[0] >= 0x80)
		return kind_of(fold_get(at, left, octets));
	*octets = 1;
	return kind_of_ascii(at[0]);
}

#endif
