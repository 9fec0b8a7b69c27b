/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: numbering plans as data, beside a slow twin that works on text. Any plan: a result
 * is its own result; the image that carries a plan reads as the rows do.
 *
 * usage: plan_test [ROUNDS]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "image.h"
#include "image_build.h"
#include "numbering_plan.h"

#define ROWS_MAX 24u
#define TEXT 64u

static unsigned rounds = 300; /* plans; a thousand numbers each */
static uint64_t random_state = 7;

static uint32_t below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)((random_state >> 32) * n >> 32);
}

static void digits(char *out, unsigned n, const char *from)
{
	const unsigned kinds = (unsigned)strlen(from);

	for (unsigned i = 0; i < n; i++)
		out[i] = from[below(kinds)];
	out[n] = '\0';
}

/* Few digits, so that prefixes meet numbers. */
static uint32_t random_rows(struct image_plan_row rows[ROWS_MAX])
{
	uint32_t n = 0;

	for (unsigned kind = IMAGE_PLAN_TRUNK; kind <= IMAGE_PLAN_WORLD; kind++) {
		const unsigned of_kind = kind == IMAGE_PLAN_TRUNK ? below(2) : below(6);
		for (unsigned i = 0; i < of_kind; i++) {
			struct image_plan_row *r = &rows[n];
			*r = (struct image_plan_row){ .kind = (uint8_t)kind };
			digits(r->prefix, kind == IMAGE_PLAN_TRUNK ? 1 : 1 + below(3), "0012");
			if (kind <= IMAGE_PLAN_IDD)
				r->prefix[0] = '0';
			else if (kind != IMAGE_PLAN_HOME && r->prefix[0] == '0')
				r->prefix[0] = '1';
			if (kind > IMAGE_PLAN_IDD) {
				r->min = (uint8_t)(strlen(r->prefix) + below(6));
				r->max = (uint8_t)(r->min + below(5));
			}
			assert_null(numbering_plan_fault(r));
			n++;
		}
	}
	return n;
}

/* The twin: text and rows as they are given. */
struct twin {
	const struct image_plan_row *rows;
	uint32_t n;
	char country[8];
	bool trunk;
};

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool fits(const struct twin *t, unsigned kind, const char *text)
{
	const size_t len = strlen(text);

	for (uint32_t i = 0; i < t->n; i++)
		if (t->rows[i].kind == kind && starts(text, t->rows[i].prefix) &&
		    len >= t->rows[i].min && len <= t->rows[i].max)
			return true;
	return false;
}

/* Whole numbers: the first row of its prefix holds, 10 to 13 digits without one. */
static bool fits_world(const struct twin *t, const char *text)
{
	const size_t len = strlen(text);

	if (len == 0 || text[0] == '0')
		return false;
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->rows[i].kind != IMAGE_PLAN_WORLD || !starts(text, t->rows[i].prefix))
			continue;
		if (text[0] == '1' && (len != 11 || text[1] < '2' || text[4] < '2'))
			return false;
		return len >= t->rows[i].min && len <= t->rows[i].max;
	}
	return len >= 10 && len <= 13;
}

static const char *after_idd(const struct twin *t, const char *text)
{
	for (int home = 1; home >= 0; home--)
		for (uint32_t i = 0; i < t->n; i++) {
			if (t->rows[i].kind != IMAGE_PLAN_IDD ||
			    !starts(text, t->rows[i].prefix))
				continue;
			const char *rest = text + strlen(t->rows[i].prefix);
			if (home ? starts(rest, t->country) &&
			                    fits(t, IMAGE_PLAN_HOME, rest + strlen(t->country))
			         : fits_world(t, rest))
				return rest;
		}
	return NULL;
}

static void twin_read(const struct twin *t, const char *text, bool plus, char out[TEXT])
{
	const bool zero = text[0] == '0';

	if (!zero && !plus && fits(t, IMAGE_PLAN_BARE, text)) {
		snprintf(out, TEXT, "%s%s", t->country, text);
		return;
	}
	const char *rest = plus && !zero ? NULL : after_idd(t, text);
	if (rest != NULL) {
		text = rest;
	} else if (zero && text[1] != '0' && t->trunk && text[1] != '\0') {
		snprintf(out, TEXT, "%s%s", t->country, text + 1);
		return;
	}
	const size_t code = strlen(t->country);
	if (!t->trunk || !starts(text, t->country)) {
		snprintf(out, TEXT, "%s", text);
		return;
	}
	const char *national = text + code;
	while (*national == '0')
		national++;
	snprintf(out, TEXT, "%s%s", t->country, national);
}

