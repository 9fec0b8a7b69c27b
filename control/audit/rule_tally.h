/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_tally: what workers counted of rules, summed: a rule of a set of rules once.
 *
 * Order  the set in force first, then the latest one first; in a set the rule with most
 *        matches first, then the one with the lowest number.
 */
#ifndef CONTROL_RULE_TALLY_H
#define CONTROL_RULE_TALLY_H
#include <stddef.h>
#include <stdint.h>

#include "report_format.h"

/* rows[0 .. n), of all workers in any order, are replaced by the sums; how many. last is the
 * latest of them. in_force: a version. Pure; any thread. */
size_t rule_tally(struct report_rule *rows, size_t n, uint32_t in_force);

#endif
