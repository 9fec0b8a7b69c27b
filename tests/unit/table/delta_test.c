/* SPDX-License-Identifier: Apache-2.0 */
/* deltas over an image: each operation, what they may not be, their bounds, and readers that
 * look on while they come. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>

#include "sample_image.h"
#include "tables.h"
#include "verdict.h"

#define NOW SAMPLE_NOW

static struct tables *t; /* in force */
static uint64_t generation;

static int setup(void **state)
{
	char error[IMAGE_ERROR_SIZE];
	size_t size;
	void *octets = sample_image(&size);

	(void)state;
	generation = 7;
	return tables_open(&t, octets, size, 1, free, octets, error);
}

static int teardown(void **state)
{
	(void)state;
	tables_free(t);
	return 0;
}

static struct link_delta sender(enum link_delta_op op, unsigned i)
{
	return (struct link_delta){ .generation = ++generation,
		                    .op = (uint8_t)op,
		                    .kind = LINK_SENDER,
		                    .key = sample_number(i) };
}

static struct link_delta account(enum link_delta_op op, const char *system_id)
{
	struct link_delta d = { .generation = ++generation,
		                .op = (uint8_t)op,
		                .kind = LINK_ACCOUNT };

	memcpy(d.key.octets + 1, system_id, strlen(system_id));
	return d;
}

static int give(const struct link_delta *d, unsigned n)
{
	struct tables *next;
	const int rc = tables_deltas(&next, t, d, n);

	if (rc != 0)
		return rc;
	assert_true(next->serial > t->serial);
	assert_ptr_equal(next->image, t->image);
	tables_free(t);
	t = next;
	return 0;
}

static uint32_t row(const char *system_id)
{
	return tables_account_row(t, (const uint8_t *)system_id, strlen(system_id));
}

static unsigned reason_at(unsigned i, const char *system_id, uint32_t seconds)
{
	const struct sender_key key = sample_number(i);
	const struct image_sender *found;

	sender_set_find(&t->image->senders, &key, 1, &found);
	return tables_sender_reason(t, &key, found, row(system_id), seconds);
}

#define GIVE(delta) \
	do { \
		const struct link_delta one = delta; \
		assert_int_equal(give(&one, 1), 0); \
	} while (0)
#define SENDER(i, reason) assert_int_equal(reason_at(i, "acme", NOW), reason)
#define ACCOUNT(id, reason) assert_int_equal(tables_account_reason(t, row(id), NOW), reason)

static void suspension(void **state)
{
	(void)state;
	GIVE(sender(LINK_SUSPEND, 0));
	SENDER(0, REASON_SENDER_SUSPENDED);
	GIVE(sender(LINK_LIFT, 0));
	SENDER(0, REASON_PASS);
	GIVE(sender(LINK_LIFT, 3)); /* the image suspends it */
	SENDER(3, REASON_PASS);
	GIVE(account(LINK_SUSPEND, "acme"));
	ACCOUNT("acme", REASON_ACCOUNT_SUSPENDED);
	GIVE(account(LINK_LIFT, "acme"));
	GIVE(account(LINK_LIFT, "beta"));
	ACCOUNT("acme", REASON_PASS);
	ACCOUNT("beta", REASON_PASS);
}

static struct link_delta until(struct link_delta d, uint32_t seconds)
{
	d.blocked_until = seconds;
	return d;
}

static void block(void **state)
{
	(void)state;
	GIVE(until(sender(LINK_BLOCK, 0), NOW + 10));
	assert_int_equal(reason_at(0, "acme", NOW + 9), REASON_SENDER_BLOCKED);
	assert_int_equal(reason_at(0, "acme", NOW + 10), REASON_PASS);
	GIVE(sender(LINK_LIFT, 0));
	SENDER(0, REASON_SENDER_BLOCKED); /* a lift ends no block */
	GIVE(sender(LINK_UNBLOCK, 0));
	SENDER(0, REASON_PASS);
	GIVE(sender(LINK_UNBLOCK, 4)); /* the image blocks them */
	GIVE(sender(LINK_UNBLOCK, 6));
	SENDER(4, REASON_PASS);
	SENDER(6, REASON_PASS);
	/* One that nobody registered, and whom it holds for: those who need no certificate. */
	GIVE(until(sender(LINK_BLOCK, 900), UINT32_MAX));
	assert_int_equal(reason_at(900, "a-state-office1", UINT32_MAX), REASON_SENDER_BLOCKED);
	GIVE(until(account(LINK_BLOCK, "acme"), NOW + 1));
	ACCOUNT("acme", REASON_ACCOUNT_SUSPENDED);
	assert_int_equal(tables_account_reason(t, row("acme"), NOW + 1), REASON_PASS);
}

static struct link_delta owned(struct link_delta d, uint32_t owner)
{
	d.n_owners = 1;
	d.owners[0] = owner;
	return d;
}

static void records(void **state)
{
	(void)state;
	GIVE(sender(LINK_REMOVE, 0));
	SENDER(0, REASON_SENDER_UNCERTIFIED);
	GIVE(owned(sender(LINK_ADD, 900), SAMPLE_ACME));
	SENDER(900, REASON_PASS);
	assert_int_equal(reason_at(900, "watched", NOW), REASON_SENDER_NOT_OWNED);
	struct link_delta d = owned(sender(LINK_ADD, 901), SAMPLE_ACME);
	d.valid_from = NOW;
	d.valid_until = NOW + 5;
	GIVE(d);
	assert_int_equal(reason_at(901, "acme", NOW - 1), REASON_SENDER_EXPIRED);
	assert_int_equal(reason_at(901, "acme", NOW + 4), REASON_PASS);
	assert_int_equal(reason_at(901, "acme", NOW + 5), REASON_SENDER_EXPIRED);
	/* What was said against it stays said. */
	GIVE(sender(LINK_SUSPEND, 900));
	GIVE(sender(LINK_REMOVE, 900));
	GIVE(owned(sender(LINK_ADD, 900), SAMPLE_ACME));
	SENDER(900, REASON_SENDER_SUSPENDED);
}

