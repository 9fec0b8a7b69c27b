/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_files: the registry and its sanctions are two files, and a transaction of both is
 * committed in each by itself. A process that adds and removes is killed at every write to
 * either log, one after the other; what is found then was whole before or is whole after:
 * no suspension or block is lost, and no record changed without its generation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "import.h"
#include "registry_delta.h"
#include "sql.h"

static struct {
	unsigned crash_at, passed; /* writes to a log */
} *shared;
static bool armed; /* in the child */
static char folder[64], database[96];

/* SQLite writes its logs by this; in place of the C library's. */
ssize_t pwrite64(int fd, const void *octets, size_t n, off64_t offset)
{
	char name[64], path[256] = "";

	if (armed) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		const ssize_t len = readlink(name, path, sizeof(path) - 1);
		if (len > 4 && strcmp(path + len - 4, "-wal") == 0 &&
		    ++shared->passed == shared->crash_at)
			kill(getpid(), SIGKILL);
	}
	return syscall(SYS_pwrite64, fd, octets, n, offset);
}

static void import(struct registry *r,
                   int (*kind)(struct registry *, char *, size_t,
                               const struct import_options *, struct problems *,
                               struct problems *, struct import_result *),
                   const char *rows)
{
	const struct import_options options = { 0 };
	struct import_result done;
	struct problems p, n;
	char text[400];

	strcpy(text, rows);
	problems_init(&p, "f");
	problems_init(&n, "f");
	assert_int_equal(kind(r, text, strlen(text), &options, &p, &n, &done), 0);
}

static uint64_t prepare(void)
{
	struct registry *r;
	uint64_t generation;

	strcpy(folder, "/dev/shm/sluice-files-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(database, sizeof(database), "%s/r", folder);
	assert_int_equal(registry_open(&r, database), 0);
	import(r, import_accounts, "system_id\nacme\n");
	import(r, import_senders,
	       "address,owner,state,blocked_until\n01012340000,acme,suspended,\n"
	       "01012340001,acme,certified,2099-01-01\n01012340002,acme,certified,\n");
	assert_int_equal(registry_generation(r, &generation), 0);
	registry_close(r);
	return generation;
}

/* As push_deltas.c does it. */
static bool change(struct registry *r)
{
	const struct registry_delta deltas[] = {
		{ .op = LINK_REMOVE, .kind = LINK_SENDER, .name = "01012340000" },
		{ .op = LINK_REMOVE, .kind = LINK_SENDER, .name = "01012340001" },
		{ .op = LINK_SUSPEND, .kind = LINK_SENDER, .name = "01012340002" },
		{ .op = LINK_ADD,
		  .kind = LINK_SENDER,
		  .name = "01012340003",
		  .owners = "acme" },
	};
	const unsigned n = sizeof(deltas) / sizeof(deltas[0]);
	struct link_delta told;
	int result = registry_keep_sanctions(r, deltas, n);

	if (result == 0)
		result = registry_deltas_begin(r, true);
	for (unsigned i = 0; i < n && result == 0; i++)
		result = registry_delta(r, &deltas[i], &told);
	return registry_deltas_end(r, result) == 0;
}

static int64_t number(struct sql *sql, const char *statement)
{
	int64_t out = -1;

	assert_int_equal(sql_number(sql, &out, statement, ""), 1);
	return out;
}

/* Whatever was committed: nothing is lost, and nothing changed that no generation tells. */
static void check(uint64_t before)
{
	char beside[128];
	struct registry *r;
	uint64_t generation;
	struct sql sql = { 0 };

	assert_int_equal(registry_open(&r, database), 0); /* as control starts again */
	assert_int_equal(registry_generation(r, &generation), 0);
	registry_close(r);
	assert_int_equal(sqlite3_open(database, &sql.db), SQLITE_OK);
	snprintf(beside, sizeof(beside), "%s-sanctions", database);
	assert_int_equal(sql_run(&sql, "ATTACH DATABASE ? AS s", "t", beside), 0);
	const int64_t senders = number(&sql, "SELECT count(*) FROM sender");
	assert_true(senders == 3 || senders == 2); /* all of them, or none */
	const bool done = senders == 2;
	assert_true(!done || generation == before + 4);
	assert_true(number(&sql, "SELECT count(*) FROM sender WHERE state = 2") == 1 || done);
	if (done) {
		assert_true(number(&sql, "SELECT count(*) FROM s.sender_sanction") >= 1);
		assert_int_equal(number(&sql, "SELECT count(*) FROM s.sender_block"), 1);
	}
	sql_close(&sql);
}

/* false: it came to its end. */
static bool killed_at(unsigned crash_at)
{
	char command[100];
	struct registry *r;
	int status = 0;

	const uint64_t before = prepare();
	shared->crash_at = crash_at;
	shared->passed = 0;
	const pid_t child = fork();
	if (child == 0) {
		if (registry_open(&r, database) != 0)
			_exit(1);
		armed = true;
		_exit(change(r) ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	check(before);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return WIFSIGNALED(status);
}

static void killed_at_every_write(void **state)
{
	unsigned n = 1;

	(void)state;
	while (killed_at(n))
		n++;
	print_message("killed at %u writes\n", n - 1);
	assert_true(n > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(killed_at_every_write) };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	              -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
