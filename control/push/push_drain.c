/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "push_priv.h"

#define DRAIN_MS 2000u

void push_drain(struct push *push, bool on, struct push_answer *out)
{
	const uint64_t began = push_now_us();
	struct link_message answer = { 0 };
	char error[LINK_CLIENT_ERROR_SIZE] = "";

	*out = (struct push_answer){ 0 };
	pthread_mutex_lock(&push->lock);
	if (!push_connected(push)) {
		push_away(push, out);
	} else {
		out->result = link_client_drain(push->client, on, DRAIN_MS, &answer, error);
		snprintf(out->text, sizeof(out->text), "%s", error);
		out->workers = answer.workers;
		out->wait_us = answer.elapsed_us;
		if (out->result == 0)
			push_note(push, &answer, NULL);
		else if (push_connection_lost(out->result))
			push_disconnect(push, error);
	}
	pthread_mutex_unlock(&push->lock);
	out->total_us = push_now_us() - began;
}
