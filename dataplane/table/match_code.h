/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_code: the combinations of a rule (include/image_format.h, IMAGE_RULE_CODE).
 *
 * match_code_valid() proves once that code runs; match_code_run() then checks nothing.
 * Cost: one step a word. Threads: pure; any.
 */
#ifndef DP_MATCH_CODE_H
#define DP_MATCH_CODE_H
#include <stdbool.h>
#include <stdint.h>

#include "image_format.h"

static inline uint32_t match_code_word(enum image_code_op op, uint32_t argument)
{
	return (uint32_t)op << 24 | argument;
}

/* Whether code[0 .. n) runs: known words, groups below n_groups, a stack that never
 * passes either end of its bounds and ends with one value. */
bool match_code_valid(const uint32_t *code, uint32_t n, uint32_t n_groups);

/* The value of valid code. group() says whether a pattern of a group matched. */
bool match_code_run(const uint32_t *code, uint32_t n,
                    bool (*group)(const void *context, uint32_t group), const void *context);

#endif
