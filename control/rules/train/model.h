/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: grams with weights and the threshold that decides, in whole points.
 *
 * Columns are chosen on the messages that are trained on and on no others: the best
 * MODEL_COLUMNS grams by how differently spam and clean messages have them, one of those
 * that stand in exactly the same messages. A weight is a log odds times MODEL_SCALE,
 * rounded, so that a rule file says what is evaluated here.
 *
 * Ownership  a model owns its terms, until model_free(); grams stay the caller's.
 * Threads    belongs to its caller.
 */
#ifndef CONTROL_TRAIN_MODEL_H
#define CONTROL_TRAIN_MODEL_H
#include <stdint.h>

#include "check.h"
#include "corpus.h"
#include "grams.h"
#include "solver.h"

#define MODEL_COLUMNS 60000u
#define MODEL_SCALE 20.0 /* points for one unit of log odds */

/* The columns and the matrix of one set of folds. */
struct design {
	struct matrix matrix;
	uint64_t *first;
	uint32_t *rows;
	bool *spam;
	double *price;
	uint32_t *grams;   /* by column */
	uint32_t *samples; /* by row */
};

/* folds: a bit for each that is trained on; digit_price: of a gram whose digits stand for any.
 * 0, -ENOMEM; -ENODATA: one class is absent. */
must_use int design_make(struct design *out, const struct corpus *corpus,
                         const struct grams *grams, double digit_price, uint32_t folds);
void design_free(struct design *design);

struct term {
	uint32_t gram;
	int32_t weight; /* points, never 0 */
};

struct model {
	struct term *terms; /* heaviest first */
	uint32_t n_terms;
	double bias; /* points: the score of a message without any term */
};

/* From a solution of a design. 0, -ENOMEM. */
must_use int model_make(struct model *out, const struct design *design,
                        const struct solution *solution);
void model_free(struct model *model);

/* scores[sample] = bias + points of its terms, for the samples whose fold is in folds. */
void model_score(const struct model *model, const struct corpus *corpus,
                 const struct grams *grams, uint32_t folds, double *scores);

#endif
