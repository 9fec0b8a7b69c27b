/* SPDX-License-Identifier: Apache-2.0 */
/* train: what "sluicectl rules train" was asked, and how it says what came of it. */
#ifndef CONTROL_CLI_TRAIN_H
#define CONTROL_CLI_TRAIN_H
#include "figures.h"
#include "grams.h"
#include "validate.h"

struct train_options {
	const char *output; /* NULL: the figures only */
	const char *id, *action;
	unsigned long literals, max_chars, min_octets, seed, folds, group;
	double lambda; /* 0: chosen */
	double ridge, fpr;
	double digits;           /* the price of a pattern with any digit; 0: only literals */
	unsigned long budget_ns; /* a message; 0: none */
	bool json;
	bool unjudged; /* no figures of held-out messages: they take most of the time */
	char **paths;
	unsigned n_paths;
	const char *others[CORPUS_SETS_MAX];
	unsigned n_others;
	const char *rules; /* a file whose folds hold; NULL: none */
};

/* An exit status, EXIT_DONE to go on; the mistake is said on stderr. */
int train_read_options(struct train_options *out, int argc, char **argv);

struct train_result {
	const struct train_options *options;
	const struct corpus *corpus;
	const struct plan *plan;
	const struct trained *trained;
	const struct held *held;
	double ns; /* a message costs with this rule alone, on the built-in sample */
};

/* The comment on top of the rule file, to free(); NULL: no memory. */
char *train_header(const struct train_result *result);

/* The figures on stdout: as a table, or as JSON. An exit status. */
int train_print(const struct train_result *result);

#endif
