/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign_tally.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX
#define WRONG_MAX 0x1p62 /* of a file that lies: it fits an integer */

/* A fingerprint over all workers. */
struct entry {
	uint64_t fingerprint, count, error, refused, sampled;
	uint32_t sample, first, last;
	uint32_t campaign; /* the one it is in, or NOWHERE */
};

/* What one account has of one campaign. */
struct share {
	uint32_t campaign, account;
	uint64_t count;
};

struct tally {
	struct entry *entries; /* by fingerprint, each once */
	struct entry **order;  /* most messages first */
	struct share *shares;
	size_t n_entries;
	struct campaign *campaigns;
	uint32_t n_campaigns;
};

static int compare(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static int by_fingerprint(const void *a, const void *b)
{
	return compare(((const struct entry *)a)->fingerprint,
	               ((const struct entry *)b)->fingerprint);
}

static int by_entry_count(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	const int order = compare(y->count, x->count);

	return order != 0 ? order : compare(x->fingerprint, y->fingerprint);
}

static int by_count(const void *a, const void *b)
{
	const struct campaign *x = a, *y = b;
	const int order = compare(y->count, x->count);

	return order != 0 ? order : compare(x->fingerprint, y->fingerprint);
}

static int by_campaign(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return x->campaign != y->campaign ? compare(x->campaign, y->campaign)
	                                  : compare(x->account, y->account);
}

/* The same fingerprint, seen by another worker. */
static void add_entry(struct entry *to, const struct entry *from)
{
	to->count += from->count;
	to->error += from->error;
	to->refused += from->refused;
	to->sampled += from->sampled;
	if (from->sample > to->sample)
		to->sample = from->sample;
	if (from->first < to->first)
		to->first = from->first;
	if (from->last > to->last)
		to->last = from->last;
}

static struct entry entry_of(const struct report_campaign *r)
{
	return (struct entry){ .fingerprint = r->fingerprint,
		               .count = r->count,
		               .error = r->error,
		               .refused = r->refused,
		               .sampled = r->sampled,
		               .sample = r->sample,
		               .first = r->first,
		               .last = r->last,
		               .campaign = NOWHERE };
}

/* The rows of this account (0: of all together), each fingerprint once. */
static void sum_rows(struct tally *t, const struct report_campaign *rows, size_t n,
                     uint32_t account)
{
	size_t put = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].fingerprint != 0 && rows[i].account_id == account)
			t->entries[t->n_entries++] = entry_of(&rows[i]);
	qsort(t->entries, t->n_entries, sizeof(*t->entries), by_fingerprint);
	for (size_t i = 0; i < t->n_entries; i++) {
		if (put != 0 && t->entries[put - 1].fingerprint == t->entries[i].fingerprint)
			add_entry(&t->entries[put - 1], &t->entries[i]);
		else
			t->entries[put++] = t->entries[i];
	}
	t->n_entries = put;
	for (size_t i = 0; i < put; i++)
		t->order[i] = &t->entries[i];
	qsort(t->order, put, sizeof(struct entry *), by_entry_count);
}

/* The nearest campaign within radius, the earlier of two; NOWHERE: there is none. */
static uint32_t nearest(const struct tally *t, uint64_t fingerprint, uint32_t radius)
{
	uint32_t found = NOWHERE, best = radius + 1;

	for (uint32_t i = 0; i < t->n_campaigns; i++) {
		const uint32_t distance = (uint32_t)__builtin_popcountll(
			t->campaigns[i].fingerprint ^ fingerprint);

		if (distance < best) {
			best = distance;
			found = i;
		}
	}
	return found;
}

static void join(struct campaign *c, const struct entry *e)
{
	if (c->variants == 0)
		*c = (struct campaign){ .fingerprint = e->fingerprint,
			                .first = e->first,
			                .last = e->last };
	c->count += e->count;
	c->error += e->error;
	c->refused += e->refused;
	c->sampled += e->sampled;
	if (e->sample > c->sample)
		c->sample = e->sample;
	c->variants++;
	if (e->first < c->first)
		c->first = e->first;
	if (e->last > c->last)
		c->last = e->last;
}

/* How many fingerprints found no place. */
static uint64_t make_campaigns(struct tally *t, uint32_t radius)
{
	const size_t n = t->n_entries < CAMPAIGN_ROWS_MAX ? t->n_entries : CAMPAIGN_ROWS_MAX;
	uint64_t left_out = t->n_entries - n;

	for (size_t i = 0; i < n; i++) {
		struct entry *e = t->order[i];

		e->campaign = nearest(t, e->fingerprint, radius);
		if (e->campaign == NOWHERE && t->n_campaigns < CAMPAIGN_CLUSTERS_MAX)
			e->campaign = t->n_campaigns++;
		if (e->campaign == NOWHERE)
			left_out++;
		else
			join(&t->campaigns[e->campaign], e);
	}
	return left_out;
}

