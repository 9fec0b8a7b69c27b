/* SPDX-License-Identifier: Apache-2.0 */
#include "push.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "push_priv.h"
#include "say.h"

#define HELLO_MS 2000u
#define STATUS_MS 2000u
#define IMAGE_MS 120000u /* 100 M senders: seconds to check, then one turn of the workers */
#define PAUSE_MIN_MS 100u
#define PAUSE_MAX_MS 1000u
#define PING_MS 1000u
#define RETRY_US 30000000u /* a refused image costs seconds, and may be refused again */
/* A registry that was never written to has this generation; it is never pushed, so
 * that a mistyped --database cannot empty the tables of a running data plane. */
#define GENERATION_NEW 1u

uint64_t push_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Both write_lock and lock: nothing is written that was not sent. */
static void enter(struct push *push)
{
	pthread_mutex_lock(&push->write_lock);
	pthread_mutex_lock(&push->lock);
}

static void leave(struct push *push)
{
	pthread_mutex_unlock(&push->lock);
	pthread_mutex_unlock(&push->write_lock);
}

void push_disconnect(struct push *push, const char *why)
{
	link_client_close(push->client);
	push->client = NULL;
	push->covered = 0;
	push_note(push, NULL, why);
}

bool push_connection_lost(int result)
{
	return result == -ETIMEDOUT || result == -ECONNRESET || result == -EPROTO ||
	       result == -EPIPE || result == -ENOTCONN;
}

bool push_connected(struct push *push)
{
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	struct link_message answer;

	if (push->client != NULL)
		return true;
	if (link_client_open(&push->client, push->link_socket, HELLO_MS, &answer, error) != 0) {
		push->client = NULL;
		push_note(push, NULL, error);
		return false;
	}
	push->covered = 0;
	say("push: connected to the data plane (pid %llu), which has generation %llu",
	    (unsigned long long)answer.pid, (unsigned long long)answer.generation);
	push_note(push, &answer, "");
	return true;
}

/* Send one built image over the connection there is, without the locks; with them before
 * and after. */
static int send_image(struct push *push, const struct registry_image *image, bool leisure,
                      struct push_answer *out)
{
	struct link_message answer = { 0 };
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	struct link_client *client = link_client_keep(push->client);

	leave(push);
	const int result = link_client_image_fd(client, image->fd, image->generation, leisure,
	                                        IMAGE_MS, &answer, error);
	enter(push);
	const bool same = push->client == client;
	link_client_close(client);
	out->result = result;
	if (result != 0) {
		snprintf(out->text, sizeof(out->text),
		         "the data plane did not take the image: %s", error);
		if (same && push_connection_lost(result))
			push_disconnect(push, out->text);
		else
			push_note(push, NULL, out->text);
		return result;
	}
	out->workers = answer.workers;
	out->wait_us = answer.elapsed_us;
	snprintf(out->text, sizeof(out->text), "%s", answer.text);
	if (!same) /* what came after it is not known: look_after() finds out */
		return 0;
	/* Deltas that were sent since its snapshot are in force too. */
	push->covered = image->generation;
	if (push->run_start <= image->generation && push->run_end > image->generation)
		push->covered = push->run_end;
	push->met = true;
	push->pushed = image->generation;
	push_note(push, &answer, answer.text);
	say("push: generation %llu (%llu accounts, %llu senders, %llu rules) is in force in %u "
	    "workers",
	    (unsigned long long)image->generation, (unsigned long long)image->accounts,
	    (unsigned long long)image->senders, (unsigned long long)image->rules,
	    answer.workers);
	return 0;
}

static void push_failed(struct push *push, uint64_t generation)
{
	push->failed = generation;
	push->retry_us = push_now_us() + RETRY_US;
}

/* -ENOTCONN would say that the data plane is away. */
static void cannot_be_made(struct push_answer *out, int result, const char *error)
{
	out->result = result == -ENOTCONN ? -EIO : result;
	snprintf(out->text, sizeof(out->text), "no image could be made: %s", error);
}

static void build_failed(struct push *push, struct push_answer *out, int result,
                         const char *error)
{
	push_failed(push, out->generation);
	cannot_be_made(out, result, error);
	push_note(push, NULL, out->text);
}

/* What the data plane has seen must be behind ours, or it could not tell what is new: a
 * registry that was restored from a backup is. */
static int outgrow(struct push *push, struct registry *registry)
{
	const struct push_state *s = &push->state;
	const uint64_t theirs = s->seen > s->generation ? s->seen : s->generation;
	uint64_t ours = 0;
	const int result = registry_generation(registry, &ours);

	if (result < 0 || theirs < ours || (theirs == ours && push->covered == ours))
		return result;
	return theirs == 0 ? 0 : registry_outgrow(registry, theirs);
}

