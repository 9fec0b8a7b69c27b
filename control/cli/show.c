/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that show something: status, counters, audit, policy show.
 */
#include "cli.h"
#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOW_US 500000

static void print_duration(long long seconds)
{
	if (seconds >= 86400)
		printf("%lld d %lld h", seconds / 86400, seconds / 3600 % 24);
	else if (seconds >= 3600)
		printf("%lld h %lld min", seconds / 3600, seconds / 60 % 60);
	else if (seconds >= 60)
		printf("%lld min %lld s", seconds / 60, seconds % 60);
	else
		printf("%lld s", seconds);
}

static void print_dataplane(const json_t *d)
{
	if (!cli_flag(d, "connected")) {
		printf("data plane  away: %s\n", cli_text(d, "text"));
		return;
	}
	printf("data plane  generation %lld, %s,\n            pid %lld, ",
	       cli_number(d, "generation"),
	       cli_flag(d, "current") ? "all of the registry is in force"
	                              : "BEHIND the registry",
	       cli_number(d, "pid"));
	cli_print_count(cli_number(d, "workers"), "worker");
	fputs(", up ", stdout);
	print_duration(cli_number(d, "uptime_s"));
	putchar('\n');
	if (cli_flag(d, "draining"))
		puts("            DRAINING: new connections cross unscreened;\n"
		     "            sluicectl drain off ends it");
	printf("overlay     %lld of %lld accounts and senders changed since that image",
	       cli_number(d, "overlay"), cli_number(d, "overlay_max"));
	if (cli_number(d, "overlay_full") != 0)
		printf("; %lld changes found no room and waited for an image",
		       cli_number(d, "overlay_full"));
	putchar('\n');
	if (cli_text(d, "text")[0] != '\0')
		printf("            %s\n", cli_text(d, "text"));
}

/* The other end of a cable: a line a port. */
static void print_port(const json_t *port, const char *before, const char *side)
{
	const long long changes = cli_number(port, "changes");
	const long long ago = (long long)time(NULL) - cli_number(port, "since");

	printf("%-12s%s %s ", before, side, cli_flag(port, "up") ? "up  " : "DOWN");
	print_duration(ago > 0 ? ago : 0);
	printf(", %s", cli_text(port, "port"));
	if (changes != 0) {
		fputs("; came or went ", stdout);
		cli_print_count(changes, "time");
	}
	putchar('\n');
}

static void print_links(const json_t *list, const json_t *other_link_s)
{
	char name[32];
	const json_t *link;
	size_t i;

	json_array_foreach(list, i, link)
	{
		snprintf(name, sizeof(name), "link %zu", i + 1);
		print_port(json_object_get(link, "esme"), name, "ESME");
		print_port(json_object_get(link, "smsc"), "", "SMSC");
	}
	if (!json_is_integer(other_link_s))
		return;
	fputs("            ASYMMETRIC, last ", stdout);
	print_duration(json_integer_value(other_link_s));
	puts(" ago: connections whose directions take\n"
	     "            two links, of which none can be screened (LINKS in\n"
	     "            sluice-dataplane(8))");
}

static void print_busy(const json_t *list)
{
	const json_t *percent;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	printf("busy        ");
	json_array_foreach(list, i, percent)
		printf("%s%.1f %%", i ? ", " : "", json_number_value(percent));
	puts(json_array_size(list) == 1 ? " of the worker's core, in the last seconds"
	                                : " of the workers' cores, in the last seconds");
}

static void print_audit_state(const json_t *a)
{
	printf("audit       %lld stored, %lld waiting, in %s\n", cli_number(a, "stored"),
	       cli_number(a, "waiting"), cli_text(a, "folder"));
	if (cli_number(a, "left_out") != 0)
		printf("            %lld more of strangers only counted: above their share\n",
		       cli_number(a, "left_out"));
	if (cli_number(a, "failing_s") != 0)
		printf("            FAILING for %lld s; refusals are held back: %s\n",
		       cli_number(a, "failing_s"), cli_text(a, "text"));
	else if (cli_text(a, "text")[0] != '\0')
		printf("            %s\n", cli_text(a, "text"));
}

