/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose_number: a telephone number that is written so that no pattern for it matches: with
 * other signs between its digits, digits apart, digits in words of Korean or English,
 * ideographs, and letters for digits (010*1234*5678, 0.1.0.1.2, 공일공, 〇一〇, zero one
 * zero, o1o).
 *
 * It begins with 0, as numbers do that one calls from within a country. Groups of two digits
 * or more that stood apart are kept so by a hyphen, what stood alone is joined. One that is
 * written as numbers are is left as it is.
 */
#include "loose_priv.h"

/* Digits of a national number with its 0, and of a mobile one of Korea, which begins with 01:
 * what is behind that may be a particle (이, 일). */
#define DIGITS_MIN 9u
#define DIGITS_MAX 12u
#define MOBILE_MAX 11u
/* Signs and spaces between two digits. */
#define GAP_MAX 3u
/* Octets behind the first digit where a gap may begin that has a sign which numbers do not
 * have; loose_seek.c looks so far. */
#define SIGN_WITHIN 9u
/* Of digits that are written otherwise, one is among so many first ones, which stand together:
 * loose_seek.c looks no further. */
#define FIRST_DIGITS 3u
/* A plain one is so near to an o. */
#define NEAR 5u
#define NO_DIGIT 10u

struct number {
	uint8_t digits[DIGITS_MAX];
	bool apart[DIGITS_MAX]; /* from the one before */
	size_t n, end;          /* end: behind it */
	bool odd;               /* not as numbers are written */
};

static bool is_plain_digit(const struct loose *l, size_t i)
{
	return i < l->len && l->in[i] >= '0' && l->in[i] <= '9';
}

/* A letter that looks like a digit; 0 to 9, or NO_DIGIT. */
static unsigned look_of(uint8_t c)
{
	return c == 'o' ? 0 : c == 'l' || c == 'i' ? 1 : NO_DIGIT;
}

/* A digit in words or as an ideograph; English ones stand by themselves. */
static unsigned named_digit(const struct loose *l, size_t i, size_t *octets)
{
	static const struct {
		const char *name;
		unsigned digit;
	} names[] = {
		{ "공", 0 },    { "영", 0 },    { "일", 1 },   { "이", 2 },   { "삼", 3 },
		{ "사", 4 },    { "오", 5 },    { "육", 6 },   { "륙", 6 },   { "칠", 7 },
		{ "팔", 8 },    { "구", 9 },    { "〇", 0 },   { "零", 0 },   { "一", 1 },
		{ "二", 2 },    { "三", 3 },    { "四", 4 },   { "五", 5 },   { "六", 6 },
		{ "七", 7 },    { "八", 8 },    { "九", 9 },   { "zero", 0 }, { "one", 1 },
		{ "two", 2 },   { "three", 3 }, { "four", 4 }, { "five", 5 }, { "six", 6 },
		{ "seven", 7 }, { "eight", 8 }, { "nine", 9 },
	};

	if (l->in[i] < 'e' || (l->in[i] > 'z' && l->in[i] < 0xE3))
		return NO_DIGIT;
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		if (l->in[i] != (uint8_t)names[k].name[0])
			continue;
		*octets = strlen(names[k].name);
		if (l->len - i < *octets || memcmp(l->in + i, names[k].name, *octets) != 0)
			continue;
		const bool english = names[k].name[0] >= 'a' && names[k].name[0] <= 'z';
		const bool within = is_alnum(kind_behind(l, i + *octets)) ||
		                    (i > 0 && is_alnum(kind_of_ascii(l->in[i - 1] & 0x7F)));
		return english && within ? NO_DIGIT : names[k].digit;
	}
	return NO_DIGIT;
}

/* The same beside no other letters than such ones. */
static unsigned digit_like(const struct loose *l, size_t i)
{
	if (kind_behind(l, i + 1) == LETTER && look_of(l->in[i + 1]) == NO_DIGIT)
		return NO_DIGIT;
	return look_of(l->in[i]);
}

static unsigned digit_at(const struct loose *l, size_t i, size_t *octets)
{
	*octets = 1;
	if (i >= l->len)
		return NO_DIGIT;
	if (is_plain_digit(l, i))
		return l->in[i] - (unsigned)'0';
	const unsigned named = named_digit(l, i, octets);
	if (named != NO_DIGIT)
		return named;
	*octets = 1;
	return digit_like(l, i);
}

/* Octets of what keeps two digits apart at in[i], 0: nothing does; *sign: some of it is no sign
 * that numbers have. Commas and colons are those of lists and times. */
