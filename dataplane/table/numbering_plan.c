/* SPDX-License-Identifier: Apache-2.0 */
#include "numbering_plan.h"

#include <stddef.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Numbers that begin so and have so many digits. */
struct range {
	const char *prefix;
	uint8_t min, max; /* digits, prefix included */
};

struct plan {
	uint16_t country;
	bool trunk;               /* a 0 before the national number when dialled at home */
	const char *const *idd;   /* international prefixes, most special first; NULL ends */
	const struct range *bare; /* national numbers known without trunk prefix */
	const struct range *home; /* national numbers believed after "00" and our code */
	uint8_t n_bare, n_home;
	uint8_t code, code_digits; /* country as BCD */
	uint16_t bare_first;       /* bit of every digit that a bare number begins with */
};

static const char *const idd_usual[] = { "00", NULL };
static const char *const idd_nanp[] = { "011", NULL };
static const char *const idd_australia[] = { "0011", NULL };
static const char *const idd_singapore[] = { "001", "002", "008", "00", NULL };

/* Korea: carriers' access codes of five and three digits, and 00 as the world has it.
 * Some digits read both ways (008 1... or 00 81...): the codes that are common win over
 * 00, the others do not. */
static const char *const idd_korea[] = {
	"00300", "00321", "00345", "00365", "00388", "00700", "00707",
	"00727", "00755", "00766", "00770", "00777", "001",   "002",
	"00",    "005",   "006",   "008",   NULL,
};

/* Dialled as they are: nationwide numbers of 8 digits, service numbers of 3 or 4. The
 * others have lost their 0 in a spreadsheet or to TON 2; no other country's numbers
 * have these shapes (NANP: 11 digits, no area code 0xx or 1xx; Russia: 11 digits). */
static const struct range korea_bare[] = {
	{ "15", 8, 8 },   { "16", 8, 8 },  { "18", 8, 8 },   { "1", 3, 4 },
	{ "10", 10, 10 }, { "11", 9, 10 }, { "16", 9, 10 },  { "17", 9, 10 },
	{ "18", 9, 10 },  { "19", 9, 10 }, { "70", 10, 10 },
};
static const struct range korea_home[] = {
	{ "2", 8, 9 },
	{ "3", 9, 10 },
	{ "4", 9, 10 },
	{ "5", 9, 11 },
	{ "6", 9, 10 },
	{ "10", 9, 10 },
	{ "11", 9, 10 },
	{ "15", 8, 8 },
	{ "16", 8, 10 },
	{ "17", 9, 10 },
	{ "18", 8, 10 },
	{ "19", 9, 10 },
	{ "30", 10, 11 },
	{ "70", 10, 10 },
	{ "80", 9, 10 },
	/* with the trunk 0 left in */
	{ "02", 9, 10 },
	{ "0", 10, 12 },
};
static const struct range nanp_bare[] = {
	{ "2", 10, 10 }, { "3", 10, 10 }, { "4", 10, 10 }, { "5", 10, 10 },
	{ "6", 10, 10 }, { "7", 10, 10 }, { "8", 10, 10 }, { "9", 10, 10 },
};
static const struct range singapore_bare[] = {
	{ "3", 8, 8 },
	{ "6", 8, 8 },
	{ "8", 8, 8 },
	{ "9", 8, 8 },
};
static const struct range india_bare[] = {
	{ "6", 10, 10 },
	{ "7", 10, 10 },
	{ "8", 10, 10 },
	{ "9", 10, 10 },
};

static const struct plan plans[] = {
	{ 82, true, idd_korea, korea_bare, korea_home, N_OF(korea_bare), N_OF(korea_home), 0x82,
	  2, 1 << 1 | 1 << 7 },
	{ 1, false, idd_nanp, nanp_bare, NULL, N_OF(nanp_bare), 0, 0x1, 1, 0x3fc },
	{ 61, true, idd_australia, NULL, NULL, 0, 0, 0x61, 2, 0 },
	{ 65, false, idd_singapore, singapore_bare, NULL, N_OF(singapore_bare), 0, 0x65, 2,
	  1 << 3 | 1 << 6 | 1 << 8 | 1 << 9 },
	{ 91, true, idd_usual, india_bare, NULL, N_OF(india_bare), 0, 0x91, 2, 0x3c0 },
};

/*
 * Lengths of whole E.164 numbers by calling code, where prefixes of carriers and 00 can
 * be confused: 001 65... is Singapore by carrier 001, 00 1 212... is New York by 00.
 * From the national plans published by the ITU; codes not listed: 10 to 13 digits.
 */
