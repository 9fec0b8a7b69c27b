/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "train.h"

#define ALL_SETS UINT32_MAX

static struct rates rates_of(const struct train_result *r, uint32_t set)
{
	return figures_of(r->corpus, r->held, set < r->corpus->n_sets ? 1u << set : ALL_SETS);
}

static double lambda_of(const struct train_result *r)
{
	return r->plan->lambdas[r->trained->chosen.lambda];
}

/* Without the folders before it. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void put_command(FILE *out, const struct train_options *o)
{
	fputs("sluicectl rules train", out);
	for (unsigned i = 0; i < o->n_paths; i++)
		fprintf(out, " \\\n    %s", file_name(o->paths[i]));
	for (unsigned i = 0; i < o->n_others; i++)
		fprintf(out, " \\\n    --others %s", file_name(o->others[i]));
	if (o->rules != NULL)
		fprintf(out, " \\\n    --rules %s", file_name(o->rules));
	fprintf(out, " \\\n    --id %s --action %s --seed %lu --folds %lu --group %lu", o->id,
	        o->action, o->seed, o->folds, o->group);
	fprintf(out,
	        " \\\n    --literals %lu --max-chars %lu --min-octets %lu --fpr %g --ridge %g"
	        " --digits %g",
	        o->literals, o->max_chars, o->min_octets, o->fpr, o->ridge, o->digits);
	if (o->lambda > 0)
		fprintf(out, " --lambda %g", o->lambda);
	if (o->budget_ns > 0)
		fprintf(out, " --budget-ns %lu", o->budget_ns);
}

char *train_header(const struct train_result *r)
{
	const struct rates all = rates_of(r, r->corpus->n_sets);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	fprintf(out,
	        "A learned rule: %u weighted pieces of text, none longer than %lu characters.\n"
	        "Made by a machine; train again rather than edit.\n\n  ",
	        r->trained->model.n_terms, r->options->max_chars);
	put_command(out, r->options);
	fprintf(out, "\n\nLambda %g. From %u messages after each was taken once:\n",
	        lambda_of(r), r->corpus->n);
	for (uint32_t i = 0; i < r->corpus->n_sets; i++) {
		const struct corpus_set *set = &r->corpus->sets[i];
		fprintf(out, "  %s: %u rows, %u of them repeated, %u left out\n", set->name,
		        set->n_rows, set->n_repeated, set->n_left_out);
	}
	if (!r->options->unjudged)
		fprintf(out, "Held out: recall %.4f of %u, false-positive rate %.5f of %u.\n",
		        recall_of(all), all.n_spam, fpr_of(all), all.n_clean);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static json_t *rates_json(struct rates r)
{
	return json_pack("{si si sf sf}", "n_spam", r.n_spam, "n_ham", r.n_clean, "recall",
	                 recall_of(r), "false_positive_rate", fpr_of(r));
}

static json_t *sets_json(const struct train_result *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->corpus->n_sets; i++) {
		const struct corpus_set *set = &r->corpus->sets[i];
		json_t *row = rates_json(rates_of(r, i));

		json_object_set_new(row, "name", json_string(set->name));
		json_object_set_new(row, "rows", json_integer(set->n_rows));
		json_object_set_new(row, "repeated", json_integer(set->n_repeated));
		json_object_set_new(row, "left_out", json_integer(set->n_left_out));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *reliability_json(const struct train_result *r)
{
	struct bin bins[BINS];
	json_t *list = json_array();

	figures_reliability(r->corpus, r->held, bins);
	for (unsigned i = 0; i < BINS; i++)
		json_array_append_new(list, json_pack("{sf si si sf}", "from", (double)i / BINS,
		                                      "n", bins[i].n, "n_spam", bins[i].n_spam,
		                                      "said", bins[i].said));
	return list;
}

static int print_json(const struct train_result *r)
{
	json_t *answer = rates_json(rates_of(r, r->corpus->n_sets));

	json_object_set_new(answer, "literals", json_integer(r->trained->model.n_terms));
	json_object_set_new(answer, "threshold", json_integer(trained_threshold(r->trained)));
	json_object_set_new(answer, "lambda", json_real(lambda_of(r)));
	json_object_set_new(answer, "ns_per_message", json_real(r->ns));
	json_object_set_new(answer, "seed", json_integer((json_int_t)r->options->seed));
	json_object_set_new(answer, "sets", sets_json(r));
	json_object_set_new(answer, "reliability", reliability_json(r));
	return cli_print_json(answer, EXIT_DONE);
}

static void print_rates(const char *name, struct rates r)
{
	printf("  ");
	cli_print_cell(name, 36);
	printf(" %7u %7u  ", r.n_spam, r.n_clean);
	printf(r.n_spam ? "%.4f" : "     -", recall_of(r));
	printf(r.n_clean ? "  %.5f\n" : "        -\n", fpr_of(r));
}

static void print_reliability(const struct train_result *r)
{
	struct bin bins[BINS];

	figures_reliability(r->corpus, r->held, bins);
	printf("\nReliability: what it said, and what was so\n"
	       "  chance of spam     messages  said    spam\n");
	for (unsigned i = 0; i < BINS; i++) {
		printf("  %.1f to %.1f         %8u", (double)i / BINS, (double)(i + 1) / BINS,
		       bins[i].n);
		if (bins[i].n > 0)
			printf("  %.4f  %.4f", bins[i].said,
			       (double)bins[i].n_spam / bins[i].n);
		putchar('\n');
	}
}

int train_print(const struct train_result *r)
{
	const struct train_options *o = r->options;

	if (o->json)
		return print_json(r);
	printf("%u messages, %u literals, threshold %d, lambda %g, seed %lu\n", r->corpus->n,
	       r->trained->model.n_terms, trained_threshold(r->trained), lambda_of(r), o->seed);
	printf("about %.0f ns a message with this rule alone here\n", r->ns);
	printf("\nHeld out\n  set                                     spam   clean  recall  "
	       "false-positive rate\n");
	for (uint32_t i = 0; i < r->corpus->n_sets; i++)
		print_rates(r->corpus->sets[i].name, rates_of(r, i));
	print_rates("all, each message once", rates_of(r, r->corpus->n_sets));
	print_reliability(r);
	if (o->output != NULL)
		printf("\n%s is written; \"sluicectl rules check %s\" before you push it\n",
		       o->output, o->output);
	return EXIT_DONE;
}
