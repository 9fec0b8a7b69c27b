/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_priv: the inside of push, for push.c (images), push_deltas.c, push_state.c and others.
 *
 * Locks are taken in the order image_lock, write_lock, lock, state_lock.
 */
#ifndef CONTROL_PUSH_PRIV_H
#define CONTROL_PUSH_PRIV_H
#include <pthread.h>

#include "link_client.h"
#include "push.h"

struct push {
	char *database, *link_socket;
	pthread_t thread, tidier;

	/* Held from the moment an image is begun until it is in force, seconds: of images. */
	pthread_mutex_t image_lock;
	struct image_cache images;

	/*
	 * Held while deltas are written, and given back only after lock was taken to send
	 * them: batches are sent in the order in which they were written, and the next one
	 * is written while one is on its way. Who holds both (enter() of push.c) finds that all
	 * that is written was sent: so is an image's snapshot of the registry taken, and so
	 * is the registry's generation compared with what the data plane has. Of registry,
	 * batch, told.
	 */
	pthread_mutex_t write_lock;
	struct registry *registry; /* of deltas; NULL until the first */
	unsigned batch;            /* counts: the latest wrote told[batch % 2] */
	/* The one before may still be on its way, the one before that no longer. */
	struct link_delta told[2][LINK_DELTAS_MAX];

	/* Held while anything but an image is on its way. Of all up to queue. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop, fold;            /* fold: the overlay asks for an image */
	bool making;                /* one is being made or sent: it takes the overlay in */
	struct link_client *client; /* NULL = away */
	struct push_answer last;    /* the latest image that came in force */
	bool met;                   /* some image of this process was pushed */
	uint64_t pushed;            /* generation of that image */
	uint64_t covered;           /* registry generation that the data plane has in full */
	/* Deltas run_start + 1 to run_end were all sent and taken, whatever came before. */
	uint64_t run_start, run_end;
	uint64_t failed;   /* registry generation whose image was refused or not built */
	uint64_t retry_us; /* when to try that one again */

	/* Never held while waiting, but for served; no other is taken under it. */
	pthread_mutex_t queue_lock;
	pthread_cond_t served; /* some calls are done, or nobody writes */
	bool writing;          /* somebody takes calls off the queue and writes them */
	struct push_call *queue, **queue_end;

	pthread_mutex_t state_lock; /* of state alone; never held while waiting */
	struct push_state state;
};

uint64_t push_now_us(void);

/* Into the state a sentence alone. */
void push_say(struct push *push, const char *text);

/* All with the lock. */
/* Into the state: whether the data plane is there, what an answer (NULL: none) of it says, and
 * a sentence (NULL: as it was). */
void push_note(struct push *push, const struct link_message *answer, const char *text);
bool push_connected(struct push *push); /* or just now connected */
void push_disconnect(struct push *push, const char *why);
void push_away(struct push *push, struct push_answer *out);

/* With the lock alone, which is let go: until there is something to do, at most ms. */
void push_wait(struct push *push, unsigned ms);

/* The tidier's thread (push_tidy.c), until push->stop. */
void *push_tidy(void *push);

/* Results after which the connection cannot be used any more (link_client.h). */
bool push_connection_lost(int result);

#endif