static const struct range e164[] = {
	{ "1", 11, 11 },
	{ "7", 11, 11 },
	{ "20", 11, 12 },
	{ "212", 12, 12 },
	{ "213", 11, 12 },
	{ "216", 11, 11 },
	{ "218", 12, 12 },
	{ "234", 12, 13 },
	{ "254", 12, 12 },
	{ "27", 11, 11 },
	{ "30", 12, 12 },
	{ "31", 11, 11 },
	{ "32", 10, 11 },
	{ "33", 11, 11 },
	{ "34", 11, 11 },
	{ "351", 12, 12 },
	{ "352", 9, 12 },
	{ "353", 10, 12 },
	{ "358", 9, 13 },
	{ "36", 10, 11 },
	{ "380", 12, 12 },
	{ "39", 10, 13 },
	{ "40", 11, 11 },
	{ "41", 11, 11 },
	{ "43", 10, 15 },
	{ "44", 11, 12 },
	{ "45", 10, 10 },
	{ "46", 9, 12 },
	{ "47", 10, 10 },
	{ "48", 11, 11 },
	{ "49", 9, 14 },
	{ "51", 10, 11 },
	{ "52", 12, 13 },
	{ "53", 10, 10 },
	{ "54", 12, 13 },
	{ "55", 12, 13 },
	{ "56", 11, 11 },
	{ "57", 10, 12 },
	{ "58", 12, 12 },
	{ "60", 10, 12 },
	{ "61", 11, 11 },
	{ "62", 10, 14 },
	{ "63", 10, 12 },
	{ "64", 10, 12 },
	{ "65", 10, 10 },
	{ "66", 10, 11 },
	{ "81", 11, 12 },
	{ "82", 9, 13 },
	{ "84", 11, 12 },
	{ "852", 11, 11 },
	{ "853", 11, 11 },
	{ "855", 11, 12 },
	{ "856", 11, 13 },
	{ "86", 11, 13 },
	{ "880", 12, 13 },
	{ "886", 11, 12 },
	{ "90", 12, 12 },
	{ "91", 12, 12 },
	{ "92", 11, 12 },
	{ "93", 11, 11 },
	{ "94", 11, 11 },
	{ "95", 9, 12 },
	{ "960", 10, 10 },
	{ "971", 11, 12 },
	{ "972", 11, 12 },
	{ "976", 11, 11 },
	{ "977", 11, 13 },
	{ "98", 12, 12 },
	{ "992", 12, 12 },
	{ "993", 11, 11 },
	{ "994", 12, 12 },
	{ "995", 12, 12 },
	{ "996", 12, 12 },
	{ "998", 12, 12 },
	/* not assigned */
	{ "210", 1, 0 },
	{ "214", 1, 0 },
	{ "215", 1, 0 },
	{ "217", 1, 0 },
	{ "219", 1, 0 },
	{ "28", 1, 0 },
	{ "83", 1, 0 },
	{ "884", 1, 0 },
	{ "885", 1, 0 },
	{ "887", 1, 0 },
	{ "889", 1, 0 },
	{ "89", 1, 0 },
	{ "969", 1, 0 },
	{ "978", 1, 0 },
	{ "990", 1, 0 },
	{ "999", 1, 0 },
};

static bool begins(const uint8_t *digit, unsigned n, const char *prefix)
{
	unsigned i = 0;

	for (; prefix[i] != '\0'; i++) {
		if (i >= n || digit[i] != prefix[i] - '0')
			return false;
	}
	return true;
}

static bool in_ranges(const uint8_t *digit, unsigned n, const struct range *ranges,
                      unsigned n_ranges)
{
	for (unsigned i = 0; i < n_ranges; i++) {
		const struct range *r = &ranges[i];
		if (n >= r->min && n <= r->max && begins(digit, n, r->prefix))
			return true;
	}
	return false;
}

/* Whether these digits can be a whole international number. */
static bool fits_e164(const uint8_t *digit, unsigned n)
{
	if (n == 0 || digit[0] == 0)
		return false;
	for (unsigned i = 0; i < N_OF(e164); i++) {
		if (!begins(digit, n, e164[i].prefix))
			continue;
		/* NANP: neither area code nor exchange begins with 0 or 1 */
		if (digit[0] == 1 && (n != 11 || digit[1] < 2 || digit[4] < 2))
			return false;
		return n >= e164[i].min && n <= e164[i].max;
	}
	return n >= 10 && n <= 13;
}

