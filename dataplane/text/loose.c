/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose: the second reading of a folded text, without what was strewn into its words.
 *
 * One pass; every rule looks at what was written last and at a bounded piece ahead, and
 * whatever it does makes the text shorter or leaves its length: the bound of the output is
 * the input. Behind a space no rule remembers anything, so from there to where something may
 * change next (loose_seek.c), which in most texts is nowhere, octets are copied unread.
 */
#include "loose_priv.h"

#include <string.h>

#include "text_priv.h"

/* Characters between two syllables that are taken for strewn. */
#define GAP_MAX 4u
/* Letters by themselves that make a word when they follow one another. */
#define SPELLED_MIN 3u
/* Digits and signs in a row that stand for letters. */
#define LEET_MAX 3u

static bool is_jamo(const uint8_t *at) { return at[0] == 0xE3; }

static bool written_letter(const struct loose *l) { return kind_written(l) == LETTER; }

/*
 * Whether all letters with marks are of an alphabet that we have rules of: then they are the
 * language's, which the marks tell apart, and none was strewn. Of letters that lose marks the
 * leads are C3 to D4 and E1.
 */
static bool keeps_marks(const uint8_t *in, size_t len)
{
	for (size_t i = 0, octets; i < len; i++) {
		if (in[i] < 0xC3 || (in[i] > 0xD4 && in[i] != 0xE1))
			continue;
		const uint32_t word = loose_word(fold_get(in + i, len - i, &octets));
		if ((word & 0xFFFF) != 0 && (word & LOOSE_OWN) == 0)
			return false;
	}
	return true;
}

/* The letter at in[i], without the marks it may have, to this place; octets written. */
static size_t bare_letter(const struct loose *l, size_t i, uint8_t *out)
{
	size_t octets;

	if (l->in[i] < 0x80) {
		*out = l->in[i];
		return 1;
	}
	const uint32_t bare = loose_word(fold_get(l->in + i, l->len - i, &octets)) & 0xFFFF;
	if (bare != 0 && !l->marked)
		return put_utf8(out, bare);
	memcpy(out, l->in + i, octets);
	return octets;
}

/* What lies between two syllables. */
struct gap {
	size_t end;     /* where the next one begins; 0: there is none, or it is too far */
	unsigned kinds; /* a bit each */
	bool lone;      /* the next one is by itself */
};

#define SPACES (1u << SPACE)
#define SYMBOLS (1u << SYMBOL)
#define DIGITS (1u << DIGIT)

static inline struct gap gap_at(const struct loose *l, size_t i)
{
	struct gap gap = { 0 };
	size_t octets;
	enum kind k = kind_at(l, i, &octets);

	for (unsigned n = 0; (1u << k & (SPACES | SYMBOLS | DIGITS)) != 0; n++) {
		if (n == GAP_MAX)
			return gap;
		gap.kinds |= 1u << k;
		i += octets;
		k = kind_at(l, i, &octets);
	}
	if (k != HANGUL || gap.kinds == 0)
		return gap;
	gap.end = i;
	gap.lone = kind_behind(l, i + octets) != HANGUL;
	return gap;
}

/* Whether digits and spaces are strewn between lone syllables, three at least: between two
 * they are a count of something. */
static bool is_numbered(const struct loose *l, const struct gap *gap)
{
	size_t octets;

	if (!gap->lone || l->syllables != 1)
		return false;
	(void)kind_at(l, gap->end, &octets);
	const struct gap next = gap_at(l, gap->end + octets);
	return l->numbered ||
	       ((next.kinds & SPACES) != 0 && (next.kinds & DIGITS) != 0 && next.lone);
}

/*
 * Behind a syllable: where the next one is if what lies between was strewn in, else 0.
 * Symbols and digits always are; spaces, because words of Korean have them too, only where
 * a syllable stands alone on both sides, or on one when there are symbols among them; digits
 * and spaces together as above.
 */
