/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_excerpt: what the database of literals has in place of a longer one.
 *
 * Hyperscan looks for the last eight octets of a literal, and what it finds of them has to be
 * looked at again. Of several words these are within the last one, which many clean texts
 * have; eight octets with an edge between two words in their middle come rarely without the
 * rest. So these are looked for, and the data plane compares the rest (image_pattern_holds()).
 *
 * Threads: pure; any.
 */
#ifndef CONTROL_RULE_EXCERPT_H
#define CONTROL_RULE_EXCERPT_H
#include <stdbool.h>

#include "image_format.h"

#define RULE_EXCERPT_OCTETS 8u /* what Hyperscan compares at once */

/*
 * The excerpt of an expression that rule_expression_is_literal(), with these HS_FLAG_*. false:
 * it is better looked for as it is; or it has letters whose case the flags say not to regard
 * and that are not known to be of one case in a folded text.
 */
bool rule_excerpt(struct image_excerpt *out, const char *expression, unsigned flags);

/* The excerpt's octets as an expression that takes no flags. */
void rule_excerpt_expression(const struct image_excerpt *excerpt,
                             char out[4 * RULE_EXCERPT_OCTETS + 1]);

#endif
