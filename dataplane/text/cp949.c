/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>
#include <string.h>

#include "text_tables.h"

/* Four octets, of which as many count as are returned. */
static inline size_t put_word(uint32_t word, uint8_t *out)
{
	memcpy(out, &word, sizeof(word));
	return word >> CP949_COUNT & 3;
}

#if defined(__AVX512VBMI2__) && defined(__AVX512BW__) && !defined(TEXT_PLAIN)
#include "cp949_avx512.h"

int64_t text_cp949_pairs(const uint8_t *in, size_t len, uint8_t *out)
{
	return put_all(in, len, out);
}
#else

/*
 * Words and the spaces between them are short, so a branch on "ASCII or pair" is guessed
 * wrong every few characters, which costs more than the character. Four octets are stored, of
 * which up to three count: at least two octets of input are left, and they have room for
 * eight (TEXT_GROWTH).
 */
int64_t text_cp949_pairs(const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *at = out;
	size_t i = 0;

	while (i + 1 < len) {
		const unsigned lead = in[i] - CP949_LEAD_MIN,
			       trail = in[i + 1] - (unsigned)CP949_TRAIL_MIN;
		const bool pair = (lead < CP949_LEADS) & (trail < CP949_TRAILS);
		const uint32_t word = text_cp949_utf8[pair ? lead * CP949_TRAILS + trail
		                                           : CP949_PAIRS + in[i]];
		if (unlikely(word == 0))
			return -EILSEQ;
		at += put_word(word, at);
		i += 1 + (size_t)pair;
	}
	if (i < len) {
		if (in[i] >= 0x80) /* half a pair */
			return -EILSEQ;
		*at++ = in[i];
	}
	return at - out;
}
#endif