static void drop(struct number *number, unsigned at, unsigned n)
{
	memmove(number->digit + at, number->digit + at + n, number->n - at - n);
	number->n = (uint8_t)(number->n - n);
}

static void put_country(struct number *number, uint16_t country)
{
	uint8_t code[3];
	unsigned n = 0;

	for (unsigned divisor = 100; divisor > 0; divisor /= 10) {
		if (country >= divisor)
			code[n++] = (uint8_t)(country / divisor % 10);
	}
	memmove(number->digit + n, number->digit, number->n);
	memcpy(number->digit, code, n);
	number->n = (uint8_t)(number->n + n);
}

/* Octets of our country code at this place, or 0. */
static unsigned country_at(const struct number *number, unsigned at, uint16_t country)
{
	const char code[4] = { (char)('0' + country / 100), (char)('0' + country / 10 % 10),
		               (char)('0' + country % 10), '\0' };
	const char *text = code + (country < 10 ? 2 : country < 100 ? 1 : 0);

	return begins(number->digit + at, number->n - at, text) ? (unsigned)strlen(text) : 0;
}

/* +82 (0)10...: the trunk 0 has no place after the country code. */
static void drop_trunk(struct number *number, const struct plan *plan)
{
	const unsigned code = country_at(number, 0, plan->country);

	while (plan->trunk && code > 0 && number->n > code && number->digit[code] == 0)
		drop(number, code, 1);
}

/* Whether our country code and a number of ours begin at this place. */
static bool home_at(const struct number *number, unsigned at, const struct plan *plan)
{
	const unsigned code = country_at(number, at, plan->country);

	return code > 0 && in_ranges(number->digit + at + code, number->n - at - code,
	                             plan->home, plan->n_home);
}

/* Digits of the international prefix that this number begins with; 0 = none. First the
 * readings that come home (who writes 0082 does not call Egypt), then the others. */
static unsigned idd_digits(const struct number *number, const struct plan *plan)
{
	for (unsigned home = 2; home-- > 0;) {
		for (unsigned i = 0; plan->idd[i] != NULL; i++) {
			const unsigned n = (unsigned)strlen(plan->idd[i]);

			if (!begins(number->digit, number->n, plan->idd[i]))
				continue;
			if (home ? home_at(number, n, plan)
			         : fits_e164(number->digit + n, number->n - n))
				return n;
		}
	}
	return 0;
}

static struct plan plan_of(uint16_t country)
{
	for (unsigned i = 0; i < N_OF(plans); i++) {
		if (plans[i].country == country)
			return plans[i];
	}
	return (struct plan){ .country = country, .trunk = country != 0, .idd = idd_usual };
}

void number_to_e164(struct number *number, bool plus, uint16_t country)
{
	const struct plan plan = plan_of(country);
	const bool zero = number->n > 0 && number->digit[0] == 0;
	const bool two_zeros = zero && number->n > 1 && number->digit[1] == 0;

	if (!zero && !plus && in_ranges(number->digit, number->n, plan.bare, plan.n_bare)) {
		put_country(number, country);
		return;
	}
	/* No country code begins with 0, so a + before 0 says nothing. */
	const unsigned idd = plus && !zero ? 0 : idd_digits(number, &plan);
	if (idd > 0)
		drop(number, 0, idd);
	else if (zero && !two_zeros && plan.trunk && number->n > 1) {
		drop(number, 0, 1);
		put_country(number, country);
		return;
	}
	drop_trunk(number, &plan);
}

bool number_bcd_to_e164(uint64_t *bcd, unsigned *n, bool plus, uint16_t country)
{
	const struct plan *plan = plans;
	const unsigned top = 4 * (*n - 1);
	const unsigned first = (unsigned)(*bcd >> top), second = *bcd >> (top - 4) & 15;

	while (plan->country != country) {
		if (++plan == plans + N_OF(plans))
			return false;
	}
	/* No international prefix begins otherwise than 00 where there is a trunk 0. */
	if (first == 0) {
		if (second == 0 || !plan->trunk)
			return false;
		*bcd |= (uint64_t)plan->code << top;
		*n += plan->code_digits - 1u;
		return true;
	}
	if (!plus && plan->bare_first >> first & 1)
		return false;
	/* +82 (0)10: a trunk 0 to drop. */
	return *bcd >> (top - 4u * plan->code_digits) != (uint64_t)plan->code << 4;
}
