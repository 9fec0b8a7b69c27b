/* SPDX-License-Identifier: Apache-2.0 */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "fail.h"
#include "output.h"
#include "pack.h"
#include "rule_compile.h"
#include "rule_cost.h"

#define LAMBDA_MOST 1.0 /* halved LAMBDAS - 1 times */
#define LAMBDAS 5u

static int fail(const char *what, int error)
{
	const char *why = strerror(-error);

	if (error == -E2BIG)
		why = "that is more text than it can hold";
	else if (error == -ENOSPC)
		why = "every model needs more literals than --literals allows";
	else if (error == -EDOM)
		why = "the solver did not settle; raise --lambda or --ridge";
	cli_fail("%s: %s", what, why);
	return EXIT_FAILED;
}

static int fail_to_write(const char *path, int error)
{
	cli_fail("--output %s cannot be written: %s", path, strerror(-error));
	return EXIT_FAILED;
}

static int read_corpus(struct corpus *corpus, const char *path, bool others)
{
	size_t size = 0;
	uint32_t row = 0;
	char *text = cli_read_file(path, &size);

	if (text == NULL)
		return EXIT_FAILED;
	const int result = others ? corpus_add_others(corpus, path, text, size, &row)
	                          : corpus_add(corpus, path, text, size, &row);
	free(text);
	if (result == 0)
		return EXIT_DONE;
	if (result != -EINVAL)
		return fail(path, result);
	cli_fail("%s:%u: a line is label<TAB>text in UTF-8, at most %u octets", path, row,
	         CORPUS_TEXT_MAX);
	return EXIT_FAILED;
}

static void show_progress(void *context, uint32_t done)
{
	const unsigned *of = context;

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rmodel %u of %u%s", done, *of, done == *of ? "\n" : "");
}

static void set_lambdas(struct plan *plan, const struct train_options *options)
{
	plan->n_lambdas = options->lambda > 0 ? 1 : LAMBDAS;
	for (unsigned i = 0; i < plan->n_lambdas; i++)
		plan->lambdas[i] =
			options->lambda > 0 ? options->lambda : ldexp(LAMBDA_MOST, -(int)i);
}

/* The rule file that the model is. */
static int put_pack(FILE *out, const struct train_result *result, const struct grams *grams,
                    const char *header)
{
	const struct pack pack = {
		.id = result->options->id,
		.action = result->options->action,
		.sentence = "reads like the unwanted messages that it was learned from",
		.header = header,
		.corpus = result->corpus,
		.grams = grams,
		.trained = result->trained,
	};

	return pack_write(out, &pack);
}

/* The rule file as a text, to free(). */
static int make_pack(char **text, size_t *size, const struct train_result *result,
                     const struct grams *grams, const char *header)
{
	FILE *out = open_memstream(text, size);
	int error = out == NULL ? -ENOMEM : put_pack(out, result, grams, header);

	if (out != NULL && fclose(out) != 0 && error == 0)
		error = -ENOMEM;
	return error;
}

static int write_pack(const struct train_result *result, const struct grams *grams)
{
	const char *path = result->options->output;
	char *header = train_header(result), *text = NULL;
	size_t size = 0;
	int error = header == NULL ? -ENOMEM : make_pack(&text, &size, result, grams, header);

	if (error == 0)
		error = output_write(path, text, size);
	free(text);
	free(header);
	return error == 0 ? EXIT_DONE : fail_to_write(path, error);
}

/* What a message costs with the rule, as a push measures it. */
static int measure(double *ns, const struct train_result *result, const struct grams *grams)
{
	struct rule_program program = { 0 };
	struct rule_cost cost = { 0 };
	struct rule_set *set = NULL;
	struct problems problems;
	char *text = NULL;
	size_t size = 0;
	int error = make_pack(&text, &size, result, grams, "");

	problems_init(&problems, "the learned rule");
	if (error == 0)
		error = rule_load(&set, &program, text, size, &problems);
	if (error == 0) {
		error = rule_cost_measure(&cost, set, &program, &rule_cost_sample, NULL, NULL);
		rule_set_free(set);
		rule_program_free(&program);
	}
	free(text);
	*ns = cost.ns;
	return error;
}

/* Of all models: one to be written, after a cross-validation; the same for each fold. */
static unsigned models_of(unsigned folds) { return folds + 1 + folds * folds; }

