/* SPDX-License-Identifier: Apache-2.0 */
#include "problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Octets of the valid UTF-8 character at s[0 .. left), or 0. RFC 3629 section 4. */
static size_t utf8_character(const unsigned char *s, size_t left)
{
	const unsigned char c = s[0];
	const size_t n = c < 0x80   ? 1
	                 : c < 0xc2 ? 0
	                 : c < 0xe0 ? 2
	                 : c < 0xf0 ? 3
	                 : c < 0xf5 ? 4
	                            : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
	    (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

bool utf8_valid(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_character((const unsigned char *)text + at, len - at);
		if (n == 0)
			return false;
	}
	return true;
}

/* C0, DEL and C1; lines and paragraphs of Unicode, and what turns the direction of text. */
static bool acts(const unsigned char *s, size_t n)
{
	if (n == 3 && s[0] == 0xe2)
		return (s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
		       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
	return s[0] < 0x20 || s[0] == 0x7f || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

void utf8_printable(char *out, size_t size, const char *text, size_t len)
{
	size_t used = 0;

	for (size_t at = 0; at < len;) {
		const unsigned char *s = (const unsigned char *)text + at;
		const size_t n = utf8_character(s, len - at);
		const bool control = n == 0 || acts(s, n);
		const size_t put = control ? 1 : n;

		if (used + put >= size)
			break;
		if (control)
			out[used] = '?';
		else
			memcpy(out + used, s, n);
		used += put;
		at += n ? n : 1;
	}
	out[used] = '\0';
}

void problems_init(struct problems *problems, const char *file)
{
	problems->total = 0;
	utf8_printable(problems->file, sizeof(problems->file), file, strlen(file));
}

void problems_add_list(struct problems *problems, const char *file, uint32_t row,
                       uint32_t column, const char *field, const char *format, va_list args)
{
	const uint32_t index = problems->total++;
	char raw[PROBLEM_TEXT_SIZE];

	if (index >= PROBLEMS_MAX)
		return;
	struct problem *p = &problems->list[index];
	p->row = row;
	p->column = column;
	utf8_printable(p->file, sizeof(p->file), file, strlen(file));
	utf8_printable(p->field, sizeof(p->field), field ? field : "",
	               field ? strlen(field) : 0);
	vsnprintf(raw, sizeof(raw), format, args);
	utf8_printable(p->text, sizeof(p->text), raw, strlen(raw));
}

void problems_add(struct problems *problems, uint32_t row, uint32_t column, const char *field,
                  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problems_add_list(problems, problems->file, row, column, field, format, args);
	va_end(args);
}

void problems_add_in(struct problems *problems, const char *file, uint32_t row, uint32_t column,
                     const char *field, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problems_add_list(problems, file, row, column, field, format, args);
	va_end(args);
}

void problem_line(char *out, size_t size, const struct problems *problems, uint32_t index)
{
	const struct problem *p = &problems->list[index];
	char place[32] = "";

	if (p->row != 0 && p->column != 0)
		snprintf(place, sizeof(place), "%u:%u:", p->row, p->column);
	else if (p->row != 0)
		snprintf(place, sizeof(place), "%u:", p->row);
	snprintf(out, size, "%s:%s %s%s%s", p->file, place, p->field, p->field[0] ? ": " : "",
	         p->text);
}
