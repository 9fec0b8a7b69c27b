/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problems: everything wrong with one file, for the person who has to mend it.
 *
 * Readers of files add a problem and go on, so that one run names them all. The
 * first PROBLEMS_MAX are kept, the others are counted. Texts are made printable
 * and valid UTF-8 here: they quote what strangers wrote.
 *
 * Threads: a list belongs to its caller.
 */
#ifndef CONTROL_PROBLEMS_H
#define CONTROL_PROBLEMS_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBLEMS_MAX 100u
#define PROBLEM_FIELD_SIZE 64u
#define PROBLEM_TEXT_SIZE 400u
#define PROBLEM_FILE_SIZE 256u

struct problem {
	uint32_t row;    /* line of the file, from 1; 0 = the file as a whole */
	uint32_t column; /* character of the line, from 1; 0 = not known */
	char file[PROBLEM_FILE_SIZE];
	char field[PROBLEM_FIELD_SIZE]; /* "" = none */
	char text[PROBLEM_TEXT_SIZE];
};

struct problems {
	char file[PROBLEM_FILE_SIZE];
	uint32_t total; /* all that were found, kept or not */
	struct problem list[PROBLEMS_MAX];
};

void problems_init(struct problems *problems, const char *file);

void problems_add(struct problems *problems, uint32_t row, uint32_t column, const char *field,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same, of another file than problems->file. */
void problems_add_in(struct problems *problems, const char *file, uint32_t row,
                     uint32_t column, const char *field, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
void problems_add_list(struct problems *problems, const char *file, uint32_t row,
                       uint32_t column, const char *field, const char *format, va_list args)
	__attribute__((format(printf, 6, 0)));

static inline uint32_t problems_kept(const struct problems *problems)
{
	return problems->total < PROBLEMS_MAX ? problems->total : PROBLEMS_MAX;
}

/* "FILE:ROW:COLUMN: field: text" into out, NUL-terminated, cut to fit. */
void problem_line(char *out, size_t size, const struct problems *problems, uint32_t index);

/* Whether text[0 .. len) is valid UTF-8 (RFC 3629: no surrogate, nothing overlong). */
bool utf8_valid(const char *text, size_t len);

/* Copy with control characters, those of lines and of direction (U+2028 to U+202E, U+2066 to
 * U+2069) and what is not UTF-8 replaced by '?', cut at a
 * character boundary, NUL-terminated. size >= 1. */
void utf8_printable(char *out, size_t size, const char *text, size_t len);

#endif
