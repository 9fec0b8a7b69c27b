/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules check: what a push would say of a rule file, and what the rules cost, without a
 * daemon.
 *
 * The cost is of folding, scanning and judging a message: of a built-in sample, or with
 * --corpus of the operator's own messages, of which every fourth or so of a large file is
 * taken. With --budget-ns rules that cost more are a failure, and the dearest rules are named
 * that would have to go.
 */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "labelled.h"
#include "progress.h"
#include "rule_compile.h"
#include "rule_cost.h"
#include "rule_warn.h"

#define TEXTS_MAX 2000u /* measured; spread over the file */

struct checked {
	const struct cli *cli;
	uint32_t budget_ns; /* 0: none */
	char **own;         /* texts of --corpus, each to free */
	struct rule_texts texts;
	struct rule_set *set;
	struct rule_program program;
	struct rule_cost cost;
	struct problems warnings;
};

static int read_budget(struct checked *c)
{
	const char *word = c->cli->budget_ns;
	char *end = NULL;

	if (word == NULL)
		return EXIT_DONE;
	const unsigned long value = strtoul(word, &end, 10);
	if (*end == '\0' && end != word && word[0] != '-' && value > 0 && value <= 1000000) {
		c->budget_ns = (uint32_t)value;
		return EXIT_DONE;
	}
	cli_fail("--budget-ns %s: it must be 1 to 1000000", word);
	return EXIT_USAGE;
}

/* Messages of a labelled file, whatever their label; an even choice of them when there are
 * more than TEXTS_MAX: each newcomer takes the place that its number falls on. */
static int read_corpus(struct checked *c)
{
	struct labelled file;
	size_t size = 0;
	uint32_t seen = 0, wrong = 0, first_wrong = 0;
	int more;
	char *octets = c->cli->corpus != NULL ? cli_read_file(c->cli->corpus, &size) : NULL;

	c->texts = rule_cost_sample;
	if (octets == NULL)
		return c->cli->corpus != NULL ? EXIT_FAILED : EXIT_DONE;
	c->own = calloc(TEXTS_MAX, sizeof(*c->own));
	c->texts = (struct rule_texts){ .texts = (const char *const *)c->own };
	labelled_open(&file, octets, size);
	while (c->own != NULL && (more = labelled_next(&file)) != 0) {
		/* Knuth, The Art of Computer Programming 2, 6.4: a multiplier that spreads. */
		const uint32_t at =
			seen < TEXTS_MAX ? seen : seen * UINT32_C(2654435761) % seen;
		if (more < 0 && wrong++ == 0)
			first_wrong = file.row;
		if (more < 0 || seen++ == UINT32_MAX || at >= TEXTS_MAX)
			continue;
		free(c->own[at]);
		c->own[at] = strdup(file.text);
		c->texts.n += c->own[at] != NULL && c->texts.n < TEXTS_MAX && at == c->texts.n;
	}
	labelled_close(&file);
	if (c->texts.n != 0 && wrong != 0)
		fprintf(stderr,
		        "sluicectl: %s:%u: this line, of %u such, is no label<TAB>text and was "
		        "left out\n",
		        c->cli->corpus, first_wrong, wrong);
	if (c->texts.n != 0)
		return EXIT_DONE;
	cli_fail("%s: no message in it; a line is label<TAB>text", c->cli->corpus);
	return EXIT_FAILED;
}

/* The rules that cost most, where they are asked for or too dear: of a corpus all of them,
 * else the largest. */
