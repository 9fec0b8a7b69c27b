/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_compile: a rule set to Hyperscan databases, proved by its own tests.
 *
 * The id of a pattern in a database is its index in the set. A pattern that Hyperscan
 * refuses, or that would match an empty text, is named with its line; all of them, not
 * only the first, and the others are compiled all the same, so that their rules' tests
 * run too.
 *
 * Threads: pure; any thread. Cost: compiling thousands of patterns takes seconds.
 */
#ifndef CONTROL_RULE_COMPILE_H
#define CONTROL_RULE_COMPILE_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "problems.h"
#include "rule_set.h"

struct hs_database; /* Hyperscan */
struct image_excerpt;

/*
 * A database a view; NULL where no pattern is in it. Where the folded view has many patterns
 * that are characters and nothing else, those are in one of their own.
 */
struct rule_program {
	struct hs_database *folded, *literals, *plain;
	struct image_excerpt *excerpts; /* by pattern, those in literals; NULL: none */
};

void rule_program_free(struct rule_program *program);

/*
 * 0 and a program for rule_program_free(); -EINVAL with at least one problem added and a
 * program of the rest (the patterns that are not in it are marked refused); -ENOMEM and
 * an empty one.
 */
must_use int rule_compile(struct rule_program *out, struct rule_set *set,
                          struct problems *problems);

/* Run the inline tests of rules that no refused pattern is in. 0; -EINVAL with a problem
 * for each that fails; -ENOMEM. */
must_use int rule_run_tests(const struct rule_set *set, const struct rule_program *program,
                            struct problems *problems);

/*
 * All of it: read, compile, test. 0 with a set for rule_set_free() and a program; or as
 * above, nothing made.
 */
must_use int rule_load(struct rule_set **set, struct rule_program *program, const char *text,
                       size_t size, struct problems *problems);

#endif
