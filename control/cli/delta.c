/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that take effect at once: suspend, lift, block, unblock, add, remove.
 */
#include "cli.h"
#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(json_t *delta, const char *field, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_object_set_new(delta, field, json_string(value));
}

/* Ask for one body; takes the reference. */
static int ask(const struct cli *cli, json_t *body, const char *what, json_t **answer)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (text == NULL) {
		cli_fail("a name is not UTF-8; write it in UTF-8");
		return EXIT_USAGE;
	}
	const int status = cli_ask(cli, "/v1/deltas", text, strlen(text), what, answer);
	free(text);
	return status;
}

static int change(const struct cli *cli, const char *op, const char *kind, const char *done)
{
	json_t *delta = json_pack("{ss ss ss}", "op", op, "kind", kind, "name",
	                          cli->arguments[0]),
	       *answer = NULL;
	char subject[120];

	set(delta, "owner", cli->owner);
	set(delta, "from", cli->from);
	set(delta, "until", cli->until);
	set(delta, "title", cli->title);
	set(delta, "action", cli->action);
	set(delta, "radius", cli->radius);
	set(delta, "note", cli->note);
	int status = ask(cli, delta, op, &answer);
	if (status != 0)
		return status;
	if (cli->json) {
		json_object_set_new(answer, "op", json_string(op));
		json_object_set_new(answer, "kind", json_string(kind));
		json_object_set_new(answer, "name", json_string(cli->arguments[0]));
		return cli_print_json(answer, cli_enforced(answer));
	}
	snprintf(subject, sizeof(subject), "%s %.60s: %s,", kind, cli->arguments[0], done);
	status = cli_say_dataplane(answer, subject);
	json_decref(answer);
	return status;
}

#define COMMAND(op, kind, done) \
	int run_##op##_##kind(const struct cli *cli) { return change(cli, #op, #kind, done); }
COMMAND(suspend, account, "suspended")
COMMAND(suspend, sender, "suspended")
COMMAND(lift, account, "lifted")
COMMAND(lift, sender, "lifted")
COMMAND(block, account, "blocked")
COMMAND(block, sender, "blocked")
COMMAND(unblock, account, "unblocked")
COMMAND(unblock, sender, "unblocked")
COMMAND(add, account, "added")
COMMAND(add, sender, "added")
COMMAND(remove, account, "removed")
COMMAND(remove, sender, "removed")

COMMAND(unblock, campaign, "let through again")

int run_block_campaign(const struct cli *cli)
{
	static const char *const done[][2] = { { "discard", "discarded" },
		                               { "flag", "flagged" },
		                               { "observe", "observed" } };

	for (unsigned i = 0; cli->action != NULL && i < sizeof(done) / sizeof(done[0]); i++)
		if (strcmp(cli->action, done[i][0]) == 0)
			return change(cli, "block", "campaign", done[i][1]);
	return change(cli, "block", "campaign", "refused");
}
