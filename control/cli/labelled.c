/* SPDX-License-Identifier: Apache-2.0 */
#include "labelled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "problems.h"

#define BOM "\xef\xbb\xbf"

void labelled_open(struct labelled *out, char *octets, size_t size)
{
	*out = (struct labelled){ .octets = octets, .size = size };
	if (size >= strlen(BOM) && memcmp(octets, BOM, strlen(BOM)) == 0)
		out->at = strlen(BOM);
}

void labelled_close(struct labelled *file)
{
	free(file->octets);
	*file = (struct labelled){ 0 };
}

static enum label_kind kind_of(const char *label)
{
	static const char *const clean[] = { "ham", "ok", "otp" };

	for (unsigned i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
		if (strcasecmp(label, clean[i]) == 0)
			return LABEL_CLEAN;
	return strcasecmp(label, "promo") == 0 ? LABEL_LEFT_OUT : LABEL_SPAM;
}

/* \n, \t and \\, in place; the octets that are left. */
static size_t unescape(char *text, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\\' && i + 1 < len && text[i + 1] != '\0' &&
		    strchr("nt\\", text[i + 1]) != NULL) {
			c = text[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		text[to++] = c;
	}
	return to;
}

/* Octets that are of no character (RFC 3629), and NULs, which would end a text, become '?'. */
static bool mend(char *text, size_t len)
{
	bool mended = false;

	for (size_t i = 0, n; i < len; i += n) {
		for (n = 1; n <= 4 && i + n <= len && !utf8_valid(text + i, n); n++)
			;
		if (n <= 4 && i + n <= len && text[i] != '\0')
			continue;
		text[i] = '?';
		mended = true;
		n = 1;
	}
	return mended;
}

static bool is_blank(char c) { return c == ' ' || c == '\r'; }

/* line[0 .. len), a NUL or a line end behind it. */
static int take(struct labelled *file, char *line, size_t len)
{
	char *tab = memchr(line, '\t', len);

	if (tab == NULL)
		return -EINVAL;
	char *end = tab;
	while (end > line && is_blank(end[-1]))
		end--;
	while (line < end && is_blank(*line))
		line++;
	*end = '\0';
	file->mended = mend(line, (size_t)(end - line));
	file->label = line;
	file->text = tab + 1;
	return end == line ? -EINVAL : 1;
}

int labelled_next(struct labelled *file)
{
	while (file->at < file->size) {
		char *line = file->octets + file->at;
		const size_t left = file->size - file->at;
		const char *stop = memchr(line, '\n', left);
		size_t len = stop != NULL ? (size_t)(stop - line) : left;

		file->at += len + (stop != NULL);
		file->row++;
		while (len > 0 && line[len - 1] == '\r')
			len--;
		if (len == 0)
			continue;
		char *const end = line + len;
		const int result = take(file, line, len);
		if (result != 1)
			return result;
		file->text_len = unescape(file->text, (size_t)(end - file->text));
		file->mended |= mend(file->text, file->text_len);
		file->text[file->text_len] = '\0';
		file->kind = kind_of(file->label);
		return 1;
	}
	return 0;
}
