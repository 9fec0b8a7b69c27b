/* SPDX-License-Identifier: Apache-2.0 */
/* handle_rules: sets of rules are pushed, listed, read and put back in force. */
#include "api_priv.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "instant.h"
#include "rule_compile.h"
#include "rule_cost.h"
#include "rule_warn.h"

#define WHO_SIZE 64u

/* The user at the other end of the socket (unix(7), SO_PEERCRED); "" when that is not
 * known. */
static void who_asks(const struct request *request, char out[WHO_SIZE])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct passwd entry, *found = NULL;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char names[1024];

	out[0] = '\0';
	if (info == NULL ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return;
	if (getpwuid_r(peer.uid, &entry, names, sizeof(names), &found) == 0 && found != NULL)
		snprintf(out, WHO_SIZE, "%s", entry.pw_name);
	else
		snprintf(out, WHO_SIZE, "uid %u", peer.uid);
}

/* Into the registry, with a number for each name. */
static int keep_rules(struct registry *registry, const struct request *request,
                      const char *file, const struct rule_set *set, uint64_t *generation)
{
	const char **names = malloc((set->n_rules + (size_t)1) * sizeof(*names));
	char who[WHO_SIZE];

	if (names == NULL)
		return -ENOMEM;
	who_asks(request, who);
	for (uint32_t i = 0; i < set->n_rules; i++)
		names[i] = set->rules[i].name;
	const struct rules_push push = { file,          who,   request->body,
		                         request->size, names, set->n_rules };
	const int result = registry_put_rules(registry, &push, generation);
	free(names);
	return result;
}

struct loaded {
	struct rule_set *set;
	struct rule_program program;
	json_int_t rules, patterns, tests, folds;
};

static void forget(struct loaded *l)
{
	rule_set_free(l->set);
	rule_program_free(&l->program);
}

/* The HTTP status of a failure, or 0. */
static unsigned load(struct loaded *out, const char *text, size_t size,
                     struct problems *problems, const char *outcome, json_t **answer)
{
	const int result = rule_load(&out->set, &out->program, text, size, problems);

	if (result == -EINVAL)
		return api_fail_problems(answer, problems, outcome);
	if (result != 0)
		return api_fail(answer, MHD_HTTP_INSUFFICIENT_STORAGE, "rules",
		                "try again later", "out of memory");
	out->rules = out->set->n_rules;
	out->patterns = out->set->n_patterns;
	out->tests = out->set->n_tests;
	out->folds = out->set->n_folds;
	return 0;
}

/* Accounts that the registry does not have (yet): a rule that names them is about nobody. */
static int warn_accounts(struct registry *registry, const struct rule_set *set,
                         struct problems *warnings)
{
	for (uint32_t i = 0; i < set->n_accounts; i++) {
		const struct rule_account *a = &set->accounts[i];
		uint32_t id;
		const int found = registry_account_id(registry, a->system_id, &id);
		if (found < 0)
			return found;
		if (found == 0)
			rule_set_problem(set, warnings, &a->place,
			                 a->canary ? "canary.accounts" : "scope.accounts",
			                 "no account has the system_id \"%.40s\" yet",
			                 a->system_id);
	}
	return 0;
}

/* What is no mistake in a set and cannot be meant, into the answer to its push. */
static void put_warnings(json_t *answer, const struct problems *warnings)
{
	json_object_set_new(answer, "warnings", api_problems(warnings));
	json_object_set_new(answer, "warnings_total", json_integer(warnings->total));
}

/* To the data plane, of what the registry holds as this generation. */
static unsigned push_loaded(struct api *api, struct loaded *l, const char *file,
                            uint32_t version, uint64_t generation, double began, json_t **out)
{
	struct push_answer answer;

	push_take_rules(api->setting.push, generation, l->set, l->program);
	push_image(api->setting.push, &answer);
	*out = json_pack("{so sI sI sI sI sI sI so sf}", "file", api_text(file), "version",
	                 (json_int_t)version, "rules", l->rules, "patterns", l->patterns,
	                 "tests", l->tests, "folds", l->folds, "generation",
	                 (json_int_t)generation, "dataplane", api_push_answer(&answer),
	                 "milliseconds", api_now_ms() - began);
	return MHD_HTTP_OK;
}

