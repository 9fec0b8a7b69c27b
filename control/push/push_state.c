/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_state: what push knows of the data plane, for whoever asks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "push_priv.h"
#include "say.h"

/* With state_lock. */
static void keep_text(struct push_state *s, const char *text)
{
	if (strcmp(text, s->text) == 0)
		return;
	snprintf(s->text, sizeof(s->text), "%s", text);
	if (text[0] != '\0')
		say("push: %s", text);
}

void push_say(struct push *push, const char *text)
{
	pthread_mutex_lock(&push->state_lock);
	keep_text(&push->state, text);
	pthread_mutex_unlock(&push->state_lock);
}

void push_note(struct push *push, const struct link_message *answer, const char *text)
{
	pthread_mutex_lock(&push->state_lock);
	struct push_state *s = &push->state;
	s->connected = push->client != NULL;
	s->covered = push->covered;
	if (answer != NULL) {
		s->generation = answer->generation;
		s->uptime_s = answer->uptime_s;
		s->workers = answer->workers ? answer->workers : s->workers;
		s->pid = answer->pid ? answer->pid : s->pid;
		s->instance = answer->instance;
		s->seen = answer->seen;
		s->overlay_used = answer->overlay_used;
		s->overlay_max = answer->overlay_max;
		s->overlay_full = answer->overlay_full;
		s->draining = answer->draining != 0;
	}
	if (text != NULL)
		keep_text(s, text);
	pthread_mutex_unlock(&push->state_lock);
}

void push_away(struct push *push, struct push_answer *out)
{
	out->result = -ENOTCONN;
	pthread_mutex_lock(&push->state_lock);
	snprintf(out->text, sizeof(out->text), "%s", push->state.text);
	pthread_mutex_unlock(&push->state_lock);
}

void push_state(struct push *push, struct push_state *out)
{
	pthread_mutex_lock(&push->state_lock);
	*out = push->state;
	pthread_mutex_unlock(&push->state_lock);
}
