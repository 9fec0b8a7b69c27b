/* SPDX-License-Identifier: Apache-2.0 */
/*
 * default_rules: the rule files that Sluice brings: the starter pack and the learned ones.
 *
 * Looked for where they are installed beside this program (../share/sluice/rules), in the
 * tree it was built from, and in the data directory it was configured for; the environment
 * SLUICE_RULES names another folder. Threads: pure but for the folders it reads.
 */
#ifndef CONTROL_CLI_DEFAULT_RULES_H
#define CONTROL_CLI_DEFAULT_RULES_H
#include "check.h"

#define DEFAULT_RULES_MAX 64u

struct default_rules {
	char *paths[DEFAULT_RULES_MAX]; /* starter.yaml, then packs/<name>.yaml by name */
	unsigned n;
};

/* 0 and paths for default_rules_free(); -ENOENT with the sentence on stderr; -ENOMEM. */
must_use int default_rules_find(struct default_rules *out);
void default_rules_free(struct default_rules *rules);

#endif
