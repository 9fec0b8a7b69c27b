/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold_jamo: Hangul written in letters, put together as a keyboard does it.
 *
 * Letters come conjoining, compatibility, half-width or enclosed; Latin look-alikes count
 * where a letter of the other kind is beside them and no Latin word goes on. A letter that
 * stays alone becomes the compatibility one, in which patterns are written.
 */
#include "fold_priv.h"

#include <ctype.h>

#define SYLLABLE_FIRST 0xAC00u
#define SYLLABLES 11172u
#define NONE (-1)

/* The syllable that is being put together. */
struct block {
	int lead, vowel, tail; /* tail 0: none yet */
	int last, before;      /* lead that the next vowel takes away, and the tail then left */
	size_t from, last_from;
};
static const struct block empty = { NONE, NONE, 0, NONE, 0, 0, 0 };

/* The last four no keyboard puts together, but they look it: ㅏㅣ, ㅑㅣ, ㅓㅣ, ㅕㅣ. */
static const uint8_t vowel_pairs[][3] = {
	{ 8, 0, 9 },   { 8, 1, 10 },   { 8, 20, 11 },  { 13, 4, 14 },
	{ 13, 5, 15 }, { 13, 20, 16 }, { 18, 20, 19 }, { 0, 20, 1 },
	{ 2, 20, 3 },  { 4, 20, 5 },   { 6, 20, 7 },
};

/* Folded ASCII that stands for a vowel behind a lead: ㄷH, ㄱr, ㅇF, ㅈl, ㄱT. */
static int vowel_like(uint8_t octet)
{
	switch (octet) {
	case 'h':
		return 1;
	case 'r':
		return 0;
	case 'f':
		return 2;
	case 't':
		return 13;
	case 'l':
	case 'i':
	case '1':
	case '|':
	case '!':
		return 20;
	default:
		return NONE;
	}
}

/* Folded ASCII that stands for a lead before a vowel: Oㅏ, 7ㅏ, Lㅏ, Cㅏ, 2ㅣ, Eㅏ. */
static int lead_like(uint8_t octet)
{
	switch (octet) {
	case 'o':
	case '0':
		return 11;
	case '7':
		return 0;
	case 'l':
		return 2;
	case 'c':
		return 3;
	case '2':
	case 'z':
		return 5;
	case 'e':
		return 16;
	default:
		return NONE;
	}
}

/* ㅜ ㅠ ㅡ are eyes in faces. */
static bool is_eye(int vowel) { return vowel == 13 || vowel == 17 || vowel == 18; }

static void put_syllable(struct fold *f, const struct block *b, int tail)
{
	fold_put(f, SYLLABLE_FIRST + (uint32_t)((b->lead * 21 + b->vowel) * 28 + tail),
	         b->from);
}

static void flush(struct fold *f, struct block *b)
{
	if (b->vowel != NONE)
		put_syllable(f, b, b->tail);
	else if (b->lead != NONE)
		fold_put(f, fold_lead_letter[b->lead], b->from);
	*b = empty;
}

static void take_lead(struct fold *f, struct block *b, int lead, size_t from)
{
	int tail = 0;

	if (b->vowel != NONE && b->tail == 0) {
		tail = fold_tail_of[lead];
	} else if (b->vowel != NONE && b->last != NONE) {
		for (const uint8_t *p = fold_tail_pairs[0]; p[0] != 0 && tail == 0; p += 3)
			if (p[0] == b->tail && p[1] == lead)
				tail = p[2];
	}
	if (tail != 0) {
		b->before = b->tail;
		b->tail = tail;
		b->last = lead;
		b->last_from = from;
		return;
	}
	flush(f, b);
	b->lead = lead;
	b->from = from;
}

/* A lead that a look-alike at the end of out stands for. */
static void take_back_lead(struct fold *f, struct block *b, int vowel)
{
	if (f->n == 0 || f->marked == f->n || is_eye(vowel))
		return;
	const int lead = lead_like(f->out[f->n - 1]);
	if (lead == NONE || (f->n > 1 && isalnum(f->out[f->n - 2])))
		return;
	fold_take_back(f, &b->from);
	b->lead = lead;
}

