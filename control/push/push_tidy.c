/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_tidy: what deltas have written to the registry's log is carried into its database,
 * once a second, so that no call waits for that; also while an image is made.
 */
#include "background.h"
#include "deadline.h"
#include "push_priv.h"

#define TIDY_MS 1000u

void push_wait(struct push *push, unsigned ms)
{
	const struct timespec until = deadline_after(ms);

	pthread_cond_timedwait(&push->wake, &push->lock, &until);
}

/* Room in the log that deltas write, for which no call waits longer than a step. */
static void make_room(struct push *push, struct registry *registry)
{
	int more = 1;

	for (unsigned steps = 0; more == 1; steps++) {
		if (steps != 0)
			registry_log_flush(registry);
		pthread_mutex_lock(&push->write_lock);
		const int64_t used =
			push->registry == NULL ? 0 : registry_log_used(push->registry);
		more = registry_log_room(registry, used);
		pthread_mutex_unlock(&push->write_lock);
	}
}

struct carrying {
	struct registry *registry;
	int result;
};

static void carry(void *arg)
{
	struct carrying *c = arg;

	c->result = registry_checkpoint(c->registry);
}

static void checkpoint(struct push *push, struct registry *registry)
{
	struct carrying c = { .registry = registry };

	/* It holds up nobody, so whoever needs the core goes first. */
	background_run("checkpoint", carry, &c);
	if (c.result != 1)
		return;
	pthread_mutex_lock(&push->write_lock);
	(void)!registry_restart_log(registry);
	pthread_mutex_unlock(&push->write_lock);
}

/* A failure is made up for the next time. */
static void tidy(struct push *push, struct registry **registry)
{
	if (*registry != NULL)
		make_room(push, *registry);
	else if (registry_open(registry, push->database) != 0) {
		registry_close(*registry);
		*registry = NULL;
	}
	if (*registry != NULL)
		checkpoint(push, *registry);
}

void *push_tidy(void *context)
{
	struct push *push = context;
	struct registry *registry = NULL;

	pthread_mutex_lock(&push->lock);
	while (!push->stop) {
		pthread_mutex_unlock(&push->lock);
		tidy(push, &registry);
		pthread_mutex_lock(&push->lock);
		if (!push->stop)
			push_wait(push, TIDY_MS);
	}
	pthread_mutex_unlock(&push->lock);
	registry_close(registry);
	return NULL;
}
