/* SPDX-License-Identifier: Apache-2.0 */
/* tables and their overlay, beside a twin that keeps every sanction in a plain list. */
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
		{ 9, acme, NOW, REASON_SENDER_NOT_OWNED },
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

static struct tables *step(struct tables *t, const struct link_sanction *s)
{
	struct tables *next;

	assert_int_equal(tables_sanction(&next, t, s), 0);
	assert_true(next->serial > t->serial);
	assert_ptr_equal(next->image, t->image);
	tables_free(t);
	return next;
}

/* What the sanctions so far say: the last one on this account or sender counts. */
static unsigned twin_op(const struct link_sanction *log, unsigned n, uint32_t kind, uint32_t id,
                        const struct sender_key *key)
{
	while (n-- > 0) {
		if (log[n].kind == kind &&
		    (kind == LINK_ACCOUNT ? log[n].account_id == id
		                          : memcmp(&log[n].key, key, sizeof(*key)) == 0))
			return log[n].op;
	}
	return 0;
}

static void check_twin(const struct tables *t, const struct link_sanction *log, unsigned n)
{
	const uint32_t acme = row(t, "acme");

	for (unsigned i = 0; i < 12; i++) {
		const struct sender_key key = sample_number(i < 10 ? i : SAMPLE_SENDERS + i);
		const unsigned op = twin_op(log, n, LINK_SENDER, 0, &key);
		unsigned expect = i == 4 || i == 6 ? REASON_SENDER_BLOCKED
		                  : i == 3         ? REASON_SENDER_SUSPENDED
		                                   : REASON_PASS;

		if (i >= 10)
			expect = REASON_SENDER_UNCERTIFIED;
		if (i == 8)
			expect = REASON_SENDER_EXPIRED;
		if (i == 9)
			expect = REASON_SENDER_NOT_OWNED;
		if (op == LINK_SUSPEND && expect != REASON_SENDER_BLOCKED)
			expect = REASON_SENDER_SUSPENDED;
		if (op == LINK_LIFT && expect == REASON_SENDER_SUSPENDED)
			expect = REASON_PASS;
		assert_int_equal(reason(t, key, acme, NOW), expect);
	}
	for (uint32_t r = 1; r < t->image->n_accounts; r++) {
		const struct image_account *a = &t->image->accounts[r];
		const unsigned op = twin_op(log, n, LINK_ACCOUNT, a->id, NULL);
		const bool suspended = op ? op == LINK_SUSPEND : a->id == SAMPLE_BETA;
		const unsigned expect = suspended              ? REASON_ACCOUNT_SUSPENDED
		                        : a->id == SAMPLE_GONE ? REASON_ACCOUNT_EXPIRED
		                                               : REASON_PASS;
		assert_int_equal(tables_account_reason(t, r, NOW), expect);
	}
}

static void random_sanctions_as_the_twin(void **state)
{
	(void)state;
	struct link_sanction log[300];
	struct tables *t = open_sample(2);
	uint32_t x = 12345;

	for (unsigned n = 0; n < 300; n++) {
		const uint32_t ids[] = { SAMPLE_ACME, SAMPLE_BETA, SAMPLE_GONE, SAMPLE_STATE,
			                 999 };
		x = x * 1664525 + 1013904223;
		const unsigned i = (x >> 8) % 12;
		log[n] = (struct link_sanction){ .op = x >> 31 ? LINK_SUSPEND : LINK_LIFT,
			                         .kind = x >> 30 & 1 ? LINK_ACCOUNT
			                                             : LINK_SENDER };
		if (log[n].kind == LINK_ACCOUNT)
			log[n].account_id = ids[i % 5];
		else
			log[n].key = sample_number(i < 10 ? i : SAMPLE_SENDERS + i);
		t = step(t, &log[n]);
		check_twin(t, log, n + 1);
	}
	tables_free(t);
}

