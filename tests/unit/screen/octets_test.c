/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of the cache of known texts, and its comparison, against memcmp(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../text/guard.h"
#include "cache.h"
#include "octets.h"

static struct octets_secret secret;
static struct guard one, other;

static void fill(void *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)to)[i] = (uint8_t)random();
}

/* Of any length, right before a page that nobody may read: only the text counts. */
static void only_the_text(void **state)
{
	(void)state;
	for (uint32_t len = 1; len <= CACHE_TEXT_MAX; len++) {
		uint8_t *a = guard_end(&one, len), *b = guard_end(&other, len);
		fill(a, len);
		memcpy(b, a, len);
		const uint64_t hash = octets_hash(&secret, a, len, 5);
		assert_true(octets_hash(&secret, b, len, 5) == hash);
		assert_true(octets_differ(a, b, len) == 0);
		assert_true(octets_hash(&secret, a, len, 6) != hash);
		for (uint32_t i = 0; i < len; i++) {
			b[i] ^= (uint8_t)(1u << random() % 8);
			assert_false(octets_differ(a, b, len) == 0);
			assert_true(octets_hash(&secret, b, len, 5) != hash);
			b[i] = a[i];
		}
	}
}

/* Octets of zero are no end: a text and the same with one more differ. */
static void length_counts(void **state)
{
	uint8_t *zeros = guard_end(&one, CACHE_TEXT_MAX);
	uint64_t before = 0;

	(void)state;
	memset(zeros, 0, CACHE_TEXT_MAX);
	for (uint32_t len = 1; len <= CACHE_TEXT_MAX; len++) {
		const uint64_t hash = octets_hash(&secret, zeros, len, 1);
		assert_true(hash != before);
		before = hash;
	}
}

/* Each bit of the hash is set in about half of the texts that differ in a counter. */
static void spreads(void **state)
{
	unsigned set[64] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 4096; i++) {
		uint8_t *text = guard_end(&one, 40);
		memset(text, 'x', 40);
		memcpy(text + 30, &i, sizeof(i));
		const uint64_t hash = octets_hash(&secret, text, 40, 1);
		for (unsigned bit = 0; bit < 64; bit++)
			set[bit] += (unsigned)(hash >> bit & 1);
	}
	for (unsigned bit = 0; bit < 64; bit++)
		assert_in_range(set[bit], 2048 - 320, 2048 + 320); /* ten sigma */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_text),
		cmocka_unit_test(length_counts),
		cmocka_unit_test(spreads),
	};
	one = guard_new(CACHE_TEXT_MAX);
	other = guard_new(CACHE_TEXT_MAX);
	srandom(3);
	fill(&secret, sizeof(secret));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
