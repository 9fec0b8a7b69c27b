/* SPDX-License-Identifier: Apache-2.0 */
/*
 * door: who may be connected to the API, and who gives way.
 *
 * A connection holds a thread, so there are at most DOOR_MAX. A user who is neither root nor
 * our own has at most DOOR_SHARE of them, all such users DOOR_OTHERS: root and the owner find
 * room whatever others do. Where a bound is reached, one that waits for its client gives way
 * to the new one: of the same user, or, of all, of the user who has most; the one that has
 * been longest without a whole head, an octet of a body or an answer. What is being answered
 * never does: where only such are left, the new one is told so (503).
 *
 * Threads  one that accepts; whatever else is called from those of connections.
 */
#ifndef CONTROL_DOOR_H
#define CONTROL_DOOR_H
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define DOOR_MAX 128u
#define DOOR_OTHERS 96u
#define DOOR_SHARE 32u

struct door;
struct visitor; /* a connection that was let in */

struct door_state {
	unsigned connected;
	uint64_t gave_way, turned_away; /* since the start */
};

/* Of this listening socket, which is ours from now on; nobody is let in before door_start(). */
must_use int door_open(struct door **out, int listener);
/* daemon must outlive door_stop(); door_notify is its MHD_OPTION_NOTIFY_CONNECTION. */
must_use int door_start(struct door *door, struct MHD_Daemon *daemon);
void door_notify(void *door, struct MHD_Connection *connection, void **visitor,
                 enum MHD_ConnectionNotificationCode code);

struct visitor *door_visitor(struct MHD_Connection *connection);
/* Whether all of its user's connections were being answered when it came. */
bool door_turned_away(const struct visitor *visitor);
/* It has sent something of a request. */
void door_moved(struct door *door, struct visitor *visitor);
/* It is answered from now on, until door_moved(); false: it has given way. */
must_use bool door_answering(struct door *door, struct visitor *visitor);

void door_read(struct door *door, struct door_state *out);

/* Nobody is let in any more; then, when the daemon has stopped, its memory. */
void door_stop(struct door *door);
void door_close(struct door *door);

#endif
