/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus.h"
#include "fold_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_first.h"

static int add(struct corpus *corpus, const char *name, const char *text, uint32_t *row)
{
	return corpus_add(corpus, name, text, strlen(text), row);
}

static void labels_decide(void **state)
{
	struct corpus c = { 0 };
	uint32_t row;

	(void)state;
	assert_int_equal(add(&c, "dir/a.tsv",
	                     "ham\tone\nok\ttwo\notp\tthree\npromo\tfour\nfraud\tfive\r\n"
	                     "\nspam\tsix",
	                     &row),
	                 0);
	assert_int_equal(c.n, 5);
	assert_string_equal(c.sets[0].name, "a.tsv");
	assert_int_equal(c.sets[0].n_rows, 6);
	assert_int_equal(c.sets[0].n_left_out, 1);
	const bool spam[] = { false, false, false, true, true };
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(c.samples[i].spam, spam[i]);
	assert_string_equal(c.samples[3].text, "five");
	corpus_free(&c);
}

static void escapes_and_folding(void **state)
{
	struct corpus c = { 0 };
	uint32_t row;

	(void)state;
	assert_int_equal(add(&c, "a", "ham\tAb\\nB\\tC\\\\D", &row), 0);
	assert_string_equal(c.samples[0].text, "ab\nb\tc\\d");
	corpus_free(&c);
}

/* The same letters are one message, across sets, and spam when any copy is. */
static void copies_are_one(void **state)
{
	struct corpus c = { 0 };
	uint32_t row;

	(void)state;
	assert_int_equal(add(&c, "a", "ham\tCall 0800 now!\nham\t12 34\n", &row), 0);
	assert_int_equal(add(&c, "b", "spam\tcall 0900 NOW\nham\t12 35\nham\tother\n", &row),
	                 0);
	assert_int_equal(c.n, 4); /* without letters the digits tell */
	assert_true(c.samples[0].spam);
	assert_int_equal(c.samples[0].sets, 3);
	assert_int_equal(c.samples[1].sets, 1);
	assert_int_equal(c.sets[1].n_repeated, 1);
	corpus_free(&c);
}

static void wrong_rows_are_named(void **state)
{
	static const char *const wrong[] = { "no tab", "ham\t", "\ttext", "ham\tbad \xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct corpus c = { 0 };
		char text[100];
		uint32_t row;

		snprintf(text, sizeof(text), "ham\tgood\n%s\nham\tmore\n", wrong[i]);
		assert_int_equal(add(&c, "a", text, &row), -EINVAL);
		assert_int_equal(row, 2);
		corpus_free(&c);
	}
}

static void long_rows_and_many_sets(void **state)
{
	static char text[CORPUS_TEXT_MAX + 2];
	struct corpus c = { 0 };
	uint32_t row;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "ham\t", 4);
	assert_int_equal(add(&c, "a", text, &row), -EINVAL);
	for (uint32_t i = 1; i < CORPUS_SETS_MAX; i++)
		assert_int_equal(add(&c, "a", "ham\tx\n", &row), 0);
	assert_int_equal(add(&c, "a", "ham\tx\n", &row), -E2BIG);
	corpus_free(&c);
}

/* With the operator's folds a look-alike is the same message. */
static void folded_by_a_table(void **state)
{
	static const struct image_fold rows[] = { { 0x25B3, 'a' } };
	const struct text_table *table;

	(void)state;
	assert_int_equal(text_table_open(&table, rows, 1), 0);
	for (uint32_t own = 0; own < 2; own++) {
		struct corpus c = { .table = own != 0 ? table : NULL };
		uint32_t row;
		assert_int_equal(add(&c, "a", "spam\tcl△im it\nspam\tclaim it\n", &row), 0);
		assert_int_equal(c.n, 2 - own);
		const char *text = own != 0 ? "claim it" : "cl△im it";
		assert_memory_equal(c.samples[0].text, text, strlen(text));
		corpus_free(&c);
	}
	text_table_close(table);
}

/* Ten thousand distinct messages: the table grows, no one is lost, every fold gets its
 * share, a group is never divided, the same seed divides alike and another does not. */
static void split_is_even_and_repeatable(void **state)
{
	struct corpus c = { 0 };
	uint32_t row, count[5] = { 0 }, moved = 0;
	static uint32_t fold[8000];

	(void)state;
	for (int i = 0; i < 8000; i++) {
		char text[60];
		snprintf(text, sizeof(text), "ham\t%c%c%c%c and some more\n", 'a' + i % 20,
		         'a' + i / 20 % 20, 'a' + i / 400 % 20, 'a' + i % 7);
		assert_int_equal(corpus_add(&c, "a", text, strlen(text), &row), 0);
		c.n_sets = 0; /* one set for all */
		free(c.sets[0].name);
	}
	assert_int_equal(c.n, 8000);
	corpus_split(&c, 5, 0, 7);
	for (uint32_t i = 0; i < c.n; i++) {
		fold[i] = c.samples[i].fold;
		count[fold[i]]++;
	}
	for (int i = 0; i < 5; i++)
		assert_in_range(count[i], 1400, 1800);
	corpus_split(&c, 5, 0, 7);
	for (uint32_t i = 0; i < c.n; i++)
		assert_int_equal(c.samples[i].fold, fold[i]);
	corpus_split(&c, 5, 0, 8);
	for (uint32_t i = 0; i < c.n; i++)
		moved += c.samples[i].fold != fold[i];
	assert_in_range(moved, 5000, 7500);
	corpus_split(&c, 5, 2, 7);
	for (uint32_t i = 400; i < c.n; i++)
		assert_int_equal(c.samples[i].fold, c.samples[i % 400].fold);
	corpus_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_decide),
		cmocka_unit_test(escapes_and_folding),
		cmocka_unit_test(copies_are_one),
		cmocka_unit_test(wrong_rows_are_named),
		cmocka_unit_test(long_rows_and_many_sets),
		cmocka_unit_test(folded_by_a_table),
		cmocka_unit_test(split_is_even_and_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