/* Connections to sluice-control: only where there were too many. */
static void print_door(const json_t *c)
{
	const long long gave_way = cli_number(c, "connections_gave_way");
	const long long turned_away = cli_number(c, "connections_turned_away");

	if (gave_way + turned_away == 0)
		return;
	fputs("            too many connections: ", stdout);
	cli_print_count(gave_way, "idle one");
	printf(" closed, %lld turned away\n", turned_away);
}

static void print_registry(const json_t *r)
{
	printf("registry    generation %lld: ", cli_number(r, "generation"));
	cli_print_count(cli_number(r, "accounts"), "account");
	printf(" (%lld suspended), ", cli_number(r, "accounts_suspended"));
	cli_print_count(cli_number(r, "rules"), "rule");
	fputs(",\n            ", stdout);
	cli_print_count(cli_number(r, "senders"), "sender");
	printf(" (%lld suspended, %lld blocked)\n", cli_number(r, "senders_suspended"),
	       cli_number(r, "senders_blocked"));
}

int run_status(const struct cli *cli)
{
	json_t *answer = NULL;
	const int status = cli_ask(cli, "/v1/status", NULL, 0, NULL, &answer);

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	const json_t *c = json_object_get(answer, "control");
	printf("control     %s, pid %lld, up ", cli_text(c, "version"), cli_number(c, "pid"));
	print_duration(cli_number(c, "uptime_s"));
	printf(", %s\n", cli_text(c, "database"));
	print_door(c);
	print_registry(json_object_get(answer, "registry"));
	print_dataplane(json_object_get(answer, "dataplane"));
	print_links(json_object_get(answer, "links"), json_object_get(answer, "other_link_s"));
	if (cli_flag(json_object_get(answer, "dataplane"), "connected"))
		print_busy(json_object_get(answer, "busy_percent"));
	print_audit_state(json_object_get(answer, "audit"));
	printf("report      %s\n", cli_text(answer, "report"));
	if (cli_flag(answer, "report_is_of_another"))
		puts("            OF ANOTHER DATA PLANE than the link: counters, links and\n"
		     "            audit are its; mend --report or --link of sluice-control");
	json_decref(answer);
	return EXIT_DONE;
}

/* tsc_hz: of the cycles that are counted; 0: none are in the list. */
static void print_counters(const json_t *list, bool all, const char *title, long long tsc_hz)
{
	const json_t *counter;
	size_t i;

	printf("%s\n", title);
	json_array_foreach(list, i, counter)
	{
		if (!all && cli_number(counter, "value") == 0)
			continue;
		const long long value = cli_number(counter, "value");
		char time[32] = "", text[300];
		if (tsc_hz > 0 && strcmp(cli_text(counter, "unit"), "cycles") == 0)
			snprintf(time, sizeof(time), "%.1f s of ",
			         (double)value / (double)tsc_hz);
		snprintf(text, sizeof(text), "%s%s", time, cli_text(counter, "sentence"));
		printf("%20lld  %-26s ", value, cli_text(counter, "name"));
		cli_print_hanging(20 + 2 + 26 + 1, text);
	}
}

/* Whether the load is shared. */
static void print_workers(const json_t *list)
{
	const json_t *w;
	size_t i;

	if (json_array_size(list) < 2)
		return;
	printf("by worker\n");
	json_array_foreach(list, i, w)
	{
		printf("%20lld  frames by worker %zu, %lld connections, %lld requests\n",
		       cli_number(w, "rx_frames"), i, cli_number(w, "flows_opened"),
		       cli_number(w, "requests"));
	}
}

