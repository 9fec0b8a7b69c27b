/* SPDX-License-Identifier: Apache-2.0 */
/* ucs2_plain: the run of units below the surrogates, in plain C. */
#ifndef DP_UCS2_PLAIN_H
#define DP_UCS2_PLAIN_H

/* Convert units up to a surrogate or the end; returns octets read. */
static inline size_t put_block(const uint8_t *in, size_t len, unsigned swap, uint8_t **at)
{
	uint8_t *out = *at;
	size_t i = 0;

	for (; i < len; i += 2) {
		const uint32_t c = (uint32_t)in[i + swap] << 8 | in[i + (swap ^ 1)];
		if ((c & 0xF800) == 0xD800)
			break;
		out += put_utf8(out, c);
	}
	*at = out;
	return i;
}

/* Folded, where all units are printed ASCII, of which there is one, or syllables of Hangul;
 * octets written, or -EAGAIN. */
static inline int64_t put_quiet(const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *at = out;
	bool ascii = false;

	for (size_t i = 0; i < len; i += 2) {
		const uint32_t c = (uint32_t)in[i] << 8 | in[i + 1];
		const bool printed = (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r';
		if (!printed && (c < 0xAC00 || c > 0xD7A3))
			return -EAGAIN;
		ascii |= printed;
		at += put_utf8(at, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return ascii ? at - out : -EAGAIN;
}

#endif
