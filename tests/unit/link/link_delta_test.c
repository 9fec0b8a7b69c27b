/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_delta: deltas hold when they are answered, come in batches, and pass images.
 */
#include "fixture_each.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

static void test_sanction_holds_when_answered(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	struct link_delta d = fixture_account(LINK_SUSPEND, "acme");

	assert_int_equal(fixture_delta(client, &d, &answer, error), -ENOENT);
	assert_non_null(strstr(error, "push one first"));
	fixture_push(client, 5);
	for (unsigned i = 0; i < 30; i++) {
		d = fixture_account(i % 2 == 0 ? LINK_SUSPEND : LINK_LIFT, "acme");
		fixture_expect_any(&f);
		fixture_let_turn(&f); /* a turn that has begun may see it early */
		assert_int_equal(fixture_delta(client, &d, &answer, error), 0);
		assert_int_equal(answer.seen, d.generation);
		fixture_expect(&f, i % 2 == 0 ? REASON_ACCOUNT_SUSPENDED : REASON_PASS);
		assert_int_equal(answer.workers, N_WORKERS);
		assert_true(answer.elapsed_us < TIMEOUT_MS * 1000);
		fixture_let_turn(&f);
	}
	for (unsigned i = 0; i < N_WORKERS; i++)
		assert_int_equal(SEEN(f.workers[i].late), 0);

	d = fixture_sender(LINK_SUSPEND, "01012345678");
	assert_int_equal(fixture_delta(client, &d, &answer, error), 0);
	fixture_let_turn(&f);
	for (unsigned i = 0; i < N_WORKERS; i++)
		assert_int_equal(SEEN(f.workers[i].sender_reason), REASON_SENDER_SUSPENDED);
	link_client_close(client);
}

/* Many at once, all or none, in the order of their generations. */
static void test_deltas_come_in_batches(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	struct link_delta d[LINK_DELTAS_MAX];
	char digits[16];

	fixture_push(client, 5);
	for (unsigned i = 0; i < LINK_DELTAS_MAX; i++) {
		snprintf(digits, sizeof(digits), "0101234%04u", 5678 - i);
		d[i] = fixture_sender(LINK_SUSPEND, digits);
	}
	assert_int_equal(
		link_client_deltas(client, d, LINK_DELTAS_MAX, TIMEOUT_MS, &answer, error), 0);
	assert_int_equal(answer.overlay_used, LINK_DELTAS_MAX);
	assert_int_equal(answer.seen, d[LINK_DELTAS_MAX - 1].generation);
	fixture_let_turn(&f);
	assert_int_equal(SEEN(f.workers[0].sender_reason), REASON_SENDER_SUSPENDED);
	/* The same again is what is in force already: said, not passed over in silence. */
	assert_int_equal(link_client_deltas(client, d, 1, TIMEOUT_MS, &answer, error), -ESTALE);
	d[0] = fixture_sender(LINK_LIFT, "01012345678");
	d[1] = d[0]; /* does not grow: none of the two */
	assert_int_equal(link_client_deltas(client, d, 2, TIMEOUT_MS, &answer, error), -ESTALE);
	fixture_let_turn(&f);
	assert_int_equal(SEEN(f.workers[0].sender_reason), REASON_SENDER_SUSPENDED);
	link_client_close(client);
}

/* Deltas pass while an image is read, and outlive it when they are newer. */
static void *push_images(void *arg)
{
	char why[LINK_CLIENT_ERROR_SIZE];
	struct link_message a;
	size_t size;
	int rc = 0;

	for (uint64_t g = 6; g < 30 && rc == 0; g++) {
		void *image = fixture_image(g, &size);
		rc = link_client_image(arg, image, size, g, TIMEOUT_MS, &a, why);
		free(image);
		rc = rc == 0 && a.generation != g ? -EBADMSG : rc;
	}
	return (void *)(intptr_t)rc;
}

static void test_deltas_pass_images(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	pthread_t pusher;
	void *rc;

	fixture_push(client, 5);
	assert_int_equal(pthread_create(&pusher, NULL, push_images, client), 0);
	for (unsigned i = 0; i < 200; i++) {
		const struct link_delta d =
			fixture_account(i % 2 == 0 ? LINK_SUSPEND : LINK_LIFT, "acme");
		fixture_expect_any(&f);
		fixture_let_turn(&f); /* a turn that has begun may see it early */
		assert_int_equal(fixture_delta(client, &d, &answer, error), 0);
		fixture_expect(&f, i % 2 == 0 ? REASON_ACCOUNT_SUSPENDED : REASON_PASS);
		fixture_let_turn(&f);
	}
	pthread_join(pusher, &rc);
	assert_int_equal((intptr_t)rc, 0);
	fixture_let_turn(&f);
	for (unsigned i = 0; i < N_WORKERS; i++) {
		assert_int_equal(SEEN(f.workers[i].late), 0);
		assert_int_equal(SEEN(f.workers[i].generation), 29);
	}
	link_client_close(client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_sanction_holds_when_answered),
		TEST(test_deltas_come_in_batches),
		TEST(test_deltas_pass_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
