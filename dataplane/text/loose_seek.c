/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose_seek: where a folded text may read differently when it is read loosely.
 *
 * Each rule of loose.c has here a coarser one, of sets of 64 octets (wide.h): wherever that
 * rule would act, an octet is marked that is not before the place where it begins to, nor
 * more than LOOSE_REWIND octets behind that. What is neither ASCII nor a syllable of Hangul
 * but may matter is marked itself: symbols, letters of Hangul, other scripts with letters.
 */
#include "loose_priv.h"
#include "wide.h"

/* Octets that a rule looks back, and ahead, in a set. */
#define BACK 4u
#define AHEAD 12u

struct sight {
	struct wide w;
	uint64_t space, letter, digit, symbol; /* of ASCII */
	uint64_t high;
};

static struct sight sight_of(struct wide w)
{
	struct sight s = { .w = w, .high = wide_high(w) };

	/* CR is both: without LF it is a symbol. */
	s.space = wide_equal(w, ' ') | wide_between(w, '\t', '\n') | wide_equal(w, '\r');
	s.letter = wide_between(w, 'a', 'z');
	s.digit = wide_between(w, '0', '9');
	s.symbol = (wide_between(w, '!', 0x7F) & ~(s.letter | s.digit)) |
	           wide_between(w, '\v', '\r');
	return s;
}

/*
 * Octets that begin a character which is no syllable of Hangul (EA B0 80 to ED 9E A3), no
 * ASCII, and not of the scripts without letter, symbol or syllable in kind_of(): U+0540-0FFF
 * (D5 to E0) and U+4000-9FFF (E4 to E9).
 */
static uint64_t foreign(struct wide w)
{
	const uint64_t from_b0 = wide_equal(w, 0xEA) & wide_between(w, 0xB0, 0xBF) >> 1;
	const uint64_t to_9d = wide_equal(w, 0xED) & wide_between(w, 0x80, 0x9D) >> 1;

	return wide_between(w, 0xC0, 0xD4) | wide_between(w, 0xE1, 0xE3) |
	       (wide_equal(w, 0xEA) & ~from_b0) | (wide_equal(w, 0xED) & ~to_9d) |
	       wide_between(w, 0xEE, 0xFF);
}

/* Runs of syllables with a gap between them that is not as people write: without a space,
 * and with one letter at most; of
 * spaces, with digits or without, between lone syllables; of spaces and symbols where one of
 * the two is alone. */
static uint64_t in_hangul(const struct sight *s)
{
	const uint64_t lead = wide_between(s->w, 0xEA, 0xED);
	const uint64_t hangul = lead | lead << 1 | lead << 2;
	const uint64_t start = hangul & ~(hangul << 1), end = ~hangul & hangul << 1;
	const uint64_t lone_before = end & start << 3, lone = start & end >> 3;
	const uint64_t strewn = s->symbol | s->digit;
	uint64_t marks = 0, spaces = end, strewns = end, mixed = end, numbered = end;
	uint64_t symbols = end, lettered = 0; /* strewn, with one letter */

	for (unsigned k = 0; k < LOOSE_GAP_MAX; k++) {
		spaces &= (s->space & ~s->symbol) >> k;
		symbols &= s->symbol >> k;
		lettered = (lettered & strewn >> k) | (strewns & s->letter >> k);
		strewns &= strewn >> k;
		numbered &= (s->space | strewn) >> k;
		mixed &= (s->space | s->symbol) >> k;
		const uint64_t next = start >> (k + 1), next_lone = lone >> (k + 1);
		marks |= (strewns | lettered) & next;
		marks |= numbered & lone_before & next_lone;
		marks |= mixed & ~spaces & ((lone_before & next) | next_lone);
	}
	return marks | (symbols & s->symbol >> LOOSE_GAP_MAX);
}

/* Places before which, up to LOOSE_GAP_MAX octets back from the nearest, one of these is. */
static uint64_t near_before(uint64_t places)
{
	return places >> 2 | places >> 3 | places >> 4 | places >> 5;
}

/* Letters by themselves: the first of three, or any where foreign ones may join them. */
static uint64_t spelled(const struct sight *s, bool foreign)
{
	const uint64_t lone = s->letter & ~(s->letter << 1) & ~(s->letter >> 1);

	return foreign ? lone : lone & near_before(lone & near_before(lone));
}

/* Signs before pieces of at most three letters, one after the other: ca-si-no. */
static uint64_t chunks(const struct sight *s, uint64_t behind_letter)
{
	const uint64_t apart = behind_letter & s->symbol & s->letter >> 1;

	return apart & (apart >> 2 | apart >> 3 | apart >> 4);
}

/* Digits and signs between letters that stand for one, or are left out; up to three of them
 * in a row (LEET_MAX in loose_leet.c); and signs for the first letter of a word, or the last.
 * Out of the way of texts that have none. */
