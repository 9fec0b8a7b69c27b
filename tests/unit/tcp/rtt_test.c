/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6298 against the text's own formulas in floating point. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rtt.h"

#define LEAST 200000u
#define MOST 60000000u

static void first_second(void **unused)
{
	struct rtt t;

	(void)unused;
	rtt_open(&t);
	assert_int_equal(rtt_wait(&t, MOST), 1000000); /* section 2.1 */
	rtt_sample(&t, 300000, LEAST, MOST);           /* section 2.2 */
	assert_int_equal(t.srtt_us, 300000);
	assert_int_equal(t.rttvar_us, 150000);
	assert_int_equal(rtt_wait(&t, MOST), 900000);
}

static void follows_the_formulas(void **unused)
{
	double srtt = 0, rttvar = 0;
	struct rtt t;

	(void)unused;
	srandom(7);
	rtt_open(&t);
	for (unsigned i = 0; i < 20000; i++) {
		const double r =
			1000 + (double)(random() % (i % 1000 < 500 ? 100000 : 3000000));
		if (srtt == 0) {
			srtt = r;
			rttvar = r / 2;
		} else {
			rttvar = 0.75 * rttvar + 0.25 * fabs(srtt - r);
			srtt = 0.875 * srtt + 0.125 * r;
		}
		rtt_sample(&t, (uint64_t)r, LEAST, MOST);
		const double rto = fmin(fmax(srtt + 4 * rttvar, LEAST), MOST);
		/* Whole microseconds: the rounding of each step is at most one. */
		assert_true(fabs(t.srtt_us - srtt) < 10);
		assert_true(fabs(t.rto_us - rto) < 50);
	}
}

static void backs_off_and_comes_back(void **unused)
{
	struct rtt t;
	uint64_t wait = 0;

	(void)unused;
	rtt_open(&t);
	rtt_sample(&t, 1000, LEAST, MOST);
	for (unsigned i = 0; i < 300; i++) { /* section 5.5, and its limit 2.5 */
		const uint64_t next = rtt_wait(&t, MOST);
		assert_true(next == wait * 2 || next == MOST || wait == 0);
		wait = next;
		if (t.backoff < UINT8_MAX)
			t.backoff++;
	}
	assert_int_equal(wait, MOST);
	rtt_sample(&t, 1000, LEAST, MOST);
	assert_int_equal(rtt_wait(&t, MOST), LEAST);
}

static void wild_samples(void **unused)
{
	const uint64_t wild[] = { 0, 1, UINT32_MAX, UINT64_MAX, 0, 0 };
	struct rtt t;

	(void)unused;
	rtt_open(&t);
	for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		rtt_sample(&t, wild[i], LEAST, MOST);
		assert_true(t.srtt_us > 0);
		assert_in_range(t.rto_us, LEAST, MOST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_second),
		cmocka_unit_test(follows_the_formulas),
		cmocka_unit_test(backs_off_and_comes_back),
		cmocka_unit_test(wild_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
