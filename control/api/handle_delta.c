/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HINT \
	"a delta is {\"op\": \"suspend\", \"kind\": \"sender\", \"name\": " \
	"\"010-1234-5678\"}; " \
	"sluice-control(8) has its fields"

/* One member of a delta; 0, or with a sentence in why -EBADMSG (a program wrote it) or -EINVAL
 * (a person may have). */
static int read_member(struct registry_delta *d, const char *name, const json_t *value,
                       char why[PUSH_TEXT_SIZE])
{
	const char *text = json_string_value(value);

	if (text == NULL) {
		snprintf(why, PUSH_TEXT_SIZE, "%.40s is not a string", name);
		return -EBADMSG;
	}
	const int result = registry_delta_field(d, name, text);
	if (result == -ENOENT)
		snprintf(why, PUSH_TEXT_SIZE, "there is no field \"%.40s\"", name);
	else if (result != 0) {
		const char *values = registry_delta_values(name);

		snprintf(why, PUSH_TEXT_SIZE, "%s cannot be \"%.60s\"%s%s", name, text,
		         values[0] ? ": it is " : "", values);
	}
	return result == -ENOENT ? -EBADMSG : result;
}

static int read_delta(struct registry_delta *d, json_t *object, char why[PUSH_TEXT_SIZE])
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const int result = read_member(d, name, value, why);
		if (result != 0)
			return result;
	}
	if (d->op == LINK_BLOCK && d->until != 0 && (time_t)d->until <= time(NULL)) {
		snprintf(why, PUSH_TEXT_SIZE, "until is over: it would block nothing");
		return -EINVAL;
	}
	if (json_is_object(object) && d->op != 0 && d->kind != 0 && d->name != NULL &&
	    d->name[0] != '\0')
		return 0;
	snprintf(why, PUSH_TEXT_SIZE, "op, kind or name is missing");
	return -EBADMSG;
}

/* All of them; strings are borrowed from list. How many, or as read_member() with
 * *at and why. */
static int read_deltas(struct registry_delta *deltas, const json_t *list, unsigned *at,
                       char why[PUSH_TEXT_SIZE])
{
	const size_t n = json_array_size(list);

	*at = 0;
	if (n == 0 || n > LINK_DELTAS_MAX) {
		snprintf(why, PUSH_TEXT_SIZE, "%zu deltas: from 1 to %u are possible", n,
		         LINK_DELTAS_MAX);
		return -EBADMSG;
	}
	for (; *at < n; (*at)++) {
		const int result = read_delta(&deltas[*at], json_array_get(list, *at), why);
		if (result != 0)
			return result;
	}
	return (int)n;
}

/* What may be done about a name that nothing has. */
static const char *where_to_look(const struct registry_delta *d)
{
	if (d->kind == LINK_CAMPAIGN)
		return "\"sluicectl campaigns list\" names those that are";
	if (d->op == LINK_SUSPEND && d->kind == LINK_SENDER)
		return "check the spelling; \"sluicectl block sender\" needs no registered one";
	if (d->op == LINK_LIFT || d->op == LINK_UNBLOCK || d->op == LINK_REMOVE)
		return "check the spelling; nothing was changed";
	return "check the spelling; import or add it first";
}

static unsigned status_of(int result, const struct registry_delta *d, const char **hint)
{
	switch (result) {
	case -EBADMSG:
		*hint = HINT;
		return MHD_HTTP_UNPROCESSABLE_CONTENT;
	case -EINVAL:
		*hint = "nothing was changed";
		return MHD_HTTP_UNPROCESSABLE_CONTENT;
	case -ENOENT:
		*hint = where_to_look(d);
		return MHD_HTTP_NOT_FOUND;
	case -E2BIG:
		*hint = "sluicectl campaigns list names them";
		return MHD_HTTP_CONFLICT;
	case -EEXIST:
	case -EPERM:
		*hint = "see sluicectl(1)";
		return MHD_HTTP_CONFLICT;
	case -EBUSY:
		*hint = "an import is being written; add and remove when it is done";
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	case -ENOSPC:
		*hint = "make room on the disk of the registry";
		return MHD_HTTP_INSUFFICIENT_STORAGE;
	default:
		*hint = "see the log of sluice-control";
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

static unsigned fail_delta(json_t **out, int result, const struct registry_delta *deltas,
                           unsigned n, const struct push_fault *fault)
{
	const char *hint;
	const unsigned status = status_of(result, &deltas[fault->at], &hint);
	char where[40] = "delta";

	if (n != 1)
		snprintf(where, sizeof(where), "delta %u of %u", fault->at + 1, n);
	api_fail(out, status, where, hint, "%s", fault->text);
	if (*out != NULL)
		json_object_set_new(*out, "at", json_integer(fault->at));
	return status;
}

static unsigned apply(struct api *api, const json_t *list, struct registry_delta *deltas,
                      json_t **out)
{
	struct push_fault fault = { 0 };
	struct push_answer answer;
	const int n = read_deltas(deltas, list, &fault.at, fault.text);
	const int result =
		n < 0 ? n
		      : push_deltas(api->setting.push, deltas, (unsigned)n, &answer, &fault);

	if (result != 0)
		return fail_delta(out, result, deltas, (unsigned)json_array_size(list), &fault);
	*out = json_pack("{sI so sf}", "deltas", (json_int_t)n, "dataplane",
	                 api_push_answer(&answer), "milliseconds",
	                 (double)answer.total_us / 1e3);
	return MHD_HTTP_OK;
}

unsigned handle_deltas(struct api *api, struct request *request, json_t **out)
{
	json_t *body = api_object(request, out);

	if (body == NULL)
		return MHD_HTTP_BAD_REQUEST;
	/* An object without deltas is one. */
	json_t *list = json_incref(json_object_get(body, "deltas"));
	if (list == NULL)
		list = json_pack("[O]", body);
	struct registry_delta *deltas = calloc(LINK_DELTAS_MAX, sizeof(*deltas));
	const unsigned status = list == NULL || deltas == NULL
	                                ? api_fail(out, MHD_HTTP_INSUFFICIENT_STORAGE, "body",
	                                           "try again later", "out of memory")
	                                : apply(api, list, deltas, out);
	free(deltas);
	json_decref(list);
	json_decref(body);
	return status;
}
