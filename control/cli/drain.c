/* SPDX-License-Identifier: Apache-2.0 */
/* drain: take the appliance out of the way, and put it back. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static int drain(const struct cli *cli, const char *body)
{
	json_t *answer = NULL;
	int status = cli_ask(cli, "/v1/drain", body, strlen(body), "drain", &answer);

	if (status != 0)
		return status;
	const bool on = cli_flag(answer, "on");
	/* Nothing is recorded: what the data plane did not hear has not happened. */
	const bool done = cli_flag(json_object_get(answer, "dataplane"), "enforced");
	status = done ? EXIT_DONE : EXIT_FAILED;
	if (cli->json)
		return cli_print_json(answer, status);
	if (!done)
		fprintf(stderr, "sluicectl: the data plane was not told: %s\n",
		        cli_text(json_object_get(answer, "dataplane"), "text"));
	else if (on)
		printf("draining: new connections cross unscreened; %lld handed back, %lld "
		       "still screened\n",
		       cli_number(answer, "drained"), cli_number(answer, "remaining"));
	else
		printf("screening: new connections are screened; %lld are\n",
		       cli_number(answer, "remaining"));
	json_decref(answer);
	return status;
}

int run_drain(const struct cli *cli) { return drain(cli, "{\"on\":true}"); }
int run_drain_off(const struct cli *cli) { return drain(cli, "{\"on\":false}"); }