static size_t gap_at(const struct loose *l, size_t i, bool *sign)
{
	const size_t gap = i;
	size_t octets;

	*sign = false;
	for (unsigned n = 0; n < GAP_MAX; n++, i += octets) {
		const enum kind k = kind_at(l, i, &octets);
		if (k != SYMBOL && (k != SPACE || l->in[i] != ' '))
			break;
		if (k == SYMBOL && strchr(",:;", l->in[i]) != NULL)
			break;
		*sign |= k == SYMBOL && strchr("-()", l->in[i]) == NULL;
	}
	return i - gap;
}

/* Whether a digit at in[from] makes it one that is not written as numbers are; sign: of what
 * keeps it apart. */
static bool is_odd(const struct loose *l, const struct number *n, size_t from, bool sign)
{
	const size_t k = n->n;

	if (k > 0 && sign && n->end - l->i <= SIGN_WITHIN && is_plain_digit(l, from) &&
	    is_plain_digit(l, n->end - 1))
		return true;
	if (k < FIRST_DIGITS && !n->apart[k] && !(k == 2 && n->apart[1]) &&
	    !is_plain_digit(l, from))
		return true;
	return k == 2 && n->apart[1] && n->apart[2] && from == l->i + 4;
}

static struct number number_at(const struct loose *l)
{
	struct number n = { .end = l->i };
	size_t i = l->i, octets;
	bool sign = false;

	while (n.n < DIGITS_MAX) {
		const unsigned digit = digit_at(l, i, &octets);
		if (digit == NO_DIGIT)
			break;
		n.apart[n.n] = i != n.end;
		n.odd |= is_odd(l, &n, i, sign);
		n.digits[n.n++] = (uint8_t)('0' + digit);
		n.end = i + octets;
		if (n.n == MOBILE_MAX && n.digits[1] == '1')
			break;
		i = n.end + gap_at(l, n.end, &sign);
	}
	return n;
}

/* So many digits stand together with this one, from it on. */
static size_t group_of(const struct number *n, size_t from)
{
	size_t to = from + 1;

	while (to < n->n && !n->apart[to])
		to++;
	return to - from;
}

static void write_number(struct loose *l, const struct number *n)
{
	size_t before = 0;

	for (size_t k = 0; k < n->n; k++) {
		if (k == 0 || n->apart[k]) {
			const size_t group = group_of(n, k);
			if (before > 1 && group > 1)
				write_octets(l, "-", 1);
			before = group;
		}
		write_octets(l, &n->digits[k], 1);
	}
	l->i = n->end;
	l->syllables = 0;
	l->changed = true;
}

/* An o that others like it follow, or digits, of which one is near. */
static bool begins_with_o(const struct loose *l)
{
	const uint8_t *at = l->in + l->i;

	if (l->len - l->i < DIGITS_MIN)
		return false;
	if (!is_plain_digit(l, l->i + 1) &&
	    (look_of(at[1]) == NO_DIGIT ||
	     (look_of(at[2]) == NO_DIGIT && !is_plain_digit(l, l->i + 2))))
		return false;
	for (size_t k = 1; k <= NEAR; k++)
		if (is_plain_digit(l, l->i + k))
			return true;
	return false;
}

/* A day, month and year, which people write a time behind. */
static bool is_date(const struct number *n)
{
	return n->n > 8 && n->apart[2] && n->apart[4] && n->apart[8] && group_of(n, 0) == 2 &&
	       group_of(n, 2) == 2 && group_of(n, 4) == 4;
}

/* Whether a number may begin here: not within a word, a number or a date. */
static bool begins(const struct loose *l)
{
	const enum kind before = kind_written(l);

	if (before == DIGIT || before == LETTER || (l->in[l->i] == 'o' && !begins_with_o(l)))
		return false;
	if (before == SYMBOL && l->n > 1 && l->out[l->n - 2] >= '0' && l->out[l->n - 2] <= '9')
		return false;
	/* A syllable behind another one is the end of a word, where no other follows. */
	return before != HANGUL || l->in[l->i] < 0x80 || kind_behind(l, l->i + 3) != SPACE;
}

__attribute__((noinline)) bool loose_take_number(struct loose *l)
{
	size_t octets;

	if (digit_at(l, l->i, &octets) != 0 || !begins(l))
		return false;
	const struct number n = number_at(l);
	if (!n.odd || n.n < DIGITS_MIN || is_plain_digit(l, n.end) || is_date(&n))
		return false;
	write_number(l, &n);
	return true;
}
