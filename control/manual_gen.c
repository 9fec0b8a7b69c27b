/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manual_gen: fill the tables of a manual page from the .def files that the programs
 * are built from, so that page and program cannot drift apart.
 *
 * usage: manual_gen PAGE.in > PAGE. A line @SETTINGS@, @REASONS@, @COUNTERS@ or
 * @POLICY@ becomes that table, in mdoc.
 */
#include <stdio.h>
#include <string.h>

static void settings(void)
{
#define SETTING_U64(name, unit, min, max, def, sentence) \
	printf(".It Ic %s : Ar %s\n%s.\nFrom %llu to %llu; default %llu.\n", #name, unit, \
	       sentence, (unsigned long long)(min), (unsigned long long)(max), \
	       (unsigned long long)(def));
#define SETTING_ENUM(name, values, def, sentence) \
	printf(".It Ic %s : Ar %s\n%s.\nDefault %s.\n", #name, values, sentence, def);
#define SETTING_PATH(name, def, sentence) \
	printf(".It Ic %s : Ar path\n%s.\n%s%s.\n", #name, sentence, \
	       (def)[0] ? "Default " : "Default: none", def);
#include "setting.def"
}

static void reasons(void)
{
#define REASON(number, NAME, name, status, sentence) \
	printf(".It %d Ta Li %s Ta 0x%08x Ta %s\n", number, #name, (unsigned)(status), \
	       sentence);
#include "verdict.def"
}

static void counters(void)
{
#define COUNTER(NAME, name, unit, sentence) \
	printf(".It Li %s Ta %s Ta %s\n", #name, unit, sentence);
#include "counter.def"
}

static void policy(void)
{
#define POLICY(name, min, max, def, sentence) \
	printf(".It Ic %s\n%s.\nFrom %llu to %llu; default %llu%s.\n", #name, sentence, \
	       (unsigned long long)(min), (unsigned long long)(max), \
	       (unsigned long long)(def), \
	       strncmp(sentence, "points", 6) == 0 ? ", in thousandths" : "");
#include "policy.def"
}

static const struct {
	const char *mark;
	void (*print)(void);
} tables[] = {
	{ "@SETTINGS@\n", settings },
	{ "@REASONS@\n", reasons },
	{ "@COUNTERS@\n", counters },
	{ "@POLICY@\n", policy },
};

static void print_line(const char *line)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(line, tables[i].mark) == 0) {
			tables[i].print();
			return;
		}
	fputs(line, stdout);
}

int main(int argc, char **argv)
{
	FILE *page = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[1000];

	if (page == NULL) {
		fprintf(stderr, "usage: manual_gen PAGE.in\n");
		return 2;
	}
	while (fgets(line, sizeof(line), page) != NULL)
		print_line(line);
	const int failed = ferror(page) || ferror(stdout);
	fclose(page);
	return failed;
}
