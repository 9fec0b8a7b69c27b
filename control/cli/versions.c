/* SPDX-License-Identifier: Apache-2.0 */
/* versions: sets of rules as they were pushed: list, compare, and take one back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fail.h"
#include "rule_diff.h"

int run_rules_versions(const struct cli *cli)
{
	json_t *answer = NULL, *row;
	const int status = cli_ask(cli, "/v1/rules/versions", NULL, 0, NULL, &answer);
	size_t i;

	if (status != 0)
		return status;
	if (cli->json)
		return cli_print_json(answer, EXIT_DONE);
	printf("%-9s %-20s %-12s %6s  %-12s  %s\n", "version", "pushed", "by", "rules",
	       "sha256", "file");
	json_array_foreach(json_object_get(answer, "versions"), i, row)
		printf("%c %-7lld %-20s %-12.12s %6lld  %-12.12s  %s\n",
	               cli_flag(row, "in_force") ? '*' : ' ', cli_number(row, "version"),
	               cli_text(row, "at"), cli_text(row, "who"), cli_number(row, "rules"),
	               cli_text(row, "sha256"), cli_text(row, "file"));
	json_decref(answer);
	return EXIT_DONE;
}

int run_rules_rollback(const struct cli *cli)
{
	json_t *answer = NULL;
	char *path = cli_url("/v1/rules/rollback", "version", cli->arguments[0], NULL);
	int status = path == NULL ? EXIT_FAILED : cli_ask(cli, path, "", 0, "rules", &answer);

	free(path);
	if (status != 0)
		return status;
	const int enforced = cli_enforced(answer);
	if (cli->json)
		return cli_print_json(answer, enforced == EXIT_AWAY ? EXIT_DONE : enforced);
	printf("back to version %lld: ", cli_number(answer, "version"));
	cli_print_set(answer);
	putchar('\n');
	status = cli_say_dataplane(answer, "rules");
	json_decref(answer);
	return status == EXIT_AWAY ? EXIT_DONE : status;
}

static bool is_version(const char *name)
{
	return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

/* The text of a version, or of a file with the lists beside it. To free(). */
static char *fetch(const struct cli *cli, const char *name, size_t *size)
{
	json_t *answer = NULL;
	char *text = NULL;

	if (!is_version(name))
		return cli_read_rules(name, size);
	char *path = cli_url("/v1/rules", "version", name, NULL);
	if (cli_get(cli, path, &answer) == 0) {
		*size = json_string_length(json_object_get(answer, "text"));
		text = malloc(*size + 1);
		if (text != NULL)
			memcpy(text, cli_text(answer, "text"), *size + 1);
		json_decref(answer);
	}
	return text;
}

struct rule_set *cli_read_set(const char *name, char *text, size_t size)
{
	struct rule_set *set = NULL;
	struct problems problems;

	problems_init(&problems, name);
	const int result = rule_set_read(&set, text, size, &problems);
	free(text);
	if (result != 0) {
		cli_fail_problems(&problems, "it cannot be used");
		rule_set_free(set);
		return NULL;
	}
	return set;
}

static struct rule_set *read_set(const struct cli *cli, const char *name)
{
	size_t size = 0;
	char *text = fetch(cli, name, &size);

	return text == NULL ? NULL : cli_read_set(name, text, size);
}

static const char *const kinds[] = { "added", "removed", "changed" };
static const char signs[] = { '+', '-', '~' };

/* What two sets differ in, as it is answered. */
struct difference {
	json_t *folds, *rules;
};

/* NULL of none. As a number: look-alikes cannot be told apart by eye. */
static json_t *character(uint32_t c) { return c == 0 ? NULL : json_sprintf("U+%04X", c); }

static void add_fold(void *context, uint32_t from, uint32_t before, uint32_t after)
{
	const struct difference *d = context;

	json_array_append_new(d->folds,
	                      json_pack("{so so* so*}", "from", character(from), "before",
	                                character(before), "after", character(after)));
}

static void add_rule(void *context, enum rule_difference kind, const struct rule *rule)
{
	const struct difference *d = context;

	json_array_append_new(d->rules, json_pack("{ss ss ss so}", "id", rule->name,
	                                          "difference", kinds[kind], "sentence",
	                                          rule->sentence, "details", json_array()));
}

static void add_detail(void *context, const struct rule_detail *detail)
{
	const struct difference *d = context;
	json_t *last = json_array_get(d->rules, json_array_size(d->rules) - 1);

	json_array_append_new(json_object_get(last, "details"),
	                      json_pack("{ss ss* ss*}", "what", detail->what, "before",
	                                detail->before, "after", detail->after));
}

static void print_detail(const json_t *detail)
{
	const char *before = cli_text(detail, "before"), *after = cli_text(detail, "after");

	if (before[0] != '\0' && after[0] != '\0')
		printf("    %s: %s -> %s\n", cli_text(detail, "what"), before, after);
	else if (before[0] != '\0' || after[0] != '\0')
		printf("    %c %s: %s\n", after[0] != '\0' ? '+' : '-',
		       cli_text(detail, "what"), after[0] != '\0' ? after : before);
	else
		printf("    %s differs\n", cli_text(detail, "what"));
}

static void print_folds(const json_t *list)
{
	const json_t *fold;
	size_t i;

	json_array_foreach(list, i, fold)
	{
		const char *before = cli_text(fold, "before"), *after = cli_text(fold, "after");
		const bool both = before[0] != '\0' && after[0] != '\0';

		printf("%c fold %s to %s%s%s\n",
		       both                ? signs[2]
		       : before[0] != '\0' ? signs[1]
		                           : signs[0],
		       cli_text(fold, "from"), before, both ? " -> " : "", after);
	}
}

static void print_rules(const json_t *list)
{
	const json_t *rule, *detail;
	size_t i, k;

	json_array_foreach(list, i, rule)
	{
		char sign = '~';

		for (unsigned kind = 0; kind < sizeof(signs); kind++)
			if (strcmp(cli_text(rule, "difference"), kinds[kind]) == 0)
				sign = signs[kind];
		printf("%c %s (%s)\n", sign, cli_text(rule, "id"), cli_text(rule, "sentence"));
		json_array_foreach(json_object_get(rule, "details"), k, detail)
			print_detail(detail);
	}
}

static void print_diff(const struct difference *d)
{
	print_folds(d->folds);
	print_rules(d->rules);
	if (json_array_size(d->folds) + json_array_size(d->rules) == 0)
		puts("no rule differs");
}

int run_rules_diff(const struct cli *cli)
{
	struct rule_set *before = read_set(cli, cli->arguments[0]);
	struct rule_set *after = before ? read_set(cli, cli->arguments[1]) : NULL;
	struct difference d = { json_array(), json_array() };
	const struct rule_diff_reader reader = { add_fold, add_rule, add_detail, &d };
	int status = EXIT_FAILED;

	if (after != NULL && rule_diff(before, after, &reader) == 0) {
		status = EXIT_DONE;
		if (cli->json)
			cli_print_json(json_pack("{sO sO}", "folds", d.folds, "rules", d.rules),
			               EXIT_DONE);
		else
			print_diff(&d);
	}
	json_decref(d.folds);
	json_decref(d.rules);
	rule_set_free(before);
	rule_set_free(after);
	return status;
}
