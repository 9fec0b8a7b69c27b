/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Campaigns: the largest, and those that are acted upon.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS_WIDTH 24

/* "acme, ghost, +3": as many as fit in size, and how many there are besides. */
static void join_accounts(const json_t *campaign, char *out, size_t size)
{
	const json_t *list = json_object_get(campaign, "accounts"), *a;
	long long more = cli_number(campaign, "accounts_total");
	size_t i, used = 0;

	out[0] = '\0';
	json_array_foreach(list, i, a)
	{
		char name[40];

		snprintf(name, sizeof(name), "%s%.15s", used ? ", " : "",
		         cli_text(a, "system_id"));
		if (cli_text(a, "system_id")[0] == '\0')
			snprintf(name, sizeof(name), "%s#%lld", used ? ", " : "",
			         cli_number(a, "account_id"));
		if (used + strlen(name) + 5 > size)
			break;
		used += (size_t)snprintf(out + used, size - used, "%s", name);
		more--;
	}
	if (more > 0 && used + 8 < size)
		snprintf(out + used, size - used, "%s+%lld", used ? ", " : "", more);
	if (out[0] == '\0')
		snprintf(out, size, "-");
}

/* On a terminal that has no room for all, who and when are a line of their own. */
static bool is_narrow(void)
{
	return cli_terminal_width() != 0 && cli_terminal_width() < 144;
}

static void print_head(void)
{
	printf("%-16s %12s %14s %12s %8s ", "fingerprint", "messages", "at most wrong",
	       "refused", "variants");
	if (is_narrow())
		puts("acted upon");
	printf("%s%-24s %-20s %-20s%s\n", is_narrow() ? "    " : "", "accounts", "first",
	       "last", is_narrow() ? "" : " acted upon");
}

static void print_campaign(const json_t *c)
{
	const json_t *acted = json_object_get(c, "acted");
	const char *action = json_is_object(acted) ? cli_text(acted, "action") : "-";
	char accounts[ACCOUNTS_WIDTH + 8];

	join_accounts(c, accounts, sizeof(accounts));
	printf("%-16s %12lld %14lld %12lld %8lld ", cli_text(c, "fingerprint"),
	       cli_number(c, "messages"), cli_number(c, "at_most_wrong_by"),
	       cli_number(c, "refused"), cli_number(c, "variants"));
	if (is_narrow())
		printf("%s\n    ", action);
	cli_print_cell(accounts, ACCOUNTS_WIDTH);
	printf(" %-20s %-20s", cli_text(c, "first"), cli_text(c, "last"));
	printf("%s%s\n", is_narrow() ? "" : " ", is_narrow() ? "" : action);
}

/* What "at most wrong" is worth where counts are estimates. */
static void print_sampling(const json_t *list)
{
	long long sample = 1;
	const json_t *c;
	size_t i;

	json_array_foreach(list, i, c)
	{
		if (cli_number(c, "sample") > sample)
			sample = cli_number(c, "sample");
	}
	if (sample > 1)
		printf("(of new texts one in %lld is counted, as %lld: "
		       "one figure in 20 may be more wrong)\n",
		       sample, sample);
}

int run_campaigns(const struct cli *cli)
{
	json_t *answer = NULL;
	char *url = cli_url("/v1/campaigns", "account", cli->account, "campaign", cli->campaign,
	                    "top", cli->top, "min_count", cli->min_count, "radius", cli->radius,
	                    NULL);
	const int status = cli_get(cli, url, &answer);
	const json_t *list = json_object_get(answer, "campaigns"), *c;
	const long long total = cli_number(answer, "total");
	size_t i;

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	if (total != 0)
		print_head();
	json_array_foreach(list, i, c) print_campaign(c);
	print_sampling(list);
	if (total > (long long)json_array_size(list))
		printf("(%lld more: --top)\n", total - (long long)json_array_size(list));
	if (total == 0)
		fprintf(stderr, "sluicectl: no text that is %s was counted yet\n",
		        cli->campaign != NULL ? "near that fingerprint" : "long enough");
	json_decref(answer);
	return EXIT_DONE;
}

int run_campaigns_acted(const struct cli *cli)
{
	json_t *answer = NULL;
	const int status = cli_ask(cli, "/v1/campaigns/acted", NULL, 0, NULL, &answer);
	const json_t *list = json_object_get(answer, "campaigns"), *c;
	const bool narrow = cli_terminal_width() != 0 && cli_terminal_width() < 104;
	size_t i;

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	if (json_array_size(list) != 0)
		printf("%-16s %6s %-7s %-20s %-20s %s\n", "fingerprint", "radius", "action",
		       "since", "until", narrow ? "" : "note");
	json_array_foreach(list, i, c)
	{
		const char *until = cli_text(c, "until"), *note = cli_text(c, "note");

		printf("%-16s %6lld %-7s %-20s %-20s", cli_text(c, "fingerprint"),
		       cli_number(c, "radius"), cli_text(c, "action"), cli_text(c, "since"),
		       until[0] ? until : "for ever");
		if (note[0] != '\0')
			fputs(narrow ? "\n    " : " ", stdout);
		cli_print_hanging(4, note);
	}
	if (json_array_size(list) == 0)
		fputs("sluicectl: no campaign is acted upon; campaigns block does\n", stderr);
	json_decref(answer);
	return EXIT_DONE;
}
