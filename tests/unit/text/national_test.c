/* SPDX-License-Identifier: Apache-2.0 */
/*
 * National language tables: against what others encoded (../shared/data/vectors), every
 * septet of every table, and each packed as it is unpacked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "../shared.h"
#include "text.h"

#define ESC 0x1Bu
#define LANGUAGES 14u

static size_t decode(unsigned lock, unsigned shift, const void *septets, size_t len, char *out)
{
	const struct text_language l = { (uint8_t)lock, (uint8_t)shift };
	const int64_t n = text_decode_in(&l, TEXT_GSM7, septets, len, 0, (uint8_t *)out,
	                                 TEXT_GROWTH * len);

	assert_true(n >= 0);
	out[n] = '\0';
	return (size_t)n;
}

/* Characters that the annex has at these places; beginnings, ends and odd ones. */
static void known_places(void **state)
{
	static const struct {
		unsigned language, septet;
		bool shifted;
		const char *is;
	} places[] = {
		{ 1, 0x07, false, "ı" },       { 1, 0x40, false, "İ" },
		{ 1, 0x53, true, "Ş" },        { 2, 0x09, true, "ç" },
		{ 2, 0x41, true, "Á" },        { 2, 0x41, false, "A" },
		{ 3, 0x15, false, "∞" },       { 3, 0x5D, false, "Ú" },
		{ 3, 0x16, false, "^" },       { 4, 0x00, false, "\u0981" },
		{ 4, 0x45, false, " " },       { 4, 0x60, false, "\u09CE" },
		{ 4, 0x19, true, "\u09E6" },   { 5, 0x7F, false, "\u0AF1" },
		{ 6, 0x15, false, "\u0915" },  { 6, 0x2F, false, "\u0928" },
		{ 6, 0x3C, false, "\u0929" },  { 6, 0x4D, false, "\u0939" },
		{ 6, 0x4E, false, "\u093C" },  { 6, 0x5F, false, "\u094D" },
		{ 6, 0x1C, true, "\u0966" },   { 6, 0x34, true, "\u095F" },
		{ 7, 0x00, false, " " },       { 8, 0x2E, true, "\u0D7A" },
		{ 9, 0x60, false, "\u0B56" },  { 10, 0x7F, false, "\u0A74" },
		{ 11, 0x3C, false, "\u0BA9" }, { 11, 0x16, false, " " },
		{ 12, 0x32, true, "\u0C7F" },  { 13, 0x00, false, "\u0627" },
		{ 13, 0x5B, false, "\u06D2" }, { 13, 0x3F, true, "\u06D4" },
		{ 13, 0x41, true, "A" },       { 13, 0x61, false, "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const uint8_t in[2] = { ESC, (uint8_t)places[i].septet };
		const unsigned skip = places[i].shifted ? 0 : 1;
		char out[9];
		decode(places[i].language, places[i].language, in + skip, 2 - skip, out);
		if (strcmp(out, places[i].is) != 0)
			fail_msg("language %u, septet 0x%02X is %s, not %s", places[i].language,
			         places[i].septet, out, places[i].is);
	}
}

/* A letter stands at one place of a table only: what is encoded comes back. Digits, a to z
 * and line ends are where they are in every table. */
static void round_trips(void **state)
{
	(void)state;
	for (unsigned l = 0; l < LANGUAGES; l++) {
		char is[128][9];
		for (unsigned c = 0; c < 128; c++) {
			const uint8_t in = (uint8_t)c;
			decode(l, 0, &in, 1, is[c]);
			assert_int_not_equal(is[c][0], '\0');
			for (unsigned k = 0; k < c; k++)
				if (strcmp(is[k], is[c]) == 0)
					assert_string_equal(is[c], " ");
			if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '\n' ||
			    c == '\r')
				assert_int_equal(is[c][0], c);
		}
	}
}

/* What no table of the language has falls back to the default alphabet. */
static void fallback(void **state)
{
	char a[64], b[64];

	(void)state;
	decode(2, 0, "\x04\x05", 2, a); /* Spanish has no locking table */
	assert_string_equal(a, "èé");
	decode(200, 200, "\x04\x1B\x65", 3, a); /* identifiers not in use */
	assert_string_equal(a, "è€");
	decode(1, 1, "\x1B\x04", 2, a); /* no such extension: the locking table's */
	decode(1, 0, "\x04", 1, b);
	assert_string_equal(a, b);
	decode(1, 1, "x\x1B", 2, a);
	assert_string_equal(a, "x ");
	decode(1, 1, "caf\xC3\xA9", 5, a); /* bit 7: not septets */
	assert_string_equal(a, "café");
}

