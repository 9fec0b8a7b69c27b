/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int heaviest_first(const void *left, const void *right)
{
	const struct term *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->gram < b->gram ? -1 : a->gram > b->gram;
}

int model_make(struct model *out, const struct design *design, const struct solution *solution)
{
	const uint32_t n = design->matrix.n_columns;
	struct term *terms = malloc((n + 1) * sizeof(*terms));

	if (terms == NULL)
		return -ENOMEM;
	*out = (struct model){ .terms = terms, .bias = solution->bias * MODEL_SCALE };
	for (uint32_t j = 0; j < n; j++) {
		const int32_t weight = (int32_t)lround(solution->weights[j] * MODEL_SCALE);

		if (weight != 0)
			terms[out->n_terms++] = (struct term){ design->grams[j], weight };
	}
	qsort(terms, out->n_terms, sizeof(*terms), heaviest_first);
	return 0;
}

void model_free(struct model *model)
{
	free(model->terms);
	*model = (struct model){ 0 };
}

void model_score(const struct model *model, const struct corpus *corpus,
                 const struct grams *grams, uint32_t folds, double *scores)
{
	for (uint32_t i = 0; i < corpus->n; i++)
		if ((folds >> corpus->samples[i].fold & 1) != 0)
			scores[i] = model->bias;
	for (uint32_t t = 0; t < model->n_terms; t++) {
		const struct gram *gram = &grams->grams[model->terms[t].gram];

		for (uint32_t k = 0; k < gram->n; k++) {
			const uint32_t sample = grams->postings[gram->first + k];
			if ((folds >> corpus->samples[sample].fold & 1) != 0)
				scores[sample] += model->terms[t].weight;
		}
	}
}
