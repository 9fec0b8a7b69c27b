/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_deltas: many callers, one flush. Calls queue up; one of those who wait serves all
 * that wait: one transaction of the registry, one message to the data plane. While that is
 * on its way, one that came meanwhile writes those that came meanwhile.
 */
#include <errno.h>
#include <stdio.h>

#include "push_priv.h"

#define DELTAS_MS 10000u

struct push_call {
	struct push_call *next;
	const struct registry_delta *deltas;
	unsigned n;
	bool records;
	bool taken, done; /* off the queue; answered */
	bool needs_image; /* the data plane has to be brought up to date instead */
	int result;       /* of the registry */
	unsigned at;      /* which of its deltas failed */
	char error[PUSH_TEXT_SIZE];
	struct push_answer answer;
};

static bool adds_records(const struct registry_delta *deltas, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (deltas[i].op == LINK_ADD || deltas[i].op == LINK_REMOVE)
			return true;
	return false;
}

/* Calls from the head of the queue, as many as a message holds. With queue_lock. */
static struct push_call *take_batch(struct push *push, bool *records)
{
	unsigned n = 0;

	struct push_call *first = push->queue, **end = &first;
	for (; *end != NULL && n + (*end)->n <= LINK_DELTAS_MAX; end = &(*end)->next) {
		n += (*end)->n;
		(*end)->taken = true;
		*records |= (*end)->records;
	}
	push->queue = *end;
	if (push->queue == NULL)
		push->queue_end = &push->queue;
	*end = NULL;
	return first;
}

static void fail_call(struct push_call *call, struct registry *registry, int result)
{
	call->result = result;
	snprintf(call->error, sizeof(call->error), "%s", registry_error(registry));
}

static void fail_all(struct push_call *calls, struct registry *registry, int result)
{
	for (; calls != NULL; calls = calls->next)
		if (calls->result == 0)
			fail_call(calls, registry, result);
}

static int open_registry(struct push *push)
{
	if (push->registry != NULL)
		return 0;
	const int result = registry_open(&push->registry, push->database);
	if (result == 0)
		registry_defer_checkpoints(push->registry);
	return result;
}

/* A registry that failed in a way of its own is opened anew the next time. */
static void drop_registry(struct push *push)
{
	registry_close(push->registry);
	push->registry = NULL;
}

/* One call's deltas, all or none, into told. */
static void write_call(struct registry *registry, struct push_call *call,
                       struct link_delta *told, unsigned *n)
{
	int result = registry_group_begin(registry);

	call->at = 0;
	for (unsigned i = 0; i < call->n && result == 0; i++) {
		call->at = i;
		result = registry_delta(registry, &call->deltas[i], &told[*n + i]);
	}
	result = registry_group_end(registry, result);
	if (result != 0) {
		fail_call(call, registry, result);
		return;
	}
	*n += call->n;
	call->answer.generation = told[*n - 1].generation;
}

/* What those that add or remove need on disk before (registry_delta.h). */
static int keep_sanctions(struct push *push, const struct push_call *calls)
{
	int result = 0;

	for (const struct push_call *c = calls; c != NULL && result == 0; c = c->next)
		if (c->records)
			result = registry_keep_sanctions(push->registry, c->deltas, c->n);
	return result;
}

/* While an import writes, what adds or removes fails and the rest goes on. */
static int begin(struct push *push, struct push_call *calls, bool records)
{
	int result = records ? keep_sanctions(push, calls) : 0;

	if (result == 0)
		result = registry_deltas_begin(push->registry, records);
	if (result != -EBUSY || !records)
		return result;
	for (struct push_call *c = calls; c != NULL; c = c->next)
		if (c->records)
			fail_call(c, push->registry, result);
	return registry_deltas_begin(push->registry, false);
}

/* All calls into the registry: durable when it returns. How many deltas are told. */
static unsigned write_batch(struct push *push, struct push_call *calls, bool records,
                            struct link_delta *told)
{
	unsigned n = 0;
	int result = open_registry(push);

	if (result == 0)
		result = begin(push, calls, records);
	if (result == 0) {
		for (struct push_call *c = calls; c != NULL; c = c->next)
			if (c->result == 0)
				write_call(push->registry, c, told, &n);
		result = registry_deltas_end(push->registry, 0);
	}
	if (result == 0)
		return n;
	fail_all(calls, push->registry, result);
	drop_registry(push);
	return 0;
}

/* The data plane did, or did not: into the answer of every call that was written. */
static void answer_all(struct push_call *calls, const struct push_answer *answer,
                       bool needs_image)
{
	for (; calls != NULL; calls = calls->next) {
		const uint64_t generation = calls->answer.generation;
		if (calls->result != 0)
			continue;
		calls->answer = *answer;
		calls->answer.generation = generation;
		calls->needs_image = needs_image;
	}
}

