/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>

#include "text_tables.h"

static int64_t text_ascii(const uint8_t *in, size_t len, uint8_t *out)
{
	return copy_ascii(in, len, out) == len ? (int64_t)len : -EILSEQ;
}

/* An octet is at most 2 of UTF-8, so 3 per octet to come are free at any place. */
int64_t text_octets(const uint8_t *in, size_t len, const uint16_t table[128], uint8_t *out)
{
	uint8_t *at = out;

	for (size_t i = 0; i < len;) {
		const size_t ascii = copy_ascii(in + i, len - i, at);
		i += ascii;
		at += ascii;
		for (; i < len && in[i] >= 0x80; i++) {
			const uint32_t c = table[in[i] - 0x80];
			if (c == 0)
				return -EILSEQ;
			at += put_utf8(at, c);
		}
	}
	return at - out;
}

int64_t text_decode_in(const struct text_language *language, enum text_coding coding,
                       const uint8_t *in, size_t len, size_t udh_octets, uint8_t *out,
                       size_t cap)
{
	struct text_language known = *language;

	if (cap / TEXT_GROWTH < len)
		return -ENOSPC;
	/* A language that has no such table: the default one (section 6.2.1.2.2). */
	if (known.lock >= TEXT_LANGUAGES)
		known.lock = 0;
	if (known.shift >= TEXT_LANGUAGES)
		known.shift = 0;
	if ((known.lock | known.shift) == 0)
		return text_decode(coding, in, len, udh_octets, out, cap);
	if (coding == TEXT_GSM7)
		return text_gsm7_national(&known, in, len, out);
	if (coding == TEXT_GSM7_PACKED)
		return text_gsm7_packed_national(&known, in, len, udh_octets, out);
	return text_decode(coding, in, len, udh_octets, out, cap);
}

int64_t text_decode(enum text_coding coding, const uint8_t *in, size_t len, size_t udh_octets,
                    uint8_t *out, size_t cap)
{
	if (cap / TEXT_GROWTH < len)
		return -ENOSPC;
	switch (coding) {
	case TEXT_GSM7:
		return text_gsm7(in, len, out);
	case TEXT_GSM7_PACKED:
		return text_gsm7_packed(in, len, udh_octets, out);
	case TEXT_GSM7_MASKED:
		return text_gsm7_masked(in, len, out);
	case TEXT_ASCII:
		return text_ascii(in, len, out);
	case TEXT_BINARY:
		if (text_utf8_valid(in, len))
			return text_utf8(in, len, out);
		return text_octets(in, len, text_latin1, out);
	case TEXT_LATIN1:
		return text_octets(in, len, text_latin1, out);
	case TEXT_CYRILLIC:
		return text_octets(in, len, text_cyrillic, out);
	case TEXT_HEBREW:
		return text_octets(in, len, text_hebrew, out);
	case TEXT_UCS2:
		return text_ucs2(in, len, false, out);
	case TEXT_UCS2_LE:
		return text_ucs2(in, len, true, out);
	case TEXT_CP949:
		return text_cp949_pairs(in, len, out);
	case TEXT_UTF8:
		return text_utf8(in, len, out);
	case TEXT_UNKNOWN:
	case TEXT_CODINGS:
		break;
	}
	return -EILSEQ;
}

/* Octets that are ASCII in this coding: controls and others have readings of their own. */
static int64_t ascii_quiet(const uint8_t *in, size_t len, uint8_t *out)
{
	for (size_t i = 0; i < len; i += WIDE) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		const uint64_t quiet =
			wide_between(w, 0x20, 0x7E) | wide_between(w, '\t', '\r');
		if ((~quiet & wide_first(n)) != 0)
			return -EAGAIN;
		wide_store(out + i, wide_lower(w), n);
	}
	return (int64_t)len;
}

int64_t text_decode_quiet(enum text_coding coding, const uint8_t *in, size_t len, uint8_t *out,
                          size_t cap)
{
	const bool octets =
		coding == TEXT_ASCII || coding == TEXT_LATIN1 || coding == TEXT_CP949;

	if (cap < TEXT_QUIET_ROOM || (cap - TEXT_QUIET_ROOM) / TEXT_GROWTH < len)
		return -EAGAIN;
	if (octets && text_may_be_gsm(in, len))
		return -EAGAIN;
	switch (coding) {
	case TEXT_GSM7:
		return text_gsm7_quiet(in, len, out);
	case TEXT_ASCII:
	case TEXT_LATIN1:
	case TEXT_UTF8:
		return ascii_quiet(in, len, out);
	case TEXT_UCS2:
		return text_ucs2_quiet(in, len, out);
	case TEXT_CP949:
		return text_cp949_quiet(in, len, out);
	default:
		return -EAGAIN;
	}
}