static int fail_to_learn(const struct train_result *result, int error)
{
	const struct corpus *corpus = result->corpus;
	uint32_t spam = 0, clean = 0;

	for (uint32_t i = 0; i < corpus->n; i++) {
		spam += corpus->samples[i].spam;
		clean += !corpus->samples[i].spam;
	}
	if (error == -ENODATA) {
		cli_fail("cannot learn: there are %u spam and %u clean messages that differ in "
		         "their letters, and each of the %u parts needs both",
		         spam, clean, corpus->n_folds);
		return EXIT_FAILED;
	}
	if (error != -ENOSPC || result->ns == 0)
		return fail("cannot learn", error);
	cli_fail("cannot learn: the smallest model costs %.0f ns a message, and --budget-ns is "
	         "%lu",
	         result->ns, result->options->budget_ns);
	return EXIT_FAILED;
}

/* The largest model that keeps the budget: while it does not, one with fewer literals. */
static int train_within(struct train_result *result, struct trained *trained, struct plan *plan,
                        const struct grams *grams, unsigned *models)
{
	const uint32_t folds = (1u << result->corpus->n_folds) - 1;
	int error = train(trained, plan, folds);

	if (error == 0)
		error = measure(&result->ns, result, grams);
	while (error == 0 && result->options->budget_ns != 0 &&
	       result->ns > (double)result->options->budget_ns) {
		plan->max_terms = trained->model.n_terms - 1;
		model_free(&trained->model);
		*trained = (struct trained){ 0 };
		*models += result->corpus->n_folds + 1;
		error = plan->max_terms == 0 ? -ENOSPC : train(trained, plan, folds);
		if (error == 0)
			error = measure(&result->ns, result, grams);
	}
	return error;
}

static int learn(const struct train_options *options, const struct corpus *corpus,
                 const struct grams *grams)
{
	unsigned of = options->unjudged ? corpus->n_folds + 1 : models_of(corpus->n_folds);
	struct plan plan = {
		.corpus = corpus,
		.grams = grams,
		.ridge = options->ridge,
		.digit_price = options->digits,
		.fpr = options->fpr,
		.max_terms = (uint32_t)options->literals,
		.seed = options->seed,
		.progress = options->json ? NULL : show_progress,
		.context = &of,
	};
	struct trained trained = { 0 };
	struct held *held = calloc(corpus->n + 1, sizeof(*held));
	struct train_result result = {
		.options = options,
		.corpus = corpus,
		.plan = &plan,
		.trained = &trained,
		.held = held,
	};

	set_lambdas(&plan, options);
	int error = held != NULL ? train_within(&result, &trained, &plan, grams, &of) : -ENOMEM;
	if (error == 0 && !options->unjudged)
		error = hold_out(&plan, held);
	int status = error == 0 ? EXIT_DONE : fail_to_learn(&result, error);
	if (status == EXIT_DONE && options->output != NULL)
		status = write_pack(&result, grams);
	if (status == EXIT_DONE && !options->unjudged)
		status = train_print(&result);
	model_free(&trained.model);
	free(held);
	return status;
}

/* The rules whose folds hold for the corpus, as they will where the learned rule is used. */
static int read_folds(struct corpus *corpus, struct rule_set **set, const char *path)
{
	size_t size = 0;
	char *text = path == NULL ? NULL : cli_read_rules(path, &size);

	if (path == NULL)
		return EXIT_DONE;
	*set = text == NULL ? NULL : cli_read_set(path, text, size);
	if (*set == NULL)
		return EXIT_FAILED;
	corpus->table = (*set)->table;
	return EXIT_DONE;
}

int run_train(int argc, char **argv)
{
	struct train_options options;
	struct corpus corpus = { 0 };
	struct grams grams = { 0 };
	struct rule_set *folds = NULL;
	int status = train_read_options(&options, argc, argv);

	if (status == EXIT_DONE && options.output != NULL) {
		const int error = output_check(options.output);
		status = error == 0 ? EXIT_DONE : fail_to_write(options.output, error);
	}
	if (status == EXIT_DONE)
		status = read_folds(&corpus, &folds, options.rules);
	for (unsigned i = 0; status == EXIT_DONE && i < options.n_paths; i++)
		status = read_corpus(&corpus, options.paths[i], false);
	for (unsigned i = 0; status == EXIT_DONE && i < options.n_others; i++)
		status = read_corpus(&corpus, options.others[i], true);
	if (status == EXIT_DONE) {
		const struct gram_limits limits = {
			.max_chars = (uint32_t)options.max_chars,
			.min_octets = (uint32_t)options.min_octets,
			.min_messages = 4,
			.min_spam = 3,
			.min_clean = 20,
			.literals_only = options.digits == 0,
		};
		corpus_split(&corpus, (uint32_t)options.folds, (uint32_t)options.group,
		             options.seed);
		const int error = grams_mine(&grams, &corpus, &limits);
		status = error == 0 ? learn(&options, &corpus, &grams)
		                    : fail("cannot mine", error);
	}
	grams_free(&grams);
	corpus_free(&corpus);
	rule_set_free(folds);
	return status;
}
