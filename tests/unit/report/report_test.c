/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: the file itself: made, reopened, set aside; counters by name; a reader
 * that believes nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "report_folder.h"
#include "report_reader.h"

#define SLOTS 64u

static char error[REPORT_ERROR_SIZE];

static struct report *open_ok(unsigned n_workers, uint64_t slots)
{
	struct report *r = NULL;

	if (report_open(&r, path, n_workers, slots, 1000, error) != 0)
		fail_msg("%s", error);
	return r;
}

static struct report_reader *read_ok(void)
{
	struct report_reader *r = NULL;

	if (report_reader_open(&r, path, error) != 0)
		fail_msg("%s", error);
	return r;
}

static void write_records(struct report_worker *w, uint64_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct audit_record *record = audit_next(w);
		assert_non_null(record);
		record->time_us = first + i;
		audit_publish(w);
	}
}

/* Who died with connections open has none left when it is back. */
static void test_connections_end_with_their_process(void **state)
{
	(void)state;
	struct report *r = open_ok(2, SLOTS);
	count_add(report_worker(r, 0), COUNTER_FLOWS_OPENED, 7);
	count_add(report_worker(r, 0), COUNTER_FLOWS_CLOSED, 3);
	count_add(report_worker(r, 1), COUNTER_FLOWS_OPENED, 5);
	report_close(r);
	r = open_ok(2, SLOTS);
	struct report_reader *reader = read_ok();
	assert_int_equal(report_reader_sum(reader, COUNTER_FLOWS_OPENED), 12);
	assert_int_equal(report_reader_sum(reader, COUNTER_FLOWS_CLOSED), 12);
	report_reader_close(reader);
	report_close(r);
}

static void test_counters_and_names(void **state)
{
	(void)state;
	struct report *r = open_ok(3, SLOTS);
	assert_string_equal(error, "");
	struct report_reader *reader = read_ok();

	for (unsigned w = 0; w < 3; w++) {
		count_add(report_worker(r, w), COUNTER_REFUSED, 10 + w);
		count_add(report_worker(r, w), REPORT_REASON_BASE + REASON_SENDER_BLOCKED, w);
	}
	assert_int_equal(report_reader_workers(reader), 3);
	assert_int_equal(report_reader_tsc_hz(reader), 1000);
	assert_true(report_reader_started(reader) > 0);
	const unsigned blocked = REPORT_REASON_BASE + REASON_SENDER_BLOCKED;
	assert_string_equal(report_counter_row(COUNTER_REFUSED)->name, "refused");
	assert_string_equal(report_counter_row(blocked)->name, "reason_sender_blocked");
	assert_int_equal(report_reader_sum(reader, COUNTER_REFUSED), 33);
	assert_int_equal(report_reader_sum(reader, blocked), 3);
	assert_int_equal(report_reader_counter(reader, 2, COUNTER_REFUSED), 12);
	assert_null(report_counter_row(REPORT_REASON_BASE + 63));
	assert_null(report_counter_row(REPORT_COUNTERS));

	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	report_reader_close(reader);
	report_close(r);
}

static void test_second_plane_is_refused(void **state)
{
	(void)state;
	struct report *r = open_ok(1, SLOTS), *second = NULL;

	assert_int_equal(report_open(&second, path, 1, SLOTS, 1, error), -EBUSY);
	assert_null(second);
	assert_non_null(strstr(error, "in use"));
	report_close(r);
	r = open_ok(1, SLOTS);
	report_close(r);
}

