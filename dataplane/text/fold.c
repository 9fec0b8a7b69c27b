/* SPDX-License-Identifier: Apache-2.0 */
#include "fold_priv.h"

#include <ctype.h>

#include "text_priv.h"

const struct text_table text_table_default = {
	.stage1 = fold_stage1,
	.stage2 = fold_stage2,
	.pool = fold_pool,
	.last_lead = 0xE3,
};

/*
 * Octets above ASCII that begin a character which has to be looked up. The others are Hangul
 * syllables (EA B0 80 to ED 9E A3; a lead whose second octet is outside w is looked up),
 * ideographs (leads behind the last one, to E9), and octets behind a lead.
 */
static uint64_t to_look_up(struct wide w, uint8_t last_lead)
{
	const uint64_t from_b0 = wide_equal(w, 0xEA) & wide_between(w, 0xB0, 0xBF) >> 1;
	const uint64_t to_9d = wide_equal(w, 0xED) & wide_between(w, 0x80, 0x9D) >> 1;
	const uint64_t leads = wide_between(w, 0xC2, last_lead);

	return leads | (wide_equal(w, 0xEA) & ~from_b0) | (wide_equal(w, 0xED) & ~to_9d) |
	       wide_between(w, 0xEE, 0xFF);
}

/* Controls of ASCII, which are dropped. */
static uint64_t controls(struct wide w)
{
	return (wide_between(w, 0x00, 0x1F) & ~wide_between(w, '\t', '\r')) |
	       wide_equal(w, 0x7F);
}

void fold_put(struct fold *f, uint32_t c, size_t from)
{
	const size_t octets = put_utf8(f->out + f->n, c);

	if (f->map != NULL)
		for (size_t k = 0; k < octets; k++)
			f->map[f->n + k] = (uint32_t)from;
	f->n += octets;
}

uint32_t fold_take_back(struct fold *f, size_t *from)
{
	const size_t end = f->n;
	size_t octets;

	do
		f->n--;
	while (f->n > 0 && end - f->n < 4 && (f->out[f->n] & 0xC0) == 0x80);
	*from = f->map != NULL ? f->map[f->n] : 0;
	return fold_get(f->out + f->n, end - f->n, &octets);
}

/* Four octets are read and stored where four are left; a character is fewer only at the
 * end. An octet read leaves 11 to write, so the store fits before the last four. */
static void copy_same(struct fold *f, size_t octets)
{
	if (f->len - f->i >= 4)
		memcpy(f->out + f->n, f->in + f->i, 4);
	else
		memcpy(f->out + f->n, f->in + f->i, octets);
	f->n += octets;
}

void fold_copy(struct fold *f, size_t octets)
{
	for (size_t k = 0; f->map != NULL && k < octets; k++)
		f->map[f->n + k] = (uint32_t)f->i;
	copy_same(f, octets);
	f->i += octets;
}

/* What depends on no neighbour: SAME, PUT and STRING. */
static inline void put_word(struct fold *f, uint32_t word, size_t octets)
{
	const size_t before = f->n;

	if (fold_kind(word) == FOLD_SAME) {
		copy_same(f, octets);
	} else if (fold_kind(word) == FOLD_PUT) {
		memcpy(f->out + f->n, &word, 3);
		f->n += word >> 24 & 0xF;
	} else {
		memcpy(f->out + f->n, f->table->pool + (word & 0xFFFF), word >> 16 & 0xFFF);
		f->n += word >> 16 & 0xFFF;
	}
	for (size_t k = before; f->map != NULL && k < f->n; k++)
		f->map[k] = (uint32_t)f->i;
	f->i += octets;
}

/* Octets that are looked at before and behind a capital: more than most words have. */
#define NEAR 24u

/* Whether a letter of ASCII is in the word that in[i] is of. */
static bool in_latin_word(const struct fold *f, size_t i)
{
	const size_t from = i > NEAR ? i - NEAR : 0;
	const size_t to = f->len - i > NEAR ? i + NEAR : f->len;
	size_t k = i;

	while (k > from && f->in[k - 1] >= 0x80)
		k--;
	if (k > from && isalpha(f->in[k - 1]))
		return true;
	for (k = i; k < to && f->in[k] >= 0x80;)
		k++;
	return k < to && isalpha(f->in[k]);
}

static void put_capital(struct fold *f, uint32_t word, size_t octets)
{
	fold_put(f, in_latin_word(f, f->i) ? word >> 8 & 0xFF : word & 0xFF, f->i);
	f->i += octets;
}

static void look_up(struct fold *f)
{
	size_t octets;
	const uint32_t word = fold_word_at(f, f->i, &octets);

	if (fold_kind(word) <= FOLD_STRING)
		put_word(f, word, octets);
	else if (fold_kind(word) == FOLD_JAMO)
		fold_jamo_at(f);
	else if (fold_kind(word) == FOLD_SIGN)
		fold_sign_at(f);
	else if (fold_kind(word) == FOLD_CAPITAL)
		put_capital(f, word, octets);
	else
		fold_marks_at(f);
}

/* Whether to look up once more before 64 octets are looked at together. */
static bool more_of_the_kind(const struct fold *f)
{
	const uint8_t next = f->i < f->len ? f->in[f->i] : ' ';

	return text_is_control(next) || (next >= 0xC2 && next <= f->table->last_lead) ||
	       next >= 0xEE;
}

/* Octets copied as they are; those behind a lead stem from it. */
static void map_quiet(struct fold *f, size_t quiet)
{
	for (size_t k = 0; k < quiet; k++) {
		const bool behind = (f->in[f->i + k] & 0xC0) == 0x80 && f->n + k > 0;
		f->map[f->n + k] = behind ? f->map[f->n + k - 1] : (uint32_t)(f->i + k);
	}
}

size_t text_fold_with(const struct text_table *table, const uint8_t *in, size_t len,
                      uint8_t *out, size_t cap, uint32_t *map)
{
	struct fold f = { .table = table, .in = in, .len = len, .out = out, .map = map };

	bug_if(cap / TEXT_FOLD_GROWTH < len);
	f.marked = SIZE_MAX;
	while (f.i < len) {
		const size_t n = len - f.i < WIDE ? len - f.i : WIDE;
		const struct wide w = wide_load(in + f.i, n);
		const uint64_t high = wide_high(w) != 0 ? to_look_up(w, table->last_lead) : 0;
		const uint64_t may = high | (controls(w) & wide_first(n));
		const size_t quiet = may != 0 ? wide_lowest(may) : n;

		wide_store(out + f.n, wide_lower(w), n);
		if (map != NULL)
			map_quiet(&f, quiet);
		f.i += quiet;
		f.n += quiet;
		if (may == 0)
			continue;
		do
			look_up(&f);
		while (more_of_the_kind(&f));
	}
	if (map != NULL)
		map[f.n] = (uint32_t)len;
	return f.n;
}

size_t text_fold(const uint8_t *in, size_t len, uint8_t *out, size_t cap)
{
	return text_fold_with(&text_table_default, in, len, out, cap, NULL);
}
