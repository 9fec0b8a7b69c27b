/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_tally: what workers counted of fingerprints, as campaigns.
 *
 * Rows of one fingerprint are summed over workers. Then, the fingerprint with most messages
 * first, each joins the nearest campaign that was begun before it and whose fingerprint
 * differs from its own in at most radius bits, or begins one. The result depends on what is
 * in the rows, not on their order.
 *
 * Exactness  a row is of Space-Saving: its count is never less than there were, and at most
 *            by its error more, and so are sums over the workers that have it. A worker that
 *            has no row of a fingerprint adds nothing to it. Where new texts were sampled,
 *            the count is an estimate besides: campaign_sampling_error().
 * Bounds     CAMPAIGN_ROWS_MAX fingerprints and CAMPAIGN_CLUSTERS_MAX campaigns, those with
 *            most messages; how many fingerprints that left out is said.
 * Cost       at most the product of the two bounds in popcounts: below 0.1 s.
 * Threads    pure; any thread.
 */
#ifndef CONTROL_CAMPAIGN_TALLY_H
#define CONTROL_CAMPAIGN_TALLY_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "report_format.h"

#define CAMPAIGN_ROWS_MAX 16384u
#define CAMPAIGN_CLUSTERS_MAX 4096u
#define CAMPAIGN_ACCOUNTS 8u /* that are named of each campaign */

struct campaign_query {
	uint32_t account_id; /* registry id; 0 = of all accounts together */
	uint32_t radius;     /* bits */
	uint64_t min_count;  /* of messages of a campaign */
	uint32_t top;        /* at most so many campaigns; 0 = all */
};

struct campaign {
	uint64_t fingerprint; /* of those that are in it, the one with most messages */
	uint64_t count, error, refused, sampled; /* as struct report_campaign, summed */
	uint32_t sample;                         /* the greatest of those in it */
	uint32_t first, last;           /* Unix seconds */
	uint32_t variants;              /* fingerprints that are in it */
	uint32_t n_accounts; /* with a row of their own; of all accounts together only */
	struct {
		uint32_t id;
		uint64_t count;
	} accounts[CAMPAIGN_ACCOUNTS]; /* those with most messages, in that order */
};

struct campaign_list {
	struct campaign *rows; /* most messages first, then by fingerprint */
	uint32_t n;
	uint32_t total;    /* with min_count messages, also those behind top */
	uint64_t left_out; /* fingerprints that a bound left out */
};

/* rows: of all workers, in any order; free ones are passed over. 0 and *out, or -ENOMEM. */
must_use int campaign_tally(struct campaign_list *out, const struct report_campaign *rows,
                            size_t n, const struct campaign_query *query);
/*
 * By how many messages count may be wrong, either way, because sampled texts stand for others,
 * in at most 5 of 100 cases. 0 where nothing was sampled.
 *
 * The worker looks at one text of each sample of them, at random, so that of N new texts of a
 * campaign about N / sample are looked at, and their number varies no more than that of N
 * throws (binomial). So N lies where sqrt(N) does that solves p N -+ z sqrt(N p q) = k -+ 1/2,
 * with p = 1 / sample, q = 1 - p and z = 1.96 (Wilson's interval, turned round).
 */
uint64_t campaign_sampling_error(uint64_t sampled, uint32_t sample);

void campaign_list_free(struct campaign_list *list);

#endif