static void test_bad_arguments(void **state)
{
	(void)state;
	struct report *r = NULL;

	assert_int_equal(report_open(&r, path, 0, SLOTS, 1, error), -EINVAL);
	assert_int_equal(report_open(&r, path, 65, SLOTS, 1, error), -EINVAL);
	assert_int_equal(report_open(&r, path, 1, 0, 1, error), -EINVAL);
	assert_int_equal(report_open(&r, path, 1, 65, 1, error), -EINVAL);
	assert_int_equal(report_open(&r, "/no/such/folder/x", 1, SLOTS, 1, error), -ENOENT);
	assert_null(r);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_full_ring_pushes_back(void **state)
{
	(void)state;
	struct report *r = open_ok(2, SLOTS);
	struct report_worker *w = report_worker(r, 1);
	struct report_reader *reader = read_ok();
	struct audit_record records[SLOTS];
	uint64_t position;

	assert_int_equal(audit_room(w), SLOTS);
	write_records(w, 0, SLOTS);
	assert_int_equal(audit_room(w), 0);
	assert_null(audit_next(w));
	assert_int_equal(report_reader_waiting(reader, 1), SLOTS);
	assert_int_equal(report_reader_waiting(reader, 0), 0);

	/* A peek takes nothing: the same records come again, and there is no room yet. */
	assert_int_equal(report_reader_peek(reader, 1, records, 5, &position), 5);
	assert_int_equal(report_reader_peek(reader, 1, records, 5, &position), 5);
	assert_int_equal(position, 0);
	assert_int_equal(records[4].time_us, 4);
	assert_null(audit_next(w));

	report_reader_commit(reader, 1, 3);
	assert_int_equal(audit_room(w), 3);
	write_records(w, SLOTS, 3);
	assert_null(audit_next(w));
	assert_int_equal(report_reader_peek(reader, 1, records, SLOTS, &position), SLOTS);
	assert_int_equal(position, 3);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_int_equal(records[i].time_us, 3 + i);
	report_reader_commit(reader, 1, SLOTS);
	assert_int_equal(audit_room(w), SLOTS);
	report_reader_close(reader);
	report_close(r);
}

/* A caller that needs more than the cached tail promises must see what is there now. */
static void test_room_is_exact(void **state)
{
	(void)state;
	struct report *r = open_ok(1, SLOTS);
	struct report_worker *w = report_worker(r, 0);
	struct report_reader *reader = read_ok();

	for (uint64_t i = 0; i < 3 * SLOTS; i++) {
		write_records(w, i, 1);
		assert_int_equal(audit_room(w), SLOTS - 1);
		report_reader_commit(reader, 0, 1);
		assert_int_equal(audit_room(w), SLOTS);
	}
	report_reader_close(reader);
	report_close(r);
}

static void test_slot_is_zeroed(void **state)
{
	(void)state;
	struct report *r = open_ok(1, 1);
	struct report_worker *w = report_worker(r, 0);
	struct report_reader *reader = read_ok();
	static const struct audit_record zero;

	memset(audit_next(w), 0xff, sizeof(zero));
	audit_publish(w);
	report_reader_commit(reader, 0, 1);
	assert_memory_equal(audit_next(w), &zero, sizeof(zero));
	report_reader_close(reader);
	report_close(r);
}

static void test_positions_wrap(void **state)
{
	(void)state;
	struct report *r = open_ok(1, SLOTS);
	struct report_ring *ring = report_worker(r, 0)->ring;
	const uint64_t start = UINT64_MAX - 10;

	ring->head = ring->tail = start;
	report_close(r);
	r = open_ok(1, SLOTS);
	assert_string_equal(error, "");
	struct report_worker *w = report_worker(r, 0);
	struct report_reader *reader = read_ok();
	struct audit_record records[SLOTS];
	uint64_t position;

	assert_int_equal(audit_room(w), SLOTS);
	write_records(w, 1000, SLOTS);
	assert_null(audit_next(w));
	assert_int_equal(report_reader_peek(reader, 0, records, SLOTS, &position), SLOTS);
	assert_true(position == start);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_int_equal(records[i].time_us, 1000 + i);
	report_reader_commit(reader, 0, SLOTS);
	assert_int_equal(audit_room(w), SLOTS);
	assert_true(ring->head == SLOTS - 11);
	report_reader_close(reader);
	report_close(r);
}

/* A tail that control has no right to: back-pressure, not overwritten records. */
static void test_lying_tail_is_full(void **state)
{
	(void)state;
	struct report *r = open_ok(1, SLOTS);
	struct report_worker *w = report_worker(r, 0);

	write_records(w, 0, 2);
	w->ring->tail = 7;
	assert_int_equal(audit_room(w), 0);
	assert_null(audit_next(w));
	struct report_reader *reader = read_ok();
	assert_int_equal(report_reader_waiting(reader, 0), -EBADMSG);
	report_reader_close(reader);
	report_close(r);
}

static void test_other_shape_is_set_aside(void **state)
{
	(void)state;
	struct report *r = open_ok(1, SLOTS);
	count_add(report_worker(r, 0), COUNTER_TURNS, 77);
	write_records(report_worker(r, 0), 5, 2);
	struct report_reader *reader = read_ok();
	report_close(r);

	r = open_ok(2, SLOTS);
	assert_non_null(strstr(error, "set aside as .old"));
	assert_true(report_reader_replaced(reader));
	assert_int_equal(report_reader_waiting(reader, 0), 2); /* still to be drained */
	report_reader_close(reader);

	reader = read_ok();
	assert_int_equal(report_reader_sum(reader, COUNTER_TURNS), 0);
	assert_false(report_reader_replaced(reader));
	report_reader_close(reader);
	report_close(r);
	assert_int_equal(access(old_path, F_OK), 0);
}

static void patch(size_t offset, uint64_t value, size_t size)
{
	const int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &value, size, (off_t)offset), (ssize_t)size);
	close(fd);
}

