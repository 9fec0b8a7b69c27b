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

/* Words with letters of other languages, in a text that is of one with marks. */
#define OTHERS_MAX 1u
/* Letters of a piece of a word that signs were put into, pieces, and letters of the whole:
 * ca-si-no. */
#define PIECE_MAX 3u
#define PIECES_MIN 3u
#define PIECES_LETTERS_MIN 5u
/* Letters by themselves that make a word when they follow one another. */
#define SPELLED_MIN 3u

static bool is_jamo(const uint8_t *at) { return at[0] == 0xE3; }

/* Whether an octet of ASCII makes its word an address, or part of one. */
static bool in_address(const uint8_t *in, size_t i, size_t len)
{
	return kind_of_ascii(in[i]) == DIGIT ||
	       (i + 1 < len && in[i + 1] > ' ' && strchr("./:@", in[i]) != NULL);
}

/*
 * Whether all letters are of an alphabet with marks that we have rules of, but for those of
 * addresses and of one word, which may be a name: then the marks are the language's, which
 * they tell apart, and none was strewn. Of letters that lose marks the leads are C3 to D4 and
 * E1; EA to ED are Hangul's.
 */
static bool keeps_marks(const uint8_t *in, size_t len)
{
	bool other = false, address = false; /* in this word */
	unsigned others = 0;

	for (size_t i = 0, octets; i < len; i++) {
		if (in[i] <= ' ') {
			others += other && !address;
			other = address = false;
		} else if (in[i] < 0x80) {
			other |= in[i] >= 'a' && in[i] <= 'z' &&
			         (loose_ascii_own >> (in[i] - 'a') & 1) == 0;
			address |= in_address(in, i, len);
		} else if (in[i] >= 0xEA && in[i] <= 0xED) {
			return false;
		} else if ((in[i] >= 0xC3 && in[i] <= 0xD4) || in[i] == 0xE1) {
			const uint32_t word = loose_word(fold_get(in + i, len - i, &octets));
			if ((word & 0xFFFF) != 0 && (word & LOOSE_OWN) == 0)
				return false;
		}
	}
	return others + (other && !address) <= OTHERS_MAX;
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
#define LETTERS (1u << LETTER)

static inline struct gap gap_at(const struct loose *l, size_t i)
{
	struct gap gap = { 0 };
	size_t octets;
	enum kind k = kind_at(l, i, &octets);

	for (unsigned n = 0; (1u << k & (SPACES | SYMBOLS | DIGITS | LETTERS)) != 0; n++) {
		if (n >= LOOSE_GAP_MAX && (gap.kinds | 1u << k) != SYMBOLS)
			return gap;
		if (k == LETTER && (gap.kinds & LETTERS) != 0)
			return gap;
		if (n == LOOSE_SYMBOLS_MAX)
			return gap;
		gap.kinds |= 1u << k;
		i += octets;
		k = kind_at(l, i, &octets);
	}
	if (k != HANGUL || gap.kinds == 0 ||
	    (gap.kinds & (LETTERS | SPACES)) == (LETTERS | SPACES))
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
 * Symbols and digits always are, and one letter (카x지); spaces, because words of Korean have
 * them too, only where a syllable stands alone on both sides, or on one when there are symbols
 * among them; digits and spaces together as above.
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

/* Octets of letters of Hangul at in[i] that stand between syllables and were put together with
 * neither: strewn in, like laughter and fillers ("대ㅊ출", "카ㅋㅋ지노"). */
static size_t stray_letters(const struct loose *l, size_t i)
{
	size_t end = i, octets;

	while (end < l->len && end - i < LOOSE_GAP_MAX * 3 && is_jamo(l->in + end) &&
	       kind_at(l, end, &octets) == HANGUL)
		end += octets;
	return syllable_at(l, end) ? end - i : 0;
}

/* And the syllables that follow it at once. */
static void take_hangul(struct loose *l, size_t octets)
{
	bool letter = is_jamo(l->in + l->i), spaced;

	write_octets(l, l->in + l->i, octets);
	l->i += octets;
	l->syllables++;
	for (;;) {
		const size_t stray = letter ? 0 : stray_letters(l, l->i);
		l->changed |= stray != 0;
		l->i += stray;
		if (!syllable_at(l, l->i))
			break;
		if (loose_may_be_number(l, l->i) && loose_take_number(l))
			return;
		write_octets(l, l->in + l->i, 3);
		l->syllables++;
		l->i += 3;
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
	for (enum kind k; i - gap < LOOSE_GAP_MAX; i += octets) {
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

static size_t piece_at(const struct loose *l, size_t i)
{
	size_t n = 0;

	while (n <= PIECE_MAX && i + n < l->len && l->in[i + n] >= 'a' && l->in[i + n] <= 'z')
		n++;
	return n;
}

/* Octets of the sign at in[i] that pieces of a word are kept apart by: the same as the one
 * before, if there was one (was octets). */
static size_t piece_sign(const struct loose *l, size_t i, const uint8_t *sign, size_t was)
{
	size_t octets;

	if (kind_at(l, i, &octets) != SYMBOL || strchr("@:\r", l->in[i]) != NULL)
		return 0;
	if (was != 0 && (was != octets || memcmp(l->in + i, sign, was) != 0))
		return 0;
	return kind_behind(l, i + octets) == LETTER ? octets : 0;
}

/* Whether these were put apart, and no address is: with dots their pieces are longer. */
static bool are_pieces(size_t pieces, size_t letters, size_t longest, uint8_t sign)
{
	return pieces >= PIECES_MIN && letters >= PIECES_LETTERS_MIN &&
	       (sign != '.' || longest < PIECE_MAX);
}

/* A word in pieces with one and the same sign between them. */
static __attribute__((noinline)) bool take_pieces(struct loose *l)
{
	size_t i = l->i, n = 0, pieces = 0, was = 0, longest = 0;
	const uint8_t *sign = l->in + i;
	uint8_t word[64];

	for (size_t octets = 1; octets != 0; i += octets) {
		const size_t letters = piece_at(l, i);
		if (letters == 0 || letters > PIECE_MAX || n + letters > sizeof(word))
			return false;
		memcpy(word + n, l->in + i, letters);
		n += letters;
		i += letters;
		longest = letters > longest ? letters : longest;
		pieces++;
		octets = piece_sign(l, i, sign, was);
		sign = octets != 0 ? l->in + i : sign;
		was = octets != 0 ? octets : was;
	}
	if (is_alnum(kind_behind(l, i)) || !are_pieces(pieces, n, longest, *sign))
		return false;
	write_octets(l, word, n);
	l->i = i;
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

	if (loose_may_be_number(l, l->i) && loose_take_number(l))
		return;
	if (k == HANGUL) {
		take_hangul(l, octets);
		return;
	}
	l->syllables = 0;
	if ((k == SPACE || k == SYMBOL) && loose_take_url(l))
		return;
	if (l->in[l->i] == '%' && loose_take_percent(l))
		return;
	if ((k == SYMBOL || k == DIGIT) &&
	    (loose_take_inside(l) || loose_take_domain(l) || loose_take_cut(l)))
		return;
	if ((k == SYMBOL || l->in[l->i] == '0') && loose_take_first(l))
		return;
	if (k == LETTER && !is_alnum(kind_written(l)) &&
	    (loose_take_hxxp(l) || take_spelled(l) || take_pieces(l)))
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
