/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection: one TCP relay and the SMPP session that runs in it.
 * Owned by the flow table of one worker, which alone looks at it.
 */
#ifndef DP_CONNECTION_H
#define DP_CONNECTION_H
#include <stdbool.h>
#include <stdint.h>

#include "prefetch.h"
#include "relay.h"
#include "session.h"
#include "timer.h"
#include "unbound.h"

/* What lacks room is judged anew, message by message: not in every turn. */
#define STALL_WAIT_US 1000u

struct connection {
	struct relay relay; /* begins with struct flow_head */
	struct session session;
	struct timer timer;
	struct connection *touched_next;
	uint64_t serial;        /* for audit records: worker << 48 | count */
	uint32_t partial_ms[2]; /* since when a PDU from this side is incomplete; 0 = none is */
	struct unbound_link unbound; /* while session_is_bound() does not hold */
	bool spoken : 1;        /* a whole PDU was seen: it is SMPP */
	bool unscreened : 1;    /* it is not SMPP, and the setting non_smpp lets it pass */
	bool touched;           /* on the worker's list of this turn */
	bool retry : 1;         /* there is more to do: look again next turn */
	bool waits : 1;         /* something lacks room: look again STALL_WAIT_US later */
	bool smsc_first : 1;    /* the vector was full before it was the SMSC's turn */
	bool lacks_room[2];     /* of packet buffers, that PDU does, or did when seen last */
	bool stalled[2];        /* this turn decides no more octets from this side */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct connection) < 1024, "an idle session costs less than 1 KiB");

/* All its lines but the first, which has been compared: a turn that touches it touches
 * nearly all of them. */
static inline void connection_prefetch(const struct connection *c)
{
	for (size_t at = 64; at < sizeof(*c); at += 64)
		prefetch((const char *)c + at);
}

#endif
