/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons modulo 2^32 against 64-bit numbers, around the wrap and everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sequence.h"

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void agrees_with_64_bits(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 2000000; i++) {
		/* Two numbers of one stream, less than half the space apart. */
		const uint64_t base = i % 2 ? UINT64_C(0x100000000) - next() % 1000
		                            : UINT64_C(0x100000000) + (next() >> 32);
		const uint64_t other = base + (i % 3 ? next() % 2000 : next() % 0x7fffffff);
		const uint32_t a = (uint32_t)base, b = (uint32_t)other;
		assert_int_equal(seq_lt(a, b), base < other);
		assert_int_equal(seq_leq(b, a), other <= base);
		assert_true(seq_leq(a, b));
		assert_int_equal(seq_max(a, b), b);
		assert_int_equal(seq_max(b, a), b);
	}
}

static void wraps(void **unused)
{
	(void)unused;
	assert_true(seq_lt(UINT32_MAX, 0));
	assert_false(seq_lt(0, UINT32_MAX));
	assert_true(seq_leq(5, 5));
	assert_false(seq_lt(5, 5));
	assert_int_equal(seq_max(UINT32_MAX - 1, 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(agrees_with_64_bits),
		                            cmocka_unit_test(wraps) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
