/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rule_set.h"
#include "say.h"

#define IDLE_S 60u
#define BODY_START (64u << 10)

static const struct route routes[] = {
	{ "GET", "/v1/status", 0, handle_status },
	{ "GET", "/v1/counters", 0, handle_counters },
	{ "GET", "/v1/audit", 0, handle_audit },
	{ "GET", "/v1/policy", 0, handle_policy },
	{ "GET", "/v1/progress", 0, handle_progress },
	{ "POST", "/v1/policy", BODY_JSON_MAX, handle_set_policy },
	{ "GET", "/v1/accounts", 0, handle_account_list },
	{ "GET", "/v1/senders", 0, handle_sender_list },
	{ "POST", "/v1/accounts", BODY_CSV_MAX, handle_accounts },
	{ "POST", "/v1/senders", BODY_CSV_MAX, handle_senders },
	{ "POST", "/v1/blacklist", BODY_CSV_MAX, handle_blacklist },
	{ "POST", "/v1/theft", BODY_CSV_MAX, handle_theft },
	{ "POST", "/v1/numbers", BODY_CSV_MAX, handle_numbers },
	{ "GET", "/v1/numbering", 0, handle_numbering },
	{ "POST", "/v1/numbering", BODY_PLAN_MAX, handle_set_numbering },
	{ "POST", "/v1/rules", RULES_FILE_MAX, handle_rules },
	{ "GET", "/v1/rules", 0, handle_rules_text },
	{ "GET", "/v1/rules/versions", 0, handle_rules_versions },
	{ "GET", "/v1/rules/hits", 0, handle_rule_hits },
	{ "POST", "/v1/rules/rollback", BODY_JSON_MAX, handle_rules_rollback },
	{ "POST", "/v1/deltas", BODY_DELTAS_MAX, handle_deltas },
	{ "GET", "/v1/campaigns", 0, handle_campaigns },
	{ "GET", "/v1/campaigns/acted", 0, handle_campaigns_acted },
	{ "POST", "/v1/drain", BODY_JSON_MAX, handle_drain },
};
static const unsigned routes_n = sizeof(routes) / sizeof(routes[0]);

const char *request_argument(const struct request *request, const char *name)
{
	const char *value =
		MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
	return value ? value : "";
}

/* The route, or the failure that stands for it: 404 or 405. */
static void find_route(struct request *request, const char *method, const char *path)
{
	request->failure = MHD_HTTP_NOT_FOUND;
	for (unsigned i = 0; i < routes_n; i++) {
		if (strcmp(path, routes[i].path) != 0)
			continue;
		request->failure = MHD_HTTP_METHOD_NOT_ALLOWED;
		if (strcmp(method, routes[i].method) == 0) {
			request->route = &routes[i];
			request->failure = 0;
			return;
		}
	}
}

static void check_length(struct request *request)
{
	const char *length = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
	                                                 MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (request->failure == 0 && length != NULL &&
	    strtoull(length, NULL, 10) > request->route->body_max)
		request->failure = MHD_HTTP_CONTENT_TOO_LARGE;
}

/* What comes after a failure is read and forgotten. */
static void append(struct request *request, const char *octets, size_t n)
{
	if (request->failure != 0)
		return;
	if (n > request->route->body_max - request->size) {
		request->failure = MHD_HTTP_CONTENT_TOO_LARGE;
		return;
	}
	if (request->body == NULL || request->size + n + 1 > request->capacity) {
		uint64_t capacity = request->capacity ? request->capacity * 2 : BODY_START;

		while (capacity < request->size + n + 1)
			capacity *= 2;
		char *more = realloc(request->body, capacity);
		if (more == NULL) {
			request->failure = MHD_HTTP_INSUFFICIENT_STORAGE;
			return;
		}
		request->body = more;
		request->capacity = capacity;
	}
	memcpy(request->body + request->size, octets, n);
	request->size += n;
	request->body[request->size] = '\0';
}

