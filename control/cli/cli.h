/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: the commands of sluicectl.
 *
 * Exit status: 0 done; 1 failed, with a sentence on stderr; 2 the command line is
 * wrong; 3 recorded, but not enforced yet because the data plane is away.
 */
#ifndef CONTROL_CLI_H
#define CONTROL_CLI_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "check.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_AWAY = 3 };

struct cli {
	const char *socket;
	bool json, all, follow; /* --json, --all, --follow */
	const char *limit, *reason, *sender, *recipient, *after; /* of audit */
	const char *owner, *from, *until, *title; /* of deltas */
	const char *campaign, *radius;            /* of audit and campaigns */
	const char *account, *top, *min_count;    /* of campaigns; top: of rules hits too */
	const char *action, *note;                /* of campaigns block */
	const char *skip_bad;                     /* of imports: where wrong rows go */
	const char *corpus, *budget_ns;           /* of rules check */
	const char *arguments[2];                 /* after the words of the command */
};

struct command {
	const char *words[2];  /* words[1] NULL: one word */
	const char *arguments; /* as --help shows them; those in [] may be left out: NULL.
	                        * An option that is not among them is refused. */
	unsigned n_arguments;
	const char *sentence, *example;
	int (*run)(const struct cli *cli);
};

extern const struct command cli_commands[];
extern const unsigned cli_n_commands;

int run_status(const struct cli *cli);
int run_counters(const struct cli *cli);
int run_audit(const struct cli *cli);
int run_import_accounts(const struct cli *cli);
int run_import_senders(const struct cli *cli);
int run_show_accounts(const struct cli *cli);
int run_show_senders(const struct cli *cli);
int run_import_blacklist(const struct cli *cli);
int run_import_theft(const struct cli *cli);
int run_import_numbers(const struct cli *cli);
int run_import_numbering(const struct cli *cli);
int run_numbering(const struct cli *cli);
int run_push_rules(const struct cli *cli);
/* Rule files with the phrase lists beside them, or one; NULL with the sentence on stderr. */
char *cli_read_bundle(const char *const *files, unsigned n, size_t *size);
char *cli_read_rules(const char *file, size_t *size);
/* The set of a text, which is freed; NULL with every problem on stderr. */
struct rule_set *cli_read_set(const char *name, char *text, size_t size);
int run_check_rules(const struct cli *cli);
int run_rules_versions(const struct cli *cli);
int run_rules_diff(const struct cli *cli);
int run_rule_hits(const struct cli *cli);
int run_rules_rollback(const struct cli *cli);
int run_suspend_account(const struct cli *cli);
int run_suspend_sender(const struct cli *cli);
int run_lift_account(const struct cli *cli);
int run_lift_sender(const struct cli *cli);
int run_block_account(const struct cli *cli);
int run_block_sender(const struct cli *cli);
int run_unblock_account(const struct cli *cli);
int run_unblock_sender(const struct cli *cli);
int run_add_account(const struct cli *cli);
int run_add_sender(const struct cli *cli);
int run_remove_account(const struct cli *cli);
int run_remove_sender(const struct cli *cli);
int run_block_campaign(const struct cli *cli);
int run_unblock_campaign(const struct cli *cli);
int run_campaigns(const struct cli *cli);
int run_campaigns_acted(const struct cli *cli);
int run_apply_deltas(const struct cli *cli);
int run_drain(const struct cli *cli);
int run_drain_off(const struct cli *cli);
int run_policy(const struct cli *cli);
/* Reads its own options: argv[0] is the last word of the command. */
int run_train(int argc, char **argv);
/* The same for "rules test" and "explain". */
int run_rules_test(int argc, char **argv);
int run_explain(int argc, char **argv);
/* Whether people write a number of the policy in points; the API has thousandths. */
bool cli_in_points(const char *name);
int run_set_policy(const struct cli *cli);

/* A file in memory, NUL after it, to free(); NULL with the sentence on stderr. "-" is what
 * comes on stdin, as for rule files; cli_file_name() is what a file is called in sentences. */
char *cli_read_file(const char *path, size_t *size);
const char *cli_file_name(const char *path);

/*
 * Ask the API. body NULL: GET, else POST. 0 with the answer in *out (a new
 * reference); else an exit status, the failure said on stderr (or as JSON on stdout
 * with --json). what: for the progress line of what takes longer than a second.
 */
must_use int cli_ask(const struct cli *cli, const char *path, const char *body, size_t size,
                     const char *what, json_t **out);

/*
 * The same, but what the API refuses is not said: its answer is in *out, for cli_refused(),
 * which says it and takes it. NULL in *out: nobody answered, which was said.
 */
must_use int cli_try(const struct cli *cli, const char *path, const char *body, size_t size,
                     const char *what, json_t **out);
int cli_refused(const struct cli *cli, json_t *failure);

/* path?name=value&..., escaped, to free(). Pairs end with NULL; empty values are left out. */
char *cli_url(const char *path, ...) __attribute__((sentinel));
/* cli_ask() without a body, of what cli_url() gave, which it frees. */
must_use int cli_get(const struct cli *cli, char *url, json_t **out);

/* As the API writes it: 0.402, and not all that a double has of it. */
#define CLI_JSON (JSON_COMPACT | JSON_REAL_PRECISION(12))
/* --json: the answer itself, one line. Takes the reference. */
int cli_print_json(json_t *answer, int status);

/* The exit status of an answer that --json prints as it is. */
int cli_enforced(const json_t *answer);

/* What the data plane did; an exit status. verb: "the rules are", ... */
int cli_say_dataplane(const json_t *answer, const char *subject);

/* Members of an object, with 0, false or "" where they are not there. */
long long cli_number(const json_t *object, const char *member);
double cli_real(const json_t *object, const char *member);
bool cli_flag(const json_t *object, const char *member);
const char *cli_text(const json_t *object, const char *member);

/* Columns of the terminal, 80 at the least; 0: no terminal, so nothing is cut. */
size_t cli_terminal_width(void);

/* The rest of a line at this column, broken between words where a terminal ends. */
void cli_print_hanging(size_t indent, const char *text);

/* 1 rule, 2 rules. */
void cli_print_count(long long n, const char *noun);

/* Rules, patterns, tests and folds of a set, as far as the answer has them. */
void cli_print_set(const json_t *answer);

/* What strangers wrote, with '?' for what would do something to a terminal or look like a line
 * of ours. */
void cli_print_some(const char *text, size_t len);

/* The same in at most width columns, shortened with an ellipsis, padded with blanks. */
void cli_print_cell(const char *text, size_t width);

#endif
