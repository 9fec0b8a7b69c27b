/* SPDX-License-Identifier: Apache-2.0 */
/* address: a table of spellings, and properties over made-up numbers. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "address_cases.h"

static struct sender_key key_of(const char *addr, uint16_t country)
{
	struct sender_key key;

	if (address_key(&key, (const uint8_t *)addr, strlen(addr), 0, 0, country) != 0)
		fail_msg("no key of \"%s\"", addr);
	assert_true(address_key_valid(&key));
	return key;
}

static void table_of_cases(void **state)
{
	(void)state;
	unsigned failed = 0, n = 0;

	for (const struct address_case *c = address_cases; c->addr != NULL; c++, n++) {
		char text[ADDRESS_TEXT_SIZE * 2] = "";
		struct sender_key key;
		const int result = address_key(&key, (const uint8_t *)c->addr, strlen(c->addr),
		                               c->ton, c->npi, c->country);

		if (result == 0)
			address_text(text, &key);
		const bool good = c->expect == NULL
		                          ? result != 0
		                          : result == 0 && strcmp(text, c->expect) == 0;
		if (!good) {
			print_message(
				"case %u \"%s\" (plan %u): \"%s\" (%d), expected \"%s\"\n", n,
				c->addr, c->country, text, result,
				c->expect ? c->expect : "(none)");
			failed++;
		}
	}
	assert_int_equal(failed, 0);
	print_message("%u cases\n", n);
	assert_true(n >= ADDRESS_CASES_MIN);
}

/* The text of a key is an address with the same key (NUMBER and ALPHA). */
static void idempotent(void **state)
{
	(void)state;
	for (const struct address_case *c = address_cases; c->addr != NULL; c++) {
		char text[ADDRESS_TEXT_SIZE * 2];

		if (c->expect == NULL)
			continue;
		const struct sender_key key = key_of(c->addr, c->country);
		if (key.octets[0] >> 5 == SENDER_KEY_RAW)
			continue;
		address_text(text, &key);
		const struct sender_key again = key_of(text, c->country);
		if (memcmp(&key, &again, sizeof(key)) != 0)
			fail_msg("\"%s\" -> \"%s\" is another key", c->addr, text);
	}
}

static void ton_and_npi_do_not_matter(void **state)
{
	(void)state;
	for (const struct address_case *c = address_cases; c->addr != NULL; c++) {
		struct sender_key a, b;
		const uint8_t *addr = (const uint8_t *)c->addr;
		const int ra = address_key(&a, addr, strlen(c->addr), 1, 1, c->country);
		const int rb = address_key(&b, addr, strlen(c->addr), 5, 0, c->country);

		assert_int_equal(ra, rb);
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static uint32_t random_state = 2024;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* A Korean number as dialled at home: mobile, area, internet, personal, nationwide. */
static void make_national(char out[16])
{
	static const char *const codes[] = { "010", "02", "031", "051", "064",  "070", "0505",
		                             "080", "15", "16",  "18",  "0303", "019" };
	static const unsigned digits[] = { 11, 10, 11, 10, 10, 11, 12, 10, 8, 8, 8, 11, 10 };
	const unsigned kind = random_below(13);
	unsigned n = (unsigned)snprintf(out, 16, "%s", codes[kind]);

	out[n++] = (char)('2' + random_below(8)); /* subscribers begin with 2 to 9 */
	while (n < digits[kind])
		out[n++] = (char)('0' + random_below(10));
	out[n] = '\0';
}

/* The same number as somebody else writes it. */
static void respell(const char *national, char out[ADDRESS_INPUT_MAX])
{
	const bool trunk = *national == '0';
	const char *bare = national + trunk;
	static const char *const separators[] = { "", "-", ".", " " };
	const char *sep = separators[random_below(4)];

	switch (random_below(9)) {
	case 0:
		snprintf(out, 64, "%s", national);
		break;
	case 1:
		snprintf(out, 64, "%.3s%s%s", national, sep, national + 3);
		break;
	case 2:
		snprintf(out, 64, "+82%s%s", sep, bare);
		break;
	case 3:
		snprintf(out, 64, "82%s%.2s%s%s", sep, bare, sep, bare + 2);
		break;
	case 4:
		snprintf(out, 64, "0082%s%s", sep, bare);
		break;
	case 5:
		snprintf(out, 64, "+82%s(0)%s", sep, bare);
		break;
	case 6:
		snprintf(out, 64, "82%s", national);
		break;
	case 7:
		snprintf(out, 64, " (%.3s) %s ", national, national + 3);
		break;
	default:
		snprintf(out, 64, "00700%s82%s", sep, bare);
		break;
	}
	/* "+82 (0)" is only written before numbers that have the 0 */
	if (!trunk && strchr(out, '(') != NULL)
		snprintf(out, 64, "+82%s", bare);
}

static void equal_iff_same_number(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		char a[16], b[16], a1[ADDRESS_INPUT_MAX], b1[ADDRESS_INPUT_MAX];

		make_national(a);
		strcpy(b, a);
		if (i % 2 == 0) { /* a near neighbour */
			const size_t at = strlen(b) - 1 - random_below(4);
			b[at] = (char)('0' + (b[at] - '0' + 1 + random_below(9)) % 10);
		} else if (i % 4 == 1) {
			make_national(b);
		}
		respell(a, a1);
		respell(b, b1);
		const struct sender_key ka = key_of(a1, 82), kb = key_of(b1, 82);
		const bool equal = memcmp(&ka, &kb, sizeof(ka)) == 0;
		if (equal != (strcmp(a, b) == 0))
			fail_msg("\"%s\" and \"%s\": %s", a1, b1,
			         equal ? "equal" : "different");
	}
}

/* Any octets of any length, at the end of a page: no read outside, and either a valid
 * key or an error and no key. */
static void any_octets(void **state)
{
	(void)state;
	static const struct sender_key none;
	static const char likely_octets[] = "+0012358-() .aZ#";

	for (unsigned i = 0; i < 50000; i++) {
		const size_t len = random_below(ADDRESS_INPUT_MAX + 6);
		uint8_t *addr = malloc(len + 1);
		struct sender_key key;

		assert_non_null(addr);
		uint8_t *tight = addr + 1; /* sanitizers see both sides */
		for (size_t j = 0; j < len; j++)
			tight[j] = i % 3 ? (uint8_t)likely_octets[random_below(16)]
			                 : (uint8_t)random_below(256);
		const uint16_t country = (uint16_t)(i % 5 == 0 ? 0 : i % 7 == 0 ? 1 : 82);
		const int result = address_key(&key, tight, len, 0, 0, country);
		if (result == 0)
			assert_true(address_key_valid(&key));
		else
			assert_memory_equal(&key, &none, sizeof(key));
		assert_true(result == 0 || result == -EINVAL || result == -E2BIG);
		free(addr);
	}
}

static void every_alpha_character_has_its_own_key(void **state)
{
	(void)state;
	const char *const all =
		"abcdefghijklmnopqrstuvwxyz0123456789 !\"#$%&'()*+,-./:;<=>?@_[]{}";
	char a[4] = "xax", text[ADDRESS_TEXT_SIZE * 2];

	assert_int_equal(strlen(all), 64);
	for (unsigned i = 0; i < 64; i++) {
		a[1] = all[i];
		const struct sender_key ki = key_of(a, 82);
		assert_int_equal(ki.octets[0] >> 5, SENDER_KEY_ALPHA);
		for (unsigned j = 0; j < i; j++) {
			a[1] = all[j];
			const struct sender_key kj = key_of(a, 82);
			assert_memory_not_equal(&ki, &kj, sizeof(ki));
		}
		address_text(text, &ki);
		assert_int_equal(strlen(text), 3);
	}
}

static void invalid_keys(void **state)
{
	(void)state;
	const struct sender_key bad[] = {
		{ { 0 } },
		{ { 0x20 } },       /* a number of no digits */
		{ { 0x35, 1 } },    /* 21 digits */
		{ { 0x21, 0x1a } }, /* one digit, then not zero */
		{ { 0x22, 0xa1 } }, /* no digit */
		{ { 0x22, 0x12, 1 } },
		{ { 0x55, 1 } },    /* 21 characters */
		{ { 0x41, 0x01 } }, /* bits behind 6 */
		{ { 0x70, 1 } },    /* RAW of 16 */
		{ { 0x61, 1, 1 } },
		{ { 0x80 } },
		{ { 0xff } },
	};
	char text[ADDRESS_TEXT_SIZE * 2];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(address_key_valid(&bad[i]));
		address_text(text, &bad[i]);
		assert_string_equal(text, "(none)");
	}
}

