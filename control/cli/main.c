/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluicectl: a client of sluice-control's API, and nothing else.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "fail.h"
#include "option_place.h"
#include "words.h"

#define SOCKET_DEFAULT "/run/sluice/control.sock"

/* words_run() has it. */
static int run_own(const struct cli *cli)
{
	(void)cli;
	return EXIT_USAGE;
}

static const struct command commands[] = {
	{ { "accounts", "import" },
	  "FILE.csv [--skip-bad FILE]",
	  1,
	  "add or replace accounts (system_id,name,state,mode,alphabet,sender_field,valid_from,"
	  "valid_until,regime,refuse_score,flag_score)",
	  "sluicectl accounts import resellers.csv",
	  run_import_accounts },
	{ { "senders", "import" },
	  "FILE.csv [--skip-bad FILE]",
	  1,
	  "add or replace senders (address,owner,state,valid_from,valid_until,blocked_until)",
	  "sluicectl senders import numbers.csv",
	  run_import_senders },
	{ { "blacklist", "import" },
	  "FILE.csv",
	  1,
	  "the regulator's blacklist (address,until), the whole list",
	  "sluicectl blacklist import kisa-2026-02.csv",
	  run_import_blacklist },
	{ { "theft", "import" },
	  "FILE.csv",
	  1,
	  "numbers whose owners let nobody send from them (address,until), the whole list",
	  "sluicectl theft import protected.csv",
	  run_import_theft },
	{ { "numbers", "import" },
	  "FILE.csv",
	  1,
	  "which numbers exist (first,last,state), the whole list",
	  "sluicectl numbers import ranges.csv",
	  run_import_numbers },
	{ { "numbering", "import" },
	  "FILE.csv",
	  1,
	  "how the country's numbers are written (kind,prefix,min,max), the whole plan",
	  "sluicectl numbering import korea.csv",
	  run_import_numbering },
	{ { "numbering", "show" },
	  "[--json]",
	  0,
	  "the numbering plan in force, as a file that can be changed and imported",
	  "sluicectl numbering show > plan.csv",
	  run_numbering },
	{ { "rules", "push" },
	  "FILE.yaml",
	  1,
	  "compile, test and put in force the rules of a file",
	  "sluicectl rules push /etc/sluice/rules.yaml",
	  run_push_rules },
	{ { "rules", "versions" },
	  "",
	  0,
	  "the sets of rules that were pushed, the newest first",
	  "sluicectl rules versions",
	  run_rules_versions },
	{ { "rules", "diff" },
	  "A B",
	  2,
	  "which rules differ between two versions, or files",
	  "sluicectl rules diff 3 my-rules.yaml",
	  run_rules_diff },
	{ { "rules", "hits" },
	  "[--top N]",
	  0,
	  "how often each rule matched, and on how many messages it acted",
	  "sluicectl rules hits --top 50",
	  run_rule_hits },
	{ { "rules", "rollback" },
	  "[VERSION]",
	  1,
	  "put an old version in force, or the one before",
	  "sluicectl rules rollback",
	  run_rules_rollback },
	{ { "rules", "check" },
	  "FILE.yaml [--all] [--corpus FILE.tsv] [--budget-ns N]",
	  1,
	  "the same without a daemon: nothing changes",
	  "sluicectl rules check my-rules.yaml",
	  run_check_rules },
	{ { "rules", "test" },
	  "--corpus FILE.tsv [--rules FILE.yaml ...] [--misses] [--json]",
	  0,
	  "what rules catch of labelled messages, and what they should not have",
	  "sluicectl rules test --corpus messages.tsv --rules my-rules.yaml",
	  run_own },
	{ { "explain", NULL },
	  "--text TEXT | --pdu HEX [--rules FILE.yaml ...] [--json]",
	  0,
	  "what would become of one message, and why; --help of it has its options",
	  "sluicectl explain --text \"No papers needed, same day loan\"",
	  run_own },
	{ { "rules", "train" },
	  "CORPUS.tsv... [--output FILE] [OPTIONS]",
	  0,
	  "learn a rule from labelled messages; --help of it has its options",
	  "sluicectl rules train spam.tsv ham.tsv --output learned.yaml",
	  run_own },
	{ { "suspend", "account" },
	  "SYSTEM_ID",
	  1,
	  "refuse all that an account sends, now",
	  "sluicectl suspend account acme",
	  run_suspend_account },
	{ { "suspend", "sender" },
	  "ADDRESS",
	  1,
	  "refuse all that comes from a sender, now",
	  "sluicectl suspend sender 010-1234-5678",
	  run_suspend_sender },
	{ { "lift", "account" },
	  "SYSTEM_ID",
	  1,
	  "end a suspension",
	  "sluicectl lift account acme",
	  run_lift_account },
	{ { "lift", "sender" },
	  "ADDRESS",
	  1,
	  "end a suspension",
	  "sluicectl lift sender +821012345678",
	  run_lift_sender },
	{ { "block", "account" },
	  "SYSTEM_ID [--until TIME]",
	  1,
	  "refuse all that an account sends until a time, or for ever; lift does not end it",
	  "sluicectl block account acme --until 2026-03-01T00:00:00+09:00",
	  run_block_account },
	{ { "block", "sender" },
	  "ADDRESS [--until TIME]",
	  1,
	  "refuse a sender, registered or not, until a time, or for ever",
	  "sluicectl block sender 010-1234-5678 --until 2026-03-01",
	  run_block_sender },
	{ { "unblock", "account" },
	  "SYSTEM_ID",
	  1,
	  "end a block",
	  "sluicectl unblock account acme",
	  run_unblock_account },
	{ { "unblock", "sender" },
	  "ADDRESS",
	  1,
	  "end a block",
	  "sluicectl unblock sender 010-1234-5678",
	  run_unblock_sender },
	{ { "add", "account" },
	  "SYSTEM_ID [--title NAME] [--from TIME] [--until TIME]",
	  1,
	  "certify one account, now",
	  "sluicectl add account acme --title \"Acme Ltd\" --until 2027-01-01",
	  run_add_account },
	{ { "add", "sender" },
	  "ADDRESS --owner SYSTEM_ID[;...] [--from TIME] [--until TIME]",
	  1,
	  "certify one sender, now",
	  "sluicectl add sender 1588-1234 --owner acme",
	  run_add_sender },
	{ { "remove", "account" },
	  "SYSTEM_ID",
	  1,
	  "forget an account; its senders have no owner then",
	  "sluicectl remove account acme",
	  run_remove_account },
	{ { "remove", "sender" },
	  "ADDRESS",
	  1,
	  "forget a sender's certificate; a suspension or block of it stays",
	  "sluicectl remove sender 1588-1234",
	  run_remove_sender },
	{ { "campaigns", "block" },
	  "FINGERPRINT [--radius N] [--action refuse|discard|flag|observe] [--until TIME] "
	  "[--note TEXT]",
	  1,
	  "refuse, or only discard, flag or observe, a campaign and its variants, now",
	  "sluicectl campaigns block 3b1f00c29e77a5d4 --note \"loan spam\"",
	  run_block_campaign },
	{ { "campaigns", "unblock" },
	  "FINGERPRINT",
	  1,
	  "act upon a campaign no longer",
	  "sluicectl campaigns unblock 3b1f00c29e77a5d4",
	  run_unblock_campaign },
	{ { "campaigns", "list" },
	  "",
	  0,
	  "the campaigns that are acted upon",
	  "sluicectl campaigns list --json",
	  run_campaigns_acted },
	{ { "campaigns", NULL },
	  "[--account SYSTEM_ID] [--top N] [--min-count N] [--radius N]",
	  0,
	  "the texts, near duplicates together, of which most messages came",
	  "sluicectl campaigns --top 10 --account acme",
	  run_campaigns },
	{ { "deltas", "apply" },
	  "FILE.csv",
	  1,
	  "apply rows op,kind,name,until,owner (the last two may be empty), a thousand at once",
	  "sluicectl deltas apply blacklist.csv",
	  run_apply_deltas },
	{ { "drain", "off" },
	  "",
	  0,
	  "screen new connections again",
	  "sluicectl drain off",
	  run_drain_off },
	{ { "drain", NULL },
	  "",
	  0,
	  "screen nothing new, hand quiet connections back, say what remains",
	  "sluicectl drain",
	  run_drain },
	{ { "status", NULL },
	  "",
	  0,
	  "control, registry, data plane and audit in a glance",
	  "sluicectl status --json",
	  run_status },
	{ { "counters", NULL },
	  "[--all]",
	  0,
	  "counters and reasons; --all: those at zero too",
	  "sluicectl counters --all",
	  run_counters },
	{ { "audit", NULL },
	  "[--account SYSTEM_ID] [--sender ADDRESS] [--from TIME] [--until TIME] [--limit N]\n"
	  "      [--after CURSOR] [--reason REASON] [--campaign FINGERPRINT [--radius N]] "
	  "[--follow]",
	  0,
	  "the latest refusals and flags; with --from the first since then",
	  "sluicectl audit --account acme --from 2026-03-01T14:00+09:00",
	  run_audit },
	{ { "policy", "show" },
	  "",
	  0,
	  "the numbers of the policy",
	  "sluicectl policy show",
	  run_policy },
	{ { "policy", "set" },
	  "NAME VALUE",
	  2,
	  "change one of them",
	  "sluicectl policy set refuse_at_bind 1",
	  run_set_policy },
};
static const unsigned n_commands = sizeof(commands) / sizeof(commands[0]);

