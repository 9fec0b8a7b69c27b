/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose: the second reading of a folded text, without what was strewn into its words.
 *
 * One pass; every rule looks at what was written last and at a bounded piece ahead, and
 * whatever it does makes the text shorter or leaves its length: the bound of the output is
 * the input. Behind a space no rule remembers anything, so from there to where something may
 * change next (loose_seek.c), which in most texts is nowhere, octets are copied unread.
 */
#include "fold_priv.h"

#include <string.h>

#include "loose_kind.h"
#include "loose_priv.h"

/* Characters between two syllables that are taken for strewn. */
#define GAP_MAX 4u
/* Spaces that a broken URL has in one place. */
#define SPACES_MAX 4u
/* Letters by themselves that make a word when they follow one another. */
#define SPELLED_MIN 3u

struct loose {
	const uint8_t *in;
	size_t len, i;
	uint8_t *out;
	size_t n;
	unsigned syllables; /* written since the last gap of the original */
	bool dotted;        /* a dot or a slash since the last space */
	bool jamo;          /* something is gone beside a letter of Hangul */
	bool changed;
};

static bool is_jamo(const uint8_t *at) { return at[0] == 0xE3; }

/* Kind of the character at in[i], and its octets. */
static inline enum kind kind_at(const struct loose *l, size_t i, size_t *octets)
{
	*octets = 0;
	return i >= l->len ? END : kind_in(l->in + i, l->len - i, octets);
}

static bool is_alnum(enum kind k) { return k == LETTER || k == DIGIT; }

static enum kind kind_behind(const struct loose *l, size_t i)
{
	size_t octets;

	return kind_at(l, i, &octets);
}

/* Of the character that was written last. */
static enum kind kind_written(const struct loose *l)
{
	size_t at = l->n, octets;

	if (l->n == 0)
		return END;
	if (l->out[at - 1] < 0x80)
		return kind_of_ascii(l->out[at - 1]);
	do
		at--;
	while (at > 0 && l->n - at < 4 && (l->out[at] & 0xC0) == 0x80);
	return kind_in(l->out + at, l->n - at, &octets);
}

static bool written_alnum(const struct loose *l) { return is_alnum(kind_written(l)); }
static bool written_letter(const struct loose *l) { return kind_written(l) == LETTER; }

static void write_octets(struct loose *l, const void *octets, size_t n)
{
	memcpy(l->out + l->n, octets, n);
	l->n += n;
}

static size_t skip_spaces(const struct loose *l, size_t i)
{
	const size_t end = i + SPACES_MAX < l->len ? i + SPACES_MAX : l->len;

	while (i < end && l->in[i] == ' ')
		i++;
	return i;
}

static inline bool has(const struct loose *l, size_t i, const char *word)
{
	if (i >= l->len || l->in[i] != (uint8_t)word[0])
		return false;
	const size_t n = strlen(word);

	return l->len - i >= n && memcmp(l->in + i, word, n) == 0;
}

/*
 * Behind a syllable: where the next one is if what lies between was strewn in, else 0.
 * Symbols and digits always are; spaces, because words of Korean have them too, only where
 * a syllable stands alone on both sides, or on one when there are symbols among them.
 */
