/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_diff: how one set of rules differs from another, rule by rule.
 *
 * Rules are compared by their ids, folds by the character that is folded; where they stand
 * and how they are laid out does not count.
 *
 * Threads: pure; any.
 */
#ifndef CONTROL_RULE_DIFF_H
#define CONTROL_RULE_DIFF_H
#include "rule_set.h"

enum rule_difference { RULE_ADDED, RULE_REMOVED, RULE_CHANGED };

/* One thing of a rule: a pattern or a test that came (+) or went (-), or another value. */
struct rule_detail {
	const char *what;           /* "pattern", "test", "action", "scope", ...; constant */
	const char *before, *after; /* borrowed from the sets; NULL: not there, or not a text */
};

/* on_fold: each character whose row came (before 0), went (after 0) or leads elsewhere.
 * on_rule: once a rule that differs, in the order of the new set, those removed behind;
 * then on_detail for each thing of a changed one. -ENOMEM. */
struct rule_diff_reader {
	void (*on_fold)(void *context, uint32_t from, uint32_t before, uint32_t after);
	void (*on_rule)(void *context, enum rule_difference kind, const struct rule *rule);
	void (*on_detail)(void *context, const struct rule_detail *detail);
	void *context;
};
must_use int rule_diff(const struct rule_set *before, const struct rule_set *after,
                       const struct rule_diff_reader *reader);

#endif
