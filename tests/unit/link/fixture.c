/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "image_build.h"
#include "text.h"
#include "verdict.h"

#define SENDER "01012345678"
#define TURN_MS 5

static struct sender_key key_of(const char *digits)
{
	struct sender_key key;

	if (address_key(&key, (const uint8_t *)digits, strlen(digits), 0, 0, 82) != 0)
		fail_msg("%s has no key", digits);
	return key;
}

void *fixture_image(uint64_t generation, size_t *size)
{
	static const uint32_t owner = ACCOUNT;
	char error[IMAGE_BUILD_ERROR_SIZE] = "";
	struct image_build *b = NULL;
	void *octets = NULL;

	assert_int_equal(image_build_open(&b), 0);
	assert_int_equal(
		image_build_account(b, &(struct image_build_account){ .system_id = "acme",
	                                                              .id = ACCOUNT,
	                                                              .state = IMAGE_CERTIFIED,
	                                                              .alphabet = TEXT_GSM7 }),
		0);
	assert_int_equal(
		image_build_sender(b, &(struct image_build_sender){ .key = key_of(SENDER),
	                                                            .state = IMAGE_CERTIFIED,
	                                                            .owners = &owner,
	                                                            .n_owners = 1 }),
		0);
	if (image_build_memory(b, generation, 1, &octets, size, error) != 0)
		fail_msg("%s", error);
	image_build_close(b);
	return octets;
}

static void say(void *arg, const char *sentence)
{
	struct fixture *f = arg;

	pthread_mutex_lock(&f->log_lock);
	const size_t used = strlen(f->log);
	snprintf(f->log + used, sizeof(f->log) - used, "%s\n", sentence);
	pthread_mutex_unlock(&f->log_lock);
}

bool fixture_logged(struct fixture *f, const char *words)
{
	pthread_mutex_lock(&f->log_lock);
	const bool found = strstr(f->log, words) != NULL;
	pthread_mutex_unlock(&f->log_lock);
	return found;
}

void fixture_wait_log(struct fixture *f, const char *words)
{
	for (unsigned ms = 0; ms < TIMEOUT_MS && !fixture_logged(f, words); ms++)
		usleep(1000);
	if (!fixture_logged(f, words))
		fail_msg("never said \"%s\", but:\n%s", words, f->log);
}

static void *run_link(void *arg)
{
	struct fixture *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		if (link_turn(f->server, TURN_MS) < 0)
			abort();
	return NULL;
}

static void decide(struct fixture_worker *w, const struct tables *tables)
{
	const struct sender_key key = key_of(SENDER);
	const uint32_t now = (uint32_t)time(NULL);
	const struct image_sender *sender;
	const uint32_t row = image_account_row(tables->image, (const uint8_t *)"acme", 4);

	sender_set_find(&tables->image->senders, &key, 1, &sender);
	__atomic_store_n(&w->account_reason, tables_account_reason(tables, row, now),
	                 __ATOMIC_RELAXED);
	__atomic_store_n(&w->sender_reason,
	                 tables_sender_reason(tables, &key, sender, row, now),
	                 __ATOMIC_RELAXED);
	__atomic_store_n(&w->generation, tables->image->header->generation, __ATOMIC_RELAXED);
}

/* One turn, as a worker takes it: the pointer once, and a quiescent state at the end. */
static void turn(struct fixture_worker *w)
{
	struct fixture *f = w->fixture;
	const uint32_t expect = __atomic_load_n(&f->expect, __ATOMIC_ACQUIRE);
	const struct tables *tables = publish_load(f->publish);

	if (tables != NULL)
		decide(w, tables);
	if (expect != 0 && (tables == NULL || w->account_reason != expect - 1))
		__atomic_add_fetch(&w->late, 1, __ATOMIC_RELAXED);
	publish_quiescent(f->publish, w->number);
	__atomic_add_fetch(&w->turns, 1, __ATOMIC_RELEASE);
}

static void *run_worker(void *arg)
{
	struct fixture_worker *w = arg;
	struct fixture *f = w->fixture;

	publish_online(f->publish, w->number);
	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		turn(w);
		if (w->turns % 16 == 0) { /* idle: sleep as an adaptive worker does */
			publish_offline(f->publish, w->number);
			usleep(100);
			publish_online(f->publish, w->number);
		} else {
			sched_yield();
		}
	}
	publish_offline(f->publish, w->number);
	return NULL;
}

