/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_excerpt.h"

#include <ctype.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>

/* The octet that \xHH stands for at at; 0: one that is not ASCII, and there a character. */
static uint8_t escaped(const char *at)
{
	const char digits[] = { at[2], at[3], '\0' };
	const unsigned long value = strtoul(digits, NULL, 16);

	return value < 0x80 ? (uint8_t)value : 0;
}

/* The octets of a literal. false: too many, or one that cannot be told. */
static bool read_octets(struct image_excerpt *out, const char *at)
{
	*out = (struct image_excerpt){ .len = 0 };
	while (*at != '\0') {
		const uint8_t octet = *at == '\\' ? escaped(at) : (uint8_t)*at;

		if (octet == 0 || out->len == sizeof(out->octets))
			return false;
		out->octets[out->len++] = octet;
		at += *at == '\\' ? 4 : 1;
	}
	return true;
}

/* Whether these are all of characters that have no other case in a folded text: ASCII, whose
 * other case is folded, and Hangul, which has none. */
static bool of_one_case(const struct image_excerpt *e)
{
	for (unsigned i = 0; i < e->len; i++) {
		if (isupper(e->octets[i]))
			return false;
		if (e->octets[i] >= 0xC0 && (e->octets[i] < 0xEA || e->octets[i] > 0xED))
			return false;
	}
	return true;
}

static bool is_edge(uint8_t octet) { return octet < 0x80 && !isalnum(octet); }

/* The edge that has most on both of its sides; 0: none has anything. */
static unsigned middle_edge(const struct image_excerpt *e)
{
	unsigned best = 0, most = 0;

	for (unsigned i = 1; i + 1 < e->len; i++) {
		const unsigned behind = e->len - 1u - i, less = i < behind ? i : behind;
		if (is_edge(e->octets[i]) && less >= most) {
			best = i;
			most = less;
		}
	}
	return best;
}

bool rule_excerpt(struct image_excerpt *out, const char *expression, unsigned flags)
{
	if (!read_octets(out, expression) || out->len <= RULE_EXCERPT_OCTETS)
		return false;
	if ((flags & HS_FLAG_CASELESS) != 0 && !of_one_case(out))
		return false;
	const unsigned edge = middle_edge(out);
	if (edge == 0)
		return false;
	const unsigned end = edge + 1 + RULE_EXCERPT_OCTETS / 2;
	out->end = (uint8_t)(end > out->len              ? out->len
	                     : end < RULE_EXCERPT_OCTETS ? RULE_EXCERPT_OCTETS
	                                                 : end);
	return true;
}

void rule_excerpt_expression(const struct image_excerpt *e,
                             char out[4 * RULE_EXCERPT_OCTETS + 1])
{
	const uint8_t *octets = e->octets + e->end - RULE_EXCERPT_OCTETS;

	for (unsigned i = 0; i < RULE_EXCERPT_OCTETS; i++)
		snprintf(out + (size_t)4 * i, 4 + 1, "\\x%02x", octets[i]);
}
