/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "registry_campaigns.h"

json_t *api_text(const char *text)
{
	char printable[1024];

	utf8_printable(printable, sizeof(printable), text, strlen(text));
	return json_string(printable);
}

unsigned api_fail(json_t **out, unsigned status, const char *where, const char *hint,
                  const char *format, ...)
{
	char error[800];
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	*out = json_pack("{so so so}", "error", api_text(error), "where", api_text(where),
	                 "hint", api_text(hint));
	return status;
}

unsigned api_fail_registry(json_t **out, struct registry *registry, int result)
{
	static const struct {
		int result;
		unsigned status;
		const char *hint;
	} rows[] = {
		{ -EBUSY, MHD_HTTP_SERVICE_UNAVAILABLE,
		  "another import is running; try again" },
		{ -ENOSPC, MHD_HTTP_INSUFFICIENT_STORAGE,
		  "make room on the disk of the registry" },
		{ -EROFS, MHD_HTTP_INTERNAL_SERVER_ERROR,
		  "the registry's file and folder must be writable by sluice-control" },
		{ -EBADMSG, MHD_HTTP_INTERNAL_SERVER_ERROR,
		  "restore the registry's file from a backup; the data plane keeps its image" },
		{ -ENOENT, MHD_HTTP_NOT_FOUND, "check the spelling" },
		{ -EPERM, MHD_HTTP_CONFLICT, "see sluicectl(1)" },
		{ -EINVAL, MHD_HTTP_UNPROCESSABLE_CONTENT, "check the spelling" },
		{ -ERANGE, MHD_HTTP_UNPROCESSABLE_CONTENT,
		  "\"sluicectl policy show\" has the bounds" },
	};
	unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	const char *hint = "see the log of sluice-control";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].result == result) {
			status = rows[i].status;
			hint = rows[i].hint;
		}
	api_fail(out, status, "registry", hint, "%s", registry_error(registry));
	registry_close(registry);
	return status;
}

json_t *api_problems(const struct problems *problems)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < problems_kept(problems); i++) {
		const struct problem *p = &problems->list[i];
		char line[PROBLEM_FILE_SIZE + PROBLEM_FIELD_SIZE + PROBLEM_TEXT_SIZE + 40];

		problem_line(line, sizeof(line), problems, i);
		json_array_append_new(list,
		                      json_pack("{si si so so so}", "row", p->row, "column",
		                                p->column, "field", api_text(p->field), "text",
		                                api_text(p->text), "line", api_text(line)));
	}
	return list;
}

unsigned api_fail_problems(json_t **out, const struct problems *problems, const char *outcome)
{
	const char *hint = problems->total > PROBLEMS_MAX
	                           ? "the first 100 are listed; mend them and try again"
	                           : "mend these places and try again";

	api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, problems->file, hint,
	         "%u problem%s in %s; %s", problems->total, problems->total == 1 ? "" : "s",
	         problems->file, outcome);
	if (*out != NULL) {
		json_object_set_new(*out, "problems", api_problems(problems));
		json_object_set_new(*out, "problems_total", json_integer(problems->total));
	}
	return MHD_HTTP_UNPROCESSABLE_CONTENT;
}

json_t *api_push_answer(const struct push_answer *a)
{
	return json_pack("{sb sb sI si sf sf sI sI sI sI so}", "enforced", a->result == 0,
	                 "away", a->result == -ENOTCONN, "generation",
	                 (json_int_t)a->generation, "workers", a->workers, "wait_ms",
	                 (double)a->wait_us / 1e3, "total_ms", (double)a->total_us / 1e3,
	                 "accounts", (json_int_t)a->accounts, "senders", (json_int_t)a->senders,
	                 "rules", (json_int_t)a->rules, "patterns", (json_int_t)a->patterns,
	                 "text", api_text(a->text));
}

json_t *api_object(const struct request *request, json_t **out)
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

bool api_number(const struct request *request, const char *name, uint64_t fallback,
                uint64_t most, uint64_t *out)
{
	const char *text = request_argument(request, name);
	char *end = NULL;

	*out = fallback;
	if (text[0] == '\0')
		return true;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *out <= most;
}

static unsigned read_radius(const struct request *request, unsigned *radius, json_t **out)
{
	const char *text = request_argument(request, "radius");
	const unsigned value = (unsigned)(text[0] - '0');

	*radius = CAMPAIGN_RADIUS;
	if (text[0] == '\0')
		return 0;
	if (value > IMAGE_CAMPAIGN_RADIUS_MAX || text[1] != '\0')
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "radius",
		                "a radius is in bits of a fingerprint",
		                "the radius must be from 0 to %u", IMAGE_CAMPAIGN_RADIUS_MAX);
	*radius = value;
	return 0;
}

unsigned api_campaign(const struct request *request, uint64_t *fingerprint, unsigned *radius,
                      json_t **out)
{
	const char *campaign = request_argument(request, "campaign");

	if (campaign[0] != '\0' && campaign_parse(fingerprint, campaign) != 0)
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "campaign",
		                "sluicectl campaigns and explain show fingerprints",
		                "\"%.40s\" is not a fingerprint: 16 hexadecimal digits",
		                campaign);
	return read_radius(request, radius, out);
}

const char *request_file(const struct request *request, const char *otherwise)
{
	const char *name = request_argument(request, "file");

	return name[0] != '\0' ? name : otherwise;
}

double api_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
