/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <utf8proc.h>

#include "fold_table.h"
#include "guarded.h"

#define CODE_POINTS 0x110000
#define TEXT_MAX 1024u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int by_from(const void *a, const void *b)
{
	const struct image_fold *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static const struct text_table *table_of(const struct image_fold *rows, uint32_t n)
{
	const struct text_table *table = NULL;

	assert_int_equal(text_table_open(&table, rows, n), 0);
	return table;
}

static size_t encode(const int32_t *c, size_t n, uint8_t *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += (size_t)utf8proc_encode_char(c[i], out + len);
	return len;
}

static size_t code_points(const uint8_t *in, size_t len, int32_t *c)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++)
		i += (size_t)utf8proc_iterate(in + i, (utf8proc_ssize_t)(len - i), &c[n]);
	return n;
}

/* Folding between guard pages; with a map too, which changes nothing. */
static const uint8_t *fold(const struct text_table *table, const uint8_t *text, size_t len,
                           size_t *folded)
{
	static uint8_t again[TEXT_FOLD_GROWTH * TEXT_MAX];
	static uint32_t map[TEXT_FOLD_GROWTH * TEXT_MAX + 1];
	const size_t cap = TEXT_FOLD_GROWTH * len;
	uint8_t *in = guard_end(&in_guard, len), *out = guard_end(&out_guard, cap);

	memcpy(in, text, len);
	*folded = text_fold_with(table, in, len, out, cap, NULL);
	assert_int_equal(text_fold_with(table, in, len, again, cap, map), *folded);
	assert_memory_equal(again, out, *folded);
	assert_int_equal(map[*folded], len);
	return out;
}

static void folds_to(const struct text_table *table, const char *in, const char *wanted)
{
	size_t n;
	const uint8_t *out = fold(table, (const uint8_t *)in, strlen(in), &n);

	if (n != strlen(wanted) || memcmp(out, wanted, n) != 0)
		fail_msg("%s folds to %.*s, not to %s", in, (int)n, (const char *)out, wanted);
}

/* What rows are not: and which of the two characters it is that is wrong. */
static void faults(void **state)
{
	static const struct {
		struct image_fold row;
		bool to; /* of which the fault is */
		const char *says;
	} wrong[] = {
		{ { 'a', 'b' }, false, "is ASCII" },
		{ { '1', 'l' }, false, "is ASCII" },
		{ { '!', 'l' }, false, "is ASCII" },
		{ { 0xD800, 'l' }, false, "is no character" },
		{ { 0x110000, 'l' }, false, "is no character" },
		{ { 0xAC00, 'l' }, false, "is a syllable" },
		{ { 0xD7A3, 'l' }, false, "is a syllable" },
		{ { 0x314F, 'l' }, false, "is a letter of Hangul" },
		{ { 0x1161, 'l' }, false, "is a letter of Hangul" },
		{ { 0x3260, 'l' }, false, "is a letter of Hangul" },
		{ { 0x301, 'l' }, false, "is a mark" },
		{ { 0x3099, 'l' }, false, "is a mark" },
		{ { 0x1F600, 0x1F601 }, true, "is beyond" },
		{ { 0x1F600, 0x110000 }, true, "is no character" },
		{ { 0x1F600, 0 }, true, "is no character" },
		{ { 0x1F600, '\n' }, true, "is no character" },
		{ { 0x1F600, 0x3099 }, true, "is a mark" },
		{ { 0x1F600, 'A' }, true, "is itself folded" },
		{ { 0x1F600, 0x430 }, true, "is itself folded" },
		{ { 0x1F600, 0x1161 }, true, "is itself folded" },
		{ { 0x1F600, 0x200B }, true, "is itself folded" },
		{ { 0x1F600, 0x301 }, true, "is a mark" },
		{ { 0x44F, 0x314F }, true, "is longer" },
		{ { 0x44F, 0x44F }, true, "would fold to itself" },
	};
	uint32_t which;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		const struct image_fold *row = &wrong[i].row;
		const char *fault = text_fold_fault(row, &which);
		if (fault == NULL || strstr(fault, wrong[i].says) == NULL ||
		    which != (wrong[i].to ? row->to : row->from))
			fail_msg("%X %X: U+%04X %s", row->from, row->to, which,
			         fault != NULL ? fault : "nothing");
	}
	const struct image_fold right[] = { { 0x535C, 0x314F }, { 0x44F, 'r' },
		                            { 0x1F600, ':' },   { 0xE9, 'e' },
		                            { 0xB0, 'o' },      { 0x4E28, '|' },
		                            { 0xE000, 0xAC00 }, { 0x430, 'o' } };
	for (size_t i = 0; i < COUNT(right); i++)
		assert_null(text_fold_fault(&right[i], &which));
}

