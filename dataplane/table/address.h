/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address: the one canonical form of a sender address.
 *
 * Used by importers and by the data plane alike, so that what was certified is
 * what is found. TON and NPI lie in practice (../reference/smpp-traps.md 21, 22):
 * the octets decide. Digits (with +, -, ., spaces and brackets removed) become an
 * E.164 number under the numbering plan of the country; anything else is ALPHA
 * (trimmed, case-folded) or, with octets outside its 64 characters, RAW.
 *
 * Threads: pure; any thread. Cost: no allocation.
 */
#ifndef DP_ADDRESS_H
#define DP_ADDRESS_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "image_format.h"

#define ADDRESS_OCTETS_MAX 20u /* SMPP 3.4 section 5.2.8: 21 with the NUL */
#define ADDRESS_TEXT_SIZE 24u  /* address_text() output with its NUL */

/*
 * Canonical key of addr[0 .. len). country: E.164 country code whose national
 * forms are understood (82), 0 = none. Returns 0; -EINVAL (empty or no usable
 * character); -E2BIG (cannot be a key: longer than any sender) - *key is then all
 * zero, which no set holds.
 */
must_use int address_key(struct sender_key *key, const uint8_t *addr, size_t len,
                         uint8_t ton, uint8_t npi, uint16_t country);

/* For people and logs: "+821012345678", "SLUICE", or hex for RAW; NUL-terminated. */
void address_text(char out[ADDRESS_TEXT_SIZE * 2], const struct sender_key *key);

#endif