static int measure(struct checked *c)
{
	progress_begin("measuring what the rules cost", c->cli->json);
	int result = rule_cost_measure(&c->cost, c->set, &c->program, &c->texts, NULL, NULL);
	const bool fits = rule_cost_fits(&c->cost, c->budget_ns);

	if (result == 0 && (c->cli->all || c->own != NULL || !fits))
		result = rule_cost_dearest(&c->cost, c->set, &c->texts,
		                           c->own != NULL ? UINT_MAX : RULE_COST_LARGEST, NULL,
		                           NULL);
	progress_end();
	if (result != 0)
		cli_fail("the cost: %s", strerror(-result));
	return result == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* The dearest first; over: it is one of those without which the budget would be kept. */
static json_t *dearest_json(const struct checked *c)
{
	json_t *list = json_array();
	double left = c->cost.ns;

	for (uint32_t i = 0; i < c->cost.n; i++) {
		const bool over = c->budget_ns != 0 && left > c->budget_ns;
		left -= c->cost.dearest[i].ns;
		json_array_append_new(
			list, json_pack("{ss sf sf sb}", "id",
		                        c->set->rules[c->cost.dearest[i].rule].name, "ns",
		                        c->cost.dearest[i].ns, "ns_without",
		                        c->cost.ns - c->cost.dearest[i].ns, "over", (int)over));
	}
	return list;
}

static void print_cost(const struct checked *c, const json_t *answer)
{
	const json_t *rule;
	size_t i;

	printf("about %.0f ns a message here", c->cost.ns);
	json_array_foreach(json_object_get(answer, "dearest"), i, rule)
		printf("%s %s (%.0f)", i == 0 ? "; less without" : ",", cli_text(rule, "id"),
	               cli_real(rule, "ns"));
	putchar('\n');
	if (rule_cost_fits(&c->cost, c->budget_ns))
		return;
	fprintf(stderr, "sluicectl: %s: %.0f ns a message, and %u are the budget; over it:",
	        c->cli->arguments[0], c->cost.ns, c->budget_ns);
	json_array_foreach(json_object_get(answer, "dearest"), i,
	                   rule) if (json_is_true(json_object_get(rule, "over")))
		fprintf(stderr, " %s", cli_text(rule, "id"));
	fputc('\n', stderr);
}

static int report(const struct checked *c)
{
	const int status = rule_cost_fits(&c->cost, c->budget_ns) ? EXIT_DONE : EXIT_FAILED;
	json_t *answer =
		json_pack("{si si si si sf si si so so sI}", "rules", c->set->n_rules,
	                  "patterns", c->set->n_patterns, "tests", c->set->n_tests, "folds",
	                  c->set->n_folds, "ns_per_message", c->cost.ns, "messages", c->texts.n,
	                  "budget_ns", c->budget_ns, "dearest", dearest_json(c), "warnings",
	                  cli_print_problems(&c->warnings, "warning: "), "warnings_total",
	                  (json_int_t)c->warnings.total);

	if (c->cli->json)
		return cli_print_json(answer, status);
	printf("%s is good: ", cli_file_name(c->cli->arguments[0]));
	cli_print_set(answer);
	putchar('\n');
	print_cost(c, answer);
	json_decref(answer);
	return status;
}

static int load(struct checked *c)
{
	struct problems problems;
	size_t size = 0;
	char *text = cli_read_rules(c->cli->arguments[0], &size);

	if (text == NULL)
		return EXIT_FAILED;
	problems_init(&problems, cli_file_name(c->cli->arguments[0]));
	progress_begin("compiling the rules", c->cli->json);
	const int result = rule_load(&c->set, &c->program, text, size, &problems);
	progress_end();
	free(text);
	if (result != 0) {
		cli_fail_problems(&problems, "mend them and check again");
		return EXIT_FAILED;
	}
	problems_init(&c->warnings, cli_file_name(c->cli->arguments[0]));
	if (rule_warn(c->set, &c->warnings) == 0)
		return EXIT_DONE;
	cli_fail("%s: out of memory", c->cli->arguments[0]);
	return EXIT_FAILED;
}

int run_check_rules(const struct cli *cli)
{
	struct checked c = { .cli = cli };
	int status = read_budget(&c);

	if (status == EXIT_DONE)
		status = load(&c);
	if (status != EXIT_DONE)
		return status;
	status = read_corpus(&c);
	if (status == EXIT_DONE)
		status = measure(&c);
	if (status == EXIT_DONE)
		status = report(&c);
	for (uint32_t i = 0; c.own != NULL && i < TEXTS_MAX; i++)
		free(c.own[i]);
	free(c.own);
	rule_set_free(c.set);
	rule_program_free(&c.program);
	return status;
}
