/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_store.h"
#include "instant.h"
#include "recipient.h"
#include "registry_campaigns.h"

#define COMMAND_REPLACE_SM 0x07u

#define LIMIT_DEFAULT 20u
#define LIMIT_MAX 1000u
#define LEFT_OUT_MAX 1000u

/* The number of a reason, -1 for "", -2 for a name that none has. */
static int find_reason(const char *name)
{
	if (name[0] == '\0')
		return -1;
	for (unsigned i = 0; i < REASON_SLOTS; i++) {
		const struct reason_row *row = reason_row(i);

		if (row != NULL && strcmp(row->name, name) == 0)
			return (int)i;
	}
	return -2;
}

/* YYYYMMDD:ID, or "" for the latest. */
static bool read_cursor(struct audit_query *query, const char *text)
{
	char *end = NULL;

	if (text[0] == '\0')
		return true;
	query->after_day = (uint32_t)strtoul(text, &end, 10);
	if (query->after_day == 0 || *end != ':')
		return false;
	query->after_id = strtoull(end + 1, &end, 10);
	return *end == '\0';
}

/* account, sender, from, until. The HTTP status of a failure, or 0. */
static unsigned read_whose_and_when(const struct request *request, struct audit_query *query,
                                    json_t **out)
{
	const char *from = request_argument(request, "from"),
		   *until = request_argument(request, "until");

	query->system_id = request_argument(request, "account");
	query->sender = request_argument(request, "sender");
	if (instant_parse(&query->from, from) == 0 && instant_parse(&query->until, until) == 0)
		return 0;
	return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "from",
	                "write 2026-01-31, which is its midnight in UTC, or "
	                "2026-01-31T09:00:00+09:00",
	                "\"%.40s\" is no time",
	                instant_parse(&query->from, from) != 0 ? from : until);
}

/* recipient: its hashes. What was asked for is not repeated, whatever is wrong with it. The
 * HTTP status of a failure, or 0. */
static unsigned read_recipient(const struct api *api, const struct request *request,
                               uint64_t hashes[RECIPIENT_FORMS], struct audit_query *query,
                               json_t **out)
{
	const char *number = request_argument(request, "recipient");
	const struct numbering_plan *plan = NULL;
	char error[RECIPIENT_ERROR_SIZE];
	struct registry *registry = NULL;
	struct recipient_key key;

	if (number[0] == '\0')
		return 0;
	if (recipient_key_get(&key, &api->setting.recipients, error) != 0)
		return api_fail(out, MHD_HTTP_CONFLICT, "recipient",
		                "start sluice-control with --recipient-key FILE, the data "
		                "plane's setting recipient_key",
		                "%s", error);
	int result = registry_open(&registry, api->setting.database);
	if (result == 0)
		result = registry_plan(registry, &plan);
	if (result != 0)
		return api_fail_registry(out, registry, result);
	query->recipients = hashes;
	result = recipient_hashes(hashes, &key, number, plan);
	registry_close(registry);
	return result == 0 ? 0
	                   : api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "recipient",
	                              "write all its digits, like 010-1234-5678",
	                              "the recipient is no number");
}

/* limit, reason, campaign, radius, after=YYYYMMDD:ID. The HTTP status of a failure, or 0. */
static unsigned read_query(const struct request *request, struct audit_query *query,
                           json_t **out)
{
	const char *limit = request_argument(request, "limit");
	const char *after = request_argument(request, "after");

	query->limit = limit[0] ? (unsigned)strtoul(limit, NULL, 10) : LIMIT_DEFAULT;
	if (query->limit == 0 || query->limit > LIMIT_MAX)
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "limit",
		                "after takes the cursor of an answer, for more",
		                "limit must be from 1 to %u", LIMIT_MAX);
	query->reason = find_reason(request_argument(request, "reason"));
	if (query->reason == -2)
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "reason",
		                "sluicectl counters names them", "there is no reason \"%s\"",
		                request_argument(request, "reason"));
	unsigned status = api_campaign(request, &query->campaign, &query->radius, out);
	if (status == 0)
		status = read_whose_and_when(request, query, out);
	if (status != 0)
		return status;
	if (!read_cursor(query, after))
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "after",
		                "use the cursor of an earlier answer", "\"%s\" is not a cursor",
		                after);
	return 0;
}

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[AUDIT_REFUSED] = "refused",     [AUDIT_OBSERVED] = "observed",
		[AUDIT_FLAGGED] = "flagged",     [AUDIT_BIND_REFUSED] = "bind_refused",
		[AUDIT_DISCARDED] = "discarded",
	};

	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "unknown";
}

static json_t *time_text(uint64_t time_us)
{
	const time_t seconds = (time_t)(time_us / 1000000);
	char text[40];
	struct tm tm;
	const size_t n =
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));

	snprintf(text + n, sizeof(text) - n, ".%03uZ", (unsigned)(time_us / 1000 % 1000));
	return json_string(text);
}

/* null for replace_sm, which carries none (SMPP 3.4 section 4.10.1) and is read in the
 * account's default alphabet. */
static json_t *coding_json(const struct audit_record *r)
{
	return r->command_id == COMMAND_REPLACE_SM ? json_null() : json_integer(r->data_coding);
}

/* The names of the rules that had a part in a verdict. */
static json_t *rules_json(const struct audit_row *row)
{
	char copy[AUDIT_RULES_SIZE], *rest = copy;
	json_t *list = json_array();

	memcpy(copy, row->rules, sizeof(copy));
	for (const char *name; (name = strsep(&rest, " ")) != NULL;)
		if (name[0] != '\0')
			json_array_append_new(list, api_text(name));
	return list;
}

