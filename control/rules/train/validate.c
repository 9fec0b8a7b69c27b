/* SPDX-License-Identifier: Apache-2.0 */
#include "validate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SET_LEAST 500u /* clean messages of a set that has a say of its own */
#define TAIL_LEAST 10u
#define OTHERS_SHARE 0.25 /* of the rate, for a set of others: several packs add up there */
/* Lambda is judged at several rates, since one rate hangs on a handful of messages. */
static const double judged_at[] = { 0.25, 0.5, 1.0 };
#define JUDGED_N (sizeof(judged_at) / sizeof(judged_at[0]))

static bool in(const struct corpus *corpus, uint32_t sample, uint32_t folds)
{
	return (folds >> corpus->samples[sample].fold & 1) != 0;
}

static void say_progress(struct plan *plan)
{
	plan->done++;
	if (plan->progress != NULL)
		plan->progress(plan->context, plan->done);
}

static int falling(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return a > b ? -1 : a < b;
}

/* The clean scores of a set (or of all: sets = all bits) into out, falling. */
static uint32_t clean_scores(const struct plan *plan, uint32_t folds, uint32_t sets,
                             const double *scores, double *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < plan->corpus->n; i++)
		if (in(plan->corpus, i, folds) && !plan->corpus->samples[i].spam &&
		    (plan->corpus->samples[i].sets & sets) != 0)
			out[n++] = scores[i];
	qsort(out, n, sizeof(*out), falling);
	return n;
}

/*
 * The score that a share of the clean messages is above: between the two that are next to
 * that place in the order. Where the share is less than one message, by the tail: past
 * the score of the k-th highest, excesses fall off as an exponential whose mean is theirs
 * (peaks over a threshold, shape 0).
 */
static double quantile(const double *falling_scores, uint32_t n, double rate)
{
	const double place = rate * n;
	const uint32_t at = (uint32_t)place, k = n - 1 < TAIL_LEAST ? n - 1 : TAIL_LEAST;
	double mean = 0;

	if (at >= 1 && at < n)
		return falling_scores[at - 1] +
		       (falling_scores[at] - falling_scores[at - 1]) * (place - at);
	for (uint32_t i = 0; i < k; i++)
		mean += (falling_scores[i] - falling_scores[k]) / k;
	return falling_scores[k] + mean * log(k / place);
}

/* The least threshold at which no set that is large enough to tell, nor all together,
 * is above the rate. room: of as many doubles as messages. */
static double threshold_at(const struct plan *plan, uint32_t folds, const double *scores,
                           double rate, double *room)
{
	double threshold = -INFINITY;

	for (uint32_t set = 0; set <= plan->corpus->n_sets; set++) {
		const uint32_t sets = set < plan->corpus->n_sets ? 1u << set : UINT32_MAX;
		const uint32_t n = clean_scores(plan, folds, sets, scores, room);

		const bool others =
			set < plan->corpus->n_sets && plan->corpus->sets[set].others;

		if (n >= SET_LEAST || (n > 1 && sets == UINT32_MAX))
			threshold =
				fmax(threshold,
			             quantile(room, n, others ? rate * OTHERS_SHARE : rate));
	}
	return threshold;
}

static double recall_at(const struct plan *plan, uint32_t folds, const double *scores,
                        double threshold)
{
	double n = 0, caught = 0;

	for (uint32_t i = 0; i < plan->corpus->n; i++) {
		if (!in(plan->corpus, i, folds) || !plan->corpus->samples[i].spam)
			continue;
		n++;
		caught += scores[i] >= threshold;
	}
	return n > 0 ? caught / n : 0;
}

/* Down the path of lambdas to the last, each starting where the one before ended. */
static int walk(struct plan *plan, uint32_t folds, uint32_t last,
                int (*arrived)(void *context, uint32_t lambda, const struct design *design,
                               const struct solution *solution),
                void *context)
{
	struct design design;
	int result = design_make(&design, plan->corpus, plan->grams, plan->digit_price, folds);

	if (result != 0)
		return result;
	struct solution solution = {
		.weights = calloc(design.matrix.n_columns + 1, sizeof(double)),
	};
	if (solution.weights == NULL)
		result = -ENOMEM;
	for (uint32_t i = 0; i <= last && result == 0; i++) {
		result = solve(&solution, &design.matrix,
		               (struct penalty){ plan->lambdas[i], plan->ridge }, plan->seed);
		if (result == 0)
			result = arrived(context, i, &design, &solution);
	}
	free(solution.weights);
	design_free(&design);
	say_progress(plan);
	return result;
}

/* A cross-validation at work: scores[lambda * samples + sample]. */
struct crossing {
	struct plan *plan;
	uint32_t held; /* the fold that is scored, as a bit */
	double *scores;
	bool too_many[LAMBDAS_MAX];
};

