/* SPDX-License-Identifier: Apache-2.0 */
/* numbering_default: the plans that hold where the operator has set none. */
#include <stddef.h>

#include "numbering_plan.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))
#define IDD(digits) \
	{ \
		IMAGE_PLAN_IDD, 0, 0, digits \
	}
#define BARE(digits, min, max) \
	{ \
		IMAGE_PLAN_BARE, min, max, digits \
	}
#define HOME(digits, min, max) \
	{ \
		IMAGE_PLAN_HOME, min, max, digits \
	}
#define WORLD(digits, min, max) \
	{ \
		IMAGE_PLAN_WORLD, min, max, digits \
	}

static const struct image_plan_row idd_usual[] = {
	IDD("00"),
};
static const struct image_plan_row idd_nanp[] = {
	IDD("011"),
};
static const struct image_plan_row idd_australia[] = {
	IDD("0011"),
};
static const struct image_plan_row idd_singapore[] = {
	IDD("001"),
	IDD("002"),
	IDD("008"),
	IDD("00"),
};

/* Korea: carriers' access codes of five and three digits, and 00 as the world has it.
 * Some digits read both ways (008 1... or 00 81...): the codes that are common win over
 * 00, the others do not. */
static const struct image_plan_row idd_korea[] = {
	IDD("00300"), IDD("00321"), IDD("00345"), IDD("00365"), IDD("00388"), IDD("00700"),
	IDD("00707"), IDD("00727"), IDD("00755"), IDD("00766"), IDD("00770"), IDD("00777"),
	IDD("001"),   IDD("002"),   IDD("00"),    IDD("005"),   IDD("006"),   IDD("008"),
};

/* Dialled as they are: nationwide numbers of 8 digits (of 15 to 18; 17 is in reserve, and is
 * no other country's number either), service numbers of 3 or 4. The
 * others have lost their 0 in a spreadsheet or to TON 2; no other country's numbers
 * have these shapes (NANP: 11 digits, no area code 0xx or 1xx; Russia: 11 digits). */
static const struct image_plan_row korea_bare[] = {
	BARE("15", 8, 8),  BARE("16", 8, 8),   BARE("17", 8, 8),  BARE("18", 8, 8),
	BARE("1", 3, 4),   BARE("10", 10, 10), BARE("11", 9, 10), BARE("16", 9, 10),
	BARE("17", 9, 10), BARE("18", 9, 10),  BARE("19", 9, 10), BARE("70", 10, 10),
};
static const struct image_plan_row korea_home[] = {
	HOME("2", 8, 9),
	HOME("3", 9, 10),
	HOME("4", 9, 10),
	HOME("5", 9, 11),
	HOME("6", 9, 10),
	HOME("10", 9, 10),
	HOME("11", 9, 10),
	HOME("15", 8, 8),
	HOME("16", 8, 10),
	HOME("17", 8, 10),
	HOME("18", 8, 10),
	HOME("19", 9, 10),
	HOME("30", 10, 11),
	HOME("70", 10, 10),
	HOME("80", 9, 10),
	/* with the trunk 0 left in */
	HOME("02", 9, 10),
	HOME("0", 10, 12),
};
static const struct image_plan_row nanp_bare[] = {
	BARE("2", 10, 10), BARE("3", 10, 10), BARE("4", 10, 10), BARE("5", 10, 10),
	BARE("6", 10, 10), BARE("7", 10, 10), BARE("8", 10, 10), BARE("9", 10, 10),
};
static const struct image_plan_row singapore_bare[] = {
	BARE("3", 8, 8),
	BARE("6", 8, 8),
	BARE("8", 8, 8),
	BARE("9", 8, 8),
};
static const struct image_plan_row india_bare[] = {
	BARE("6", 10, 10),
	BARE("7", 10, 10),
	BARE("8", 10, 10),
	BARE("9", 10, 10),
};

/*
 * Lengths of whole E.164 numbers by calling code, where prefixes of carriers and 00 can
 * be confused: 001 65... is Singapore by carrier 001, 00 1 212... is New York by 00.
 * From the national plans published by the ITU; codes not listed: 10 to 13 digits.
 */