static void check_number(const struct numbering_plan *plan, const struct twin *t)
{
	char number[TEXT], spelled[TEXT], wanted[TEXT], got[ADDRESS_TEXT_SIZE * 2];
	struct sender_key key, again;
	const bool plus = below(3) == 0;

	digits(number, 1 + below(15), below(2) ? "0012" : "0123456789");
	if (below(3) == 0) { /* our code in front, perhaps behind a prefix */
		snprintf(spelled, TEXT, "%s%s%.10s", below(2) ? "" : "00", t->country, number);
		memcpy(number, spelled, TEXT);
	}
	twin_read(t, number, plus, wanted);
	snprintf(spelled, TEXT, "%s%s", plus ? "+" : "", number);
	const int rc = address_key_by(&key, (const uint8_t *)spelled, strlen(spelled), plan);
	if (strlen(wanted) > NUMBER_DIGITS_MAX) {
		assert_true(rc != 0);
		return;
	}
	assert_int_equal(rc, 0);
	address_text(got, &key);
	if (strcmp(got + (got[0] == '+'), wanted) != 0)
		fail_msg("\"%s\" in plan %s: %s, twin %s", spelled, t->country, got, wanted);
	/* A result is its own result. */
	assert_int_equal(address_key_by(&again, (const uint8_t *)got, strlen(got), plan), 0);
	if (memcmp(&key, &again, sizeof(key)) != 0)
		fail_msg("\"%s\" in plan %s is not its own result", got, t->country);
}

static void any_plan_reads_as_its_twin(void **state)
{
	static const uint16_t countries[] = { 82, 1, 65, 7, 852 };
	struct image_plan_row rows[ROWS_MAX];
	struct numbering_plan plan;

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		const uint16_t country = countries[below(5)];
		const uint32_t n = random_rows(rows);
		if (n == 0 || rows[n - 1].kind != IMAGE_PLAN_WORLD)
			continue; /* the built-in world: the cases of address_test */
		numbering_plan_open(&plan, country, rows, n);
		struct twin t = { .rows = rows,
			          .n = n,
			          .trunk = rows[0].kind == IMAGE_PLAN_TRUNK };
		snprintf(t.country, sizeof(t.country), "%u", country);
		for (unsigned i = 0; i < 1000; i++)
			check_number(&plan, &t);
	}
}

static void faults_have_sentences_and_fields(void **state)
{
	static const struct {
		struct image_plan_row row;
		const char *field, *fault;
	} bad[] = {
		{ { 0, 0, 0, "0" }, "kind", "no such kind" },
		{ { 6, 0, 0, "0" }, "kind", "no such kind" },
		{ { IMAGE_PLAN_TRUNK, 0, 0, "8" }, "prefix", "only be 0" },
		{ { IMAGE_PLAN_IDD, 0, 0, "10" }, "prefix", "begins with 0" },
		{ { IMAGE_PLAN_IDD, 1, 2, "00" }, "min", "no lengths" },
		{ { IMAGE_PLAN_BARE, 8, 8, "" }, "prefix", "1 to 12 digits" },
		{ { IMAGE_PLAN_BARE, 8, 8, "1a" }, "prefix", "1 to 12 digits" },
		{ { IMAGE_PLAN_BARE, 8, 8, "1\0001" }, "prefix", "1 to 12 digits" },
		{ { IMAGE_PLAN_BARE, 20, 20, "1234567890123" }, "prefix", "1 to 12 digits" },
		{ { IMAGE_PLAN_BARE, 8, 8, "01" }, "prefix", "cannot begin with 0" },
		{ { IMAGE_PLAN_BARE, 0, 0, "1" }, "min", "as many digits" },
		{ { IMAGE_PLAN_HOME, 9, 8, "1" }, "min", "greater than max" },
		{ { IMAGE_PLAN_HOME, 2, 8, "123" }, "min", "as many digits" },
		{ { IMAGE_PLAN_WORLD, 8, 21, "1" }, "min", "to 20" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *fault = numbering_plan_fault(&bad[i].row);

		assert_non_null(fault);
		if (strstr(fault, bad[i].fault) == NULL)
			fail_msg("row %u: %s", i, fault);
		assert_string_equal(numbering_plan_field(&bad[i].row), bad[i].field);
	}
}

/* 1900-1234 is dialled as it stands in this plan, and is nothing in the built-in one. */
static void an_image_carries_its_plan(void **state)
{
	static const struct image_plan_row rows[] = {
		{ IMAGE_PLAN_TRUNK, 0, 0, "0" },
		{ IMAGE_PLAN_IDD, 0, 0, "00" },
		{ IMAGE_PLAN_BARE, 8, 8, "19" },
	};
	const char *const expected[2] = { "+19001234", "+8219001234" };

	(void)state;
	for (unsigned own = 0; own < 2; own++) {
		char error[IMAGE_BUILD_ERROR_SIZE], why[IMAGE_ERROR_SIZE], text[TEXT];
		struct image_build *b;
		struct sender_key key;
		struct image image;
		void *octets;
		size_t size;

		assert_int_equal(image_build_open(&b), 0);
		if (own)
			assert_int_equal(image_build_plan(b, rows, 3), 0);
		assert_int_equal(image_build_memory(b, 1, 1, &octets, &size, error), 0);
		assert_int_equal(image_open(&image, octets, size, why), 0);
		assert_int_equal(
			address_key_by(&key, (const uint8_t *)"1900-1234", 9, &image.plan), 0);
		address_text(text, &key);
		assert_string_equal(text, expected[own]);
		image_close(&image);
		free(octets);
		image_build_close(b);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_plan_reads_as_its_twin),
		cmocka_unit_test(faults_have_sentences_and_fields),
		cmocka_unit_test(an_image_carries_its_plan),
	};

	if (argc > 1)
		rounds = (unsigned)strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
