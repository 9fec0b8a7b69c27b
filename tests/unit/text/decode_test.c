/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoders against glibc's iconv (UTF-8: utf8proc), which is the naive twin: it reads one
 * character at a time and knows nothing of our tables' layout.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <iconv.h>
#include <cmocka.h>
#include <utf8proc.h>

#include "guarded.h"

#define TEXT_MAX 1024u
#define OUT_MAX (TEXT_GROWTH * TEXT_MAX)

/* UTF-8 of the octets by iconv, or -EILSEQ. */
static int64_t twin(iconv_t cd, const uint8_t *in, size_t len, uint8_t *out)
{
	char *in_at = (char *)(uintptr_t)in, *out_at = (char *)out;
	size_t in_left = len, out_left = OUT_MAX;

	iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &in_at, &in_left, &out_at, &out_left) == (size_t)-1)
		return -EILSEQ;
	return out_at - (char *)out;
}

/* Valid octets are their own UTF-8. glibc lets surrogates pass, utf8proc does not. */
static int64_t twin_utf8(const uint8_t *in, size_t len, uint8_t *out)
{
	int32_t c;

	for (size_t i = 0; i < len;) {
		const ssize_t n = utf8proc_iterate(in + i, (ssize_t)(len - i), &c);
		if (n <= 0)
			return -EILSEQ;
		i += (size_t)n;
	}
	memcpy(out, in, len);
	return (int64_t)len;
}

static unsigned quiet_texts; /* of those that came by */

/* In one pass it is as decoded and then folded, and has one reading; or it is not for it. */
static void agree_quiet(enum text_coding coding, const uint8_t *in, size_t len)
{
	static uint8_t plain[OUT_MAX], folded[OUT_MAX * TEXT_FOLD_GROWTH];
	const size_t cap = TEXT_GROWTH * len + TEXT_QUIET_ROOM;
	const uint8_t *at = memcpy(guard_end(&in_guard, len), in, len);
	uint8_t *out = guard_end(&out_guard, cap);
	const int64_t n = text_decode_quiet(coding, at, len, out, cap);

	assert_int_equal(text_decode_quiet(coding, at, len, out, cap - 1), -EAGAIN);
	if (n == -EAGAIN)
		return;
	assert_int_equal(text_decode_quiet(coding, at, len, out, cap), n);
	quiet_texts++;
	const int64_t decoded = text_decode(coding, in, len, 0, plain, sizeof(plain));
	assert_true(decoded >= 0);
	const size_t want = text_fold(plain, (size_t)decoded, folded, sizeof(folded));
	assert_int_equal(n, want);
	assert_memory_equal(out, folded, want);
	assert_int_equal(text_other_coding(coding, in, len, 0), TEXT_UNKNOWN);
}

static void agree(iconv_t cd, enum text_coding coding, const uint8_t *in, size_t len)
{
	uint8_t ours[OUT_MAX], theirs[OUT_MAX];
	const int64_t want =
		coding == TEXT_UTF8 ? twin_utf8(in, len, theirs) : twin(cd, in, len, theirs);
	const int64_t n = decode(coding, in, len, 0, ours);

	agree_quiet(coding, in, len);
	if (n != want || (n > 0 && memcmp(ours, theirs, (size_t)n) != 0))
		fail_msg("coding %d, %zu octets %02x %02x..: %ld, iconv %ld", (int)coding, len,
		         len > 0 ? in[0] : 0, len > 1 ? in[1] : 0, (long)n, (long)want);
}

static iconv_t converter(const char *charset)
{
	iconv_t cd = iconv_open("UTF-8", charset);

	assert_true(cd != (iconv_t)-1);
	return cd;
}

static void cp949_every_pair(void **state)
{
	iconv_t cd = converter("CP949");

	(void)state;
	for (unsigned lead = 0x80; lead < 0x100; lead++) {
		const uint8_t alone = (uint8_t)lead;
		agree(cd, TEXT_CP949, &alone, 1);
		for (unsigned trail = 0; trail < 0x100; trail++) {
			const uint8_t pair[2] = { (uint8_t)lead, (uint8_t)trail };
			agree(cd, TEXT_CP949, pair, 2);
		}
	}
	iconv_close(cd);
}

