/* SPDX-License-Identifier: Apache-2.0 */
/* The solver against a slow reference: proximal gradient with a safe step length, on the
 * same problem written out densely. */
#include "solver.h"

#include <math.h>
#include <stdlib.h>

#include "cmocka_first.h"

#define ROWS 60u
#define COLUMNS 12u
#define ROUNDS 12
#define STEPS 40000

struct problem {
	bool x[ROWS][COLUMNS];
	bool spam[ROWS];
	uint64_t first[COLUMNS + 1];
	uint32_t rows[ROWS * COLUMNS];
	double price[COLUMNS];
	struct matrix matrix;
	struct penalty penalty;
};

static void make(struct problem *p, uint64_t *random)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < ROWS; i++) {
		p->spam[i] = random_next(random) % 3 == 0;
		for (uint32_t j = 0; j < COLUMNS; j++) /* some columns know the answer */
			p->x[i][j] =
				random_next(random) % (p->spam[i] && j % 3 == 0 ? 2 : 6) == 0;
	}
	for (uint32_t i = 0; i < ROWS; i++)
		p->x[i][1] = p->x[i][0]; /* and two are the same */
	for (uint32_t j = 0; j < COLUMNS; j++) {
		p->first[j] = n;
		for (uint32_t i = 0; i < ROWS; i++)
			if (p->x[i][j])
				p->rows[n++] = i;
	}
	p->first[COLUMNS] = n;
	for (uint32_t j = 0; j < COLUMNS; j++)
		p->price[j] = j / 2 % 2 ? 1 : 1 + (double)(random_next(random) % 4);
	p->price[1] = p->price[0];
	p->matrix = (struct matrix){ p->first, p->rows, p->spam, p->price, ROWS, COLUMNS };
	p->penalty.lambda = 0.1 + (double)(random_next(random) % 30) / 10;
	p->penalty.ridge = (double)(random_next(random) % 3) / 4;
}

static double score(const struct problem *p, const struct solution *s, uint32_t row)
{
	double f = s->bias;

	for (uint32_t j = 0; j < COLUMNS; j++)
		f += p->x[row][j] ? s->weights[j] : 0;
	return f;
}

static double objective(const struct problem *p, const struct solution *s)
{
	double sum = 0;

	for (uint32_t i = 0; i < ROWS; i++)
		sum += log1p(exp(p->spam[i] ? -score(p, s, i) : score(p, s, i)));
	for (uint32_t j = 0; j < COLUMNS; j++)
		sum += p->penalty.lambda * p->price[j] * fabs(s->weights[j]) +
		       p->penalty.ridge / 2 * s->weights[j] * s->weights[j];
	return sum;
}

static void reference(const struct problem *p, struct solution *s)
{
	/* The curvature is at most (ROWS * (COLUMNS + 1)) / 4 + ridge. */
	const double length = 1 / (ROWS * (COLUMNS + 1) / 4.0 + p->penalty.ridge);

	for (int step = 0; step < STEPS; step++) {
		double slope[COLUMNS + 1] = { 0 };

		for (uint32_t i = 0; i < ROWS; i++) {
			const double error = 1 / (1 + exp(-score(p, s, i))) - p->spam[i];
			for (uint32_t j = 0; j < COLUMNS; j++)
				slope[j] += p->x[i][j] ? error : 0;
			slope[COLUMNS] += error;
		}
		for (uint32_t j = 0; j < COLUMNS; j++) {
			const double to =
				s->weights[j] -
				length * (slope[j] + p->penalty.ridge * s->weights[j]);
			const double price = length * p->penalty.lambda * p->price[j];
			const double shrunk = fmax(fabs(to) - price, 0);
			s->weights[j] = to < 0 ? -shrunk : shrunk;
		}
		s->bias -= length * slope[COLUMNS];
	}
}

static void equals_the_reference(void **state)
{
	static struct problem p;
	uint64_t random = 3;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		double fast_weights[COLUMNS] = { 0 }, slow_weights[COLUMNS] = { 0 };
		struct solution fast = { .weights = fast_weights };
		struct solution slow = { .weights = slow_weights };

		make(&p, &random);
		assert_int_equal(solve(&fast, &p.matrix, p.penalty, 1), 0);
		reference(&p, &slow);
		/* Where columns are the same weights may differ, their loss may not. */
		assert_true(fabs(objective(&p, &fast) - objective(&p, &slow)) < 1e-3);
		for (uint32_t i = 0; i < ROWS; i++)
			assert_true(fabs(score(&p, &fast, i) - score(&p, &slow, i)) < 0.05);
	}
}

static void same_seed_same_octets(void **state)
{
	static struct problem p;
	double a[COLUMNS] = { 0 }, b[COLUMNS] = { 0 };
	struct solution first = { .weights = a }, second = { .weights = b };
	uint64_t random = 9;

	(void)state;
	make(&p, &random);
	assert_int_equal(solve(&first, &p.matrix, p.penalty, 5), 0);
	assert_int_equal(solve(&second, &p.matrix, p.penalty, 5), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_equal(&first.bias, &second.bias, sizeof(double));
}

/* The least lambda at which every weight is zero: the steepest column's slope there. */
static double lambda_that_empties(const struct problem *p)
{
	double n_spam = 0, most = 0;

	for (uint32_t i = 0; i < ROWS; i++)
		n_spam += p->spam[i];
	for (uint32_t j = 0; j < COLUMNS; j++) {
		double slope = 0;

		for (uint32_t i = 0; i < ROWS; i++)
			slope += p->x[i][j] ? n_spam / ROWS - p->spam[i] : 0;
		most = fmax(most, fabs(slope) / p->price[j]);
	}
	return most;
}

/* At the least lambda that empties, nothing is left; just below, something is. */
static void lambda_bounds_the_path(void **state)
{
	static struct problem p;
	uint64_t random = 11;

	(void)state;
	make(&p, &random);
	const double most = lambda_that_empties(&p);
	for (int below = 0; below < 2; below++) {
		double weights[COLUMNS] = { 0 };
		struct solution s = { .weights = weights };
		uint32_t n = 0;

		p.penalty.lambda = below ? most * 0.95 : most * 1.0001;
		assert_int_equal(solve(&s, &p.matrix, p.penalty, 1), 0);
		for (uint32_t j = 0; j < COLUMNS; j++)
			n += weights[j] != 0;
		assert_int_equal(n > 0, below);
	}
}

/* Classes that one column divides: without a ridge the weight would grow for ever. */
static void divided_classes_settle(void **state)
{
	const bool spam[] = { true, true, false, false };
	const uint64_t first[] = { 0, 2 };
	const uint32_t rows[] = { 0, 1 };
	const struct matrix matrix = { first, rows, spam, NULL, 4, 1 };
	double weight = 0;
	struct solution s = { .weights = &weight };

	(void)state;
	assert_int_equal(solve(&s, &matrix, (struct penalty){ 0.01, 0 }, 1), 0);
	assert_true(weight > 3 && isfinite(weight));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_reference),
		cmocka_unit_test(same_seed_same_octets),
		cmocka_unit_test(lambda_bounds_the_path),
		cmocka_unit_test(divided_classes_settle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
