/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_set: the rules of YAML files, read, checked and kept.
 *
 *   rules:
 *     - id: loan-ko
 *       sentence: "offers a loan without naming a licensed lender"
 *       action: refuse                 # refuse, discard, flag or observe
 *       patterns:
 *         - { literal: "무서류 대출" }
 *         - { regex: "당일\\s*대출" }
 *       tests:
 *         match: [ "무서류 대출 가능" ]
 *         no_match: [ "학자금 대출 상환 안내" ]
 *
 *   folds:                           # look-alikes that the built-in table does not know
 *     - { from: "卜", to: "ㅏ" }      # or U+535C; what to is like: dataplane/text/fold_table.h
 *
 * sluicectl(1) says all keys. A text may be several documents ("---"): further rules, a
 * "lists:" mapping of phrase lists by name, and "file: NAME", after which problems are
 * said to be of that file, counted from the document that follows: so several files
 * travel as one text (rule_bundle.h).
 *
 * Every problem is reported with line and column, all of them in one go: a key that is
 * not known, given twice, missing, or a value out of its bounds below.
 *
 * Ownership  a set owns all its strings, until rule_set_free().
 * Threads    immutable once read.
 */
#ifndef CONTROL_RULE_SET_H
#define CONTROL_RULE_SET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "image_format.h"
#include "problems.h"

/* Bounds. Far above what is useful, so that a mistake is named and not compiled. */
#define RULES_FILE_MAX (16u << 20) /* octets */
#define RULES_MAX 10000u
#define RULE_PATTERNS_MAX 50000u   /* in all rules together */
#define RULE_TESTS_MAX 50000u      /* in all rules together */
#define RULE_ACCOUNTS_MAX 50000u   /* in all rules together */
#define RULE_NAME_MAX 64u          /* octets of an id: a-z 0-9 . _ - */
#define RULE_SENTENCE_MAX 200u     /* octets */
#define RULE_PATTERN_MAX 1024u     /* octets of a literal or regex */
#define RULE_TEST_MAX 4096u        /* octets of a test text */
#define RULE_CODE_MAX 1024u        /* words of one combination */
#define RULE_POINTS_MAX 1000       /* a weight or threshold, either sign */

struct text_table; /* text.h */

struct place {
	uint32_t row, column; /* as struct problem */
	uint32_t file;        /* of rule_set.files */
};

struct rule {
	char *name;              /* its id in the file */
	char *sentence;
	/* All that has no name: action, weight, flags ... code is an index into the set's;
	 * accounts, texts and id are filled in when an image is made. */
	struct image_rule row;
	uint32_t pattern, n_patterns; /* the first of its patterns, and how many */
	uint32_t view;           /* IMAGE_VIEW_*: of patterns that name none */
	bool faulty;             /* a problem was named while it was read */
	struct place place, when, threshold, status; /* of the rule, and of keys it has */
};

enum rule_pattern_kind {
	RULE_REGEX = 0,
	RULE_LITERAL = 1,
	RULE_WORD = 2,   /* a literal between characters that are no letters and digits */
	RULE_DOMAIN = 3, /* a host and what is below it; with a '/': also how a path begins */
};

struct rule_pattern {
	uint32_t rule; /* index */
	enum rule_pattern_kind kind;
	char *text;
	uint32_t group; /* entry of "patterns:" it came from, counted through the set */
	int32_t weight; /* thousandths */
	uint32_t views; /* IMAGE_VIEW_* */
	bool refused;   /* Hyperscan does not take it: rule_compile() said so */
	struct place place;
};

struct rule_test {
	uint32_t rule; /* index */
	bool match;    /* the rule must match this text; else must not */
	char *text;
	struct place place;
};

struct rule_account {
	uint32_t rule; /* index */
	bool canary;   /* of canary.accounts; else of scope.accounts */
	char *system_id;
	struct place place;
};

struct rule_set {
	struct rule *rules;
	struct rule_pattern *patterns; /* those of a rule stand together, rules in order */
	struct rule_test *tests;
	struct rule_account *accounts;
	uint32_t *code;
	struct image_fold *folds; /* by character, each once */
	const struct text_table *table; /* that texts and patterns are folded by: with folds */
	char **files; /* names, for problems; the first is what problems_init() was told */
	uint32_t n_rules, n_patterns, n_tests, n_accounts, n_code, n_files, n_folds;
};

/* A problem of something that was read at this place. */
void rule_set_problem(const struct rule_set *set, struct problems *problems,
                      const struct place *place, const char *field, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Read YAML text[0 .. size). 0 and a set; or -EINVAL with at least one problem added,
 * and a set of what could be read, so that more can be checked; or -ENOMEM and NULL.
 */
must_use int rule_set_read(struct rule_set **out, const char *text, size_t size,
                           struct problems *problems);

/* NULL is allowed. */
void rule_set_free(struct rule_set *set);

#endif
