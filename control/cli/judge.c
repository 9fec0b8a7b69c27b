/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules test: what rule files do to labelled messages, without a daemon.
 *
 * A line of a corpus is label<TAB>text in UTF-8. Labels ham, ok and otp are clean, promo
 * is left out, every other one is spam. A message is caught when it would be refused or
 * discarded: by a rule, or because its score reaches --threshold.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "compiled.h"
#include "default_rules.h"
#include "fail.h"
#include "labelled.h"
#include "progress.h"
#include "rule_engine.h"
#include "words.h"

#define FILES_MAX DEFAULT_RULES_MAX
#define WRONG_SHOWN 20u
#define POINTS_DEFAULT 5.0 /* policy.def: refuse_score */

static const char usage[] =
	"usage: sluicectl rules test --corpus FILE.tsv [--rules FILE.yaml]... [--threshold "
	"POINTS]\n"
	"                            [--misses] [--no-cache] [--json]\n"
	"  --corpus     labelled messages, label<TAB>text; may be given several times\n"
	"  --rules      rule files, all together; without it the packs that Sluice has\n"
	"  --threshold  points from which a score refuses; 5 if not given\n"
	"  --misses     also every message that was judged wrongly\n"
	"  --no-cache   compile the rules anew, and keep nothing of it\n";

struct judge {
	const char *corpora[FILES_MAX], *rules[FILES_MAX];
	unsigned n_corpora, n_rules;
	int64_t threshold; /* thousandths */
	bool json, misses, no_cache;

	struct default_rules found; /* when none were given */
	struct rule_set *set;
	struct rule_program program;
	struct rule_engine *engine;
	/* By rule: clean messages, spam; and those that its scope or validity leaves out. */
	uint64_t (*hits)[2], (*beyond)[2];
	uint64_t n[2], caught[2];
	double seconds;
	uint64_t mended;         /* lines that were no UTF-8 */
	json_t *missed, *labels; /* labels: how many messages have each */
};

