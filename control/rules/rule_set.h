/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_set: the rules of one YAML file, read, checked and kept.
 *
 *   rules:
 *     - id: loan-ko
 *       sentence: "offers a loan without naming a licensed lender"
 *       action: refuse                 # refuse, flag or observe
 *       command_status: 0x45           # optional
 *       patterns:
 *         - { literal: "무서류 대출" }
 *         - { regex: "당일\\s*대출" }
 *       tests:
 *         match: [ "무서류 대출 가능" ]
 *         no_match: [ "학자금 대출 상환 안내" ]
 *
 * Every problem is reported with line and column, all of them in one go: a key
 * that is not known, given twice, missing, or a value out of its bounds below.
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
#define RULE_NAME_MAX 64u          /* octets of an id: a-z 0-9 . _ - */
#define RULE_SENTENCE_MAX 200u     /* octets */
#define RULE_PATTERN_MAX 1024u     /* octets of a literal or regex */
#define RULE_TEST_MAX 4096u        /* octets of a test text */

struct rule {
	char *name;              /* its id in the file */
	char *sentence;
	uint32_t action;         /* enum image_action */
	uint32_t command_status; /* 0 = the reason's default */
	uint32_t row, column;    /* where it begins */
};

struct rule_pattern {
	uint32_t rule; /* index */
	bool literal;  /* else a regular expression */
	char *text;
	uint32_t row, column;
};

struct rule_test {
	uint32_t rule; /* index */
	bool match;    /* the rule must match this text; else must not */
	char *text;
	uint32_t row, column;
};

struct rule_set {
	struct rule *rules;
	struct rule_pattern *patterns;
	struct rule_test *tests;
	uint32_t n_rules, n_patterns, n_tests;
};

/*
 * Read YAML text[0 .. size). 0 and a set; or -EINVAL with at least one problem
 * added, or -ENOMEM; *out is untouched then.
 */
must_use int rule_set_read(struct rule_set **out, const char *text, size_t size,
                           struct problems *problems);

/* NULL is allowed. */
void rule_set_free(struct rule_set *set);

#endif
