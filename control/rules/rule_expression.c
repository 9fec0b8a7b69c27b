/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_expression.h"

#include <ctype.h>
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* The text is always valid UTF-8; a dot takes line ends too, because senders put them
 * anywhere. ^ and $ hold at lines, since many texts are scanned as the lines of one. */
#define LITERAL_FLAGS HS_FLAG_UTF8
#define REGEX_FLAGS (HS_FLAG_UTF8 | HS_FLAG_CASELESS | HS_FLAG_DOTALL | HS_FLAG_MULTILINE)

/* Edges. A line feed is left out, so that no match crosses a line. */
#define NO_LETTER "[^\\p{L}\\p{N}\\n]"
#define WORD_BEFORE "(?:^|" NO_LETTER ")"
#define WORD_AFTER "(?:$|" NO_LETTER ")"
/* A slash is before a host where no path can be: after a slash, or after a word (call/a.b). */
#define HOST_BEFORE "(?:^|//|[^a-z0-9/\\n-]|(?:^|[^a-z0-9./\\n-])[a-z0-9-]{0,24}/)"
/* A dot that ends a sentence is none that begins a longer name. */
#define HOST_AFTER "(?:$|[^a-z0-9.\\n-]|\\.(?:$|[^a-z0-9\\n]))"

unsigned rule_expression_flags(const struct rule_pattern *p)
{
	return p->kind == RULE_LITERAL ? LITERAL_FLAGS : REGEX_FLAGS;
}

bool rule_expression_is_literal(const char *expression)
{
	const char *at = expression + strcspn(expression, "\\^$.|?*+()[]{}");

	while (at[0] == '\\' && at[1] == 'x' && isxdigit((uint8_t)at[2]) &&
	       isxdigit((uint8_t)at[3])) {
		at += 4;
		at += strcspn(at, "\\^$.|?*+()[]{}");
	}
	return *at == '\0';
}

/* Every octet that is not a letter, a digit, or part of a longer character, as \xHH. */
static char *escape(const uint8_t *text, size_t len)
{
	char *out = malloc(len * 4 + 1), *to = out;

	for (size_t i = 0; out != NULL && i < len; i++) {
		if (text[i] >= 0x80 || isalnum(text[i]))
			*to++ = (char)text[i];
		else
			to += sprintf(to, "\\x%02x", text[i]);
	}
	if (out != NULL)
		*to = '\0';
	return out;
}

/* As the view has it: folded, or as it is; *len octets to free(). */
static uint8_t *seen_text(const struct text_table *table, const char *text, unsigned view,
                          size_t *len)
{
	const size_t n = strlen(text), cap = n * TEXT_FOLD_GROWTH + 1;
	uint8_t *out = malloc(cap);

	if (out == NULL)
		return NULL;
	if (view == IMAGE_VIEW_FOLDED) {
		*len = text_fold_with(table, (const uint8_t *)text, n, out, cap, NULL);
	} else {
		memcpy(out, text, n);
		*len = n;
	}
	return out;
}

enum edge { EDGE_LETTER, EDGE_HANGUL, EDGE_DENSE };

static enum edge edge_of(uint32_t c)
{
	if ((c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x11FF) ||
	    (c >= 0x3130 && c <= 0x318F))
		return EDGE_HANGUL;
	if ((c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1780 && c <= 0x17FF) ||
	    (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || c >= 0x20000)
		return EDGE_DENSE; /* Thai, Lao, Khmer, kana, Han */
	return EDGE_LETTER;
}

uint32_t rule_character(const uint8_t *s)
{
	if (s[0] < 0x80)
		return s[0];
	if (s[0] < 0xe0)
		return (uint32_t)(s[0] & 0x1f) << 6 | (s[1] & 0x3fu);
	if (s[0] < 0xf0)
		return (uint32_t)(s[0] & 0xf) << 12 | (uint32_t)(s[1] & 0x3f) << 6 |
		       (s[2] & 0x3fu);
	return (uint32_t)(s[0] & 7) << 18 | (uint32_t)(s[1] & 0x3f) << 12 |
	       (uint32_t)(s[2] & 0x3f) << 6 | (s[3] & 0x3fu);
}

static enum edge last_edge(const uint8_t *text, size_t len)
{
	size_t at = len - 1;

	while (at > 0 && (text[at] & 0xC0) == 0x80)
		at--;
	return edge_of(rule_character(text + at));
}

static char *joined(const char *before, const char *middle, const char *after)
{
	char *out = NULL;

	return asprintf(&out, "%s%s%s", before, middle, after) < 0 ? NULL : out;
}

static char *with_edges(const struct rule_pattern *p, const uint8_t *text, size_t len,
                        const char *escaped)
{
	if (p->kind == RULE_DOMAIN)
		return joined(HOST_BEFORE, escaped,
		              memchr(text, '/', len) != NULL ? "" : HOST_AFTER);
	return joined(edge_of(rule_character(text)) == EDGE_DENSE ? "" : WORD_BEFORE, escaped,
	              last_edge(text, len) == EDGE_LETTER ? WORD_AFTER : "");
}

char *rule_expression(const struct rule_set *set, const struct rule_pattern *p, unsigned view)
{
	size_t len = 0;

	if (p->kind == RULE_REGEX)
		return strdup(p->text);
	uint8_t *text = seen_text(set->table, p->text, view, &len);
	char *escaped = text == NULL ? NULL : escape(text, len), *out = escaped;

	if (escaped != NULL && len != 0 && p->kind != RULE_LITERAL) {
		out = with_edges(p, text, len, escaped);
		free(escaped);
	}
	free(text);
	return out;
}
