/* SPDX-License-Identifier: Apache-2.0 */
#include "fold_table.h"

#include <errno.h>
#include <stdlib.h>

#include "fold_priv.h"
#include "text_priv.h"

/* A table of the operator's in one piece. */
struct own_table {
	struct text_table table; /* the first: its address is the whole's */
	struct image_fold rows[IMAGE_FOLDS_MAX];
	uint16_t stage1[FOLD_BLOCKS];
	uint8_t *pool; /* behind the blocks */
	uint32_t used; /* blocks of stage2 */
	uint32_t stage2[];
};

const struct image_fold *text_fold_row(const struct image_fold *rows, uint32_t n, uint32_t c)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		const uint32_t middle = (low + high) / 2;
		if (rows[middle].from < c)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && rows[low].from == c ? &rows[low] : NULL;
}

uint32_t fold_instead(const struct text_table *t, uint32_t c)
{
	const struct image_fold *row = text_fold_row(t->rows, t->n_rows, c);

	return row == NULL ? c : row->to;
}

static bool is_character(uint32_t c)
{
	return c < FOLD_CODE_POINTS && (c < 0xD800 || c > 0xDFFF);
}

static const char *from_fault(uint32_t c)
{
	if (!is_character(c))
		return "is no character";
	if (c < 0x80)
		return "is ASCII, which nothing but its case is folded of";
	if (c >= 0xAC00 && c <= 0xD7A3)
		return "is a syllable of Hangul";
	switch (fold_kind(fold_word(&text_table_default, c))) {
	case FOLD_JAMO:
		return "is a letter of Hangul, which its neighbours are put together with";
	case FOLD_MARK:
		return "is a mark, which the letter before it is composed with";
	default:
		return NULL;
	}
}

static const char *to_fault(uint32_t from, uint32_t to)
{
	uint8_t octets[4], was[4], folded[4 * TEXT_FOLD_GROWTH];

	if (!is_character(to) || to < 0x20 || to == 0x7F)
		return "is no character to fold to";
	if (to > 0xFFFF)
		return "is beyond U+FFFF";
	const size_t n = put_utf8(octets, to);
	if (n > put_utf8(was, from))
		return "is longer in UTF-8 than what would fold to it";
	if (fold_kind(fold_word(&text_table_default, to)) == FOLD_MARK ||
	    fold_kind(fold_word(&text_table_default, to)) == FOLD_SIGN)
		return "is a mark, which the letter before it is composed with";
	if (text_fold(octets, n, folded, sizeof(folded)) != n || memcmp(folded, octets, n) != 0)
		return "is itself folded to something else";
	return to == from ? "would fold to itself" : NULL;
}

const char *text_fold_fault(const struct image_fold *row, uint32_t *which)
{
	const char *fault = from_fault(row->from);

	*which = row->from;
	if (fault != NULL)
		return fault;
	*which = row->to;
	return to_fault(row->from, row->to);
}

/* The word of what a row folds to: of a letter of Hangul that very letter's. */
static uint32_t word_of(uint32_t to)
{
	const uint32_t word = fold_word(&text_table_default, to);
	uint32_t octets = 0;

	if (fold_kind(word) != FOLD_SAME)
		return word;
	const uint32_t n = (uint32_t)put_utf8((uint8_t *)&octets, to);
	return FOLD_PUT << 28 | n << 24 | octets;
}

/* The octets that a word puts by itself; 0: none, or only its neighbours can tell. */
static size_t octets_of(const uint32_t *word, const uint8_t **octets)
{
	switch (fold_kind(*word)) {
	case FOLD_PUT:
		*octets = (const uint8_t *)word; /* lowest first */
		return *word >> 24 & 0xF;
	case FOLD_STRING:
	case FOLD_MARKED:
		*octets = fold_pool + (*word & 0xFFFF);
		return *word >> 16 & 0xFFF;
	default:
		return 0;
	}
}

static bool has_row(const struct text_table *t, const uint8_t *in, size_t len)
{
	size_t octets;

	for (size_t i = 0; i < len; i += octets)
		if (text_fold_row(t->rows, t->n_rows, fold_get(in + i, len - i, &octets)))
			return true;
	return false;
}

/* A word with the characters replaced in what it puts, which is never longer than it was: a
 * string stays at its place in the pool, where other words of the same string have it too. */
static uint32_t closed(struct own_table *t, uint32_t word)
{
	const uint8_t *in = NULL;
	const size_t len = octets_of(&word, &in);
	const bool put = fold_kind(word) == FOLD_PUT;
	uint32_t payload = 0, n = 0;
	uint8_t *out = put ? (uint8_t *)&payload : t->pool + (word & 0xFFFF);
	size_t octets;

	if (!has_row(&t->table, in, len))
		return word;
	const uint32_t first = fold_instead(&t->table, fold_get(in, len, &octets));
	if (octets == len)
		return word_of(first);
	for (size_t i = 0; i < len; i += octets) {
		const uint32_t c = fold_get(in + i, len - i, &octets);
		n += (uint32_t)put_utf8(out + n, fold_instead(&t->table, c));
	}
	return put ? FOLD_PUT << 28 | n << 24 | payload : (word & 0xF000FFFF) | n << 16;
}

/* The word of a row, in a block of its own. */
static void patch(struct own_table *t, const struct image_fold *row)
{
	uint16_t *block = &t->stage1[row->from / FOLD_BLOCK];

	if (*block < fold_stage2_n) {
		memcpy(t->stage2 + t->used * FOLD_BLOCK, t->stage2 + *block * FOLD_BLOCK,
		       FOLD_BLOCK * sizeof(*t->stage2));
		*block = (uint16_t)t->used++;
	}
	t->stage2[*block * FOLD_BLOCK + row->from % FOLD_BLOCK] = word_of(row->to);
	/* Rows are sorted, so the last ideograph has the last lead. */
	if (row->from >= 0x4000 && row->from < 0xA000)
		t->table.last_lead = (uint8_t)(0xE0 | row->from >> 12);
}

int text_table_open(const struct text_table **out, const struct image_fold *rows, uint32_t n)
{
	const size_t blocks = (fold_stage2_n + (size_t)n) * FOLD_BLOCK * sizeof(uint32_t);
	/* Four octets are read behind a string (put_word); the tables have them too. */
	const size_t pool = fold_pool_n + 4;

	*out = &text_table_default;
	if (n == 0)
		return 0;
	bug_if(n > IMAGE_FOLDS_MAX || fold_stage2_n + n > UINT16_MAX);
	struct own_table *t = malloc(sizeof(*t) + blocks + pool);
	if (t == NULL)
		return -ENOMEM;
	t->pool = (uint8_t *)t->stage2 + blocks;
	t->used = fold_stage2_n;
	t->table = (struct text_table){ t->stage1, t->stage2, t->pool, 0xE3, t->rows, n };
	memcpy(t->rows, rows, n * sizeof(*rows));
	memcpy(t->stage1, fold_stage1, sizeof(t->stage1));
	memcpy(t->stage2, fold_stage2, fold_stage2_n * FOLD_BLOCK * sizeof(*t->stage2));
	memcpy(t->pool, fold_pool, pool);
	for (size_t i = 0; i < fold_stage2_n * (size_t)FOLD_BLOCK; i++)
		t->stage2[i] = closed(t, t->stage2[i]);
	for (uint32_t i = 0; i < n; i++)
		patch(t, &t->rows[i]);
	*out = &t->table;
	return 0;
}

void text_table_close(const struct text_table *table)
{
	if (table != NULL && table != &text_table_default)
		free((void *)(uintptr_t)table);
}
