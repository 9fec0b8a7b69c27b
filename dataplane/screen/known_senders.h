/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known_senders: what was said a moment ago of senders that come again.
 *
 * A campaign comes from few numbers. Kept is whether an account may send as an address, under
 * the octets as they were sent: what is found here needs no canonical form, no look-up in the
 * set of all senders and none among the deltas. It holds in the era that it was said in: of one
 * snapshot of the tables and one second. Each delta makes a new snapshot, so does each image,
 * and times of validity and of blocks end between two seconds, so that nothing said here
 * outlives what it came from; what an operator forbids is asked for anew.
 *
 * A set is one cache line of two entries, compared in full: the hash says where to look and
 * never what the answer is. Where a set is full the one that was not found since the last came
 * gives way. Where hardly any sender comes again one vector in KNOWN_SENDERS_NAP is looked
 * for.
 *
 * Bound      as many as known_senders_open() was told. Addresses of more than
 *            KNOWN_SENDER_MAX octets, and those without any, are never known.
 * Threads    one worker.
 */
#ifndef DP_KNOWN_SENDERS_H
#define DP_KNOWN_SENDERS_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "cursor.h"
#include "verdict.h"

#define KNOWN_SENDERS_MAX (1u << 20)
#define KNOWN_SENDER_MAX 15u   /* octets: those of E.164, a plus, and nearly every name */
#define KNOWN_SENDERS_WORTH 4u /* looking costs a third of what a sender found saves */
#define KNOWN_SENDERS_NAP 32u

#define KNOWN_SENDER_NOT 255u /* nothing was said of it */
_Static_assert(REASON_SLOTS <= KNOWN_SENDER_NOT, "in an octet");

/* Whole words, so that a comparison is three. */
struct known_sender {
	uint64_t first;   /* eight octets of the address, or fewer and zeros */
	uint64_t last;    /* the others, zeros, and how many all are; 0: never known */
	uint64_t account; /* its row, and above it the era */
	uint64_t at;      /* of a key its set; of an entry what was said (known_senders.c) */
};

struct known_senders;

/* n: 1 to KNOWN_SENDERS_MAX, rounded up to a power of two, at least 2. 0, -EINVAL, -ENOMEM. */
must_use int known_senders_open(struct known_senders **out, uint32_t n);
void known_senders_close(struct known_senders *known); /* NULL is allowed */

/* Whether to look for the senders of a slice at all; then say how many were, and found. */
bool known_senders_awake(struct known_senders *known);
void known_senders_learn(struct known_senders *known, uint32_t sought, uint32_t found);

/* From now on nothing holds that was not said of these tables (struct tables.serial) in this
 * second. */
void known_senders_era(struct known_senders *known, uint64_t serial, uint32_t seconds);

/* The key of each address, as which this account row sends, and ask for its set. */
void known_senders_seek(const struct known_senders *known, const struct view *addresses,
                        const uint32_t *account_rows, unsigned n, struct known_sender *keys);

/* said[i] = enum reason of keys[i], or KNOWN_SENDER_NOT. How many are known. */
unsigned known_senders_find(struct known_senders *known, const struct known_sender *keys,
                            unsigned n, uint8_t *said);

/* What is said of one that was not found. True: another one of this era had to give way. */
bool known_senders_keep(struct known_senders *known, const struct known_sender *key,
                        enum reason said);

#endif
