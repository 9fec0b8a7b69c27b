/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_tally against a slow twin that looks for the largest again and again: the same
 * campaigns from the same rows, in any order; and its bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign_tally.h"

#define ROWS 600u
#define ROUNDS 24u

static uint64_t seed = 1;

/* xorshift64* */
static uint64_t random64(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(2685821657736338717);
}

static unsigned distance(uint64_t a, uint64_t b)
{
	unsigned n = 0;

	for (uint64_t x = a ^ b; x != 0; x &= x - 1)
		n++;
	return n;
}

/* Rows as workers have them: few centres, some bits off, some of accounts. */
static void make_rows(struct report_campaign *rows, size_t n)
{
	uint64_t centres[12];

	for (unsigned i = 0; i < 12; i++)
		centres[i] = random64() & (i < 6 ? 0xffff : UINT64_MAX); /* some are near */
	for (size_t i = 0; i < n; i++) {
		uint64_t fingerprint = centres[random64() % 12];

		for (uint64_t bits = random64() % 4; bits > 0; bits--)
			fingerprint ^= UINT64_C(1) << random64() % 64;
		rows[i] = (struct report_campaign){
			.account_id = (uint32_t)(random64() % 3 ? 0 : 1 + random64() % 12),
			.fingerprint = random64() % 20 ? fingerprint : 0,
			.count = 1 + random64() % 9, /* so that there are ties */
			.error = random64() % 2,
			.refused = random64() % 2,
			.first = (uint32_t)(1000 + random64() % 100),
			.last = (uint32_t)(2000 + random64() % 100),
		};
	}
}

/* What its account has of one fingerprint, all rows summed. */
static uint64_t sum_of(const struct report_campaign *rows, uint64_t fingerprint,
                       uint32_t account)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].fingerprint == fingerprint && rows[i].account_id == account)
			sum += rows[i].count;
	return sum;
}

/* Which campaign a fingerprint is in: its leader, 0 = none. leaders in the order made. */
static uint64_t leader_of(const uint64_t *leaders, size_t n, uint64_t fingerprint,
                          unsigned radius)
{
	uint64_t found = 0;

	for (unsigned d = 0; d <= radius && found == 0; d++)
		for (size_t i = 0; i < n && found == 0; i++)
			if (distance(leaders[i], fingerprint) == d)
				found = leaders[i];
	return found;
}

struct twins {
	uint64_t fingerprint[ROWS], leader[ROWS];
	size_t n;
};

static void twin_tally(struct twins *t, const struct report_campaign *rows, uint32_t account,
                       unsigned radius)
{
	static bool used[ROWS];
	uint64_t leaders[ROWS];
	size_t n_leaders = 0;

	memset(used, 0, sizeof(used));
	t->n = 0;
	for (;;) {
		uint64_t best = 0, best_sum = 0;
		for (size_t i = 0; i < ROWS; i++) {
			const uint64_t f = rows[i].fingerprint;
			const uint64_t sum = f == 0 || used[i] || rows[i].account_id != account
			                             ? 0
			                             : sum_of(rows, f, account);
			if (sum > best_sum || (sum != 0 && sum == best_sum && f < best)) {
				best = f;
				best_sum = sum;
			}
		}
		if (best == 0)
			return;
		for (size_t i = 0; i < ROWS; i++)
			used[i] |= rows[i].fingerprint == best;
		uint64_t leader = leader_of(leaders, n_leaders, best, radius);
		if (leader == 0)
			leaders[n_leaders++] = leader = best;
		t->fingerprint[t->n] = best;
		t->leader[t->n++] = leader;
	}
}

static uint64_t twin_leader(const struct twins *t, uint64_t fingerprint)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->fingerprint[i] == fingerprint)
			return t->leader[i];
	return 0;
}

