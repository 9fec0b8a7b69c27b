/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay alone, beside a twin that keeps the latest generation of each thing that is said of
 * a subject: while its index grows, while it is read, and while it is carried into another.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "overlay.h"
#include "sample_image.h"
#include "tables.h"

#define SUBJECTS 5000u
#define LISTED 3u /* at once, the fewest */

struct said {
	uint64_t suspension_at, block_at, record_at;
	bool suspended;
};

static struct overlay *overlay;
static struct said twin[SUBJECTS];
static uint64_t generation, state;

static uint64_t drawn(uint64_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (state >> 33) % below;
}

static int setup(void **unused)
{
	(void)unused;
	memset(twin, 0, sizeof(twin));
	generation = 1000;
	state = 1;
	return overlay_open(&overlay, 42);
}

static int teardown(void **unused)
{
	(void)unused;
	overlay_close(overlay);
	return 0;
}

/* One of the things that can be said of subject i, in the twin too. */
static struct link_delta delta_of(uint32_t i)
{
	static const enum link_delta_op ops[] = { LINK_SUSPEND, LINK_LIFT, LINK_UNBLOCK,
		                                  LINK_REMOVE };
	const enum link_delta_op op = ops[drawn(4)];
	const struct link_delta d = { .generation = generation += 1 + drawn(3),
		                      .op = (uint8_t)op,
		                      .kind = LINK_SENDER,
		                      .key = sample_number(i) };

	if (op == LINK_UNBLOCK)
		twin[i].block_at = generation;
	else if (op == LINK_REMOVE)
		twin[i].record_at = generation;
	else
		twin[i].suspension_at = generation;
	if (op == LINK_SUSPEND || op == LINK_LIFT)
		twin[i].suspended = op == LINK_SUSPEND;
	return d;
}

static void change(uint32_t subjects)
{
	const struct link_delta d = delta_of((uint32_t)drawn(subjects));

	assert_int_equal(overlay_apply(overlay, &d, 1, 0), 0);
}

static uint64_t newer(uint64_t at, uint64_t than) { return at > than ? at : 0; }

/* All of the twin that is newer than a generation, and nothing else, is in o. */
static void check(const struct overlay *o, uint64_t than)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SUBJECTS; i++) {
		const struct said *s = &twin[i];
		const struct sender_key key = sample_number(i);
		const struct overlay_entry none = { 0 }, *e = overlay_find(o, &key);

		n += e != NULL;
		e = e != NULL ? e : &none;
		assert_int_equal(e->suspension_at, newer(s->suspension_at, than));
		assert_int_equal(e->block_at, newer(s->block_at, than));
		assert_int_equal(e->record_at, newer(s->record_at, than));
		if (e->suspension_at != 0)
			assert_int_equal(e->suspended, s->suspended);
	}
	assert_int_equal(overlay_used(o), n);
}

/* Each size that the index has on the way, in the middle of its growth too. */
static void grows(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 3 * SUBJECTS; i++) {
		change(SUBJECTS);
		overlay_reclaim(overlay);
		if (i % 97 == 0)
			check(overlay, 0);
	}
	check(overlay, 0);
}

/* Many at once: it outgrows an index that has not taken over the one before. */
static void grows_at_once(void **unused)
{
	static struct link_delta d[LINK_DELTAS_MAX];

	(void)unused;
	for (unsigned n = 1, i = 0; i + n < SUBJECTS; i += n, n = n * 3 % 1000 + 1) {
		for (unsigned k = 0; k < n; k++)
			d[k] = delta_of(i + k);
		assert_int_equal(overlay_apply(overlay, d, n, 0), 0);
		overlay_reclaim(overlay);
		check(overlay, 0);
	}
}

/* As the link thread does: a few at a time, and deltas in between. */
static struct overlay *carry(uint64_t than, unsigned between, uint32_t subjects)
{
	struct link_delta list[LISTED * 4];
	struct overlay *to;
	bool all;

