/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts: the parts of concatenated messages that have been seen, of all workers.
 *
 * A fixed array of slots in sets of PARTS_WAYS; a part's set is a keyed hash of its message
 * and its number, so the parts of one message lie apart and no sender can aim at the set of
 * another's. A slot is claimed by compare-and-swap of its version (even: whole, odd: being
 * written) and read by copy and comparison of versions. Of two workers that each put a part
 * and then look for the other's, at least one finds it. A part that is being written a second
 * time just then is looked at again, PARTS_TRIES times, which is longer than a writing takes;
 * whose writer has lost its core meanwhile is missed, and that is counted: nobody waits.
 *
 * Bound      PARTS_SLOTS; where a set is full of live parts one gives way and is counted: of
 *            the account that has most of them, the new one among its own, the one nearest its
 *            end. So an account that fills the store pushes out what is its own, and of others
 *            nothing, until as many accounts as a set has ways do so. A part lives
 *            PARTS_LIFE_S seconds, or until its message is whole.
 * Threads    any worker, any time; parts_open() and parts_close() by main.
 */
#ifndef DP_PARTS_H
#define DP_PARTS_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define PARTS_SLOTS (1u << 15)
#define PARTS_WAYS 8u
#define PARTS_LIFE_S 600u
#define PARTS_TRIES \
	1000u /* a pause each: tens of microseconds; a writing takes less than one */
#define PARTS_OCTETS 960u /* user data of one part; an SMS has 140, a TLV may have more */

/* The message that a part is of: a keyed hash of account, direction, addresses, reference
 * and total (concat_key.h), 128 bits, so that two messages do not meet by chance or by
 * search. */
struct parts_key {
	uint64_t hash[2];
};

struct part {
	struct parts_key key;
	uint32_t until;          /* seconds of the clock that now is of; 0 = free */
	uint32_t rule;           /* that refused it, or 0 */
	uint32_t command_status; /* of that rule, or 0 */
	uint16_t len;            /* octets of data */
	uint8_t number;          /* from 1 */
	uint8_t reason;          /* enum reason; not PASS: this part was refused */
	uint8_t coding;          /* enum text_coding, as its data are to be read */
	uint8_t lock, shift;     /* national language tables */
	uint8_t discard;         /* 1: refused by answering success and forwarding nothing */
	uint16_t udh_octets;     /* of the header in front of data, length octet included */
	uint8_t refused;         /* of a refusal: the part that it was for; else 0 */
	uint8_t reserved[1];     /* 0 */
	uint32_t account;        /* whose it is: image_account.id */
	uint32_t reserved_2;     /* 0 */
	uint64_t digest;         /* of the store: two that are read the same have the same */
	uint8_t data[PARTS_OCTETS];
};
_Static_assert(sizeof(struct part) % 8 == 0, "copied by words");

struct parts;

must_use int parts_open(struct parts **out); /* 0 or -ENOMEM */
void parts_close(struct parts *parts);       /* NULL is allowed */

/* The key of these octets (at most a few hundred), under a secret of this process. */
struct parts_key parts_key(const struct parts *parts, const void *octets, uint32_t len);

/* OWN: a live one of its own account; GAVE_WAY: of another, or it was not kept itself. */
enum parts_added { PARTS_KEPT, PARTS_GAVE_WAY, PARTS_OWN_GAVE_WAY, PARTS_DIFFER };

/* Keep a part, in place of one with its key and number. Never PARTS_DIFFER. */
enum parts_added parts_put(struct parts *parts, const struct part *part, uint32_t now);

/*
 * Keep a part unless a live one with its key and number says something else: which of the two
 * a phone shows is the phone's. Of two workers that each add one that differs at the same
 * time, at least one is told: that they differ, or, where the other lost its core while it
 * wrote, that its own was not kept (PARTS_GAVE_WAY).
 */
enum parts_added parts_add(struct parts *parts, const struct part *part, uint32_t now);

/* Whether two parts are to be read the same. */
bool parts_same(const struct part *a, const struct part *b);

/* Copy a live part; false when there is none. */
bool parts_get(struct parts *parts, struct parts_key key, uint8_t number, uint32_t now,
               struct part *out);

/* The same without the data: of its coming again to many destinations the digest tells. */
bool parts_get_head(struct parts *parts, struct parts_key key, uint8_t number, uint32_t now,
                    struct part *out);

/* How many parts were there and missed since this was last asked, by whichever worker. */
uint32_t parts_missed(struct parts *parts);

/* Forget a part. */
void parts_drop(struct parts *parts, struct parts_key key, uint8_t number);

#endif
