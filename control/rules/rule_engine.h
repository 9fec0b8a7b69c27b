/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_engine: a rule set at work without a data plane, for tests, corpora and costs.
 *
 * It folds, scans and judges with the data plane's own text_fold_with(), Hyperscan and
 * match_state, over a view of the set's rows as an image would hold them.
 *
 * Ownership  borrows the set and the program until rule_engine_close().
 * Threads    an engine belongs to one thread.
 */
#ifndef CONTROL_RULE_ENGINE_H
#define CONTROL_RULE_ENGINE_H
#include "image.h"
#include "match_state.h"
#include "rule_compile.h"

struct hs_scratch;

struct rule_engine {
	struct image image;
	struct match_state *state; /* of the text scanned last */
	struct hs_scratch *scratch;
	struct image_rule *rules;
	struct image_pattern *patterns;
	uint8_t *folded, *loose;
	size_t folded_len, loose_len, folded_room; /* loose_len 0: it reads the same */
	unsigned wanted; /* view of the scan at work, and its text */
	const uint8_t *scanned;
	size_t scanned_len;
};

/* Faulty rules match as they can; what the others have is whole. -ENOMEM. NULL is allowed
 * at the end. */
must_use int rule_engine_open(struct rule_engine **out, const struct rule_set *set,
                              const struct rule_program *program);
void rule_engine_close(struct rule_engine *engine);

/* What the rules say of this valid UTF-8 text (decoded, not folded). Account rows of
 * input are 0: rules that are scoped to accounts concern nobody here. */
void rule_engine_scan(struct rule_engine *engine, const char *text, size_t len,
                      const struct match_input *input, struct match_result *out);

/* The row of a pattern as the image has it, where the program's databases and excerpts are. */
struct image_pattern rule_engine_pattern(const struct rule_set *set,
                                         const struct rule_program *program, uint32_t pattern);

#endif
