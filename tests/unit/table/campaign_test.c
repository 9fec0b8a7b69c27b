/* SPDX-License-Identifier: Apache-2.0 */
/* campaigns: found by fingerprints near them, against a look at all of them; deltas of them. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../carry.h"
#include "campaign_set.h"
#include "delta.h"
#include "sample_image.h"
#include "tables.h"

#define NOW SAMPLE_NOW

static uint64_t random_state = 7;

static uint64_t any(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 32 ^ random_state << 31) * UINT64_C(0x9e3779b97f4a7c15);
}

static unsigned distance(uint64_t a, uint64_t b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 64; i++)
		n += (a >> i & 1) != (b >> i & 1);
	return n;
}

static const struct image_campaign *slow_find(const struct image_campaign *rows, unsigned n,
                                              uint64_t f, uint32_t seconds)
{
	const struct image_campaign *best = NULL;

	for (unsigned i = 0; i < n; i++) {
		const struct image_campaign *c = &rows[i];
		const unsigned d = distance(c->fingerprint, f);
		if (d > c->radius || seconds < c->valid_from ||
		    (c->valid_until != 0 && seconds >= c->valid_until))
			continue;
		if (best == NULL || c->action < best->action ||
		    (c->action == best->action && d < distance(best->fingerprint, f)))
			best = c;
	}
	return best;
}

static int by_fingerprint(const void *a, const void *b)
{
	const uint64_t x = ((const struct image_campaign *)a)->fingerprint,
		       y = ((const struct image_campaign *)b)->fingerprint;

	return (x > y) - (x < y);
}

static uint64_t near(uint64_t f, unsigned bits)
{
	while (bits-- > 0)
		f ^= UINT64_C(1) << any() % 64;
	return f;
}

/* Campaigns in clusters, so that several are near what is looked for. */
static unsigned random_rows(struct image_campaign *rows, unsigned n)
{
	unsigned used = 0;

	for (unsigned i = 0; i < n; i++)
		rows[i] = (struct image_campaign){
			.fingerprint = i % 4 == 0 ? any() : near(rows[i - 1].fingerprint, 3),
			.valid_from = any() % 3 == 0 ? NOW : 0,
			.valid_until = any() % 3 == 0 ? NOW + 10 : 0,
			.action = (uint8_t)(1 + any() % 4),
			.radius = (uint8_t)(any() % 8),
		};
	qsort(rows, n, sizeof(*rows), by_fingerprint);
	for (unsigned i = 0; i < n; i++)
		if (used == 0 || rows[used - 1].fingerprint != rows[i].fingerprint)
			rows[used++] = rows[i];
	return used;
}

static void as_the_slow_one(void **state)
{
	static struct image_campaign rows[CAMPAIGN_SET_MAX];
	static const uint32_t seconds[] = { NOW - 1, NOW, NOW + 9, NOW + 10 };
	static const unsigned sizes[] = { 1, 2, 9, 100, IMAGE_CAMPAIGNS_MAX, CAMPAIGN_SET_MAX };
	unsigned found = 0;

	(void)state;
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct campaign_set *set = NULL;
		const unsigned n = random_rows(rows, sizes[s]);
		assert_int_equal(campaign_set_open(&set, rows, n), 0);
		assert_int_equal(campaign_set_size(set), n);
		for (unsigned t = 0; t < 4000; t++) {
			const uint64_t f =
				near(rows[any() % n].fingerprint, (unsigned)(any() % 10));
			const uint32_t at = seconds[any() % 4];
			const struct image_campaign *a = campaign_set_find(set, f, at),
						    *b = slow_find(rows, n, f, at);
			assert_int_equal(a != NULL, b != NULL);
			if (a == NULL)
				continue;
			/* Of two as strong and as near either may be told. */
			assert_int_equal(a->action, b->action);
			assert_int_equal(distance(a->fingerprint, f),
			                 distance(b->fingerprint, f));
			found++;
		}
		campaign_set_drop(set);
	}
	assert_true(found > 5000);
	assert_null(campaign_set_find(NULL, 1, NOW));
}

static struct tables *t; /* in force */

static int setup(void **state)
{
	char error[IMAGE_ERROR_SIZE];
	size_t size;
	void *octets = sample_image(&size);

	(void)state;
	return tables_open(&t, octets, size, 1, free, octets, error);
}

static int teardown(void **state)
{
	(void)state;
	tables_free(t);
	return 0;
}

static struct link_delta delta(enum link_delta_op op, uint64_t fingerprint)
{
	struct link_delta d = { .op = (uint8_t)op,
		                .kind = LINK_CAMPAIGN,
		                .generation = tables_generation(t) + 1,
		                .key.octets = { LINK_CAMPAIGN_KEY } };

	for (unsigned k = 0; k < 8; k++)
		d.key.octets[8 + k] = (uint8_t)(fingerprint >> 8 * k);
	if (op == LINK_ADD)
		d.action = IMAGE_REFUSE;
	return d;
}

static int give(const struct link_delta *d)
{
	struct tables *next;
	const int rc = tables_deltas(&next, t, d, 1);

	if (rc == 0) {
		tables_free(t);
		t = next;
	}
	return rc;
}

static unsigned action(uint64_t fingerprint)
{
	const struct image_campaign *c = campaign_set_find(t->campaigns, fingerprint, NOW);

	return c == NULL ? 0 : c->action;
}

