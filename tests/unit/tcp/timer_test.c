/* SPDX-License-Identifier: Apache-2.0 */
/* The wheels against a list: never early, at most two near slots late, each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "timer.h"

#define TIMERS 200u
#define SLOT (UINT64_C(1) << TIMER_NEAR_SHIFT)

static uint64_t state = 88172645463325252u;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % n;
}

struct world {
	struct timer_wheel wheel;
	struct timer timers[TIMERS];
	uint64_t due[TIMERS]; /* the twin: 0 = not set */
	uint64_t now;
};

static void fire(struct world *w)
{
	for (struct timer *t; (t = timer_due(&w->wheel, w->now)) != NULL;) {
		const size_t i = (size_t)(t - w->timers);
		assert_true(i < TIMERS);
		assert_int_not_equal(w->due[i], 0);
		assert_true(w->due[i] <= w->now);
		assert_null(t->link);
		w->due[i] = 0;
	}
	for (unsigned i = 0; i < TIMERS; i++)
		if (w->due[i] != 0)
			assert_true(w->due[i] + 2 * SLOT > w->now);
}

static void set(struct world *w, unsigned i)
{
	static const uint64_t reach[] = {
		SLOT,        50 * SLOT,          1023 * SLOT,
		1100 * SLOT, UINT64_C(60000000), UINT64_C(1200000000)
	};
	const uint64_t at = w->now + below(reach[below(6)]);

	timer_set(&w->wheel, &w->timers[i], at);
	if (w->due[i] == 0 || at < w->due[i])
		w->due[i] = at;
}

static void fires_like_a_list(void **unused)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)unused;
	assert_non_null(w);
	w->now = UINT64_C(1) << 20 << 10; /* both wheels are about to turn over */
	w->now -= 5 * SLOT;
	timer_wheel_init(&w->wheel, w->now);
	for (unsigned step = 0; step < 100000; step++) {
		const unsigned i = (unsigned)below(TIMERS);
		if (below(5) == 0) {
			timer_cancel(&w->timers[i]);
			w->due[i] = 0;
		} else {
			set(w, i);
		}
		w->now += below(4)     ? below(3 * SLOT)
		          : below(100) ? 0
		                       : below(UINT64_C(5000000));
		if (below(20000) == 0)
			w->now += UINT64_C(1500000000); /* a long sleep */
		fire(w);
	}
	w->now += UINT64_C(1200000000) + 2 * SLOT;
	fire(w);
	for (unsigned i = 0; i < TIMERS; i++)
		assert_int_equal(w->due[i], 0);
	free(w);
}

static void keeps_the_earlier(void **unused)
{
	static struct timer_wheel wheel;
	struct timer t = { 0 };

	(void)unused;
	timer_wheel_init(&wheel, 1000000);
	timer_set(&wheel, &t, 1100000);
	timer_set(&wheel, &t, 1900000);
	assert_null(timer_due(&wheel, 1099999));
	assert_ptr_equal(timer_due(&wheel, 1100000 + 2 * SLOT), &t);
	assert_null(timer_due(&wheel, 3000000));
	timer_cancel(&t); /* of one that is not set: nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fires_like_a_list),
		                            cmocka_unit_test(keeps_the_earlier) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