/* Each character of two octets beside one that is quiet, on either side of it. */
static void quiet_every_pair(void **state)
{
	static const enum text_coding codings[] = { TEXT_UCS2, TEXT_CP949,  TEXT_UTF8,
		                                    TEXT_GSM7, TEXT_LATIN1, TEXT_ASCII };

	(void)state;
	for (unsigned k = 0; k < sizeof(codings) / sizeof(codings[0]); k++)
		for (unsigned c = 0; c < 0x10000; c++) {
			const uint8_t in[] = { 0, 'A', (uint8_t)(c >> 8), (uint8_t)c, 0, 'z' };
			const size_t from = codings[k] == TEXT_UCS2 ? 0 : 1;
			agree_quiet(codings[k], in + from, 4 - from);
			agree_quiet(codings[k], in + from + 1 + (from == 0), 4 - from);
			agree_quiet(codings[k], in + 2, 2);
		}
	assert_true(quiet_texts > 30000);
}

static size_t fill_cp949(uint8_t *at)
{
	if (random() % 4 == 0) {
		at[0] = (uint8_t)(random() % 0x80);
		return 1;
	}
	at[0] = (uint8_t)(0xB0 + random() % 0x19); /* rows of syllables */
	at[1] = (uint8_t)(0xA1 + random() % 0x5E);
	if (random() % 200 == 0)
		at[1] = (uint8_t)random();
	return 2;
}

static size_t put_quiet(uint8_t *at, enum text_coding coding)
{
	const bool syllable = coding != TEXT_GSM7 && random() % 3 != 0;
	const unsigned c = syllable ? 0xAC00 + (unsigned)random() % 11172
	                            : 0x20 + (unsigned)random() % 0x5F;

	if (coding != TEXT_UCS2 && syllable)
		return fill_cp949(at);
	at[0] = (uint8_t)(coding == TEXT_UCS2 ? c >> 8 : c);
	at[1] = (uint8_t)c;
	return coding == TEXT_UCS2 ? 2 : 1;
}

/* Of every length, and some with one octet that is another one. */
static void quiet_random(void **state)
{
	static const enum text_coding codings[] = { TEXT_UCS2, TEXT_CP949, TEXT_GSM7 };
	const unsigned before = quiet_texts;

	(void)state;
	for (unsigned round = 0; round < 9000; round++) {
		const enum text_coding coding = codings[round % 3];
		const size_t target = (size_t)random() % 300;
		uint8_t in[320];
		size_t len = 0;
		while (len < target)
			len += put_quiet(in + len, coding);
		if (len != 0 && round % 2 == 0)
			in[(size_t)random() % len] = (uint8_t)random();
		agree_quiet(coding, in, len);
	}
	assert_true(quiet_texts - before > 1500);
}

/* Texts of n characters, each by fill(), with every prefix of some. */
static void random_texts(iconv_t cd, enum text_coding coding, unsigned rounds,
                         size_t (*fill)(uint8_t *at))
{
	for (unsigned round = 0; round < rounds; round++) {
		uint8_t in[TEXT_MAX];
		const size_t target = (size_t)random() % (TEXT_MAX - 8);
		size_t len = 0;

		while (len < target)
			len += fill(in + len);
		agree(cd, coding, in, len);
		for (size_t cut = round % 16 == 0 ? len : 0; cut > 0 && cut + 80 > len; cut--)
			agree(cd, coding, in, cut);
	}
}

static void cp949_random(void **state)
{
	iconv_t cd = converter("CP949");

	(void)state;
	random_texts(cd, TEXT_CP949, 2000, fill_cp949);
	iconv_close(cd);
}

static void put_unit(uint8_t *at, unsigned unit)
{
	at[0] = (uint8_t)(unit >> 8);
	at[1] = (uint8_t)unit;
}

