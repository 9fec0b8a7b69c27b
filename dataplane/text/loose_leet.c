/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose_leet: digits and signs that stand for letters, in words that are no addresses, and
 * signs that were strewn into one.
 */
#include "loose_priv.h"

/* Digits and signs in a row that stand for letters. */
#define LEET_MAX 3u

/* Signs in a row that are strewn into a word. */
#define STREWN_MAX 3u

/* In a row, from the place that is read on, and what they are read as. */
struct row {
	uint8_t word[LEET_MAX];
	size_t n, to; /* to: behind them */
	bool digits;
};

static bool written_letter(const struct loose *l) { return kind_written(l) == LETTER; }

/* The letter that a digit or sign at in[i] stands for, whatever is around it; 0: none. */
static uint8_t letter_like(const struct loose *l, size_t i, size_t *octets)
{
	static const uint8_t letters[0x80] = {
		['0'] = 'o', ['1'] = 'i', ['3'] = 'e', ['4'] = 'a', ['5'] = 's',
		['7'] = 't', ['@'] = 'a', ['$'] = 's', ['+'] = 't',
	};
	/* The last octet is what the sign stands for. */
	static const char *const signs[] = { "€e", "¢c", "©c", "®r", "¡i",
		                             "¥y", "○o", "◯o", "◎o", "⭕o" };

	*octets = 1;
	if (i >= l->len)
		return 0;
	if (l->in[i] < 0x80)
		return letters[l->in[i]];
	for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
		*octets = strlen(signs[k]) - 1;
		if (l->len - i >= *octets && memcmp(l->in + i, signs[k], *octets) == 0)
			return (uint8_t)signs[k][*octets];
	}
	return 0;
}

static bool is_one_of(uint8_t c, const char *letters)
{
	return c != 0 && strchr(letters, c) != NULL;
}

static bool is_vowel(uint8_t c) { return is_one_of(c, "aeiouy"); }

static bool is_stroke(const struct loose *l, size_t i)
{
	return i < l->len && (l->in[i] == '|' || l->in[i] == '!');
}

/* The letter at in[i], or the one that stands there; 0: neither, or none of ASCII. */
static uint8_t letter_behind(const struct loose *l, size_t i)
{
	size_t octets;

	if (i < l->len && is_small(l->in[i]))
		return l->in[i];
	return letter_like(l, i, &octets);
}

/*
 * What a stroke at in[i] stands for, by what is usual beside the letters before and behind it,
 * 0 where the word begins or ends; 0: nothing. Between consonants an i ("cas|no"), else an l
 * ("ca|l", "b|ue"), but behind a consonant that none follows in ("spec|al", "v|agra"). An
 * exclamation mark ends words, and is strewn into them, beside a vowel.
 */
static uint8_t stroke(const struct loose *l, size_t i, uint8_t before)
{
	const bool bar = l->in[i] == '|';
	const uint8_t behind = letter_behind(l, i + 1);

	if (behind == 0)
		return bar && kind_behind(l, i + 1) != LETTER ? 'l' : 0;
	if (before == 0)
		return bar && is_vowel(behind) ? 'l' : 'i';
	if (!is_vowel(before) && !is_vowel(behind))
		return 'i';
	if (!bar)
		return 0;
	return is_vowel(before) || is_one_of(before, "bfgkps") ? 'l' : 'i';
}

/* before: the letter that was written last, 0 = none. */
static struct row row_at(const struct loose *l, uint8_t before)
{
	struct row row = { .to = l->i };

	for (size_t octets = 1; row.n < LEET_MAX; row.to += octets) {
		const uint8_t letter = is_stroke(l, row.to) ? stroke(l, row.to, before)
		                                            : letter_like(l, row.to, &octets);
		if (letter == 0)
			break;
		row.digits |= kind_behind(l, row.to) == DIGIT;
		row.word[row.n++] = before = letter;
	}
	return row;
}

static void write_row(struct loose *l, const struct row *row)
{
	write_octets(l, row->word, row->n);
	l->i = row->to;
	l->leet = l->changed = true;
}

/* Whether signs at the end of a word of two letters or more are its last ones. */
static bool is_last(const struct loose *l, const struct row *row)
{
	return l->leet || (!row->digits && l->n > 1 && is_small(l->out[l->n - 1]) &&
	                   is_small(l->out[l->n - 2]));
}

/* A single 0 at the end of a word of four letters or more: "casin0". */
static bool is_last_zero(const struct loose *l, const struct row *row)
{
	if (row->n != 1 || l->in[l->i] != '0' || l->n < 4)
		return false;
	for (size_t k = 1; k <= 4; k++)
		if (!is_small(l->out[l->n - k]))
			return false;
	return true;
}

/* In a word: before another letter, or at its end when they are signs, or when it has had some
 * before: "c4s1n0" and "tex+", but "abc100" and "a+". */
static bool take_row(struct loose *l)
{
	const struct row row = row_at(l, l->out[l->n - 1]);
	const enum kind behind = kind_behind(l, row.to);

	if (row.n == 0 || (behind != LETTER &&
	                   (behind == DIGIT || !(is_last(l, &row) || is_last_zero(l, &row)))))
		return false;
	write_row(l, &row);
	return true;
}

__attribute__((noinline)) bool loose_take_first(struct loose *l)
{
	const enum kind before = kind_written(l);

	if (before != SPACE && before != END)
		return false;
	const struct row row = row_at(l, 0);
	if (row.n == 0 || kind_behind(l, row.to) != LETTER)
		return false;
	if (row.digits && (row.n > 1 || kind_behind(l, row.to + 1) != LETTER))
		return false;
	write_row(l, &row);
	return true;
}

/* Octets of the signs at in[i] that are strewn in before a letter; 0: they are not. */
static size_t strewn_at(const struct loose *l)
{
	size_t i = l->i, octets;

	for (unsigned n = 0; n < STREWN_MAX; n++) {
		if (kind_at(l, i, &octets) != SYMBOL ||
		    (l->in[i] < 0x80 && strchr("*^~\"=#%!`\v\f\r", l->in[i]) == NULL))
			return 0;
		i += octets;
		if (kind_behind(l, i) == LETTER)
			return i - l->i;
	}
	return 0;
}

__attribute__((noinline)) bool loose_take_inside(struct loose *l)
{
	if (l->dotted || !written_letter(l))
		return false;
	if (take_row(l))
		return true;
	const size_t octets = strewn_at(l);
	l->i += octets;
	l->changed |= octets != 0;
	return octets != 0;
}

bool loose_take_domain(struct loose *l)
{
	size_t octets;

	if (l->n < 2 || l->i + 1 >= l->len || l->out[l->n - 2] != '.' || !written_letter(l))
		return false;
	const uint8_t letter = letter_like(l, l->i, &octets);
	if (letter == 0 || octets != 1 || kind_at(l, l->i + 1, &octets) != LETTER)
		return false;
	const bool com = l->out[l->n - 1] == 'c' && memcmp(l->in + l->i, "0m", 2) == 0;
	if (!com && is_alnum(kind_behind(l, l->i + 1 + octets)))
		return false;
	write_octets(l, &letter, 1);
	l->i++;
	l->changed = true;
	return true;
}
