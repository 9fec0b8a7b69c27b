/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include "report_reader.h"

/* Connections that are screened still, and that were handed back; 0 when nobody knows. */
static void count_flows(const struct api *api, int64_t *remaining, int64_t *drained)
{
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *reader = NULL;

	*remaining = *drained = 0;
	if (report_reader_open(&reader, api->setting.report, error) != 0)
		return;
	/* Closed first: what closes in between is counted as remaining, never below 0. */
	const int64_t closed = (int64_t)report_reader_sum(reader, COUNTER_FLOWS_CLOSED);
	*remaining = (int64_t)report_reader_sum(reader, COUNTER_FLOWS_OPENED) - closed;
	*drained = (int64_t)report_reader_sum(reader, COUNTER_DRAINED);
	report_reader_close(reader);
}

unsigned handle_drain(struct api *api, struct request *request, json_t **out)
{
	json_t *body = api_object(request, out);
	struct push_answer answer;
	int64_t remaining, drained;

	if (body == NULL)
		return MHD_HTTP_BAD_REQUEST;
	const json_t *on = json_object_get(body, "on");
	if (!json_is_boolean(on)) {
		json_decref(body);
		return api_fail(out, MHD_HTTP_BAD_REQUEST, "body", "send {\"on\": true}",
		                "on is missing, or neither true nor false");
	}
	push_drain(api->setting.push, json_is_true(on), &answer);
	count_flows(api, &remaining, &drained);
	*out = json_pack("{sb sI sI so}", "on", json_is_true(on), "remaining",
	                 (json_int_t)remaining, "drained", (json_int_t)drained, "dataplane",
	                 api_push_answer(&answer));
	json_decref(body);
	return MHD_HTTP_OK;
}
