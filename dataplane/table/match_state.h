/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_state: from the patterns that matched one message to what its rules say.
 *
 *   match_begin(state);
 *   for each hit, in any order, as often as it likes:  match_add(state, pattern);
 *   match_end(state, &input, &result);
 *
 * The data plane and control's offline tools judge by this same code. Scope, validity,
 * canaries, combinations and weights are all decided here, after the scan, because a
 * scan of many joined texts cannot tell them apart.
 *
 * Cost       a hit touches two or three words; a rule with a hit some more. Nothing is
 *            cleared between messages: marks carry the number of the message.
 * Ownership  borrows the image. Threads: a state belongs to one worker.
 */
#ifndef DP_MATCH_STATE_H
#define DP_MATCH_STATE_H
#include <stdbool.h>
#include <stdint.h>

#include "image.h"

#define MATCH_RULES_KEPT 8u /* of all rules that matched, named in the result */

struct match_state;

struct match_input {
	uint32_t account_row; /* 0 = no account (what an SMSC sends) */
	uint32_t seconds;     /* Unix time */
	uint32_t share;       /* 0 .. IMAGE_SHARE_WHOLE - 1: which part of the traffic */
	uint8_t data_coding;
	bool from_esme;
};

struct match_result {
	int64_t score;    /* thousandths of a point, of rules that act */
	uint32_t action;  /* the strongest of the rules that act; 0 = none has any */
	uint32_t rule;    /* index: of the rule with that action that comes first */
	uint32_t heaviest; /* index: of the rule that added most to the score */
	bool weighed;     /* some rule added to the score; else heaviest is 0 */
	uint32_t n_rules; /* that matched and act, kept or not */
	uint32_t n_shadow; /* that matched, but are only watched */
	uint32_t rules[MATCH_RULES_KEPT]; /* indexes, ascending: the lowest of them all */
};

/* -ENOMEM. Free with match_close(); NULL is allowed there. */
must_use int match_open(struct match_state **out, const struct image *image);
void match_close(struct match_state *state);

/* A new message: nothing has matched. */
void match_begin(struct match_state *state);

/* pattern < image->n_patterns: whoever takes ids from Hyperscan bounds them. */
void match_add(struct match_state *state, uint32_t pattern);

void match_end(struct match_state *state, const struct match_input *input,
               struct match_result *result);

/*
 * After match_end(), until the next match_begin(): the indexes of all rules that matched, in
 * no order, each once; MATCH_ACTING is set in those that act, the others are shadows.
 */
#define MATCH_ACTING (UINT32_C(1) << 31)
const uint32_t *match_rules(const struct match_state *state, uint32_t *n);

/* Whether this pattern, or this rule in its scope (input NULL: whatever its scope),
 * matched the message: for tools, after match_end(). */
bool match_has_pattern(const struct match_state *state, uint32_t pattern);
bool match_has_rule(const struct match_state *state, const struct match_input *input,
                    uint32_t rule);

/* What a rule came to, for this message and who sends it. Beyond: its scope or its validity
 * leaves the message out. */
enum match_effect { MATCH_NONE, MATCH_BEYOND, MATCH_SHADOW, MATCH_ACTS };
enum match_effect match_effect(const struct match_state *state, const struct match_input *input,
                               uint32_t rule);

#endif
