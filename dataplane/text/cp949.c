/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>
#include <string.h>

#include "text_tables.h"

#if defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__BMI2__) && \
	!defined(TEXT_PLAIN)
#include "cp949_avx512.h"

int64_t text_cp949_pairs(const uint8_t *in, size_t len, uint8_t *out)
{
	return put_all(in, len, out);
}
#else

static inline uint32_t three_octets(uint32_t c)
{
	return 0x8080E0u | c >> 12 | (c >> 6 & 63) << 8 | (c & 63) << 16;
}

/*
 * Words and the spaces between them are short, so a branch on "ASCII or pair" is guessed
 * wrong every few characters, which costs more than the character. Both are computed
 * and one is taken; four octets are stored, of which one or three count: at least two
 * octets of input are left, and they have room for six (TEXT_GROWTH).
 */
int64_t text_cp949_pairs(const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *at = out;
	size_t i = 0;

	while (i + 1 < len) {
		const uint32_t first = in[i];
		const bool ascii = first < 0x80;
		const unsigned lead = first - CP949_LEAD_MIN,
			       trail = in[i + 1] - (unsigned)CP949_TRAIL_MIN;
		const bool inside = (lead < CP949_LEADS) & (trail < CP949_TRAILS);
		const uint32_t c = text_cp949[inside ? lead : 0][inside ? trail : 0];
		if (unlikely(first >= 0x80 && (!inside || c < 0x800))) {
			if (!inside || c == 0)
				return -EILSEQ;
			at += put_utf8(at, c);
			i += 2;
			continue;
		}
		const uint32_t octets = ascii ? first : three_octets(c);
		memcpy(at, &octets, sizeof(octets));
		at += ascii ? 1 : 3;
		i += ascii ? 1 : 2;
	}
	if (i < len) {
		if (in[i] >= 0x80) /* half a pair */
			return -EILSEQ;
		*at++ = in[i];
	}
	return at - out;
}
#endif
