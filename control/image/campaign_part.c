/* SPDX-License-Identifier: Apache-2.0 */
/* campaign_part: the campaigns that are acted upon, kept sorted: they are few. */
#include <errno.h>
#include <string.h>

#include "image_build_priv.h"

static bool valid(const struct image_campaign *c)
{
	static const uint8_t none[sizeof(c->reserved)];

	return c->fingerprint != 0 && c->action >= IMAGE_REFUSE &&
	       c->action <= IMAGE_RULE_OBSERVE && c->radius <= IMAGE_CAMPAIGN_RADIUS_MAX &&
	       (c->valid_until == 0 || c->valid_until > c->valid_from) &&
	       memcmp(c->reserved, none, sizeof(none)) == 0;
}

int image_build_campaign(struct image_build *b, const struct image_campaign *campaign)
{
	const struct image_campaign *rows = b->campaigns.data;
	uint64_t at = 0;

	if (!valid(campaign))
		return -EINVAL;
	while (at < b->campaigns.n && rows[at].fingerprint < campaign->fingerprint)
		at++;
	if (at < b->campaigns.n && rows[at].fingerprint == campaign->fingerprint)
		return -EEXIST;
	if (b->campaigns.n >= IMAGE_CAMPAIGNS_MAX)
		return -E2BIG;
	if (image_rows_append(&b->campaigns, campaign, sizeof(*campaign)) != 0)
		return -ENOMEM;
	struct image_campaign *moved = b->campaigns.data; /* it may have grown elsewhere */
	memmove(moved + at + 1, moved + at, (b->campaigns.n - 1 - at) * sizeof(*moved));
	moved[at] = *campaign;
	return 0;
}
