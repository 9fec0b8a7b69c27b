/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <utf8proc.h>

#include "fold_twin.h"
#include "guarded.h"

#define CODE_POINTS 0x110000
#define TEXT_MAX 512u

static bool surrogate(int32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

/* Fold in[0 .. len) between guard pages, at the end of both and at the start of both. */
static const uint8_t *fold(const uint8_t *in, size_t len, size_t *folded)
{
	const size_t cap = TEXT_FOLD_GROWTH * len;
	uint8_t *out = guard_end(&out_guard, cap);

	*folded = text_fold(memcpy(guard_start(&in_guard), in, len), len,
	                    guard_start(&out_guard), cap);
	static uint8_t first[TEXT_FOLD_GROWTH * TEXT_MAX];
	memcpy(first, guard_start(&out_guard), *folded);
	uint8_t *from = guard_end(&in_guard, len);
	assert_int_equal(text_fold(memcpy(from, in, len), len, out, cap), *folded);
	assert_memory_equal(out, first, *folded);
	return out;
}

static void hex(char *to, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n && i < 40; i++)
		to += sprintf(to, "%02X ", octets[i]);
	*to = '\0';
}

/* Folding of characters equals the twin's, at both guards, with and without a map. */
static size_t check(const int32_t *c, size_t n)
{
	static uint8_t in[TEXT_MAX], expected[44 * TEXT_MAX];
	static char got[128], wanted[128], was[128];
	size_t len = 0, folded;

	for (size_t i = 0; i < n; i++)
		len += (size_t)utf8proc_encode_char(c[i], in + len);
	const size_t want = twin_fold(c, n, expected);
	const uint8_t *out = fold(in, len, &folded);
	if (folded == want && memcmp(out, expected, want) == 0)
		return folded;
	hex(got, out, folded);
	hex(wanted, expected, want);
	hex(was, in, len);
	fail_msg("U+%04X... (%s) folds to %s, not to %s", (unsigned)c[0], was, got, wanted);
	return 0;
}

/* Every character alone, and between letters. */
static void every_code_point(void **state)
{
	unsigned folds = 0;

	(void)state;
	for (int32_t c = 0; c < CODE_POINTS; c++) {
		const int32_t between[3] = { 'x', c, 'Y' }, marked[2] = { c, 0x3099 };
		uint8_t in[4], out[4 * TEXT_FOLD_GROWTH];
		if (surrogate(c))
			continue;
		check(&c, 1);
		if (utf8proc_category(c) != UTF8PROC_CATEGORY_CN) {
			check(between, 3);
			check(marked, 2);
		}
		const size_t len = (size_t)utf8proc_encode_char(c, in);
		const size_t n = text_fold(in, len, out, TEXT_FOLD_GROWTH * len);
		folds += n != len || memcmp(in, out, len) != 0;
	}
	assert_true(folds > 11000); /* Unicode 15: 10,439 rows of NFKC_CF, and ours */
}

/* Where no step of ours has a say, utf8proc's own NFKC_Casefold comes out, whole. */
static void nfkc_casefold(void **state)
{
	unsigned same = 0;

	(void)state;
	for (int32_t c = 1; c < CODE_POINTS; c++) {
		uint8_t in[5] = { 0 }, out[4 * TEXT_FOLD_GROWTH];
		int32_t mapped[TWIN_ONE_MAX];
		if (surrogate(c) || (c >= 0xAC00 && c < 0xD7A4))
			continue;
		const size_t len = (size_t)utf8proc_encode_char(c, in);
		uint8_t *casefold = utf8proc_NFKC_Casefold(in);
		const size_t n = text_fold(in, len, out, TEXT_FOLD_GROWTH * len);
		const size_t want = strlen((char *)casefold);
		/* ours: what the twin looks up by itself */
		uint8_t own[TWIN_ONE_MAX * 4];
		const size_t k = twin_map(c, mapped);
		size_t own_n = 0;
		for (size_t i = 0; i < k; i++)
			own_n += (size_t)utf8proc_encode_char(mapped[i], own + own_n);
		own[own_n] = '\0';
		uint8_t *composed = utf8proc_NFC(own);
		if (strcmp((char *)composed, (char *)casefold) == 0 &&
		    !(mapped[0] >= 0x1100 && mapped[0] < 0x1200) && out[0] != 0xCC &&
		    n == want && memcmp(out, casefold, n) == 0)
			same++;
		free(casefold);
		free(composed);
	}
	assert_true(same > 1080000);
}

/* The worst growth is exactly what the header has. */
static void growth(void **state)
{
	unsigned worst_num = 0, worst_den = 1;

	(void)state;
	for (int32_t c = 0; c < CODE_POINTS; c++) {
		uint8_t in[4], out[4 * TEXT_FOLD_GROWTH];
		if (surrogate(c))
			continue;
		const unsigned len = (unsigned)utf8proc_encode_char(c, in);
		const unsigned n = (unsigned)text_fold(in, len, out, TEXT_FOLD_GROWTH * len);
		if (n * worst_den > worst_num * len) {
			worst_num = n;
			worst_den = len;
		}
	}
	assert_int_equal(worst_num, TEXT_FOLD_GROWTH * worst_den);
}

