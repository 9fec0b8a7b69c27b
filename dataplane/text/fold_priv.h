/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold_priv: what the files of text_fold() share; the tables are fold_gen.py's.
 *
 * A code point's word is fold_stage2[fold_stage1[c / 64] * 64 + c % 64]: 0 when it folds to
 * itself, else a kind above 28 bits of payload.
 */
#ifndef DP_FOLD_PRIV_H
#define DP_FOLD_PRIV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#define FOLD_CODE_POINTS 0x110000u
#define FOLD_BLOCK 64u
#define FOLD_BLOCKS (FOLD_CODE_POINTS / FOLD_BLOCK)

enum fold_kind {
	FOLD_SAME = 0,
	FOLD_PUT = 1,     /* bits 0-23 octets, lowest first; 24-27 how many, 0 = dropped */
	FOLD_STRING = 2,  /* bits 0-15 place in the pool, 16-27 octets */
	FOLD_MARK = 3,    /* bits 0-15 row of fold_marks: orders or composes with others */
	FOLD_JAMO = 4,    /* bits 0-7 which, 8-9 enum fold_jamo_class */
	FOLD_MARKED = 5,  /* as STRING: a character and marks that it does not compose with */
	FOLD_CAPITAL = 7, /* letters of ASCII: bits 0-7 by its small one, 8-15 by itself */
	FOLD_SIGN = 6, /* itself: of a script with vowel signs; without order or composition */
};
enum fold_jamo_class { FOLD_LEAD = 0, FOLD_VOWEL = 1, FOLD_TAIL = 2 };

#define FOLD_DROPPED (FOLD_PUT << 28)

static inline enum fold_kind fold_kind(uint32_t word) { return (enum fold_kind)(word >> 28); }

/* What a mark is after folding (second 0: one character), and combining classes. */
struct fold_mark {
	uint32_t c[2];
	uint8_t ccc[2];
};
/* fold_pairs: a, b compose to c, sorted by a, b. fold_parts: a is b and c, by a. */
struct fold_pair {
	uint32_t a, b, c;
};
extern const uint16_t fold_stage1[FOLD_BLOCKS];
extern const uint32_t fold_stage2[];
extern const uint8_t fold_pool[];
extern const struct fold_mark fold_marks[];
extern const struct fold_pair fold_pairs[], fold_parts[];
extern const uint32_t fold_pairs_n, fold_stage2_n, fold_pool_n; /* stage2_n in blocks */

/* Modern jamo as letters (U+31xx), and the tail of a lead (0: none). Rows of fold_pair_tail
 * are tail, lead, both as one tail; 0 ends. */
extern const uint16_t fold_lead_letter[19], fold_vowel_letter[21], fold_tail_letter[28];
extern const uint8_t fold_tail_of[19];
extern const uint8_t fold_tail_pairs[][3];

struct text_table {
	const uint16_t *stage1;
	const uint32_t *stage2;
	const uint8_t *pool;
	uint8_t last_lead; /* 0xE3; up to 0xE9: some of U+4000-9FFF fold to something else */
	const struct image_fold *rows; /* fold_table.c: the operator's, by from */
	uint32_t n_rows;
};

/* What c is put as where it came about by composition: itself, unless a row has it. */
uint32_t fold_instead(const struct text_table *table, uint32_t c);

/* A text half folded: in[0 .. i) is read and out[0 .. n) written. */
struct fold {
	const struct text_table *table;
	const uint8_t *in;
	size_t len, i;
	uint8_t *out;
	size_t n;
	uint32_t *map; /* or NULL: place in `in` of each octet of out */
	size_t marked; /* n behind the last marks; what is there has no neighbour before it */
};

/* Whether marks of other scripts are strewn over it: a letter or digit of ASCII, a Latin letter
 * with marks of its own, or one of Hangul. */
static inline bool fold_is_bare(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 0xC0 && c < 0x250) ||
	       (c >= 0x1E00 && c < 0x1F00) || (c >= 0x3131 && c < 0x318F) ||
	       (c >= 0xAC00 && c < 0xD7A4);
}

/* fold_mark.c, fold_jamo.c: in[i] begins a MARK or MARKED, a SIGN, a JAMO; reads on as far as
 * its neighbours matter. */
void fold_marks_at(struct fold *f);
void fold_sign_at(struct fold *f);
void fold_jamo_at(struct fold *f);

/* The code point at in, and its octets; a broken one is a single octet. */
static inline uint32_t fold_get(const uint8_t *in, size_t left, size_t *octets)
{
	const uint8_t lead = in[0];
	const size_t n = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	uint32_t c = n == 1 ? lead : lead & (0xFFu >> (n + 1));

	*octets = n <= left ? n : 1;
	for (size_t i = 1; i < *octets; i++)
		c = c << 6 | (in[i] & 0x3F);
	return c;
}

static inline uint32_t fold_word(const struct text_table *t, uint32_t c)
{
	if (c >= FOLD_CODE_POINTS)
		return 0;
	return t->stage2[t->stage1[c / FOLD_BLOCK] * FOLD_BLOCK + c % FOLD_BLOCK];
}

/* The word at in[i], i < len; an octet of 0x80 and above by itself is no character. */
static inline uint32_t fold_word_at(const struct fold *f, size_t i, size_t *octets)
{
	const uint32_t c = fold_get(f->in + i, f->len - i, octets);

	return *octets == 1 && c >= 0x80 ? 0 : fold_word(f->table, c);
}

/* Append a character that in[from] gave rise to. */
void fold_put(struct fold *f, uint32_t c, size_t from);

/* The character of in[i] as it is, which no word changes. */
void fold_copy(struct fold *f, size_t octets);

/* Take back the last character of out, n > 0; *from is what gave rise to it. */
uint32_t fold_take_back(struct fold *f, size_t *from);

#endif
