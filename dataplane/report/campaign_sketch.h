/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_sketch: which campaigns a worker sees most, of all accounts together and of each.
 *
 * Space-Saving (Metwally, Agrawal, El Abbadi, Efficient computation of frequent and top-k
 * elements in data streams, 2005) in sets of eight rows: a campaign has one set, by a hash
 * that nobody outside can aim, and in it the one with least messages gives way to a new one.
 * A campaign that nobody saw for CAMPAIGN_QUIET_S is over: its row goes first, and if it
 * comes again it is counted anew. Of each row, with n the messages of its campaign since its
 * last such silence,
 *   count - error <= n <= count,
 * and a campaign that has no row had at most as many as any row of its set.
 *
 * Cost       a line of index and a line of row for each of the two sketches; no allocation.
 * Bounds     SKETCH_OVERALL and SKETCH_ACCOUNTS rows; a live one that gives way is told.
 * Threads    one worker. Rows are written as include/report_format.h says.
 */
#ifndef DP_CAMPAIGN_SKETCH_H
#define DP_CAMPAIGN_SKETCH_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "report_format.h"

#define SKETCH_WAYS 8u
#define SKETCH_OVERALL (REPORT_CAMPAIGNS / 4) /* the first rows; the others are accounts' */
#define SKETCH_ACCOUNTS (REPORT_CAMPAIGNS - SKETCH_OVERALL)
#define CAMPAIGN_QUIET_S 3600u

struct campaign_sketch;

struct campaign_seen {
	uint64_t fingerprint; /* not 0 */
	uint32_t account_id;  /* 0: of nobody; counted overall */
	bool refused;         /* or discarded */
	uint32_t messages;    /* that it stands for, at least 1 */
	uint32_t sample; /* of new texts one in so many is seen; 0, 1: each */
};

/* rows: REPORT_CAMPAIGNS of a report file, all free. -ENOMEM. */
must_use int campaign_sketch_open(struct campaign_sketch **out, struct report_campaign *rows);
void campaign_sketch_close(struct campaign_sketch *sketch); /* NULL is allowed */

/* Ask for what campaign_sketch_count() will read: first the sets; later, when they are
 * there, the rows. */
void campaign_sketch_seek(const struct campaign_sketch *sketch,
                          const struct campaign_seen *seen);
void campaign_sketch_seek_rows(const struct campaign_sketch *sketch,
                               const struct campaign_seen *seen, uint32_t seconds);

/* A message, or as many as it stands for, at this second (Unix). How many live campaigns gave
 * way to it: 0 to 2. */
unsigned campaign_sketch_count(struct campaign_sketch *sketch, const struct campaign_seen *seen,
                               uint32_t seconds);

#endif