static void as_read(void **state)
{
	static const struct image_fold rows[] = {
		{ 0xB0, 'o' },      { 0xE9, 'e' },      { 0x436, 'x' },   { 0x44F, 'r' },
		{ 0x4E28, 0x3163 }, { 0x535C, 0x314F }, { 0x1F600, 'h' },
	};
	const struct text_table *table = table_of(rows, COUNT(rows));

	(void)state;
	/* Its neighbours take it for what it stands for. */
	folds_to(table, "ㄷ卜, ㅁ丨 ㄷ😀출", "다, 미 대출");
	/* Capitals, wide and squared forms are folded with it. */
	folds_to(table, "fЯee fяee 37℃ É", "free free 37oc e");
	/* A letter that comes about by composition, and a mark on what was folded. */
	folds_to(table, "fre\u0301e \u0436\u0308", "free ẍ");
	folds_to(&text_table_default, "ㄷ卜 fЯee 37℃ É", "ㄷ卜 fяee 37°c é");
	text_table_close(table);

	/* The same as the default one, and not ours to free. */
	assert_ptr_equal(table_of(rows, 0), &text_table_default);
	text_table_close(&text_table_default);
	text_table_close(NULL);
}

/* An ideograph at every place of a text that vectors look at. */
static void every_place(void **state)
{
	static const struct image_fold rows[] = { { 0x4E28, 'l' }, { 0x9FFF, 'y' } };
	const struct text_table *table = table_of(rows, COUNT(rows));
	int32_t c[200], wanted[200];
	uint8_t in[4 * 200], out[4 * 200];

	(void)state;
	for (size_t n = 1; n < 200; n++)
		for (size_t at = n > 140 ? n - 3 : 0; at < n; at++) {
			size_t folded;
			for (size_t i = 0; i < n; i++)
				c[i] = wanted[i] = i % 3 == 0 ? 0x4E29 : 'a';
			c[at] = at % 2 ? 0x4E28 : 0x9FFF;
			wanted[at] = at % 2 ? 'l' : 'y';
			const uint8_t *got = fold(table, in, encode(c, n, in), &folded);
			assert_int_equal(folded, encode(wanted, n, out));
			assert_memory_equal(got, out, folded);
		}
	text_table_close(table);
}

static int32_t pick_from(void)
{
	switch (random() % 6) {
	case 0:
		return (int32_t)(0xA0 + random() % 0x500);
	case 1:
		return (int32_t)(0x1E00 + random() % 0x1400);
	case 2:
		return (int32_t)(0x3000 + random() % 0x7000);
	case 3:
		return (int32_t)(0x1F100 + random() % 0x800);
	case 4:
		return (int32_t)(0x10400 + random() % 0x30);
	default:
		return (int32_t)(0x80 + random() % 0x10000);
	}
}

static int32_t pick_to(void)
{
	switch (random() % 4) {
	case 0:
		return (int32_t)(0x3131 + random() % 51);
	case 1:
		return (int32_t)(random() % 0x10000);
	default:
		return "hrftliheno07cz2eab|"[random() % 19];
	}
}

/* Rows as text_table_open() wants them. */
static uint32_t random_rows(struct image_fold *rows, uint32_t wanted)
{
	uint32_t n = 0, kept = 0, which;

	while (n < wanted) {
		rows[n] = (struct image_fold){ (uint32_t)pick_from(), (uint32_t)pick_to() };
		n += text_fold_fault(&rows[n], &which) == NULL;
	}
	qsort(rows, n, sizeof(*rows), by_from);
	for (uint32_t i = 0; i < n; i++)
		if ((kept == 0 || rows[kept - 1].from != rows[i].from) &&
		    text_fold_row(rows, n, rows[i].to) == NULL)
			rows[kept++] = rows[i];
	return kept;
}

struct twin {
	struct image_fold rows[IMAGE_FOLDS_MAX];
	uint32_t n;
};

/* Each character that has a row as what it stands for; how many had one. */
static size_t replace(const struct twin *t, int32_t *c, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct image_fold *row = text_fold_row(t->rows, t->n, (uint32_t)c[i]);
		if (row != NULL)
			c[i] = (int32_t)row->to;
		found += row != NULL;
	}
	return found;
}

/* Letters of Hangul, or first one of ASCII that may stand for a vowel behind some. */
static bool has_letter(const int32_t *c, size_t n)
{
	if (c[0] < 0x80)
		return true;
	for (size_t i = 0; i < n; i++)
		if (c[i] > 0x3130 && c[i] < 0x3164)
			return true;
	return false;
}

/* What one character folds to, written out; 0: no row concerns it, or among several there is
 * a letter, which does not join what is beside them. */
static size_t write_folded(const struct twin *t, int32_t c, int32_t *out)
{
	uint8_t octets[4], folded[4 * TEXT_FOLD_GROWTH];
	const size_t len = encode(&c, 1, octets);
	const size_t n =
		code_points(folded, text_fold(octets, len, folded, sizeof(folded)), out);

	return replace(t, out, n) == 0 || (n > 1 && has_letter(out, n)) ? 0 : n;
}

