/* SPDX-License-Identifier: Apache-2.0 */
/*
 * solver: L1-regularised logistic regression over presence features.
 *
 * Minimises  sum_i log(1 + exp(-y_i (bias + sum_j w_j x_ij)))
 *            + lambda * sum_j price_j |w_j| + ridge / 2 * sum_j w_j^2
 * with y_i +1 for spam and -1 for clean, x_ij 1 when message i has feature j, else 0. The
 * bias is not regularised. The ridge, small, shares a weight among features that go
 * together, where L1 alone keeps one of them by accident and misses a message that has
 * only the others (Zou, Hastie 2005, "Regularization and variable selection via the
 * elastic net"). Coordinate descent with Newton steps and a line search (Yuan, Chang,
 * Hsieh, Lin 2010, "A comparison of optimization methods and software for large-scale
 * L1-regularized linear classification", section 4.1.2): sweeps over the features that
 * are not zero until those are settled, then over all. The order of a sweep is drawn
 * from the seed: the same input and seed give the same octets.
 *
 * Threads: belongs to its caller. Cost: a sweep reads every entry of the matrix once.
 */
#ifndef CONTROL_TRAIN_SOLVER_H
#define CONTROL_TRAIN_SOLVER_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

/* Columns of a sparse matrix of ones: rows[first[j] .. first[j + 1]) have feature j. */
struct matrix {
	const uint64_t *first; /* n_columns + 1 */
	const uint32_t *rows;
	const bool *spam;    /* by row */
	const double *price; /* by column: lambda counts so many times; NULL: once */
	uint32_t n_rows, n_columns;
};

struct solution {
	double *weights; /* n_columns; the caller's: what it holds is the start */
	double bias;
};

#define SOLVER_SWEEPS_MAX 2000u
#define SOLVER_TOLERANCE 0.005 /* of lambda: how far a slope may be from its bounds */

struct penalty {
	double lambda, ridge; /* above 0; 0 or above */
};

/* 0; -ENOMEM; -EDOM: not settled after SOLVER_SWEEPS_MAX. */
must_use int solve(struct solution *out, const struct matrix *matrix, struct penalty penalty,
                   uint64_t seed);

/* Uniform 64 bits from a state that moves on (splitmix64, Steele et al. 2014). */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);

	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

#endif