static uint64_t in_words(const struct sight *s)
{
	const uint64_t alnum = s->letter | s->digit;
	const uint64_t strewn = s->digit | s->symbol, one = strewn & s->letter << 1;
	const uint64_t two = one & strewn >> 1, three = two & strewn >> 2;
	const uint64_t inside =
		(one & s->letter >> 1) | (two & s->letter >> 2) | (three & s->letter >> 3);
	/* Not what ends words everywhere, so that most texts have none. */
	const uint64_t odd = s->symbol & ~wide_between(s->w, ',', '?');
	const uint64_t first = (odd | s->digit) & s->letter >> 1 & ~(alnum << 1);
	const uint64_t last = odd & one & ~(alnum >> 1);
	const uint64_t zero = wide_equal(s->w, '0') & one & ~(alnum >> 1);
	const uint64_t cut = wide_equal(s->w, '-') | wide_equal(s->w, '_') |
	                     (wide_equal(s->w, '.') & s->letter >> 3);
	uint64_t marks = zero | chunks(s, one) |
	                 (cut & one & s->letter << 2 & s->letter >> 1 & s->letter >> 2);

	if (inside != 0)
		marks |= inside & (s->digit | wide_between(s->w, '\v', '\r') |
		                   wide_between(s->w, '!', '%') | wide_equal(s->w, '*') |
		                   wide_equal(s->w, '+') | wide_equal(s->w, '=') |
		                   wide_equal(s->w, '@') | wide_equal(s->w, '^') |
		                   wide_equal(s->w, '`') | wide_between(s->w, '|', '~'));
	if ((first | last) != 0)
		marks |= (first | last) & (wide_equal(s->w, '$') | wide_equal(s->w, '+') |
		                           wide_equal(s->w, '@') | wide_equal(s->w, '|'));
	if (last != 0) /* "dot!+" */
		marks |= last & wide_equal(s->w, '!') &
		         (wide_equal(s->w, '$') | wide_equal(s->w, '+') |
		          wide_equal(s->w, '@')) >>
		                 1;
	if (first != 0)
		marks |= first & (wide_equal(s->w, '!') | wide_equal(s->w, '0'));
	return marks;
}

/* Places behind which, after at most LOOSE_GAP_MAX spaces, one of these is. */
static uint64_t behind_spaces(const struct sight *s, uint64_t what)
{
	uint64_t found = what >> 1, spaces = s->space >> 1;

	for (unsigned k = 2; k < LOOSE_GAP_MAX + 2; k++) {
		found |= spaces & what >> k;
		spaces &= s->space >> k;
	}
	return found;
}

/* Dots with a space before them, spelled or in brackets; slashes with spaces. */
static uint64_t in_urls(const struct sight *s)
{
	const uint64_t dot = wide_equal(s->w, '.'), slash = wide_equal(s->w, '/');
	const uint64_t spelled = (wide_equal(s->w, 'd') & wide_equal(s->w, 'o') >> 1 &
	                          wide_equal(s->w, 't') >> 2) |
	                         (wide_equal(s->w, 0xEC) & wide_equal(s->w, 0xA0) >> 1 &
	                          wide_equal(s->w, 0x90) >> 2); /* 점 */
	const uint64_t common = wide_equal(s->w, 'c') | wide_equal(s->w, 'n');
	const uint64_t spaced = s->space << 1;
	uint64_t marks = (dot | (spelled & s->space >> 3)) & spaced;

	if (s->symbol == 0)
		return marks;
	const uint64_t open =
		wide_equal(s->w, '[') | wide_equal(s->w, '(') | wide_equal(s->w, '{');
	marks |= open & behind_spaces(s, dot | spelled);
	const uint64_t hex = s->digit | wide_between(s->w, 'a', 'f');
	marks |= wide_equal(s->w, '%') & hex >> 1 & hex >> 2;
	/* In "://" and behind a dot; "a / b" as well, which is seldom. */
	marks |= slash & (spaced | s->space >> 1);
	/* "casino. com" and "casino,com", of the two most common (loose_url.c) */
	const uint64_t comma = wide_equal(s->w, ',');
	marks |= ((dot | comma) & s->space >> 1 & common >> 2) | (comma & common >> 1);
	marks |= wide_equal(s->w, ':') & (spaced | s->space >> 1) & behind_spaces(s, slash);
	return marks;
}

/* Places before a gap between digits of up to three signs and spaces, nine octets before it at
 * most, where one of the signs is none that numbers have. */