/* Many more keys than one level holds: the last word on each counts, wherever it is. */
static void merged_sanctions_as_the_twin(void **state)
{
	(void)state;
	enum { KEYS = 700, STEPS = 4000 };
	static uint32_t last[KEYS]; /* op; 0 = none yet */
	struct tables *t = open_sample(1);
	const uint32_t acme = row(t, "acme");
	uint32_t x = 99;

	for (unsigned n = 0; n < STEPS; n++) {
		x = x * 1664525 + 1013904223;
		const unsigned i = (x >> 8) % KEYS;
		const struct link_sanction s = { .op = x >> 31 ? LINK_SUSPEND : LINK_LIFT,
			                         .kind = LINK_SENDER,
			                         .key = sample_number(SAMPLE_SENDERS + i) };
		last[i] = s.op;
		t = step(t, &s);
		for (unsigned k = 0; k < KEYS && n % 61 == 0; k++)
			assert_int_equal(
				reason(t, sample_number(SAMPLE_SENDERS + k), acme, NOW),
				last[k] == LINK_SUSPEND ? REASON_SENDER_SUSPENDED
							: REASON_SENDER_UNCERTIFIED);
	}
	tables_free(t);
}

/* A new snapshot never changes the one that workers still read. */
static void older_snapshots_stay(void **state)
{
	(void)state;
	struct tables *old = open_sample(1), *next;
	const uint32_t acme = row(old, "acme");
	const struct link_sanction s = { .op = LINK_SUSPEND,
		                         .kind = LINK_SENDER,
		                         .key = sample_number(0) };
	const unsigned before = released;

	assert_int_equal(tables_sanction(&next, old, &s), 0);
	assert_int_equal(reason(old, s.key, acme, NOW), REASON_PASS);
	assert_int_equal(reason(next, s.key, acme, NOW), REASON_SENDER_SUSPENDED);
	tables_free(old);
	assert_int_equal(released, before); /* the image is still in use */
	assert_int_equal(reason(next, s.key, acme, NOW), REASON_SENDER_SUSPENDED);
	tables_free(next);
	assert_int_equal(released, before + 1);
}

static void bad_sanctions(void **state)
{
	(void)state;
	struct tables *t = open_sample(1), *next = NULL;
	struct link_sanction bad[6] = {
		{ .op = 0, .kind = LINK_ACCOUNT, .account_id = 1 },
		{ .op = 3, .kind = LINK_ACCOUNT, .account_id = 1 },
		{ .op = LINK_LIFT, .kind = 0, .account_id = 1 },
		{ .op = LINK_LIFT, .kind = 3, .account_id = 1, .key = sample_number(0) },
		{ .op = LINK_SUSPEND, .kind = LINK_ACCOUNT },
		{ .op = LINK_SUSPEND, .kind = LINK_SENDER },
	};

	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(tables_sanction(&next, t, &bad[i]), -EINVAL);
	assert_null(next);
	tables_free(t);
}

static void overlay_is_bounded(void **state)
{
	(void)state;
	struct tables *t = open_sample(1), *next;
	struct link_sanction s = { .op = LINK_SUSPEND, .kind = LINK_ACCOUNT };

	for (uint32_t i = 0; i < OVERLAY_MAX; i++) {
		s.account_id = i + 1;
		t = step(t, &s);
		if (i % 1000 == 0) /* some that are there already: they count once */
			t = step(t, &s);
	}
	s.account_id = OVERLAY_MAX + 1;
	assert_int_equal(tables_sanction(&next, t, &s), -ENOSPC);
	s = (struct link_sanction){ .op = LINK_LIFT,
		                    .kind = LINK_ACCOUNT,
		                    .account_id = SAMPLE_ACME };
	t = step(t, &s); /* one that is there already needs no room */
	assert_int_equal(tables_account_reason(t, row(t, "acme"), NOW), REASON_PASS);
	assert_int_equal(tables_account_reason(t, row(t, "beta"), NOW),
	                 REASON_ACCOUNT_SUSPENDED);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_by_state_and_time),
		cmocka_unit_test(senders_by_state_time_and_owner),
		cmocka_unit_test(random_sanctions_as_the_twin),
		cmocka_unit_test(merged_sanctions_as_the_twin),
		cmocka_unit_test(older_snapshots_stay),
		cmocka_unit_test(bad_sanctions),
		cmocka_unit_test(overlay_is_bounded),
		cmocka_unit_test(a_scratch_for_each_worker),
		cmocka_unit_test(a_bad_image_is_not_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
