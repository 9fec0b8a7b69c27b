/* SPDX-License-Identifier: Apache-2.0 */
/* cp949_plain: CP949 one character after the other, in plain C. */
#ifndef DP_CP949_PLAIN_H
#define DP_CP949_PLAIN_H

/* An octet that is a character, folded where that is wanted. */
static inline uint8_t one(uint8_t octet, uint32_t wanted)
{
	const bool upper = wanted == CP949_QUIET && octet >= 'A' && octet <= 'Z';

	return upper ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

/*
 * Words and the spaces between them are short, so a branch on "ASCII or pair" is guessed
 * wrong every few characters, which costs more than the character. Four octets are stored, of
 * which up to three count: at least two octets of input are left, and they have room for
 * eight (TEXT_GROWTH).
 */
/* As in cp949_avx512.h. */
static inline int64_t put_all(const uint8_t *in, size_t len, uint32_t wanted, uint8_t *out)
{
	uint8_t *at = out;
	size_t i = 0;

	while (i + 1 < len) {
		const unsigned lead = in[i] - CP949_LEAD_MIN,
			       trail = in[i + 1] - (unsigned)CP949_TRAIL_MIN;
		const bool pair = (lead < CP949_LEADS) & (trail < CP949_TRAILS);
		const uint32_t word = text_cp949_utf8[pair ? lead * CP949_TRAILS + trail
		                                           : CP949_PAIRS + one(in[i], wanted)];
		if (unlikely((word & wanted) == 0))
			return -EILSEQ;
		at += put_word(word, at);
		i += 1 + (size_t)pair;
	}
	if (i < len) {
		const uint32_t word = text_cp949_utf8[CP949_PAIRS + one(in[i], wanted)];
		if ((word & wanted) == 0) /* half a pair */
			return -EILSEQ;
		*at++ = (uint8_t)word;
	}
	return at - out;
}

#endif