static void change(void **state)
{
	struct link_delta d = delta(LINK_ADD, 0x1111);

	(void)state;
	assert_int_equal(action(SAMPLE_CAMPAIGN ^ 7), IMAGE_REFUSE);
	assert_int_equal(action(SAMPLE_CAMPAIGN ^ 15), 0);
	assert_int_equal(action(~SAMPLE_CAMPAIGN), 0); /* since this second */
	d.action = IMAGE_DISCARD;
	d.radius = 7;
	assert_int_equal(give(&d), 0);
	assert_int_equal(action(0x1111 ^ 0x7f0000), IMAGE_DISCARD);
	/* The next one of it takes its place; the image's as well. */
	d = delta(LINK_ADD, 0x1111);
	d.action = IMAGE_FLAG;
	d.valid_until = NOW + 1;
	assert_int_equal(give(&d), 0);
	assert_int_equal(action(0x1111), IMAGE_FLAG);
	assert_int_equal(action(0x1110), 0);
	assert_null(campaign_set_find(t->campaigns, 0x1111, NOW + 1));
	d = delta(LINK_REMOVE, SAMPLE_CAMPAIGN);
	assert_int_equal(give(&d), 0);
	assert_int_equal(action(SAMPLE_CAMPAIGN), 0);
	d = delta(LINK_REMOVE, 0x7777); /* of none: there is nothing to do */
	assert_int_equal(give(&d), 0);
	assert_int_equal(tables_overlay_used(t), 3);
	assert_int_equal(campaign_set_size(t->campaigns), 2);
}

/* An older image behind deltas that it does not hold, and the list that the journal keeps. */
static void carried(void **state)
{
	struct link_delta d = delta(LINK_ADD, 0x1111), *list = NULL;
	struct tables *old;
	size_t n = 0;

	(void)state;
	d.radius = 5;
	d.valid_from = 9;
	d.valid_until = NOW + 5;
	assert_int_equal(give(&d), 0);
	const struct link_delta gone = delta(LINK_REMOVE, SAMPLE_CAMPAIGN);
	assert_int_equal(give(&gone), 0);
	old = t;
	assert_int_equal(setup(state), 0);
	assert_int_equal(action(SAMPLE_CAMPAIGN), IMAGE_REFUSE);
	carry(t, old);
	tables_free(old);
	assert_int_equal(action(SAMPLE_CAMPAIGN), 0);
	assert_int_equal(action(0x1111), IMAGE_REFUSE);
	assert_int_equal(tables_list(t, &list, &n), 0);
	assert_int_equal(n, 2);
	assert_memory_equal(&list[0], &d, sizeof(d));
	assert_memory_equal(&list[1], &gone, sizeof(gone));
	free(list);
}

/* No more than an image can hold; what is there can still be changed and removed. */
static void full(void **state)
{
	struct link_delta d;

	(void)state;
	for (unsigned i = campaign_set_size(t->campaigns); i < IMAGE_CAMPAIGNS_MAX; i++) {
		d = delta(LINK_ADD, 1 + i);
		assert_int_equal(give(&d), 0);
	}
	const uint32_t used = tables_overlay_used(t);
	d = delta(LINK_ADD, 0xffffff);
	assert_int_equal(give(&d), -ENOSPC);
	assert_int_equal(tables_overlay_used(t), used);
	assert_int_equal(action(0xffffff), 0);
	d = delta(LINK_ADD, 100);
	d.action = IMAGE_FLAG;
	assert_int_equal(give(&d), 0);
	assert_int_equal(action(100), IMAGE_FLAG);
	d = delta(LINK_REMOVE, 100);
	assert_int_equal(give(&d), 0);
	d = delta(LINK_ADD, 0xffffff);
	assert_int_equal(give(&d), 0);
	assert_int_equal(action(0xffffff), IMAGE_REFUSE);
}

static void is_fault(struct link_delta d, const char *what)
{
	const char *why = NULL;
	const uint32_t used = tables_overlay_used(t);

	assert_int_equal(delta_check(&d, &why), -EINVAL);
	if (strstr(why, what) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, what);
	assert_int_equal(give(&d), -EINVAL);
	assert_int_equal(tables_overlay_used(t), used);
}

static void faults(void **state)
{
	const struct link_delta good = delta(LINK_ADD, 0x2222);
	struct link_delta d;

	(void)state;
#define FAULT(change, what) \
	do { \
		d = good; \
		change; \
		is_fault(d, what); \
	} while (0)
	FAULT(d.op = LINK_SUSPEND; d.action = 0, "only be added or removed");
	FAULT(d.op = LINK_BLOCK; d.blocked_until = 1, "only be added or removed");
	FAULT(d.op = LINK_REMOVE, "no action");
	FAULT(d.action = 0, "action");
	FAULT(d.action = 5, "action");
	FAULT(d.radius = 8, "radius");
	FAULT(d.account_id = 1, "account");
	FAULT(d.sender_tlv = 1, "account");
	FAULT(d.alphabet = 1, "account");
	FAULT(d.n_owners = 1; d.owners[0] = 1, "owners");
	FAULT(d.key.octets[0] = 0, "key");
	FAULT(d.key.octets[7] = 1, "key");
	FAULT(memset(d.key.octets + 8, 0, 8), "key");
	FAULT(d.valid_from = d.valid_until = 4, "never be valid");
	FAULT(d.generation = 0, "generation");
	FAULT(d.kind = LINK_CAMPAIGN + 1, "kind");
	/* Nor may a sender borrow the key of a campaign. */
	FAULT(d.kind = LINK_SENDER; d.action = 0, "key");
	assert_int_equal(give(&good), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_the_slow_one), TEST(change),
		                            TEST(carried), TEST(full), TEST(faults) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
