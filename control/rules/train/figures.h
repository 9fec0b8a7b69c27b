/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures: what held-out verdicts are worth, by set and by how sure the model was.
 *
 * Threads: pure.
 */
#ifndef CONTROL_TRAIN_FIGURES_H
#define CONTROL_TRAIN_FIGURES_H
#include <stdint.h>

#include "corpus.h"
#include "validate.h"

struct rates {
	uint32_t n_spam, n_clean, caught, wrong;
};

/* Of the messages that are in one of these sets (a bit each). */
struct rates figures_of(const struct corpus *corpus, const struct held *held, uint32_t sets);

#define BINS 10u

/* A row of the reliability curve: messages that were given a chance of spam between
 * i / BINS and (i + 1) / BINS. A model that knows what it does not know has as large a
 * share of spam among them as it said on average. */
struct bin {
	uint32_t n, n_spam;
	double said; /* mean chance */
};

void figures_reliability(const struct corpus *corpus, const struct held *held,
                         struct bin bins[BINS]);

static inline double recall_of(struct rates r)
{
	return r.n_spam ? (double)r.caught / r.n_spam : 0;
}
static inline double fpr_of(struct rates r)
{
	return r.n_clean ? (double)r.wrong / r.n_clean : 0;
}

#endif