/* Characters as they would have been written without look-alikes: replaced themselves, or
 * what they fold to is. */
static size_t write_out(const struct twin *t, const int32_t *in, size_t n, int32_t *out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const bool row = text_fold_row(t->rows, t->n, (uint32_t)in[i]) != NULL;
		const size_t more = row ? 0 : write_folded(t, in[i], out + k);
		if (more == 0)
			out[k] = in[i];
		replace(t, out + k, row);
		k += more == 0 ? 1 : more;
	}
	return k;
}

/* The twin: the text written out, folded by the default table, and replaced once more, where
 * composition made a character that has a row. */
static size_t twin_fold(const struct twin *t, const int32_t *c, size_t n, uint8_t *out)
{
	static int32_t written[18 * TEXT_MAX];
	static uint8_t in[4 * 18 * TEXT_MAX], folded[TEXT_FOLD_GROWTH * sizeof(in)];
	const size_t k = write_out(t, c, n, written);
	const size_t len = encode(written, k, in);
	const size_t f = text_fold(in, len, folded, TEXT_FOLD_GROWTH * len);
	const size_t m = code_points(folded, f, written);

	replace(t, written, m);
	return encode(written, m, out);
}

static int32_t pick(const struct twin *t)
{
	switch (random() % 8) {
	case 0:
	case 1:
	case 2: {
		const int32_t c = (int32_t)t->rows[(size_t)random() % t->n].from;
		return random() % 4 == 0 ? utf8proc_toupper(c) : c;
	}
	case 3:
		return (int32_t)(0x3131 + random() % 51);
	case 4:
		return random() % 3 != 0 ? 'e' : (int32_t)(0x300 + random() % 0x30);
	case 5:
		return (int32_t)(0x3200 + random() % 0x200); /* squares: several characters */
	case 6:
		return (int32_t)(0x20 + random() % 0x5F);
	default:
		return (int32_t)(0xAC00 + random() % 11172);
	}
}

static void print(const char *what, const int32_t *c, size_t n)
{
	print_message("%s", what);
	for (size_t i = 0; i < n; i++)
		print_message(" %04X", (unsigned)c[i]);
	print_message("\n");
}

static void check(const struct twin *t, const struct text_table *table, const int32_t *c,
                  size_t n)
{
	static uint8_t in[4 * TEXT_MAX], wanted[44 * TEXT_MAX];
	static int32_t characters[44 * TEXT_MAX];
	size_t folded;
	const uint8_t *out = fold(table, in, encode(c, n, in), &folded);
	const size_t want = twin_fold(t, c, n, wanted);

	if (folded != want || memcmp(out, wanted, want) != 0) {
		print("text", c, n);
		print("folds to", characters, code_points(out, folded, characters));
		print("not to", characters, code_points(wanted, want, characters));
		fail();
	}
	/* What has a row is nowhere in a folded text. */
	assert_int_equal(replace(t, characters, code_points(out, folded, characters)), 0);
}

static void random_texts(void **state)
{
	static struct twin t;

	(void)state;
	srandom(21);
	for (unsigned round = 0; round < 60; round++) {
		t.n = random_rows(t.rows, round % 8 == 0 ? IMAGE_FOLDS_MAX : 1 + round % 40);
		if (t.n == 0)
			continue;
		const struct text_table *table = table_of(t.rows, t.n);
		for (unsigned k = 0; k < 300; k++) {
			int32_t c[100];
			const size_t n = 1 + (size_t)random() % (k % 8 == 0 ? 100 : 10);
			for (size_t i = 0; i < n; i++)
				c[i] = pick(&t);
			check(&t, table, c, n);
		}
		text_table_close(table);
	}
}

/* Every character under the largest tables: no growth beyond the header's bound, and those
 * that no row concerns fold as they did. */
static void every_code_point(void **state)
{
	static struct twin t;

	(void)state;
	srandom(22);
	t.n = random_rows(t.rows, IMAGE_FOLDS_MAX);
	const struct text_table *table = table_of(t.rows, t.n);
	for (int32_t c = 0; c < CODE_POINTS; c++) {
		if (c < 0xD800 || c > 0xDFFF)
			check(&t, table, &c, 1);
	}
	text_table_close(table);
}

static int setup(void **state)
{
	(void)state;
	in_guard = guard_new(4 * TEXT_MAX);
	out_guard = guard_new(TEXT_FOLD_GROWTH * 4 * TEXT_MAX);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),           cmocka_unit_test(as_read),
		cmocka_unit_test(every_place),      cmocka_unit_test(random_texts),
		cmocka_unit_test(every_code_point),
	};
	return cmocka_run_group_tests(tests, setup, guards_free);
}
