/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: who is at the ESME's end, and what it may do, by what both ends have said.
 *
 * A session is bound by the message centre's consent to the one bind that waits for it, and
 * unbound by the other end's consent to an unbind. Until then nothing of it changes: who is
 * screened as whom is what the message centre knows as well. Consent to what nobody asked for
 * is none: the end that was not told would go on as it was.
 *
 * A bind while another waits, or on a bound session, is none that SMPP knows (3.4 section 2.3:
 * only when open). We answer it, with ESME_RALYBND. So at most one bind has no answer, and no
 * answer can be taken for that of another, whatever sequence numbers the ESME has chosen. To
 * hold it back until the first is answered would be as safe, but where no answer comes, nothing
 * behind it would ever leave.
 *
 * A generic_nack is no answer to a bind: it may be meant for another PDU of that number. Where
 * the ESME has said nothing but that bind it can be meant for no other (an SMSC of SMPP 3.3
 * knows no bind_transceiver): then it makes room for another bind.
 *
 * Threads: the worker of its connection.
 */
#ifndef DP_SESSION_H
#define DP_SESSION_H
#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "relay.h"

enum session_state { SESSION_UNBOUND, SESSION_BINDING, SESSION_BOUND };

struct session {
	uint8_t system_id[16];  /* of the last bind that was not ALREADY_BOUND, NUL padded */
	uint64_t tables_serial; /* account_row is a row of these tables */
	uint32_t account_row;   /* 0 = unknown */
	uint32_t bind_sequence;
	uint8_t bind_command;
	uint8_t state : 2;    /* enum session_state */
	bool others : 1;      /* the ESME has said more than binds, or was bound before */
	bool nacked : 1;      /* so may be the bind that waits */
	bool asked_unbind[2]; /* by enum side: it sent an unbind, since the last bind */
	uint32_t unbound_ms;  /* since when it is not bound, of the worker's clock */
};

/* A bind that an unbound session may send on: its account is the session's. */
void session_offer(struct session *s, const struct smpp_message *bind);

/* Whether a bind can go on: none is in force, and none waits that may yet be accepted. */
static inline bool session_takes_bind(const struct session *s)
{
	return s->state == SESSION_UNBOUND || (s->state == SESSION_BINDING && s->nacked);
}

/* This PDU from that side has left for the other end, once. */
void session_heard(struct session *s, enum side from, const struct smpp_header *header);

static inline bool session_is_bound(const struct session *s)
{
	return s->state == SESSION_BOUND;
}

/* Bound as transmitter or transceiver. */
static inline bool session_may_send(const struct session *s)
{
	return s->state == SESSION_BOUND && s->bind_command != SMPP_BIND_RECEIVER;
}

#endif
