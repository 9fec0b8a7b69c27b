/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: keep the data plane at what the registry says.
 *
 * A thread connects to the data plane, and comes back with growing pauses whenever it
 * is away. When it is behind (or has no image) it gets the registry's current image.
 * Imports and rules ask for that at once with push_image(); a sanction goes alone, as
 * an overlay, with push_sanction().
 *
 * Order      building and pushing an image, and writing and sending a sanction, hold
 *            one lock: a sanction is either in the snapshot that an image was made
 *            from, or is sent after that image. None is lost between the two.
 * Failures   the data plane is away: said in the answer, and made up for when it is
 *            back. It refuses an image: the old one stays in force, said in the answer
 *            and in push_state().
 * Threads    any.
 */
#ifndef CONTROL_PUSH_H
#define CONTROL_PUSH_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "registry.h"
#include "registry_image.h"

#define PUSH_TEXT_SIZE 600u

struct push;

struct push_answer {
	/* 0: every worker enforces it. -ENOTCONN: the data plane is away. Else why not. */
	int result;
	unsigned workers;
	uint64_t generation; /* of the registry: what was, or will be, pushed */
	uint64_t wait_us;    /* in the data plane: until the last worker had it */
	uint64_t total_us;   /* here, from the request to the answer */
	uint64_t accounts, senders, rules, patterns; /* of an image that was built */
	char text[PUSH_TEXT_SIZE]; /* a sentence when result is not 0, or a warning */
};

struct push_state {
	bool connected;
	uint64_t covered;      /* registry generation that it has in full, sanctions included */
	uint64_t generation;   /* of its image; 0 = none */
	unsigned workers;
	uint64_t pid, uptime_s;
	char text[PUSH_TEXT_SIZE]; /* why it is away, or why the last push failed; or "" */
};

/* The thread starts here. database: path of the registry. */
must_use int push_open(struct push **out, const char *database, const char *link_socket);
void push_close(struct push *push);

/* The registry has changed: push it. Waits until every worker uses it. */
void push_image(struct push *push, struct push_answer *answer);

/* Rules that were just compiled for this generation: saves compiling them again.
 * Owned by push from now on. */
void push_take_rules(struct push *push, uint64_t generation, struct rule_set *set,
                     struct hs_database *database);

/*
 * registry_sanction(), then the data plane. 0: recorded, answer says what the data
 * plane did; else the errno of registry_sanction() with registry_error().
 */
must_use int push_sanction(struct push *push, struct registry *registry, uint32_t op,
                           uint32_t kind, const char *name, struct push_answer *answer);

void push_state(struct push *push, struct push_state *out);

#endif
