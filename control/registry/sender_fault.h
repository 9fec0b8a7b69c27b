/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_fault: why a sender that somebody wrote down can be none on the wire: the one rule of
 * senders, blacklist and theft files, of `add sender` and of `block sender`. Threads: pure.
 */
#ifndef CONTROL_SENDER_FAULT_H
#define CONTROL_SENDER_FAULT_H
#include <stdbool.h>
#include <stddef.h>

#include "check.h"
#include "image_format.h"

struct numbering_plan;

#define SENDER_FAULT_SIZE 400u /* for any sentence */

/* The key of text, as address_key_by(); false with a sentence in why, which quotes text. */
must_use bool sender_key_of(struct sender_key *key, const char *text,
                            const struct numbering_plan *plan, char *why, size_t size);

#endif
