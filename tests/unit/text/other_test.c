/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second coding of octets that were announced as another: it is found for texts of several
 * scripts however they were announced, and hardly ever for texts that are what they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"
#include "text.h"

#define OCTETS_MAX 4096u

/* The text in this coding of iconv; 0: it lacks a character. */
static size_t encode(const char *name, const char *text, uint8_t *out)
{
	char *in = (char *)(uintptr_t)text, *to = (char *)out;
	size_t left = strlen(text), room = OCTETS_MAX;
	static const char *last;
	static iconv_t how;

	if (name != last) {
		if (last != NULL)
			iconv_close(how);
		how = iconv_open(name, "UTF-8");
		assert_true(how != (iconv_t)-1);
		last = name;
	}
	iconv(how, NULL, NULL, NULL, NULL);
	const size_t lost = iconv(how, &in, &left, &to, &room);
	return lost == 0 ? OCTETS_MAX - room : 0;
}

static const char *const texts[] = {
	"casino",
	"Hello, you have WON 3 prizes!",
	"카지노",
	"[Web발신] 무서류 대출 010-1234-5678 바로 상담",
	"Казино, бонус 100",
	"คาสิโนออนไลน์ ฟรี",
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static void assert_second(enum text_coding announced, const char *is, const char *text,
                          enum text_coding expected)
{
	uint8_t octets[OCTETS_MAX], read[TEXT_GROWTH * OCTETS_MAX];
	const size_t len = encode(is, text, octets);
	const enum text_coding got = text_other_coding(announced, octets, len, 0);

	if (len != 0 && got != expected)
		fail_msg("\"%s\" in %s, announced as %d: %d, not %d", text, is, announced, got,
		         expected);
	if (len == 0 || got == TEXT_UNKNOWN)
		return;
	const int64_t n = text_decode(got, octets, len, 0, read, sizeof(read));
	assert_int_equal(n, strlen(text));
	assert_memory_equal(read, text, (size_t)n);
}

static void whatever_was_announced(void **state)
{
	static const enum text_coding octets[] = { TEXT_GSM7,     TEXT_ASCII,  TEXT_LATIN1,
		                                   TEXT_CYRILLIC, TEXT_HEBREW, TEXT_CP949,
		                                   TEXT_UTF8 };

	(void)state;
	for (size_t i = 0; i < TEXTS; i++) {
		assert_second(TEXT_UCS2, "UTF-16BE", texts[i], TEXT_UNKNOWN);
		assert_second(TEXT_UCS2, "UTF-16LE", texts[i], TEXT_UCS2_LE);
		assert_second(TEXT_UCS2, "UTF-8", texts[i], TEXT_UTF8);
		assert_second(TEXT_UCS2, "ASCII", texts[i], TEXT_UTF8);
		if (i < 4) /* without Hangul there is nothing to know it by */
			assert_second(TEXT_UCS2, "CP949", texts[i],
			              i < 2 ? TEXT_UTF8 : TEXT_CP949);
		for (size_t k = 0; k < sizeof(octets) / sizeof(octets[0]); k++) {
			assert_second(octets[k], "ASCII", texts[i], TEXT_UNKNOWN);
			if (octets[k] == TEXT_CP949 && i == 2) /* no control tells it */
				continue;
			assert_second(octets[k], "UTF-16BE", texts[i], TEXT_UCS2);
			assert_second(octets[k], "UTF-16LE", texts[i], TEXT_UCS2_LE);
		}
	}
}

/* An accent here and there in UTF-8 is a syllable in CP949, and a letter and a sign without bit
 * 7: neither is a word. Several of them may be. */
static void accents_are_no_other_text(void **state)
{
	static const struct {
		const char *text;
		enum text_coding other;
		bool masked;
	} rows[] = {
		{ "When can ü come out?", TEXT_UNKNOWN, false },
		{ "crème brûlée à la carte", TEXT_UNKNOWN, false },
		{ "the word üü and what follows", TEXT_CP949, false },
		{ "the word ü. ü and what follows", TEXT_CP949, false },
		{ "the word ÃÉÓÉÎÏ and what follows it, and that is more", TEXT_CP949, true },
		{ "cas\xE9no is not UTF-8", TEXT_GSM7_MASKED, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *text = (const uint8_t *)rows[i].text;
		const size_t len = strlen(rows[i].text);
		if (text_other_coding(TEXT_GSM7, text, len, 0) != rows[i].other ||
		    text_may_be_masked(TEXT_GSM7, text, len) != rows[i].masked)
			fail_msg("\"%s\": %d", rows[i].text,
			         text_other_coding(TEXT_GSM7, text, len, 0));
	}
	assert_int_equal(text_other_coding(TEXT_BINARY, (const uint8_t *)rows[0].text,
	                                   strlen(rows[0].text), 0),
	                 TEXT_UNKNOWN);
}

/* Septets packed, of a text that is the same in ASCII. */
static size_t pack(const char *text, uint8_t *out)
{
	size_t bit = 0;

	memset(out, 0, OCTETS_MAX);
	for (; *text != '\0'; text++, bit += 7)
		for (size_t k = 0; k < 7; k++)
			out[(bit + k) / 8] |= (uint8_t)((*text >> k & 1) << (bit + k) % 8);
	return (bit + 7) / 8;
}

static void packed_septets(void **state)
{
	static const char *const packed[] = { "casino", "you have WON 3 prizes",
		                              "free bets 24h" };
	uint8_t octets[OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const size_t len = pack(packed[i], octets);
		assert_int_equal(text_other_coding(TEXT_GSM7, octets, len, 0),
		                 TEXT_GSM7_PACKED);
		assert_int_equal(text_other_coding(TEXT_LATIN1, octets, len, 0), TEXT_UNKNOWN);
	}
}

static bool strong(unsigned high, unsigned low)
{
	return (high >= 0xAC && high <= 0xD7) || (high >= 3 && high <= 6) || high == 0x0E ||
	       (high == 0 && (low >= 0x20 || low == '\n' || low == '\r'));
}

/* The twin counts units one by one. */
static void against_a_twin(void **state)
{
	static const uint8_t some[] = { 0, 0, 0xB3, 0x04, 0x0E, 'a', '\n', 0x1F, 0xD8, 0x80 };
	uint8_t octets[300];

	(void)state;
	srandom(4);
	for (unsigned round = 0; round < 200000; round++) {
		const size_t len = 2 * (size_t)(1 + random() % 150);
		size_t big = 0, little = 0;
		for (size_t i = 0; i < len; i++)
			octets[i] = some[(unsigned long)random() % sizeof(some)];
		if (round % 2 != 0) /* most in one order */
			for (size_t i = round / 2 % 2; i < len; i += 2)
				octets[i] = some[(unsigned long)random() % 4];
		octets[(unsigned long)random() % len] = 1; /* so it is no CP949, nor UTF-8 */
		for (size_t i = 0; i < len; i += 2) {
			big += strong(octets[i], octets[i + 1]);
			little += strong(octets[i + 1], octets[i]);
		}
		bool high = false, gsm = false;
		for (size_t i = 0; i < len; i++) {
			high |= octets[i] >= 0x80;
			gsm |= octets[i] == 0x04 || octets[i] == 0x0E || octets[i] == 0x1F;
		}
		const bool first = big >= 2 && 2 * big > len / 2 && big >= little;
		const bool other = !first && little >= 2 && 2 * little > len / 2;
		assert_int_equal(text_other_coding(TEXT_UCS2, octets, len, 0),
		                 other ? TEXT_UCS2_LE : TEXT_UNKNOWN);
		assert_int_equal(text_other_coding(TEXT_ASCII, octets, len, 0),
		                 first          ? TEXT_UCS2
		                 : other        ? TEXT_UCS2_LE
		                 : gsm && !high ? TEXT_GSM7
		                                : TEXT_UNKNOWN);
	}
}

/* Of texts in the coding that is announced, so many may have a second reading: of UCS-2 short
 * Chinese ones, of UTF-8 Chinese ones that are whole pairs of CP949 as well. */
static const struct {
	enum text_coding announced;
	const char *is;
	double most;
} shares[] = {
	{ TEXT_UCS2, "UTF-16BE", 0.007 },    { TEXT_GSM7, "UTF-8", 0.02 },
	{ TEXT_LATIN1, "ISO-8859-1", 0.01 }, { TEXT_ASCII, "ASCII", 0.01 },
	{ TEXT_CP949, "CP949", 0.01 },       { TEXT_GSM7, "ISO-8859-1", 0.1 },
};
#define SHARES (sizeof(shares) / sizeof(shares[0]))

static void count_file(const char *path, unsigned i, unsigned *n, unsigned *second)
{
	char line[OCTETS_MAX / 4];
	uint8_t octets[OCTETS_MAX];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char *text = strchr(line, '\t');
		if (text == NULL)
			continue;
		text[strcspn(text, "\r\n")] = '\0';
		const size_t len = encode(shares[i].is, text + 1, octets);
		*n += len != 0;
		const enum text_coding other =
			text_other_coding(shares[i].announced, octets, len, 0);
		*second += len != 0 && other != TEXT_UNKNOWN;
	}
	fclose(f);
}

static void what_is_plausible_has_none(void **state)
{
	unsigned n[SHARES] = { 0 }, second[SHARES] = { 0 };
	char root[400], path[700];

	(void)state;
	shared_path(root, sizeof(root), "data/corpora");
	DIR *folder = opendir(root);
	assert_non_null(folder);
	for (struct dirent *e; (e = readdir(folder)) != NULL;) {
		snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
		for (unsigned i = 0; strstr(e->d_name, ".tsv") != NULL && i < SHARES; i++)
			count_file(path, i, &n[i], &second[i]);
	}
	closedir(folder);
	for (unsigned i = 0; i < SHARES; i++) {
		print_message("%s announced as %d: %u of %u\n", shares[i].is,
		              shares[i].announced, second[i], n[i]);
		assert_true(second[i] <= shares[i].most * n[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_was_announced),
		cmocka_unit_test(accents_are_no_other_text),
		cmocka_unit_test(packed_septets),
		cmocka_unit_test(against_a_twin),
		cmocka_unit_test(what_is_plausible_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
