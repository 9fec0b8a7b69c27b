/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Campaigns: what the data plane counted of them, and which are acted upon.
 */
#include "api_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "campaign_tally.h"
#include "instant.h"
#include "registry_campaigns.h"
#include "report_reader.h"

#define TOP_DEFAULT 20u
#define TOP_MAX 1000u

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

/* Those that are acted upon, and who accounts are: of one moment. */
struct said {
	struct registry *registry;
	struct registry_campaign *acted;
	size_t n;
};

static unsigned open_said(struct api *api, struct said *said, json_t **out)
{
	int result = registry_open(&said->registry, api->setting.database);

	if (result == 0)
		result = registry_campaigns(said->registry, time(NULL), &said->acted, &said->n);
	return result == 0 ? 0 : api_fail_registry(out, said->registry, result);
}

static void close_said(struct said *said)
{
	registry_close(said->registry);
	free(said->acted);
}

/* near: the campaign that is asked for, 0: all are. */
static unsigned read_query(const struct request *request, struct said *said,
                           struct campaign_query *query, uint64_t *near, json_t **out)
{
	const char *account = request_argument(request, "account");
	uint64_t top = 0;

	if (!api_number(request, "top", TOP_DEFAULT, TOP_MAX, &top) || top == 0)
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "top",
		                "the first are those with most messages",
		                "top must be a number from 1 to %u", TOP_MAX);
	if (!api_number(request, "min_count", 1, UINT64_MAX, &query->min_count))
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "min_count",
		                "it is a number of messages", "min_count must be a number");
	query->top = (uint32_t)top;
	if (account[0] != '\0') {
		const int found =
			registry_account_id(said->registry, account, &query->account_id);
		if (found < 0)
			return api_fail(out, MHD_HTTP_INTERNAL_SERVER_ERROR, "registry",
			                "see the log of sluice-control", "%s",
			                registry_error(said->registry));
		if (found == 0)
			return api_fail(out, MHD_HTTP_NOT_FOUND, "account",
			                "check the spelling; import or add it first",
			                "no account has the system_id \"%.40s\"", account);
	}
	return api_campaign(request, near, &query->radius, out);
}

/* The rows of all workers, to free(); NULL: there is no room for them. */
static struct report_campaign *read_rows(const struct report_reader *reader, size_t *n)
{
	const unsigned workers = report_reader_workers(reader);
	struct report_campaign *rows = calloc(
		(size_t)workers * report_reader_campaigns_max(reader) + 1, sizeof(*rows));

	*n = 0;
	for (unsigned w = 0; rows != NULL && w < workers; w++)
		*n += report_reader_campaigns(reader, w, rows + *n);
	return rows;
}

/* Of n rows those in this radius, moved to the front: how many. */
static size_t keep_near(struct report_campaign *rows, size_t n, uint64_t near, unsigned radius)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if ((unsigned)__builtin_popcountll(rows[i].fingerprint ^ near) <= radius)
			rows[kept++] = rows[i];
	return kept;
}

/* The nearest that is acted upon in whose radius it is; null: nothing is done with it. */
static json_t *nearest_acted(const struct said *said, uint64_t fingerprint)
{
	const struct registry_campaign *found = NULL;
	int best = 65;

	for (size_t i = 0; i < said->n; i++) {
		const struct registry_campaign *c = &said->acted[i];
		const int distance = __builtin_popcountll(c->fingerprint ^ fingerprint);

		if (distance <= c->radius && distance < best) {
			best = distance;
			found = c;
		}
	}
	return found == NULL ? json_null() : acted_json(found);
}

static json_t *accounts_json(const struct said *said, const struct campaign *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->n_accounts && i < CAMPAIGN_ACCOUNTS; i++) {
		char name[16] = ""; /* stays empty when it was removed */

		if (registry_account_name(said->registry, c->accounts[i].id, name,
		                          sizeof(name)) < 0)
			continue;
		json_array_append_new(list,
		                      json_pack("{so sI sI}", "system_id", api_text(name),
		                                "account_id", (json_int_t)c->accounts[i].id,
		                                "messages", (json_int_t)c->accounts[i].count));
	}
	return list;
}

static json_t *campaign_json(const struct said *said, const struct campaign *c)
{
	char fingerprint[CAMPAIGN_TEXT_SIZE];
	char first[INSTANT_TEXT_SIZE], last[INSTANT_TEXT_SIZE];

	campaign_text(fingerprint, c->fingerprint);
	instant_text(first, c->first);
	instant_text(last, c->last);
	const uint64_t wrong = c->error + campaign_sampling_error(c->sampled, c->sample);
	return json_pack(
		"{ss sI sI sI sI sI sI so sI ss ss so}", "fingerprint", fingerprint, "messages",
		(json_int_t)c->count, "at_most_wrong_by", (json_int_t)wrong, "sampled",
		(json_int_t)c->sampled, "sample", (json_int_t)(c->sample > 1 ? c->sample : 1),
		"refused", (json_int_t)c->refused, "variants", (json_int_t)c->variants,
		"accounts", accounts_json(said, c), "accounts_total", (json_int_t)c->n_accounts,
		"first", first, "last", last, "acted", nearest_acted(said, c->fingerprint));
}

static unsigned answer_campaigns(const struct said *said, const struct report_reader *reader,
                                 const struct campaign_query *query, uint64_t near,
                                 json_t **out)
{
	struct campaign_list list = { 0 };
	size_t n = 0;
	struct report_campaign *rows = read_rows(reader, &n);
	if (near != 0)
		n = keep_near(rows, n, near, query->radius);
	const int result = rows == NULL ? -ENOMEM : campaign_tally(&list, rows, n, query);

	free(rows);
	if (result != 0)
		return api_fail(out, MHD_HTTP_INSUFFICIENT_STORAGE, "campaigns",
		                "try again later", "out of memory");
	json_t *array = json_array();
	for (uint32_t i = 0; i < list.n; i++)
		json_array_append_new(array, campaign_json(said, &list.rows[i]));
	*out = json_pack("{so sI sI sI sI}", "campaigns", array, "total",
	                 (json_int_t)list.total, "left_out", (json_int_t)list.left_out,
	                 "radius", (json_int_t)query->radius, "started",
	                 (json_int_t)report_reader_started(reader));
	campaign_list_free(&list);
	return MHD_HTTP_OK;
}

/* account, campaign, top, min_count, radius. */
unsigned handle_campaigns(struct api *api, struct request *request, json_t **out)
{
	char error[REPORT_ERROR_SIZE] = "";
	struct campaign_query query = { 0 };
	uint64_t near = 0;
	struct report_reader *reader = NULL;
	struct said said = { 0 };
	unsigned status = open_said(api, &said, out);

	if (status != 0)
		return status;
	status = read_query(request, &said, &query, &near, out);
	if (status == 0 && report_reader_open(&reader, api->setting.report, error) != 0)
		status = api_fail(out, MHD_HTTP_SERVICE_UNAVAILABLE, api->setting.report,
		                  "start the data plane; its report_file must be this one",
		                  "%s", error);
	if (status == 0) {
		status = answer_campaigns(&said, reader, &query, near, out);
		report_reader_close(reader);
	}
	close_said(&said);
	return status;
}