static size_t gap_end(struct loose *l, bool *spaced)
{
	const struct gap gap = gap_at(l, l->i);

	*spaced = (gap.kinds & SPACES) != 0;
	if (gap.end == 0 || !*spaced) {
		l->numbered = false;
		return gap.end;
	}
	l->numbered = (gap.kinds & DIGITS) != 0 && is_numbered(l, &gap);
	if (l->numbered)
		return gap.end;
	const unsigned alone = (l->syllables == 1) + gap.lone;
	if ((gap.kinds & DIGITS) != 0 || alone < ((gap.kinds & SYMBOLS) != 0 ? 1u : 2u))
		return 0;
	return gap.end;
}

/* A syllable at in[i], three octets; not a letter of Hangul. */
static bool syllable_at(const struct loose *l, size_t i)
{
	if (i + 3 > l->len || l->in[i] < 0xEA || l->in[i] > 0xED)
		return false;
	const uint32_t c =
		(l->in[i] & 0xFu) << 12 | (l->in[i + 1] & 0x3Fu) << 6 | (l->in[i + 2] & 0x3Fu);
	return c >= 0xAC00 && c < 0xD7A4;
}

/* And the syllables that follow it at once. */
static void take_hangul(struct loose *l, size_t octets)
{
	bool letter = is_jamo(l->in + l->i), spaced;

	write_octets(l, l->in + l->i, octets);
	l->i += octets;
	l->syllables++;
	for (; syllable_at(l, l->i); l->i += 3) {
		write_octets(l, l->in + l->i, 3);
		l->syllables++;
		letter = false;
	}
	const size_t end = gap_end(l, &spaced);
	if (end == 0)
		return;
	l->jamo |= letter || is_jamo(l->in + end);
	l->changed = true;
	l->i = end;
	if (spaced)
		l->syllables = 0;
}

/* Octets of a letter at in[i] that no other one follows, else 0. */
static size_t lone_letter(const struct loose *l, size_t i)
{
	size_t octets;

	if (kind_at(l, i, &octets) != LETTER || kind_behind(l, i + octets) == LETTER)
		return 0;
	return octets;
}

/* What keeps two letters apart, from in[i]: spaces and symbols, or one digit, in an address
 * the same each time (*digit, 0 = none yet), and then nothing else. Octets. */
static size_t letter_gap(const struct loose *l, size_t i, bool *spaced, uint8_t *digit)
{
	size_t octets;
	const size_t gap = i;

	*spaced = false;
	if (kind_at(l, i, &octets) == DIGIT) {
		if (l->dotted && *digit != 0 && *digit != l->in[i])
			return 0;
		*digit = l->in[i];
		return octets;
	}
	if (*digit != 0)
		return 0;
	for (enum kind k; i - gap < GAP_MAX; i += octets) {
		k = kind_at(l, i, &octets);
		if (k != SPACE && k != SYMBOL)
			break;
		*spaced |= k == SPACE;
	}
	return i - gap;
}

/* Whether the digit at in[i] is the one that letters were kept apart by, before a syllable. */
static bool digit_goes_on(const struct loose *l, size_t i, uint8_t digit)
{
	return digit != 0 && i < l->len && l->in[i] == digit && kind_behind(l, i + 1) == HANGUL;
}

/* Whether a bracket before what is to be written is closed at in[i]: "(f)(r)(e)(e)". */
static bool is_bracketed(const struct loose *l, size_t i)
{
	static const char *const pairs[] = { "()", "[]", "{}", "<>" };

	for (size_t k = 0; l->n > 0 && i < l->len && k < sizeof(pairs) / sizeof(pairs[0]); k++)
		if (l->out[l->n - 1] == (uint8_t)pairs[k][0] &&
		    l->in[i] == (uint8_t)pairs[k][1])
			return true;
	return false;
}

/* Letters that stand alone, from in[i] on, each where the one before had its gap; writes
 * them when they are enough. "f r e e", "f.r.e.e", "f1r1e1e". A space ends a word that was
 * not spelled with spaces. */