/* Which part of a message it was, and the one before for which it was refused, if any. */
static json_t *part_json(const struct audit_record *r)
{
	if (r->parts == 0)
		return json_null();
	return json_pack("{si si so}", "number", r->part, "total", r->parts, "refused_for",
	                 r->part_refused != 0 ? json_integer(r->part_refused) : json_null());
}

static json_t *row_json(const struct audit_row *row)
{
	const struct audit_record *r = &row->record;
	const struct reason_row *reason = reason_row(r->reason);
	char system_id[17] = "", sender[25] = "", text[AUDIT_TEXT_SIZE + 1] = "", hash[20];
	char fingerprint[CAMPAIGN_TEXT_SIZE] = "";

	memcpy(system_id, r->system_id, sizeof(r->system_id));
	memcpy(sender, r->sender, sizeof(r->sender));
	memcpy(text, r->text, r->text_len);
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->recipient_hash);
	if (r->fingerprint != 0)
		campaign_text(fingerprint, r->fingerprint);
	return json_pack("{so ss ss ss so so ss sI so sI sf sI sI sI sI sI so so ss ss sI so}",
	                 "time", time_text(r->time_us), "kind", kind_name(r->kind), "reason",
	                 reason ? reason->name : "unknown", "sentence",
	                 reason ? reason->sentence : "", "system_id", api_text(system_id),
	                 "sender", api_text(sender), "rule", row->rule_name, "rule_id",
	                 (json_int_t)r->rule, "rules", rules_json(row), "rules_version",
	                 (json_int_t)r->rules_version, "score", r->score / 1000.0, "account_id",
	                 (json_int_t)r->account_id, "generation", (json_int_t)r->generation,
	                 "command_id", (json_int_t)r->command_id, "command_status",
	                 (json_int_t)r->command_status, "sequence", (json_int_t)r->sequence,
	                 "data_coding", coding_json(r), "text", api_text(text), "fingerprint",
	                 fingerprint, "recipient_hash", hash, "flow", (json_int_t)r->flow,
	                 "part", part_json(r));
}

/* What the days of these rows count and do not have, or NULL. Where more rows follow, the days
 * behind the last are of the next answer. */
static json_t *left_out_json(struct audit_store *store, const struct audit_query *query,
                             const struct audit_row *rows, int64_t n,
                             char error[AUDIT_ERROR_SIZE])
{
	const bool onward = query->after_day != 0 || query->from != 0;
	const uint32_t first = n != 0 && !onward ? rows[0].day : query->after_day;
	const uint32_t last = onward && n == query->limit ? rows[n - 1].day : 0;
	struct audit_left_out *left = calloc(LEFT_OUT_MAX, sizeof(*left));
	const int64_t n_left = left == NULL
	                               ? -ENOMEM
	                               : audit_store_left_out_of(store, query, first, last,
	                                                         left, LEFT_OUT_MAX, error);
	json_t *list = n_left < 0 ? NULL : json_array();

	for (int64_t i = 0; i < n_left; i++) {
		const struct reason_row *reason = reason_row(left[i].reason);

		json_array_append_new(list, json_pack("{ss sI so so}", "reason",
		                                      reason ? reason->name : "unknown", "n",
		                                      (json_int_t)left[i].n, "first",
		                                      time_text(left[i].first_us), "last",
		                                      time_text(left[i].last_us)));
	}
	free(left);
	return list;
}

/* Into rows[query->limit]: how many, with what was left out, or negative with a sentence. */
static int64_t find(const struct api *api, const struct audit_query *query,
                    struct audit_row *rows, json_t **left_out, char error[AUDIT_ERROR_SIZE])
{
	struct audit_store *store = NULL;
	int64_t n = audit_store_open(&store, api->setting.audit, api->setting.database, error);

	if (n == 0)
		n = audit_store_find(store, query, rows, error);
	if (n >= 0) {
		*left_out = left_out_json(store, query, rows, n, error);
		n = *left_out == NULL ? -EIO : n;
	}
	audit_store_close(store);
	return n;
}

unsigned handle_audit(struct api *api, struct request *request, json_t **out)
{
	char error[AUDIT_ERROR_SIZE] = "out of memory", cursor[40];
	uint64_t recipients[RECIPIENT_FORMS];
	struct audit_query query = { 0 };
	unsigned status = read_query(request, &query, out);
	json_t *left_out = NULL;

	if (status == 0)
		status = read_recipient(api, request, recipients, &query, out);
	if (status != 0)
		return status;
	struct audit_row *rows = calloc(query.limit, sizeof(*rows));
	const int64_t n = rows == NULL ? -1 : find(api, &query, rows, &left_out, error);
	if (n < 0) {
		free(rows);
		return api_fail(out, MHD_HTTP_INTERNAL_SERVER_ERROR, api->setting.audit,
		                "see the log of sluice-control", "%s", error);
	}
	json_t *list = json_array();
	for (int64_t i = 0; i < n; i++)
		json_array_append_new(list, row_json(&rows[i]));
	snprintf(cursor, sizeof(cursor), "%08u:%llu", n ? rows[n - 1].day : query.after_day,
	         (unsigned long long)(n ? rows[n - 1].id : query.after_id));
	free(rows);
	*out = json_pack("{so ss so}", "records", list, "cursor", cursor, "left_out", left_out);
	return MHD_HTTP_OK;
}
