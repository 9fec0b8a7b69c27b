/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"
#include "numbering_plan.h"

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
	json_t *body = api_object(request, out);
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

static void add_rows(json_t *list, const char *kind, const struct plan_rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++)
		json_array_append_new(list, json_pack("{ss ss sI sI}", "kind", kind, "prefix",
		                                      rows->rows[i].prefix, "min",
		                                      (json_int_t)rows->rows[i].min, "max",
		                                      (json_int_t)rows->rows[i].max));
}

unsigned handle_numbering(struct api *api, struct request *request, json_t **out)
{
	static const struct image_plan_row zero = { IMAGE_PLAN_TRUNK, 0, 0, "0" };
	const struct numbering_plan *plan = NULL;
	struct registry *registry = NULL;
	int result = registry_open(&registry, api->setting.database);

	(void)request;
	if (result == 0)
		result = registry_plan(registry, &plan);
	if (result != 0)
		return api_fail_registry(out, registry, result);
	json_t *list = json_array();
	add_rows(list, "trunk", &(struct plan_rows){ &zero, plan->trunk });
	add_rows(list, "idd", &plan->idd);
	add_rows(list, "bare", &plan->bare);
	add_rows(list, "home", &plan->home);
	add_rows(list, "world", &plan->world);
	*out = json_pack("{sI sb so}", "country", (json_int_t)plan->country, "own",
	                 registry_plan_is_own(registry), "rows", list);
	registry_close(registry);
	return MHD_HTTP_OK;
}
