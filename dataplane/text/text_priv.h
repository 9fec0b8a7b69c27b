/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_priv: the decoders behind text_decode(), one per file.
 *
 * Each reads in[0 .. len), writes at out and returns octets written or -EILSEQ. The
 * caller has made sure of TEXT_GROWTH * len octets at out: no decoder tests for room,
 * and each says why its widest store fits.
 */
#ifndef DP_TEXT_PRIV_H
#define DP_TEXT_PRIV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "text.h"
#include "text_tables.h"
#include "wide.h"

int64_t text_gsm7(const uint8_t *in, size_t len, uint8_t *out);
int64_t text_gsm7_packed(const uint8_t *in, size_t len, size_t udh_octets, uint8_t *out);
int64_t text_gsm7_masked(const uint8_t *in, size_t len, uint8_t *out);
int64_t text_gsm7_national(const struct text_language *l, const uint8_t *in, size_t len,
                           uint8_t *out);
int64_t text_gsm7_packed_national(const struct text_language *l, const uint8_t *in, size_t len,
                                  size_t udh_octets, uint8_t *out);
/* How many septets a packed text has, and the bit where the first one begins. */
size_t text_packed_septets(const uint8_t *in, size_t len, size_t udh_octets, size_t *first_bit);
/* little: of units without a BOM. */
int64_t text_ucs2(const uint8_t *in, size_t len, bool little, uint8_t *out);
int64_t text_cp949_pairs(const uint8_t *in, size_t len, uint8_t *out);
int64_t text_utf8(const uint8_t *in, size_t len, uint8_t *out);
/* Of text_decode_quiet(), or -EAGAIN. */
int64_t text_gsm7_quiet(const uint8_t *in, size_t len, uint8_t *out);
int64_t text_ucs2_quiet(const uint8_t *in, size_t len, uint8_t *out);
int64_t text_cp949_quiet(const uint8_t *in, size_t len, uint8_t *out);
/* ASCII, and table for octets with bit 7 (entry 0: no character). */
int64_t text_octets(const uint8_t *in, size_t len, const uint16_t table[128], uint8_t *out);

/* Whether octets that are all ASCII have letters of GSM 7-bit in words of theirs. */
bool text_may_be_gsm(const uint8_t *in, size_t len);

/* What no text of octets has; it may have ends of lines and tabs. */
static inline bool text_is_control(uint8_t c) { return c < 0x20 && (c < '\t' || c > '\r'); }

/* Of octets that may be a text of a coding: so many of its characters beside ASCII were found,
 * and so many octets that are none. Others' texts break much more often. */
static inline bool text_few_strays(size_t characters, size_t strays)
{
	return characters >= 3 && 4 * strays <= characters;
}

/* Whether it is UTF-8 but for a few octets. */
bool text_mostly_utf8(const uint8_t *in, size_t len);

/* The character of CP949 that begins with an octet of bit 7; 0: there is none. */
static inline uint16_t text_cp949_pair(const uint8_t *in, size_t left)
{
	if (left < 2 || in[0] < CP949_LEAD_MIN || in[0] == 0xFF || in[1] < CP949_TRAIL_MIN ||
	    in[1] == 0xFF)
		return 0;
	return text_cp949[in[0] - CP949_LEAD_MIN][in[1] - CP949_TRAIL_MIN];
}

/* The septet that begins at a bit of in[0 .. len), lowest bit first (TS 23.038 section
 * 6.1.2.1); bits behind the end are 0. */
static inline uint8_t text_septet_at(const uint8_t *in, size_t len, size_t bit)
{
	const size_t octet = bit / 8;
	const uint32_t next = octet + 1 < len ? in[octet + 1] : 0;

	return (uint8_t)((in[octet] | next << 8) >> bit % 8 & 0x7F);
}

/* Octets of a code point that is no surrogate; exactly that many are written. */
static inline size_t put_utf8(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xC0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xE0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		out[2] = (uint8_t)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (uint8_t)(0xF0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
	out[3] = (uint8_t)(0x80 | (c & 0x3F));
	return 4;
}

/* Copy the ASCII that in[0 .. len) begins with; returns how many octets. Writes at most
 * len octets of out. */
static inline size_t copy_ascii(const uint8_t *in, size_t len, uint8_t *out)
{
	size_t i = 0;

	while (i < len) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		const uint64_t high = wide_high(w);

		wide_store(out + i, w, n);
		if (high != 0)
			return i + wide_lowest(high);
		i += n;
	}
	return len;
}

#endif
