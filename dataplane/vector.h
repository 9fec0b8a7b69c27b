/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector: the work of one turn between framing and applying.
 *
 * Framing turns the octets of all touched connections into steps, in stream order
 * for each connection and direction; those that carry a message also have an entry
 * in the screening vector. After screening, the steps are applied in their order.
 *
 * Ownership  one worker. Message views borrow the mbufs of leg.in or the gather
 *            area; both stay put until the steps have been applied.
 */
#ifndef DP_VECTOR_H
#define DP_VECTOR_H
#include <stdint.h>

#include "campaign_sketch.h"
#include "connection.h"
#include "screen.h"

/* A turn frames at most 2 x 128 segments of up to 1,448 octets plus what waited; PDUs
 * that need no decision share a step, so steps are at most two a message and one a
 * direction of each connection. Full = the rest waits for the next turn, counted. */
#define STEPS_MAX 1024u
/* PDUs that span segments are gathered: room for several of the largest. */
#define GATHER_SIZE (512u * 1024)

enum step_kind {
	STEP_PASS,   /* octets that need no decision */
	STEP_SCREEN, /* one PDU; message is its index in the screening vector */
	STEP_ANSWER, /* one PDU refused here and now (bind), with command_status */
	STEP_SESSION, /* one PDU that changes the session once it has left */
	STEP_RESET,  /* it never was SMPP: RST to both ends */
	STEP_SHUT,   /* framing is lost: nack where the ESME can read it, then the end */
};

struct step {
	struct connection *c;
	struct smpp_header header; /* of the one PDU; not for STEP_PASS */
	uint32_t octets;
	uint32_t command_status;
	uint16_t pdus, responses, binds; /* counted when the step is applied, not before */
	uint16_t message;
	uint8_t kind;              /* enum step_kind */
	uint8_t from;              /* enum side */
	uint8_t reason;            /* enum reason, STEP_ANSWER */
};

struct vector {
	unsigned n_steps, n_applied; /* in the order of the touched connections */
	struct step steps[STEPS_MAX];
	uint32_t gathered;
	uint8_t gather[GATHER_SIZE];
	struct screen_vector screen;
	unsigned n_seen; /* messages to be counted in their campaigns */
	struct campaign_seen seen[SCREEN_VECTOR_MAX];
	unsigned n_matched; /* messages whose rules are to be counted */
	uint16_t matched[SCREEN_VECTOR_MAX];
};

#endif
