/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_rows.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "csv.h"
#include "fail.h"

static bool same_file(int out, const char *input)
{
	struct stat a, b;
	const int read = strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &b) : stat(input, &b);

	return read == 0 && fstat(out, &a) == 0 && S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* A pipe or a terminal holds nothing. */
static bool empty(int out)
{
	struct stat s;

	return fstat(out, &s) == 0 && (!S_ISREG(s.st_mode) || ftruncate(out, 0) == 0);
}

int bad_rows_open(struct bad_rows *out, const char *path, const char *input)
{
	*out = (struct bad_rows){ .path = path, .made = access(path, F_OK) != 0 };
	const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (file >= 0 && same_file(file, input)) {
		cli_fail("--skip-bad %s is the file that is imported; give it another name",
		         path);
		close(file);
		return EXIT_USAGE;
	}
	out->out = file < 0 ? NULL : fdopen(file, "w");
	if (out->out != NULL)
		return EXIT_DONE;
	cli_fail("--skip-bad %s cannot be written: %m; nothing was imported", path);
	if (file >= 0)
		close(file);
	return EXIT_FAILED;
}

void bad_rows_drop(struct bad_rows *rows)
{
	if (rows->out == NULL)
		return;
	fclose(rows->out);
	rows->out = NULL;
	if (rows->made)
		unlink(rows->path);
}

static int by_row(const void *a, const void *b)
{
	const long long x = cli_number(*(json_t *const *)a, "row"),
			y = cli_number(*(json_t *const *)b, "row");

	return (x > y) - (x < y);
}

/* Each reason of the row, "# line 7: state: what is wrong". How many of list were of it. */
static size_t write_reasons(FILE *out, json_t *const *list, size_t n, long long row)
{
	size_t i = 0;

	for (; i < n && cli_number(list[i], "row") == row; i++) {
		const char *field = cli_text(list[i], "field");

		fprintf(out, CSV_NOTE "%lld: %s%s%s\n", row, field, field[0] ? ": " : "",
		        cli_text(list[i], "text"));
	}
	return i;
}

static void write_row(FILE *out, const char *from, const char *to)
{
	while (from < to && (*from == '\n' || *from == '\r')) /* empty lines before it */
		from++;
	fwrite(from, 1, (size_t)(to - from), out);
	if (to == from || (to[-1] != '\n' && to[-1] != '\r'))
		fputc('\n', out);
}

/* The header, so that the file can be mended and imported, and the rows of list. The reader
 * overwrites what it reads, so it reads text, and whole has what is written. */
static void write_rows(FILE *out, const char *whole, char *text, size_t size,
                       json_t *const *list, size_t n)
{
	enum csv_result result = CSV_ROW;
	struct problems problems;
	struct csv_row row;
	struct csv csv;
	size_t at = 0;

	problems_init(&problems, "");
	csv_open(&csv, text, size);
	for (bool first = true; at < n && result != CSV_END && result != CSV_BAD;
	     first = false) {
		if (!first)
			csv_skip_comments(&csv, CSV_NOTE);
		const size_t from = (size_t)(csv.at - text);

		result = csv_next(&csv, &row, &problems);
		if (result == CSV_END)
			break;
		const size_t reasons = write_reasons(out, list + at, n - at, row.row);
		if (reasons != 0 || first)
			write_row(out, whole + from, whole + (csv.at - text));
		at += reasons;
	}
}

int bad_rows_write(struct bad_rows *rows, char *text, size_t size, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "skipped");
	const size_t n = json_array_size(list);
	json_t **sorted = calloc(n + 1, sizeof(json_t *));
	char *whole = n != 0 ? malloc(size + 1) : NULL;
	bool good = sorted != NULL && (n == 0 || whole != NULL) && empty(fileno(rows->out));

	if (good && n != 0) {
		for (size_t i = 0; i < n; i++)
			sorted[i] = json_array_get(list, i);
		qsort(sorted, n, sizeof(json_t *), by_row);
		memcpy(whole, text, size);
		write_rows(rows->out, whole, text, size, sorted, n);
	}
	good &= !ferror(rows->out);
	good &= fclose(rows->out) == 0;
	rows->out = NULL;
	if (!good)
		cli_fail("the rest is imported, but %s was not written: %m", rows->path);
	free(sorted);
	free(whole);
	return good ? EXIT_DONE : EXIT_FAILED;
}
