/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern_line.h"

#include <ctype.h>
#include <string.h>

bool pattern_has_text_anchor(const char *at)
{
	/* Always at a backslash with something behind it; a last one alone is no escape. */
	while ((at = strchr(at, '\\')) != NULL && at[1] != '\0') {
		const char escaped = at[1];

		at += 2;
		if (strchr("AzZ", escaped) != NULL)
			return true;
		if (escaped != 'Q')
			continue;
		at = strstr(at, "\\E"); /* quoted up to \E, or the end */
		if (at == NULL)
			return false;
		at += 2;
	}
	return false;
}

/* After a backslash: what surely is no line feed and opens nothing. */
static bool quiet_escape(unsigned char c) { return ispunct(c) || strchr("bBdwS", c) != NULL; }

/* Octets of what stands at at and cannot take a line feed; 0 = it could, or in doubt. */
static size_t quiet_piece(const char *at, bool in_class)
{
	const unsigned char c = (unsigned char)at[0];

	if (c == '\\')
		return at[1] != '\0' && quiet_escape((unsigned char)at[1]) ? 2 : 0;
	if (c < ' ' || c == 0x7F)
		return 0; /* a line feed itself; a tab that begins a range */
	if (in_class)
		return c == '[' ? 0 : 1; /* [: :] has classes that hold it */
	if (c == '.')
		return 0;
	if (c == '[')
		return at[1] == '^' ? 0 : 1;
	if (c == '(' && (at[1] == '?' || at[1] == '*')) /* options, verbs */
		return at[1] == '?' && at[2] == ':' ? 3 : 0;
	return 1;
}

bool pattern_one_line(const struct rule_pattern *pattern)
{
	const char *at = pattern->text, *class = NULL;

	if (pattern->kind != RULE_REGEX)
		return strchr(at, '\n') == NULL;
	while (*at != '\0') {
		const size_t n = quiet_piece(at, class != NULL);
		if (n == 0)
			return false;
		if (class == NULL && *at == '[')
			class = at;
		else if (*at == ']' && at > class + 1) /* "[]" begins with a ']' */
			class = NULL;
		at += n;
	}
	return true;
}
