/* SPDX-License-Identifier: Apache-2.0 */
#include "solver.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define ARMIJO 0.01 /* share of the expected decrease that a step must bring */
#define HALVINGS_MAX 20u
#define CURVATURE_MIN 1e-12
#define STEP_MAX 10.0
#define LOG_ROWS 16u /* exp(160) is a double still */

struct work {
	const struct matrix *matrix;
	struct solution *solution;
	struct penalty penalty;
	double *score;     /* by row: bias + weights of its features */
	double *odds;      /* by row: exp(score) */
	double *chance;    /* by row: of spam, odds / (1 + odds) */
	uint32_t *n_spam;  /* by column: of its rows */
	uint32_t *order;   /* columns, shuffled */
	uint32_t *all;     /* the rows of the bias: 0, 1, 2 ... */
	uint32_t n_active; /* of order, at its front: those that have weights */
	uint32_t n_spam_all;
	uint64_t random;
};

/* A coordinate: the rows that a change of its weight touches. */
struct coordinate {
	double *weight;
	const uint32_t *rows;
	uint64_t n;
	double n_spam;
	struct penalty penalty;
};

static double gradient_of(const struct work *w, const struct coordinate *c)
{
	double gradient = c->penalty.ridge * *c->weight - c->n_spam;

	for (uint64_t i = 0; i < c->n; i++)
		gradient += w->chance[c->rows[i]];
	return gradient;
}

static double curvature_of(const struct work *w, const struct coordinate *c)
{
	double curvature = c->penalty.ridge;

	for (uint64_t i = 0; i < c->n; i++)
		curvature += w->chance[c->rows[i]] * (1 - w->chance[c->rows[i]]);
	return fmax(curvature, CURVATURE_MIN);
}

/* The change of the loss when the rows' scores change by step. A logarithm is taken of
 * LOG_ROWS ratios together: each is between exp(-STEP_MAX) and exp(STEP_MAX). */
static double loss_change(const struct work *w, const struct coordinate *c, double step)
{
	const double more = exp(step) - 1;
	double change = -c->n_spam * step, ratio = 1;

	for (uint64_t i = 0; i < c->n; i++) {
		ratio *= 1 + w->chance[c->rows[i]] * more;
		if (i % LOG_ROWS == LOG_ROWS - 1) {
			change += log(ratio);
			ratio = 1;
		}
	}
	return change + log(ratio);
}

static double penalty_change(const struct coordinate *c, double step)
{
	const double weight = *c->weight;

	return c->penalty.lambda * (fabs(weight + step) - fabs(weight)) +
	       c->penalty.ridge * step * (weight + step / 2);
}

static void move(struct work *w, const struct coordinate *c, double step)
{
	const double factor = exp(step);

	*c->weight += step;
	for (uint64_t i = 0; i < c->n; i++) {
		const uint32_t row = c->rows[i];

		w->score[row] += step;
		w->odds[row] *= factor;
		w->chance[row] = 1 - 1 / (1 + w->odds[row]);
	}
}

/* The minimum of the quadratic model plus lambda |weight + step|, as a step. */
static double newton_step(double gradient, double curvature, double weight, double lambda)
{
	double step = -weight;

	if (gradient + lambda <= curvature * weight)
		step = -(gradient + lambda) / curvature;
	else if (gradient - lambda >= curvature * weight)
		step = -(gradient - lambda) / curvature;
	return fmin(fmax(step, -STEP_MAX), STEP_MAX);
}

/* How far the slope is from what a minimum allows. */
static double violation(double gradient, double weight, double lambda)
{
	if (weight == 0)
		return fmax(fabs(gradient) - lambda, 0);
	return fabs(gradient + (weight > 0 ? lambda : -lambda));
}

/* Better one coordinate. Its violation before. */
static double descend(struct work *w, const struct coordinate *c)
{
	const double gradient = gradient_of(w, c), lambda = c->penalty.lambda;
	const double before = violation(gradient, *c->weight, lambda);

	if (before == 0)
		return 0;
	double step = newton_step(gradient, curvature_of(w, c), *c->weight, lambda);
	/* By the slope; the ridge's is in the gradient already. */
	double expected =
		gradient * step + lambda * (fabs(*c->weight + step) - fabs(*c->weight));
	for (unsigned i = 0; i < HALVINGS_MAX && step != 0; i++) {
		if (loss_change(w, c, step) + penalty_change(c, step) <= ARMIJO * expected) {
			move(w, c, step);
			break;
		}
		step /= 2;
		expected /= 2;
	}
	return before;
}

