/* SPDX-License-Identifier: Apache-2.0 */
/* loose_url: links that were broken up, put together. */
#include "loose_priv.h"

/* Spaces that a broken URL has in one place. */
#define SPACES_MAX 4u

static size_t skip_spaces(const struct loose *l, size_t i)
{
	const size_t end = i + SPACES_MAX < l->len ? i + SPACES_MAX : l->len;

	while (i < end && l->in[i] == ' ')
		i++;
	return i;
}

static inline bool has(const struct loose *l, size_t i, const char *word)
{
	if (i >= l->len || l->in[i] != (uint8_t)word[0])
		return false;
	const size_t n = strlen(word);

	return l->len - i >= n && memcmp(l->in + i, word, n) == 0;
}

bool loose_ends_address(const struct loose *l, size_t i, bool common)
{
	static const char *const ends[] = { "com", "net", "org", "kr",   "me",   "io",  "xyz",
		                            "top", "vip", "cc",  "shop", "site", "info" };

	for (size_t k = 0; k < (common ? 2 : sizeof(ends) / sizeof(ends[0])); k++)
		if (has(l, i, ends[k]) && !is_alnum(kind_behind(l, i + strlen(ends[k]))))
			return true;
	return false;
}

/* A dot for in[i ..): bracketed, spelled, or with a space before it; octets of it, 0 none. */
static size_t broken_dot(const struct loose *l)
{
	static const char *const forms[] = {
		".", "dot", "점", "。", "·", ",", "•", "∙",
		"⋅", "‧",   "・", "●",  "◦", "˙", "⚫", "、",
	};
	size_t i = skip_spaces(l, l->i);
	const bool space = i > l->i;
	const bool open = i < l->len && strchr("[({", l->in[i]) != NULL && l->in[i] != '\0';
	const size_t inner = open ? skip_spaces(l, i + 1) : i;

	for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
		if (!has(l, inner, forms[k]))
			continue;
		i = inner + strlen(forms[k]);
		size_t end = skip_spaces(l, i);
		if (open && (end == l->len || strchr("])}", l->in[end]) == NULL))
			return 0;
		/* What ends sentences or lists: only before what ends addresses. */
		if (!open && (k > 4 || (k == 0 && !space)))
			return loose_ends_address(l, end, k == 0 || k == 5) ? end - l->i : 0;
		/* "dot" alone is a word, and so is its Korean. */
		if (!open && ((k < 3 && !space) || ((k == 1 || k == 2) && end == i)))
			return 0;
		end = open ? skip_spaces(l, end + 1) : end;
		return is_alnum(kind_behind(l, end)) ? end - l->i : 0;
	}
	return 0;
}

/* "http : / /" and a slash with spaces in a URL; octets of it and what it is. */
static size_t broken_slash(const struct loose *l, const char **is)
{
	size_t i = skip_spaces(l, l->i);

	*is = "/";
	if (i < l->len && l->in[i] == ':') {
		*is = "://";
		i = skip_spaces(l, i + 1);
		if (i == l->len || l->in[i] != '/')
			return 0;
		i = skip_spaces(l, i + 1);
	} else if (!l->dotted) {
		return 0;
	}
	if (i == l->len || l->in[i] != '/')
		return 0;
	i = skip_spaces(l, i + 1);
	return i - l->i > strlen(*is) && is_alnum(kind_behind(l, i)) ? i - l->i : 0;
}

/* Whether broken_dot() or broken_slash() may find something: by what is behind the spaces. */
static bool may_be_url(const struct loose *l)
{
	const size_t i = skip_spaces(l, l->i);

	switch (i < l->len ? l->in[i] : 0) {
	case '.':
	case ',':
	case '[':
	case '(':
	case '{':
	case ':':
	case '/':
	case 'd':  /* dot */
	case 0xEC: /* 점 */
	case 0xE3: /* the ideographic full stop */
	case 0xC2: /* the middle dot */
	case 0xCB: /* one above, bullets and other dots */
	case 0xE2:
		return true;
	default:
		return false;
	}
}

bool loose_take_url(struct loose *l)
{
	const char *is = ".";
	size_t octets;

	if (!may_be_url(l) || !is_alnum(kind_written(l)))
		return false;
	octets = broken_dot(l);
	if (octets == 0)
		octets = broken_slash(l, &is);
	if (octets == 0 || (octets == 1 && l->in[l->i] == is[0])) /* nothing is broken */
		return false;
	write_octets(l, is, strlen(is));
	l->i += octets;
	l->dotted = l->changed = true;
	return true;
}

/* 0 to 15, or 16. Text is folded. */
static unsigned hex_at(const struct loose *l, size_t i)
{
	const uint8_t c = i < l->len ? l->in[i] : 0;

	if (c >= '0' && c <= '9')
		return c - (unsigned)'0';
	return c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10 : 16;
}

/* Outside of an address only a dot, between letters: "5%41b" is no letter. */
bool loose_take_percent(struct loose *l)
{
	const unsigned high = hex_at(l, l->i + 1), low = hex_at(l, l->i + 2);
	uint8_t c = (uint8_t)(high << 4 | low);

	if (high > 15 || low > 15)
		return false;
	if (c >= 'A' && c <= 'Z')
		c = (uint8_t)(c + ('a' - 'A'));
	if (!is_alnum(kind_of_ascii(c & 0x7F)) && c != '.' && c != '-')
		return false;
	if (c >= 0x80 || (!l->dotted && (c != '.' || kind_written(l) != LETTER ||
	                                 kind_behind(l, l->i + 3) != LETTER)))
		return false;
	write_octets(l, &c, 1);
	l->i += 3;
	l->dotted = l->changed = true;
	return true;
}

bool loose_take_hxxp(struct loose *l)
{
	if (is_alnum(kind_written(l)) || (!has(l, l->i, "hxxp") && !has(l, l->i, "h**p")))
		return false;
	write_octets(l, "http", 4);
	l->i += 4;
	l->changed = true;
	return true;
}
