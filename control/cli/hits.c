/* SPDX-License-Identifier: Apache-2.0 */
/* hits: how often each rule matched, and on how many messages it acted. */
#include <stdio.h>

#include "cli.h"

static void print_hit(const json_t *row)
{
	char number[16];
	const char *name = cli_text(row, "rule");

	/* The registry may be another one than that of the rules which were counted. */
	snprintf(number, sizeof(number), "#%lld", cli_number(row, "rule_id"));
	printf("%c %-7lld %-32s %-7s %12lld %12lld  %s\n",
	       cli_flag(row, "in_force") ? '*' : ' ', cli_number(row, "version"),
	       name[0] != '\0' ? name : number, cli_text(row, "mode"),
	       cli_number(row, "matched"), cli_number(row, "acted"), cli_text(row, "last"));
}

int run_rule_hits(const struct cli *cli)
{
	json_t *answer = NULL, *row;
	char *url = cli_url("/v1/rules/hits", "top", cli->top, NULL);
	const int status = cli_get(cli, url, &answer);
	const json_t *list = json_object_get(answer, "rules");
	const long long shown = (long long)json_array_size(list);
	const long long total = cli_number(answer, "total");
	size_t i;

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	if (total != 0)
		printf("%-9s %-32s %-7s %12s %12s  %s\n", "version", "rule", "mode", "matched",
		       "acted", "last match");
	json_array_foreach(list, i, row) print_hit(row);
	if (total > shown)
		printf("(%lld more: --top)\n", total - shown);
	if (total == 0)
		fprintf(stderr, "sluicectl: no rule has matched a message yet; %s\n",
		        cli_number(answer, "in_force") == 0
		                ? "rules push puts some in force"
		                : "rules versions says which set is in force");
	json_decref(answer);
	return EXIT_DONE;
}