static size_t put_code_point(uint8_t *at, unsigned c)
{
	if (c < 0x10000) {
		put_unit(at, c);
		return 2;
	}
	put_unit(at, 0xD800 | (c - 0x10000) >> 10);
	put_unit(at + 2, 0xDC00 | ((c - 0x10000) & 0x3FF));
	return 4;
}

static void utf16_every_code_point(void **state)
{
	iconv_t cd = converter("UTF-16BE");
	unsigned size = 1;

	(void)state;
	for (unsigned c = 0; c < 0x110000;) {
		uint8_t in[TEXT_MAX];
		size_t len = 2;

		put_unit(in, 'x'); /* no text begins with the BOM here */
		for (unsigned k = 0; k < size && c < 0x110000; c++, k++)
			if (c < 0xD800 || c > 0xDFFF)
				len += put_code_point(in + len, c);
		agree(cd, TEXT_UCS2, in, len);
		size = size % 97 + 1;
	}
	iconv_close(cd);
}

static size_t fill_utf16(uint8_t *at)
{
	static const unsigned from[] = { 0, 0x80, 0x800, 0xAC00, 0x10000, 0xAC00, 0x20 };
	static const unsigned span[] = { 0x80, 0x780, 0xD000, 11172, 0x100000, 11172, 0x5F };
	const size_t kind = (size_t)random() % 7;

	if (random() % 2000 == 0) {
		put_unit(at, (unsigned)(0xD800 + random() % 0x800)); /* half a pair */
		return 2;
	}
	return put_code_point(at, from[kind] + (unsigned)random() % span[kind]);
}

static void utf16_random(void **state)
{
	iconv_t cd = converter("UTF-16BE");

	(void)state;
	random_texts(cd, TEXT_UCS2, 2000, fill_utf16);
	iconv_close(cd);
}

/* Halves in every wrong order, with room for a pair behind each. */
static void utf16_halves(void **state)
{
	static const uint8_t wrong[][4] = {
		{ 0xDC, 0x00, 0xDC, 0x00 }, { 0xDC, 0x00, 0xD8, 0x00 },
		{ 0xDF, 0xFF, 0xDF, 0xFF }, { 0xD8, 0x00, 0xD8, 0x00 },
		{ 0xDB, 0xFF, 0xE0, 0x00 }, { 0xD8, 0x00, 0x00, 'a' },
	};
	uint8_t out[OUT_MAX];

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(decode(TEXT_UCS2, wrong[i], 4, 0, out), -EILSEQ);
}

static void utf16_order_marks(void **state)
{
	static const uint8_t big[] = { 0xFE, 0xFF, 0xAC, 0x00, 0xD8, 0x3D, 0xDE, 0x00, 0, 'a' };
	static const uint8_t little[] = {
		0xFF, 0xFE, 0x00, 0xAC, 0x3D, 0xD8, 0x00, 0xDE, 'a', 0
	};
	static const char expected[] = "\xEA\xB0\x80\xF0\x9F\x98\x80"
				       "a";
	uint8_t out[OUT_MAX];

	(void)state;
	assert_int_equal(decode(TEXT_UCS2, big, sizeof(big), 0, out), 8);
	assert_memory_equal(out, expected, 8);
	assert_int_equal(decode(TEXT_UCS2, little, sizeof(little), 0, out), 8);
	assert_memory_equal(out, expected, 8);
	assert_int_equal(decode(TEXT_UCS2, big, 2, 0, out), 0);
	assert_int_equal(decode(TEXT_UCS2, big, 3, 0, out), -EILSEQ);
	assert_int_equal(decode(TEXT_UCS2, big, 6, 0, out), -EILSEQ); /* half a pair */
	assert_int_equal(decode(TEXT_UCS2, big + 6, 2, 0, out), -EILSEQ);
}

