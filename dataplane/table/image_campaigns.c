/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "image_priv.h"

static const char *fault_of(const struct image_campaign *c)
{
	if (c->fingerprint == 0)
		return "has no fingerprint";
	if (c->action < IMAGE_REFUSE || c->action > IMAGE_RULE_OBSERVE)
		return "has an unknown action";
	if (c->radius > IMAGE_CAMPAIGN_RADIUS_MAX)
		return "has too large a radius";
	if (c->valid_until != 0 && c->valid_until <= c->valid_from)
		return "would never be valid";
	return image_all_zero(c->reserved, sizeof(c->reserved)) ? NULL : "has reserved octets";
}

int image_check_campaigns(const struct image_check *c, const struct image *im)
{
	for (uint32_t i = 0; i < im->n_campaigns; i++) {
		const char *fault = fault_of(&im->campaigns[i]);

		if (fault != NULL)
			return image_lies(c->error, "campaigns: row %" PRIu32 " %s", i, fault);
		if (i > 0 && im->campaigns[i - 1].fingerprint >= im->campaigns[i].fingerprint)
			return image_lies(c->error,
			                  "campaigns: row %" PRIu32 " is out of order", i);
	}
	return 0;
}