/* The registry as it is now, to be built without the locks. */
static int take_snapshot(struct push *push, struct registry *registry, char *error)
{
	uint64_t generation = 0;
	int result = outgrow(push, registry);

	if (result == 0)
		result = registry_snapshot(registry, &generation);
	if (result < 0)
		snprintf(error, REGISTRY_IMAGE_ERROR_SIZE, "%s", registry_error(registry));
	return result;
}

struct building {
	struct registry *registry;
	struct image_cache *images;
	struct registry_image *image;
	char *error;
	int result;
};

static void build(void *arg)
{
	struct building *b = arg;

	b->result = registry_image_build(b->image, b->registry, b->images, b->error);
}

static void build_and_send(struct push *push, struct registry *registry, bool leisure,
                           struct push_answer *out)
{
	const uint64_t began = push_now_us();
	char error[REGISTRY_IMAGE_ERROR_SIZE] = "";
	struct registry_image image = { 0 };
	struct building b = {
		.registry = registry, .images = &push->images, .image = &image, .error = error
	};
	int result = take_snapshot(push, registry, error);

	if (result == 0) {
		push->fold = false;
		leave(push);
		if (leisure)
			background_run("fold", build, &b);
		else
			build(&b);
		result = b.result;
		enter(push);
	}
	if (result < 0) {
		build_failed(push, out, result, error);
		return;
	}
	out->build_us = push_now_us() - began;
	out->generation = image.generation;
	out->accounts = image.accounts;
	out->senders = image.senders;
	out->rules = image.rules;
	out->patterns = image.patterns;
	out->result = -ENOTCONN;
	/* A data plane that was restarted leaves a dead connection: try its new one once. */
	for (unsigned i = 0; i < 2 && push_connected(push); i++)
		if (!push_connection_lost(send_image(push, &image, leisure, out)))
			break;
	if (out->result == 0)
		push->last = *out;
	if (out->result == -ENOTCONN)
		push_away(push, out);
	else if (out->result != 0 && push->client != NULL)
		push_failed(push, image.generation);
	close(image.fd);
}

/* The image of the registry, which was opened for this alone. With image_lock, with both locks
 * (let go in between), and a client there. leisure: nobody waits for it. */
static void push_locked(struct push *push, struct registry *registry, bool leisure,
                        struct push_answer *out)
{
	push->making = true;
	build_and_send(push, registry, leisure, out);
	push->making = false;
}

/* 0, or its generation cannot be read: said in the state and in the answer. With the lock. */
static int read_generation(struct push *push, struct registry *registry,
                           struct push_answer *out)
{
	const int result = registry_generation(registry, &out->generation);

	if (result < 0) {
		cannot_be_made(out, result, registry_error(registry));
		push_note(push, NULL, out->text);
	}
	return result;
}

/* The registry for an image, opened before any lock is taken. NULL: said in the state, and
 * why no image comes in the answer. */
static struct registry *open_registry(struct push *push, struct push_answer *out)
{
	struct registry *registry = NULL;

	const int result = registry_open(&registry, push->database);
	if (result == 0)
		return registry;
	cannot_be_made(out, result, registry_error(registry));
	push_say(push, registry_error(registry));
	registry_close(registry);
	return NULL;
}

/* Another request, or the thread, was faster: what its image was like. */
static void already_pushed(const struct push *push, struct push_answer *answer)
{
	const uint64_t generation = answer->generation;

	if (push->last.generation >= generation)
		*answer = push->last;
	answer->generation = generation;
	answer->workers = push->state.workers;
}

/* With image_lock and both locks. */
static void bring(struct push *push, struct registry *registry, struct push_answer *answer)
{
	if (read_generation(push, registry, answer) < 0)
		return;
	if (!push_connected(push))
		push_away(push, answer);
	else if (push->covered != 0 && push->covered >= answer->generation)
		already_pushed(push, answer);
	else
		push_locked(push, registry, false, answer);
}

void push_image(struct push *push, struct push_answer *answer)
{
	const uint64_t began = push_now_us();

	*answer = (struct push_answer){ 0 };
	struct registry *registry = open_registry(push, answer);
	if (registry == NULL)
		return;
	pthread_mutex_lock(&push->image_lock);
	enter(push);
	bring(push, registry, answer);
	leave(push);
	pthread_mutex_unlock(&push->image_lock);
	registry_close(registry);
	answer->total_us = push_now_us() - began;
}