/* An account has so much of a campaign: among those that are named, when it is enough. */
static void name_account(struct campaign *c, uint32_t id, uint64_t count)
{
	unsigned n = c->n_accounts < CAMPAIGN_ACCOUNTS ? c->n_accounts : CAMPAIGN_ACCOUNTS;
	unsigned at = n;

	c->n_accounts++;
	while (at > 0 && c->accounts[at - 1].count < count)
		at--;
	if (at == CAMPAIGN_ACCOUNTS)
		return;
	if (n == CAMPAIGN_ACCOUNTS)
		n--;
	memmove(&c->accounts[at + 1], &c->accounts[at], (n - at) * sizeof(c->accounts[0]));
	c->accounts[at].id = id;
	c->accounts[at].count = count;
}

/* Whose messages they are, from the rows that accounts have of their own. */
static void name_accounts(struct tally *t, const struct report_campaign *rows, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct entry key = { .fingerprint = rows[i].fingerprint };
		const struct entry *e = rows[i].account_id == 0 || rows[i].fingerprint == 0
		                                ? NULL
		                                : bsearch(&key, t->entries, t->n_entries,
		                                          sizeof(key), by_fingerprint);

		if (e != NULL && e->campaign != NOWHERE)
			t->shares[found++] = (struct share){ e->campaign, rows[i].account_id,
				                             rows[i].count };
	}
	qsort(t->shares, found, sizeof(*t->shares), by_campaign);
	for (size_t i = 0, next; i < found; i = next) {
		uint64_t count = 0;

		for (next = i;
		     next < found && by_campaign(&t->shares[i], &t->shares[next]) == 0; next++)
			count += t->shares[next].count;
		name_account(&t->campaigns[t->shares[i].campaign], t->shares[i].account, count);
	}
}

static bool allocate(struct tally *t, size_t n)
{
	const size_t clusters = n < CAMPAIGN_CLUSTERS_MAX ? n : CAMPAIGN_CLUSTERS_MAX;

	t->entries = calloc(n + 1, sizeof(*t->entries));
	t->order = calloc(n + 1, sizeof(struct entry *));
	t->shares = calloc(n + 1, sizeof(*t->shares));
	t->campaigns = calloc(clusters + 1, sizeof(*t->campaigns));
	return t->entries != NULL && t->order != NULL && t->shares != NULL &&
	       t->campaigns != NULL;
}

int campaign_tally(struct campaign_list *out, const struct report_campaign *rows, size_t n,
                   const struct campaign_query *query)
{
	struct campaign_list list = { 0 };
	struct tally t = { 0 };

	if (allocate(&t, n)) {
		sum_rows(&t, rows, n, query->account_id);
		list.left_out = make_campaigns(&t, query->radius);
		if (query->account_id == 0)
			name_accounts(&t, rows, n);
		qsort(t.campaigns, t.n_campaigns, sizeof(*t.campaigns), by_count);
		while (list.total < t.n_campaigns &&
		       t.campaigns[list.total].count >= query->min_count)
			list.total++;
		list.n = query->top != 0 && query->top < list.total ? query->top : list.total;
		list.rows = t.campaigns;
	} else {
		free(t.campaigns);
	}
	free(t.entries);
	free(t.order);
	free(t.shares);
	if (list.rows == NULL)
		return -ENOMEM;
	*out = list;
	return 0;
}

/* The N of p N + side z sqrt(N p q) = k, below 0: 0. */
static double texts_for(double k, double p, int side)
{
	const double z = 1.96, half = z * sqrt(p * (1 - p));
	const double root = (sqrt(half * half + 4 * p * k) - side * half) / (2 * p);

	return root * root;
}

uint64_t campaign_sampling_error(uint64_t sampled, uint32_t sample)
{
	const double k = (double)sampled, p = 1.0 / sample;

	if (sample <= 1)
		return 0;
	const double most = texts_for(k + 0.5, p, -1);
	const double least = k == 0 ? 0 : texts_for(k - 0.5, p, 1);
	const double above = most - k * sample, below = k * sample - least;

	return (uint64_t)fmin(ceil(fmax(above, below)), WRONG_MAX);
}

void campaign_list_free(struct campaign_list *list)
{
	free(list->rows);
	*list = (struct campaign_list){ 0 };
}