/* Characters of the kinds that take different paths and depend on neighbours. */
static int32_t pick(void)
{
	static const int32_t some[] = {
		'A',     'H',    '1',     'o',    'l',     ' ',    0xB4,   0x130,  0x1E9E,
		0x3A3,   0x410,  0x200B,  0x200D, 0xFE0F,  0x34F,  0xFDFA, 0x24B6, 0x212A,
		0xAC00,  0xB300, 0xFF28,  0xFF9E, 0x30AB,  0x326E, 0x20E3, 0x344,  0x345,
		0xC5,    0x1EBF, 0x1F600, 0x4E00, 0x9F8D,  0xFB1D, 0x5B0,  0x9C7,  0x9BE,
		0xCC6,   0xCC2,  0xCD5,   0x1100, 0x1161,  0x11A8, 0xD7B0, 0xEA00, 0x11131,
		0x11127, 0x397,  0x39D,   0x3A5,  0x1D6AE,
	};

	switch (random() % 9) {
	case 0:
	case 1:
		return some[(size_t)random() % (sizeof(some) / sizeof(some[0]))];
	case 2:
		return (int32_t)(random() % 0x80);
	case 3:
		return (int32_t)(0xAC00 + random() % 11172);
	case 4:
		return (int32_t)(0x300 + random() % 0x50);
	case 5:
		return (int32_t)(0x3131 + random() % 51);
	case 6: /* conjoining jamo, and look-alikes */
		return random() % 3 != 0 ? (int32_t)(0x1100 + random() % 0x100)
		                         : "hrftliHIoO07cC2eE"[random() % 17];
	case 7:
		return (int32_t)(0xA0 + random() % 0x2E0);
	default:
		return (int32_t)(random() % 0xD800);
	}
}

static void random_texts(void **state)
{
	const char *rounds = getenv("SLUICE_FOLD_ROUNDS");
	const unsigned long end = rounds ? strtoul(rounds, NULL, 10) : 60000;

	(void)state;
	srandom(11);
	for (unsigned long round = 0; round < end; round++) {
		int32_t c[TEXT_MAX / 4];
		const size_t n = 1 + (size_t)random() % (round % 16 == 0 ? 96 : 12);
		for (size_t i = 0, marks = 0; i < n; i++) {
			c[i] = pick();
			marks = utf8proc_category(c[i]) == UTF8PROC_CATEGORY_MN ? marks + 1 : 0;
			if (marks > 8)
				c[i] = 'm';
		}
		check(c, n);
	}
}

/* Every pair of letters that jamo could be, and every one of three leads and vowels. */
static void jamo_pairs(void **state)
{
	static const int32_t around[] = { 0xAC00, 0xB2E4, 'h', 'o', 'l', ' ', 0x200B, 0x301 };

	(void)state;
	for (int32_t a = 0x3131; a < 0x3164; a++)
		for (int32_t b = 0x3131; b < 0x3164; b++)
			for (size_t k = 0; k < 8; k++) {
				const int32_t c[] = { around[k], a, around[7 - k], b, around[k],
					              a,         b };
				check(c, 2);
				check(c, 7);
				check(c + 4, 3);
			}
}

struct pair {
	const char *in, *out;
};

