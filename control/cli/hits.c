/* SPDX-License-Identifier: Apache-2.0 */
/* hits: how often each rule matched, and on how many messages it acted. */
#include <stdio.h>

#include "cli.h"

#define NAME 32
#define PLACES 12

/* On a terminal of 80 columns names have ten less, and numbers four. */
static int less(int columns)
{
	return cli_terminal_width() != 0 && cli_terminal_width() < 104 ? columns : 0;
}

static void print_hit(const json_t *row)
{
	const int places = PLACES - less(4);
	char number[16];
	const char *name = cli_text(row, "rule");

	/* The registry may be another one than that of the rules which were counted. */
	snprintf(number, sizeof(number), "#%lld", cli_number(row, "rule_id"));
	printf("%c %-7lld ", cli_flag(row, "in_force") ? '*' : ' ', cli_number(row, "version"));
	cli_print_cell(name[0] != '\0' ? name : number, (size_t)(NAME - less(10)));
	printf(" %-7s %*lld %*lld  %s\n", cli_text(row, "mode"), places,
	       cli_number(row, "matched"), places, cli_number(row, "acted"),
	       cli_text(row, "last"));
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
		printf("%-9s %-*s %-7s %*s %*s  %s\n", "version", NAME - less(10), "rule",
		       "mode", PLACES - less(4), "matched", PLACES - less(4), "acted",
		       "last match");
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
