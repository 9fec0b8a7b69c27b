/* SPDX-License-Identifier: Apache-2.0 */
/* loose_priv: what the files of text_loose() share. */
#ifndef DP_LOOSE_PRIV_H
#define DP_LOOSE_PRIV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "loose_kind.h"

/* Characters between two syllables that are taken for strewn. */
#define LOOSE_GAP_MAX 4u
/* So many if all are symbols. */
#define LOOSE_SYMBOLS_MAX 16u

/* How far before a mark a rule may begin, less the word that it begins in: four characters
 * of four octets, or brackets with four spaces on either side, and some to spare. */
#define LOOSE_REWIND 20u

/* Whether the text has symbols or letters that are neither ASCII nor syllables of Hangul. */
bool loose_foreign(const uint8_t *in, size_t len);

/* The marks of a text; the last set is kept. */
struct loose_marks {
	/* set by the caller; foreign: loose_foreign() of the text */
	const uint8_t *in;
	size_t len;
	bool foreign;

	uint64_t marks;
	size_t first, end; /* what marks stands for: in[first ..), sure before end */
};

/* The first mark at from or behind it, or len: before that, but for LOOSE_REWIND octets and
 * the word there, text_loose() changes nothing. from never goes back. */
size_t loose_seek(struct loose_marks *marks, size_t from);

/* A text half read: in[0 .. i) is read and out[0 .. n) written. */
struct loose {
	const uint8_t *in;
	size_t len, i;
	uint8_t *out;
	size_t n;
	unsigned syllables; /* written since the last gap of the original */
	bool numbered;      /* and that gap had a digit and a space */
	bool dotted;        /* a dot or a slash since the last space */
	bool leet;          /* a digit or sign was taken for a letter since the last space */
	bool jamo;          /* something is gone beside a letter of Hangul */
	bool marked;        /* letters keep their marks: they are those of a language */
	bool changed;
};

/* loose_url.c: a URL that was broken up goes on behind a letter or digit; it begins; a letter,
 * digit, dot or hyphen of one that is written in percent (RFC 3986 section 2.1). False: nothing
 * was taken. */
bool loose_take_url(struct loose *l);
bool loose_take_percent(struct loose *l);
/* Whether in[i] is the last piece of a domain, of all those or of the two most common. */
bool loose_ends_address(const struct loose *l, size_t i, bool common);
bool loose_take_hxxp(struct loose *l);

/* loose_leet.c: inside a word of Latin letters, at a sign or digit, what stands for letters, or
 * was strewn in; for its first letters, "$ale" (of digits only "0ffer":
 * others are a number of something); and behind a dot, three letters of which the middle one
 * is a digit or sign: .c0m, .n3t; of .com, which people write on behind, whatever follows. */
bool loose_take_inside(struct loose *l);
bool loose_take_first(struct loose *l);
bool loose_take_domain(struct loose *l);
/* loose_cut.c: a hyphen, underscore or dot that cuts a word in two: cas-ino. */
bool loose_take_cut(struct loose *l);

/* loose_number.c: a telephone number that is not written as one; from its first digit on. */
bool loose_take_number(struct loose *l);

/* Whether its first digit may be at in[i], i < len: 0, o, zero, 공, 영, 〇. */
static inline bool loose_may_be_number(const struct loose *l, size_t i)
{
	switch (l->in[i]) {
	case '0':
	case 'o':
		return true;
	case 'z':
		return l->len - i > 4 && memcmp(l->in + i, "zero", 4) == 0;
	case 0xE3:
		return l->len - i > 3 && memcmp(l->in + i, "〇", 3) == 0;
	case 0xEA:
		return l->len - i > 3 && memcmp(l->in + i, "공", 3) == 0;
	case 0xEC:
		return l->len - i > 3 && memcmp(l->in + i, "영", 3) == 0;
	default:
		return false;
	}
}

/* Kind of the character at in[i], and its octets. */
static inline enum kind kind_at(const struct loose *l, size_t i, size_t *octets)
{
	*octets = 0;
	return i >= l->len ? END : kind_in(l->in + i, l->len - i, octets);
}

static inline bool is_small(uint8_t c) { return c >= 'a' && c <= 'z'; }

static inline bool is_alnum(enum kind k) { return k == LETTER || k == DIGIT; }

static inline enum kind kind_behind(const struct loose *l, size_t i)
{
	size_t octets;

	return kind_at(l, i, &octets);
}

/* Of the character that was written last. */
static inline enum kind kind_written(const struct loose *l)
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

static inline void write_octets(struct loose *l, const void *octets, size_t n)
{
	memcpy(l->out + l->n, octets, n);
	l->n += n;
}

#endif
