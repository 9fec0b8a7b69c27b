/* SPDX-License-Identifier: Apache-2.0 */
/* tables: what an image alone says of accounts and senders; delta_test has the overlay. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sample_image.h"
#include "tables.h"
#include "verdict.h"

#define NOW SAMPLE_NOW

static unsigned released;

static void release(void *arg)
{
	free(arg);
	released++;
}

static struct tables *open_sample(unsigned workers)
{
	char error[IMAGE_ERROR_SIZE];
	struct tables *t;
	size_t size;
	void *octets = sample_image(&size);
	const int failed = tables_open(&t, octets, size, workers, release, octets, error);

	if (failed != 0)
		fail_msg("%d: %s", failed, error);
	return t;
}

static uint32_t row(const struct tables *t, const char *system_id)
{
	const uint32_t r =
		image_account_row(t->image, (const uint8_t *)system_id, strlen(system_id));

	assert_int_not_equal(r, 0);
	return r;
}

static unsigned reason(const struct tables *t, struct sender_key key, uint32_t account,
                       uint32_t seconds)
{
	const struct image_sender *found;

	sender_set_find(&t->image->senders, &key, 1, &found);
	return tables_sender_reason(t, &key, found, account, seconds);
}

static void accounts_by_state_and_time(void **state)
{
	(void)state;
	struct tables *t = open_sample(1);

	assert_int_equal(tables_account_reason(t, 0, NOW), REASON_ACCOUNT_UNKNOWN);
	assert_int_equal(tables_account_reason(t, row(t, "acme"), NOW), REASON_PASS);
	assert_int_equal(tables_account_reason(t, row(t, "beta"), NOW),
	                 REASON_ACCOUNT_SUSPENDED);
	const uint32_t gone = row(t, "gone");
	assert_int_equal(tables_account_reason(t, gone, NOW - 101), REASON_ACCOUNT_EXPIRED);
	assert_int_equal(tables_account_reason(t, gone, NOW - 100), REASON_PASS);
	assert_int_equal(tables_account_reason(t, gone, NOW - 1), REASON_PASS);
	assert_int_equal(tables_account_reason(t, gone, NOW), REASON_ACCOUNT_EXPIRED);
	tables_free(t);
}

static void senders_by_state_time_and_owner(void **state)
{
	(void)state;
	struct tables *t = open_sample(1);
	const uint32_t acme = row(t, "acme"), watched = row(t, "watched");
	const uint32_t office = row(t, "a-state-office1"), gone = row(t, "gone");
	const struct {
		unsigned sender;
		uint32_t account;
		uint32_t seconds;
		unsigned expect;
	} cases[] = {
		{ 0, acme, NOW, REASON_PASS },
		{ 0, watched, NOW, REASON_SENDER_NOT_OWNED },
		{ 0, 0, NOW, REASON_SENDER_NOT_OWNED },
		{ 0, office, NOW, REASON_PASS },
		{ 1, gone, NOW, REASON_PASS },
		{ 2, gone, NOW, REASON_SENDER_NOT_OWNED },
		{ 2, watched, NOW, REASON_PASS },
		{ 3, acme, NOW, REASON_SENDER_SUSPENDED },
		{ 3, office, NOW, REASON_SENDER_SUSPENDED },
		{ 4, acme, NOW, REASON_SENDER_BLOCKED },
		{ 4, office, NOW, REASON_SENDER_BLOCKED },
		{ 5, acme, NOW - 1, REASON_SENDER_BLOCKED },
		{ 5, acme, NOW, REASON_PASS },
		{ 6, acme, UINT32_MAX, REASON_SENDER_BLOCKED },
		{ 7, acme, NOW - 1, REASON_SENDER_EXPIRED },
		{ 7, acme, NOW, REASON_PASS },
		{ 7, office, NOW - 1, REASON_PASS },
		{ 8, acme, NOW - 1, REASON_PASS },
		{ 8, acme, NOW, REASON_SENDER_EXPIRED },
		{ 9, acme, NOW, REASON_SENDER_UNCERTIFIED },
		{ 10, acme, NOW - 1, REASON_SENDER_BLACKLISTED },
		{ 10, office, NOW - 1, REASON_SENDER_BLACKLISTED },
		{ 10, acme, NOW, REASON_PASS },
		{ 11, acme, UINT32_MAX, REASON_SENDER_THEFT },
		{ 11, office, NOW, REASON_SENDER_THEFT },
		{ SAMPLE_SENDERS, acme, NOW, REASON_SENDER_UNCERTIFIED },
		{ SAMPLE_SENDERS, office, NOW, REASON_PASS },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const unsigned got = reason(t, sample_number(cases[i].sender), cases[i].account,
		                            cases[i].seconds);
		if (got != cases[i].expect)
			fail_msg("case %u: reason %u, expected %u", i, got, cases[i].expect);
	}
	tables_free(t);
}

static void a_scratch_for_each_worker(void **state)
{
	(void)state;
	struct tables *t = open_sample(3);

	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(t->scratch[i]);
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(t->scratch[i], t->scratch[j]);
		assert_int_equal(
			hs_scan(t->image->database, "casino", 6, 0, t->scratch[i], NULL, NULL),
			HS_SUCCESS);
	}
	tables_free(t);
}

static void a_bad_image_is_not_released(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct tables *t = NULL;
	size_t size;
	uint8_t *octets = sample_image(&size);
	const unsigned before = released;

	octets[size / 2] ^= 1;
	assert_int_equal(tables_open(&t, octets, size, 1, release, octets, error), -EBADMSG);
	assert_null(t);
	assert_int_equal(released, before);
	assert_true(strlen(error) > 0);
	free(octets);
}

/* Any record, at the edges of what its fields tell apart. */
static struct image_sender any_record(uint32_t account)
{
	const uint32_t times[] = { 0, 1, NOW - 1, NOW, NOW + 1, UINT32_MAX };
	const uint32_t owners[] = { 0, account, account + 1 };

