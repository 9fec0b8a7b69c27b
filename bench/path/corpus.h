/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus: patterns and texts for benches, the same for the same seed.
 *
 * Patterns, in the proportions that screening rule sets have: 45 % Korean literals,
 * 25 % English words, 10 % URLs, 10 % telephone numbers, 5 % letters kept apart by
 * other characters, 5 % Korean alternatives. Texts are 20 to 160 octets of UTF-8, 94
 * on average: 60 % Korean, 25 % mixed, 15 % English, written with words near those of
 * the patterns; about one in twenty holds a match.
 *
 * Nothing in it was copied: words are drawn syllable by syllable.
 */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define CORPUS_TEXT_MAX 200u
#define CORPUS_PATTERN_MAX 160u

struct corpus {
	unsigned n_patterns, n_texts;
	char (*patterns)[CORPUS_PATTERN_MAX]; /* regular expressions */
	char (*texts)[CORPUS_TEXT_MAX];       /* UTF-8, NUL-terminated */
	uint8_t *korean;                      /* 1: holds Hangul */
};

/* splitmix64: small, and the same everywhere. */
struct rng {
	uint64_t state;
};
uint64_t rng_next(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t bound);

must_use int corpus_open(struct corpus *out, uint64_t seed, unsigned n_patterns,
                         unsigned n_texts);
void corpus_close(struct corpus *corpus);

#endif
