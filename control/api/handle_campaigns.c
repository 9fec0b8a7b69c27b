/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <stdlib.h>
#include <time.h>

#include "instant.h"
#include "registry_campaigns.h"

static json_t *acted_json(const struct registry_campaign *c)
{
	char fingerprint[CAMPAIGN_TEXT_SIZE], until[INSTANT_TEXT_SIZE], at[INSTANT_TEXT_SIZE];

	campaign_text(fingerprint, c->fingerprint);
	instant_text(until, c->until);
	instant_text(at, (uint32_t)c->at);
	return json_pack("{ss si ss ss ss so}", "fingerprint", fingerprint, "radius", c->radius,
	                 "action", campaign_action(c->action), "until", until, "since", at,
	                 "note", api_text(c->note));
}

unsigned handle_campaigns_acted(struct api *api, struct request *request, json_t **out)
{
	struct registry_campaign *list = NULL;
	struct registry *registry = NULL;
	size_t n = 0;
	int result = registry_open(&registry, api->setting.database);

	(void)request;
	if (result == 0)
		result = registry_campaigns(registry, time(NULL), &list, &n);
	if (result != 0)
		return api_fail_registry(out, registry, result);
	registry_close(registry);
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, acted_json(&list[i]));
	free(list);
	*out = json_pack("{so si}", "campaigns", array, "max", (int)IMAGE_CAMPAIGNS_MAX);
	return MHD_HTTP_OK;
}
