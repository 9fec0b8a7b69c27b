/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbering_plan: how a country's people write a number, as data.
 *
 * Turns the digits of an address into an E.164 number (country code first). The data are
 * rows of include/image_format.h: the operator's (sluicectl numbering import), or else the
 * built-in ones of the country (numbering_default.c); a country that has none gets the
 * usual plan: trunk 0, prefix 00. What is no data: NANP numbers have no area code and no
 * exchange that begins with 0 or 1.
 *
 * Ownership: a plan borrows its rows. Threads: pure functions; any thread.
 */
#ifndef DP_NUMBERING_PLAN_H
#define DP_NUMBERING_PLAN_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "image_format.h"

#define NUMBER_DIGITS_MAX 20u

/* Digits as values 0-9, not characters. One more than fits, so that "too long" shows. */
struct number {
	uint8_t n;
	uint8_t digit[NUMBER_DIGITS_MAX + 4];
};

struct plan_rows {
	const struct image_plan_row *rows;
	uint32_t n;
};

struct numbering_plan {
	uint16_t country; /* E.164 country code, 0 = none: only + and 00 are understood */
	bool trunk;       /* a 0 before the national number when dialled at home */
	struct plan_rows idd, bare, home, world;
	/* Derived by numbering_plan_prepare(). */
	bool short_way;      /* number_bcd_to_e164() may answer */
	uint8_t code_digits; /* of country */
	uint16_t code;       /* country as BCD */
	uint16_t bare_first; /* bit of every digit that a bare number begins with */
};

/* The built-in plan of a country. */
void numbering_plan_default(struct numbering_plan *out, uint16_t country);
struct plan_rows numbering_plan_world(void);

/* A sentence that says what is wrong with a row, or NULL. */
const char *numbering_plan_fault(const struct image_plan_row *row);

/* Which field of such a row: "kind", "prefix" or "min". */
const char *numbering_plan_field(const struct image_plan_row *row);

/* The plan of rows[n], in order of kind, none with a fault; n 0: the built-in one. */
void numbering_plan_open(struct numbering_plan *out, uint16_t country,
                         const struct image_plan_row *rows, uint32_t n);
void numbering_plan_prepare(struct numbering_plan *plan);

/*
 * Make number (n at most NUMBER_DIGITS_MAX) international under the plan. plus: a + stood
 * before the digits. The result may have up to 3 digits more than NUMBER_DIGITS_MAX; the
 * caller checks. A number that no rule explains stays as it is; applying any plan to its
 * own result, with plus, changes nothing.
 */
void number_to_e164(struct number *number, bool plus, const struct numbering_plan *plan);

/*
 * The same for the ways in which nearly all numbers are written, in a few instructions:
 * n digits, NUMBER_BCD_MIN to NUMBER_BCD_MAX, four bits each, the last one lowest. The
 * result has at most 16. False: not one of those ways, nothing is changed.
 */
#define NUMBER_BCD_MIN 8u
#define NUMBER_BCD_MAX 13u
must_use bool number_bcd_to_e164(uint64_t *bcd, unsigned *n, bool plus,
                                 const struct numbering_plan *plan);

/* Whether an international number can be: of its own country only one of its "home" or "bare"
 * rows; without home rows everything. */
bool numbering_plan_has(const struct number *number, const struct numbering_plan *plan);

#endif
