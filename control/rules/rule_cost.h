/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_cost: what folding, scanning and judging a message by a set of rules costs.
 *
 * A figure is the median of several rounds over the same texts, so that a machine that is
 * busy for a moment does not make a good set look dear. What a rule costs is the figure with
 * it less the figure without it.
 *
 * Threads: pure but for the clock; any.
 */
#ifndef CONTROL_RULE_COST_H
#define CONTROL_RULE_COST_H
#include "rule_compile.h"

#define RULE_COST_ROUNDS 5u
#define RULE_COST_DEAREST 5u
#define RULE_COST_LARGEST 6u /* rules that are left out in turn where not all are */

struct rule_texts {
	const char *const *texts; /* valid UTF-8 */
	uint32_t n;
};

/* A mix of Korean and English, made by a rule of ours; the same in every run. */
extern const struct rule_texts rule_cost_sample;

/* Nanoseconds from some instant; a test gives its own. */
typedef double rule_clock(void *context);

struct rule_cost {
	double ns; /* a message */
	struct {
		uint32_t rule; /* index */
		double ns;
	} dearest[RULE_COST_DEAREST]; /* the dearest first; of rule_cost_dearest() */
	uint32_t n;
};

/* ns alone. clock NULL: the machine's. -ENOMEM. */
must_use int rule_cost_measure(struct rule_cost *out, const struct rule_set *set,
                               const struct rule_program *program,
                               const struct rule_texts *texts, rule_clock *clock,
                               void *context);

/* And which rules cost most: each of the `largest` ones with most patterns is left out once,
 * which takes a compilation. The set is as before afterwards. -ENOMEM. */
must_use int rule_cost_dearest(struct rule_cost *out, struct rule_set *set,
                               const struct rule_texts *texts, uint32_t largest,
                               rule_clock *clock, void *context);

/* Whether a budget in nanoseconds a message is kept; 0 = there is none. */
bool rule_cost_fits(const struct rule_cost *cost, uint32_t budget_ns);

#endif
