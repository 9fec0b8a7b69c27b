/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_log: nothing that was committed is lost by room ahead in the log, nor when the
 * log begins anew; and it is carried when it should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry_delta.h"
#include "registry_priv.h"
#include "sql.h"
#include "temp.h"

#define BATCH 100u
#define ROOM (32 << 20)
#define FILES 4

static struct registry *writer, *other; /* of deltas; of whoever tidies up */
static unsigned n_blocked;

static void open_again(void)
{
	registry_close(writer);
	registry_close(other);
	writer = other = NULL;
	assert_int_equal(registry_open(&writer, temp_path("r.sqlite")), 0);
	assert_int_equal(registry_open(&other, temp_path("r.sqlite")), 0);
	registry_defer_checkpoints(writer);
}

static int setup(void **state)
{
	n_blocked = 0;
	if (temp_make(state) != 0)
		return -1;
	open_again();
	return 0;
}

static int teardown(void **state)
{
	registry_close(writer);
	registry_close(other);
	writer = other = NULL;
	return temp_remove(state);
}

/* Blocks of numbers that nobody has: nothing need be imported. */
static void block(unsigned batches)
{
	struct link_delta told;
	char number[16];

	for (; batches > 0; batches--) {
		int result = registry_deltas_begin(writer, false);
		for (unsigned i = 0; i < BATCH && result == 0; i++) {
			const struct registry_delta d = { .op = LINK_BLOCK,
				                          .kind = LINK_SENDER,
				                          .name = number };
			snprintf(number, sizeof(number), "010%08u",
			         n_blocked++ * 7919 % 10000000);
			result = registry_delta(writer, &d, &told);
		}
		assert_int_equal(registry_deltas_end(writer, result), 0);
	}
}

static int64_t number_of(struct registry *r, const char *statement)
{
	int64_t value = -1;

	assert_int_equal(sql_number(&r->sql, &value, statement, ""), 1);
	return value;
}

static off_t log_size(void)
{
	struct stat s;

	assert_int_equal(stat(temp_path("r.sqlite-sanctions-wal"), &s), 0);
	return s.st_size;
}

static void make_room(void)
{
	assert_int_equal(registry_checkpoint(other), 0); /* reads, so the log is open */
	for (unsigned i = 0; registry_log_room(other, registry_log_used(writer)) == 1; i++) {
		registry_log_flush(other);
		assert_true(i < 100);
	}
}

/* The files as kill -9 leaves them now, opened under another name: all is there. */
static void holds_all(void)
{
	static const char *const of[FILES] = { "", "-wal", "-sanctions", "-sanctions-wal" };
	struct registry *copy = NULL;
	char command[300];

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(command, sizeof(command), "cp %s/r.sqlite%s %s/copy%s", temp_path(""),
		         of[i], temp_path(""), of[i]);
		assert_int_equal(system(command), 0);
	}
	assert_int_equal(registry_open(&copy, temp_path("copy")), 0);
	assert_int_equal(number_of(copy, "SELECT value FROM serial"), n_blocked);
	assert_int_equal(number_of(copy, "SELECT count(*) FROM sender_block"), n_blocked);
	registry_close(copy);
}

static void room_is_no_part_of_the_log(void **state)
{
	(void)state;
	block(1);
	open_again(); /* the log is empty: it was carried when nobody had it open any more */
	make_room();
	holds_all();
	const off_t before = log_size();
	assert_in_range(before, ROOM, ROOM + (1 << 20));
	block(10);
	assert_int_equal(log_size(), before); /* it was written into the room */
	holds_all();
}

static void room_is_made_behind_what_is_there(void **state)
{
	(void)state;
	block(10);
	assert_in_range(log_size(), 1, ROOM / 2);
	make_room();
	const off_t used = registry_log_used(writer);
	assert_in_range(used, 10 << 10, ROOM);
	assert_in_range(log_size(), used + ROOM, used + ROOM + (1 << 20));
	holds_all();
	block(40);
	holds_all();
}

static void it_is_carried_when_nobody_writes(void **state)
{
	(void)state;
	block(2);
	assert_int_equal(registry_checkpoint(other), 0); /* some came since it last looked */
	const int64_t before = writer->log_frames;
	block(1);
	assert_true(writer->log_frames > before); /* nothing was carried */
	assert_int_equal(registry_checkpoint(other), 0);
	assert_int_equal(registry_checkpoint(other), 0);
	block(1);
	assert_true(writer->log_frames < before); /* so the log began anew */
	holds_all();
}

/* A reader of the log, such as one who makes an image, stays on what it began with. */
static void it_begins_anew_when_it_has_grown(void **state)
{
	struct registry *reader = NULL;

	(void)state;
	block(1);
	assert_int_equal(registry_open(&reader, temp_path("r.sqlite")), 0);
	assert_int_equal(sql_script(&reader->sql, "BEGIN"), 0);
	assert_int_equal(number_of(reader, "SELECT value FROM serial"), BATCH);
	block(REGISTRY_DELTAS_CARRIED / BATCH / 2);
	assert_int_equal(registry_checkpoint(other), 0); /* too few */
	block(REGISTRY_DELTAS_CARRIED / BATCH / 2 + 1);
	assert_int_equal(registry_checkpoint(other), 0); /* it is read */
	const int64_t before = writer->log_frames;
	assert_int_equal(registry_restart_log(other), -EBUSY);
	block(1);
	assert_true(writer->log_frames > before);
	assert_int_equal(number_of(reader, "SELECT value FROM serial"), BATCH);
	registry_close(reader);
	assert_int_equal(registry_checkpoint(other), 1);
	block(1); /* comes meanwhile */
	assert_int_equal(registry_restart_log(other), 0);
	block(1);
	assert_true(writer->log_frames < before / 20);
	holds_all();
}

/* As before its pages were small: they stay as they are, and all works. */
static void a_file_of_larger_pages_is_used(void **state)
{
	(void)state;
	assert_int_equal(number_of(writer, "PRAGMA sanctions.page_size"), 1024);
	registry_close(writer);
	registry_close(other);
	writer = other = NULL;
	assert_int_equal(unlink(temp_path("r.sqlite-sanctions")), 0);
	struct sql old = { 0 };
	assert_int_equal(sqlite3_open(temp_path("r.sqlite-sanctions"), &old.db), SQLITE_OK);
	assert_int_equal(sql_script(&old, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
	                                  "CREATE TABLE older(x)"),
	                 0);
	sql_close(&old);
	open_again();
	assert_int_equal(number_of(writer, "PRAGMA sanctions.page_size"), 4096);
	block(10);
	make_room();
	block(10);
	holds_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(room_is_no_part_of_the_log, setup, teardown),
		cmocka_unit_test_setup_teardown(room_is_made_behind_what_is_there, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(it_is_carried_when_nobody_writes, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(it_begins_anew_when_it_has_grown, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_file_of_larger_pages_is_used, setup,
		                                teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