/* All that a campaign says, from the rows again. */
static void check_campaign(const struct campaign *c, const struct twins *t,
                           const struct report_campaign *rows, uint32_t account)
{
	uint64_t count = 0, error = 0, refused = 0, of_account[13] = { 0 };
	uint32_t first = UINT32_MAX, last = 0, variants = 0, n_accounts = 0;

	for (size_t i = 0; i < t->n; i++)
		variants += t->leader[i] == c->fingerprint;
	for (size_t i = 0; i < ROWS; i++) {
		const struct report_campaign *r = &rows[i];
		if (r->fingerprint == 0 || twin_leader(t, r->fingerprint) != c->fingerprint)
			continue;
		of_account[r->account_id] += r->account_id ? r->count : 0;
		if (r->account_id != account)
			continue;
		count += r->count;
		error += r->error;
		refused += r->refused;
		first = r->first < first ? r->first : first;
		last = r->last > last ? r->last : last;
	}
	assert_int_equal(c->count, count);
	assert_int_equal(c->error, error);
	assert_int_equal(c->refused, refused);
	assert_int_equal(c->first, first);
	assert_int_equal(c->last, last);
	assert_int_equal(c->variants, variants);
	for (unsigned id = 1; account == 0 && id < 13; id++)
		n_accounts += of_account[id] != 0;
	assert_int_equal(c->n_accounts, n_accounts);
	for (unsigned i = 0; i < n_accounts && i < CAMPAIGN_ACCOUNTS; i++) {
		assert_int_equal(c->accounts[i].count, of_account[c->accounts[i].id]);
		of_account[c->accounts[i].id] = 0;
	}
	for (unsigned id = 1; n_accounts > CAMPAIGN_ACCOUNTS && id < 13; id++)
		assert_true(of_account[id] <= c->accounts[CAMPAIGN_ACCOUNTS - 1].count);
}

static void shuffle(struct report_campaign *rows)
{
	for (size_t i = ROWS - 1; i > 0; i--) {
		const size_t j = random64() % (i + 1);
		const struct report_campaign swap = rows[i];

		rows[i] = rows[j];
		rows[j] = swap;
	}
}

static void agrees_with_its_twin(void **state)
{
	static struct report_campaign rows[ROWS];
	static struct twins twins;
	struct campaign_list list, again;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct campaign_query query = { .account_id =
			                                      round % 3 ? 0 : 1 + round % 4,
			                              .radius = round % 8 };
		uint64_t messages = 0;

		make_rows(rows, ROWS);
		twin_tally(&twins, rows, query.account_id, query.radius);
		assert_int_equal(campaign_tally(&list, rows, ROWS, &query), 0);
		for (uint32_t i = 0; i < list.n; i++) {
			check_campaign(&list.rows[i], &twins, rows, query.account_id);
			messages += list.rows[i].variants;
			if (i != 0)
				assert_true(list.rows[i - 1].count > list.rows[i].count ||
				            (list.rows[i - 1].count == list.rows[i].count &&
				             list.rows[i - 1].fingerprint <
				                     list.rows[i].fingerprint));
		}
		assert_int_equal(messages, twins.n); /* each fingerprint is in one */
		assert_int_equal(list.left_out, 0);
		shuffle(rows);
		assert_int_equal(campaign_tally(&again, rows, ROWS, &query), 0);
		assert_int_equal(again.n, list.n);
		for (uint32_t i = 0; i < list.n; i++) {
			assert_int_equal(again.rows[i].fingerprint, list.rows[i].fingerprint);
			assert_int_equal(again.rows[i].count, list.rows[i].count);
		}
		campaign_list_free(&again);
		campaign_list_free(&list);
	}
}

