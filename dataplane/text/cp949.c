/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>

#include "text_tables.h"

/* A pair is at most 3 octets of UTF-8: less than 3 per octet. */
int64_t text_cp949_pairs(const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *at = out;

	for (size_t i = 0; i < len;) {
		if (in[i] < 0x80) {
			const size_t ascii = copy_ascii(in + i, len - i, at);
			i += ascii;
			at += ascii;
			continue;
		}
		if (len - i < 2)
			return -EILSEQ;
		const unsigned lead = in[i] - CP949_LEAD_MIN,
			       trail = in[i + 1] - CP949_TRAIL_MIN;
		if (lead >= CP949_LEADS || trail >= CP949_TRAILS ||
		    text_cp949[lead][trail] == 0)
			return -EILSEQ;
		at += put_utf8(at, text_cp949[lead][trail]);
		i += 2;
	}
	return at - out;
}
