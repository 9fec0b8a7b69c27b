/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: what a writer of RFC 4180 writes, in every style, is what is read; broken
 * files are named with their row and nothing outside the text is touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "instant.h"

static struct problems problems;

/* A heap copy of exactly size + 1 octets, so that a sanitizer sees the next one. */
static char *copy_of(const char *text, size_t size)
{
	char *copy = malloc(size + 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	return copy;
}

static char *opened(struct csv *csv, const char *text)
{
	char *copy = copy_of(text, strlen(text));

	problems_init(&problems, "t.csv");
	csv_open(csv, copy, strlen(text));
	return copy;
}

static void reads_rfc4180(void **state)
{
	struct csv csv;
	struct csv_row row;
	char *text = opened(&csv, "\xef\xbb\xbf"
	                          "a,b,c\r\n\"x,1\",\"say \"\"hi\"\"\",\"two\r\nlines\"\n\n"
	                          " 가 ,\t, last");

	(void)state;
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_int_equal(row.n, 3);
	assert_string_equal(row.fields[0], "a"); /* the byte order mark is gone */
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_int_equal(row.row, 2);
	assert_string_equal(row.fields[0], "x,1");
	assert_string_equal(row.fields[1], "say \"hi\"");
	assert_string_equal(row.fields[2], "two\r\nlines");
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_int_equal(row.row, 5); /* the quoted line end and the empty line count */
	assert_string_equal(row.fields[0], "가");
	assert_string_equal(row.fields[1], "");
	assert_string_equal(row.fields[2], "last");
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_END);
	assert_int_equal(problems.total, 0);
	free(text);
}

static void names_broken_rows(void **state)
{
	struct csv csv;
	struct csv_row row;
	char *text = opened(&csv, "a\n\xb0\xa1\nok\n\"open,\nx\n");

	(void)state;
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_BAD_ROW);
	assert_int_equal(problems.list[0].row, 2);
	assert_non_null(strstr(problems.list[0].text, "UTF-8"));
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_string_equal(row.fields[0], "ok");
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_BAD);
	assert_int_equal(problems.list[1].row, 4);
	free(text);
}

static void wants_its_columns(void **state)
{
	static const struct csv_column columns[] = { { "id", true },
		                                     { "name", false },
		                                     { "state", true } };
	struct csv csv;
	struct csv_row row;
	struct csv_layout layout;
	char *text = opened(&csv, "state,id\ngood,7\n");

	(void)state;
	assert_int_equal(csv_header(&csv, &layout, columns, 3, &problems), 0);
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_string_equal(csv_field(&layout, &row, 0), "7");
	assert_string_equal(csv_field(&layout, &row, 1), "");
	assert_string_equal(csv_field(&layout, &row, 2), "good");
	free(text);

	text = opened(&csv, "id,id,colour\n");
	assert_int_equal(csv_header(&csv, &layout, columns, 3, &problems), -EINVAL);
	assert_int_equal(problems.total, 3); /* id twice, state missing, colour unknown */
	assert_string_equal(problems.list[2].text,
	                    "this column is not known, only id, name, state");
	free(text);
	const char *const others[] = { "id;state\n1;good\n", "id\tstate\n1\tgood\n" };
	for (unsigned i = 0; i < 2; i++) {
		text = opened(&csv, others[i]);
		assert_int_equal(csv_header(&csv, &layout, columns, 3, &problems), -EINVAL);
		assert_int_equal(problems.total, 1);
		assert_non_null(strstr(problems.list[0].text, "save it with commas"));
		free(text);
	}
	/* As a spreadsheet saves a sheet in which somebody wrote beside the columns. */
	text = opened(&csv, "ID,State,,\n1,good,,\n,,,\n2,good,,x\n");
	assert_int_equal(csv_header(&csv, &layout, columns, 3, &problems), 0);
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_string_equal(csv_field(&layout, &row, 2), "good");
	assert_true(csv_is_named(&layout, &row, &problems) && !csv_is_empty(&row));
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_true(csv_is_empty(&row));
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_false(csv_is_named(&layout, &row, &problems));
	assert_string_equal(problems.list[0].text, "field 4 has text, and its column has no "
	                                           "name in the first row");
	free(text);
	text = opened(&csv, "");
	assert_int_equal(csv_header(&csv, &layout, columns, 3, &problems), -EINVAL);
	assert_int_equal(problems.total, 1);
	free(text);
}

