/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_set: the campaigns that are acted upon, found by a fingerprint that is near one.
 *
 * A radius is at most seven bits, so of the eight octets of a fingerprint at least one is that
 * of any campaign which it is in: eight small lists are looked through instead of all.
 *
 * Bound      CAMPAIGN_SET_MAX: those of an image and of the deltas that it does not hold.
 * Threads    look-ups: any thread, a set never changes. All else: the link thread.
 * Ownership  counted: open and change give one use, hold one more, drop takes one back.
 */
#ifndef DP_CAMPAIGN_SET_H
#define DP_CAMPAIGN_SET_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"

#define CAMPAIGN_SET_MAX (2 * IMAGE_CAMPAIGNS_MAX)

struct campaign_set; /* NULL: none */

/* rows as in IMAGE_CAMPAIGNS, at most CAMPAIGN_SET_MAX. -ENOMEM. */
must_use int campaign_set_open(struct campaign_set **out, const struct image_campaign *rows,
                               uint32_t n);

/* What base is after those of the deltas that are of campaigns. -ENOSPC: more than max, which
 * is at most CAMPAIGN_SET_MAX, and more than in base; -ENOMEM. */
must_use int campaign_set_change(struct campaign_set **out, struct campaign_set *base,
                                 const struct link_delta *deltas, size_t n, uint32_t max);

void campaign_set_drop(struct campaign_set *set); /* NULL is allowed */

uint32_t campaign_set_size(const struct campaign_set *set);

/* Of the campaigns that are valid at this second and that the fingerprint is in, the one with
 * the strongest action, then the nearest; NULL: none. Valid as long as the set is. */
const struct image_campaign *campaign_set_find(const struct campaign_set *set,
                                               uint64_t fingerprint, uint32_t seconds);

#endif
