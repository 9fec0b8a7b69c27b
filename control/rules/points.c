/* SPDX-License-Identifier: Apache-2.0 */
#include "points.h"

#include <string.h>

#include "rule_set.h"

bool points_parse(int32_t *out, const char *text)
{
	const char *at = text + (*text == '-' || *text == '+');
	long value = 0;
	int places = -1;

	if (*at == '\0')
		return false;
	for (; *at != '\0'; at++) {
		if (*at == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (*at < '0' || *at > '9' || places == 3 || value > RULE_POINTS_MAX * 1000L)
			return false;
		value = value * 10 + (*at - '0');
		places += places >= 0;
	}
	if (at[-1] == '.')
		return false;
	for (places = places < 0 ? 0 : places; places < 3; places++)
		value *= 10;
	*out = (int32_t)(*text == '-' ? -value : value);
	return value <= RULE_POINTS_MAX * 1000L;
}

bool regime_parse(uint32_t *out, const char *word)
{
	const size_t len = strlen(word);

	*out = 0;
	if (len == 0 || len > sizeof(*out) ||
	    strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789") != len)
		return false;
	for (size_t i = 0; i < len; i++)
		*out |= (uint32_t)(unsigned char)word[i] << 8 * i;
	return true;
}
