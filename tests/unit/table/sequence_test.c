/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of imports, deltas, images that are swapped in late, and time that
 * passes, beside a twin that keeps a plain row a sender. SLUICE_STEPS: how many.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sample_image.h"
#include "tables.h"
#include "verdict.h"

#define SENDERS 400u
#define STEPS 20000u
#define OWNERS 3u

/* What is true of a sender. */
struct row {
	bool registered, suspended;
	bool owned[OWNERS];
	uint32_t from, until;
	uint32_t blocked; /* by the operator, until; 0 = not */
	uint32_t listed;  /* by a list, until */
	enum image_block list;
};

static const char *const names[OWNERS] = { "acme", "watched", "a-state-office1" };
static const uint32_t ids[OWNERS] = { SAMPLE_ACME, SAMPLE_WATCHED, SAMPLE_STATE };
static struct row rows[SENDERS];
static struct tables *tables;
static uint64_t generation = 1, random_state = 1;
static uint32_t now = SAMPLE_NOW;

static uint64_t random_u64(void)
{
	uint64_t x = random_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static unsigned below(unsigned n) { return (unsigned)(random_u64() % n); }

/* Some times are near, so that they come while the test runs. */
static uint32_t a_time(void) { return below(4) == 0 ? UINT32_MAX : now + 1 + below(200); }

static unsigned twin_reason(const struct row *r, unsigned account)
{
	if (r->listed == UINT32_MAX || now < r->listed)
		return r->list == IMAGE_BLOCK_THEFT ? REASON_SENDER_THEFT
		                                    : REASON_SENDER_BLACKLISTED;
	if (r->blocked == UINT32_MAX || now < r->blocked)
		return REASON_SENDER_BLOCKED;
	if (r->suspended)
		return REASON_SENDER_SUSPENDED;
	if (account == 2) /* needs no certificate */
		return REASON_PASS;
	if (!r->registered)
		return REASON_SENDER_UNCERTIFIED;
	if (now < r->from || (r->until != 0 && now >= r->until))
		return REASON_SENDER_EXPIRED;
	return r->owned[account] ? REASON_PASS : REASON_SENDER_NOT_OWNED;
}

static void check(unsigned i)
{
	const struct sender_key key = sample_number(i);
	const struct image_sender *found;

	sender_set_find(&tables->image->senders, &key, 1, &found);
	for (unsigned a = 0; a < OWNERS; a++) {
		const uint32_t row =
			tables_account_row(tables, (const uint8_t *)names[a], strlen(names[a]));
		const unsigned got = tables_sender_reason(tables, &key, found, row, now);
		if (got != twin_reason(&rows[i], a))
			fail_msg("generation %llu, sender %u, %s: reason %u, the twin says %u",
			         (unsigned long long)generation, i, names[a], got,
			         twin_reason(&rows[i], a));
	}
}

/* A record as a file or an added delta states it. */
static void state_record(struct row *r)
{
	r->registered = true;
	for (unsigned a = 0; a < OWNERS; a++)
		r->owned[a] = below(2) == 0;
	r->owned[below(OWNERS)] = true;
	r->from = below(4) == 0 ? a_time() : 0;
	r->from = r->from == UINT32_MAX ? 0 : r->from;
	r->until = below(3) == 0 ? r->from + 1 + below(300) + (r->from ? 0 : now) : 0;
}

/* As control/registry does: of two blocks the one that ends last is told. */
static int put_row(struct image_build *b, unsigned i)
{
	const struct row *r = &rows[i];
	uint32_t owners[OWNERS];
	struct image_build_sender s = { .key = sample_number(i),
		                        .state = r->suspended ? IMAGE_SUSPENDED
		                                              : IMAGE_CERTIFIED,
		                        .valid_from = r->from,
		                        .valid_until = r->until,
		                        .owners = owners,
		                        .blocked_until = r->listed ? r->listed : r->blocked,
		                        .block = r->listed ? r->list : IMAGE_BLOCK_OPERATOR };

	for (unsigned a = 0; r->registered && a < OWNERS; a++)
		if (r->owned[a])
			owners[s.n_owners++] = ids[a];
	if (!r->registered && !r->suspended && s.blocked_until == 0)
		return 0;
	return image_build_sender(b, &s);
}

/* An image of this moment. */
static void *image_now(size_t *size)
{
	char error[IMAGE_BUILD_ERROR_SIZE];
	struct image_build *b;
	void *octets;

	assert_int_equal(image_build_open(&b), 0);
	sample_accounts(b);
	for (unsigned i = 0; i < SENDERS; i++)
		assert_int_equal(put_row(b, i), 0);
	assert_int_equal(image_build_memory(b, generation, 1, &octets, size, error), 0);
	image_build_close(b);
	return octets;
}

/* The delta's own fields, and the same in the twin. Even senders are on lists, and their
 * blocks are no operator's. */
static void state_delta(struct row *r, struct link_delta *d, unsigned i)
{
	switch (d->op) {
	case LINK_SUSPEND:
	case LINK_LIFT:
		r->suspended = d->op == LINK_SUSPEND;
		break;
	case LINK_BLOCK:
		d->op = i % 2 == 0 ? LINK_UNBLOCK : LINK_BLOCK;
		d->blocked_until = i % 2 == 0 ? 0 : a_time();
		r->blocked = d->blocked_until;
		break;
	case LINK_UNBLOCK:
		r->blocked = 0;
		break;
	case LINK_ADD:
		state_record(r);
		for (unsigned a = 0; a < OWNERS; a++)
			if (r->owned[a])
				d->owners[d->n_owners++] = ids[a];
		d->valid_from = r->from;
		d->valid_until = r->until;
		break;
	default:
		r->registered = false;
		r->from = r->until = 0;
		break;
	}
}

static void one_delta(void)
{
	const unsigned i = below(SENDERS);
	struct link_delta d = { .generation = ++generation,
		                .op = (uint8_t)(LINK_SUSPEND + below(6)),
		                .kind = LINK_SENDER,
		                .key = sample_number(i) };
	struct tables *next;

	state_delta(&rows[i], &d, i);
	assert_int_equal(tables_deltas(&next, tables, &d, 1), 0);
	tables_free(tables);
	tables = next;
	check(i);
}

/* Files: some records anew, and a new list. */
static void swap(void *octets, size_t size)
{
	char error[IMAGE_ERROR_SIZE];
	struct tables *next;
	int rc;

	if (tables_open(&next, octets, size, 1, free, octets, error) != 0)
		fail_msg("%s", error);
	tables_carry_begin(tables);
	while ((rc = tables_carry(next, tables)) == 1)
		one_delta(); /* to the old image's, while what it has is carried */
	assert_int_equal(rc, 0);
	tables_free(tables);
	tables = next;
}

static void import(void)
{
	generation++;
	for (unsigned n = below(20); n > 0; n--)
		state_record(&rows[below(SENDERS)]);
	for (unsigned i = 0; i < SENDERS; i += 2) {
		rows[i].listed = below(8) == 0 ? a_time() : 0;
		rows[i].list = below(2) ? IMAGE_BLOCK_THEFT : IMAGE_BLOCK_BLACKLIST;
	}
}

/* Built of one moment, in force at a later one: what came between is carried over. */
static void rebuild(void)
{
	size_t size;

	if (below(2) == 0)
		import();
	void *octets = image_now(&size);
	if (below(2) == 0) {
		swap(octets, size);
		return;
	}
	/* Deltas meet the old image until then: its records may differ from the twin's. */
	struct link_delta late[8];
	const unsigned n = 1 + below(8);
	struct tables *next;
	for (unsigned k = 0; k < n; k++) {
		const unsigned i = below(SENDERS);
		late[k] = (struct link_delta){ .generation = ++generation,
			                       .op = (uint8_t)(LINK_SUSPEND + below(6)),
			                       .kind = LINK_SENDER,
			                       .key = sample_number(i) };
		state_delta(&rows[i], &late[k], i);
	}
	assert_int_equal(tables_deltas(&next, tables, late, n), 0);
	tables_free(tables);
	tables = next;
	swap(octets, size);
}

static void as_the_twin(void **state)
{
	const char *wanted = getenv("SLUICE_STEPS");
	const unsigned long steps = wanted ? strtoul(wanted, NULL, 10) : STEPS;
	size_t size;

	(void)state;
	import();
	void *octets = image_now(&size);
	swap(octets, size);
	for (unsigned long step = 0; step < steps; step++) {
		if (below(500) == 0) {
			rebuild();
			for (unsigned i = 0; i < SENDERS; i++)
				check(i);
		} else if (below(10) == 0) {
			now += below(5);
		} else {
			one_delta();
		}
		check(below(SENDERS));
	}
	tables_free(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_the_twin) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