static void asks_for_the_top(void **state)
{
	static struct report_campaign rows[ROWS];
	struct campaign_query query = { .radius = 3 };
	struct campaign_list all, some;
	uint32_t enough = 0;

	(void)state;
	make_rows(rows, ROWS);
	assert_int_equal(campaign_tally(&all, rows, ROWS, &query), 0);
	assert_true(all.n > 3 && all.total == all.n);
	query.top = 3;
	query.min_count = all.rows[2].count;
	assert_int_equal(campaign_tally(&some, rows, ROWS, &query), 0);
	assert_int_equal(some.n, 3);
	assert_memory_equal(some.rows, all.rows, 3 * sizeof(*all.rows));
	while (enough < all.n && all.rows[enough].count >= query.min_count)
		enough++;
	assert_int_equal(some.total, enough);
	campaign_list_free(&some);
	campaign_list_free(&all);
	assert_int_equal(campaign_tally(&all, rows, 0, &query), 0);
	assert_int_equal(all.n, 0);
	campaign_list_free(&all);
}

/* More fingerprints than it looks at: those with most messages stay, the rest is said. */
static void has_bounds(void **state)
{
	const size_t n = CAMPAIGN_ROWS_MAX + 100;
	const struct campaign_query query = { .radius = 0 };
	struct report_campaign *rows = calloc(n, sizeof(*rows));
	struct campaign_list list;

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < n; i++) {
		rows[i].fingerprint = 1 + i;
		rows[i].count = 1 + i;
	}
	assert_int_equal(campaign_tally(&list, rows, n, &query), 0);
	assert_int_equal(list.n, CAMPAIGN_CLUSTERS_MAX);
	assert_int_equal(list.left_out, n - CAMPAIGN_CLUSTERS_MAX);
	assert_int_equal(list.rows[0].count, n);
	assert_int_equal(list.rows[list.n - 1].count, n - CAMPAIGN_CLUSTERS_MAX + 1);
	campaign_list_free(&list);
	free(rows);
}

static double log_choose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Of n texts each is looked at with the chance 1 / sample: how often the estimate is no more
 * wrong than is said, exactly. */
static double how_often_right(unsigned n, uint32_t sample)
{
	const double p = 1.0 / sample;
	double right = 0;

	for (unsigned k = 0; k <= n; k++) {
		const double estimate = (double)k * sample;
		if (fabs(estimate - n) <= (double)campaign_sampling_error(k, sample))
			right += exp(log_choose(n, k) + k * log(p) + (n - k) * log1p(-p));
	}
	return right;
}

static void a_sample_says_how_wrong_it_may_be(void **state)
{
	static const uint32_t samples[] = { 2, 3, 8, 64, 1024 };

	(void)state;
	assert_int_equal(campaign_sampling_error(1000, 0), 0);
	assert_int_equal(campaign_sampling_error(1000, 1), 0);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		for (unsigned n = 0; n <= 20000; n += 1 + n / 16)
			if (how_often_right(n, samples[i]) < 0.95)
				fail_msg("one in %u of %u: right in %.4f", samples[i], n,
				         how_often_right(n, samples[i]));
	/* And not by saying too much: two standard deviations, and a text or two. */
	for (uint64_t k = 10; k < 100000; k *= 3)
		assert_true((double)campaign_sampling_error(k, 8) <
		            2 * sqrt((double)k * 8 * 7) + 24);
	assert_true(campaign_sampling_error(UINT64_MAX, UINT32_MAX) <= INT64_MAX);
}

static void samples_add_up(void **state)
{
	const struct report_campaign rows[] = {
		{ .fingerprint = 1, .count = 80, .sampled = 10, .sample = 8 },
		{ .fingerprint = 1, .count = 5, .sample = 1 },
		{ .fingerprint = 3, .count = 16, .sampled = 2, .sample = 8 },
	};
	const struct campaign_query query = { .radius = 1 };
	struct campaign_list list;

	(void)state;
	assert_int_equal(campaign_tally(&list, rows, 3, &query), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.rows[0].count, 101);
	assert_int_equal(list.rows[0].sampled, 12);
	assert_int_equal(list.rows[0].sample, 8);
	campaign_list_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_its_twin),
		cmocka_unit_test(asks_for_the_top),
		cmocka_unit_test(has_bounds),
		cmocka_unit_test(a_sample_says_how_wrong_it_may_be),
		cmocka_unit_test(samples_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
