/* SPDX-License-Identifier: Apache-2.0 */
/* campaigns: the rows of the report file that workers count campaigns in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign_sketch.h"
#include "report.h"

#define SLOTS 64u

static char path[64];

static struct report *open_ok(unsigned n_workers)
{
	struct report *r = NULL;
	char error[200];

	if (report_open(&r, path, n_workers, SLOTS, 1000, error) != 0 || error[0] != '\0')
		fail_msg("%s", error);
	return r;
}

/* Rows of the process before are free, also the one that it died in; each keeps a sequence
 * that readers who still look can follow. */
static void test_campaigns_begin_anew(void **state)
{
	(void)state;
	const struct report_campaign kept = { .account_id = 7,
		                              .fingerprint = 0x1234,
		                              .count = 9,
		                              .error = 1,
		                              .refused = 2,
		                              .first = 3,
		                              .last = 4,
		                              .sampled = 1,
		                              .sample = 8 };
	struct report_campaign row;
	struct report *r = open_ok(2);
	struct report_campaign *rows = report_worker(r, 1)->campaigns;

	assert_int_equal(rows[0].sequence % 2, 0);
	assert_int_equal((uintptr_t)rows % 64, 0);
	report_campaign_write(&rows[0], &kept);
	row = rows[0];
	row.sequence = 0;
	assert_memory_equal(&row, &kept, sizeof(row));
	report_campaign_write(&rows[REPORT_CAMPAIGNS - 1], &kept);
	rows[REPORT_CAMPAIGNS - 1].sequence |= 1; /* died while writing */
	const uint32_t before = rows[REPORT_CAMPAIGNS - 1].sequence;
	/* The last row ends before the ring begins. */
	assert_true((void *)(rows + REPORT_CAMPAIGNS) <= (void *)report_worker(r, 1)->ring);
	report_close(r);

	r = open_ok(2);
	rows = report_worker(r, 1)->campaigns;
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++) {
		row = rows[i];
		assert_int_equal(row.sequence % 2, 0);
		row.sequence = 0;
		assert_memory_equal(&row, &(struct report_campaign){ 0 }, sizeof(row));
	}
	assert_true(rows[REPORT_CAMPAIGNS - 1].sequence > before);
	report_close(r);
}

/* A stream of which all is known: CAMPAIGNS of them, few of them often, by ACCOUNTS. */
#define CAMPAIGNS 40000u
#define ACCOUNTS 6u
#define MESSAGES 400000u

static struct exact {
	uint32_t n, last, refused, sampled;
} exact[ACCOUNTS + 1][CAMPAIGNS]; /* of account 0: of all */

static uint64_t random_state = 11;

static uint32_t any(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % below);
}

/* Since its last silence, as the sketch counts. */
static void count_exactly(struct exact *e, const struct campaign_seen *seen, uint32_t seconds)
{
	if (e->n != 0 && seconds > e->last && seconds - e->last > CAMPAIGN_QUIET_S)
		*e = (struct exact){ 0 };
	e->n += seen->messages;
	e->refused += seen->refused ? seen->messages : 0;
	e->sampled += seen->messages > 1;
	e->last = seconds;
}

static unsigned send_one(struct campaign_sketch *sketch, uint32_t id, uint32_t seconds)
{
	const struct campaign_seen seen = { .fingerprint = id + 1,
		                            .account_id = any(ACCOUNTS + 1),
		                            .refused = any(3) == 0,
		                            .messages = 1 + any(50) / 49 * 7,
		                            .sample = 8 };

	count_exactly(&exact[0][id], &seen, seconds);
	if (seen.account_id != 0)
		count_exactly(&exact[seen.account_id][id], &seen, seconds);
	campaign_sketch_seek(sketch, &seen);
	campaign_sketch_seek_rows(sketch, &seen, seconds);
	return campaign_sketch_count(sketch, &seen, seconds);
}

/* Few often: of each four three are of the first hundredth of those before. */
static uint32_t any_campaign(void)
{
	return any(4) != 0 ? any(40) : any(3) != 0 ? any(1000) : any(CAMPAIGNS);
}

static void check_row(const struct report_campaign *r, bool overall)
{
	const struct exact *e = &exact[r->account_id][r->fingerprint - 1];

	assert_int_equal(r->sequence % 2, 0);
	assert_int_equal(r->account_id == 0, overall);
	assert_true(r->account_id <= ACCOUNTS && r->fingerprint <= CAMPAIGNS);
	if (r->count < e->n || r->count - r->error > e->n)
		fail_msg("%u of %u: %u counted as %u less at most %u", r->account_id,
		         (unsigned)r->fingerprint, e->n, (unsigned)r->count,
		         (unsigned)r->error);
	assert_true(r->refused <= e->refused && r->refused <= r->count);
	assert_true(r->sampled <= e->sampled && (r->error != 0 || r->sampled == e->sampled));
	assert_int_equal(r->sample, 8);
	assert_true(r->first <= r->last && r->last == e->last);
}

