/* SPDX-License-Identifier: Apache-2.0 */
/*
 * octets: the hash of a text under a secret, and whether two texts are the same, for the
 * cache of known texts.
 *
 * octets_differ() is 0 where they are the same.
 *
 * With VAES 64 octets are one round of AES under a key of their own, chained, and texts up to
 * OCTETS_STRAIGHT take no branch that depends on their length: one that is guessed wrong costs
 * more than the hash. Without it they are XXH3 and memcmp().
 *
 * Threads    pure functions; any thread.
 */
#ifndef DP_OCTETS_H
#define DP_OCTETS_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "wide.h"

#define OCTETS_STRAIGHT (3 * WIDE)
#define OCTETS_KEYS 4u
#define OCTETS_TAGS 8u /* that octets_tags() compares: a bit for each that is the same */

/* Random octets that nobody outside knows. */
struct octets_secret {
	uint8_t key[OCTETS_KEYS][WIDE];
} __attribute__((aligned(64)));

#if defined(__VAES__) && defined(__AVX512BW__) && defined(__AVX512VL__) && \
	defined(__BMI2__) && !defined(TEXT_PLAIN)
#include "octets_vaes.h"
#else
#include "octets_plain.h"
#endif

#endif