static uint64_t peek(size_t offset, size_t size)
{
	const int fd = open(path, O_RDONLY);
	uint64_t value = 0;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &value, size, (off_t)offset), (ssize_t)size);
	close(fd);
	return value;
}

/* Every field of the header, changed alone: the plane sets it aside, a reader refuses
 * it with a sentence, and neither leaves its bounds. */
static void test_lying_header(void **state)
{
	(void)state;
	static const struct {
		size_t offset, size;
	} fields[] = {
#define FIELD(name) \
	{ offsetof(struct report_header, name), sizeof(((struct report_header *)0)->name) }
		FIELD(magic),         FIELD(version),     FIELD(n_workers),
		FIELD(n_counters),    FIELD(record_size), FIELD(ring_slots),
		FIELD(worker_stride), FIELD(ring_offset), FIELD(rows),
#undef FIELD
	};
	static const uint64_t values[] = { 0,
		                           1,
		                           3,
		                           65,
		                           4096,
		                           UINT64_C(1) << 31,
		                           UINT64_C(1) << 40,
		                           UINT64_MAX,
		                           UINT64_MAX - 63 };
	struct report_reader *reader = NULL;

	for (unsigned f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		for (unsigned v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			report_close(open_ok(2, SLOTS));
			if (peek(fields[f].offset, fields[f].size) == values[v])
				continue;
			patch(fields[f].offset, values[v], fields[f].size);
			error[0] = '\0';
			const int rc = report_reader_open(&reader, path, error);
			assert_true(rc == -EBADMSG || rc == -EPROTONOSUPPORT || rc == -EAGAIN);
			assert_true(strlen(error) > strlen(path) + 2);
			report_close(open_ok(2, SLOTS));
			assert_non_null(strstr(error, "set aside"));
		}
	}
}

/* A build that has a counter more, fewer or in another place writes other rows. */
static void test_rows_of_another_build(void **state)
{
	(void)state;
	struct report_reader *reader = NULL;
	const size_t at = offsetof(struct report_header, rows);

	assert_non_null(strstr(report_rows(), "rx_frames in frames\n"));
	assert_non_null(strstr(report_rows(), "20 is content_rule\n"));
	report_close(open_ok(1, SLOTS));
	const uint64_t ours = peek(at, 8);
	assert_int_not_equal(ours, 0);
	patch(at, ours + 1, 8);
	assert_int_equal(report_reader_open(&reader, path, error), -EPROTONOSUPPORT);
	assert_non_null(strstr(error, "of another build"));
	report_close(open_ok(1, SLOTS)); /* nor does the data plane count on in it */
	assert_non_null(strstr(error, "set aside"));
	assert_int_equal(peek(at, 8), ours);
	report_reader_close(read_ok());
}