static void steps_over_comments(void **state)
{
	struct csv csv;
	struct csv_row row;
	char *text = opened(&csv, "\xef\xbb\xbf# a \"quote, \"\r\n\n#\na,b\n#end");

	(void)state;
	csv_skip_comments(&csv, "#");
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
	assert_int_equal(row.row, 4);
	assert_string_equal(row.fields[0], "a");
	csv_skip_comments(&csv, "#");
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_END);
	free(text);
}

/* The same numbers in every run (xorshift, Marsaglia 2003). */
static unsigned draw(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x >> 1;
}

/* A writer: quotes when it must, and sometimes when it need not. */
static size_t write_field(char *out, const char *field)
{
	size_t n = 0;

	if (strpbrk(field, ",\"\r\n") == NULL && field[0] != '\0' && draw() % 2)
		return (size_t)sprintf(out, "%s", field);
	out[n++] = '"';
	for (const char *c = field; *c; c++) {
		if (*c == '"')
			out[n++] = '"';
		out[n++] = *c;
	}
	out[n++] = '"';
	return n;
}

static void reads_what_was_written(void **state)
{
	static const char *const pieces[] = { "a", ",", "\"", "\r\n", "\n", "가", "b c", "1" };
	static char fields[200][4][64], out[200 * 4 * 140];
	struct csv csv;
	struct csv_row row;
	size_t n = 0;

	(void)state;
	for (int r = 0; r < 200; r++) {
		for (int f = 0; f < 4; f++) {
			char *to = fields[r][f];

			/* No blank at either end: those are trimmed outside quotes. */
			strcpy(to, "x");
			for (unsigned k = draw() % 6; k > 0; k--)
				strcat(to, pieces[draw() % 8]);
			n += write_field(out + n, to);
			out[n++] = ',';
		}
		n--;
		n += (size_t)sprintf(out + n, "%s", r % 3 ? "\n" : "\r\n");
	}
	out[n] = '\0';
	char *text = opened(&csv, out);
	for (int r = 0; r < 200; r++) {
		assert_int_equal(csv_next(&csv, &row, &problems), CSV_ROW);
		assert_int_equal(row.n, 4);
		for (int f = 0; f < 4; f++)
			assert_string_equal(row.fields[f], fields[r][f]);
	}
	assert_int_equal(csv_next(&csv, &row, &problems), CSV_END);
	free(text);
}

/* Every prefix of a file ends in some orderly way. */
static void survives_every_prefix(void **state)
{
	static const char whole[] = "\xef\xbb\xbf"
				    "a,\"b\"\"\",c\r\n\"1\r\n2\", 3 ,\"가\"\r4,5,6\n";
	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++) {
		struct csv csv;
		struct csv_row row;
		char *text = copy_of(whole, n);
		enum csv_result result;
		unsigned turns = 0;

		problems_init(&problems, "t.csv");
		csv_open(&csv, text, n);
		do {
			result = csv_next(&csv, &row, &problems);
		} while ((result == CSV_ROW || result == CSV_BAD_ROW) && ++turns < 10);
		assert_true(result == CSV_END || result == CSV_BAD);
		assert_true(result == CSV_END || problems.total != 0);
		assert_true(csv.at <= csv.end);
		free(text);
	}
}

static void instants(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t seconds;
	} cases[] = {
		{ "", 0, 0 },
		{ "2024-06-01", 0, 1717200000 },
		{ "2024-06-01T00:00Z", 0, 1717200000 },
		{ "2024-06-01T09:00:00+09:00", 0, 1717200000 },
		{ "2024-05-31T21:30:05-02:30", 0, 1717200005 },
		{ "2024-02-29", 0, 1709164800 },
		{ "2023-02-29", -EINVAL, 0 },
		{ "2024-13-01", -EINVAL, 0 },
		{ "2024-06-01T00:00:00", -EINVAL, 0 }, /* whose midnight? */
		{ "2024-06-01T24:00Z", -EINVAL, 0 },
		{ "2024-06-01T00:00Zx", -EINVAL, 0 },
		{ "2024-6-1", -EINVAL, 0 },
		{ "1969-12-31", -EINVAL, 0 },
		{ "2106-12-31", -EINVAL, 0 },
		{ "01/06/2024", -EINVAL, 0 },
	};
	char text[INSTANT_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t seconds = 0;

		assert_int_equal(instant_parse(&seconds, cases[i].text), cases[i].result);
		assert_int_equal(seconds, cases[i].seconds);
	}
	instant_text(text, 1717200005);
	assert_string_equal(text, "2024-06-01T00:00:05Z");
	instant_text(text, 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rfc4180),
		cmocka_unit_test(names_broken_rows),
		cmocka_unit_test(wants_its_columns),
		cmocka_unit_test(steps_over_comments),
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(survives_every_prefix),
		cmocka_unit_test(instants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