void push_take_rules(struct push *push, uint64_t generation, struct rule_set *set,
                     struct rule_program program)
{
	pthread_mutex_lock(&push->image_lock);
	rule_cache_put(&push->images.rules, generation, set, program);
	pthread_mutex_unlock(&push->image_lock);
}

/* Once a second, with both locks: is it still there, and does it have what the registry has?
 * true: it needs an image. */
static bool is_behind(struct push *push, struct registry *registry)
{
	struct link_message answer = { 0 };
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	struct push_answer unasked = { 0 };
	/* Of a connection that is there: deltas wait meanwhile. */
	const bool known = read_generation(push, registry, &unasked) == 0;
	const uint64_t ours = unasked.generation;
	const int result = link_client_status(push->client, STATUS_MS, &answer, error);

	if (result != 0) {
		push_disconnect(push, error);
		return false;
	}
	push_note(push, &answer, NULL);
	if (!known || ours <= GENERATION_NEW)
		return false;
	if (push->covered >= ours)
		return push->fold;
	/* It came back with the image that we once pushed and all deltas since. */
	if (push->met && push->covered == 0 && answer.generation == push->pushed &&
	    answer.seen == ours) {
		push->covered = ours;
		push_note(push, NULL, NULL);
		return false;
	}
	return push->failed != ours || push_now_us() >= push->retry_us;
}

/* With both locks, which are let go to take all three in their order. */
static void catch_up(struct push *push)
{
	struct push_answer out = { 0 };

	leave(push);
	struct registry *registry = open_registry(push, &out);
	pthread_mutex_lock(&push->image_lock);
	enter(push);
	if (registry != NULL && read_generation(push, registry, &out) == 0) {
		const bool behind = push->covered < out.generation;
		if (!push->stop && (behind || push->fold) && push_connected(push))
			push_locked(push, registry, !behind, &out);
	}
	leave(push);
	pthread_mutex_unlock(&push->image_lock);
	registry_close(registry);
	enter(push);
}

/* With both locks, which are let go. */
static void wait_ms(struct push *push, unsigned ms)
{
	pthread_mutex_unlock(&push->write_lock);
	push_wait(push, ms);
	pthread_mutex_unlock(&push->lock);
	enter(push);
}

static void *push_thread(void *context)
{
	struct push *push = context;
	struct registry *registry = NULL;
	struct push_answer unasked;
	unsigned pause_ms = PAUSE_MIN_MS;

	enter(push);
	while (!push->stop) {
		if (registry == NULL) {
			leave(push);
			registry = open_registry(push, &unasked);
			enter(push);
		}
		if (registry != NULL && push_connected(push)) {
			pause_ms = PAUSE_MIN_MS;
			if (is_behind(push, registry))
				catch_up(push);
			if (push->client != NULL && !push->stop)
				wait_ms(push, PING_MS);
			continue;
		}
		wait_ms(push, pause_ms);
		pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
	}
	leave(push);
	registry_close(registry);
	return NULL;
}

/* Both threads; waits for the tidier. */
static void stop(struct push *push)
{
	pthread_mutex_lock(&push->lock);
	push->stop = true;
	pthread_cond_broadcast(&push->wake);
	pthread_mutex_unlock(&push->lock);
	pthread_join(push->tidier, NULL);
}

int push_open(struct push **out, const char *database, const char *link_socket,
              const struct signing_key *key)
{
	struct push *push = calloc(1, sizeof(*push));
	pthread_condattr_t monotonic;

	if (push == NULL)
		return -ENOMEM;
	push->database = strdup(database);
	push->link_socket = strdup(link_socket);
	push->queue_end = &push->queue;
	push->images.key = key;
	pthread_mutex_init(&push->image_lock, NULL);
	pthread_mutex_init(&push->write_lock, NULL);
	pthread_mutex_init(&push->lock, NULL);
	pthread_mutex_init(&push->queue_lock, NULL);
	pthread_cond_init(&push->served, NULL);
	pthread_mutex_init(&push->state_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&push->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	int result = push->database == NULL || push->link_socket == NULL
	                     ? ENOMEM
	                     : pthread_create(&push->tidier, NULL, push_tidy, push);
	if (result == 0) {
		result = pthread_create(&push->thread, NULL, push_thread, push);
		if (result != 0)
			stop(push);
	}
	if (result != 0) {
		free(push->database);
		free(push->link_socket);
		free(push);
		return -result;
	}
	*out = push;
	return 0;
}

void push_close(struct push *push)
{
	stop(push);
	pthread_join(push->thread, NULL);
	link_client_close(push->client);
	registry_close(push->registry);
	image_cache_clear(&push->images);
	free(push->database);
	free(push->link_socket);
	free(push);
}