static void print_command(FILE *out, const struct command *c)
{
	fprintf(out, "  sluicectl %s%s%s%s%s\n      %s\n", c->words[0], c->words[1] ? " " : "",
	        c->words[1] ? c->words[1] : "", c->arguments[0] ? " " : "", c->arguments,
	        c->sentence);
}

static void usage(FILE *out)
{
	fputs("usage: sluicectl [--socket PATH] [--json] COMMAND ...\n\n", out);
	for (unsigned i = 0; i < n_commands; i++)
		print_command(out, &commands[i]);
	fputs("\nOptions of all commands:\n"
	      "  --socket PATH  of sluice-control; else $SLUICE_SOCKET, else " SOCKET_DEFAULT
	      "\n"
	      "  --json         one JSON object on stdout, also of a failure\n"
	      "  --help         of the command, with an example\n"
	      "A file that is called - is what comes on stdin.\n"
	      "\nExit status: 0 done; 1 failed; 2 wrong command line; 3 recorded, and "
	      "enforced\n"
	      "when the data plane is back. sluicectl(1) has the formats of the files.\n",
	      out);
}

static bool matches(const struct command *c, int n, char **words)
{
	return n >= 1 && strcmp(words[0], c->words[0]) == 0 &&
	       (c->words[1] == NULL || (n >= 2 && strcmp(words[1], c->words[1]) == 0));
}

