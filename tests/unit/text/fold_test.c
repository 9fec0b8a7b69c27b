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

#include "guard.h"
#include "text.h"

#define CODE_POINTS 0x110000
#define TEXT_MAX 512u

static struct guard in_guard, out_guard;

static bool surrogate(int32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

/*
 * The simple folding of c, from utf8proc, which has the full one (statuses C and F)
 * and the simple lower case:
 * - a full folding of one code point is the simple folding (C);
 * - one of several (F) has a simple folding (S) where the lower case of c is another
 *   code point, except U+0130, whose row is F and T (Turkic) only, so it stays;
 * - otherwise c stays.
 */
static int32_t twin(int32_t c)
{
	int32_t full[8];
	int last = 0;
	const ssize_t n = utf8proc_decompose_char(c, full, 8, UTF8PROC_CASEFOLD, &last);

	if (n == 1)
		return full[0];
	return c == 0x130 ? c : utf8proc_tolower(c);
}

/* Fold in[0 .. len) between guard pages, at the end of both and at the start of both. */
static const uint8_t *fold(const uint8_t *in, size_t len, size_t *folded)
{
	const size_t cap = TEXT_FOLD_GROWTH * len;
	uint8_t *out = guard_end(&out_guard, cap);

	*folded = text_fold(memcpy(guard_start(&in_guard), in, len), len,
	                    guard_start(&out_guard), cap);
	uint8_t first[TEXT_FOLD_GROWTH * TEXT_MAX];
	memcpy(first, guard_start(&out_guard), *folded);
	uint8_t *from = guard_end(&in_guard, len);
	assert_int_equal(text_fold(memcpy(from, in, len), len, out, cap), *folded);
	assert_memory_equal(out, first, *folded);
	return out;
}

static void every_code_point(void **state)
{
	unsigned folds = 0;

	(void)state;
	for (int32_t c = 0; c < CODE_POINTS; c++) {
		uint8_t in[4], expected[4];
		size_t n;
		if (surrogate(c))
			continue;
		const size_t len = (size_t)utf8proc_encode_char(c, in);
		const size_t want = (size_t)utf8proc_encode_char(twin(c), expected);
		uint8_t out[8];
		n = text_fold(in, len, out, TEXT_FOLD_GROWTH * len);
		if (n != want || memcmp(out, expected, n) != 0)
			fail_msg("U+%04X folds to %zu octets, not to U+%04X", (unsigned)c, n,
			         (unsigned)twin(c));
		folds += twin(c) != c;
	}
	assert_true(folds > 1400); /* Unicode 15: 1,530 rows of status C and S */
}

/* The worst growth is exactly what the header derives. */
static void growth(void **state)
{
	unsigned worst_num = 0, worst_den = 1;

	(void)state;
	for (int32_t c = 0; c < CODE_POINTS; c++) {
		uint8_t in[4], out[8];
		if (surrogate(c))
			continue;
		const unsigned len = (unsigned)utf8proc_encode_char(c, in);
		const unsigned n = (unsigned)text_fold(in, len, out, TEXT_FOLD_GROWTH * len);
		if (n * worst_den > worst_num * len) {
			worst_num = n;
			worst_den = len;
		}
	}
	assert_int_equal(worst_num, 3);
	assert_int_equal(worst_den, 2);
	assert_true(worst_num <= TEXT_FOLD_GROWTH * worst_den);
}

/* Characters of the kinds that take different paths, in one text. */
static int32_t pick(void)
{
	static const int32_t some[] = {
		'A',    'Z',    '@',     '[',     'a',     0xB5,   0x130,  0x23A,
		0x3A3,  0x410,  0x10D0,  0x1C90,  0x1E9E,  0x2605, 0x24B6, 0x212A,
		0xA640, 0xAB70, 0xABBF,  0xAC00,  0xAFFF,  0xB000, 0xD7A3, 0xFF21,
		0xFF3A, 0xFB06, 0x10400, 0x1E900, 0x1F600, 0x4E00,
	};

	switch (random() % 4) {
	case 0:
		return some[(size_t)random() % (sizeof(some) / sizeof(some[0]))];
	case 1:
		return (int32_t)(random() % 0x80);
	case 2:
		return (int32_t)(0xAC00 + random() % 11172);
	default:
		return (int32_t)(random() % 0xD800);
	}
}

static void random_texts(void **state)
{
	(void)state;
	srandom(11);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t in[TEXT_MAX], expected[TEXT_FOLD_GROWTH * TEXT_MAX];
		const size_t target = (size_t)random() % (TEXT_MAX - 4);
		size_t len = 0, want = 0, n;

		while (len < target) {
			const int32_t c = pick();
			len += (size_t)utf8proc_encode_char(c, in + len);
			want += (size_t)utf8proc_encode_char(twin(c), expected + want);
		}
		const uint8_t *out = fold(in, len, &n);
		assert_int_equal(n, want);
		assert_memory_equal(out, expected, n);
	}
}

/* Octets of no meaning, and every prefix of them: the bounds hold. */
static void garbage(void **state)
{
	(void)state;
	srandom(12);
	for (unsigned round = 0; round < 200; round++) {
		uint8_t in[160];
		size_t n;
		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (uint8_t)(random() % 3 == 0 ? random() : 0xC0 | random());
		for (size_t len = 0; len <= sizeof(in); len++) {
			fold(in, len, &n);
			assert_true(n <= TEXT_FOLD_GROWTH * len);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	in_guard = guard_new(TEXT_MAX);
	out_guard = guard_new(TEXT_FOLD_GROWTH * TEXT_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guard_free(&in_guard);
	guard_free(&out_guard);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point),
		cmocka_unit_test(growth),
		cmocka_unit_test(random_texts),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