/* Each campaign at most once; those seen most have a row. */
static void check_rows(const struct report_campaign *rows)
{
	static bool there[ACCOUNTS + 1][CAMPAIGNS];
	unsigned used = 0;

	memset(there, 0, sizeof(there));
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++) {
		if (rows[i].fingerprint == 0)
			continue;
		check_row(&rows[i], i < SKETCH_OVERALL);
		bool *t = &there[rows[i].account_id][rows[i].fingerprint - 1];
		assert_false(*t);
		*t = true;
		used++;
	}
	assert_true(used > REPORT_CAMPAIGNS / 2);
	for (unsigned account = 0; account <= ACCOUNTS; account++)
		for (unsigned id = 0; id < 40; id++)
			assert_true(there[account][id]);
}

static void test_sketch_against_exact_counts(void **state)
{
	(void)state;
	struct report *r = open_ok(2);
	const struct report_campaign *rows = report_worker(r, 0)->campaigns;
	struct campaign_sketch *sketch = NULL;
	uint32_t seconds = 1700000000;
	unsigned gone = 0;

	assert_int_equal(campaign_sketch_open(&sketch, report_worker(r, 0)->campaigns), 0);
	for (unsigned i = 0; i < MESSAGES; i++) {
		/* Now and then a silence, longer or shorter than counts; a clock put back. */
		if (any(1000) == 0)
			seconds += any(20);
		if (any(100000) == 0)
			seconds += CAMPAIGN_QUIET_S - 10 + any(40);
		if (any(100000) == 0)
			seconds -= 5;
		gone += send_one(sketch, any_campaign(), seconds);
	}
	assert_true(gone > 1000); /* it was full */
	check_rows(rows);
	campaign_sketch_close(sketch);
	report_close(r);
}

/* So few that no set gets more than it has rows, wherever the secret hash puts them: a
 * quarter of the rows was too many once in sixteen runs. */
#define LATE (SKETCH_OVERALL / 16)

/* What is over gives way first, whatever it counted, and nobody is told to have lost. */
static void test_quiet_ones_give_way(void **state)
{
	(void)state;
	struct report *r = open_ok(2);
	const struct report_campaign *rows = report_worker(r, 0)->campaigns;
	struct campaign_sketch *sketch = NULL;
	struct campaign_seen seen = { .fingerprint = 1, .messages = 1 };
	uint32_t now = 1700000000;
	unsigned gone = 0, old = 0, late = 0;

	assert_int_equal(campaign_sketch_open(&sketch, report_worker(r, 0)->campaigns), 0);
	for (; seen.fingerprint <= 8 * SKETCH_OVERALL; seen.fingerprint++)
		for (unsigned k = 0; k < 5; k++)
			(void)campaign_sketch_count(sketch, &seen, now);
	now += CAMPAIGN_QUIET_S + 40;
	const uint64_t first_late = seen.fingerprint;
	for (; seen.fingerprint < first_late + LATE; seen.fingerprint++)
		gone += campaign_sketch_count(sketch, &seen, now);
	assert_int_equal(gone, 0);
	for (unsigned i = 0; i < SKETCH_OVERALL; i++) {
		old += rows[i].fingerprint != 0 && rows[i].fingerprint < first_late;
		late += rows[i].fingerprint >= first_late;
		if (rows[i].fingerprint >= first_late)
			assert_true(rows[i].count == 1 && rows[i].error == 0);
	}
	assert_int_equal(late, LATE);
	assert_int_equal(old, SKETCH_OVERALL - late);
	/* One that comes again after its silence begins anew. */
	seen.fingerprint--;
	(void)campaign_sketch_count(sketch, &seen, now + CAMPAIGN_QUIET_S + 1);
	for (unsigned i = 0; i < SKETCH_OVERALL; i++)
		if (rows[i].fingerprint == seen.fingerprint)
			assert_true(rows[i].count == 1 &&
			            rows[i].first == now + CAMPAIGN_QUIET_S + 1);
	campaign_sketch_close(sketch);
	report_close(r);
}

/* What gives way is told of the accounts' rows as well: one text of very many accounts. */
static void test_rows_of_accounts_give_way(void **state)
{
	enum { SENT = 4 * REPORT_CAMPAIGNS };
	(void)state;
	struct report *r = open_ok(2);
	const struct report_campaign *rows = report_worker(r, 0)->campaigns;
	struct campaign_sketch *sketch = NULL;
	struct campaign_seen seen = { .fingerprint = 1, .messages = 1 };
	unsigned gone = 0, used = 0;

	assert_int_equal(campaign_sketch_open(&sketch, report_worker(r, 0)->campaigns), 0);
	for (seen.account_id = 1; seen.account_id <= SENT; seen.account_id++)
		gone += campaign_sketch_count(sketch, &seen, 1700000000);
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++)
		used += rows[i].account_id != 0;
	assert_true(gone > SENT / 2);
	assert_int_equal(gone + used, SENT);
	campaign_sketch_close(sketch);
	report_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_campaigns_begin_anew),
		cmocka_unit_test(test_sketch_against_exact_counts),
		cmocka_unit_test(test_quiet_ones_give_way),
		cmocka_unit_test(test_rows_of_accounts_give_way),
	};

	snprintf(path, sizeof(path), "/dev/shm/sluice-campaigns-%d", (int)getpid());
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
