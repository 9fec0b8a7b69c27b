/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_drain.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "deadline.h"
#include "report_reader.h"
#include "say.h"

#define BATCH 256u     /* records a transaction */
#define IDLE_MS 100u   /* between looks at empty rings */
#define RETRY_MS 1000u /* after a failure */

struct audit_drain {
	struct audit_store *store;
	char *report_path, *aside_path;
	struct report_reader *reader; /* NULL = not attached */
	bool aside;                   /* it reads what was set aside (report.h) */
	bool no_aside;                /* that is to be left alone */
	pthread_t thread;
	struct audit_record batch[BATCH];

	pthread_mutex_t lock; /* of what is below */
	pthread_cond_t wake;
	bool stop;
	time_t failing_since; /* monotonic seconds, 0 = it works */
	struct audit_drain_state state;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static time_t now_s(void) { return (time_t)(now_us() / 1000000); }

/* failing: storing does not work, as opposed to a report file that is not there yet. */
static void note(struct audit_drain *drain, const char *text, bool failing)
{
	pthread_mutex_lock(&drain->lock);
	if (strcmp(drain->state.text, text) != 0) {
		snprintf(drain->state.text, sizeof(drain->state.text), "%s", text);
		if (text[0] != '\0')
			say("audit: %s", text);
	}
	if (!failing)
		drain->failing_since = 0;
	else if (drain->failing_since == 0)
		drain->failing_since = now_s();
	drain->state.attached = drain->reader != NULL;
	pthread_mutex_unlock(&drain->lock);
}

static void detach(struct audit_drain *drain)
{
	report_reader_close(drain->reader);
	drain->reader = NULL;
	drain->aside = false;
}

/* First to what a data plane with other settings left unread, then to the one there is. */
static bool attach(struct audit_drain *drain)
{
	char error[REPORT_ERROR_SIZE] = "";

	if (drain->reader != NULL)
		return true;
	drain->aside = !drain->no_aside &&
	               report_reader_open(&drain->reader, drain->aside_path, error) == 0;
	if (drain->aside)
		return true;
	if (report_reader_open(&drain->reader, drain->report_path, error) != 0) {
		drain->reader = NULL;
		note(drain, error, false);
		return false;
	}
	note(drain, "", false);
	return true;
}

static void count(struct audit_drain *drain, uint64_t stored, uint64_t waiting)
{
	pthread_mutex_lock(&drain->lock);
	drain->state.stored += stored;
	drain->state.waiting = waiting;
	drain->state.left_out = audit_store_left_out(drain->store);
	load_note(&drain->state.load, drain->reader, now_us());
	pthread_mutex_unlock(&drain->lock);
}

/* One batch of one worker: how many were stored, or negative errno (said). */
static int64_t drain_worker(struct audit_drain *drain, unsigned worker)
{
	char error[AUDIT_ERROR_SIZE] = "";
	uint64_t position = 0;
	const int64_t n =
		report_reader_peek(drain->reader, worker, drain->batch, BATCH, &position);

	if (n <= 0) {
		if (n < 0)
			note(drain, "the positions of a ring in the report file make no sense",
			     true);
		return n;
	}
	const int result = audit_store_put(drain->store, worker, position, drain->batch,
	                                   (unsigned)n, error);
	if (result < 0) {
		note(drain, error, true);
		return result;
	}
	report_reader_commit(drain->reader, worker, (unsigned)n);
	return n;
}

/* A file of which all is stored goes; another took its place, or it is one set aside. What is
 * set aside and makes no sense, or cannot be removed, stays where it is. */
static void change_over(struct audit_drain *drain, int64_t stored, int64_t failure)
{
	if (drain->aside) {
		const bool done = failure == 0 && stored == 0;
		if (!done && failure != -EBADMSG)
			return;
		drain->no_aside = !done || (!report_reader_replaced(drain->reader) &&
		                            unlink(drain->aside_path) != 0);
		detach(drain);
	} else if (failure == 0 && stored == 0 && report_reader_replaced(drain->reader)) {
		detach(drain);
	}
}

/* One turn over all rings: records stored, or negative errno of the first failure. */
static int64_t drain_turn(struct audit_drain *drain)
{
	int64_t stored = 0, failure = 0;
	uint64_t waiting = 0;

	audit_store_tick(drain->store, now_us());
	for (unsigned w = 0; w < report_reader_workers(drain->reader); w++) {
		const int64_t n = drain_worker(drain, w);
		const int64_t left = report_reader_waiting(drain->reader, w);

		stored += n > 0 ? n : 0;
		waiting += left > 0 ? (uint64_t)left : 0;
		if (n < 0 && failure == 0)
			failure = n;
	}
	count(drain, (uint64_t)stored, waiting);
	if (failure == 0)
		note(drain, "", false);
	change_over(drain, stored, failure);
	return failure ? failure : stored;
}

static bool wait_ms(struct audit_drain *drain, unsigned ms)
{
	const struct timespec until = deadline_after(ms);

	pthread_mutex_lock(&drain->lock);
	if (!drain->stop && ms != 0)
		pthread_cond_timedwait(&drain->wake, &drain->lock, &until);
	const bool stop = drain->stop;
	pthread_mutex_unlock(&drain->lock);
	return !stop;
}

static void *drain_thread(void *context)
{
	struct audit_drain *drain = context;
	unsigned pause = 0;

	while (wait_ms(drain, pause)) {
		pause = RETRY_MS;
		if (!attach(drain))
			continue;
		const int64_t n = drain_turn(drain);
		if (n >= 0)
			pause = n > 0 ? 0 : IDLE_MS;
	}
	return NULL;
}

int audit_drain_open(struct audit_drain **out, struct audit_store *store,
                     const char *report_path, uint64_t strangers_a_day)
{
	struct audit_drain *drain = calloc(1, sizeof(*drain));
	pthread_condattr_t monotonic;

	if (drain == NULL)
		return -ENOMEM;
	drain->report_path = strdup(report_path);
	if (asprintf(&drain->aside_path, "%s.old", report_path) < 0)
		drain->aside_path = NULL;
	pthread_mutex_init(&drain->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&drain->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	drain->store = store;
	audit_store_bound(store, strangers_a_day, now_us());
	const int result = drain->report_path == NULL || drain->aside_path == NULL
	                           ? ENOMEM
	                           : pthread_create(&drain->thread, NULL, drain_thread, drain);
	if (result != 0) {
		free(drain->report_path);
		free(drain->aside_path);
		free(drain);
		return -result;
	}
	*out = drain;
	return 0;
}

void audit_drain_close(struct audit_drain *drain)
{
	pthread_mutex_lock(&drain->lock);
	drain->stop = true;
	pthread_cond_broadcast(&drain->wake);
	pthread_mutex_unlock(&drain->lock);
	pthread_join(drain->thread, NULL);
	detach(drain);
	audit_store_close(drain->store);
	free(drain->report_path);
	free(drain->aside_path);
	free(drain);
}

void audit_drain_state(struct audit_drain *drain, struct audit_drain_state *out)
{
	pthread_mutex_lock(&drain->lock);
	*out = drain->state;
	const uint64_t seen = out->load.other_link_us;
	out->other_link_s = out->attached && seen ? (now_us() - seen) / 1000000 + 1 : 0;
	out->failing_s =
		drain->failing_since ? (uint64_t)(now_s() - drain->failing_since) + 1 : 0;
	pthread_mutex_unlock(&drain->lock);
}