static unsigned fail_early(const struct request *request, const char *path, json_t **out)
{
	switch (request->failure) {
	case MHD_HTTP_NOT_FOUND:
		return api_fail(out, request->failure, path, "paths are in sluice-control(8)",
		                "there is no such path");
	case MHD_HTTP_METHOD_NOT_ALLOWED:
		return api_fail(out, request->failure, path, "use the other of GET and POST",
		                "this path does not take this method");
	case MHD_HTTP_CONTENT_TOO_LARGE:
		return api_fail(out, request->failure, path, "split the file",
		                "the body is larger than %llu octets",
		                (unsigned long long)request->route->body_max);
	case MHD_HTTP_SERVICE_UNAVAILABLE:
		return api_fail(out, request->failure, path, "try again when one is answered",
		                "as many requests of this user as may are being answered");
	default:
		return api_fail(out, request->failure, path, "try again later",
		                "out of memory");
	}
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned status,
                                   json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

	json_decref(json);
	if (text == NULL)
		return MHD_NO; /* out of memory: closing is the only answer left */
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	const enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* The head is there: what can be refused before the body is sent, is. */
static enum MHD_Result begin(struct api *api, struct MHD_Connection *connection,
                             const char *path, const char *method, struct request **out)
{
	struct request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return MHD_NO;
	*out = request;
	request->connection = connection;
	request->visitor = door_visitor(connection);
	door_moved(api->door, request->visitor);
	find_route(request, method, path);
	check_length(request);
	if (door_turned_away(request->visitor))
		request->failure = MHD_HTTP_SERVICE_UNAVAILABLE;
	return MHD_YES;
}

static enum MHD_Result answer(struct api *api, struct request *request, const char *path)
{
	json_t *json = NULL;
	unsigned status;

	if (!door_answering(api->door, request->visitor))
		return MHD_NO;
	if (request->failure == 0 && request->body == NULL)
		append(request, "", 0);
	if (request->failure != 0)
		status = fail_early(request, path, &json);
	else
		status = request->route->handle(api, request, &json);
	const enum MHD_Result result = send_answer(request->connection, status, json);
	door_moved(api->door, request->visitor);
	return result;
}

/* libmicrohttpd calls this once for the head, then for the body, then for the end. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *octets, size_t *n, void **state)
{
	struct request *request = *state;
	struct api *api = context;

	(void)version;
	if (request == NULL) {
		if (begin(api, connection, path, method, &request) != MHD_YES)
			return MHD_NO;
		*state = request;
		/* Too large: said now, before gigabytes are sent. */
		if (request->failure != MHD_HTTP_CONTENT_TOO_LARGE &&
		    request->failure != MHD_HTTP_SERVICE_UNAVAILABLE)
			return MHD_YES;
	} else if (*n != 0) {
		door_moved(api->door, request->visitor);
		append(request, octets, *n);
		*n = 0;
		return MHD_YES;
	}
	return answer(api, request, path);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
	struct request *request = *state;

	(void)context, (void)connection, (void)why;
	if (request == NULL)
		return;
	free(request->body);
	free(request);
	*state = NULL;
}

int api_open(struct api **out, const struct api_setting *setting, int listener)
{
	struct api *api = calloc(1, sizeof(*api));

	if (api == NULL)
		return -ENOMEM;
	api->setting = *setting;
	api->started = (uint64_t)time(NULL);
	pthread_mutex_init(&api->lock, NULL);
	if (door_open(&api->door, listener) != 0) {
		free(api);
		return -ENOMEM;
	}
	/* How many there are is the door's affair. */
	api->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC |
			MHD_USE_NO_LISTEN_SOCKET,
		0, NULL, NULL, on_request, api, MHD_OPTION_CONNECTION_LIMIT, 2 * DOOR_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, door_notify, api->door,
		MHD_OPTION_END);
	if (api->daemon == NULL || door_start(api->door, api->daemon) != 0) {
		api_close(api);
		return -EIO;
	}
	*out = api;
	return 0;
}

void api_close(struct api *api)
{
	door_stop(api->door);
	if (api->daemon != NULL)
		MHD_stop_daemon(api->daemon); /* waits for the requests that run */
	door_close(api->door);
	pthread_mutex_destroy(&api->lock);
	free(api);
}