static __attribute__((noinline)) bool take_spelled(struct loose *l)
{
	size_t i = l->i, n = 0, letters = 0, octets;
	bool spaced = false, first = false;
	uint8_t word[64], digit = 0;

	while (n + 4 <= sizeof(word) && (octets = lone_letter(l, i)) != 0) {
		n += bare_letter(l, i, word + n);
		i += octets;
		letters++;
		const size_t gap = letter_gap(l, i, &spaced, &digit);
		first = letters == 1 ? spaced : first;
		if (gap == 0 || spaced != first || lone_letter(l, i + gap) == 0)
			break;
		i += gap;
	}
	if (letters < SPELLED_MIN)
		return false;
	const bool bracketed = is_bracketed(l, i);
	if (digit_goes_on(l, i, digit))
		i++;
	else if (is_alnum(kind_behind(l, i)))
		return false;
	l->n -= bracketed;
	write_octets(l, word, n);
	l->i = i + bracketed;
	l->changed = true;
	return true;
}

/* The letter that a digit or sign at in[i] stands for inside a word that is no address; 0:
 * none. */
static uint8_t letter_like(const struct loose *l, size_t i, size_t *octets)
{
	static const uint8_t letters[0x80] = {
		['0'] = 'o', ['1'] = 'i', ['3'] = 'e', ['4'] = 'a',
		['5'] = 's', ['7'] = 't', ['@'] = 'a', ['$'] = 's',
	};
	static const char euro[] = "€";

	*octets = 1;
	if (i >= l->len)
		return 0;
	if (l->in[i] < 0x80)
		return letters[l->in[i]];
	*octets = sizeof(euro) - 1;
	return l->len - i >= *octets && memcmp(l->in + i, euro, *octets) == 0 ? 'e' : 0;
}

static void write_leet(struct loose *l, const uint8_t *word, size_t n, size_t to)
{
	write_octets(l, word, n);
	l->i = to;
	l->leet = l->changed = true;
}

/* In a word: digits and signs that stand for letters before another letter, or at its end
 * when it has had some before: "c4s1n0", but "abc100". */
static bool take_leet(struct loose *l)
{
	uint8_t word[LEET_MAX];
	size_t n = 0, octets, to = l->i;

	for (; n < LEET_MAX && (word[n] = letter_like(l, to, &octets)) != 0; n++)
		to += octets;
	const enum kind behind = kind_behind(l, to);
	if (n == 0 || (behind != LETTER && (!l->leet || behind == DIGIT)))
		return false;
	write_leet(l, word, n, to);
	return true;
}

/* A sign for the first letter of a word: "$ale". A digit there is a number of something. */
static __attribute__((noinline)) bool take_first(struct loose *l)
{
	size_t octets;
	const enum kind before = kind_written(l);
	const uint8_t letter = letter_like(l, l->i, &octets);
	const size_t to = l->i + octets;

	if (letter == 0 || (before != SPACE && before != END) || kind_behind(l, to) != LETTER ||
	    kind_behind(l, to + 1) != LETTER)
		return false;
	write_leet(l, &letter, 1, to);
	return true;
}

static bool is_one_of(uint8_t c, const char *letters)
{
	return c != 0 && strchr(letters, c) != NULL;
}

static bool is_vowel(uint8_t c) { return is_one_of(c, "aeiouy"); }

/* What a stroke between two letters stands for, by what is usual there; 0: it was strewn in.
 * Between consonants an i ("cas|no"), else an l ("ca|l", "b|ue"), but behind a consonant that
 * none follows in ("spec|al", "v|agra"). */
static uint8_t stroke(const struct loose *l)
{
	const uint8_t c = l->in[l->i], before = l->out[l->n - 1], behind = l->in[l->i + 1];

	if (c != '|' && c != '!')
		return 0;
	if (!is_vowel(before) && !is_vowel(behind))
		return 'i';
	if (c == '!')
		return 0;
	return is_vowel(before) || is_one_of(before, "bfgkps") ? 'l' : 'i';
}

/* Inside a word of Latin letters: what stands for a letter, or was strewn in. */
static __attribute__((noinline)) bool take_inside(struct loose *l, enum kind k, size_t octets)
{
	const uint8_t c = l->in[l->i];

	if (l->dotted || !written_letter(l))
		return false;
	if (take_leet(l))
		return true;
	if (kind_behind(l, l->i + octets) != LETTER || k != SYMBOL ||
	    (c < 0x80 && strchr("*^~|\"+=#%!`", c) == NULL))
		return false;
	const uint8_t letter = stroke(l);
	if (letter != 0)
		write_octets(l, &letter, 1);
	l->i += octets;
	l->changed = true;
	return true;
}