int run_counters(const struct cli *cli)
{
	json_t *answer = NULL;
	const int status = cli_ask(cli, "/v1/counters", NULL, 0, NULL, &answer);

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	print_counters(json_object_get(answer, "counters"), cli->all, "counters",
	               cli_number(answer, "tsc_hz"));
	print_counters(json_object_get(answer, "reasons"), cli->all, "requests by reason", 0);
	print_workers(json_object_get(answer, "by_worker"));
	if (!cli->all)
		printf("(those at zero: --all)\n");
	json_decref(answer);
	return EXIT_DONE;
}

/* A text that nothing is wrong with was refused because of another part of its message. */
static const char *record_text(const json_t *r)
{
	static char text[1000];
	const json_t *part = json_object_get(r, "part");
	const long long refused = cli_number(part, "refused_for");

	if (refused == 0)
		return cli_text(r, "text");
	snprintf(text, sizeof(text), "(part %lld, as part %lld was) %s",
	         cli_number(part, "number"), refused, cli_text(r, "text"));
	return text;
}

/* Of a record what is cut to its column, or "-". */
static void print_field(const json_t *r, const char *member, size_t width)
{
	const char *text = cli_text(r, member);

	cli_print_cell(text[0] ? text : "-", width);
}

/* On a terminal that has no room for all, its second half is a line of its own. */
static void print_record(const json_t *r)
{
	const size_t width = cli_terminal_width(), first = 24 + 1 + 16 + 1 + 18 + 1 + 19;
	const bool narrow = width != 0 && width < first + 17 + 17 + 17 + 20;
	const char *kind = cli_text(r, "kind");
	size_t used = narrow ? 4 : first + 1;

	print_field(r, "time", 24);
	putchar(' ');
	print_field(r, "system_id", 16);
	putchar(' ');
	print_field(r, "sender", 18);
	putchar(' ');
	print_field(r, "reason", 19);
	fputs(narrow ? "\n    " : " ", stdout);
	/* Only what was not simply refused is marked. */
	if (strcmp(kind, "refused") != 0)
		used += (size_t)printf("%s: ", kind);
	print_field(r, "rule", 16);
	putchar(' ');
	print_field(r, "fingerprint", 16);
	putchar(' ');
	used += 17 + 17;
	if (width == 0)
		cli_print_some(record_text(r), strlen(record_text(r)));
	else
		cli_print_cell(record_text(r), width - used);
	putchar('\n');
}

static void print_records(const struct cli *cli, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "records"), *record;
	size_t i;

	json_array_foreach(list, i, record)
	{
		if (!cli->json) {
			print_record(record);
			continue;
		}
		json_dumpf(record, stdout, CLI_JSON);
		putchar('\n');
	}
	fflush(stdout);
}

static int ask_audit(const struct cli *cli, const char *limit, const char *after,
                     json_t **answer)
{
	char *url = cli_url("/v1/audit", "limit", limit, "reason", cli->reason, "campaign",
	                    cli->campaign, "radius", cli->radius, "after", after, "account",
	                    cli->account, "sender", cli->sender, "recipient", cli->recipient,
	                    "from", cli->from, "until", cli->until, NULL);

	return cli_get(cli, url, answer);
}

/* "-": what comes on stdin, so that a citizen's number is in no history of a shell and no list
 * of processes. To free(); NULL: there is none, or it was said. */
static char *read_recipient(const struct cli *cli, int *status)
{
	size_t size = 0;
	char *text = NULL;

	*status = EXIT_DONE;
	if (cli->recipient == NULL || strcmp(cli->recipient, "-") != 0)
		return NULL;
	text = cli_read_file("-", &size);
	*status = text == NULL ? EXIT_FAILED : EXIT_DONE;
	if (text != NULL)
		text[strcspn(text, "\r\n")] = '\0';
	if (text != NULL && text[0] == '\0') {
		cli_fail("--recipient -: nothing came on standard input");
		*status = EXIT_USAGE;
	}
	return text;
}

/* Refusals that no record is there of: whoever counts lines must know. */
static void print_left_out(const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
		fprintf(stderr, "(%lld more of strangers only counted: %s, from %s to %s)\n",
	                cli_number(row, "n"), cli_text(row, "reason"), cli_text(row, "first"),
	                cli_text(row, "last"));
}

