/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_warn: what is no mistake in a rule file, and yet cannot be meant.
 *
 * - a rule that no text can match: a combination that is never true, a threshold above all its
 *   weights together, a regex of a folded text with a character that folding turns into
 *   another one;
 * - no rule at all;
 * - what has no effect: a command_status where nothing is refused, a pattern that the
 *   combination does not ask for, one that stands in the rule twice, a rule whose every match
 *   another one is stronger at, or as strong and before it.
 *
 * Threads: pure; any. Cost: far below that of compiling the rules.
 */
#ifndef CONTROL_RULE_WARN_H
#define CONTROL_RULE_WARN_H
#include "check.h"
#include "problems.h"
#include "rule_set.h"

/* Of a set without a problem: a warning for each place. 0 or -ENOMEM. */
must_use int rule_warn(const struct rule_set *set, struct problems *warnings);

#endif
