/* SPDX-License-Identifier: Apache-2.0 */
/* The heap against a sorted array; and what it does when it is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "queue.h"

static int by_time(const void *a, const void *b)
{
	const struct frame *x = *(struct frame *const *)a, *y = *(struct frame *const *)b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void full_and_in_order(void **unused)
{
	static struct queue q;
	static struct frame *sorted[QUEUE_MAX];
	struct frame *const store = calloc(QUEUE_MAX + 1, sizeof(*store));

	(void)unused;
	assert_non_null(store);
	srandom(5);
	for (unsigned i = 0; i < QUEUE_MAX; i++) {
		store[i].at_ns = (uint64_t)(random() % 3000);
		store[i].order = i;
		sorted[i] = &store[i];
		assert_true(queue_put(&q, &store[i]));
	}
	assert_false(queue_put(&q, &store[QUEUE_MAX]));
	qsort(sorted, QUEUE_MAX, sizeof(sorted[0]), by_time);
	for (unsigned i = 0; i < QUEUE_MAX; i++) {
		assert_ptr_equal(queue_first(&q), sorted[i]);
		assert_ptr_equal(queue_take(&q), sorted[i]);
	}
	assert_null(queue_first(&q));
	free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(full_and_in_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