static void test_wrong_size(void **state)
{
	(void)state;
	struct report_reader *reader = NULL;
	struct stat st;

	report_close(open_ok(2, SLOTS));
	assert_int_equal(stat(path, &st), 0);
	const off_t sizes[] = { 1, 8, 71, 72, 4095, 4096, st.st_size - 1, st.st_size + 1 };
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		report_close(open_ok(2, SLOTS));
		assert_int_equal(truncate(path, sizes[i]), 0);
		assert_int_equal(report_reader_open(&reader, path, error), -EBADMSG);
		report_close(open_ok(2, SLOTS));
		assert_non_null(strstr(error, "set aside"));
	}
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(report_reader_open(&reader, path, error), -EAGAIN);
	report_close(open_ok(2, SLOTS));
	assert_string_equal(error, "");
}

static void test_ring_that_lies_is_set_aside(void **state)
{
	(void)state;
	struct report *r = open_ok(2, SLOTS);

	report_worker(r, 1)->ring->head = SLOTS + 1;
	report_close(r);
	r = open_ok(2, SLOTS);
	assert_non_null(strstr(error, "a ring holds more than its slots"));
	report_close(r);
}

static void test_reader_tames_records(void **state)
{
	(void)state;
	struct report *r = open_ok(1, SLOTS);
	struct report_reader *reader = read_ok();
	struct audit_record record;
	uint64_t position;

	memset(audit_next(report_worker(r, 0)), 'x', sizeof(record));
	audit_publish(report_worker(r, 0));
	assert_int_equal(report_reader_peek(reader, 0, &record, 1, &position), 1);
	assert_int_equal(record.text_len, AUDIT_TEXT_SIZE);
	assert_int_equal(strlen(record.system_id), sizeof(record.system_id) - 1);
	assert_int_equal(strlen(record.sender), sizeof(record.sender) - 1);
	report_reader_close(reader);
	report_close(r);
}

static void test_killed_plane_loses_nothing(void **state)
{
	(void)state;
	const pid_t child = fork();

	if (child == 0) {
		struct report *r = NULL;
		if (report_open(&r, path, 1, SLOTS, 1, error) != 0)
			_exit(1);
		struct report_worker *w = report_worker(r, 0);
		for (uint64_t i = 0; i < 40; i++) {
			audit_next(w)->time_us = i;
			audit_publish(w);
			count_add(w, COUNTER_REFUSED, 1);
		}
		audit_next(w)->time_us = 999; /* filled but not published: never happened */
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));

	struct report *r = open_ok(1, SLOTS);
	assert_string_equal(error, "");
	struct report_reader *reader = read_ok();
	struct audit_record records[SLOTS];
	uint64_t position;
	write_records(report_worker(r, 0), 40, 5);
	assert_int_equal(report_reader_peek(reader, 0, records, SLOTS, &position), 45);
	for (unsigned i = 0; i < 45; i++)
		assert_int_equal(records[i].time_us, i);
	assert_int_equal(report_reader_sum(reader, COUNTER_REFUSED), 40);
	report_reader_close(reader);
	report_close(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_connections_end_with_their_process),
		TEST(test_counters_and_names),
		TEST(test_second_plane_is_refused),
		TEST(test_bad_arguments),
		TEST(test_full_ring_pushes_back),
		TEST(test_room_is_exact),
		TEST(test_slot_is_zeroed),
		TEST(test_positions_wrap),
		TEST(test_lying_tail_is_full),
		TEST(test_other_shape_is_set_aside),
		TEST(test_lying_header),
		TEST(test_rows_of_another_build),
		TEST(test_wrong_size),
		TEST(test_ring_that_lies_is_set_aside),
		TEST(test_reader_tames_records),
		TEST(test_killed_plane_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