static int score_held(void *context, uint32_t lambda, const struct design *design,
                      const struct solution *solution)
{
	struct crossing *c = context;
	struct model model;
	const int result = model_make(&model, design, solution);

	if (result != 0)
		return result;
	c->too_many[lambda] |= model.n_terms > c->plan->max_terms;
	model_score(&model, c->plan->corpus, c->plan->grams, c->held,
	            c->scores + (size_t)lambda * c->plan->corpus->n);
	model_free(&model);
	return 0;
}

static int pick(struct chosen *out, const struct crossing *c, uint32_t folds, double *room)
{
	const struct plan *plan = c->plan;
	double best = -1;

	for (uint32_t i = 0; i < plan->n_lambdas; i++) {
		const double *scores = c->scores + (size_t)i * plan->corpus->n;
		double sum = 0;

		for (size_t k = 0; k < JUDGED_N; k++)
			sum += recall_at(plan, folds, scores,
			                 threshold_at(plan, folds, scores,
			                              plan->fpr * judged_at[k], room));
		out->thresholds[i] = threshold_at(plan, folds, scores, plan->fpr, room);
		/* At a draw the larger lambda, so the smaller model. */
		if (c->too_many[i] || sum <= best)
			continue;
		best = sum;
		out->lambda = i;
	}
	return best < 0 ? -ENOSPC : 0;
}

static int choose(struct chosen *out, struct plan *plan, uint32_t folds)
{
	struct crossing c = {
		.plan = plan,
		.scores = malloc((size_t)plan->n_lambdas * plan->corpus->n * sizeof(double)),
	};
	double *room = malloc((plan->corpus->n + 1) * sizeof(*room));
	int result = c.scores != NULL && room != NULL ? 0 : -ENOMEM;

	for (uint32_t fold = 0; fold < plan->corpus->n_folds && result == 0; fold++) {
		c.held = 1u << fold;
		if ((folds & c.held) != 0)
			result = walk(plan, folds & ~c.held, plan->n_lambdas - 1, score_held,
			              &c);
	}
	if (result == 0)
		result = pick(out, &c, folds, room);
	free(c.scores);
	free(room);
	return result;
}

/* The model of the least lambda on the way that keeps to the terms allowed. */
struct arrival {
	struct trained *trained;
	uint32_t max_terms;
	bool any;
};

static int keep_last(void *context, uint32_t lambda, const struct design *design,
                     const struct solution *solution)
{
	struct arrival *arrival = context;
	struct model model;
	const int result = model_make(&model, design, solution);

	if (result != 0)
		return result;
	if (model.n_terms > arrival->max_terms) {
		model_free(&model);
		return 0;
	}
	if (arrival->any)
		model_free(&arrival->trained->model);
	arrival->any = true;
	arrival->trained->model = model;
	arrival->trained->chosen.lambda = lambda;
	return 0;
}

int train(struct trained *out, struct plan *plan, uint32_t folds)
{
	struct arrival arrival = { .trained = out, .max_terms = plan->max_terms };

	*out = (struct trained){ 0 };
	int result = choose(&out->chosen, plan, folds);
	if (result == 0)
		result = walk(plan, folds, out->chosen.lambda, keep_last, &arrival);
	if (result == 0 && !arrival.any)
		result = -ENOSPC;
	if (result != 0)
		model_free(&out->model);
	return result;
}

/* Margins from the scores that all folds were given while they were held out. */
static void judge(const struct plan *plan, const double *scores, double *room,
                  struct held *held)
{
	const struct corpus *corpus = plan->corpus;
	const uint32_t all = (1u << corpus->n_folds) - 1;

	for (uint32_t fold = 0; fold < corpus->n_folds; fold++) {
		const double threshold =
			threshold_at(plan, all & ~(1u << fold), scores, plan->fpr, room);

		for (uint32_t i = 0; i < corpus->n; i++)
			if (corpus->samples[i].fold == fold)
				held[i] = (struct held){ scores[i], scores[i] - threshold };
	}
}

int hold_out(struct plan *plan, struct held *held)
{
	const struct corpus *corpus = plan->corpus;
	const uint32_t all = (1u << corpus->n_folds) - 1;
	double *scores = malloc((corpus->n + 1) * sizeof(*scores));
	double *room = malloc((corpus->n + 1) * sizeof(*room));
	int result = scores != NULL && room != NULL ? 0 : -ENOMEM;

	for (uint32_t fold = 0; fold < corpus->n_folds && result == 0; fold++) {
		struct trained trained;

		result = train(&trained, plan, all & ~(1u << fold));
		if (result == 0)
			model_score(&trained.model, corpus, plan->grams, 1u << fold, scores);
		model_free(&trained.model);
	}
	if (result == 0)
		judge(plan, scores, room, held);
	free(scores);
	free(room);
	return result;
}

int32_t trained_threshold(const struct trained *trained)
{
	return (int32_t)ceil(trained->chosen.thresholds[trained->chosen.lambda] -
	                     trained->model.bias);
}
