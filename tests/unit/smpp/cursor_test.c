/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cursor.h"
#include "guard.h"

static void integers_are_big_endian(void **state)
{
	static const uint8_t octets[] = { 0xFF, 0x80, 0x01, 0xDE, 0xAD, 0xBE, 0xEF };
	struct cursor c = cursor_over(guard_end(octets, sizeof(octets)), sizeof(octets));

	(void)state;
	assert_int_equal(cursor_u8(&c), 0xFF);
	assert_int_equal(cursor_u16(&c), 0x8001);
	assert_int_equal(cursor_u32(&c), 0xDEADBEEF);
	assert_int_equal(cursor_left(&c), 0);
	assert_false(c.error);
}

static void assert_stuck(struct cursor *c)
{
	assert_true(c->error);
	assert_int_equal(cursor_left(c), 0);
	assert_int_equal(cursor_u8(c), 0);
	assert_int_equal(cursor_u16(c), 0);
	assert_int_equal(cursor_u32(c), 0);
	assert_null(cursor_take(c, 0));
	assert_null(cursor_view(c, 0).data);
	assert_null(cursor_cstring(c, 9).data);
	assert_true(c->error);
}

static void first_read_too_many_sticks(void **state)
{
	static const uint8_t octets[] = { 1, 2, 3 };

	(void)state;
	for (unsigned n = 0; n <= 3; n++) {
		struct cursor c = cursor_over(guard_end(octets, n), n);
		assert_int_equal(cursor_u32(&c), 0);
		assert_stuck(&c);

		c = cursor_over(guard_end(octets, n), n);
		assert_null(cursor_view(&c, n + 1).data);
		assert_stuck(&c);

		c = cursor_over(guard_end(octets, n), n);
		assert_null(cursor_take(&c, SIZE_MAX));
		assert_stuck(&c);
	}
	struct cursor c = cursor_over(octets, 3);
	cursor_fail(&c);
	assert_stuck(&c);
}

static void nothing_is_a_valid_view(void **state)
{
	struct cursor c = cursor_over(NULL, 0);

	(void)state;
	assert_non_null(cursor_view(&c, 0).data);
	assert_int_equal(cursor_view(&c, 0).len, 0);
	assert_false(c.error);
	assert_null(cursor_cstring(&c, 21).data);
	assert_stuck(&c);
}

/* The naive twin of cursor_cstring(): the length, or -1. */
static int twin_length(const uint8_t *octets, size_t len, size_t max)
{
	for (size_t i = 0; i < len && i < max; i++)
		if (octets[i] == 0)
			return (int)i;
	return -1;
}

static void assert_string(const uint8_t *at, size_t len, size_t max)
{
	struct cursor c = cursor_over(at, len);
	const struct view v = cursor_cstring(&c, max);
	const int expected = twin_length(at, len, max);

	assert_int_equal(c.error, expected < 0);
	if (expected < 0) {
		assert_null(v.data);
		return;
	}
	assert_ptr_equal(v.data, at);
	assert_int_equal(v.len, expected);
	assert_ptr_equal(c.at, at + expected + 1);
}

/* Every place of the NUL, every length, every bound; 0x80 and 0x01 fool bad tricks. */
static void strings_match_the_twin(void **state)
{
	static const uint8_t fill[] = { 'a', 0x01, 0x80, 0xFF };
	uint8_t octets[34];

	(void)state;
	for (unsigned f = 0; f < sizeof(fill); f++)
		for (size_t nul = 0; nul <= sizeof(octets); nul++)
			for (size_t len = 0; len <= sizeof(octets); len++) {
				memset(octets, fill[f], sizeof(octets));
				if (nul < sizeof(octets))
					octets[nul] = 0;
				const uint8_t *at = guard_end(octets, len);
				for (size_t max = 0; max <= 35; max++)
					assert_string(at, len, max);
			}
}

/* Random octets with many NULs and their neighbours in value. */
static void random_strings_match_the_twin(void **state)
{
	uint8_t octets[40];
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(octets); i++) {
			seed = seed * 1664525 + 1013904223;
			const unsigned pick = seed >> 28;
			octets[i] = pick == 0 ? 0 : pick < 4 ? 1 : (uint8_t)(seed >> 16);
		}
		const size_t len = (seed >> 8) % (sizeof(octets) + 1);
		assert_string(guard_end(octets, len), len, 1 + (seed >> 20) % 40);
	}
}

/* Strings and octets between them, with NULs that were looked for at once and without. */
static void strings_of_nuls_match_each_for_itself(void **state)
{
	uint8_t octets[100];
	uint32_t seed = 2;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(octets); i++) {
			seed = seed * 1664525 + 1013904223;
			octets[i] = seed >> 28 < 3 ? 0 : (uint8_t)(seed >> 16);
		}
		const size_t len = (seed >> 8) % (sizeof(octets) + 1);
		struct cursor each = cursor_over(guard_end(octets, len), len), c = each;
		const struct cursor_nuls nuls = cursor_nuls(&c);
		for (unsigned k = 0; k < 12; k++) {
			const size_t max = 1 + (seed >> 2 * k) % 24;
			const struct view a = cursor_cstring(&each, max);
			const struct view b = cursor_cstring_of(&c, &nuls, max);
			assert_ptr_equal(a.data, b.data);
			assert_int_equal(a.len, b.len);
			if ((seed >> k & 1) != 0)
				assert_int_equal(cursor_u8(&each), cursor_u8(&c));
			assert_ptr_equal(each.at, c.at);
			assert_int_equal(each.error, c.error);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_big_endian),
		cmocka_unit_test(first_read_too_many_sticks),
		cmocka_unit_test(nothing_is_a_valid_view),
		cmocka_unit_test(strings_match_the_twin),
		cmocka_unit_test(random_strings_match_the_twin),
		cmocka_unit_test(strings_of_nuls_match_each_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
