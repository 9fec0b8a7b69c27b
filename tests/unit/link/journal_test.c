/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: deltas on disk: in order, cut at every octet, rotten at every octet, older than
 * the image, of another file, full.
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "journal_file.h"

static int refuse_3(void *arg, const struct link_delta *delta)
{
	return delta->generation == IMAGE + 3 ? -ENOSPC : note(arg, delta);
}

static void spill(const uint8_t *octets, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, octets, size), (ssize_t)size);
	close(fd);
}

static void test_kept_in_order(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct seen seen;

	assert_int_equal(make(octets, sizeof(octets)), HEADER + N * RECORD);
	struct journal *j = open_at(IMAGE, &seen, 0);
	assert_int_equal(seen.n, N);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(seen.ids[i], i + 1);
	append(j, 60); /* and it goes on after them */
	journal_close(j);
	journal_close(open_at(IMAGE, &seen, 0));
	assert_int_equal(seen.n, N + 1);
	assert_int_equal(seen.ids[N], 60);

	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_what_the_image_holds_is_passed_over(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct seen seen;

	make(octets, sizeof(octets));
	struct journal *j = open_at(IMAGE + 3, &seen, 0);
	assert_int_equal(seen.n, N - 3);
	assert_int_equal(seen.ids[0], 4);
	append(j, 9);
	journal_close(j);
	journal_close(open_at(IMAGE + N, &seen, 0));
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.ids[0], 9);
}

static void test_many_with_one_flush(void **state)
{
	(void)state;
	static struct link_delta many[LINK_DELTAS_MAX];
	struct journal_scan scan;
	struct seen seen;
	static uint8_t octets[HEADER + LINK_DELTAS_MAX * RECORD];

	for (uint32_t i = 0; i < LINK_DELTAS_MAX; i++)
		many[i] = suspend(i + 1);
	struct journal *j = open_at(IMAGE, &seen, 0);
	append(j, 1);
	assert_int_equal(journal_replace(j, many, 2, text), 0); /* in place of that one */
	assert_int_equal(journal_append(j, many + 2, LINK_DELTAS_MAX - 2, text), 0);
	journal_close(j);
	assert_int_equal(slurp(octets, sizeof(octets)), sizeof(octets));
	seen = (struct seen){ 0 };
	assert_int_equal(journal_scan(&scan, octets, sizeof(octets),
	                              IMAGE + LINK_DELTAS_MAX - 2, note, &seen),
	                 0);
	assert_int_equal(scan.old, LINK_DELTAS_MAX - 2);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.ids[1], LINK_DELTAS_MAX);
}