static const struct command *find_command(int n, char **words)
{
	for (unsigned i = 0; i < n_commands; i++)
		if (matches(&commands[i], n, words))
			return &commands[i];
	return NULL;
}

static bool begins_a_command(int n, char **words)
{
	for (unsigned i = 0; n > 0 && i < n_commands; i++)
		if (strcmp(words[0], commands[i].words[0]) == 0)
			return true;
	return false;
}

static void print_those_with(FILE *out, const char *first_word)
{
	for (unsigned i = 0; i < n_commands; i++)
		if (strcmp(first_word, commands[i].words[0]) == 0)
			print_command(out, &commands[i]);
}

static int unknown_command(int n, char **words)
{
	const bool begun = begins_a_command(n, words);

	cli_fail("there is no command \"%s%s%s\"; %s", n ? words[0] : "", n > 1 ? " " : "",
	         n > 1 ? words[1] : "",
	         begun ? "did you mean:" : "sluicectl --help names them");
	if (begun)
		print_those_with(stderr, words[0]);
	return EXIT_USAGE;
}

/* Of one command, of those that begin with a word, or of all. */
static int help_with(const struct command *c, int n, char **words)
{
	if (c != NULL) {
		print_command(stdout, c);
		printf("\nExample:\n  %s\n", c->example);
	} else if (n == 1 && begins_a_command(n, words)) {
		print_those_with(stdout, words[0]);
		puts("\n--help behind one of them shows an example of it.");
	} else if (n > 0) {
		return unknown_command(n, words);
	} else {
		usage(stdout);
	}
	return EXIT_DONE;
}

