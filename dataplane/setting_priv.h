/* SPDX-License-Identifier: Apache-2.0 */
/* setting_priv: the rows of setting.def as data, for the reader and the printer. */
#ifndef DP_SETTING_PRIV_H
#define DP_SETTING_PRIV_H
#include <stddef.h>
#include <stdint.h>

#include "setting.h"

enum setting_kind { KIND_U64, KIND_ENUM, KIND_PATH };

struct setting_row {
	const char *name, *unit, *sentence;
	const char *values;        /* KIND_ENUM: a|b|c */
	const char *text;          /* KIND_ENUM, KIND_PATH: the default */
	uint64_t min, max, number; /* KIND_U64: number is the default */
	size_t offset;             /* in struct settings */
	enum setting_kind kind;
};

extern const struct setting_row setting_rows[];
extern const unsigned setting_n_rows;

static inline void *setting_field(struct settings *s, const struct setting_row *row)
{
	return (char *)s + row->offset;
}

#endif