static double descend_column(struct work *w, uint32_t column)
{
	const uint64_t first = w->matrix->first[column];
	const double price = w->matrix->price != NULL ? w->matrix->price[column] : 1;
	const struct coordinate c = {
		.weight = &w->solution->weights[column],
		.rows = w->matrix->rows + first,
		.n = w->matrix->first[column + 1] - first,
		.n_spam = w->n_spam[column],
		.penalty = { w->penalty.lambda * price, w->penalty.ridge },
	};

	return descend(w, &c);
}

/* A coordinate that every row has, without a price. */
static double descend_bias(struct work *w)
{
	const struct coordinate c = {
		.weight = &w->solution->bias,
		.rows = w->all,
		.n = w->matrix->n_rows,
		.n_spam = w->n_spam_all,
	};

	return descend(w, &c);
}

static void shuffle(struct work *w, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--) {
		const uint32_t k = (uint32_t)(random_next(&w->random) % i);
		const uint32_t column = w->order[k];

		w->order[k] = w->order[i - 1];
		w->order[i - 1] = column;
	}
}

/* Columns with weights to the front. */
static void gather_active(struct work *w)
{
	w->n_active = 0;
	for (uint32_t i = 0; i < w->matrix->n_columns; i++) {
		const uint32_t column = w->order[i];

		if (w->solution->weights[column] == 0)
			continue;
		w->order[i] = w->order[w->n_active];
		w->order[w->n_active++] = column;
	}
}

/* Scores afresh: products of many factors drift. */
static void refresh(struct work *w)
{
	const struct matrix *m = w->matrix;

	for (uint32_t i = 0; i < m->n_rows; i++)
		w->score[i] = w->solution->bias;
	for (uint32_t j = 0; j < m->n_columns; j++)
		for (uint64_t k = m->first[j];
		     w->solution->weights[j] != 0 && k < m->first[j + 1]; k++)
			w->score[m->rows[k]] += w->solution->weights[j];
	for (uint32_t i = 0; i < m->n_rows; i++) {
		w->odds[i] = exp(w->score[i]);
		w->chance[i] = 1 - 1 / (1 + w->odds[i]);
	}
}

/* One turn over the first n of the order; the greatest violation. */
static double sweep(struct work *w, uint32_t n)
{
	double worst = descend_bias(w);

	shuffle(w, n);
	for (uint32_t i = 0; i < n; i++)
		worst = fmax(worst, descend_column(w, w->order[i]));
	return worst;
}

static int descend_all(struct work *w)
{
	const double enough = SOLVER_TOLERANCE * w->penalty.lambda;
	uint32_t sweeps = 0;

	while (sweeps < SOLVER_SWEEPS_MAX) {
		refresh(w);
		sweeps++;
		if (sweep(w, w->matrix->n_columns) <= enough)
			return 0;
		gather_active(w);
		while (sweeps++ < SOLVER_SWEEPS_MAX && sweep(w, w->n_active) > enough)
			;
	}
	return -EDOM;
}

static void count_spam(struct work *w)
{
	const struct matrix *m = w->matrix;

	for (uint32_t i = 0; i < m->n_rows; i++) {
		w->all[i] = i;
		w->n_spam_all += m->spam[i];
	}
	for (uint32_t j = 0; j < m->n_columns; j++) {
		w->order[j] = j;
		for (uint64_t k = m->first[j]; k < m->first[j + 1]; k++)
			w->n_spam[j] += m->spam[m->rows[k]];
	}
}

int solve(struct solution *out, const struct matrix *matrix, struct penalty penalty,
          uint64_t seed)
{
	const size_t rows = (matrix->n_rows + 1) * sizeof(double);
	const size_t columns = (matrix->n_columns + 1) * sizeof(uint32_t);
	struct work w = {
		.matrix = matrix,
		.solution = out,
		.penalty = penalty,
		.random = seed,
		.score = malloc(rows),
		.odds = malloc(rows),
		.chance = malloc(rows),
		.all = malloc(rows),
		.n_spam = calloc(1, columns),
		.order = malloc(columns),
	};
	int result = -ENOMEM;

	bug_if(!(penalty.lambda > 0) || !(penalty.ridge >= 0));
	if (w.score != NULL && w.odds != NULL && w.chance != NULL && w.all != NULL &&
	    w.n_spam != NULL && w.order != NULL) {
		count_spam(&w);
		result = descend_all(&w);
	}
	free(w.score);
	free(w.odds);
	free(w.chance);
	free(w.all);
	free(w.n_spam);
	free(w.order);
	return result;
}