static struct link_delta identified(struct link_delta d, uint32_t id)
{
	d.account_id = id;
	d.alphabet = TEXT_UCS2;
	return d;
}

static void added_accounts(void **state)
{
	(void)state;
	assert_int_equal(row("new"), 0);
	GIVE(identified(account(LINK_ADD, "new"), 4000));
	ACCOUNT("new", REASON_PASS);
	assert_int_equal(tables_account(t, row("new"))->alphabet, TEXT_UCS2);
	assert_int_equal(tables_account(t, row("new"))->id, 4000);
	GIVE(owned(sender(LINK_ADD, 900), 4000));
	assert_int_equal(reason_at(900, "new", NOW), REASON_PASS);
	SENDER(900, REASON_SENDER_NOT_OWNED);
	assert_int_equal(reason_at(0, "new", NOW), REASON_SENDER_NOT_OWNED);
	/* Removed and added again it is another one: it gets nothing of the first. */
	GIVE(account(LINK_REMOVE, "acme"));
	assert_int_equal(row("acme"), 0);
	GIVE(identified(account(LINK_ADD, "acme"), 4001));
	ACCOUNT("acme", REASON_PASS);
	SENDER(0, REASON_SENDER_NOT_OWNED);
}

static void what_is_no_delta(void **state)
{
	(void)state;
	struct link_delta d = sender(LINK_SUSPEND, 0), two[2] = { d, d };

	two[1].op = 0;
	two[1].generation++;
	assert_int_equal(give(two, 2), -EINVAL);
	assert_int_equal(give(two, 1), 0);
	assert_int_equal(give(two, 1), -ESTALE);
	d.generation = 7; /* the image's */
	assert_int_equal(give(&d, 1), -ESTALE);
	SENDER(0, REASON_SENDER_SUSPENDED);
	assert_int_equal(tables_generation(t), two[0].generation);
}

static void overlay_is_bounded(void **state)
{
	(void)state;
	static struct link_delta d[LINK_DELTAS_MAX];
	char id[16];

	for (uint32_t i = 0; i < OVERLAY_MAX; i++) {
		snprintf(id, sizeof(id), "a%u", i);
		d[i % LINK_DELTAS_MAX] = account(LINK_SUSPEND, id);
		if ((i + 1) % LINK_DELTAS_MAX == 0)
			assert_int_equal(give(d, LINK_DELTAS_MAX), 0);
	}
	assert_int_equal(tables_overlay_used(t), OVERLAY_MAX);
	d[0] = account(LINK_SUSPEND, "one-more");
	assert_int_equal(give(d, 1), -ENOSPC);
	assert_int_equal(tables_overlay_used(t), OVERLAY_MAX);
	ACCOUNT("beta", REASON_ACCOUNT_SUSPENDED);
}

static void added_accounts_are_bounded(void **state)
{
	(void)state;
	struct link_delta d;

	for (uint32_t i = 0; i < OVERLAY_ACCOUNTS_MAX; i++)
		GIVE(identified(account(LINK_ADD, "again"), 5000 + i));
	d = identified(account(LINK_ADD, "again"), 4999);
	assert_int_equal(give(&d, 1), -ENOSPC);
	assert_int_equal(tables_account(t, row("again"))->id, 5000 + OVERLAY_ACCOUNTS_MAX - 1);
}

/* Workers that look up while deltas come see each of them whole. */
struct looker {
	pthread_t thread;
	bool stop;
	unsigned wrong;
	uint32_t row;
	const struct tables *tables;
};

static void *look(void *arg)
{
	struct looker *l = arg;
	const struct sender_key key = sample_number(900);

	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		const unsigned r = tables_sender_reason(l->tables, &key, NULL, l->row, NOW);
		l->wrong += r != REASON_SENDER_UNCERTIFIED && r != REASON_SENDER_SUSPENDED;
	}
	return NULL;
}

static void readers_look_on(void **state)
{
	(void)state;
	struct tables *made[2000], *next = t;
	struct looker l = { .tables = t, .row = row("acme") }; /* who needs a certificate */

	assert_int_equal(pthread_create(&l.thread, NULL, look, &l), 0);
	for (unsigned i = 0; i < 2000; i++) {
		const struct link_delta d =
			sender(i % 2 ? LINK_LIFT : LINK_SUSPEND, i % 3 ? 900 : 2000 + i);
		assert_int_equal(tables_deltas(&made[i], next, &d, 1), 0);
		next = made[i];
	}
	__atomic_store_n(&l.stop, true, __ATOMIC_RELAXED);
	pthread_join(l.thread, NULL);
	assert_int_equal(l.wrong, 0);
	for (unsigned i = 0; i < 2000; i++)
		tables_free(made[i]); /* only now: the reader held the first all the time */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(suspension),
		TEST(block),
		TEST(records),
		TEST(added_accounts),
		TEST(what_is_no_delta),
		TEST(overlay_is_bounded),
		TEST(added_accounts_are_bounded),
		TEST(readers_look_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
