/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_trial: whether an expression is compiled in reasonable time.
 *
 * Hyperscan takes half a second for foo.{0,160}bar, nine for foo.{0,200}bar, and had not ended
 * with foo.{0,1000}bar after ten minutes. No measure of the expression foretells it
 * (a.{0,80}b.{0,80}c is worse than the first), and hs_compile() cannot be stopped. So what
 * repeats widely is compiled in a process of its own first, whose time is bounded.
 *
 * Threads: any; of a process that has others too, since the child calls nothing but
 * Hyperscan and the allocator, which is whole after fork(2).
 */
#ifndef CONTROL_RULE_TRIAL_H
#define CONTROL_RULE_TRIAL_H
#include <stdbool.h>

/* Of CPU time. */
#define RULE_TRIAL_SECONDS 3u

/* Whether it may take long: its repeats {n,m}, and {n,}, come to 32 in all, or more, those of a
 * group times how often the group is; few of ours do. */
bool rule_trial_due(const char *expression);

/* False: the trial did not end in time. Also true of what Hyperscan refuses. */
bool rule_trial(const char *expression, unsigned flags);

#endif
