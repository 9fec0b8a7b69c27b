/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void help(const char *bench, const char *measures, const struct bench_option *rows)
{
	printf("%s_bench: %s.\n\nusage: ./run bench %s [OPTION ...]\n\n", bench, measures,
	       bench);
	for (const struct bench_option *o = rows; o->name != NULL; o++)
		printf("  --%-12s N  %s; %lu to %lu, default %lu\n", o->name, o->sentence,
		       o->least, o->most, *o->value);
	printf("  --json           one JSON object\n");
}

static _Noreturn void refuse(const char *bench, const char *argument, const char *why)
{
	fprintf(stderr, "%s_bench: %s: %s; --help shows what there is\n", bench, argument, why);
	exit(2);
}

static const struct bench_option *find(const struct bench_option *rows, const char *argument)
{
	if (strncmp(argument, "--", 2) != 0)
		return NULL;
	for (const struct bench_option *o = rows; o->name != NULL; o++)
		if (strcmp(argument + 2, o->name) == 0)
			return o;
	return NULL;
}

static void take(const char *bench, const struct bench_option *o, const char *argument,
                 const char *text)
{
	char why[100], *end = NULL;

	errno = 0;
	const unsigned long n = text == NULL ? 0 : strtoul(text, &end, 10);
	if (text == NULL || text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    n < o->least || n > o->most) {
		snprintf(why, sizeof(why), "needs a number from %lu to %lu", o->least, o->most);
		refuse(bench, argument, why);
	}
	*o->value = n;
}

void bench_options(int argc, char **argv, const char *bench, const char *measures,
                   const struct bench_option *rows, bool *json)
{
	for (int i = 1; i < argc; i++) {
		const struct bench_option *o = find(rows, argv[i]);

		if (o != NULL) {
			take(bench, o, argv[i], argv[i + 1]);
			i++;
		} else if (strcmp(argv[i], "--json") == 0) {
			*json = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			help(bench, measures, rows);
			exit(0);
		} else {
			refuse(bench, argv[i], "there is no such option");
		}
	}
}
