/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GSM 7-bit, one septet an octet and packed. The twin reads septet by septet; what a
 * septet is comes from the decoder's own one-octet answers, which vector_test.c holds
 * against a table that others made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guarded.h"

#define TEXT_MAX 512u
#define OUT_MAX (TEXT_GROWTH * TEXT_MAX)
#define ESC 0x1Bu

/* What the decoder says of each septet alone, and behind an ESC. */
static struct {
	uint8_t octets[8];
	size_t len;
} alone[128], escaped[128];

static size_t append(uint8_t *out, uint8_t septet, bool behind_esc)
{
	const size_t len = behind_esc ? escaped[septet].len : alone[septet].len;

	memcpy(out, behind_esc ? escaped[septet].octets : alone[septet].octets, len);
	return len;
}

/* The extension table of TS 23.038 section 6.2.1.1: septets that it defines. */
static bool extension(uint8_t septet)
{
	return septet == ESC ||
	       (septet != 0 &&
	        strchr("\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", septet) != NULL);
}

static size_t twin(const uint8_t *septets, size_t n, uint8_t *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (septets[i] != ESC) {
			len += append(out + len, septets[i], false);
		} else if (i + 1 == n) {
			out[len++] = ' ';
		} else if (extension(septets[i + 1])) {
			len += append(out + len, septets[i + 1], true);
			i++;
		} /* else: the ESC is as if it were not there */
	}
	return len;
}

/* Pack behind `start` bits that belong to a header; returns octets. */
static size_t pack(const uint8_t *septets, size_t n, size_t fill, uint8_t *out)
{
	const size_t octets = (fill + 7 * n + 7) / 8;

	memset(out, 0, octets);
	for (size_t bit = 0; bit < 7 * n; bit++)
		out[(fill + bit) / 8] |=
			(uint8_t)((septets[bit / 7] >> bit % 7 & 1) << (fill + bit) % 8);
	return octets;
}

static size_t random_septets(uint8_t *septets, size_t max)
{
	const size_t n = (size_t)random() % max;

	for (size_t i = 0; i < n; i++)
		septets[i] = (uint8_t)(random() % 3   ? 0x20 + random() % 0x60
		                       : random() % 6 ? random() % 128
		                                      : ESC);
	return n;
}

static void unpacked_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		uint8_t septets[TEXT_MAX], ours[OUT_MAX], want[OUT_MAX];
		const size_t n = random_septets(septets, TEXT_MAX);
		const size_t len = twin(septets, n, want);

		assert_int_equal(decode(TEXT_GSM7, septets, n, 0, ours), len);
		assert_memory_equal(ours, want, len);
	}
}

/* Every septet at every place of a block, alone in letters: the vector path and the
 * table say the same. */
static void every_septet_everywhere(void **state)
{
	(void)state;
	for (unsigned septet = 0; septet < 128; septet++) {
		for (size_t place = 0; place < 70; place++) {
			uint8_t in[72], ours[OUT_MAX], want[OUT_MAX];
			memset(in, 'k', sizeof(in));
			in[place] = (uint8_t)septet;
			const size_t len = twin(in, sizeof(in), want);
			assert_int_equal(decode(TEXT_GSM7, in, sizeof(in), 0, ours), len);
			assert_memory_equal(ours, want, len);
		}
	}
}

static void packed_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		uint8_t septets[TEXT_MAX], packed[TEXT_MAX], ours[OUT_MAX], want[OUT_MAX];
		const size_t udh = (size_t)random() % 15;
		const size_t fill = ((udh * 8 + 6) / 7) * 7 - udh * 8; /* to the next septet */
		size_t n = random_septets(septets, TEXT_MAX);

		if (n > 0)
			septets[n - 1] = 'z'; /* no padding look-alike at the end */
		const size_t octets = pack(septets, n, fill, packed);
		const size_t len = twin(septets, n, want);
		assert_int_equal(decode(TEXT_GSM7_PACKED, packed, octets, udh, ours), len);
		assert_memory_equal(ours, want, len);
	}
}

