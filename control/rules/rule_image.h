/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_image: what of a rule set and its program is the same in every image.
 *
 * Who makes the image gives each rule its id and its lists of accounts.
 *
 * Threads: pure; any.
 */
#ifndef CONTROL_RULE_IMAGE_H
#define CONTROL_RULE_IMAGE_H
#include "image_build.h"
#include "rule_compile.h"

/* A rule as image_build_rule() takes it, borrowed from the set: id 0, no accounts. */
struct image_build_rule rule_image_rule(const struct rule_set *set, uint32_t rule);

/* Databases of a program and excerpts of its patterns. -ENOMEM, or as image_build.h. */
must_use int rule_image_program(struct image_build *image, const struct rule_program *program,
                                uint32_t n_patterns);

/* Behind the rules: patterns, folds, excerpts, databases. -ENOMEM, or as image_build.h. */
must_use int rule_image_put(struct image_build *image, const struct rule_set *set,
                            const struct rule_program *program);

#endif
