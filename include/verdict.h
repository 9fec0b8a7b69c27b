/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict: why a message passed or was refused. Rows in verdict.def.
 *
 * reason_row() is a look-up by number for texts and defaults; it returns NULL
 * for a number that has no row (numbers come from files and images too).
 * Any thread may call it; the table is constant.
 */
#ifndef SLUICE_VERDICT_H
#define SLUICE_VERDICT_H
#include <stddef.h>
#include <stdint.h>

enum reason {
#define REASON(number, NAME, name, status, sentence) REASON_##NAME = number,
#include "verdict.def"
#undef REASON
};

#define REASON_SLOTS 64 /* every number of verdict.def is below this */

struct reason_row {
	const char *name;        /* as in counters, audit, API */
	const char *sentence;    /* for people */
	uint32_t command_status; /* SMPP 3.4 section 5.1.3; the default answer */
};

static inline const struct reason_row *reason_row(unsigned number)
{
	static const struct reason_row rows[REASON_SLOTS] = {
#define REASON(number, NAME, name, status, sentence) \
	[number] = { #name, sentence, status },
#include "verdict.def"
#undef REASON
	};

	if (number >= REASON_SLOTS || rows[number].name == NULL)
		return NULL;
	return &rows[number];
}

#endif
