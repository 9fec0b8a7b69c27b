/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture: a real link server in a thread of its own, with workers that look into the
 * tables turn after turn, and images from the builder that control uses.
 *
 * The image of generation g has account 7 ("acme", certified) and the sender 01012345678
 * of it. Each worker decides about both every turn, as a screening stage would.
 */
#ifndef TEST_LINK_FIXTURE_H
#define TEST_LINK_FIXTURE_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>

#include "link.h"
#include "link_client.h"
#include "publish.h"

#define N_WORKERS 2u
#define ACCOUNT 7u
#define TIMEOUT_MS 10000u

/* What a running worker wrote last. */
#define SEEN(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

struct fixture_worker {
	struct fixture *fixture;
	unsigned number;
	uint64_t turns;
	uint64_t generation;                    /* last seen; 0 none */
	unsigned account_reason, sender_reason; /* enum reason, last decided */
	/* Turns that began after fixture_expect() and decided otherwise. */
	uint64_t late;
	pthread_t thread;
};

struct fixture {
	char folder[64], socket[96], image[96], journal[112];
	const char *image_key; /* set it before fixture_start(); NULL = none */
	struct publish *publish;
	struct link_server *server;
	struct fixture_worker workers[N_WORKERS];
	pthread_t link_thread;
	bool stop, running;
	uint32_t expect; /* 1 + reason that account 7 must meet from now on; 0 any */
	pthread_mutex_t log_lock;
	char log[16384]; /* every sentence of the server, a line each */
};

void fixture_make(struct fixture *f);
void fixture_free(struct fixture *f);

/* Open the server over the folder as it is, and run it and its workers; stop both. */
void fixture_start(struct fixture *f);
void fixture_stop(struct fixture *f);

/* From now on account 7 meets this reason in every turn that begins. */
void fixture_expect(struct fixture *f, unsigned reason);
void fixture_expect_any(struct fixture *f);
/* Let each worker do some whole turns. */
void fixture_let_turn(struct fixture *f);
bool fixture_logged(struct fixture *f, const char *words);
/* fixture_logged() becomes true within TIMEOUT_MS. */
void fixture_wait_log(struct fixture *f, const char *words);

/* Octets of an image, to be freed. */
void *fixture_image(uint64_t generation, size_t *size);
struct link_client *fixture_connect(struct fixture *f);
/* Push generation and fail unless it is accepted; returns the answer's text. */
const char *fixture_push(struct link_client *client, uint64_t generation);
/* Each has a generation of its own, from FIRST_DELTA on. */
#define FIRST_DELTA 100u
struct link_delta fixture_account(enum link_delta_op op, const char *system_id);
struct link_delta fixture_sender(enum link_delta_op op, const char *digits);
/* 0, or what link_client_deltas() said. */
must_use int fixture_delta(struct link_client *client, const struct link_delta *delta,
                           struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE]);

#endif
