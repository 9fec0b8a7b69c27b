/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_compile: a rule set to one Hyperscan database, proved by its own tests.
 *
 * The data plane scans folded UTF-8 (dataplane/text/text.h), so literals are
 * folded here by the same code and then matched as they are; regular expressions
 * are compiled caseless. The id of a pattern in the database is its index in the
 * set. A pattern that Hyperscan refuses, or that would match an empty text, is
 * named with its line; all of them, not only the first.
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

/*
 * 0 and a database for hs_free_database(), NULL when the set has no pattern; or
 * -EINVAL with at least one problem added, or -ENOMEM.
 */
must_use int rule_compile(struct hs_database **out, const struct rule_set *set,
                          struct problems *problems);

/* Run the inline tests. 0; -EINVAL with a problem for each that fails; -ENOMEM. */
must_use int rule_run_tests(const struct rule_set *set, const struct hs_database *database,
                            struct problems *problems);

/*
 * All of it: read, compile, test. 0 with a set for rule_set_free() and a
 * database; or as above, nothing made.
 */
must_use int rule_load(struct rule_set **set, struct hs_database **database, const char *text,
                       size_t size, struct problems *problems);

/*
 * The first rule of the set, in file order, with a pattern in this valid UTF-8
 * text (folded here), or -1; -2: no memory. For tools and tests, not for speed.
 */
int64_t rule_first_match(const struct rule_set *set, const struct hs_database *database,
                         const char *text, size_t len);

#endif
