/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: batches of deltas are written while others are on their way, beside images, and
 * none comes late: a data plane refuses what is older than what it has, and then an image
 * is made to heal that, which no call here may need.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>

#include "import.h"
#include "plane.h"
#include "push.h"
#include "temp.h"

#define CALLERS 6u
#define CALLS 120u /* of each; even: the last one lifts */
#define IMAGES 12u

static struct push *push;
static struct registry *registry;

static int import(int (*kind)(struct registry *, char *, size_t, const struct import_options *,
                              struct problems *, struct problems *, struct import_result *),
                  const char *rows)
{
	const struct import_options options = { 0 };
	struct import_result done;
	struct problems p, n;
	char text[400];

	snprintf(text, sizeof(text), "%s", rows);
	problems_init(&p, "f");
	problems_init(&n, "f");
	return kind(registry, text, strlen(text), &options, &p, &n, &done);
}

static void sender_name(char name[16], unsigned i) { snprintf(name, 16, "0101234%04u", i); }

static int setup(void **state)
{
	char rows[400] = "address,owner\n", name[16];
	struct push_answer answer = { .result = -1 };

	assert_int_equal(temp_make(state), 0);
	for (unsigned i = 0; i < CALLERS; i++) {
		sender_name(name, i);
		sprintf(rows + strlen(rows), "%s,acme\n", name);
	}
	assert_int_equal(registry_open(&registry, temp_path("r")), 0);
	assert_int_equal(import(import_accounts, "system_id\nacme\n"), 0);
	assert_int_equal(import(import_senders, rows), 0);
	data_plane_start(temp_dir);
	assert_int_equal(push_open(&push, temp_path("r"), temp_path("dp.sock"), NULL), 0);
	push_image(push, &answer);
	assert_int_equal(answer.result, 0);
	return 0;
}

static int teardown(void **state)
{
	push_close(push);
	data_plane_stop();
	registry_close(registry);
	return temp_remove(state);
}

struct caller {
	pthread_t thread;
	unsigned number;
	unsigned failed, healed, unordered; /* calls */
};

/* Suspends and lifts a sender of its own, by turns. */
static void *call(void *arg)
{
	struct caller *c = arg;
	uint64_t before = 0;
	char name[16];

	sender_name(name, c->number);
	for (unsigned i = 0; i < CALLS; i++) {
		const struct registry_delta d = { .op = i % 2 == 0 ? LINK_SUSPEND : LINK_LIFT,
			                          .kind = LINK_SENDER,
			                          .name = name };
		struct push_answer answer = { 0 };
		struct push_fault fault;

		const int result = push_deltas(push, &d, 1, &answer, &fault);
		c->failed += result != 0 || answer.result != 0;
		c->healed += answer.build_us != 0;
		c->unordered += answer.generation <= before;
		before = answer.generation;
		if (i % 16 < 2 && reason_of("acme", name) !=
		                          (i % 2 == 0 ? REASON_SENDER_SUSPENDED : REASON_PASS))
			c->failed++;
	}
	return NULL;
}

static void start(struct caller callers[CALLERS])
{
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){ .number = i };
		assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]),
		                 0);
	}
}

static void finish(struct caller callers[CALLERS])
{
	for (unsigned i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
	for (unsigned i = 0; i < CALLERS; i++) {
		assert_int_equal(callers[i].failed, 0);
		assert_int_equal(callers[i].healed, 0);
		assert_int_equal(callers[i].unordered, 0);
	}
}

static void batches_keep_their_order(void **state)
{
	struct caller callers[CALLERS];
	const uint64_t image = in_force().generation;
	struct push_state at_end;
	uint64_t ours = 0;

	(void)state;
	start(callers);
	finish(callers);
	assert_int_equal(in_force().generation, image); /* deltas did it all */
	assert_int_equal(in_force().overlay_used, CALLERS);
	assert_int_equal(registry_generation(registry, &ours), 0);
	push_state(push, &at_end);
	assert_int_equal(at_end.covered, ours);
	assert_int_equal(at_end.seen, ours);
	assert_int_equal(ours, image + CALLERS * CALLS);
}

static void batches_pass_images(void **state)
{
	struct caller callers[CALLERS];
	struct push_answer answer;
	uint64_t ours = 0;
	char row[40];

	(void)state;
	start(callers);
	for (unsigned i = 0; i < IMAGES; i++) {
		snprintf(row, sizeof(row), "system_id\nacme%u\n", i);
		assert_int_equal(import(import_accounts, row), 0);
		push_image(push, &answer);
		assert_int_equal(answer.result, 0);
	}
	finish(callers);
	push_image(push, &answer);
	assert_int_equal(answer.result, 0);
	assert_int_equal(registry_generation(registry, &ours), 0);
	assert_int_equal(answer.generation, ours);
	assert_true(in_force().generation <= ours);
	for (unsigned i = 0; i < CALLERS; i++) {
		char name[16];
		sender_name(name, i);
		assert_int_equal(reason_of("acme", name), REASON_PASS);
	}
}

static void alter(const char *statement)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(temp_path("r"), &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* What was pushed before is not what was asked for. */
static void what_cannot_be_read_is_not_pushed(void **state)
{
	struct push_answer answer;

	(void)state;
	assert_int_equal(import(import_accounts, "system_id\nother\n"), 0);
	alter("ALTER TABLE meta RENAME TO away");
	push_image(push, &answer);
	assert_int_not_equal(answer.result, 0);
	assert_int_not_equal(answer.result, -ENOTCONN);
	assert_non_null(strstr(answer.text, "no image could be made: "));
	alter("ALTER TABLE away RENAME TO meta");
	push_image(push, &answer);
	assert_int_equal(answer.result, 0);
	assert_int_equal(in_force().generation, answer.generation);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(batches_keep_their_order),
		TEST(batches_pass_images),
		TEST(what_cannot_be_read_is_not_pushed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