static uint64_t before_odd_gap(const struct sight *s)
{
	const uint64_t usual = wide_between(s->w, '(', ')') | wide_equal(s->w, '-') |
	                       wide_equal(s->w, ',') | wide_between(s->w, ':', ';');
	const uint64_t odd = s->symbol & ~usual, gap = s->symbol | s->space;
	const uint64_t one = gap & s->digit << 1, two = one & gap >> 1, three = two & gap >> 2;
	const uint64_t gaps = (one & odd & s->digit >> 1) |
	                      (two & (odd | odd >> 1) & s->digit >> 2) |
	                      (three & (odd | odd >> 1 | odd >> 2) & s->digit >> 3);
	const uint64_t by_two = gaps >> 1 | gaps >> 2, by_four = by_two | by_two >> 2;

	return by_four | by_four >> 4 | gaps >> 9;
}

/* Telephone numbers with digits of ASCII that are not written as such: where they begin. */
static uint64_t in_numbers(const struct sight *s)
{
	const uint64_t o = wide_equal(s->w, 'o'), zero = wide_equal(s->w, '0');
	const uint64_t like = o | wide_equal(s->w, 'l') | wide_equal(s->w, 'i');
	const uint64_t digit = s->digit | like;
	const uint64_t no_begin = s->letter | s->digit | (s->symbol & s->digit << 1);
	const uint64_t begin =
		(zero | (o & (s->digit >> 1 | (like >> 1 & digit >> 2)))) & ~(no_begin << 1);

	if (begin == 0)
		return 0;
	const uint64_t other = like | s->high, gap = s->symbol | s->space;
	return begin & (o | before_odd_gap(s) | other >> 1 | (s->digit >> 1 & other >> 2) |
	                (gap >> 1 & digit >> 2 & gap >> 3 & digit >> 4));
}

/* Those in words of Korean: 공 or 영 before what may be another digit. */
static uint64_t spoken(const struct sight *s)
{
	const uint64_t zero = (wide_equal(s->w, 0xEA) & wide_equal(s->w, 0xB3) >> 1 &
	                       wide_equal(s->w, 0xB5) >> 2) |
	                      (wide_equal(s->w, 0xEC) & wide_equal(s->w, 0x98) >> 1 &
	                       wide_equal(s->w, 0x81) >> 2);

	if (zero == 0)
		return 0;
	/* 공 영, 일 이, 삼 사, 오, 육 륙, 칠, 팔, 구 by their first two octets */
	const uint64_t lead = wide_between(s->w, 0xEA, 0xED);
	const uint64_t second = wide_between(s->w, 0x9C, 0x9D) | wide_equal(s->w, 0x82) |
	                        wide_equal(s->w, 0x98) | wide_equal(s->w, 0xB9);
	const uint64_t digit = (wide_equal(s->w, 0xEC) & second >> 1) |
	                       (wide_equal(s->w, 0xED) & wide_equal(s->w, 0x8C) >> 1) |
	                       (wide_equal(s->w, 0xEB) & wide_equal(s->w, 0xA5) >> 1) |
	                       (wide_equal(s->w, 0xEA) &
	                        (wide_equal(s->w, 0xB3) | wide_equal(s->w, 0xB5)) >> 1);
	const uint64_t alone = s->space & ~(lead << 6); /* no syllable before it */
	return zero & (~(lead | s->space) | digit | alone) >> 3;
}

/* The marks of n octets, at most 64; foreign: the text has some. */
static uint64_t marks_of(const uint8_t *in, size_t n, bool has_foreign)
{
	const struct sight s = sight_of(wide_load(in, n));
	const uint64_t star = wide_equal(s.w, '*') | wide_equal(s.w, 'x');
	uint64_t marks = spelled(&s, has_foreign) | in_urls(&s) |
	                 (wide_equal(s.w, 'h') & star >> 1 & star >> 2) |    /* hxxp, h**p */
	                 (wide_equal(s.w, 'z') & wide_equal(s.w, 'r') >> 2); /* zero */

	if ((s.symbol | s.digit) != 0)
		marks |= in_words(&s);
	if (s.digit != 0)
		marks |= in_numbers(&s);
	if (s.high != 0)
		marks |= in_hangul(&s) | spoken(&s);
	if (has_foreign)
		marks |= foreign(s.w);
	return marks;
}

bool loose_foreign(const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += WIDE) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		if (wide_high(w) != 0 && foreign(w) != 0)
			return true;
	}
	return false;
}

size_t loose_seek(struct loose_marks *m, size_t from)
{
	while (from < m->len) {
		if (from >= m->end) {
			m->first = from > BACK ? from - BACK : 0;
			const size_t left = m->len - m->first, n = left < WIDE ? left : WIDE;
			m->marks = marks_of(m->in + m->first, n, m->foreign);
			/* What follows the last ones is not seen, if not that nothing does. */
			m->end = m->first + (n < WIDE ? n : n - AHEAD);
		}
		const uint64_t marks =
			m->marks & ~wide_first(from - m->first) & wide_first(m->end - m->first);
		if (marks != 0)
			return m->first + wide_lowest(marks);
		from = m->end;
	}
	return m->len;
}