const struct option judge_option_rows[] = {
	{ "corpus", required_argument, NULL, 'c' },
	{ "rules", required_argument, NULL, 'r' },
	{ "threshold", required_argument, NULL, 't' },
	{ "misses", no_argument, NULL, 'm' },
	{ "no-cache", no_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int read_options(struct judge *j, int argc, char **argv)
{
	double points = POINTS_DEFAULT;
	char *end = NULL;
	int c;

	while ((c = getopt_long(argc, argv, ":h", judge_option_rows, NULL)) != -1) {
		if (c == 'c' && j->n_corpora < FILES_MAX)
			j->corpora[j->n_corpora++] = optarg;
		else if (c == 'r' && j->n_rules < FILES_MAX)
			j->rules[j->n_rules++] = optarg;
		else if (c == 't')
			points = strtod(optarg, &end);
		else if (c == 'm')
			j->misses = true;
		else if (c == 'n')
			j->no_cache = true;
		else if (c == 'j')
			j->json = true;
		else if (c == 'h')
			return fputs(usage, stdout), -1;
		else
			return cli_fail_option(argv, c);
	}
	/* What follows --rules A are further rule files: --rules *.yaml. */
	while (optind < argc && j->n_rules > 0 && j->n_rules < FILES_MAX)
		j->rules[j->n_rules++] = argv[optind++];
	if (j->n_corpora == 0 || optind < argc || (end != NULL && *end != '\0') ||
	    !(points > 0 && points < 1e9)) {
		cli_fail("%s", optind < argc       ? argv[optind]
		               : j->n_corpora == 0 ? "give --corpus"
		                                   : "--threshold is a number of points");
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (j->n_rules == 0 && default_rules_find(&j->found) != 0)
		return EXIT_FAILED;
	for (unsigned i = 0; i < j->found.n; i++)
		j->rules[j->n_rules++] = j->found.paths[i];
	j->threshold = (int64_t)(points * 1000 + 0.5);
	return EXIT_DONE;
}

static int load(struct judge *j)
{
	struct problems problems;
	size_t size = 0;
	char *text = cli_read_bundle(j->rules, j->n_rules, &size);

	if (text == NULL)
		return EXIT_FAILED;
	problems_init(&problems, j->rules[0]);
	char *folder = j->no_cache ? NULL : compiled_folder();
	progress_begin("compiling the rules", j->json);
	const int result = compiled_load(&j->set, &j->program, text, size, &problems, folder);
	progress_end();
	free(folder);
	free(text);
	if (problems.total != 0) {
		cli_fail_problems(&problems, "nothing was tested");
		return EXIT_FAILED;
	}
	if (result == 0 && rule_engine_open(&j->engine, j->set, &j->program) == 0) {
		j->hits = calloc(j->set->n_rules + (size_t)1, sizeof(*j->hits));
		j->beyond = calloc(j->set->n_rules + (size_t)1, sizeof(*j->beyond));
	}
	if (j->hits != NULL && j->beyond != NULL)
		return EXIT_DONE;
	cli_fail("out of memory");
	return EXIT_FAILED;
}

static void judge_message(struct judge *j, const struct labelled *m)
{
	const struct match_input input = { .from_esme = true, .seconds = (uint32_t)time(NULL) };
	const bool spam = m->kind == LABEL_SPAM;
	struct match_result r;

	rule_engine_scan(j->engine, m->text, m->text_len, &input, &r);
	const bool caught = r.action == IMAGE_REFUSE || r.action == IMAGE_DISCARD ||
	                    r.score >= j->threshold;
	for (uint32_t i = 0; i < j->set->n_rules; i++) {
		const enum match_effect effect = match_effect(j->engine->state, &input, i);
		j->hits[i][spam] += effect > MATCH_BEYOND;
		j->beyond[i][spam] += effect == MATCH_BEYOND;
	}
	j->n[spam]++;
	j->caught[spam] += caught;
	if (j->misses && caught != spam)
		json_array_append_new(j->missed, json_pack("{ss sf ss%}", "label", m->label,
		                                           "score", (double)r.score / 1000,
		                                           "text", m->text, m->text_len));
}

/* Lines that are no messages are all named before it fails. */
static int judge_file(struct judge *j, const char *path)
{
	struct labelled file;
	size_t size = 0;
	char *octets = cli_read_file(path, &size);
	unsigned wrong = 0;
	int more;

	if (octets == NULL)
		return EXIT_FAILED;
	labelled_open(&file, octets, size);
	while ((more = labelled_next(&file)) != 0) {
		if (more < 0 && ++wrong <= WRONG_SHOWN)
			cli_fail("%s:%u: a line is label<TAB>text", path, file.row);
		if (more < 0)
			continue;
		json_object_update_new(
			j->labels,
			json_pack("{sI}", file.label, cli_number(j->labels, file.label) + 1));
		if (file.mended)
			fprintf(stderr,
			        "sluicectl: %s:%u: not UTF-8; what is no character is read "
			        "as ?\n",
			        path, file.row);
		j->mended += file.mended;
		if (file.kind != LABEL_LEFT_OUT)
			judge_message(j, &file);
	}
	labelled_close(&file);
	if (wrong > WRONG_SHOWN)
		cli_fail("%s: and %u more", path, wrong - WRONG_SHOWN);
	return wrong == 0 ? EXIT_DONE : EXIT_FAILED;
}

static double ratio(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (double)part / (double)whole;
}

/* Of nothing there is no ratio. */
static void print_ratio(const char *before, uint64_t part, uint64_t whole)
{
	if (whole == 0)
		printf("%s -", before);
	else
		printf("%s %.4f", before, ratio(part, whole));
}

static json_t *ratio_json(uint64_t part, uint64_t whole)
{
	return whole == 0 ? json_null() : json_real(ratio(part, whole));
}

static json_t *rules_json(const struct judge *j)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < j->set->n_rules; i++)
		if (j->hits[i][0] + j->hits[i][1] != 0)
			json_array_append_new(
				list, json_pack("{ss sI sI so so}", "id", j->set->rules[i].name,
			                        "spam", (json_int_t)j->hits[i][1], "ham",
			                        (json_int_t)j->hits[i][0], "precision",
			                        ratio_json(j->hits[i][1],
			                                   j->hits[i][0] + j->hits[i][1]),
			                        "recall", ratio_json(j->hits[i][1], j->n[1])));
	return list;
}

static json_t *beyond_json(const struct judge *j)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < j->set->n_rules; i++)
		if (j->beyond[i][0] + j->beyond[i][1] != 0)
			json_array_append_new(
				list, json_pack("{ss sI sI}", "id", j->set->rules[i].name,
			                        "spam", (json_int_t)j->beyond[i][1], "ham",
			                        (json_int_t)j->beyond[i][0]));
	return list;
}

