/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Campaigns: those that are acted upon.
 */
#include "cli.h"

#include <stdio.h>

int run_campaigns_acted(const struct cli *cli)
{
	json_t *answer = NULL;
	const int status = cli_ask(cli, "/v1/campaigns/acted", NULL, 0, NULL, &answer);
	const json_t *list = json_object_get(answer, "campaigns"), *c;
	size_t i;

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	if (json_array_size(list) != 0)
		puts("fingerprint      radius action  since                until               "
		     " "
		     "note");
	json_array_foreach(list, i, c)
	{
		const char *until = cli_text(c, "until");

		printf("%-16s %6lld %-7s %-20s %-20s %s\n", cli_text(c, "fingerprint"),
		       cli_number(c, "radius"), cli_text(c, "action"), cli_text(c, "since"),
		       until[0] ? until : "for ever", cli_text(c, "note"));
	}
	if (json_array_size(list) == 0)
		fputs("sluicectl: no campaign is acted upon; campaigns block does\n", stderr);
	json_decref(answer);
	return EXIT_DONE;
}
