/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grams: the pieces of text that a corpus's messages share, and which have each.
 *
 * A gram is up to GRAM_CHARS characters that stand side by side in folded text, or the
 * same with every ASCII digit taken for any digit: sums, numbers and codes change from
 * message to message, how they are written does not. Mined level by level: a piece of n
 * characters can only be as frequent as both its pieces of n - 1, so a level looks at
 * pairs of the frequent ones of the level before, and a pair of their numbers names a
 * longer piece exactly. No gram has a control character: a pattern with a line feed
 * could match across joined texts.
 *
 * Ownership  grams own their arrays until grams_free(); the texts stay the corpus's.
 * Threads    belongs to its caller.
 */
#ifndef CONTROL_TRAIN_GRAMS_H
#define CONTROL_TRAIN_GRAMS_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "corpus.h"

#define GRAM_CHARS 12u /* at most: longer ones would carry messages along */
#define GRAM_POSTINGS_MAX (UINT32_C(1) << 30)

struct gram {
	uint64_t first; /* of its messages in postings */
	uint32_t n;     /* of messages */
	uint32_t n_spam;
	uint32_t sample, start; /* an occurrence: a message, octets into its text */
	uint8_t octets, chars;
	bool digits; /* a digit stands for any digit */
};

struct grams {
	struct gram *grams;
	uint32_t n;
	uint32_t *postings; /* indices of messages, ascending within a gram */
	uint64_t n_postings;
};

struct gram_limits {
	uint32_t max_chars;    /* 1 .. GRAM_CHARS */
	uint32_t min_octets;   /* shorter ones match everywhere and cost every scan */
	uint32_t min_messages; /* that have it */
	uint32_t min_spam;     /* ... of them spam, or: */
	uint32_t min_clean;    /* not counting those of others */
	bool literals_only;    /* none whose digits stand for any */
};

/* All of them. 0; -ENOMEM; -E2BIG: more than GRAM_POSTINGS_MAX. */
must_use int grams_mine(struct grams *out, const struct corpus *corpus,
                        const struct gram_limits *limits);

void grams_free(struct grams *grams);

#endif
