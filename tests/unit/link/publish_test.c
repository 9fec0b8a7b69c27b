/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish: a snapshot is freed when no worker can hold it, and not before. ASan sees a
 * snapshot freed too early, TSan a read that nothing orders before the free.
 */
#include "fixture.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#define SWAPS 300u

static struct publish *publish;

static int setup(void **state)
{
	(void)state;
	return publish_open(&publish, N_WORKERS);
}

static int teardown(void **state)
{
	(void)state;
	publish_close(publish);
	return 0;
}

static struct tables *snapshot(uint64_t generation)
{
	char error[IMAGE_ERROR_SIZE];
	struct tables *tables = NULL;
	size_t size;
	void *image = fixture_image(generation, &size);

	if (tables_open(&tables, image, size, N_WORKERS, free, image, error) != 0)
		fail_msg("%s", error);
	return tables;
}

static void test_arguments(void **state)
{
	(void)state;
	struct publish *p = NULL;

	assert_int_equal(publish_open(&p, 0), -EINVAL);
	assert_int_equal(publish_open(&p, PUBLISH_WORKERS_MAX + 1), -EINVAL);
	assert_null(p);
	assert_int_equal(publish_open(&p, PUBLISH_WORKERS_MAX), 0);
	for (unsigned w = 0; w < PUBLISH_WORKERS_MAX; w++)
		publish_online(p, w);
	assert_int_equal(publish_workers(p), PUBLISH_WORKERS_MAX);
	publish_close(p);
	publish_close(NULL);
}

static void test_nobody_online(void **state)
{
	(void)state;
	assert_null(publish_load(publish));
	assert_int_equal(publish_workers(publish), 0);
	publish_swap(publish, snapshot(1)); /* returns at once */
	publish_swap(publish, snapshot(2));
	assert_int_equal(publish_current(publish)->image->header->generation, 2);
	publish_online(publish, 1);
	assert_int_equal(publish_workers(publish), 1);
	publish_offline(publish, 1);
	publish_swap(publish, NULL);
	assert_null(publish_load(publish));
}

/* A worker that holds a snapshot for a while: the swap takes that long, no less. */
static void *hold(void *arg)
{
	const struct timespec time = { .tv_nsec = 50 * 1000 * 1000 };
	uint32_t *step = arg;

	publish_online(publish, 0);
	const struct tables *tables = publish_load(publish);
	__atomic_store_n(step, 1, __ATOMIC_RELEASE);
	while (publish_load(publish) == tables) /* swapped, but we have not let go */
		sched_yield();
	nanosleep(&time, NULL);
	const bool same = tables->image->header->generation == 1;
	publish_quiescent(publish, 0);
	publish_offline(publish, 0);
	return same ? arg : NULL;
}

static void test_waits_for_who_holds_it(void **state)
{
	(void)state;
	uint32_t step = 0;
	pthread_t thread;
	void *same;

	publish_swap(publish, snapshot(1));
	pthread_create(&thread, NULL, hold, &step);
	while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	const uint64_t waited = publish_swap(publish, snapshot(2));
	assert_true(waited >= 50000);
	pthread_join(thread, &same);
	assert_ptr_equal(same, &step);
}

struct reader {
	unsigned number;
	uint64_t wrong;
	pthread_t thread;
};
static bool stop;

/* Reads all of the small snapshot again and again; serial and generation only grow. */
static void *read_on(void *arg)
{
	struct reader *r = arg;
	uint64_t last = 0;

	publish_online(publish, r->number);
	for (uint64_t turn = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); turn++) {
		const struct tables *tables = publish_load(publish);
		const struct image *image = tables->image;

		r->wrong += image->header->generation < last;
		r->wrong += image->n_accounts != 2 || image->accounts[1].id != ACCOUNT;
		last = image->header->generation;
		publish_quiescent(publish, r->number);
		if (turn % (7 + r->number) != 0)
			continue;
		publish_offline(publish, r->number);
		sched_yield();
		publish_online(publish, r->number);
	}
	publish_offline(publish, r->number);
	return NULL;
}

static void test_swaps_under_readers(void **state)
{
	(void)state;
	struct reader readers[N_WORKERS] = { 0 };
	struct link_delta delta = fixture_account(LINK_SUSPEND, "acme");

	stop = false;
	publish_swap(publish, snapshot(1));
	for (unsigned i = 0; i < N_WORKERS; i++) {
		readers[i].number = i;
		pthread_create(&readers[i].thread, NULL, read_on, &readers[i]);
	}
	for (uint64_t g = 2; g < SWAPS; g++) {
		struct tables *next;

		publish_swap(publish, snapshot(g));
		/* A snapshot that shares its image with the one before. */
		delta.generation = g + 1;
		assert_int_equal(tables_deltas(&next, publish_current(publish), &delta, 1), 0);
		publish_swap(publish, next);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < N_WORKERS; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_arguments),
		TEST(test_nobody_online),
		TEST(test_waits_for_who_holds_it),
		TEST(test_swaps_under_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