	return (struct image_sender){
		.owner_state =
			owners[random() % 2 != 0 ? 1 : random() % 3] << 4 |
			(uint32_t)(random() % 2 != 0 ? 0 : random() % 3) << 2 |
			(random() % 2 != 0 ? IMAGE_CERTIFIED : 1 + (uint32_t)random() % 3),
		.valid_from = times[random() % 6],
		.valid_until = times[random() % 6],
		.blocked_until = times[random() % 2 != 0 ? 0 : random() % 6],
	};
}

/* The short way says yes only where the long one does, and wherever it is meant to. */
static void short_way_passes_what_the_long_one_does(void **state)
{
	(void)state;
	struct tables *t = open_sample(1);
	const struct sender_key key = { { 0 } };
	const uint32_t accounts[] = { 0, row(t, "acme"), row(t, "watched") };
	unsigned passed = 0;

	srandom(1);
	assert_true(tables_without_deltas(t));
	assert_false(tables_sender_passes(NULL, accounts[1], NOW));
	for (unsigned i = 0; i < 200000; i++) {
		const uint32_t account = accounts[random() % 3];
		const struct image_sender s = any_record(account);
		const bool passes = tables_sender_passes(&s, account, NOW);
		const unsigned long_way = tables_sender_reason(t, &key, &s, account, NOW);
		const bool usual = account != 0 && image_sender_state(&s) == IMAGE_CERTIFIED &&
		                   image_sender_block(&s) == IMAGE_BLOCK_OPERATOR &&
		                   s.owner_state >> 4 == account && s.blocked_until == 0;

		assert_int_equal(passes, usual && long_way == REASON_PASS);
		passed += passes;
	}
	assert_in_range(passed, 1000, 100000);
	tables_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_by_state_and_time),
		cmocka_unit_test(senders_by_state_time_and_owner),
		cmocka_unit_test(short_way_passes_what_the_long_one_does),
		cmocka_unit_test(a_scratch_for_each_worker),
		cmocka_unit_test(a_bad_image_is_not_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
