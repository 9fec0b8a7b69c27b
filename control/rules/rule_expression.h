/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_expression: one pattern of a rule file as an expression of Hyperscan.
 *
 * What is no regular expression is escaped, for the folded view folded first by the data
 * plane's own code, and then matched as it is.
 *
 * RULE_WORD: the characters beside it are no letters and digits. Beside Hangul only the
 * one before is looked at, since particles follow a word; beside scripts that are
 * written without spaces none is. RULE_DOMAIN: a host and all hosts below it, not in the
 * path of another one; with a '/', any address that begins so.
 *
 * Threads: pure; any.
 */
#ifndef CONTROL_RULE_EXPRESSION_H
#define CONTROL_RULE_EXPRESSION_H
#include "rule_set.h"

/* For this view (one of IMAGE_VIEW_*), folded by the set's table, to free(); "" when folding
 * leaves nothing of it; NULL: no memory. */
char *rule_expression(const struct rule_set *set, const struct rule_pattern *pattern,
                      unsigned view);

/* The character that begins at the lead octet s[0], of valid UTF-8 (RFC 3629). */
uint32_t rule_character(const uint8_t *s);

/* Its HS_FLAG_*. */
unsigned rule_expression_flags(const struct rule_pattern *pattern);

/* Whether it is characters and nothing else, some of them written as \xHH. */
bool rule_expression_is_literal(const char *expression);

#endif