static size_t fill_utf8(uint8_t *at)
{
	static const uint8_t edges[] = { 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
		                         0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF };
	const long kind = random();

	if (kind % 400 == 0) { /* something that is none, most of the time */
		for (unsigned i = 0; i < 3; i++)
			at[i] = edges[(size_t)random() % sizeof(edges)];
		return 3;
	}
	if (kind % 3 == 0) {
		at[0] = (uint8_t)(random() % 0x80);
		return 1;
	}
	return (size_t)utf8proc_encode_char((int32_t)(kind % 3 == 1
	                                                      ? 0xAC00 + random() % 11172
	                                                      : 0xE000 + random() % 0x101FFF),
	                                    at);
}

static void utf8_random(void **state)
{
	(void)state;
	random_texts(NULL, TEXT_UTF8, 2000, fill_utf8);
}

/* Each pair and triple of octets that sits on an edge, at each place around the 64. */
static void utf8_edges(void **state)
{
	static const uint8_t edges[] = { 'a',  0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1,
		                         0xC2, 0xE0, 0xE1, 0xED, 0xF0, 0xF3, 0xF4, 0xF5 };
	uint8_t in[72];

	(void)state;
	for (unsigned k = 0; k < 16 * 16 * 16 * 16; k++) {
		const size_t place = 59 + k % 6;
		memset(in, 'x', sizeof(in));
		for (unsigned i = 0; i < 4; i++)
			in[place + i] = edges[k >> 4 * i & 15];
		agree(NULL, TEXT_UTF8, in, k % 3 == 0 ? place + 4 : sizeof(in));
	}
}

static size_t fill_octet(uint8_t *at)
{
	at[0] = (uint8_t)(random() % 8 == 0 ? 0xA0 + random() % 0x5A : random() % 0x80);
	return 1;
}

static void octet_alphabets(void **state)
{
	static const char *const charset[] = { "ISO-8859-1", "ISO-8859-5", "ISO-8859-8",
		                               "ASCII" };
	static const enum text_coding coding[] = { TEXT_LATIN1, TEXT_CYRILLIC, TEXT_HEBREW,
		                                   TEXT_ASCII };

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		iconv_t cd = converter(charset[k]);
		for (unsigned i = 0; i < 256; i++) {
			const uint8_t octet = (uint8_t)i;
			agree(cd, coding[k], &octet, 1);
		}
		random_texts(cd, coding[k], 500, fill_octet);
		iconv_close(cd);
	}
}

static void not_text(void **state)
{
	static const uint8_t in[] = { 0, 1, 0xFF };
	uint8_t out[OUT_MAX];

	(void)state;
	assert_int_equal(decode(TEXT_BINARY, in, sizeof(in), 0, out),
	                 4); /* read all the same */
	assert_memory_equal(out, "\0\1\u00ff", 4);
	assert_int_equal(decode(TEXT_UNKNOWN, in, sizeof(in), 0, out), -EILSEQ);
	for (unsigned coding = TEXT_GSM7; coding <= TEXT_GSM7_PACKED; coding++)
		assert_int_equal(decode((enum text_coding)coding, in, 0, 0, out), 0);
	assert_int_equal(text_decode(TEXT_ASCII, NULL, 0, 0, NULL, 0), 0);
}

static int setup(void **state)
{
	(void)state;
	srandom(7);
	in_guard = guard_new(TEXT_MAX);
	out_guard = guard_new(OUT_MAX + TEXT_QUIET_ROOM);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cp949_every_pair),
		cmocka_unit_test(cp949_random),
		cmocka_unit_test(quiet_every_pair),
		cmocka_unit_test(quiet_random),
		cmocka_unit_test(utf16_every_code_point),
		cmocka_unit_test(utf16_random),
		cmocka_unit_test(utf16_halves),
		cmocka_unit_test(utf16_order_marks),
		cmocka_unit_test(utf8_random),
		cmocka_unit_test(utf8_edges),
		cmocka_unit_test(octet_alphabets),
		cmocka_unit_test(not_text),
	};
	return cmocka_run_group_tests(tests, setup, guards_free);
}