static size_t gap_end(const struct loose *l, bool *spaced)
{
	size_t i = l->i, octets;
	bool space = false, digit = false, symbol = false;
	enum kind k = kind_at(l, i, &octets);

	for (unsigned n = 0; k == SPACE || k == SYMBOL || k == DIGIT; n++) {
		if (n == GAP_MAX)
			return 0;
		space |= k == SPACE;
		digit |= k == DIGIT;
		symbol |= k == SYMBOL;
		i += octets;
		k = kind_at(l, i, &octets);
	}
	if (k != HANGUL || i == l->i)
		return 0;
	const unsigned alone = (l->syllables == 1) + (kind_behind(l, i + octets) != HANGUL);
	if (space && (digit || alone < (symbol ? 1u : 2u)))
		return 0;
	*spaced = space;
	return i;
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

/* Letters that stand alone, from in[i] on, each where the one before had its gap; writes
 * them when they are enough. "f r e e", "f.r.e.e", "f1r1e1e". A space ends a word that was
 * not spelled with spaces. */
static bool take_spelled(struct loose *l)
{
	size_t i = l->i, n = 0, letters = 0, octets;
	bool spaced = false, first = false;
	uint8_t word[64], digit = 0;

	while (n + 4 <= sizeof(word) && (octets = lone_letter(l, i)) != 0) {
		memcpy(word + n, l->in + i, octets);
		n += octets;
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
	if (digit_goes_on(l, i, digit))
		i++;
	else if (is_alnum(kind_behind(l, i)))
		return false;
	write_octets(l, word, n);
	l->i = i;
	l->changed = true;
	return true;
}

/* A dot for in[i ..): bracketed, spelled, or with a space before it; octets of it, 0 none. */
static size_t broken_dot(const struct loose *l)
{
	static const char *const forms[] = { ".", "dot", "점", "。", "·" };
	size_t i = skip_spaces(l, l->i);
	const bool space = i > l->i;
	const bool open = i < l->len && strchr("[({", l->in[i]) != NULL && l->in[i] != '\0';
	const size_t inner = open ? skip_spaces(l, i + 1) : i;

	for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
		if (!has(l, inner, forms[k]))
			continue;
		i = inner + strlen(forms[k]);
		size_t end = skip_spaces(l, i);
		if (open && (end == l->len || strchr("])}", l->in[end]) == NULL))
			return 0;
		/* "dot" alone is a word, and so is its Korean; a dot ends a sentence. */
		if (!open && ((k < 3 && !space) || ((k == 1 || k == 2) && end == i)))
			return 0;
		end = open ? skip_spaces(l, end + 1) : end;
		return is_alnum(kind_behind(l, end)) ? end - l->i : 0;
	}
	return 0;
}

/* "http : / /" and a slash with spaces in a URL; octets of it and what it is. */
static size_t broken_slash(const struct loose *l, const char **is)
{
	size_t i = skip_spaces(l, l->i);

	*is = "/";
	if (i < l->len && l->in[i] == ':') {
		*is = "://";
		i = skip_spaces(l, i + 1);
		if (i == l->len || l->in[i] != '/')
			return 0;
		i = skip_spaces(l, i + 1);
	} else if (!l->dotted) {
		return 0;
	}
	if (i == l->len || l->in[i] != '/')
		return 0;
	i = skip_spaces(l, i + 1);
	return i - l->i > strlen(*is) && is_alnum(kind_behind(l, i)) ? i - l->i : 0;
}

/* Whether broken_dot() or broken_slash() may find something: by what is behind the spaces. */
static bool may_be_url(const struct loose *l)
{
	const size_t i = skip_spaces(l, l->i);

	switch (i < l->len ? l->in[i] : 0) {
	case '.':
	case '[':
	case '(':
	case '{':
	case ':':
	case '/':
	case 'd':  /* dot */
	case 0xEC: /* 점 */
	case 0xE3: /* the ideographic full stop */
	case 0xC2: /* the middle dot */
		return true;
	default:
		return false;
	}
}

/* Behind a letter or digit: a URL that was broken up goes on. */
static bool take_url(struct loose *l)
{
	const char *is = ".";
	size_t octets;

	if (!may_be_url(l) || !written_alnum(l))
		return false;
	octets = broken_dot(l);
	if (octets == 0)
		octets = broken_slash(l, &is);
	if (octets == 0)
		return false;
	write_octets(l, is, strlen(is));
	l->i += octets;
	l->dotted = l->changed = true;
	return true;
}

/* A digit or sign that stands for a letter inside a word that is no address. */
static uint8_t letter_like(uint8_t c)
{
	static const uint8_t letters[0x80] = {
		['0'] = 'o', ['1'] = 'i', ['3'] = 'e', ['4'] = 'a',
		['5'] = 's', ['7'] = 't', ['@'] = 'a', ['$'] = 's',
	};

	return c < 0x80 ? letters[c] : 0;
}

/* Inside a word of Latin letters: what stands for a letter, or was strewn in. */
static bool take_inside(struct loose *l, enum kind k, size_t octets)
{
	const uint8_t c = l->in[l->i];

	if (!written_letter(l) || l->dotted || kind_behind(l, l->i + octets) != LETTER)
		return false;
	if (letter_like(c) != 0) {
		const uint8_t letter = letter_like(c);
		write_octets(l, &letter, 1);
	} else if (k != SYMBOL || (c < 0x80 && strchr("*^~|\"+=#%!`", c) == NULL)) {
		return false;
	}
	l->i += octets;
	l->changed = true;
	return true;
}

/* Behind a dot, three letters of which the middle one is a digit or sign: .c0m, .n3t. */
static bool take_domain(struct loose *l)
{
	size_t octets;

	if (l->n < 2 || l->i + 1 >= l->len || l->out[l->n - 2] != '.' || !written_letter(l) ||
	    letter_like(l->in[l->i]) == 0 || kind_at(l, l->i + 1, &octets) != LETTER ||
	    is_alnum(kind_behind(l, l->i + 1 + octets)))
		return false;
	const uint8_t letter = letter_like(l->in[l->i]);
	write_octets(l, &letter, 1);
	l->i++;
	l->changed = true;
	return true;
}

static bool take_hxxp(struct loose *l)
{
	if (written_alnum(l) || (!has(l, l->i, "hxxp") && !has(l, l->i, "h**p")))
		return false;
	write_octets(l, "http", 4);
	l->i += 4;
	l->changed = true;
	return true;
}

/* Letters behind a letter: nothing begins there. */
static void take_letters(struct loose *l)
{
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
	if ((k == SPACE || k == SYMBOL) && take_url(l))
		return;
	if ((k == SYMBOL || k == DIGIT) && (take_inside(l, k, octets) || take_domain(l)))
		return;
	if (k == LETTER && !written_alnum(l) && (take_hxxp(l) || take_spelled(l)))
		return;
	if (k == SPACE || k == OTHER)
		l->dotted = false;
	else if (l->in[l->i] == '.' || l->in[l->i] == '/')
		l->dotted = true;
	write_octets(l, l->in + l->i, octets);
	l->i += octets;
	if (k == LETTER)
		take_letters(l);
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