/* Plain digits go a short way, a separator among them forces the general one: same key,
 * same refusal. Octets that are almost digits, in any place, are none. */
static void short_way_is_the_general_way(void **state)
{
	static const char *const starts[] = { "",     "0",     "00",   "010", "10",
		                              "1",    "15",    "82",   "820", "8200",
		                              "8210", "82010", "0082", "65",  "650",
		                              "61",   "91",    "910",  "9",   "011" };
	static const uint16_t countries[] = { 82, 1, 61, 65, 91, 44, 0, 999 };
	static const char almost[] = "/:;?@p \xb1\x10";
	unsigned seed = 20;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		char plain[40], cut[42];
		const unsigned n = 1 + (unsigned)rand_r(&seed) % 20;
		const char *plus = rand_r(&seed) % 3 == 0 ? "+" : "";
		const uint16_t country = countries[rand_r(&seed) % 8];

		const int start = snprintf(plain, sizeof(plain), "%s%s", plus,
		                           starts[rand_r(&seed) % 20]);
		unsigned len = (unsigned)start;
		while (len < n)
			plain[len++] = (char)('0' + rand_r(&seed) % 10);
		plain[len] = '\0';
		if (len > 2 && rand_r(&seed) % 8 == 0)
			plain[1 + (unsigned)rand_r(&seed) % (len - 2)] =
				almost[(unsigned)rand_r(&seed) % (sizeof(almost) - 1)];
		snprintf(cut, sizeof(cut), "%.*s-%s", (int)len / 2, plain, plain + len / 2);

		struct sender_key a, b;
		const int one = address_key(&a, (const uint8_t *)plain, len, 0, 0, country);
		const int two = address_key(&b, (const uint8_t *)cut, len + 1, 0, 0, country);
		if (two == 0 && b.octets[0] >> 5 == SENDER_KEY_NUMBER) {
			if (one != 0 || memcmp(&a, &b, sizeof(a)) != 0)
				fail_msg("\"%s\" in plan %u", plain, country);
		} else {
			assert_true(one != 0 || a.octets[0] >> 5 != SENDER_KEY_NUMBER);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_cases),
		cmocka_unit_test(idempotent),
		cmocka_unit_test(ton_and_npi_do_not_matter),
		cmocka_unit_test(equal_iff_same_number),
		cmocka_unit_test(any_octets),
		cmocka_unit_test(every_alpha_character_has_its_own_key),
		cmocka_unit_test(invalid_keys),
		cmocka_unit_test(short_way_is_the_general_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