/* Whether the rules cost more than the policy allows: an HTTP status, or 0. */
static unsigned too_dear(struct registry *registry, struct loaded *l, json_t **out)
{
	struct rule_cost cost;
	char named[300] = "";
	uint32_t budget = 0;
	int result = registry_policy(registry, "rules_budget_ns", &budget);

	if (result != 0 || budget == 0)
		return 0;
	result = rule_cost_measure(&cost, l->set, &l->program, &rule_cost_sample, NULL, NULL);
	if (result != 0 || rule_cost_fits(&cost, budget))
		return 0;
	result = rule_cost_dearest(&cost, l->set, &rule_cost_sample, RULE_COST_LARGEST, NULL,
	                           NULL);
	for (uint32_t i = 0; result == 0 && i < cost.n; i++)
		snprintf(named + strlen(named), sizeof(named) - strlen(named), "%s %s (%.0f)",
		         i == 0 ? "; the dearest:" : ",",
		         l->set->rules[cost.dearest[i].rule].name, cost.dearest[i].ns);
	return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "rules_budget_ns",
	                "nothing was pushed; mend the dearest rules, or raise the policy's "
	                "rules_budget_ns",
	                "they cost %.0f ns a message and the policy allows %u%s", cost.ns,
	                budget, named);
}

/* Into the registry, as the version that *version is then; and what to warn of. */
static int keep_loaded(struct registry *registry, const struct request *request,
                       const struct loaded *l, struct problems *warnings, uint32_t *version,
                       uint64_t *generation)
{
	int result = rule_warn(l->set, warnings);

	if (result == 0)
		result = warn_accounts(registry, l->set, warnings);
	if (result == 0)
		result = keep_rules(registry, request, warnings->file, l->set, generation);
	return result != 0 ? result : registry_rules_version(registry, version);
}

unsigned handle_rules(struct api *api, struct request *request, json_t **out)
{
	const double began = api_now_ms();
	struct loaded loaded = { 0 };
	struct problems problems;
	struct registry *registry = NULL;
	uint64_t generation = 0;
	uint32_t version = 0;

	problems_init(&problems, request_file(request, "rules"));
	const unsigned status = load(&loaded, request->body, request->size, &problems,
	                             "nothing was pushed", out);
	if (status != 0)
		return status;
	int result = registry_open(&registry, api->setting.database);
	const unsigned dear = result == 0 ? too_dear(registry, &loaded, out) : 0;
	if (dear != 0) {
		forget(&loaded);
		registry_close(registry);
		return dear;
	}
	/* A set without a problem: from here on they are warnings. */
	if (result == 0)
		result = keep_loaded(registry, request, &loaded, &problems, &version,
		                     &generation);
	if (result != 0) {
		forget(&loaded);
		return api_fail_registry(out, registry, result);
	}
	registry_close(registry);
	const unsigned pushed =
		push_loaded(api, &loaded, problems.file, version, generation, began, out);
	put_warnings(*out, &problems);
	return pushed;
}

/* ?version=N; 0 when it is not given, false when it is no number. */
static bool asked_version(const struct request *request, uint32_t *version)
{
	const char *text = request_argument(request, "version");
	char *end = NULL;
	const unsigned long value = strtoul(text, &end, 10);

	*version = (uint32_t)value;
	return text[0] == '\0' || (text[0] != '-' && *end == '\0' && value <= UINT32_MAX);
}

/* The newest version before the one in force; 0: there is none. */
static int version_before(struct registry *registry, uint32_t *out)
{
	struct rules_version *list = NULL;
	uint32_t now = 0;
	size_t n = 0;
	int result = registry_rules_version(registry, &now);

	if (result == 0)
		result = registry_rules_versions(registry, &list, &n);
	*out = 0;
	for (size_t i = 0; result == 0 && i < n && *out == 0; i++)
		if (list[i].version < now)
			*out = list[i].version;
	if (result == 0)
		free(list);
	return result;
}