void fixture_make(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->log_lock, NULL);
	strcpy(f->folder, "/tmp/sluice-test-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->socket, sizeof(f->socket), "%s/socket", f->folder);
	snprintf(f->image, sizeof(f->image), "%s/image", f->folder);
	snprintf(f->journal, sizeof(f->journal), "%s.deltas", f->image);
}

void fixture_start(struct fixture *f)
{
	const struct link_params params = { .socket_path = f->socket,
		                            .image_file = f->image,
		                            .image_key = f->image_key,
		                            .n_workers = N_WORKERS,
		                            .say = say,
		                            .arg = f };
	char error[LINK_ERROR_SIZE];

	f->log[0] = '\0';
	f->expect = 0;
	f->stop = false;
	assert_int_equal(publish_open(&f->publish, N_WORKERS), 0);
	if (link_open(&f->server, &params, f->publish, error) != 0)
		fail_msg("%s", error);
	pthread_create(&f->link_thread, NULL, run_link, f);
	for (unsigned i = 0; i < N_WORKERS; i++) {
		f->workers[i] = (struct fixture_worker){ .fixture = f, .number = i };
		pthread_create(&f->workers[i].thread, NULL, run_worker, &f->workers[i]);
	}
	f->running = true;
	fixture_let_turn(f);
}

void fixture_stop(struct fixture *f)
{
	if (!f->running)
		return;
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	/* Workers last: a swap that is under way waits for them. */
	pthread_join(f->link_thread, NULL);
	for (unsigned i = 0; i < N_WORKERS; i++)
		pthread_join(f->workers[i].thread, NULL);
	link_close(f->server);
	publish_close(f->publish);
	f->running = false;
}

void fixture_free(struct fixture *f)
{
	fixture_stop(f);
	unlink(f->image);
	unlink(f->journal);
	assert_int_equal(rmdir(f->folder), 0); /* no temporary file, no socket left */
	pthread_mutex_destroy(&f->log_lock);
}

void fixture_expect(struct fixture *f, unsigned reason)
{
	__atomic_store_n(&f->expect, reason + 1, __ATOMIC_RELEASE);
}

void fixture_expect_any(struct fixture *f)
{
	__atomic_store_n(&f->expect, 0, __ATOMIC_RELEASE);
}

void fixture_let_turn(struct fixture *f)
{
	for (unsigned i = 0; i < N_WORKERS; i++) {
		struct fixture_worker *w = &f->workers[i];
		const uint64_t until = __atomic_load_n(&w->turns, __ATOMIC_ACQUIRE) + 3;

		while (__atomic_load_n(&w->turns, __ATOMIC_ACQUIRE) < until)
			usleep(100);
	}
}

struct link_client *fixture_connect(struct fixture *f)
{
	char error[LINK_CLIENT_ERROR_SIZE];
	struct link_client *client = NULL;

	if (link_client_open(&client, f->socket, TIMEOUT_MS, NULL, error) != 0)
		fail_msg("%s", error);
	return client;
}

const char *fixture_push(struct link_client *client, uint64_t generation)
{
	static struct link_message answer;
	char error[LINK_CLIENT_ERROR_SIZE];
	size_t size;
	void *image = fixture_image(generation, &size);

	const int rc =
		link_client_image(client, image, size, generation, TIMEOUT_MS, &answer, error);
	free(image);
	if (rc != 0)
		fail_msg("%s", error);
	assert_int_equal(answer.generation, generation);
	assert_int_equal(answer.workers, N_WORKERS);
	return answer.text;
}

static uint64_t next_generation(void)
{
	static uint64_t next = FIRST_DELTA;

	return next++;
}

struct link_delta fixture_account(enum link_delta_op op, const char *system_id)
{
	struct link_delta d = { .generation = next_generation(),
		                .op = (uint8_t)op,
		                .kind = LINK_ACCOUNT };

	memcpy(d.key.octets + 1, system_id, strlen(system_id));
	return d;
}

struct link_delta fixture_sender(enum link_delta_op op, const char *digits)
{
	return (struct link_delta){ .generation = next_generation(),
		                    .op = (uint8_t)op,
		                    .kind = LINK_SENDER,
		                    .key = key_of(digits) };
}

int fixture_delta(struct link_client *client, const struct link_delta *delta,
                  struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE])
{
	return link_client_deltas(client, delta, 1, TIMEOUT_MS, answer, error);
}
