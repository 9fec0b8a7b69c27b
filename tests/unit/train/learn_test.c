/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From messages to a rule file and back: what is written is read by the rules' own
 * reader, matches what the model counted on, and is the same for the same seed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_first.h"
#include "figures.h"
#include "pack.h"
#include "validate.h"

#define MESSAGES 600
#define FOLDS 3u

struct world {
	struct corpus corpus;
	struct grams grams;
	struct plan plan;
};

/* Spam offers some prize at some number, clean messages speak of a time; with marks that
 * YAML and regular expressions have to be told apart from. */
static void make_world_of(struct world *w, bool literals_only)
{
	static const char *const offers[] = { "\"won\" a prize", "경품 당첨 [무료]",
		                              "free* cash\\\\", "kazan\xc4\xb1n+ (hemen)" };
	static const char *const talk[] = { "see you at", "점심 먹자", "lunch? at",
		                            "görü\xc5\x9f\xc3\xbcrüz" };
	const struct gram_limits limits = { 12, 2, 4, 3, 20, literals_only };
	uint64_t random = 5;
	uint32_t row;

	*w = (struct world){ .plan = { .lambdas = { 1, 0.25 },
		                       .n_lambdas = 2,
		                       .ridge = 0.3,
		                       .digit_price = 1,
		                       .fpr = 0.01,
		                       .max_terms = 2000,
		                       .seed = 1 } };
	for (int i = 0; i < MESSAGES; i++) {
		char text[200], noise[24];
		const bool spam = i % 2;
		for (size_t k = 0; k < sizeof(noise) - 1; k++)
			noise[k] = "abcdefghij klmno"[random_next(&random) % 16];
		noise[sizeof(noise) - 1] = '\0';
		snprintf(text, sizeof(text), "%s\tx%s %s %s%u.\n", spam ? "spam" : "ham", noise,
		         (spam ? offers : talk)[random_next(&random) % 4], spam ? "0800 " : "",
		         (unsigned)(random_next(&random) % 90000));
		assert_int_equal(corpus_add(&w->corpus, "made.tsv", text, strlen(text), &row),
		                 0);
		if (i < MESSAGES - 1) {
			free(w->corpus.sets[0].name);
			w->corpus.n_sets = 0;
		}
	}
	corpus_split(&w->corpus, FOLDS, 0, 1);
	assert_int_equal(grams_mine(&w->grams, &w->corpus, &limits), 0);
	w->plan.corpus = &w->corpus;
	w->plan.grams = &w->grams;
}

static void make_world(struct world *w) { make_world_of(w, false); }

static void drop_world(struct world *w)
{
	grams_free(&w->grams);
	corpus_free(&w->corpus);
}

static char *write_pack(const struct world *w, const struct trained *trained)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const struct pack pack = {
		.id = "made",
		.sentence = "made for a test",
		.action = "refuse",
		.header = "Line one.\n\nLine three.\n",
		.corpus = &w->corpus,
		.grams = &w->grams,
		.trained = trained,
	};

	assert_non_null(out);
	assert_int_equal(pack_write(out, &pack), 0);
	fclose(out);
	return text;
}

static void learns_and_writes_the_same_twice(void **state)
{
	char *text[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct trained trained;

		make_world(&w);
		assert_int_equal(train(&trained, &w.plan, (1u << FOLDS) - 1), 0);
		assert_in_range(trained.model.n_terms, 4, 500);
		text[i] = write_pack(&w, &trained);
		model_free(&trained.model);
		drop_world(&w);
	}
	assert_string_equal(text[0], text[1]);
	assert_ptr_equal(
		strstr(text[0], "# SPDX-License-Identifier: Apache-2.0\n#\n# Line one.\n#\n"),
		text[0]);
	free(text[0]);
	free(text[1]);
}

/* How many patterns of a pack a digit stands for any digit in. */
static unsigned digits_of(const struct world *w, struct plan *plan)
{
	struct trained trained;
	unsigned n = 0;

	assert_int_equal(train(&trained, plan, (1u << FOLDS) - 1), 0);
	assert_in_range(trained.model.n_terms, 4, 500);
	char *text = write_pack(w, &trained);
	for (const char *at = text; (at = strstr(at, "{ regex:")) != NULL; at++)
		n++;
	model_free(&trained.model);
	free(text);
	return n;
}

/* Any digit is what tells this spam: dear it is taken less often, and not at all where only
 * literals are wanted. */
static void digits_have_a_price(void **state)
{
	struct world w;

	(void)state;
	make_world_of(&w, false);
	const unsigned cheap = digits_of(&w, &w.plan);
	w.plan.digit_price = 50;
	const unsigned dear = digits_of(&w, &w.plan);
	assert_true(cheap > dear);
	drop_world(&w);
	make_world_of(&w, true);
	assert_int_equal(digits_of(&w, &w.plan), 0);
	drop_world(&w);
}

/* Held-out verdicts of what is this easy are right, and every message has one. */
static void held_out_figures(void **state)
{
	struct world w;
	struct held *held = calloc(MESSAGES, sizeof(*held));
	struct bin bins[BINS];
	uint32_t n = 0;

	(void)state;
	make_world(&w);
	assert_int_equal(hold_out(&w.plan, held), 0);
	const struct rates r = figures_of(&w.corpus, held, 1);
	assert_int_equal(r.n_spam, MESSAGES / 2);
	assert_int_equal(r.n_clean, MESSAGES / 2);
	print_message("recall %.4f, false-positive rate %.4f\n", recall_of(r), fpr_of(r));
	assert_true(recall_of(r) > 0.99 && fpr_of(r) < 0.03);
	assert_int_equal(figures_of(&w.corpus, held, 2).n_spam, 0);
	figures_reliability(&w.corpus, held, bins);
	for (unsigned i = 0; i < BINS; i++)
		n += bins[i].n;
	assert_int_equal(n, MESSAGES);
	assert_int_equal(bins[0].n_spam, 0);
	drop_world(&w);
	free(held);
}

/* Too few terms allowed, and a class that is absent, are said. */
static void what_cannot_be_learned(void **state)
{
	struct world w;
	struct trained trained;

	(void)state;
	make_world(&w);
	w.plan.max_terms = 1;
	assert_int_equal(train(&trained, &w.plan, (1u << FOLDS) - 1), -ENOSPC);
	w.plan.max_terms = 2000;
	for (uint32_t i = 0; i < w.corpus.n; i++)
		w.corpus.samples[i].spam = false;
	assert_int_equal(train(&trained, &w.plan, (1u << FOLDS) - 1), -ENODATA);
	drop_world(&w);
}

/* Labels by chance: nothing can be learned, so held-out recall is about the rate of
 * false positives, not more. A split that leaks would show here. */
static void chance_labels_stay_chance(void **state)
{
	struct world w;
	struct held *held = calloc(MESSAGES, sizeof(*held));
	uint64_t random = 77;

	(void)state;
	make_world(&w);
	for (uint32_t i = 0; i < w.corpus.n; i++)
		w.corpus.samples[i].spam = random_next(&random) % 2;
	assert_int_equal(hold_out(&w.plan, held), 0);
	const struct rates r = figures_of(&w.corpus, held, 1);
	assert_true(recall_of(r) < 0.1);
	drop_world(&w);
	free(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_and_writes_the_same_twice),
		cmocka_unit_test(digits_have_a_price),
		cmocka_unit_test(held_out_figures),
		cmocka_unit_test(what_cannot_be_learned),
		cmocka_unit_test(chance_labels_stay_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
