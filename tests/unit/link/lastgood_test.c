/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lastgood: a data plane that starts without control enforces what it enforced when it
 * was stopped; and what happens when the disk does not keep its word.
 */
#include "fixture_each.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verdict.h"

static void sanction(struct link_client *client, const struct link_delta *d)
{
	if (fixture_delta(client, d, &answer, error) != 0)
		fail_msg("%s", error);
}

/* Push generation 5, suspend account 7 and the sender, go away. */
static void push_and_suspend(void)
{
	struct link_client *client = fixture_connect(&f);
	struct link_delta d = fixture_account(LINK_SUSPEND, "acme");

	assert_string_equal(fixture_push(client, 5), "");
	sanction(client, &d);
	d = fixture_sender(LINK_SUSPEND, "01012345678");
	sanction(client, &d);
	link_client_close(client);
}

static void assert_workers(uint64_t generation, unsigned account, unsigned sender)
{
	fixture_let_turn(&f);
	for (unsigned i = 0; i < N_WORKERS; i++) {
		assert_int_equal(SEEN(f.workers[i].generation), generation);
		assert_int_equal(SEEN(f.workers[i].account_reason), account);
		assert_int_equal(SEEN(f.workers[i].sender_reason), sender);
	}
}

static void restart(void)
{
	fixture_stop(&f);
	fixture_start(&f);
}

static void flip(const char *path, off_t at)
{
	const int fd = open(path, O_RDWR);
	uint8_t octet;

	assert_int_equal(pread(fd, &octet, 1, at), 1);
	octet ^= 4;
	assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	close(fd);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void test_nothing_on_disk(void **state)
{
	(void)state;
	assert_true(fixture_logged(&f, "nothing is certified until control sends one"));
	assert_workers(0, 0, 0);
}

static void test_restart_keeps_image_and_sanctions(void **state)
{
	(void)state;
	push_and_suspend();
	restart();
	assert_true(fixture_logged(&f, "image 5 in force, from disk"));
	assert_true(fixture_logged(&f, ", made 1970-01-01T00:00:01Z"));
	assert_workers(5, REASON_ACCOUNT_SUSPENDED, REASON_SENDER_SUSPENDED);

	/* And the journal goes on: a lift after the restart survives the next one. */
	struct link_client *client = fixture_connect(&f);
	struct link_delta d = fixture_account(LINK_LIFT, "acme");
	sanction(client, &d);
	link_client_close(client);
	restart();
	assert_workers(5, REASON_PASS, REASON_SENDER_SUSPENDED);
}

/* Octets of a file up to the last that is not 0: a journal has room behind its records. */
static size_t written_in(const char *path)
{
	static uint8_t octets[1u << 18];
	const int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, octets, sizeof(octets));

	assert_true(n > 0 && n < (ssize_t)sizeof(octets));
	close(fd);
	while (n > 0 && octets[n - 1] == 0)
		n--;
	return (size_t)n;
}

/* After the image is in force, while the data plane goes on. */
static void becomes_shorter(size_t before)
{
	for (unsigned i = 0; i < 1000 && written_in(f.journal) >= before; i++)
		usleep(10000);
	assert_true(written_in(f.journal) < before);
}

/* An image holds the deltas up to its generation; those after it stay, on disk too. */
static void test_new_image_voids_what_it_holds(void **state)
{
	(void)state;
	push_and_suspend();
	struct link_client *client = fixture_connect(&f);
	const struct link_delta last = fixture_account(LINK_SUSPEND, "acme");
	sanction(client, &last);
	const size_t before = written_in(f.journal);
	fixture_push(client, last.generation - 1);
	becomes_shorter(before);
	assert_workers(last.generation - 1, REASON_ACCOUNT_SUSPENDED, REASON_PASS);
	restart();
	assert_workers(last.generation - 1, REASON_ACCOUNT_SUSPENDED, REASON_PASS);
	link_client_close(client);
	client = fixture_connect(&f);
	fixture_push(client, last.generation);
	assert_workers(last.generation, REASON_PASS, REASON_PASS);
	restart();
	assert_workers(last.generation, REASON_PASS, REASON_PASS);
	link_client_close(client);
}

/* Killed between the image and the journal's shortening: what is too old is passed over. */
static void test_long_journal_of_a_new_image(void **state)
{
	(void)state;
	uint8_t octets[4096];
	push_and_suspend();
	struct link_client *client = fixture_connect(&f);
	int fd = open(f.journal, O_RDONLY);
	const ssize_t n = read(fd, octets, sizeof(octets));
	close(fd);
	const struct link_delta last = fixture_account(LINK_LIFT, "acme");
	fixture_push(client, last.generation);
	link_client_close(client);
	fixture_stop(&f);
	fd = open(f.journal, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, octets, (size_t)n), n);
	close(fd);
	fixture_start(&f);
	assert_workers(last.generation, REASON_PASS, REASON_PASS);
}

/* Without an image, what lies there is of nobody. */
static void test_journal_without_an_image(void **state)
{
	(void)state;
	push_and_suspend();
	fixture_stop(&f);
	assert_int_equal(unlink(f.image), 0);
	fixture_start(&f);
	assert_int_equal(size_of(f.journal), -1);
	assert_workers(0, 0, 0);
}

static void test_torn_journal(void **state)
{
	(void)state;
	push_and_suspend();
	fixture_stop(&f);
	assert_int_equal(truncate(f.journal, size_of(f.journal) - 1), 0);
	fixture_start(&f);
	assert_true(fixture_logged(&f, "1 deltas applied"));
	assert_workers(5, REASON_ACCOUNT_SUSPENDED, REASON_PASS);
}