/* As it is written to pass, and as it is read. */
static void as_read(void **state)
{
	static const struct pair pairs[] = {
		{ "ㄷH출", "대출" },
		{ "ㄷH박 이벤트", "대박 이벤트" },
		{ "㉢ㅐ박", "대박" },
		{ "ㅋrㅈl노", "카지노" },
		{ "ㅋㅏㅈㅣㄴㅗ", "카지노" },
		{ "ㅇㅓㅂㅅㄷㅏ", "없다" },
		{ "대\u200b출", "대출" },
		{ "Ｆｒｅｅ", "free" },
		{ "Ⓕⓡⓔⓔ", "free" },
		{ "🅵🆁🅴🅴", "free" },
		{ "🇫🇷🇪🇪", "free" },
		{ "𝓕𝓻𝓮𝓮", "free" },
		{ "ᴛᴇʟᴇɢʀᴀᴍ", "telegram" },
		{ "РАYРАL", "paypal" },
		{ "İNDİRİM ındırım", "indirim indirim" },
		{ "f̷r̴e̵e̶", "free" },
		{ "❽➑⓼8️⃣８٨", "888888" },
		{ "STRASSE Straße", "strasse strasse" },
		{ "네ㅎㅎ ㅋㅋㅋ ㅠㅠ oㅠ", "네ㅎㅎ ㅋㅋㅋ ㅠㅠ oㅠ" },
		{ "crème brûlée", "crème brûlée" },
		{ "ca\x01\x02s\x7Fi\xC2\x85n\xC2\x90o\t\n!", "casi\xC2\x85no\t\n!" },
		{ "c\u20D2a\u1AB0s\u1DC4\uFE20i\u0483n\uFFF9o", "casino" },
		{ "대\x01출", "대출" },
		{ "c\u05B0a\u064Bs\u0E31i\u094Dn\u3099o", "casino" },
		{ "카\u0E31지\u302E노", "카지노" },
		{ "c\uFDD0as\uFFFEino", "casino" },
		{ "cas\u0456\u043Fo CASI\u0418O", "casino casino" },
		{ "CASIΝO CΑSΙΝO ΤΗΕ ΒΟΝUS PAΥ", "casino casino tne bonus pay" },
		{ "ΝΕΑ νεα HΗ ㄷhΝ", "vea vea hh ㄷhn" },
		{ "⠉⠁⠎⠊⠝⠕ ⠋⠗⠑⠑ ⠺", "casino free w" },
		{ "ㄷㅏㅣ출 ㅅㅓㅣ일", "대출 세일" },
		{ "\u0E01\u0E31\u0E19 \u05D0\u05B0", "\u0E01\u0E31\u0E19 \u05D0\u05B0" },
		{ "e\u0301\u20D2\u0301", "é" },
		{ "vi\u0323\u3099p \u1F91\uFF9E\u0323", "vịp nị" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t n;
		const uint8_t *out =
			fold((const uint8_t *)pairs[i].in, strlen(pairs[i].in), &n);
		if (n != strlen(pairs[i].out) || memcmp(out, pairs[i].out, n) != 0)
			fail_msg("%s folds to %.*s", pairs[i].in, (int)n, (const char *)out);
	}
}

/* Every octet of the folding leads back to the character that it stems from. */
static void offsets(void **state)
{
	static const char in[] = "x Ⓕree ㄷ\u200bH출 e\u0301 ㄱㅏㅂㅏ 댁!";
	static const char out[] = "x free 대출 é 가바 댁!";
	uint8_t folded[sizeof(in) * TEXT_FOLD_GROWTH];
	uint32_t map[sizeof(folded) + 1];
	const size_t n = text_fold_with(&text_table_default, (const uint8_t *)in,
	                                sizeof(in) - 1, folded, sizeof(folded), map);

	(void)state;
	assert_int_equal(n, sizeof(out) - 1);
	assert_memory_equal(folded, out, n);
	assert_int_equal(map[n], sizeof(in) - 1);
	const struct pair places[] = {
		{ "Ⓕ", "free" },  { "ree", "ree" },   { "ㄷ", "대출" },
		{ "출", "출" },   { "e\u0301", "é" }, { "ㄱ", "가" },
		{ "ㅂㅏ", "바" }, { "댁", "댁" },   { "!", "!" },
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		assert_int_equal(map[strstr(out, places[i].out) - out],
		                 strstr(in, places[i].in) - in);
}

static void expect_run(size_t marks)
{
	static uint8_t in[2 * 4000 + 2], out[TEXT_FOLD_GROWTH * sizeof(in)];
	size_t len = 0;

	in[len++] = 'A';
	for (size_t i = 0; i < marks; i++)
		len += (size_t)utf8proc_encode_char(i % 2 ? 0x335 : 0x323, in + len);
	in[len++] = 'b';
	const size_t n = text_fold(in, len, out, TEXT_FOLD_GROWTH * len);
	assert_int_equal(n, 4); /* U+1EA1 and b: the first composes, the others go */
	assert_memory_equal(out,
	                    "\xE1\xBA\xA1"
	                    "b",
	                    4);
}

/* More marks behind a letter than are taken together. */
static void long_runs_of_marks(void **state)
{
	(void)state;
	for (size_t marks = 1; marks < 100; marks++)
		expect_run(marks);
	expect_run(4000);
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
	char path[512];

	(void)state;
	in_guard = guard_new(TEXT_MAX);
	out_guard = guard_new(TEXT_FOLD_GROWTH * TEXT_MAX);
	const char *root = getenv("SLUICE_SHARED"), *ci = getenv("CI");
	snprintf(path, sizeof(path), "%s/data/tables/icu72_confusable_skeleton.tsv",
	         root != NULL ? root : "../shared");
	if (access(path, R_OK) != 0 && (ci == NULL || strcmp(ci, "true") != 0)) {
		print_message("skipped: %s is missing\n", path);
		exit(77);
	}
	twin_open(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point),
		cmocka_unit_test(growth),
		cmocka_unit_test(nfkc_casefold),
		cmocka_unit_test(jamo_pairs),
		cmocka_unit_test(as_read),
		cmocka_unit_test(offsets),
		cmocka_unit_test(long_runs_of_marks),
		cmocka_unit_test(random_texts),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, setup, guards_free);
}
