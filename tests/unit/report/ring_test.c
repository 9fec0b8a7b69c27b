/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring: the audit ring between two threads and between two processes, while both
 * run: every record once, in order, whole. The thread test is what TSan looks at.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "report_reader.c" /* to see inside: see share_mapping() */

#include "report_folder.h" /* behind it: its functions have a path of their own */

#define SLOTS 256u
#define BATCH 48u /* does not divide SLOTS: batches straddle the end of the ring */
#define FILL 8u   /* words of a record that carry its number: torn copies show */

static void fill(struct audit_record *record, uint64_t number)
{
	record->time_us = number;
	for (unsigned i = 0; i < FILL; i++)
		memcpy(record->text + i * sizeof(number), &number, sizeof(number));
	memcpy(record->reserved, &number, sizeof(record->reserved));
}

static bool holds(const struct audit_record *record, uint64_t number)
{
	struct audit_record want = { 0 };

	fill(&want, number);
	return memcmp(record, &want, sizeof(want)) == 0;
}

static void produce(struct report_worker *w, uint64_t n)
{
	for (uint64_t i = 0; i < n;) {
		struct audit_record *record = audit_next(w);

		if (record == NULL) {
			sched_yield();
			continue;
		}
		fill(record, i++);
		audit_publish(w);
		count_add(w, COUNTER_REFUSED, 1);
	}
}

/* Returns the first number that did not come as it should, or n. */
static uint64_t consume(struct report_reader *reader, uint64_t n)
{
	struct audit_record records[BATCH];
	uint64_t next = 0, position;
	/* A lost record would leave us waiting: a bound makes it a failure. Of one wait: how
	 * long all of them take is the machine's affair. */
	time_t until = time(NULL) + 60;

	while (next < n && time(NULL) < until) {
		const int64_t got = report_reader_peek(reader, 0, records, BATCH, &position);

		if (got < 0 || (got > 0 && position != next))
			return next;
		for (int64_t i = 0; i < got; i++, next++)
			if (!holds(&records[i], next))
				return next;
		report_reader_commit(reader, 0, (unsigned)got);
		if (got == 0)
			sched_yield();
		else
			until = time(NULL) + 60;
	}
	return next;
}

/* TSan knows memory by its address: let the reader use the writer's mapping, or it
 * would see two unrelated blocks and never a race. */
static void share_mapping(struct report_reader *reader, struct report *r)
{
	munmap(reader->map, reader->size);
	reader->map = (uint8_t *)report_worker(r, 0)->counters - REPORT_PAGE;
}

struct producer {
	struct report_worker *worker;
	uint64_t n;
};

static void *produce_thread(void *arg)
{
	const struct producer *p = arg;

	produce(p->worker, p->n);
	return NULL;
}

static void test_two_threads(void **state)
{
	(void)state;
	char error[REPORT_ERROR_SIZE];
	struct report *r = NULL;
	struct report_reader *reader = NULL;
	pthread_t thread;

	assert_int_equal(report_open(&r, path, 1, SLOTS, 1, error), 0);
	assert_int_equal(report_reader_open(&reader, path, error), 0);
	share_mapping(reader, r);
	struct producer p = { report_worker(r, 0), 300000 };
	assert_int_equal(pthread_create(&thread, NULL, produce_thread, &p), 0);
	assert_int_equal(consume(reader, p.n), p.n);
	pthread_join(thread, NULL);
	assert_int_equal(report_reader_waiting(reader, 0), 0);
	assert_int_equal(report_reader_sum(reader, COUNTER_REFUSED), p.n);
	reader->map = NULL; /* the writer's */
	report_reader_close(reader);
	report_close(r);
}

static void test_two_processes(void **state)
{
	(void)state;
	const uint64_t n = 600000;
	char error[REPORT_ERROR_SIZE];
	struct report *r = NULL;
	struct report_reader *reader = NULL;

	assert_int_equal(report_open(&r, path, 1, SLOTS, 1, error), 0);
	report_close(r);
	assert_int_equal(report_reader_open(&reader, path, error), 0);
	const pid_t child = fork();
	if (child == 0) {
		if (report_open(&r, path, 1, SLOTS, 1, error) != 0)
			_exit(1);
		produce(report_worker(r, 0), n);
		_exit(0);
	}
	const uint64_t seen = consume(reader, n);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(seen, n);
	assert_int_equal(report_reader_waiting(reader, 0), 0);
	report_reader_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_processes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