/* For ever, until sluice-control is gone or we are interrupted. */
static int follow(const struct cli *cli, json_t *answer)
{
	char cursor[40];
	int status = 0;

	while (status == 0 && !ferror(stdout)) {
		snprintf(cursor, sizeof(cursor), "%s", cli_text(answer, "cursor"));
		json_decref(answer);
		answer = NULL;
		usleep(FOLLOW_US);
		/* "00000000:0": nothing was ever recorded, so the latest are the first. */
		status = ask_audit(cli, "1000", strtoul(cursor, NULL, 10) ? cursor : "",
		                   &answer);
		if (status == 0)
			print_records(cli, answer);
	}
	return status;
}

/* --json: one object with the records; with --follow: one object a record and line. */
static int show_audit(const struct cli *cli)
{
	json_t *answer = NULL;
	const int status = ask_audit(cli, cli->limit, cli->after, &answer);
	if (status != 0)
		return status;
	if (cli->json && !cli->follow)
		return cli_print_json(answer, EXIT_DONE);
	print_records(cli, answer);
	print_left_out(json_object_get(answer, "left_out"));
	if (cli->follow)
		return follow(cli, answer);
	if (json_array_size(json_object_get(answer, "records")) == 0)
		fprintf(stderr,
		        "sluicectl: nothing was refused or flagged%s; what is forwarded "
		        "unflagged is not recorded\n",
		        cli->reason || cli->campaign || cli->account || cli->sender ||
		                        cli->recipient || cli->from || cli->until || cli->after
		                ? " that is asked for"
		                : "");
	else if (cli->from != NULL || cli->after != NULL)
		fprintf(stderr, "(what follows: --after %s)\n", cli_text(answer, "cursor"));
	json_decref(answer);
	return EXIT_DONE;
}

int run_audit(const struct cli *cli)
{
	struct cli own = *cli;
	int status;

	if (cli->radius != NULL && cli->campaign == NULL) {
		cli_fail("--radius is about a campaign: give --campaign FINGERPRINT too");
		return EXIT_USAGE;
	}
	char *recipient = read_recipient(cli, &status);
	if (recipient != NULL)
		own.recipient = recipient;
	if (status == EXIT_DONE)
		status = show_audit(&own);
	free(recipient);
	return status;
}

int run_policy(const struct cli *cli)
{
	json_t *answer = NULL;
	const int status = cli_ask(cli, "/v1/policy", NULL, 0, NULL, &answer);
	const json_t *row;
	size_t i;

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	json_array_foreach(json_object_get(answer, "policy"), i, row)
	{
		const double unit = cli_in_points(cli_text(row, "name")) ? 1000 : 1;
		char text[300];

		snprintf(text, sizeof(text), "%.10g to %.10g; %s", cli_real(row, "min") / unit,
		         cli_real(row, "max") / unit, cli_text(row, "sentence"));
		printf("%12.10g  %-16s ", cli_real(row, "value") / unit, cli_text(row, "name"));
		cli_print_hanging(12 + 2 + 16 + 1, text);
	}
	json_decref(answer);
	return EXIT_DONE;
}

int run_numbering(const struct cli *cli)
{
	json_t *answer = NULL;
	const int status = cli_ask(cli, "/v1/numbering", NULL, 0, NULL, &answer);
	const json_t *row;
	size_t i;

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	fprintf(stderr, "country %lld, %s\n", cli_number(answer, "country"),
	        json_is_true(json_object_get(answer, "own")) ? "the operator's plan"
	                                                     : "the built-in plan");
	puts("kind,prefix,min,max");
	json_array_foreach(json_object_get(answer, "rows"), i, row)
		printf("%s,%s,%lld,%lld\n", cli_text(row, "kind"), cli_text(row, "prefix"),
	               cli_number(row, "min"), cli_number(row, "max"));
	json_decref(answer);
	return EXIT_DONE;
}
