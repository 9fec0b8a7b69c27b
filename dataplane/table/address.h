/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address: the one canonical form of a sender address.
 *
 * Used by importers and by the data plane alike, so that what was certified is
 * what is found. TON and NPI lie in practice (../reference/smpp-traps.md 21, 22):
 * the octets decide. Digits (with +, -, ., spaces and brackets removed) become an
 * E.164 number under the numbering plan of the country; anything else is ALPHA
 * (trimmed, case-folded) or, with octets outside its 64 characters, RAW: as the GSM 7-bit
 * alphabet has it (address_name.h), and where that lacks a character the octets themselves.
 *
 * Threads: pure; any thread. Cost: no allocation.
 */
#ifndef DP_ADDRESS_H
#define DP_ADDRESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "image_format.h"

#define ADDRESS_TEXT_SIZE 24u  /* address_text() output with its NUL */
#define ADDRESS_INPUT_MAX 64u  /* as people write it, separators and all */

/*
 * The 64 characters of an ALPHA key: value, character. Those of printable ASCII that the
 * GSM 7-bit default alphabet has in one septet, letters folded, and four more. Values
 * are part of the image: never renumber.
 */
#define ADDRESS_ALPHABET(X) \
	X(0, 'a') X(1, 'b') X(2, 'c') X(3, 'd') X(4, 'e') X(5, 'f') X(6, 'g') \
	X(7, 'h') X(8, 'i') X(9, 'j') X(10, 'k') X(11, 'l') X(12, 'm') X(13, 'n') \
	X(14, 'o') X(15, 'p') X(16, 'q') X(17, 'r') X(18, 's') X(19, 't') X(20, 'u') \
	X(21, 'v') X(22, 'w') X(23, 'x') X(24, 'y') X(25, 'z') X(26, '0') X(27, '1') \
	X(28, '2') X(29, '3') X(30, '4') X(31, '5') X(32, '6') X(33, '7') X(34, '8') \
	X(35, '9') X(36, ' ') X(37, '!') X(38, '"') X(39, '#') X(40, '$') X(41, '%') \
	X(42, '&') X(43, '\'') X(44, '(') X(45, ')') X(46, '*') X(47, '+') X(48, ',') \
	X(49, '-') X(50, '.') X(51, '/') X(52, ':') X(53, ';') X(54, '<') X(55, '=') \
	X(56, '>') X(57, '?') X(58, '@') X(59, '_') X(60, '[') X(61, ']') X(62, '{') \
	X(63, '}')

struct numbering_plan;

/*
 * Canonical key of addr[0 .. len) under a numbering plan. Returns 0; -EINVAL (empty or
 * no usable character); -E2BIG (cannot be a key: longer than any sender) - *key is then
 * all zero, which no set holds.
 */
must_use int address_key_by(struct sender_key *key, const uint8_t *addr, size_t len,
                            const struct numbering_plan *plan);

/* The same under the built-in plan of a country (82; 0 = none), for tests and tools. */
must_use int address_key(struct sender_key *key, const uint8_t *addr, size_t len,
                         uint8_t ton, uint8_t npi, uint16_t country);

/* Whether octets that came from elsewhere have the form of a key. Not for the hot path. */
bool address_key_valid(const struct sender_key *key);

/* For people and logs: "+821012345678", "SLUICE", or hex for RAW; NUL-terminated. */
void address_text(char out[ADDRESS_TEXT_SIZE * 2], const struct sender_key *key);

#endif
