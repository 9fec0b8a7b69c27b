/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate: the choice of lambda and threshold by cross-validation, and what a model so
 * chosen does on messages that had no part in any choice.
 *
 * Every fold is held out once. For it, the other folds are cross-validated among
 * themselves to choose lambda, a model is trained on them, and the fold is scored. Its
 * threshold is chosen on the held-out scores of the other folds. So the figures are of
 * new messages. The model that is written comes from all folds: lambda and threshold from
 * a cross-validation of them.
 *
 * Threads: belongs to its caller.
 */
#ifndef CONTROL_TRAIN_VALIDATE_H
#define CONTROL_TRAIN_VALIDATE_H
#include <stdint.h>

#include "check.h"
#include "corpus.h"
#include "grams.h"
#include "model.h"

#define LAMBDAS_MAX 16u

struct plan {
	const struct corpus *corpus;
	const struct grams *grams;
	double lambdas[LAMBDAS_MAX]; /* falling; more than one: the best is chosen */
	uint32_t n_lambdas;
	double ridge;
	double digit_price; /* of a gram whose digits stand for any, in literals */
	double fpr;         /* false-positive rate that the threshold aims below */
	uint32_t max_terms;
	uint64_t seed;
	/* Told after each model, for a person who waits; done: since the plan was made. */
	void (*progress)(void *context, uint32_t done);
	void *context;
	uint32_t done;
};

struct chosen {
	uint32_t lambda; /* index into plan.lambdas */
	/* Points, of scores with the bias, by lambda: from it on it is spam. */
	double thresholds[LAMBDAS_MAX];
};

struct trained {
	struct model model;
	struct chosen chosen;
};

/* Choose on these folds (at least two) and train on all of them. 0; -ENOMEM; -ENODATA:
 * a class is absent from a part; -EDOM: the solver did not settle; -ENOSPC: every lambda
 * needs more terms than allowed. */
must_use int train(struct trained *out, struct plan *plan, uint32_t folds);

/* What a model that had no part of a message's fold says of it. */
struct held {
	double score;  /* points with the bias, so odds: exp(score / MODEL_SCALE) */
	double margin; /* points above the threshold; from 0 on it is spam */
};

/* held[sample], for all messages; the caller's, of as many as the corpus has. */
must_use int hold_out(struct plan *plan, struct held *held);

/* Whole points of the terms alone that a message must reach. */
int32_t trained_threshold(const struct trained *trained);

#endif
