/* SPDX-License-Identifier: Apache-2.0 */
/* journal_copy: a journal is shortened while it is appended to, and loses nothing by it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "journal_copy.h"
#include "journal_file.h"

/* Shortened to what is newer than IMAGE + 3, while it goes on: nothing that is appended in any
 * of its phases is lost, and it can be shortened again. */
static void test_shortened_while_it_is_written(void **state)
{
	(void)state;
	static const uint32_t left[] = { 4, 5, 60, 61, 62, 63 };
	uint8_t octets[1024];
	struct journal_copy *copy;
	struct seen seen;
	struct stat st;

	make(octets, sizeof(octets));
	for (unsigned again = 0; again < 2; again++) {
		struct journal *j = open_at(IMAGE, &seen, 0);
		if (again == 0)
			append(j, 60);
		assert_int_equal(journal_copy_begin(&copy, j, IMAGE + 3, text), 0);
		if (again == 0)
			append(j, 61);
		journal_copy_run(copy);
		if (again == 0)
			append(j, 62);
		assert_int_equal(journal_copy_end(copy, j, text), 0);
		if (again == 0)
			append(j, 63);
		journal_close(j);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, HEADER + 6 * RECORD);
		journal_close(open_at(IMAGE, &seen, 0));
		assert_int_equal(seen.n, 6);
		for (unsigned i = 0; i < 6; i++)
			assert_int_equal(seen.ids[i], left[i]);
	}
}

static void append_many(struct journal *j, unsigned n)
{
	static struct link_delta many[LINK_DELTAS_MAX];

	for (unsigned i = 0; i < LINK_DELTAS_MAX; i++)
		many[i] = suspend(i + 1);
	for (; n > 0; n--)
		assert_int_equal(journal_append(j, many, LINK_DELTAS_MAX, text), 0);
}

static void *run_copy(void *copy)
{
	journal_copy_run(copy);
	return NULL;
}

/* Many records, by another thread. */
static void test_shortened_beside(void **state)
{
	(void)state;
	struct journal_copy *copy;
	struct seen seen;
	struct journal *j = open_at(IMAGE, &seen, 0);
	pthread_t thread;

	append_many(j, 20);
	assert_int_equal(journal_copy_begin(&copy, j, IMAGE, text), 0);
	assert_int_equal(pthread_create(&thread, NULL, run_copy, copy), 0);
	append_many(j, 20);
	pthread_join(thread, NULL);
	append_many(j, 5);
	assert_int_equal(journal_copy_end(copy, j, text), 0);
	append_many(j, 1);
	journal_close(j);
	journal_close(open_at(IMAGE, &seen, 0));
	assert_int_equal(seen.n, 46 * LINK_DELTAS_MAX);
}

/* What was rewritten meanwhile, or is needed at once, or is nowhere, is left alone. */
static void test_not_shortened(void **state)
{
	(void)state;
	const struct link_delta s = suspend(70);
	struct journal_copy *copy;
	uint8_t octets[1024];
	struct seen seen;

	make(octets, sizeof(octets));
	struct journal *j = open_at(IMAGE, &seen, 0);
	assert_int_equal(journal_copy_begin(&copy, j, IMAGE + N, text), 0);
	journal_copy_stop(copy);
	journal_copy_run(copy);
	assert_int_equal(journal_copy_end(copy, j, text), -ECANCELED);
	assert_int_equal(journal_copy_begin(&copy, j, IMAGE + N, text), 0);
	journal_copy_run(copy);
	assert_int_equal(journal_replace(j, &s, 1, text), 0);
	assert_int_equal(journal_copy_end(copy, j, text), -ECANCELED);
	append(j, 71);
	journal_close(j);
	j = open_at(IMAGE, &seen, 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.ids[1], 71);
	journal_clear(j);
	assert_int_equal(journal_copy_begin(&copy, j, IMAGE, text), 0);
	assert_null(copy);
	journal_close(j);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_shortened_while_it_is_written),
		TEST(test_shortened_beside),
		TEST(test_not_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