/* Where the argument of an option goes. */
static const struct option_place places[] = {
	{ 's', offsetof(struct cli, socket) },    { 'l', offsetof(struct cli, limit) },
	{ 'r', offsetof(struct cli, reason) },    { 'o', offsetof(struct cli, owner) },
	{ 'S', offsetof(struct cli, sender) },    { 'p', offsetof(struct cli, after) },
	{ 'F', offsetof(struct cli, from) },      { 'u', offsetof(struct cli, until) },
	{ 't', offsetof(struct cli, title) },     { 'A', offsetof(struct cli, account) },
	{ 'T', offsetof(struct cli, top) },       { 'm', offsetof(struct cli, min_count) },
	{ 'x', offsetof(struct cli, action) },    { 'n', offsetof(struct cli, note) },
	{ 'c', offsetof(struct cli, campaign) },  { 'R', offsetof(struct cli, radius) },
	{ 'b', offsetof(struct cli, skip_bad) },  { 'C', offsetof(struct cli, corpus) },
	{ 'B', offsetof(struct cli, budget_ns) }, { 0, 0 },
};

static bool read_option(struct cli *cli, bool *help, int option)
{
	if (option_keep(cli, places, option))
		return true;
	cli->json |= option == 'j';
	cli->all |= option == 'a';
	cli->follow |= option == 'f';
	*help |= option == 'h';
	return strchr("jafh", option) != NULL;
}

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "all", no_argument, NULL, 'a' },
	{ "follow", no_argument, NULL, 'f' },
	{ "limit", required_argument, NULL, 'l' },
	{ "reason", required_argument, NULL, 'r' },
	{ "account", required_argument, NULL, 'A' },
	{ "sender", required_argument, NULL, 'S' },
	{ "after", required_argument, NULL, 'p' },
	{ "top", required_argument, NULL, 'T' },
	{ "min-count", required_argument, NULL, 'm' },
	{ "action", required_argument, NULL, 'x' },
	{ "note", required_argument, NULL, 'n' },
	{ "campaign", required_argument, NULL, 'c' },
	{ "radius", required_argument, NULL, 'R' },
	{ "owner", required_argument, NULL, 'o' },
	{ "from", required_argument, NULL, 'F' },
	{ "until", required_argument, NULL, 'u' },
	{ "title", required_argument, NULL, 't' },
	{ "skip-bad", required_argument, NULL, 'b' },
	{ "corpus", required_argument, NULL, 'C' },
	{ "budget-ns", required_argument, NULL, 'B' },
	{ "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* The options into *cli; an exit status. */
static int read_options(struct cli *cli, bool *help, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == 'v') {
			puts("sluicectl " SLUICE_VERSION);
			exit(cli_fail_end(false, EXIT_DONE));
		}
		if (!read_option(cli, help, c))
			return cli_fail_option(argv, c);
	}
	return EXIT_DONE;
}

static int run(struct cli *cli, bool help, int n, char **words)
{
	const struct command *c = find_command(n, words);

	if (help)
		return help_with(c, n, words);
	if (c == NULL)
		return unknown_command(n, words);
	const int skip = c->words[1] ? 2 : 1;
	const unsigned given = (unsigned)(n - skip);
	if (given != c->n_arguments && (c->arguments[0] != '[' || given != 0)) {
		cli_fail("%s%s%s takes %u argument%s, for example: %s", c->words[0],
		         c->words[1] ? " " : "", c->words[1] ? c->words[1] : "", c->n_arguments,
		         c->n_arguments == 1 ? "" : "s", c->example);
		return EXIT_USAGE;
	}
	for (unsigned i = 0; i < given; i++)
		cli->arguments[i] = words[skip + (int)i];
	return c->run(cli);
}

/* A file that is opened must not become the stdout or stderr that somebody closed: what is
 * printed would go into it. Writing to this stdout fails, and that is said. */
static void hold_places(void)
{
	int place = STDIN_FILENO;

	while (place >= STDIN_FILENO && place <= STDERR_FILENO)
		place = open("/dev/null", O_RDONLY);
	if (place >= 0)
		close(place);
}

int main(int argc, char **argv)
{
	const char *environment = getenv("SLUICE_SOCKET");
	struct cli cli = {
		.socket = environment && environment[0] ? environment : SOCKET_DEFAULT,
	};
	bool help = false;

	hold_places();
	setlocale(LC_ALL, "C.UTF-8");
	if (argc == 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	opterr = 0;
	const struct words words = words_find(argc, argv, options);
	if (words.own != NULL)
		return cli_fail_end(words.json, words_run(&words, argc, argv));
	int status = read_options(&cli, &help, argc, argv);
	if (status == EXIT_DONE)
		status = run(&cli, help, argc - optind, argv + optind);
	return cli_fail_end(words.json, status);
}
