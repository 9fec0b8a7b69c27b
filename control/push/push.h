/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: keep the data plane at what the registry says.
 *
 * A thread connects to the data plane, and comes back with growing pauses whenever it
 * is away. When it is behind (or has no image) it gets the registry's current image.
 * Imports and rules ask for that at once with push_image(); deltas go alone, as an
 * overlay, with push_deltas(), and are folded into the next image. When they fill half of
 * what the data plane has room for, the thread makes that image by itself.
 *
 * Order      deltas are sent in the order in which the registry wrote them, a batch at a
 *            time; the next batch is written meanwhile. The snapshot that an image is made
 *            from is taken when all that is written was sent as well. So a delta either
 *            reached the data plane before the image of a snapshot that holds it, which
 *            then takes it over; or it has a later generation, and then the data plane
 *            keeps it over that image. Never does one come that the image in force holds
 *            already: the data plane would refuse it as stale. Building and sending an
 *            image takes seconds and holds up no delta.
 * Failures   the data plane is away: said in the answer, and made up for when it is
 *            back. It refuses an image: the old one stays in force, said in the answer
 *            and in push_state(). It has no room for a delta: the call waits for the
 *            image that holds it.
 * Threads    any.
 */
#ifndef CONTROL_PUSH_H
#define CONTROL_PUSH_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "rule_compile.h"
#include "registry.h"
#include "registry_delta.h"
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
	uint64_t build_us;                           /* of it */
	char text[PUSH_TEXT_SIZE]; /* a sentence when result is not 0, or a warning */
};

struct push_state {
	bool connected;
	uint64_t covered;    /* registry generation that it has in full, sanctions included */
	uint64_t generation; /* of its image; 0 = none */
	unsigned workers;
	uint64_t pid, uptime_s;
	uint64_t instance; /* as struct link_message */
	uint64_t seen; /* latest generation in force there, of an image or a delta */
	uint32_t overlay_used, overlay_max, overlay_full; /* as struct link_message */
	bool draining;
	char text[PUSH_TEXT_SIZE]; /* why it is away, or why the last push failed; or "" */
};

/* The thread starts here. database: path of the registry. key: signs the images, and
 * outlives push; NULL: they are not signed. */
must_use int push_open(struct push **out, const char *database, const char *link_socket,
                       const struct signing_key *key);
void push_close(struct push *push);

/* The registry has changed: push it. Waits until every worker uses it. */
void push_image(struct push *push, struct push_answer *answer);

/* Rules that were just compiled for this generation: saves compiling them again.
 * Owned by push from now on. */
void push_take_rules(struct push *push, uint64_t generation, struct rule_set *set,
                     struct rule_program program);

struct push_fault {
	unsigned at; /* which of the deltas, from 0 */
	char text[PUSH_TEXT_SIZE];
};

/*
 * 1 to LINK_DELTAS_MAX deltas into the registry, all or none, then to the data plane. 0:
 * they are durable, and answer says what the data plane did; else the errno of
 * registry_delta.h, with *fault, and nothing was changed.
 */
must_use int push_deltas(struct push *push, const struct registry_delta *deltas, unsigned n,
                         struct push_answer *answer, struct push_fault *fault);

/* Screen nothing new, or screen again: told to the data plane, not recorded. answer as of
 * push_image(), -ENOTCONN when it is away. */
void push_drain(struct push *push, bool on, struct push_answer *answer);

void push_state(struct push *push, struct push_state *out);

#endif
