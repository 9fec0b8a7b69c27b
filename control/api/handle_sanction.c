/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <string.h>

/* A JSON object from the body, or NULL with the failure in *out. */
static json_t *read_object(const struct request *request, json_t **out)
{
	json_error_t error;
	json_t *body = json_loadb(request->body, request->size, JSON_REJECT_DUPLICATES, &error);

	if (body == NULL) {
		api_fail(out, MHD_HTTP_BAD_REQUEST, "body", "send one JSON object",
		         "the body is not JSON: line %d, column %d: %s", error.line,
		         error.column, error.text);
		return NULL;
	}
	if (!json_is_object(body)) {
		json_decref(body);
		api_fail(out, MHD_HTTP_BAD_REQUEST, "body", "send one JSON object",
		         "the body is JSON but not an object");
		return NULL;
	}
	return body;
}

/* Which of two words this member is: 1, 2, or 0 for neither. */
static uint32_t one_of(const json_t *body, const char *member, const char *one, const char *two)
{
	const char *value = json_string_value(json_object_get(body, member));

	if (value == NULL)
		return 0;
	return strcmp(value, one) == 0 ? 1 : strcmp(value, two) == 0 ? 2 : 0;
}

unsigned handle_sanctions(struct api *api, struct request *request, json_t **out)
{
	_Static_assert(LINK_SUSPEND == 1 && LINK_LIFT == 2 && LINK_ACCOUNT == 1 &&
	                       LINK_SENDER == 2,
	               "one_of() counts so");
	json_t *body = read_object(request, out);
	struct registry *registry = NULL;
	struct push_answer answer;

	if (body == NULL)
		return MHD_HTTP_BAD_REQUEST;
	const uint32_t op = one_of(body, "op", "suspend", "lift");
	const uint32_t kind = one_of(body, "kind", "account", "sender");
	const char *name = json_string_value(json_object_get(body, "name"));
	if (op == 0 || kind == 0 || name == NULL || name[0] == '\0') {
		json_decref(body);
		return api_fail(
			out, MHD_HTTP_BAD_REQUEST, "body",
			"send {\"op\": \"suspend\" or \"lift\", \"kind\": \"account\" or "
			"\"sender\", \"name\": ...}",
			"op, kind or name is missing or unknown");
	}
	int result = registry_open(&registry, api->setting.database);
	if (result == 0)
		result = push_sanction(api->setting.push, registry, op, kind, name, &answer);
	if (result != 0) {
		json_decref(body);
		return api_fail_registry(out, registry, result);
	}
	registry_close(registry);
	*out = json_pack("{ss ss so so sf}", "op", op == LINK_SUSPEND ? "suspend" : "lift",
	                 "kind", kind == LINK_ACCOUNT ? "account" : "sender", "name",
	                 api_text(name), "dataplane", api_push_answer(&answer), "milliseconds",
	                 (double)answer.total_us / 1e3);
	json_decref(body);
	return MHD_HTTP_OK;
}

unsigned handle_policy(struct api *api, struct request *request, json_t **out)
{
	struct registry *registry = NULL;
	int result = registry_open(&registry, api->setting.database);
	json_t *list = json_array();

	(void)request;
	for (unsigned i = 0; result == 0 && policy_row(i) != NULL; i++) {
		const struct policy_row *row = policy_row(i);
		uint32_t value = 0;

		result = registry_policy(registry, row->name, &value);
		json_array_append_new(
			list, json_pack("{ss sI sI sI sI ss}", "name", row->name, "value",
		                        (json_int_t)value, "min", (json_int_t)row->min, "max",
		                        (json_int_t)row->max, "default", (json_int_t)row->value,
		                        "sentence", row->sentence));
	}
	if (result != 0) {
		json_decref(list);
		return api_fail_registry(out, registry, result);
	}
	registry_close(registry);
	*out = json_pack("{so}", "policy", list);
	return MHD_HTTP_OK;
}

unsigned handle_set_policy(struct api *api, struct request *request, json_t **out)
{
	json_t *body = read_object(request, out);
	struct registry *registry = NULL;
	struct push_answer answer;
	uint64_t generation = 0;

	if (body == NULL)
		return MHD_HTTP_BAD_REQUEST;
	const char *name = json_string_value(json_object_get(body, "name"));
	const json_t *value = json_object_get(body, "value");
	const json_int_t number = json_integer_value(value);
	if (name == NULL || !json_is_integer(value) || number < 0 || number > UINT32_MAX) {
		json_decref(body);
		return api_fail(
			out, MHD_HTTP_BAD_REQUEST, "body", "send {\"name\": ..., \"value\": N}",
			"name or value is missing, or value is not a number of 32 bits");
	}
	int result = registry_open(&registry, api->setting.database);
	if (result == 0)
		result = registry_set_policy(registry, name, (uint32_t)number, &generation);
	if (result != 0) {
		json_decref(body);
		return api_fail_registry(out, registry, result);
	}
	registry_close(registry);
	push_image(api->setting.push, &answer);
	*out = json_pack("{so sI sI so}", "name", api_text(name), "value", number, "generation",
	                 (json_int_t)generation, "dataplane", api_push_answer(&answer));
	json_decref(body);
	return MHD_HTTP_OK;
}