/*
 * A connection is only used when it is known to be as new as the registry was before: a
 * data plane that is behind needs an image. true: it does. With the lock.
 */
static bool send_batch(struct push *push, const struct link_delta *told, unsigned n,
                       struct push_answer *out)
{
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	struct link_message answer = { 0 };

	if (!push_connected(push)) {
		push_away(push, out);
		return false;
	}
	if (push->covered == 0)
		return true;
	const int result = link_client_deltas(push->client, told, n, DELTAS_MS, &answer, error);
	out->result = result;
	snprintf(out->text, sizeof(out->text), "%s", result == 0 ? answer.text : error);
	if (push_connection_lost(result)) {
		push_disconnect(push, error);
		return true; /* or away: push_image() says */
	}
	if (result != 0)
		return true; /* its overlay is full, or it has seen more than we know of */
	out->workers = answer.workers;
	out->wait_us = answer.elapsed_us;
	if (push->run_end + 1 != told[0].generation)
		push->run_start = told[0].generation - 1;
	push->run_end = told[n - 1].generation;
	if (push->covered + 1 == told[0].generation)
		push->covered = push->run_end;
	if (answer.overlay_used > answer.overlay_max / 2 && !push->fold && !push->making) {
		push->fold = true;
		pthread_cond_broadcast(&push->wake);
	}
	push_note(push, &answer, out->text);
	return false;
}

/* What was written, to the data plane; what became of it, to all calls. With the lock. */
static void send_calls(struct push *push, struct push_call *calls,
                       const struct link_delta *told, unsigned n)
{
	struct push_answer answer = { 0 };
	const bool needs_image = send_batch(push, told, n, &answer);

	if (needs_image || answer.result != 0) /* not taken: a run begins after them */
		push->run_start = push->run_end = told[n - 1].generation;
	answer_all(calls, &answer, needs_image);
}

/* Another one may take calls off the queue and write them. */
static void stop_writing(struct push *push)
{
	pthread_mutex_lock(&push->queue_lock);
	push->writing = false;
	pthread_cond_broadcast(&push->served);
	pthread_mutex_unlock(&push->queue_lock);
}

/* Into the registry and to the data plane. The lock is taken before write_lock is let go:
 * no batch that is written later can be sent earlier. */
static void serve_batch(struct push *push, struct push_call *calls, bool records)
{
	pthread_mutex_lock(&push->write_lock);
	struct link_delta *told = push->told[++push->batch % 2];
	const unsigned n = write_batch(push, calls, records, told);
	pthread_mutex_lock(&push->lock);
	pthread_mutex_unlock(&push->write_lock);
	stop_writing(push);
	if (n != 0)
		send_calls(push, calls, told, n);
	pthread_mutex_unlock(&push->lock);
}

/* Serve what waits, for all who wait. With queue_lock, which is let go meanwhile. */
static void serve(struct push *push)
{
	bool records = false;
	struct push_call *calls = take_batch(push, &records);

	push->writing = true;
	pthread_mutex_unlock(&push->queue_lock);
	serve_batch(push, calls, records);
	pthread_mutex_lock(&push->queue_lock);
	for (struct push_call *next; calls != NULL; calls = next) {
		next = calls->next; /* it is its owner's when it is done */
		calls->done = true;
	}
	pthread_cond_broadcast(&push->served);
}

/* Until somebody has served this call. */
static void wait_served(struct push *push, struct push_call *call)
{
	pthread_mutex_lock(&push->queue_lock);
	*push->queue_end = call;
	push->queue_end = &call->next;
	while (!call->done) {
		if (push->writing || call->taken)
			pthread_cond_wait(&push->served, &push->queue_lock);
		else
			serve(push);
	}
	pthread_mutex_unlock(&push->queue_lock);
}

int push_deltas(struct push *push, const struct registry_delta *deltas, unsigned n,
                struct push_answer *answer, struct push_fault *fault)
{
	const uint64_t began = push_now_us();
	struct push_call call = { .deltas = deltas, .n = n };

	bug_if(n == 0 || n > LINK_DELTAS_MAX);
	call.records = adds_records(deltas, n);
	wait_served(push, &call);
	*answer = call.answer;
	if (call.result == 0 && call.needs_image)
		push_image(push, answer);
	answer->total_us = push_now_us() - began;
	if (call.result != 0) {
		fault->at = call.at;
		snprintf(fault->text, sizeof(fault->text), "%s", call.error);
	}
	return call.result;
}
