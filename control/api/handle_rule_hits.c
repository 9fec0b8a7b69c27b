/* SPDX-License-Identifier: Apache-2.0 */
/* handle_rule_hits: how often each rule matched, and on how many messages it acted. */
#include "api_priv.h"

#include <stdlib.h>

#include "instant.h"
#include "report_reader.h"
#include "rule_set.h"
#include "rule_tally.h"

#define TOP_DEFAULT 20u

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = { [REPORT_RULE_ACTIVE] = "active",
		                             [REPORT_RULE_SHADOW] = "shadow",
		                             [REPORT_RULE_CANARY] = "canary" };

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "unknown";
}

/* NULL: the registry could not be read. */
static json_t *hit_json(struct registry *registry, const struct report_rule *r,
                        uint32_t in_force)
{
	char name[RULE_NAME_MAX + 1], last[INSTANT_TEXT_SIZE];

	if (registry_rule_name(registry, r->rule, name, sizeof(name)) < 0)
		return NULL;
	instant_text(last, r->last);
	return json_pack("{so sI sI sb ss sI sI ss}", "rule", api_text(name), "rule_id",
	                 (json_int_t)r->rule, "version", (json_int_t)r->version, "in_force",
	                 r->version == in_force, "mode", mode_name(r->mode), "matched",
	                 (json_int_t)r->matched, "acted", (json_int_t)r->acted, "last", last);
}

/* The sums of all workers, to free(); NULL: there is no room for them. */
static struct report_rule *read_sums(const struct report_reader *reader, uint32_t in_force,
                                     size_t *n)
{
	const unsigned workers = report_reader_workers(reader);
	struct report_rule *rows =
		calloc((size_t)workers * report_reader_rules_max(reader) + 1, sizeof(*rows));

	*n = 0;
	for (unsigned w = 0; rows != NULL && w < workers; w++)
		*n += report_reader_rules(reader, w, rows + *n);
	if (rows != NULL)
		*n = rule_tally(rows, *n, in_force);
	return rows;
}

/* Takes the registry. */
static unsigned answer_hits(struct registry *registry, const struct report_reader *reader,
                            uint64_t top, json_t **out)
{
	json_t *list = json_array();
	uint32_t in_force = 0;
	size_t n = 0;
	int result = registry_rules_version(registry, &in_force);
	struct report_rule *rows = result == 0 ? read_sums(reader, in_force, &n) : NULL;

	for (size_t i = 0; rows != NULL && result == 0 && i < n && i < top; i++)
		if (json_array_append_new(list, hit_json(registry, &rows[i], in_force)) != 0)
			result = -1;
	free(rows);
	if (result != 0 || rows == NULL) {
		json_decref(list);
		return api_fail_registry(out, registry, result);
	}
	registry_close(registry);
	*out = json_pack("{so sI sI}", "rules", list, "total", (json_int_t)n, "in_force",
	                 (json_int_t)in_force);
	return MHD_HTTP_OK;
}

/* top. */
unsigned handle_rule_hits(struct api *api, struct request *request, json_t **out)
{
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *reader = NULL;
	struct registry *registry = NULL;
	uint64_t top = 0;

	if (!api_number(request, "top", TOP_DEFAULT, REPORT_RULES, &top) || top == 0)
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "top",
		                "the first are of the set in force, with most matches",
		                "top must be a number from 1 to %u", REPORT_RULES);
	if (report_reader_open(&reader, api->setting.report, error) != 0)
		return api_fail(out, MHD_HTTP_SERVICE_UNAVAILABLE, api->setting.report,
		                "start the data plane; its report_file must be this one", "%s",
		                error);
	int result = registry_open(&registry, api->setting.database);
	const unsigned status = result == 0 ? answer_hits(registry, reader, top, out)
	                                    : api_fail_registry(out, registry, result);
	report_reader_close(reader);
	return status;
}
