/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "fail.h"
#include "problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

long long cli_number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

double cli_real(const json_t *object, const char *member)
{
	return json_number_value(json_object_get(object, member));
}

bool cli_flag(const json_t *object, const char *member)
{
	return json_is_true(json_object_get(object, member));
}

const char *cli_text(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

int cli_print_json(json_t *answer, int status)
{
	json_dumpf(answer, stdout, CLI_JSON);
	putchar('\n');
	json_decref(answer);
	cli_fail_printed();
	return status;
}

/* Octets and columns of the character at text; not in this locale, or unprintable: 1, 1. */
static size_t character(const char *text, size_t *width)
{
	mbstate_t state = { 0 };
	wchar_t c;
	const size_t n = mbrtowc(&c, text, strlen(text), &state);

	*width = 1;
	if (n == 0 || n > strlen(text))
		return 1;
	const int columns = wcwidth(c);
	*width = columns < 0 ? 1 : (size_t)columns;
	return n;
}

/* Columns a terminal needs for this UTF-8 text: Hangul and its like take two. */
static size_t columns_of(const char *text)
{
	size_t all = 0, width;

	for (size_t n; *text != '\0'; text += n) {
		n = character(text, &width);
		all += width;
	}
	return all;
}

/* The caller's to free; NULL: no memory. */
static char *printable(const char *text, size_t len)
{
	char *out = malloc(len + 1);

	if (out != NULL)
		utf8_printable(out, len + 1, text, len);
	return out;
}

void cli_print_some(const char *text, size_t len)
{
	char *shown = printable(text, len);

	fputs(shown != NULL ? shown : "?", stdout);
	free(shown);
}

void cli_print_cell(const char *stranger, size_t width)
{
	char *shown = printable(stranger, strlen(stranger));
	const char *text = shown != NULL ? shown : "?";
	const bool whole = columns_of(text) <= width;
	const size_t room = whole || width == 0 ? width : width - 1;
	size_t used = 0, columns;

	for (size_t n; *text != '\0'; text += n) {
		n = character(text, &columns);
		if (used + columns > room)
			break;
		fwrite(text, 1, n, stdout);
		used += columns;
	}
	if (!whole && width != 0) {
		fputs("…", stdout);
		used++;
	}
	for (; used < width; used++)
		putchar(' ');
	free(shown);
}

size_t cli_terminal_width(void)
{
	struct winsize size = { 0 };

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col > 80 ? size.ws_col : 80;
}

void cli_print_hanging(size_t indent, const char *text)
{
	const size_t width = cli_terminal_width();
	size_t room = width > indent ? width - indent : 0;

	while (room != 0 && columns_of(text) > room) {
		size_t n = 0, fits = 0, used = 0, columns;

		while (text[n] != '\0' && used <= room) {
			if (text[n] == ' ')
				fits = n;
			n += character(text + n, &columns);
			used += columns;
		}
		if (fits == 0)
			break; /* one word that is too long */
		printf("%.*s\n%*s", (int)fits, text, (int)indent, "");
		text += fits + 1;
	}
	puts(text);
}

void cli_print_count(long long n, const char *noun)
{
	printf("%lld %s%s", n, noun, n == 1 ? "" : "s");
}

void cli_print_set(const json_t *answer)
{
	cli_print_count(cli_number(answer, "rules"), "rule");
	fputs(", ", stdout);
	cli_print_count(cli_number(answer, "patterns"), "pattern");
	if (json_object_get(answer, "tests") != NULL) {
		fputs(", ", stdout);
		cli_print_count(cli_number(answer, "tests"), "test");
		fputs(" passed", stdout);
	}
	if (cli_number(answer, "folds") != 0) {
		fputs(", ", stdout);
		cli_print_count(cli_number(answer, "folds"), "fold");
	}
}

int cli_enforced(const json_t *answer)
{
	const json_t *d = json_object_get(answer, "dataplane");

	if (cli_flag(d, "enforced"))
		return EXIT_DONE;
	return cli_flag(d, "away") ? EXIT_AWAY : EXIT_FAILED;
}

int cli_say_dataplane(const json_t *answer, const char *subject)
{
	const json_t *d = json_object_get(answer, "dataplane");
	const long long workers = cli_number(d, "workers");
	const char *text = cli_text(d, "text");

	if (cli_flag(d, "enforced")) {
		printf("%s in force in %lld worker%s after %.1f ms (generation %lld)\n",
		       subject, workers, workers == 1 ? "" : "s", cli_real(d, "total_ms"),
		       cli_number(d, "generation"));
		if (text[0] != '\0')
			fprintf(stderr, "sluicectl: warning: %s\n", text);
		return EXIT_DONE;
	}
	if (cli_flag(d, "away")) {
		fprintf(stderr,
		        "sluicectl: recorded as generation %lld; the data plane is away (%s), "
		        "it will be enforced when it is back\n",
		        cli_number(d, "generation"), text);
		return EXIT_AWAY;
	}
	fprintf(stderr,
	        "sluicectl: recorded as generation %lld, but NOT enforced: %s; see "
	        "\"sluicectl status\"\n",
	        cli_number(d, "generation"), text);
	return EXIT_FAILED;
}