/* Behind a dot, three letters of which the middle one is a digit or sign: .c0m, .n3t; of .com,
 * which people write on behind, whatever follows. */
static bool take_domain(struct loose *l)
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

/* The letter at in[i] and those of ASCII behind it, where nothing begins. */
static void take_letters(struct loose *l, size_t octets)
{
	const size_t before = l->n;

	l->n += bare_letter(l, l->i, l->out + l->n);
	l->changed |= memcmp(l->out + before, l->in + l->i, l->n - before) != 0;
	l->i += octets;
	while (l->i < l->len && l->in[l->i] >= 'a' && l->in[l->i] <= 'z')
		l->out[l->n++] = l->in[l->i++];
}

static void take(struct loose *l)
{
	size_t octets;
	const enum kind k = kind_at(l, l->i, &octets);

	if (k == HANGUL) {
		take_hangul(l, octets);
		return;
	}
	l->syllables = 0;
	if ((k == SPACE || k == SYMBOL) && loose_take_url(l))
		return;
	if ((k == SYMBOL || k == DIGIT) && (take_inside(l, k, octets) || take_domain(l)))
		return;
	if (k == SYMBOL && take_first(l))
		return;
	if (k == LETTER && !is_alnum(kind_written(l)) &&
	    (loose_take_hxxp(l) || take_spelled(l)))
		return;
	if (k == SPACE || k == OTHER)
		l->dotted = l->leet = false;
	else if (l->in[l->i] == '.' || l->in[l->i] == '/')
		l->dotted = true;
	if (k == LETTER)
		take_letters(l, octets);
	else {
		write_octets(l, l->in + l->i, octets);
		l->i += octets;
	}
}

/* Letters of Hangul that have become neighbours, put together where they are: what is
 * written is never longer than what was read. */
static size_t join_jamo(uint8_t *text, size_t len)
{
	struct fold f = { .table = &text_table_default, .in = text, .len = len, .out = text };

	f.marked = SIZE_MAX;
	while (f.i < len) {
		size_t octets;
		if (fold_kind(fold_word_at(&f, f.i, &octets)) == FOLD_JAMO) {
			fold_jamo_at(&f);
			continue;
		}
		memmove(f.out + f.n, f.in + f.i, octets);
		f.n += octets;
		f.i += octets;
	}
	return f.n;
}

/* Whether the last character was a space, and is one. */
static bool is_behind_space(const struct loose *l)
{
	return l->i == 0 || (l->in[l->i - 1] == ' ' && l->out[l->n - 1] == ' ');
}

/* From behind a space to behind the last one where no rule can have begun, if the next mark
 * is at this place. */
static void skip(struct loose *l, size_t mark)
{
	size_t to = mark == l->len ? mark : mark < LOOSE_REWIND ? 0 : mark - LOOSE_REWIND;

	while (to > l->i && to < l->len && l->in[to - 1] != ' ')
		to--;
	if (to <= l->i)
		return;
	write_octets(l, l->in + l->i, to - l->i);
	l->i = to;
}

size_t text_loose(const uint8_t *in, size_t len, uint8_t *out, size_t cap)
{
	struct loose l = { .in = in, .len = len, .out = out };
	struct loose_marks marks = { .in = in, .len = len, .foreign = loose_foreign(in, len) };
	size_t mark = loose_seek(&marks, 0);

	bug_if(cap < len);
	if (mark == len)
		return 0;
	l.marked = marks.foreign && keeps_marks(in, len);
	while (l.i < len) {
		if (is_behind_space(&l)) {
			if (mark < l.i)
				mark = loose_seek(&marks, l.i);
			skip(&l, mark);
		}
		if (l.i < len)
			take(&l);
	}
	if (!l.changed)
		return 0;
	return l.jamo ? join_jamo(out, l.n) : l.n;
}
