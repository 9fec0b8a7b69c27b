/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <errno.h>
#include <stdlib.h>

#include "import.h"

typedef int import_function(struct registry *registry, char *text, size_t size,
                            const struct import_options *options, struct problems *problems,
                            struct problems *notes, struct import_result *result);

static json_t *skipped_rows(const struct import_skips *skips)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < skips->n; i++)
		json_array_append_new(list, json_pack("{sI so so}", "row",
		                                      (json_int_t)skips->list[i].row, "field",
		                                      api_text(skips->list[i].field), "text",
		                                      api_text(skips->list[i].text)));
	return list;
}

static json_t *import_answer(const char *kind, const struct problems *problems,
                             const struct import_result *done, const struct import_skips *skips,
                             const struct problems *notes, const struct push_answer *answer)
{
	return json_pack("{ss so sI sI sI sI sI sI so sI so sf sf sf sf so}", "kind", kind,
	                 "file", api_text(problems->file), "rows", (json_int_t)done->rows,
	                 "added", (json_int_t)done->added, "updated", (json_int_t)done->updated,
	                 "repeated", (json_int_t)done->repeated, "still_suspended",
	                 (json_int_t)done->still_suspended, "generation",
	                 (json_int_t)done->generation, "notes", api_problems(notes),
	                 "notes_total", (json_int_t)notes->total, "skipped",
	                 skipped_rows(skips), "read_ms", (double)done->read_us / 1e3, "sort_ms",
	                 (double)done->sort_us / 1e3, "write_ms", (double)done->write_us / 1e3,
	                 "build_ms", (double)answer->build_us / 1e3, "dataplane",
	                 api_push_answer(answer));
}

static unsigned import_into(struct api *api, struct request *request, json_t **out,
                            import_function *function, const char *kind,
                            struct import_skips *skips)
{
	const double began = api_now_ms();
	const struct import_options options = {
		.skips = request_argument(request, "skip_bad")[0] == '1' ? skips : NULL,
		.progress = &api->progress,
	};
	struct problems problems, notes;
	struct import_result done;
	struct push_answer answer;
	struct registry *registry = NULL;

	problems_init(&problems, request_file(request, kind));
	problems_init(&notes, problems.file);
	int result = registry_open(&registry, api->setting.database);
	if (result == 0)
		result = function(registry, request->body, request->size, &options, &problems,
		                  &notes, &done);
	/* Hundreds of megabytes that nobody needs while the image is built. */
	free(request->body);
	request->body = NULL;
	if (result == -EINVAL && problems.total != 0) {
		registry_close(registry);
		return api_fail_problems(out, &problems, "nothing was imported");
	}
	if (result != 0)
		return api_fail_registry(out, registry, result);
	registry_close(registry);
	const double imported = api_now_ms();
	import_progress(&api->progress, IMPORT_BUILD, 0, 0);
	push_image(api->setting.push, &answer);
	*out = import_answer(kind, &problems, &done, skips, &notes, &answer);
	json_object_set_new(*out, "import_ms", json_real(imported - began));
	json_object_set_new(*out, "milliseconds", json_real(api_now_ms() - began));
	return MHD_HTTP_OK;
}

static unsigned import(struct api *api, struct request *request, json_t **out,
                       import_function *function, const char *kind)
{
	struct import_skips skips = { 0 };
	const unsigned status = import_into(api, request, out, function, kind, &skips);

	import_progress(&api->progress, IMPORT_IDLE, 0, 0);
	import_skips_free(&skips);
	return status;
}

unsigned handle_progress(struct api *api, struct request *request, json_t **out)
{
	static const char *const phases[] = { "idle",    "reading",    "sorting",
		                              "writing", "committing", "building the image" };
	/* Relaxed: figures for people. */
	const uint32_t phase = __atomic_load_n(&api->progress.phase, __ATOMIC_RELAXED);

	(void)request;
	*out = json_pack("{ss sI sI}", "phase", phases[phase], "done",
	                 (json_int_t)__atomic_load_n(&api->progress.done, __ATOMIC_RELAXED),
	                 "total",
	                 (json_int_t)__atomic_load_n(&api->progress.total, __ATOMIC_RELAXED));
	return MHD_HTTP_OK;
}

unsigned handle_accounts(struct api *api, struct request *request, json_t **out)
{
	return import(api, request, out, import_accounts, "accounts");
}

unsigned handle_senders(struct api *api, struct request *request, json_t **out)
{
	return import(api, request, out, import_senders, "senders");
}

unsigned handle_blacklist(struct api *api, struct request *request, json_t **out)
{
	return import(api, request, out, import_blacklist, "blacklist");
}

unsigned handle_theft(struct api *api, struct request *request, json_t **out)
{
	return import(api, request, out, import_theft, "theft");
}

unsigned handle_numbers(struct api *api, struct request *request, json_t **out)
{
	return import(api, request, out, import_numbers, "numbers");
}

unsigned handle_set_numbering(struct api *api, struct request *request, json_t **out)
{
	return import(api, request, out, import_numbering, "numbering");
}