static void test_rotten_record(void **state)
{
	(void)state;
	push_and_suspend();
	fixture_stop(&f);
	flip(f.journal, 64 + 8); /* the first record: the second still applies */
	fixture_start(&f);
	assert_true(fixture_logged(&f, "1 unusable"));
	assert_workers(5, REASON_PASS, REASON_SENDER_SUSPENDED);
}

static void test_corrupt_image_is_refused(void **state)
{
	(void)state;
	push_and_suspend();
	const off_t size = size_of(f.image);
	for (off_t at = 0; at < size; at += size / 23) {
		fixture_stop(&f);
		flip(f.image, at);
		fixture_start(&f);
		assert_true(fixture_logged(&f, "no last good image"));
		assert_workers(0, 0, 0);
		fixture_stop(&f);
		flip(f.image, at);
		fixture_start(&f);
		assert_workers(5, REASON_ACCOUNT_SUSPENDED, REASON_SENDER_SUSPENDED);
	}
	fixture_stop(&f);
	assert_int_equal(truncate(f.image, size - 1), 0);
	fixture_start(&f);
	assert_true(fixture_logged(&f, "its header says"));
	/* Control sends a good one, and all is well, on disk too. */
	struct link_client *client = fixture_connect(&f);
	fixture_push(client, 1000000);
	link_client_close(client);
	restart();
	assert_workers(1000000, REASON_PASS, REASON_PASS);
}

/* A restart from a file that is replaced or cut afterwards: workers do not notice. */
static void test_file_may_change_while_in_use(void **state)
{
	(void)state;
	push_and_suspend();
	restart();
	assert_int_equal(truncate(f.image, 0), 0);
	assert_workers(5, REASON_ACCOUNT_SUSPENDED, REASON_SENDER_SUSPENDED);
}

/* Files may not grow beyond this from now on: a disk that is full for them. */
static void limit_files(rlim_t octets)
{
	struct rlimit l;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = octets == RLIM_INFINITY ? l.rlim_max : octets;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void test_image_that_cannot_be_saved_holds(void **state)
{
	(void)state;
	size_t size;
	void *image = fixture_image(1000000, &size);
	const int fd = link_memfd(image, size);

	push_and_suspend();
	struct link_client *client = fixture_connect(&f);
	limit_files(size - 1);
	const int rc =
		link_client_image_fd(client, fd, 1000000, false, TIMEOUT_MS, &answer, error);
	limit_files(RLIM_INFINITY);
	assert_int_equal(rc, 0);
	assert_non_null(strstr(answer.text, "not saved"));
	assert_int_equal(answer.generation, 1000000);
	assert_workers(1000000, REASON_PASS, REASON_PASS);

	/* What a restart finds is the old pair, with what came since added to it. */
	struct link_delta d = fixture_account(LINK_LIFT, "acme");
	d.generation = 1000001;
	sanction(client, &d);
	assert_string_equal(answer.text, "");
	link_client_close(client);
	close(fd);
	free(image);
	restart();
	assert_workers(5, REASON_PASS, REASON_SENDER_SUSPENDED);
}

static void test_sanction_that_cannot_be_saved_holds(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	struct link_delta d = fixture_account(LINK_SUSPEND, "acme");

	fixture_push(client, 5);
	limit_files(70);
	const int rc = fixture_delta(client, &d, &answer, error);
	limit_files(RLIM_INFINITY);
	assert_int_equal(rc, 0);
	assert_non_null(strstr(answer.text, "not saved"));
	assert_workers(5, REASON_ACCOUNT_SUSPENDED, REASON_PASS);
	/* The next one that finds room brings it too. */
	d = fixture_sender(LINK_SUSPEND, "01012345678");
	sanction(client, &d);
	assert_string_equal(answer.text, "");
	link_client_close(client);
	restart();
	assert_workers(5, REASON_ACCOUNT_SUSPENDED, REASON_SENDER_SUSPENDED);
}

/* A disk that is really full: a tmpfs of our own, in a mount namespace of our own. */
static void test_full_disk(void **state)
{
	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		print_message("skipped: needs root to mount a small tmpfs\n");
		skip();
	}
	fixture_stop(&f);
	assert_int_equal(mount("tmpfs", f.folder, "tmpfs", 0, "size=64k"), 0);
	fixture_start(&f);
	struct link_client *client = fixture_connect(&f);
	assert_string_equal(fixture_push(client, 5), "");

	char ballast[128];
	static const uint8_t octets[4096];
	snprintf(ballast, sizeof(ballast), "%s/ballast", f.folder);
	const int fd = open(ballast, O_WRONLY | O_CREAT | O_EXCL, 0600);
	while (write(fd, octets, sizeof(octets)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	assert_non_null(strstr(fixture_push(client, 6), "No space left"));
	assert_workers(6, REASON_PASS, REASON_PASS);
	close(fd);
	unlink(ballast);
	assert_string_equal(fixture_push(client, 7), "");
	link_client_close(client);
	restart();
	assert_workers(7, REASON_PASS, REASON_PASS);
	fixture_stop(&f);
	assert_int_equal(umount2(f.folder, MNT_DETACH), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_on_disk),
		TEST(test_restart_keeps_image_and_sanctions),
		TEST(test_new_image_voids_what_it_holds),
		TEST(test_long_journal_of_a_new_image),
		TEST(test_journal_without_an_image),
		TEST(test_torn_journal),
		TEST(test_rotten_record),
		TEST(test_corrupt_image_is_refused),
		TEST(test_file_may_change_while_in_use),
		TEST(test_image_that_cannot_be_saved_holds),
		TEST(test_sanction_that_cannot_be_saved_holds),
		TEST(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
