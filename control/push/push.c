/* SPDX-License-Identifier: Apache-2.0 */
#include "push.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "link_client.h"
#include "say.h"

#define HELLO_MS 2000u
#define STATUS_MS 2000u
#define SANCTION_MS 10000u
#define IMAGE_MS 120000u /* 100 M senders: seconds to check, then one turn of the workers */
#define PAUSE_MIN_MS 100u
#define PAUSE_MAX_MS 1000u
#define PING_MS 1000u
#define RETRY_US \
	(30u * 1000000) /* a refused image costs seconds to build; it may be refused again */

/* A registry that was never written to has this generation; it is never pushed, so
 * that a mistyped --database cannot empty the tables of a running data plane. */
#define GENERATION_NEW 1u

struct push {
	char *database, *link_socket;
	pthread_t thread;

	pthread_mutex_t lock; /* of all up to state_lock; held while asking */
	pthread_cond_t wake;
	bool stop;
	struct link_client *client; /* NULL = away */
	bool met;                   /* some image of this process was pushed */
	uint64_t covered;           /* registry generation that the data plane has in full */
	uint64_t failed;   /* registry generation whose image was refused or not built */
	uint64_t retry_us; /* when to try that one again */
	struct rule_cache rules;

	pthread_mutex_t state_lock; /* of state alone; never held while waiting */
	struct push_state state;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void note(struct push *push, const struct link_message *answer, const char *text)
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
	}
	if (text != NULL && strcmp(text, s->text) != 0) {
		snprintf(s->text, sizeof(s->text), "%s", text);
		if (text[0] != '\0')
			say("push: %s", text);
	}
	pthread_mutex_unlock(&push->state_lock);
}

static void disconnect(struct push *push, const char *why)
{
	link_client_close(push->client);
	push->client = NULL;
	push->covered = 0;
	note(push, NULL, why);
}

/* Results after which the connection cannot be used any more (link_client.h). */
static bool connection_lost(int result)
{
	return result == -ETIMEDOUT || result == -ECONNRESET || result == -EPROTO ||
	       result == -EPIPE || result == -ENOTCONN;
}

static bool connected(struct push *push)
{
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	struct link_message answer;

	if (push->client != NULL)
		return true;
	if (link_client_open(&push->client, push->link_socket, HELLO_MS, &answer, error) != 0) {
		push->client = NULL;
		note(push, NULL, error);
		return false;
	}
	push->covered = 0;
	say("push: connected to the data plane (pid %llu), which has generation %llu",
	    (unsigned long long)answer.pid, (unsigned long long)answer.generation);
	note(push, &answer, "");
	return true;
}

/* Send one built image. */
static int send_image(struct push *push, const struct registry_image *image,
                      struct push_answer *out)
{
	struct link_message answer = { 0 };
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	const int result = link_client_image_fd(push->client, image->fd, image->generation,
	                                        IMAGE_MS, &answer, error);

	out->result = result;
	if (result != 0) {
		snprintf(out->text, sizeof(out->text),
		         "the data plane did not take the image: %s", error);
		if (connection_lost(result))
			disconnect(push, out->text);
		else
			note(push, NULL, out->text);
		return result;
	}
	push->covered = image->generation;
	push->met = true;
	out->workers = answer.workers;
	out->wait_us = answer.elapsed_us;
	snprintf(out->text, sizeof(out->text), "%s", answer.text);
	note(push, &answer, answer.text);
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
	push->retry_us = now_us() + RETRY_US;
}

static void build_failed(struct push *push, struct push_answer *out, int result,
                         const char *error)
{
	push_failed(push, out->generation);
	out->result = result == -ENOTCONN ? -EIO : result;
	snprintf(out->text, sizeof(out->text), "no image could be made: %s", error);
	note(push, NULL, out->text);
}

/* The data plane's generation must be behind ours, or it could not tell what is new. */
static int outgrow(struct push *push, struct registry *registry)
{
	uint64_t ours = 0;
	const uint64_t theirs = push->state.generation;
	const int result = registry_generation(registry, &ours);

	if (result < 0 || theirs == 0 || theirs < ours)
		return result;
	return registry_outgrow(registry, theirs);
}

/* Build and send, with the lock held and a client there. */
static void push_locked(struct push *push, struct push_answer *out)
{
	char error[REGISTRY_IMAGE_ERROR_SIZE] = "";
	struct registry *registry = NULL;
	struct registry_image image;
	int result = registry_open(&registry, push->database);

	if (result == 0)
		result = outgrow(push, registry);
	if (result < 0)
		snprintf(error, sizeof(error), "%s", registry_error(registry));
	else
		result = registry_image_build(&image, registry, &push->rules, error);
	registry_close(registry);
	if (result < 0) {
		build_failed(push, out, result, error);
		return;
	}
	out->generation = image.generation;
	out->accounts = image.accounts;
	out->senders = image.senders;
	out->rules = image.rules;
	out->patterns = image.patterns;
	/* A data plane that was restarted leaves a dead connection: try its new one once. */
	if (connection_lost(send_image(push, &image, out)) && connected(push))
		(void)!send_image(push, &image, out);
	if (out->result != 0 && push->client != NULL)
		push_failed(push, image.generation);
	close(image.fd);
}

static void away(struct push *push, struct push_answer *out)
{
	out->result = -ENOTCONN;
	pthread_mutex_lock(&push->state_lock);
	snprintf(out->text, sizeof(out->text), "%s", push->state.text);
	pthread_mutex_unlock(&push->state_lock);
}

