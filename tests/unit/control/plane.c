/* SPDX-License-Identifier: Apache-2.0 */
#include "plane.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "address.h"
#include "link.h"
#include "publish.h"

#define WORKERS 2

static struct publish *publish;
static struct link_server *server;
static pthread_t thread, workers[WORKERS];
static pthread_mutex_t turning = PTHREAD_MUTEX_INITIALIZER; /* see in_force() */
static bool stop;

static void *serve(void *unused)
{
	(void)unused;
	for (int rc = 0; rc >= 0 && !__atomic_load_n(&stop, __ATOMIC_RELAXED); usleep(100)) {
		pthread_mutex_lock(&turning);
		rc = link_turn(server, 5);
		pthread_mutex_unlock(&turning);
	}
	return NULL;
}

/* A worker's part in publishing: a turn is over every millisecond. */
static void *work(void *number)
{
	const unsigned worker = *(const unsigned *)number;

	publish_online(publish, worker);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		publish_load(publish);
		usleep(1000);
		publish_quiescent(publish, worker);
	}
	publish_offline(publish, worker);
	return NULL;
}

void data_plane_start(const char *folder)
{
	static unsigned numbers[WORKERS] = { 0, 1 };
	static char socket_path[160], image_path[160];
	char error[LINK_ERROR_SIZE] = "";

	snprintf(socket_path, sizeof(socket_path), "%s/dp.sock", folder);
	snprintf(image_path, sizeof(image_path), "%s/last.image", folder);
	const struct link_params params = { .socket_path = socket_path,
		                            .image_file = image_path,
		                            .instance = PLANE_INSTANCE,
		                            .n_workers = WORKERS };
	stop = false;
	assert_int_equal(publish_open(&publish, WORKERS), 0);
	assert_int_equal(link_open(&server, &params, publish, error), 0);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, work, &numbers[i]), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
}

void data_plane_stop(void)
{
	if (server == NULL)
		return;
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	link_close(server);
	publish_close(publish);
	server = NULL;
	publish = NULL;
}

/* What the tables in force say of this sender in the hands of this account. */
static unsigned reason_in_force(const char *system_id, const char *address)
{
	const struct tables *t = publish_current(publish);
	const struct image_sender *found = NULL;
	struct sender_key key;

	assert_non_null(t);
	const uint32_t row =
		tables_account_row(t, (const uint8_t *)system_id, strlen(system_id));
	const unsigned reason = tables_account_reason(t, row, (uint32_t)time(NULL));
	if (reason != REASON_PASS)
		return reason;
	assert_int_equal(address_key(&key, (const uint8_t *)address, strlen(address), 0, 0, 82),
	                 0);
	sender_set_find(&t->image->senders, &key, 1, &found);
	return tables_sender_reason(t, &key, found, row, (uint32_t)time(NULL));
}

/* The test is no worker: it looks while the link thread cannot swap the tables away. */
struct plane_state in_force(void)
{
	struct plane_state state = { 0 };

	pthread_mutex_lock(&turning);
	const struct tables *t = publish_current(publish);
	if (t != NULL)
		state = (struct plane_state){ .there = true,
			                      .generation = t->image->header->generation,
			                      .rules = t->image->n_rules,
			                      .rules_version = t->image->policy->rules_version,
			                      .overlay_used = tables_overlay_used(t) };
	pthread_mutex_unlock(&turning);
	return state;
}

unsigned reason_of(const char *system_id, const char *address)
{
	pthread_mutex_lock(&turning);
	const unsigned reason = reason_in_force(system_id, address);
	pthread_mutex_unlock(&turning);
	return reason;
}
