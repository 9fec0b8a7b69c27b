/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipient: who got a message, looked up in an audit trail that holds keyed hashes.
 *
 * The data plane hashes the digits of the first destination as they were sent, and people
 * send a number in several ways: each that the numbering plan reads as this number is hashed.
 * Numbers and the key are in no log, no file and no answer of ours.
 *
 * Threads    a key is loaded by main before any thread; hashes: any thread.
 */
#ifndef CONTROL_RECIPIENT_H
#define CONTROL_RECIPIENT_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "numbering_plan.h"
#include "secret.h"

#define RECIPIENT_FORMS 8u
#define RECIPIENT_ERROR_SIZE 200u

/* The data plane's setting recipient_key. */
struct recipient_key {
	const char *file; /* NULL: none was given */
	bool loaded;
	uint8_t octets[SECRET_SIZE];
};

/* Before privileges are dropped. A file that is not there yet is loaded when it is asked for
 * (recipient_key_get()). 0, or negative errno with a sentence. */
must_use int recipient_key_load(struct recipient_key *key, char error[RECIPIENT_ERROR_SIZE]);

/* A copy that is loaded; -ENOKEY: none was given; or as secret_read(). */
must_use int recipient_key_get(struct recipient_key *out, const struct recipient_key *key,
                               char error[RECIPIENT_ERROR_SIZE]);

/* Of all its forms; where there are fewer, one of them again. -EINVAL: it is no number. */
must_use int recipient_hashes(uint64_t out[RECIPIENT_FORMS], const struct recipient_key *key,
                              const char *number, const struct numbering_plan *plan);

#endif
