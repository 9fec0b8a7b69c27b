/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registered: what the registry holds, as files that can be imported: accounts show, senders
 * show.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define PAGE "10000"

struct shown {
	const char *path, *list, *one; /* one: the query argument that names a single one */
	const char *const *fields;     /* of a row, NULL behind */
	void (*note)(const json_t *row);
};

/* RFC 4180: in quotes where it must be. */
static void print_csv(const char *text)
{
	if (text[strcspn(text, ",\"\r\n")] == '\0' && text[0] != ' ') {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void print_owners(const json_t *owners)
{
	char text[1000] = "";
	const json_t *owner;
	size_t i;

	json_array_foreach(owners, i, owner)
	{
		const size_t n = strlen(text);
		snprintf(text + n, sizeof(text) - n, "%s%s", i ? ";" : "",
		         json_string_value(owner));
	}
	print_csv(text);
}

/* What a list blocks is not the registry's: imported again it would be blocked twice. For ever
 * is what the state blocked says. */
static const char *field_of(const json_t *row, const char *field)
{
	const char *text = cli_text(row, field), *by = cli_text(row, "blocked_by");

	if (strcmp(field, "blocked_until") != 0)
		return text;
	return strcmp(text, "for ever") == 0 || strcmp(by, "operator") != 0 ? "" : text;
}

static void print_row(const struct shown *s, const json_t *row)
{
	for (unsigned i = 0; s->fields[i] != NULL; i++) {
		if (i != 0)
			putchar(',');
		if (strcmp(s->fields[i], "owner") == 0)
			print_owners(json_object_get(row, "owners"));
		else
			print_csv(field_of(row, s->fields[i]));
	}
	putchar('\n');
}

/* Of all, what is registered; of one, what holds of it too. */
static void print_rows(const struct shown *s, const json_t *answer, bool one)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, s->list), i, row)
	{
		if (one || !json_is_false(json_object_get(row, "registered")))
			print_row(s, row);
		if (one)
			s->note(row);
	}
}

/* Page by page: a list of millions is in no memory at once. */
static int show(const struct cli *cli, const struct shown *s)
{
	const char *one = cli->arguments[0] ? cli->arguments[0] : "";
	char after[40] = "";
	json_t *answer = NULL, *all = json_array();

	do {
		char *url = cli_url(s->path, s->one, one, "account", cli->account, "after",
		                    after, "limit", PAGE, NULL);
		const int status = cli_get(cli, url, &answer);
		if (status != EXIT_DONE) {
			json_decref(all);
			return status;
		}
		if (cli->json)
			json_array_extend(all, json_object_get(answer, s->list));
		else if (after[0] == '\0')
			for (unsigned i = 0; s->fields[i] != NULL; i++)
				printf("%s%s%s", i ? "," : "", s->fields[i],
				       s->fields[i + 1] ? "" : "\n");
		if (!cli->json)
			print_rows(s, answer, one[0] != '\0');
		snprintf(after, sizeof(after), "%s", cli_text(answer, "next"));
		json_decref(answer);
	} while (after[0] != '\0' && !ferror(stdout));
	if (cli->json)
		return cli_print_json(json_pack("{so}", s->list, all), EXIT_DONE);
	json_decref(all);
	return EXIT_DONE;
}

static void note_account(const json_t *row)
{
	const char *until = cli_text(row, "blocked_until");

	if (until[0] != '\0')
		fprintf(stderr, "note: it is blocked %s%s; \"sluicectl unblock\" ends that\n",
		        strcmp(until, "for ever") ? "until " : "", until);
}

static void note_sender(const json_t *row)
{
	const char *by = cli_text(row, "blocked_by"), *until = cli_text(row, "blocked_until");

	if (!cli_flag(row, "registered"))
		fputs("note: no account has it registered\n", stderr);
	if (cli_flag(row, "suspended"))
		fputs("note: it is suspended; \"sluicectl lift\" ends that\n", stderr);
	if (strcmp(by, "operator") == 0)
		fprintf(stderr, "note: it is blocked %s%s; \"sluicectl unblock\" ends that\n",
		        strcmp(until, "for ever") ? "until " : "", until);
	else if (by[0] != '\0')
		fprintf(stderr, "note: it is on the list \"%s\" %s%s\n", by,
		        strcmp(until, "for ever") ? "until " : "", until);
}

int run_show_accounts(const struct cli *cli)
{
	static const char *const fields[] = { "system_id",    "name",        "state",
		                              "mode",         "alphabet",    "sender_field",
		                              "valid_from",   "valid_until", "regime",
		                              "refuse_score", "flag_score",  NULL };
	static const struct shown shown = { "/v1/accounts", "accounts", "account", fields,
		                            note_account };

	return show(cli, &shown);
}

int run_show_senders(const struct cli *cli)
{
	static const char *const fields[] = { "address",    "owner",       "state",
		                              "valid_from", "valid_until", "blocked_until",
		                              NULL };
	static const struct shown shown = { "/v1/senders", "senders", "sender", fields,
		                            note_sender };

	return show(cli, &shown);
}
