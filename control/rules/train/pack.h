/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack: a model as a rule file: one rule whose patterns have weights and which matches
 * when those of a message reach its threshold.
 *
 * Threads: pure.
 */
#ifndef CONTROL_TRAIN_PACK_H
#define CONTROL_TRAIN_PACK_H
#include <stdio.h>

#include "grams.h"
#include "validate.h"

struct pack {
	const char *id; /* of the rule */
	const char *sentence;
	const char *action; /* refuse, flag, observe */
	const char *header; /* lines of the comment on top, without the signs */
	const struct corpus *corpus;
	const struct grams *grams;
	const struct trained *trained;
};

/* 0, or -EIO when out does not take it. */
must_use int pack_write(FILE *out, const struct pack *pack);

#endif
