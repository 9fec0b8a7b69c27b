/* SPDX-License-Identifier: Apache-2.0 */
/* explain_command: what "sluicectl explain" was asked, and how it says the answer. */
#ifndef CONTROL_CLI_EXPLAIN_COMMAND_H
#define CONTROL_CLI_EXPLAIN_COMMAND_H
#include <jansson.h>

#include "explain.h"

/* On stdout, for people. system_id: of the session. */
void explain_print(const struct explanation *e, const char *system_id);

/* The same as a new object. */
json_t *explain_json(const struct explanation *e, const char *system_id);

/* What becomes of the message, in a word or two. */
const char *explain_verdict(const struct screen_message *message);

#endif