/* Seven spare bits at the end are padding, or else an "@" that nobody typed. */
static void packed_padding(void **state)
{
	uint8_t packed[16], out[OUT_MAX];

	(void)state;
	assert_int_equal(pack((const uint8_t *)"abcdefg", 7, 0, packed), 7);
	assert_int_equal(decode(TEXT_GSM7_PACKED, packed, 7, 0, out), 7);
	assert_memory_equal(out, "abcdefg", 7);
	/* A UDH of 7 octets ends on a septet: the same text, no fill bits. */
	assert_int_equal(decode(TEXT_GSM7_PACKED, packed, 7, 7, out), 7);
	assert_memory_equal(out, "abcdefg", 7);
	assert_int_equal(pack((const uint8_t *)"\0\0", 2, 0, packed), 2);
	assert_int_equal(decode(TEXT_GSM7_PACKED, packed, 2, 0, out), 2);
	assert_memory_equal(out, "@@", 2);
}

/* The worst growth: seven octets of packed septets, each two octets of UTF-8. */
static void growth(void **state)
{
	uint8_t septets[8], packed[8], out[OUT_MAX];

	(void)state;
	memset(septets, 0x10, sizeof(septets)); /* capital delta */
	assert_int_equal(pack(septets, 8, 0, packed), 7);
	assert_int_equal(decode(TEXT_GSM7_PACKED, packed, 7, 0, out), 16);
	assert_true(16 <= TEXT_GROWTH * 7);
}

static void every_packed_octet_survives(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t in[96], out[OUT_MAX];
		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (uint8_t)random();
		const size_t len = (size_t)random() % sizeof(in), udh = (size_t)random() % 256;
		const int64_t n = decode(TEXT_GSM7_PACKED, in, len, udh, out);
		assert_in_range(n, 0, TEXT_GROWTH * len);
		assert_int_equal(text_decode(TEXT_UTF8, out, (size_t)n, 0,
		                             guard_start(&out_guard), OUT_MAX),
		                 n);
	}
}

/* Septets with anything in bit 7, which is nothing. */
static void masked_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		uint8_t septets[TEXT_MAX], octets[TEXT_MAX], ours[OUT_MAX], want[OUT_MAX];
		const size_t n = random_septets(septets, TEXT_MAX);

		for (size_t i = 0; i < n; i++)
			octets[i] = (uint8_t)(septets[i] | (random() & 0x80));
		const size_t len = twin(septets, n, want);
		assert_int_equal(decode(TEXT_GSM7_MASKED, octets, n, 0, ours), len);
		assert_memory_equal(ours, want, len);
	}
}

/* Bit 7: UTF-8 when it is, else Latin-1, and always the whole text. */
static void not_septets(void **state)
{
	static const uint8_t utf8[] = { '@', '$', 0xEB, 0x8C, 0x80, 0xEC, 0xB6, 0x9C };
	static const uint8_t latin1[] = { '@', '_', 'c', 0xE9, 'a' };
	static const uint8_t after_esc[] = { 'a', ESC, 0xE9 };
	uint8_t out[OUT_MAX];

	(void)state;
	assert_int_equal(decode(TEXT_GSM7, utf8, sizeof(utf8), 0, out), sizeof(utf8));
	assert_memory_equal(out, utf8, sizeof(utf8));
	assert_int_equal(decode(TEXT_GSM7, latin1, sizeof(latin1), 0, out), 6);
	assert_memory_equal(out,
	                    "@_c\xC3\xA9"
	                    "a",
	                    6);
	assert_int_equal(decode(TEXT_GSM7, after_esc, sizeof(after_esc), 0, out), 4);
	assert_memory_equal(out, "a\x1B\xC3\xA9", 4);
}

static int setup(void **state)
{
	(void)state;
	srandom(5);
	in_guard = guard_new(TEXT_MAX);
	out_guard = guard_new(OUT_MAX);
	for (unsigned i = 0; i < 128; i++) {
		const uint8_t pair[2] = { ESC, (uint8_t)i };
		alone[i].len = (size_t)decode(TEXT_GSM7, pair + 1, 1, 0, alone[i].octets);
		escaped[i].len = (size_t)decode(TEXT_GSM7, pair, 2, 0, escaped[i].octets);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacked_random),
		cmocka_unit_test(every_septet_everywhere),
		cmocka_unit_test(packed_random),
		cmocka_unit_test(masked_random),
		cmocka_unit_test(packed_padding),
		cmocka_unit_test(growth),
		cmocka_unit_test(every_packed_octet_survives),
		cmocka_unit_test(not_septets),
	};
	return cmocka_run_group_tests(tests, setup, guards_free);
}
