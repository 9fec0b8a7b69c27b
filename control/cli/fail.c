/* SPDX-License-Identifier: Apache-2.0 */
#include "fail.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static json_t *failure; /* NULL: nothing was said */
static bool printed;

static void keep(const char *member, json_t *value)
{
	if (failure == NULL)
		failure = json_object();
	if (json_object_get(failure, member) == NULL)
		json_object_set_new(failure, member, value);
	else
		json_decref(value);
}

void cli_fail(const char *format, ...)
{
	char said[2000], text[2000];
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	fprintf(stderr, "sluicectl: %s\n", said);
	utf8_printable(text, sizeof(text), said, strlen(said));
	keep("error", json_string(text));
}

int cli_fail_option(char **argv, int result)
{
	if (result == ':')
		cli_fail("%s needs a value; --help names the options", argv[optind - 1]);
	else
		cli_fail("%s is no option here, or takes no value; --help names the options",
		         argv[optind - 1]);
	return EXIT_USAGE;
}

json_t *cli_print_problems(const struct problems *problems, const char *what)
{
	json_t *list = json_array();
	char line[1000];

	for (uint32_t i = 0; i < problems_kept(problems); i++) {
		const struct problem *p = &problems->list[i];

		problem_line(line, sizeof(line), problems, i);
		fprintf(stderr, "%s%s\n", what, line);
		json_array_append_new(list, json_pack("{si si ss ss ss}", "row", p->row,
		                                      "column", p->column, "field", p->field,
		                                      "text", p->text, "line", line));
	}
	if (problems->total > PROBLEMS_MAX)
		fprintf(stderr, "... and %u more\n", problems->total - PROBLEMS_MAX);
	return list;
}

/* The file that all of them are in, where several were read as one. */
static const char *file_of(const struct problems *problems)
{
	const char *file = problems_kept(problems) != 0 ? problems->list[0].file : "";

	for (uint32_t i = 1; i < problems_kept(problems); i++)
		if (strcmp(problems->list[i].file, file) != 0)
			return "the files";
	return file[0] != '\0' ? file : problems->file;
}

void cli_fail_problems(const struct problems *problems, const char *outcome)
{
	json_t *list = cli_print_problems(problems, "");

	cli_fail("%u problem%s in %s; %s", problems->total, problems->total == 1 ? "" : "s",
	         file_of(problems), outcome);
	keep("where", json_string(file_of(problems)));
	keep("problems", list);
	keep("problems_total", json_integer(problems->total));
}

void cli_fail_printed(void) { printed = true; }

/* Whether all that was printed has gone where it should; a full disk says so at the end. */
static bool was_written(void)
{
	const bool written = !ferror(stdout);

	return fflush(stdout) == 0 && written;
}

int cli_fail_end(bool json, int status)
{
	if (json && status != EXIT_DONE && !printed) {
		keep("error", json_string("failed"));
		cli_print_json(json_incref(failure), status);
	}
	json_decref(failure);
	failure = NULL;
	if (was_written())
		return status;
	fprintf(stderr, "sluicectl: the answer cannot be written: %s\n", strerror(errno));
	return status == EXIT_DONE ? EXIT_FAILED : status;
}