static int joined_vowels(int a, int b)
{
	for (size_t i = 0; i < sizeof(vowel_pairs) / sizeof(vowel_pairs[0]); i++)
		if (vowel_pairs[i][0] == a && vowel_pairs[i][1] == b)
			return vowel_pairs[i][2];
	return NONE;
}

static void take_vowel(struct fold *f, struct block *b, int vowel, size_t from)
{
	if (b->lead == NONE)
		take_back_lead(f, b, vowel);
	if (b->lead != NONE && b->vowel == NONE) {
		b->vowel = vowel;
		return;
	}
	if (b->last != NONE) { /* the tail was the next syllable's lead */
		const struct block next = { b->last, vowel, 0, NONE, 0, b->last_from, 0 };
		put_syllable(f, b, b->before);
		*b = next;
		return;
	}
	if (b->vowel != NONE && b->tail == 0 && joined_vowels(b->vowel, vowel) != NONE) {
		b->vowel = joined_vowels(b->vowel, vowel);
		return;
	}
	flush(f, b);
	fold_put(f, fold_vowel_letter[vowel], from);
}

/* A tail behind a syllable that was written whole. */
static bool completes(struct fold *f, int tail)
{
	size_t from;

	if (f->n < 3 || f->marked == f->n)
		return false;
	const size_t n = f->n;
	const uint32_t c = fold_take_back(f, &from);
	if (c - SYLLABLE_FIRST >= SYLLABLES || (c - SYLLABLE_FIRST) % 28 != 0) {
		f->n = n;
		return false;
	}
	fold_put(f, c + (uint32_t)tail, from);
	return true;
}

static void take_tail(struct fold *f, struct block *b, int tail, size_t from)
{
	if (b->vowel != NONE && b->tail == 0) {
		b->tail = tail;
		return;
	}
	if (b->lead == NONE && completes(f, tail))
		return;
	flush(f, b);
	fold_put(f, fold_tail_letter[tail], from);
}

/* Whether what follows in[i] lets a Latin letter before it be a look-alike. */
static bool ends_word(const struct fold *f, size_t i)
{
	size_t octets;

	for (; i < f->len; i += octets) {
		const uint32_t word = fold_word_at(f, i, &octets);
		if (word == FOLD_DROPPED)
			continue;
		if (fold_kind(word) == FOLD_PUT)
			return !isalnum((int)(word & 0xFF));
		if (fold_kind(word) == FOLD_STRING || fold_kind(word) == FOLD_MARKED)
			return !isalnum(f->table->pool[word & 0xFFFF]);
		return fold_kind(word) != FOLD_MARK && fold_kind(word) != FOLD_CAPITAL;
	}
	return true;
}

/* A lead is last: by itself, or as a tail that may still move. */
static bool wants_vowel(const struct block *b)
{
	return b->last != NONE || (b->lead != NONE && b->vowel == NONE);
}

void fold_jamo_at(struct fold *f)
{
	struct block b = empty;

	while (f->i < f->len) {
		size_t octets;
		const uint32_t word = fold_word_at(f, f->i, &octets);
		const int which = (int)(word & 0xFF);
		const bool jamo = fold_kind(word) == FOLD_JAMO;

		if (jamo && (word >> 8 & 3) == FOLD_LEAD)
			take_lead(f, &b, which, f->i);
		else if (jamo && (word >> 8 & 3) == FOLD_VOWEL)
			take_vowel(f, &b, which, f->i);
		else if (jamo)
			take_tail(f, &b, which, f->i);
		else if (word >> 24 == (FOLD_PUT << 4 | 1) && wants_vowel(&b) &&
		         vowel_like((uint8_t)word) != NONE && ends_word(f, f->i + octets))
			take_vowel(f, &b, vowel_like((uint8_t)word), f->i);
		else if (word != FOLD_DROPPED)
			break;
		f->i += octets;
	}
	flush(f, &b);
}
