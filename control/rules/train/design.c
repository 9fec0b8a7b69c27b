/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "model.h"

#define LEAST_MESSAGES 4u /* that are trained on and have a gram */
/* Of clean messages at most this share may have a gram: most traffic is clean, and each
 * match costs a scan more than the octets it stands in. */
#define CLEAN_SHARE 0.1
#define GOOD_CHARS 4u /* of grams in the same messages the first with so many is taken */

/* A gram as the messages trained on see it. */
struct candidate {
	double merit;
	uint64_t where; /* the same for grams of the same messages */
	uint32_t gram;
	uint32_t rank; /* the less the better among those of the same messages */
};

struct choice {
	const struct corpus *corpus;
	const struct grams *grams;
	uint32_t folds;
	double n_spam, n_clean;
};

static bool trained(const struct choice *c, uint32_t sample)
{
	return (c->folds >> c->corpus->samples[sample].fold & 1) != 0;
}

/* How far a message moves the odds, times how many messages of a class it is about. */
static double merit_of(const struct choice *c, double n_spam, double n_clean)
{
	const double of_spam = (n_spam + 0.5) / (c->n_spam + 1);
	const double of_clean = (n_clean + 0.5) / (c->n_clean + 1);

	return fabs(log(of_spam / of_clean)) * fabs(n_spam / c->n_spam - n_clean / c->n_clean);
}

static uint32_t rank_of(const struct gram *gram)
{
	const uint32_t distance = gram->chars >= GOOD_CHARS
	                                  ? gram->chars - GOOD_CHARS
	                                  : GRAM_CHARS + GOOD_CHARS - gram->chars;
	return distance * 2 + gram->digits;
}

static bool consider(const struct choice *c, uint32_t index, struct candidate *out)
{
	const struct gram *gram = &c->grams->grams[index];
	const uint32_t *postings = c->grams->postings + gram->first;
	uint32_t n = 0, n_spam = 0;
	uint64_t where = 0;

	for (uint32_t i = 0; i < gram->n; i++) {
		uint64_t state = postings[i];

		if (!trained(c, postings[i]))
			continue;
		where += random_next(&state);
		n_spam += c->corpus->samples[postings[i]].spam;
		n++;
	}
	*out = (struct candidate){ .gram = index, .where = where, .rank = rank_of(gram) };
	if (n < LEAST_MESSAGES)
		return false;
	if (n - n_spam > CLEAN_SHARE * c->n_clean)
		return false;
	out->merit = merit_of(c, n_spam, n - n_spam);
	return true;
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

static int by_merit(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->merit != b->merit)
		return ORDER(b->merit, a->merit);
	if (a->where != b->where)
		return ORDER(a->where, b->where);
	if (a->rank != b->rank)
		return ORDER(a->rank, b->rank);
	return ORDER(a->gram, b->gram);
}

/* The grams of the columns into design->grams, their number. */
static int choose(struct design *design, const struct choice *c)
{
	struct candidate *all = malloc((c->grams->n + 1) * sizeof(*all));
	uint32_t n = 0, taken = 0;

	design->grams = malloc(MODEL_COLUMNS * sizeof(*design->grams));
	if (all == NULL || design->grams == NULL) {
		free(all);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < c->grams->n; i++)
		n += consider(c, i, &all[n]);
	qsort(all, n, sizeof(*all), by_merit);
	for (uint32_t i = 0; i < n && taken < MODEL_COLUMNS; i++)
		if (i == 0 || all[i].where != all[i - 1].where)
			design->grams[taken++] = all[i].gram;
	design->matrix.n_columns = taken;
	free(all);
	return 0;
}

/* Rows for the messages trained on. row_of[sample] is only set for those. */
static int lay_rows(struct design *design, struct choice *c, uint32_t *row_of)
{
	const uint32_t n = c->corpus->n;

	design->spam = malloc(n * sizeof(*design->spam));
	design->samples = malloc(n * sizeof(*design->samples));
	if (design->spam == NULL || design->samples == NULL)
		return -ENOMEM;
	uint32_t rows = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!trained(c, i))
			continue;
		row_of[i] = rows;
		design->samples[rows] = i;
		design->spam[rows++] = c->corpus->samples[i].spam;
		c->n_spam += c->corpus->samples[i].spam;
	}
	c->n_clean = rows - c->n_spam;
	design->matrix.n_rows = rows;
	return c->n_spam == 0 || c->n_clean == 0 ? -ENODATA : 0;
}

static int fill_columns(struct design *design, const struct choice *c, const uint32_t *row_of)
{
	const uint32_t n_columns = design->matrix.n_columns;
	uint64_t n = 0;

	for (uint32_t j = 0; j < n_columns; j++)
		n += c->grams->grams[design->grams[j]].n;
	design->first = malloc((n_columns + 1) * sizeof(*design->first));
	design->rows = malloc((n + 1) * sizeof(*design->rows));
	if (design->first == NULL || design->rows == NULL)
		return -ENOMEM;
	n = 0;
	for (uint32_t j = 0; j < n_columns; j++) {
		const struct gram *gram = &c->grams->grams[design->grams[j]];
		const uint32_t *postings = c->grams->postings + gram->first;

		design->first[j] = n;
		for (uint32_t i = 0; i < gram->n; i++)
			if (trained(c, postings[i]))
				design->rows[n++] = row_of[postings[i]];
	}
	design->first[n_columns] = n;
	return 0;
}

static int set_prices(struct design *design, const struct choice *c, double digit_price)
{
	const uint32_t n = design->matrix.n_columns;

	design->price = malloc((n + 1) * sizeof(*design->price));
	if (design->price == NULL)
		return -ENOMEM;
	for (uint32_t j = 0; j < n; j++)
		design->price[j] = c->grams->grams[design->grams[j]].digits ? digit_price : 1;
	return 0;
}

int design_make(struct design *out, const struct corpus *corpus, const struct grams *grams,
                double digit_price, uint32_t folds)
{
	struct choice c = { .corpus = corpus, .grams = grams, .folds = folds };
	uint32_t *row_of = malloc((corpus->n + 1) * sizeof(*row_of));
	int result = row_of != NULL ? 0 : -ENOMEM;

	*out = (struct design){ 0 };
	if (result == 0)
		result = lay_rows(out, &c, row_of);
	if (result == 0)
		result = choose(out, &c);
	if (result == 0)
		result = fill_columns(out, &c, row_of);
	if (result == 0)
		result = set_prices(out, &c, digit_price);
	free(row_of);
	if (result != 0) {
		design_free(out);
		return result;
	}
	out->matrix.first = out->first;
	out->matrix.rows = out->rows;
	out->matrix.spam = out->spam;
	out->matrix.price = out->price;
	return 0;
}

void design_free(struct design *design)
{
	free(design->first);
	free(design->rows);
	free(design->spam);
	free(design->price);
	free(design->grams);
	free(design->samples);
	*design = (struct design){ 0 };
}
