/* SPDX-License-Identifier: Apache-2.0 */
/* explain_command: what "sluicectl explain" was asked, and how it says the answer. */
#ifndef CONTROL_CLI_EXPLAIN_COMMAND_H
#define CONTROL_CLI_EXPLAIN_COMMAND_H
#include <jansson.h>

#include "explain.h"

/* On stdout, for people. system_id: of the session. all: each match of each rule, else the five
 * that weigh most. */
void explain_print(const struct explanation *e, const char *system_id, bool all);

/* The same as a new object; it has all matches. */
json_t *explain_json(const struct explanation *e, const char *system_id);

/* What becomes of the message, in a word or two. */
const char *explain_verdict(const struct screen_message *message);

/* explain_rules.c: the rules of whose patterns some matched, with those; and the score, whose
 * points it is. */
void explain_print_rules(const struct explanation *e, bool all);
void explain_print_score(const struct explanation *e);
json_t *explain_matches_json(const struct explanation *e);
json_t *explain_rules_json(const struct explanation *e);
const char *explain_action(unsigned action);

/* explain_print.c: the name of a line; a text in quotes, so that what a stranger wrote does
 * nothing to a terminal. */
void explain_print_name(const char *name);
void explain_print_text(const uint8_t *text, size_t len);

#endif
