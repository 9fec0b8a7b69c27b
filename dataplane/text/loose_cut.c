/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose_cut: a word of Latin letters that one sign cuts in two: cas-ino, via.gra, casi_no.
 *
 * Ordinary words have hyphens too, and of some the dot ends a sentence: what they are joined to
 * no pattern looks for. Of clean English texts one in 35 is read loosely for it.
 */
#include "loose_priv.h"

/* Letters of a piece, behind a dot one more; and of the word. */
#define PIECE_MIN 2u
#define WORD_MIN 5u
#define WORD_MAX 24u

/* Signs that addresses and words of several pieces have. */
static bool goes_on(uint8_t c) { return c >= 0x80 || (c != 0 && strchr("-_./:@&", c) != NULL); }

/* Letters that were written last, from where a word begins; 0: it begins otherwise. */
static size_t first_piece(const struct loose *l)
{
	size_t n = 0;

	while (n < l->n && n < WORD_MAX && is_small(l->out[l->n - 1 - n]))
		n++;
	if (n == l->n)
		return n;
	const uint8_t before = l->out[l->n - 1 - n];
	return goes_on(before) || is_alnum(kind_of_ascii(before)) ? 0 : n;
}

/* Letters from in[i] to where the word ends; 0: it does not end with them. */
static size_t last_piece(const struct loose *l, size_t i)
{
	size_t n = 0;

	while (i + n < l->len && n < WORD_MAX && is_small(l->in[i + n]))
		n++;
	const size_t end = i + n;
	if (end == l->len)
		return n;
	if (is_alnum(kind_of_ascii(l->in[end] & 0x7F)) || l->in[end] >= 0x80)
		return 0;
	return goes_on(l->in[end]) && end + 1 < l->len && l->in[end + 1] > ' ' ? 0 : n;
}

__attribute__((noinline)) bool loose_take_cut(struct loose *l)
{
	const uint8_t sign = l->in[l->i];

	if (l->dotted || (sign != '-' && sign != '_' && sign != '.'))
		return false;
	const size_t first = first_piece(l), last = last_piece(l, l->i + 1);
	const size_t least = sign == '.' ? PIECE_MIN + 1 : PIECE_MIN;
	if (first < PIECE_MIN || last < least || first + last < WORD_MIN ||
	    (sign == '.' && loose_ends_address(l, l->i + 1, false)))
		return false;
	l->i++;
	l->changed = true;
	return true;
}