static size_t pack(const uint8_t *septets, size_t n, size_t udh, uint8_t *out)
{
	const size_t fill = (7 - udh * 8 % 7) % 7;
	const size_t len = (fill + 7 * n + 7) / 8;

	memset(out, 0, len);
	for (size_t bit = 0; bit < 7 * n; bit++)
		if ((septets[bit / 7] >> bit % 7 & 1) != 0)
			out[(fill + bit) / 8] |= (uint8_t)(1u << (fill + bit) % 8);
	return len;
}

/* Packed behind any header as one an octet; and text_unpack() undoes the packing. */
static void packed(void **state)
{
	(void)state;
	srandom(5);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t septets[160], octets[144], again[160];
		char plain[TEXT_GROWTH * 160 + 1], out[TEXT_GROWTH * 160 + 1];
		const size_t n = 1 + (size_t)random() % 160, udh = (size_t)random() % 12;
		const struct text_language l = { (uint8_t)(random() % 16),
			                         (uint8_t)(random() % 16) };
		for (size_t i = 0; i < n; i++)
			septets[i] = (uint8_t)(random() % 4 == 0 ? ESC : random() % 128);
		septets[n - 1] |= 1; /* a last 0 may be padding */
		const size_t len = pack(septets, n, udh, octets);
		decode(l.lock, l.shift, septets, n, plain);
		const int64_t k = text_decode_in(&l, TEXT_GSM7_PACKED, octets, len, udh,
		                                 (uint8_t *)out, TEXT_GROWTH * len);
		assert_int_equal(k, strlen(plain));
		assert_memory_equal(out, plain, (size_t)k);
		assert_int_equal(text_unpack(octets, len, udh, again, sizeof(again)), n);
		assert_memory_equal(again, septets, n);
	}
}

/* The worst growth: seven octets of packed septets, each three octets of UTF-8. */
static void growth(void **state)
{
	uint8_t septets[8], octets[7], out[TEXT_GROWTH * 7];
	const struct text_language hindi = { 6, 6 };

	(void)state;
	memset(septets, 0x15, sizeof(septets));
	assert_int_equal(pack(septets, 8, 0, octets), 7);
	assert_int_equal(
		text_decode_in(&hindi, TEXT_GSM7_PACKED, octets, 7, 0, out, sizeof(out)), 24);
}

static void vector(json_t *row, unsigned language)
{
	const char *hex = json_string_value(json_object_get(row, "hex"));
	const char *text = json_string_value(json_object_get(row, "text"));
	uint8_t septets[512];
	char out[TEXT_GROWTH * 512 + 1];
	size_t n = 0;

	for (; hex[2 * n] != '\0'; n++) {
		const char octet[3] = { hex[2 * n], hex[2 * n + 1], '\0' };
		septets[n] = (uint8_t)strtoul(octet, NULL, 16);
	}
	decode(language, language, septets, n, out);
	assert_string_equal(out, text);
}

static void vectors_of_others(void **state)
{
	char path[512], line[4096];
	unsigned n = 0;

	(void)state;
	shared_path(path, sizeof(path), "data/vectors/text_vectors.dev.jsonl");
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		json_t *row = json_loads(line, 0, NULL);
		const char *coding = json_string_value(json_object_get(row, "encoding"));
		const unsigned language = coding == NULL                      ? 0
		                          : strncmp(coding, "GSM_TR", 6) == 0 ? 1
		                          : strncmp(coding, "GSM_ES", 6) == 0 ? 2
		                          : strncmp(coding, "GSM_PT", 6) == 0 ? 3
		                                                              : 0;
		if (language != 0) {
			vector(row, language);
			n++;
		}
		json_decref(row);
	}
	fclose(f);
	assert_true(n >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_places), cmocka_unit_test(round_trips),
		cmocka_unit_test(fallback),     cmocka_unit_test(packed),
		cmocka_unit_test(growth),       cmocka_unit_test(vectors_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