	assert_int_equal(overlay_open(&to, 43), 0);
	overlay_walk(overlay);
	do {
		size_t n;
		for (uint64_t k = drawn(between + 1); k > 0; k--)
			change(subjects);
		all = overlay_walked(overlay, than, list, &n, LISTED + drawn(LISTED * 3));
		assert_int_equal(overlay_carry(to, list, n), 0);
		overlay_reclaim(overlay);
	} while (!all);
	return to;
}

static void carried_while_deltas_come(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 200; round++) {
		const uint32_t subjects = round % 3 == 0 ? 5 : round % 3 == 1 ? 200 : SUBJECTS;
		for (uint64_t k = drawn(300); k > 0; k--)
			change(subjects);
		/* Images of long ago, of the middle, and of the future. */
		const uint64_t than = generation - drawn(400) + 20;
		struct overlay *to = carry(than, 2, subjects);
		check(to, than);
		overlay_close(to);
	}
}

/* The same, from the beginning, also when there is nothing yet. */
static void carried_from_nothing(void **unused)
{
	(void)unused;
	struct overlay *to = carry(0, 0, 1);

	check(to, 0);
	overlay_close(to);
	overlay_walk(overlay);
	change(SUBJECTS);
	to = carry(0, 2, SUBJECTS);
	check(to, 0);
	overlay_close(to);
}

static void listed_in_order(void **unused)
{
	struct link_delta *list;
	size_t n;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++)
		change(300);
	assert_int_equal(overlay_list(overlay, generation - 100, &list, &n), 0);
	assert_in_range(n, 20, 100);
	for (size_t i = 0; i < n; i++)
		assert_true(list[i].generation >
		            (i == 0 ? generation - 100 : list[i - 1].generation));
	free(list);
}

/* A reader finds whatever was there before it looked, in each moment of growth. */
struct looker {
	pthread_t thread;
	uint32_t published; /* atomic: so many subjects are there */
	uint64_t turns;     /* atomic: so often it held nothing */
	bool stop;
	unsigned missed;
};

static void *look(void *arg)
{
	struct looker *l = arg;

	for (uint32_t i = 0; !__atomic_load_n(&l->stop, __ATOMIC_RELAXED); i++) {
		const uint32_t n = __atomic_load_n(&l->published, __ATOMIC_ACQUIRE);
		const struct sender_key key = sample_number(n == 0 ? 0 : i * 7919 % n);
		const struct overlay_entry *e = overlay_find(overlay, &key);

		l->missed += n != 0 && (e == NULL || memcmp(&e->key, &key, sizeof(key)) != 0);
		__atomic_fetch_add(&l->turns, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void wait_for(struct looker *l)
{
	const uint64_t turns = __atomic_load_n(&l->turns, __ATOMIC_SEQ_CST);

	while (__atomic_load_n(&l->turns, __ATOMIC_SEQ_CST) < turns + 2)
		;
}

static void read_while_it_grows(void **unused)
{
	struct looker l = { 0 };

	(void)unused;
	assert_int_equal(pthread_create(&l.thread, NULL, look, &l), 0);
	for (uint32_t i = 0; i < 4 * SUBJECTS; i++) {
		/* A new one, then one that is there already, perhaps not moved yet. */
		const uint32_t n = i / 2, which = i % 2 == 0 ? n : (uint32_t)drawn(n + 1);
		const struct link_delta d = { .generation = ++generation,
			                      .op = LINK_SUSPEND,
			                      .kind = LINK_SENDER,
			                      .key = sample_number(which) };
		assert_int_equal(overlay_apply(overlay, &d, 1, 0), 0);
		__atomic_store_n(&l.published, n + 1, __ATOMIC_RELEASE);
		if (i % 64 == 0) {
			wait_for(&l);
			overlay_reclaim(overlay);
		}
	}
	__atomic_store_n(&l.stop, true, __ATOMIC_RELAXED);
	pthread_join(l.thread, NULL);
	assert_int_equal(l.missed, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(grows),
		TEST(grows_at_once),
		TEST(carried_while_deltas_come),
		TEST(carried_from_nothing),
		TEST(listed_in_order),
		TEST(read_while_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
