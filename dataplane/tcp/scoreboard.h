/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scoreboard: what the receiver has said of the octets that are out.
 *
 * The marks are flags of the segments themselves (RFC 6675 section 4 needs, for each
 * octet, whether it was SACKed, is lost, was sent again); here are their sums, so that
 * the octets in the network (the RFC's pipe) are a subtraction:
 *
 *   in flight = sent - sacked - lost - left
 *
 * A segment is lost or SACKED, never both; a lost one that is sent again is neither.
 * left is for receivers without SACK: what their duplicate ACKs say has arrived
 * somewhere, so that limited transmit (RFC 3042) and NewReno (RFC 6582) are the same
 * subtraction.
 *
 * Cost: a report walks the segments that are out once, whatever it says; they are at
 * most setting leg_segments. Threads: one worker.
 */
#ifndef DP_SCOREBOARD_H
#define DP_SCOREBOARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain.h"

#define SACK_HEARD_MAX 4u /* of 40 octets of options, RFC 2018 section 3 */

struct sack_block {
	uint32_t left, right; /* right: the first octet behind it */
};

/* The blocks of one ACK that can be. */
struct sack_report {
	struct sack_block block[SACK_HEARD_MAX];
	unsigned n;
	bool duplicate; /* it tells of octets that came twice (RFC 2883) */
	struct sack_block twice;
};

/* From the TCP options of an ACK of ack, by who has sent una .. max. */
void sack_read(struct sack_report *out, const uint8_t *options, size_t len, uint32_t ack,
               uint32_t una, uint32_t max);

struct scoreboard {
	uint32_t sacked, lost, left; /* octets */
	uint32_t sacked_segments;
};

/* The marks of one segment, and its part of the sums. */
void scoreboard_sacked(struct scoreboard *b, struct segment *s);
void scoreboard_lost(struct scoreboard *b, struct segment *s);
void scoreboard_resent(struct scoreboard *b, struct segment *s);
/* n octets at its front go: they were acknowledged. */
void scoreboard_drop(struct scoreboard *b, const struct segment *s, uint32_t n);

/* Whether all of it lies in one block of the report. */
bool sack_covers(const struct sack_report *report, const struct segment *s);

/* Every segment that was sent is lost: a time-out without SACK, or a receiver that took
 * its SACKs back (RFC 2018 section 8). */
void scoreboard_forget(struct scoreboard *b, struct chain *out);

#endif