/* The registry's generation now, 0 when it cannot be read (said in the state). */
static uint64_t registry_now(struct push *push)
{
	struct registry *registry = NULL;
	uint64_t generation = 0;
	int result = registry_open(&registry, push->database);

	if (result == 0)
		result = registry_generation(registry, &generation);
	if (result < 0)
		note(push, NULL, registry_error(registry));
	registry_close(registry);
	return result < 0 ? 0 : generation;
}

void push_image(struct push *push, struct push_answer *answer)
{
	const uint64_t began = now_us();

	*answer = (struct push_answer){ 0 };
	pthread_mutex_lock(&push->lock);
	answer->generation = registry_now(push);
	if (!connected(push))
		away(push, answer);
	else if (push->covered != 0 && push->covered >= answer->generation)
		answer->workers =
			push->state.workers; /* another request has pushed it meanwhile */
	else
		push_locked(push, answer);
	pthread_mutex_unlock(&push->lock);
	answer->total_us = now_us() - began;
}

void push_take_rules(struct push *push, uint64_t generation, struct rule_set *set,
                     struct hs_database *database)
{
	pthread_mutex_lock(&push->lock);
	rule_cache_put(&push->rules, generation, set, database);
	pthread_mutex_unlock(&push->lock);
}

static int send_sanction(struct push *push, const struct link_sanction *sanction,
                         struct push_answer *out)
{
	struct link_message answer = { 0 };
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	const int result =
		link_client_sanction(push->client, sanction, SANCTION_MS, &answer, error);

	out->result = result;
	snprintf(out->text, sizeof(out->text), "%s", result == 0 ? answer.text : error);
	out->workers = answer.workers;
	out->wait_us = answer.elapsed_us;
	if (connection_lost(result))
		disconnect(push, error);
	else
		note(push, result == 0 ? &answer : NULL, out->text);
	return result;
}

/*
 * With the lock held, registry written. A connection is only used when it is known to
 * be as new as the registry was before: a data plane that is behind needs the image.
 */
static void enforce(struct push *push, const struct link_sanction *sanction,
                    struct push_answer *out)
{
	if (!connected(push)) {
		away(push, out);
		return;
	}
	if (push->covered != 0) {
		const bool whole = push->covered + 1 == out->generation;
		const int result = send_sanction(push, sanction, out);

		if (result == 0) {
			push->covered = whole ? out->generation : push->covered;
			note(push, NULL, NULL);
			return;
		}
		if (!connected(push)) {
			away(push, out);
			return;
		}
	}
	/* New to us, behind, or its overlay is full: the whole image holds it too. */
	push_locked(push, out);
}

int push_sanction(struct push *push, struct registry *registry, uint32_t op, uint32_t kind,
                  const char *name, struct push_answer *answer)
{
	const uint64_t began = now_us();
	struct link_sanction sanction;

	*answer = (struct push_answer){ 0 };
	pthread_mutex_lock(&push->lock);
	const int result =
		registry_sanction(registry, op, kind, name, &sanction, &answer->generation);
	if (result == 0)
		enforce(push, &sanction, answer);
	pthread_mutex_unlock(&push->lock);
	answer->total_us = now_us() - began;
	return result;
}

/* Once a second: is it still there, and does it have what the registry has? */
static void look_after(struct push *push)
{
	struct link_message answer = { 0 };
	char error[LINK_CLIENT_ERROR_SIZE] = "";
	const uint64_t ours = registry_now(push);
	const int result = link_client_status(push->client, STATUS_MS, &answer, error);

	if (result != 0) {
		disconnect(push, error);
		return;
	}
	note(push, &answer, NULL);
	if (ours <= GENERATION_NEW || push->covered >= ours)
		return;
	if (push->met && push->covered == 0 && answer.generation == ours) {
		push->covered = ours; /* it came back with the image that we once pushed */
		note(push, NULL, NULL);
		return;
	}
	if (push->failed == ours && now_us() < push->retry_us)
		return;
	struct push_answer out = { .generation = ours };
	push_locked(push, &out);
}

static void wait_ms(struct push *push, unsigned ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&push->wake, &push->lock, &until);
}

static void *push_thread(void *context)
{
	struct push *push = context;
	unsigned pause_ms = PAUSE_MIN_MS;

	pthread_mutex_lock(&push->lock);
	while (!push->stop) {
		if (connected(push)) {
			pause_ms = PAUSE_MIN_MS;
			look_after(push);
			if (push->client != NULL)
				wait_ms(push, PING_MS);
			continue;
		}
		wait_ms(push, pause_ms);
		pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
	}
	pthread_mutex_unlock(&push->lock);
	return NULL;
}

int push_open(struct push **out, const char *database, const char *link_socket)
{
	struct push *push = calloc(1, sizeof(*push));
	pthread_condattr_t monotonic;

	if (push == NULL)
		return -ENOMEM;
	push->database = strdup(database);
	push->link_socket = strdup(link_socket);
	pthread_mutex_init(&push->lock, NULL);
	pthread_mutex_init(&push->state_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&push->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	const int result = push->database == NULL || push->link_socket == NULL
	                           ? ENOMEM
	                           : pthread_create(&push->thread, NULL, push_thread, push);
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
	pthread_mutex_lock(&push->lock);
	push->stop = true;
	pthread_cond_broadcast(&push->wake);
	pthread_mutex_unlock(&push->lock);
	pthread_join(push->thread, NULL);
	link_client_close(push->client);
	rule_cache_clear(&push->rules);
	free(push->database);
	free(push->link_socket);
	free(push);
}

void push_state(struct push *push, struct push_state *out)
{
	pthread_mutex_lock(&push->state_lock);
	*out = push->state;
	pthread_mutex_unlock(&push->state_lock);
}