static const struct image_plan_row e164[] = {
	WORLD("1", 11, 11),
	WORLD("7", 11, 11),
	WORLD("20", 11, 12),
	WORLD("212", 12, 12),
	WORLD("213", 11, 12),
	WORLD("216", 11, 11),
	WORLD("218", 12, 12),
	WORLD("234", 12, 13),
	WORLD("254", 12, 12),
	WORLD("27", 11, 11),
	WORLD("30", 12, 12),
	WORLD("31", 11, 11),
	WORLD("32", 10, 11),
	WORLD("33", 11, 11),
	WORLD("34", 11, 11),
	WORLD("351", 12, 12),
	WORLD("352", 9, 12),
	WORLD("353", 10, 12),
	WORLD("358", 9, 13),
	WORLD("36", 10, 11),
	WORLD("380", 12, 12),
	WORLD("39", 10, 13),
	WORLD("40", 11, 11),
	WORLD("41", 11, 11),
	WORLD("43", 10, 15),
	WORLD("44", 11, 12),
	WORLD("45", 10, 10),
	WORLD("46", 9, 12),
	WORLD("47", 10, 10),
	WORLD("48", 11, 11),
	WORLD("49", 9, 14),
	WORLD("51", 10, 11),
	WORLD("52", 12, 13),
	WORLD("53", 10, 10),
	WORLD("54", 12, 13),
	WORLD("55", 12, 13),
	WORLD("56", 11, 11),
	WORLD("57", 10, 12),
	WORLD("58", 12, 12),
	WORLD("60", 10, 12),
	WORLD("61", 11, 11),
	WORLD("62", 10, 14),
	WORLD("63", 10, 12),
	WORLD("64", 10, 12),
	WORLD("65", 10, 10),
	WORLD("66", 10, 11),
	WORLD("81", 11, 12),
	WORLD("82", 9, 13),
	WORLD("84", 11, 12),
	WORLD("852", 11, 11),
	WORLD("853", 11, 11),
	WORLD("855", 11, 12),
	WORLD("856", 11, 13),
	WORLD("86", 11, 13),
	WORLD("880", 12, 13),
	WORLD("886", 11, 12),
	WORLD("90", 12, 12),
	WORLD("91", 12, 12),
	WORLD("92", 11, 12),
	WORLD("93", 11, 11),
	WORLD("94", 11, 11),
	WORLD("95", 9, 12),
	WORLD("960", 10, 10),
	WORLD("971", 11, 12),
	WORLD("972", 11, 12),
	WORLD("976", 11, 11),
	WORLD("977", 11, 13),
	WORLD("98", 12, 12),
	WORLD("992", 12, 12),
	WORLD("993", 11, 11),
	WORLD("994", 12, 12),
	WORLD("995", 12, 12),
	WORLD("996", 12, 12),
	WORLD("998", 12, 12),
	/* not assigned */
	WORLD("210", 0, 0),
	WORLD("214", 0, 0),
	WORLD("215", 0, 0),
	WORLD("217", 0, 0),
	WORLD("219", 0, 0),
	WORLD("28", 0, 0),
	WORLD("83", 0, 0),
	WORLD("884", 0, 0),
	WORLD("885", 0, 0),
	WORLD("887", 0, 0),
	WORLD("889", 0, 0),
	WORLD("89", 0, 0),
	WORLD("969", 0, 0),
	WORLD("978", 0, 0),
	WORLD("990", 0, 0),
	WORLD("999", 0, 0),
};

#define ROWS(array) \
	{ \
		array, N_OF(array) \
	}
#define NO_ROWS \
	{ \
		NULL, 0 \
	}

static const struct default_plan {
	uint16_t country;
	bool trunk;
	struct plan_rows idd, bare, home;
} plans[] = {
	{ 82, true, ROWS(idd_korea), ROWS(korea_bare), ROWS(korea_home) },
	{ 1, false, ROWS(idd_nanp), ROWS(nanp_bare), NO_ROWS },
	{ 61, true, ROWS(idd_australia), NO_ROWS, NO_ROWS },
	{ 65, false, ROWS(idd_singapore), ROWS(singapore_bare), NO_ROWS },
	{ 91, true, ROWS(idd_usual), ROWS(india_bare), NO_ROWS },
};

struct plan_rows numbering_plan_world(void) { return (struct plan_rows)ROWS(e164); }

void numbering_plan_default(struct numbering_plan *out, uint16_t country)
{
	struct default_plan d = { country, country != 0, ROWS(idd_usual), NO_ROWS, NO_ROWS };

	for (unsigned i = 0; i < N_OF(plans); i++)
		if (plans[i].country == country)
			d = plans[i];
	*out = (struct numbering_plan){ .country = country,
		                        .trunk = d.trunk,
		                        .idd = d.idd,
		                        .bare = d.bare,
		                        .home = d.home,
		                        .world = numbering_plan_world() };
	numbering_plan_prepare(out);
}
