/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn: characters that are shown in the other order than they stand in.
 *
 * Behind U+202E (RIGHT-TO-LEFT OVERRIDE) every character is one of a right-to-left script (UAX
 * #9, X5): letters that stand backwards are read forwards by people and by no pattern. It
 * holds to the next control of direction, or to the end of the line.
 */
#include "text.h"

#include <string.h>

#include "fold_priv.h"

static const uint8_t turn[] = { 0xE2, 0x80, 0xAE };

/* Where the next one is in[i ..), or len. */
static size_t next_turn(const uint8_t *in, size_t i, size_t len)
{
	while (i < len) {
		const uint8_t *at = memchr(in + i, turn[0], len - i);
		if (at == NULL)
			return len;
		i = (size_t)(at - in);
		if (len - i >= sizeof(turn) && memcmp(at, turn, sizeof(turn)) == 0)
			return i;
		i++;
	}
	return len;
}

static bool ends_turn(uint32_t c)
{
	return c == '\n' || c == '\r' || (c >= 0x2029 && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Characters of in[i ..) up to what ends them, backwards; octets of them. */
static size_t put_backwards(const uint8_t *in, size_t i, size_t len, uint8_t *out)
{
	size_t end = i, octets;

	while (end < len && !ends_turn(fold_get(in + end, len - end, &octets)))
		end += octets;
	for (size_t k = i; k < end; k += octets) {
		(void)fold_get(in + k, end - k, &octets);
		memcpy(out + (end - k - octets), in + k, octets);
	}
	return end - i;
}

size_t text_turned(const uint8_t *in, size_t len, uint8_t *out, size_t cap)
{
	size_t n = 0, at = next_turn(in, 0, len);

	bug_if(cap < len);
	if (at == len)
		return 0;
	for (size_t i = 0; i < len; at = next_turn(in, i, len)) {
		memcpy(out + n, in + i, at - i);
		n += at - i;
		if (at == len)
			break;
		const size_t run = put_backwards(in, at + sizeof(turn), len, out + n);
		n += run;
		i = at + sizeof(turn) + run;
	}
	return n;
}
