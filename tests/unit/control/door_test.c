/* SPDX-License-Identifier: Apache-2.0 */
/* door: connections that begin and go no further keep nobody out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "daemon.h"
#include "sql.h"

#define HALF "GET /v1/sta"
#define REST "tus HTTP/1.1\r\nHost: x\r\n\r\n"
#define FLOOD 1000u
#define MINE 20u
#define SHARE 32u /* DOOR_SHARE */
#define TURNED 8u
#define OTHER 65534
#define WAIT_S 10 /* what is locked out waits 60 */

static int half_open[FLOOD];

static int start(void **state)
{
	struct rlimit files = { 4096, 4096 };

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	temp_make(state);
	control_start();
	assert_int_equal(chmod(temp_dir, 0755), 0);
	assert_int_equal(chmod(temp_path("c.sock"), 0666), 0);
	return 0;
}

static int end(void **state)
{
	assert_true(WIFEXITED(control_end(SIGTERM)));
	return temp_remove(state);
}

/* A connection that has sent this, or -1: there was no room for it. */
static int begin(const char *octets)
{
	const struct timeval wait = { .tv_sec = WAIT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/c.sock", temp_dir);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(fd, octets, strlen(octets), MSG_NOSIGNAL) == (ssize_t)strlen(octets))
		return fd;
	close(fd);
	return -1;
}

/* The rest of a request, and its status; 0: the connection has given way. */
static int finish(int fd, const char *octets)
{
	char answer[64] = "";
	int status = 0;

	if (send(fd, octets, strlen(octets), MSG_NOSIGNAL) == (ssize_t)strlen(octets) &&
	    recv(fd, answer, sizeof(answer) - 1, 0) > 0)
		(void)sscanf(answer, "HTTP/1.1 %d", &status);
	close(fd);
	return status;
}

static bool flood(void)
{
	half_open[FLOOD - 1] = -1;
	for (unsigned i = 0; i < FLOOD && (i == 0 || half_open[i - 1] >= 0); i++)
		half_open[i] = begin(HALF);
	return half_open[FLOOD - 1] >= 0;
}

static void half_open_ones_give_way(void **state)
{
	(void)state;
	assert_true(flood());
	assert_int_equal(finish(half_open[FLOOD - 1], REST), 200);
	assert_int_equal(finish(half_open[0], REST), 0);
	assert_int_equal(ctl("status --json"), 0);
	/* Of these 1,000 and sluicectl's 128 may stay, some of which have ended since. */
	assert_true(said("\"connections_gave_way\":87"));
	assert_true(said("\"connections_turned_away\":0"));
	assert_int_equal(ctl("status"), 0);
	assert_true(said("too many connections: 87"));
	for (unsigned i = 1; i < FLOOD - 1; i++)
		close(half_open[i]);
}

/* A file that is being sent is not idle. */
static void an_upload_goes_on(void **state)
{
	const char row[] = "acme01,Acme\n";
	char more[16];
	const int upload = begin("POST /v1/accounts HTTP/1.1\r\nHost: x\r\n"
	                         "Content-Length: 497\r\n\r\nsystem_id,name\r\n");

	(void)state;
	for (unsigned i = 0; i < FLOOD; i++) {
		usleep(i % 25 == 0 ? 20000 : 0); /* it is read meanwhile */
		half_open[i] = begin(HALF);
		if (i % 25 != 0)
			continue;
		snprintf(more, sizeof(more), "acme%02u,Acme\n", i / 25);
		assert_int_equal(send(upload, more, strlen(row), MSG_NOSIGNAL), strlen(row));
	}
	assert_int_equal(finish(upload, "\n"), 200);
	for (unsigned i = 0; i < FLOOD; i++)
		close(half_open[i]);
}

/* In a process of another user's; how it ended. */
static int as_other(bool (*what)(void))
{
	int status = 0;
	const pid_t child = fork();

	if (child == 0)
		_exit(setuid(OTHER) == 0 && what() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static bool flood_and_ask(void)
{
	return flood() && finish(begin(HALF), REST) == 200 &&
	       finish(half_open[FLOOD - 1], REST) == 200 && finish(half_open[0], REST) == 0;
}

static void others_take_nothing_from_the_owner(void **state)
{
	int mine[MINE];

	(void)state;
	for (unsigned i = 0; i < MINE; i++)
		mine[i] = begin(HALF);
	assert_int_equal(as_other(flood_and_ask), 0);
	for (unsigned i = 0; i < MINE; i++)
		assert_int_equal(finish(mine[i], REST), 200);
}

static bool ask_too_much(void)
{
	const char block[] =
		"POST /v1/deltas HTTP/1.1\r\nHost: x\r\nContent-Length: 56\r\n\r\n"
		"{\"op\":\"block\", \"kind\":\"sender\", \"name\":\"01012345678\"}   ";
	int asked[SHARE];
	bool good = true;

	for (unsigned i = 0; i < SHARE; i++)
		asked[i] = begin(block);
	usleep(1500000); /* all of them wait for the registry now */
	/* However often: the place of one that was turned away is none. */
	for (unsigned i = 0; i < TURNED; i++) {
		const int more = begin(HALF);
		good &= finish(begin(HALF), REST) == 503;
		close(more);
	}
	for (unsigned i = 0; i < SHARE; i++)
		good &= finish(asked[i], "") == 200;
	return good;
}

/* Who is being answered stays; one more of the same user is told why not, another is not. */
static void who_is_answered_stays(void **state)
{
	struct sql sql = { 0 };
	int ready[2];
	char octet;
	pid_t unlock;
	int status = 0;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	unlock = fork(); /* it has the registry for a while */
	if (unlock == 0) {
		if (sqlite3_open(temp_path("r.sqlite-sanctions"), &sql.db) != SQLITE_OK ||
		    sqlite3_busy_timeout(sql.db, SQL_BUSY_MS) != SQLITE_OK ||
		    sqlite3_exec(sql.db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		(void)!write(ready[1], "", 1);
		usleep(4000000);
		_exit(0);
	}
	close(ready[1]);
	/* control may have it first: it makes room in its log when it starts */
	assert_int_equal(read(ready[0], &octet, 1), 1);
	close(ready[0]);
	assert_int_equal(as_other(ask_too_much), 0);
	assert_int_equal(waitpid(unlock, &status, 0), unlock);
	assert_int_equal(status, 0);
	assert_int_equal(ctl("status --json"), 0);
	assert_true(said("\"connections_turned_away\":16"));
	assert_true(said("\"connections_gave_way\":0"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(half_open_ones_give_way, start, end),
		cmocka_unit_test_setup_teardown(an_upload_goes_on, start, end),
		cmocka_unit_test_setup_teardown(others_take_nothing_from_the_owner, start, end),
		cmocka_unit_test_setup_teardown(who_is_answered_stays, start, end),
	};

	if (argc != 3)
		return 2;
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
