/* SPDX-License-Identifier: Apache-2.0 */
/* loose_kind: what kinds of characters the loose reading tells apart; the tables are
 * loose_gen.py's. */
#ifndef DP_LOOSE_KIND_H
#define DP_LOOSE_KIND_H
#include <stddef.h>
#include <stdint.h>

#include "fold_priv.h"

enum kind { OTHER, SPACE, DIGIT, LETTER, HANGUL, SYMBOL, END };

/* A code point's word is loose_stage2[loose_stage1[c / 64] * 64 + c % 64]: the kind above 16
 * bits, which of a letter are the one without marks, 0 = itself; OWN: a letter of a language
 * that we have rules of. */
#define LOOSE_OWN (1u << 24)
#define LOOSE_BLOCKS (0x1FC00u / FOLD_BLOCK)
extern const uint8_t loose_stage1[LOOSE_BLOCKS];
extern const uint32_t loose_stage2[];
/* Which of a to z, from bit 0 on, are letters of that language. */
extern const uint32_t loose_ascii_own;

/* Text is folded, so letters are small ones. */
static inline enum kind kind_of_ascii(uint8_t c)
{
	static const uint8_t kinds[128] = {
		[0 ... '\t' - 1] = OTHER,    ['\t' ... '\n'] = SPACE,
		['\v' ... '\f'] = SYMBOL,    ['\r'] = SPACE,
		['\r' + 1 ... 0x1F] = OTHER, [' '] = SPACE,
		['!' ... '/'] = SYMBOL,      ['0' ... '9'] = DIGIT,
		[':' ... 'a' - 1] = SYMBOL,  ['a' ... 'z'] = LETTER,
		['{' ... 0x7F] = SYMBOL,
	};

	return (enum kind)kinds[c];
}

static inline uint32_t loose_word(uint32_t c)
{
	if (c / FOLD_BLOCK >= LOOSE_BLOCKS)
		return 0;
	return loose_stage2[loose_stage1[c / FOLD_BLOCK] * FOLD_BLOCK + c % FOLD_BLOCK];
}

/* Above ASCII. */
static inline enum kind kind_of(uint32_t c)
{
	if (c >= 0xAC00 && c < 0xD7A4)
		return HANGUL;
	return (enum kind)(loose_word(c) >> 16 & 0xFF);
}

/* Kind of the character that begins in at[0 .. left), left not 0, and its octets. Of the ends
 * of lines phones show LF; a CR without one is nothing, and strewn in like a symbol. */
static inline enum kind kind_in(const uint8_t *at, size_t left, size_t *octets)
{
	if (at[0] >= 0x80)
		return kind_of(fold_get(at, left, octets));
	*octets = 1;
	if (at[0] == '\r' && left > 1 && at[1] > '\r')
		return SYMBOL;
	return kind_of_ascii(at[0]);
}

#endif