static unsigned no_version(struct registry *registry, uint32_t version, json_t **out)
{
	registry_close(registry);
	if (version == 0)
		return api_fail(out, MHD_HTTP_NOT_FOUND, "version",
		                "\"sluicectl rules versions\" names them",
		                "there is no version before the one in force");
	return api_fail(out, MHD_HTTP_NOT_FOUND, "version",
	                "\"sluicectl rules versions\" names them",
	                "no rules have the version %u", version);
}

/* The registry, a version (the one that choose names, if none was asked for) and its text;
 * or the HTTP status of a failure. */
static unsigned find_version(struct api *api, const struct request *request,
                             int (*choose)(struct registry *, uint32_t *),
                             struct registry **registry, uint32_t *version, char **text,
                             size_t *size, json_t **out)
{
	if (!asked_version(request, version))
		return api_fail(out, MHD_HTTP_BAD_REQUEST, "version",
		                "\"sluicectl rules versions\" names them",
		                "\"%.40s\" is no version",
		                request_argument(request, "version"));
	int result = registry_open(registry, api->setting.database);
	if (result == 0 && *version == 0)
		result = choose(*registry, version);
	if (result == 0)
		result = registry_rules(*registry, *version, text, size);
	if (result != 0)
		return api_fail_registry(out, *registry, result);
	return *text == NULL ? no_version(*registry, *version, out) : 0;
}

unsigned handle_rules_text(struct api *api, struct request *request, json_t **out)
{
	struct registry *registry = NULL;
	uint32_t version = 0;
	size_t size = 0;
	char *text = NULL;
	const unsigned status = find_version(api, request, registry_rules_version, &registry,
	                                     &version, &text, &size, out);

	if (status != 0)
		return status;
	registry_close(registry);
	*out = json_pack("{sI ss%}", "version", (json_int_t)version, "text", text, size);
	free(text);
	return MHD_HTTP_OK;
}

unsigned handle_rules_rollback(struct api *api, struct request *request, json_t **out)
{
	const double began = api_now_ms();
	struct registry *registry = NULL;
	struct loaded loaded = { 0 };
	struct problems problems;
	uint64_t generation = 0;
	uint32_t version = 0;
	size_t size = 0;
	char *text = NULL, name[40];
	unsigned status = find_version(api, request, version_before, &registry, &version, &text,
	                               &size, out);

	if (status != 0)
		return status;
	snprintf(name, sizeof(name), "version %u", version);
	problems_init(&problems, name);
	status = load(&loaded, text, size, &problems, "nothing was changed", out);
	free(text);
	if (status != 0) {
		registry_close(registry);
		return status;
	}
	const int result = registry_use_rules(registry, version, &generation);
	if (result != 0) {
		forget(&loaded);
		return api_fail_registry(out, registry, result);
	}
	registry_close(registry);
	return push_loaded(api, &loaded, name, version, generation, began, out);
}

unsigned handle_rules_versions(struct api *api, struct request *request, json_t **out)
{
	struct rules_version *list = NULL;
	struct registry *registry = NULL;
	json_t *rows = json_array();
	size_t n = 0;
	int result = registry_open(&registry, api->setting.database);

	(void)request;
	if (result == 0)
		result = registry_rules_versions(registry, &list, &n);
	if (result != 0) {
		json_decref(rows);
		return api_fail_registry(out, registry, result);
	}
	registry_close(registry);
	for (size_t i = 0; i < n; i++) {
		char at[INSTANT_TEXT_SIZE];

		instant_text(at, (uint32_t)list[i].at);
		json_array_append_new(rows,
		                      json_pack("{sI sb ss so so ss sI}", "version",
		                                (json_int_t)list[i].version, "in_force",
		                                list[i].in_force, "at", at, "who",
		                                api_text(list[i].who), "file",
		                                api_text(list[i].file), "sha256", list[i].hash,
		                                "rules", (json_int_t)list[i].rules));
	}
	free(list);
	*out = json_pack("{so}", "versions", rows);
	return MHD_HTTP_OK;
}