/* Records of the file that was there before do not pass for ours. */
static void test_records_are_of_one_file(void **state)
{
	(void)state;
	uint8_t first[1024], second[1024];
	struct seen seen = { 0 };
	struct journal_scan scan;

	const size_t size = make(first, sizeof(first));
	struct journal *j = open_at(IMAGE, &seen, 0);
	const struct link_delta s = suspend(1);
	assert_int_equal(journal_replace(j, &s, 1, text), 0);
	journal_close(j);
	const size_t cut = slurp(second, sizeof(second));
	memcpy(second + cut, first + cut, size - cut);
	seen = (struct seen){ 0 };
	assert_int_equal(journal_scan(&scan, second, size, IMAGE, note, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(scan.bad, N - 1);
}

/* Power lost at any octet of the last write: what was whole applies, and an append after
 * it is found again. */
static void test_torn_at_every_octet(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct seen seen;
	const size_t size = make(octets, sizeof(octets));

	for (size_t n = HEADER; n <= size; n++) {
		const unsigned whole = (unsigned)((n - HEADER) / RECORD);
		const int torn = (n - HEADER) % RECORD != 0;

		spill(octets, n);
		struct journal *j = open_at(IMAGE, &seen, torn ? -EBADMSG : 0);
		assert_int_equal(seen.n, whole);
		journal_close(j);
		j = open_at(IMAGE, &seen, 0); /* cut off: said once */
		assert_int_equal(seen.n, whole);
		append(j, 50);
		journal_close(j);
		journal_close(open_at(IMAGE, &seen, 0));
		assert_int_equal(seen.n, whole + 1);
		assert_int_equal(seen.ids[whole], 50);
	}
	for (size_t n = 0; n < HEADER; n++) {
		spill(octets, n);
		struct journal *j = open_at(IMAGE, &seen, -EBADMSG);
		assert_non_null(strstr(text, "not a journal"));
		append(j, 50); /* replaced by one that works */
		journal_close(j);
		journal_close(open_at(IMAGE, &seen, 0));
		assert_int_equal(seen.n, 1);
	}
}

/* A copy of the file as a kill leaves it: the room behind the records is still there. */
static size_t slurp_open(uint8_t *octets, size_t size)
{
	struct seen seen;
	struct journal *j = open_at(IMAGE, &seen, 0);

	for (uint32_t id = 1; id <= N; id++)
		append(j, id);
	const size_t n = slurp(octets, size);
	journal_close(j);
	return n;
}

/* Killed at any time: zeros behind the records are room and no damage, and appending goes
 * on right behind the last record. Power lost in the room: what was begun there is
 * counted, what was whole applies. */
static void test_room_is_left_by_a_kill(void **state)
{
	(void)state;
	static uint8_t octets[3u << 20];
	const size_t end = HEADER + N * RECORD;
	struct seen seen;
	const size_t size = slurp_open(octets, sizeof(octets));

	assert_true(size > end);
	for (size_t begun = 0; begun <= RECORD; begun += RECORD / 2) {
		octets[end + begun / 2] = begun != 0;
		spill(octets, size);
		struct journal *j = open_at(IMAGE, &seen, begun ? -EBADMSG : 0);
		assert_int_equal(seen.n, N);
		append(j, 50);
		assert_int_equal(slurp(octets + size, size), size); /* within the room */
		memset(octets + size, 0, size);
		journal_close(j);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, end + (begun ? 2 : 1) * RECORD);
		journal_close(open_at(IMAGE, &seen, begun ? -EBADMSG : 0));
		assert_int_equal(seen.n, N + 1);
		assert_int_equal(seen.ids[N], 50);
		octets[end + begun / 2] = 0;
	}
}

/* A record whose checksum ends in zeros is not taken for room. */
static void test_zeros_at_the_end_of_a_record(void **state)
{
	(void)state;
	static uint8_t octets[3u << 20];
	struct seen seen;

	for (unsigned tries = 0; tries < 20000; tries++) {
		unlink(path);
		struct journal *j = open_at(IMAGE, &seen, 0);
		append(j, tries + 1);
		const size_t size = slurp(octets, HEADER + RECORD + 8);
		assert_int_equal(size, HEADER + RECORD + 8);
		journal_close(j);
		if (octets[HEADER + RECORD - 1] != 0)
			continue;
		spill(octets, size); /* as if killed */
		journal_close(open_at(IMAGE, &seen, 0));
		assert_int_equal(seen.n, 1);
		return;
	}
	fail_msg("no checksum ended in a zero");
}

static void test_another_version_is_refused(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct seen seen = { 0 };
	struct journal_scan scan;
	const size_t size = make(octets, sizeof(octets));
	struct journal_header h;

	memcpy(&h, octets, sizeof(h));
	h.version = JOURNAL_VERSION - 1;
	h.checksum = XXH3_64bits(&h, offsetof(struct journal_header, checksum));
	memcpy(octets, &h, sizeof(h));
	assert_int_equal(journal_scan(&scan, octets, size, IMAGE, note, &seen),
	                 -EPROTONOSUPPORT);
	assert_int_equal(seen.n, 0);
}

/* One octet rotten: its record is passed over, every other one applies. */
static void test_rotten_at_every_octet(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct seen seen;
	struct journal_scan scan;
	const size_t size = make(octets, sizeof(octets));

	for (size_t at = 0; at < size; at++) {
		octets[at] ^= 0x10;
		seen = (struct seen){ 0 };
		const int rc = journal_scan(&scan, octets, size, IMAGE, note, &seen);
		if (at < HEADER) {
			assert_int_equal(rc, -EBADMSG);
			assert_int_equal(seen.n, 0);
		} else {
			assert_int_equal(rc, 0);
			assert_int_equal(scan.applied, N - 1);
			assert_int_equal(scan.bad, 1);
			assert_int_equal(scan.records, N);
			for (unsigned i = 0; i < seen.n; i++)
				assert_int_not_equal(seen.ids[i], 1 + (at - HEADER) / RECORD);
		}
		octets[at] ^= 0x10;
	}
}

static void test_records_do_not_move(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct seen seen = { 0 };
	struct journal_scan scan;
	const size_t size = make(octets, sizeof(octets));

	memcpy(octets + HEADER + RECORD, octets + HEADER, RECORD);
	assert_int_equal(journal_scan(&scan, octets, size, IMAGE, note, &seen), 0);
	assert_int_equal(scan.bad, 1);
	assert_int_equal(seen.n, N - 1);
}

static void test_refused_by_the_tables_is_counted(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct seen seen = { 0 };
	struct journal_scan scan;
	const size_t size = make(octets, sizeof(octets));

	assert_int_equal(journal_scan(&scan, octets, size, IMAGE, refuse_3, &seen), 0);
	assert_int_equal(scan.bad, 1);
	assert_int_equal(scan.applied, N - 1);
}

/* The disk takes no more: said, the file as it was, and it works again later. */
static void test_failed_write_leaves_it_whole(void **state)
{
	(void)state;
	uint8_t octets[1024];
	struct rlimit old, small;
	struct seen seen;
	const struct link_delta s = suspend(8);

	signal(SIGXFSZ, SIG_IGN);
	const size_t size = make(octets, sizeof(octets));
	struct journal *j = open_at(IMAGE, &seen, 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = size + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	const int rc = journal_append(j, &s, 1, text);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(text, path));
	assert_int_equal(slurp(octets, sizeof(octets)), size);
	append(j, 9);
	journal_close(j);
	journal_close(open_at(IMAGE, &seen, 0));
	assert_int_equal(seen.n, N + 1);
	assert_int_equal(seen.ids[N], 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kept_in_order),
		TEST(test_what_the_image_holds_is_passed_over),
		TEST(test_many_with_one_flush),
		TEST(test_records_are_of_one_file),
		TEST(test_torn_at_every_octet),
		TEST(test_room_is_left_by_a_kill),
		TEST(test_zeros_at_the_end_of_a_record),
		TEST(test_another_version_is_refused),
		TEST(test_rotten_at_every_octet),
		TEST(test_records_do_not_move),
		TEST(test_refused_by_the_tables_is_counted),
		TEST(test_failed_write_leaves_it_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
