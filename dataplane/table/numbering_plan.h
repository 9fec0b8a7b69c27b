/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbering_plan: how a country's people write a number, as data.
 *
 * Turns the digits of an address into an E.164 number (country code first). A
 * country without a row of its own gets the usual plan: trunk 0, prefix 00.
 *
 * Threads: pure functions over constant tables; any thread.
 */
#ifndef DP_NUMBERING_PLAN_H
#define DP_NUMBERING_PLAN_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define NUMBER_DIGITS_MAX 20u

/* Digits as values 0-9, not characters. One more than fits, so that "too long" shows. */
struct number {
	uint8_t n;
	uint8_t digit[NUMBER_DIGITS_MAX + 4];
};

/*
 * Make number (n at most NUMBER_DIGITS_MAX) international under the plan of country (0 =
 * none: only + and 00 are understood). plus: a + stood before the digits. The result may
 * have up to 3 digits more than NUMBER_DIGITS_MAX; the caller checks. A number that no
 * rule explains stays as it is; applying the plan to a result changes nothing.
 */
void number_to_e164(struct number *number, bool plus, uint16_t country);

/*
 * The same for the ways in which nearly all numbers are written, in a few instructions:
 * n digits, NUMBER_BCD_MIN to NUMBER_BCD_MAX, four bits each, the last one lowest. The
 * result has at most 16. False: not one of those ways, nothing is changed.
 */
#define NUMBER_BCD_MIN 8u
#define NUMBER_BCD_MAX 13u
must_use bool number_bcd_to_e164(uint64_t *bcd, unsigned *n, bool plus, uint16_t country);

#endif
