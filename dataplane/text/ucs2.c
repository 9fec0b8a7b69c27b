/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>

/* One character of UTF-16 at in[0 .. left), left even and at least 2. Returns octets
 * read, or 0: a surrogate without its other half. A unit is at most 3 octets of UTF-8. */
static size_t put_units(const uint8_t *in, size_t left, unsigned swap, uint8_t **at)
{
	uint32_t c = (uint32_t)in[swap] << 8 | in[swap ^ 1];

	if ((c & 0xF800) != 0xD800) {
		*at += put_utf8(*at, c);
		return 2;
	}
	if (c >= 0xDC00 || left < 4)
		return 0;
	const uint32_t low = (uint32_t)in[2 + swap] << 8 | in[2 + (swap ^ 1)];
	if ((low & 0xFC00) != 0xDC00)
		return 0;
	c = 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
	*at += put_utf8(*at, c);
	return 4;
}

#if defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__BMI2__) && \
	!defined(TEXT_PLAIN)
#include "ucs2_avx512.h"
#else
#include "ucs2_plain.h"
#endif

int64_t text_ucs2(const uint8_t *in, size_t len, bool little, uint8_t *out)
{
	uint8_t *at = out;
	unsigned swap = little;
	size_t i = 0;

	if (len % 2 != 0)
		return -EILSEQ;
	if (len >= 2 && in[0] + in[1] == 0xFE + 0xFF && (in[0] == 0xFE || in[0] == 0xFF)) {
		swap = in[0] == 0xFF;
		i = 2;
	}
	while (i < len) {
		i += put_block(in + i, len - i, swap, &at);
		if (i == len)
			break;
		const size_t used = put_units(in + i, len - i, swap, &at);
		if (used == 0)
			return -EILSEQ;
		i += used;
	}
	return at - out;
}

/* Of printed ASCII most octets are 0: what is all Hangul may be CP949 as well. */
int64_t text_ucs2_quiet(const uint8_t *in, size_t len, uint8_t *out)
{
	return len % 2 == 0 ? put_quiet(in, len, out) : -EAGAIN;
}
