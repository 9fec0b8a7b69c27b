/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>

/* What the octets before a block ask of its first octets. */
struct utf8_carry {
	uint64_t continuation; /* octets that must be 0x80-0xBF */
	uint64_t narrow[4];    /* octets that must lie in the range of narrow_ranges[] */
};

/* RFC 3629 section 4: four leads narrow their second octet, which keeps out overlong
 * forms, surrogates and all above U+10FFFF. */
static const struct {
	uint8_t lead, lo, hi;
} narrow_ranges[4] = {
	{ 0xE0, 0xA0, 0xBF },
	{ 0xED, 0x80, 0x9F },
	{ 0xF0, 0x90, 0xBF },
	{ 0xF4, 0x80, 0x8F },
};

/* One block of n octets; the rest of w is 0, so a character cut at the end of the text
 * shows as an octet that is no continuation, or in the carry. */
static bool block_valid(struct wide w, struct utf8_carry *carry)
{
	const uint64_t lead2 = wide_between(w, 0xC2, 0xDF);
	const uint64_t lead3 = wide_between(w, 0xE0, 0xEF);
	const uint64_t lead4 = wide_between(w, 0xF0, 0xF4);
	const uint64_t continuation = wide_between(w, 0x80, 0xBF);
	const uint64_t lead34 = lead3 | lead4, leads = lead2 | lead34;
	const uint64_t wanted = carry->continuation | leads << 1 | lead34 << 2 | lead4 << 3;
	bool valid = wanted == continuation && (leads | continuation) == wide_high(w);

	carry->continuation = leads >> 63 | lead34 >> 62 | lead4 >> 61;
	for (unsigned i = 0; i < 4; i++) {
		const uint64_t lead = wide_equal(w, narrow_ranges[i].lead);
		const uint64_t second = lead << 1 | carry->narrow[i];
		const uint64_t inside =
			wide_between(w, narrow_ranges[i].lo, narrow_ranges[i].hi);
		valid = valid && (second & ~inside) == 0;
		carry->narrow[i] = lead >> 63;
	}
	return valid;
}

bool text_utf8_valid(const uint8_t *in, size_t len)
{
	struct utf8_carry carry = { 0 };

	for (size_t i = 0; i < len; i += WIDE) {
		const struct wide w = wide_load(in + i, len - i < WIDE ? len - i : WIDE);

		if (wide_high(w) == 0 && carry.continuation == 0)
			continue;
		if (!block_valid(w, &carry))
			return false;
	}
	return carry.continuation == 0;
}

int64_t text_utf8(const uint8_t *in, size_t len, uint8_t *out)
{
	if (!text_utf8_valid(in, len))
		return -EILSEQ;
	if (len != 0)
		memcpy(out, in, len);
	return (int64_t)len;
}
