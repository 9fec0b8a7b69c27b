/* SPDX-License-Identifier: Apache-2.0 */
/* Against tables and vectors that others made (../shared/data). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "shared.h"
#include "text.h"

#define LINE_SIZE 4096u

static FILE *open_shared(const char *name)
{
	char path[512];

	shared_path(path, sizeof(path), name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; hex[0] != 0 && hex[1] != 0; hex += 2) {
		const char pair[3] = { hex[0], hex[1], 0 };
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* UTF-8 of a code point of the basic plane. */
static size_t utf8_of(unsigned c, char out[4])
{
	if (c < 0x80)
		return (size_t)sprintf(out, "%c", (int)c);
	if (c < 0x800)
		return (size_t)sprintf(out, "%c%c", (char)(0xC0 | c >> 6),
		                       (char)(0x80 | (c & 63)));
	return (size_t)sprintf(out, "%c%c%c", (char)(0xE0 | c >> 12),
	                       (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)));
}

static unsigned check_table(const char *name, enum text_coding coding)
{
	char line[LINE_SIZE], expected[4];
	uint8_t in[8], out[32];
	unsigned rows = 0;
	FILE *f = open_shared(name);

	while (fgets(line, sizeof(line), f) != NULL) {
		char *tab = strchr(line, '\t'); /* octets in hex, TAB, code point in hex */
		assert_non_null(tab);
		*tab = 0;
		const unsigned c = (unsigned)strtoul(tab + 1, NULL, 16);
		const size_t len = from_hex(line, in);
		const int64_t n = text_decode(coding, in, len, 0, out, sizeof(out));
		assert_int_equal(n, utf8_of(c, expected));
		assert_memory_equal(out, expected, (size_t)n);
		rows++;
	}
	fclose(f);
	return rows;
}

static void cp949_table(void **state)
{
	(void)state;
	assert_int_equal(check_table("data/tables/cp949.tsv", TEXT_CP949), 17048);
}

static void gsm_table(void **state)
{
	(void)state;
	assert_int_equal(
		check_table("data/tables/gsm0338_default_and_extension.tsv", TEXT_GSM7), 137);
}

static enum text_coding coding_of(const char *name)
{
	static const struct {
		const char *name;
		enum text_coding coding;
	} names[] = {
		{ "GSM7-packed", TEXT_GSM7_PACKED }, { "GSM7-unpacked", TEXT_GSM7 },
		{ "ISO-8859-8", TEXT_HEBREW },       { "ISO-8859-5", TEXT_CYRILLIC },
		{ "ISO-8859-1", TEXT_LATIN1 },       { "UCS2-BE", TEXT_UCS2 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].coding;
	fail_msg("no coding is called %s", name);
	return TEXT_UNKNOWN;
}

static void field_vectors(void **state)
{
	char line[LINE_SIZE];
	uint8_t in[LINE_SIZE], out[TEXT_GROWTH * LINE_SIZE];
	unsigned checked = 0;
	FILE *f = open_shared("data/vectors/text_vectors.dev.jsonl");

	(void)state;
	while (fgets(line, sizeof(line), f) != NULL) {
		json_t *row = json_loads(line, 0, NULL);
		assert_non_null(row);
		if (json_is_true(json_object_get(row, "checked"))) {
			const char *text = json_string_value(json_object_get(row, "text"));
			const char *hex = json_string_value(json_object_get(row, "hex"));
			const char *name = json_string_value(json_object_get(row, "encoding"));
			const size_t len = from_hex(hex, in);
			const int64_t n =
				text_decode(coding_of(name), in, len, 0, out, sizeof(out));
			assert_int_equal(n, strlen(text));
			assert_memory_equal(out, text, (size_t)n);
			checked++;
		}
		json_decref(row);
	}
	fclose(f);
	assert_true(checked >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cp949_table),
		cmocka_unit_test(gsm_table),
		cmocka_unit_test(field_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