static json_t *report(const struct judge *j)
{
	json_t *out = json_pack(
		"{sI sI so so so sI sI sO sf so so}", "n_spam", (json_int_t)j->n[1], "n_ham",
		(json_int_t)j->n[0], "recall", ratio_json(j->caught[1], j->n[1]),
		"false_positive_rate", ratio_json(j->caught[0], j->n[0]), "precision",
		ratio_json(j->caught[1], j->caught[0] + j->caught[1]), "rules",
		(json_int_t)j->set->n_rules, "not_utf8", (json_int_t)j->mended, "labels",
		j->labels, "ns_per_message",
		j->seconds * 1e9 / (double)(j->n[0] + j->n[1] ? j->n[0] + j->n[1] : 1),
		"per_rule", rules_json(j), "out_of_scope", beyond_json(j));

	if (out != NULL && j->misses)
		json_object_set(out, "misses", j->missed);
	return out;
}

/* On one line, as in a corpus. */
static void print_miss(const json_t *miss)
{
	printf("%s\t%.3f\t", cli_text(miss, "label"), cli_real(miss, "score"));
	const char *line = cli_text(miss, "text");
	for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		cli_print_some(line, (size_t)(end - line));
		fputs("\\n", stdout);
	}
	cli_print_some(line, strlen(line));
	putchar('\n');
}

static void print(const struct judge *j)
{
	const json_t *miss;
	size_t at;

	printf("%-32s %8s %8s %9s\n", "rule", "spam", "ham", "precision");
	for (uint32_t i = 0; i < j->set->n_rules; i++)
		if (j->hits[i][0] + j->hits[i][1] != 0)
			printf("%-32.32s %8llu %8llu %9.4f\n", j->set->rules[i].name,
			       (unsigned long long)j->hits[i][1],
			       (unsigned long long)j->hits[i][0],
			       ratio(j->hits[i][1], j->hits[i][0] + j->hits[i][1]));
	for (uint32_t i = 0; i < j->set->n_rules; i++)
		if (j->beyond[i][0] + j->beyond[i][1] != 0)
			printf("%s: its scope, or valid, leaves out %llu spam and %llu "
			       "clean that it matches\n",
			       j->set->rules[i].name, (unsigned long long)j->beyond[i][1],
			       (unsigned long long)j->beyond[i][0]);
	json_array_foreach(j->missed, at, miss) print_miss(miss);
	printf("%llu spam, %llu clean", (unsigned long long)j->n[1],
	       (unsigned long long)j->n[0]);
	print_ratio(": recall", j->caught[1], j->n[1]);
	print_ratio(", false-positive rate", j->caught[0], j->n[0]);
	print_ratio(", precision", j->caught[1], j->caught[0] + j->caught[1]);
	putchar('\n');
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int run_rules_test(int argc, char **argv)
{
	struct judge j = { .missed = json_array(), .labels = json_object() };
	int status = read_options(&j, argc, argv);

	if (status == EXIT_DONE)
		status = load(&j);
	const double began = now();
	for (unsigned i = 0; status == EXIT_DONE && i < j.n_corpora; i++)
		status = judge_file(&j, j.corpora[i]);
	j.seconds = now() - began;
	if (status == EXIT_DONE && j.json)
		status = cli_print_json(report(&j), EXIT_DONE);
	else if (status == EXIT_DONE)
		print(&j);
	free(j.hits);
	free(j.beyond);
	rule_engine_close(j.engine);
	rule_program_free(&j.program);
	rule_set_free(j.set);
	json_decref(j.missed);
	json_decref(j.labels);
	default_rules_free(&j.found);
	return status < 0 ? EXIT_DONE : status;
}
