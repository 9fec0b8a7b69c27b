/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callback_tag: the name beside a callback number (callback_num_atag, SMPP 3.4 section
 * 5.3.2.38), which the phone shows in the place of the number, is text like any other and is
 * judged beside the message's. There may be one for each number: a line each. No other
 * optional parameter of SMPP 3.4 or 5.0 in a request has text for the phone to show.
 */
#include <errno.h>

#include "screen_priv.h"

/* What it is in this coding, at the arena's free place; what no coding reads is Latin-1. */
static int64_t decode(const struct screen_vector *v, enum text_coding coding,
                      struct view octets, uint8_t *out)
{
	const size_t cap = (size_t)(v->arena + SCREEN_TEXT_MAX - out);
	const int64_t n = text_decode_mended(coding, octets.data, octets.len, 0, out, cap);

	return n >= 0 ? n : text_decode(TEXT_LATIN1, octets.data, octets.len, 0, out, cap);
}

/* One tag, and behind a line end what else it may be read as. begin_slice() made sure of the
 * room: a second reading has it where the texts of the message have one too, or -EMSGSIZE. */
static int64_t read_tag(const struct screen_context *context, const struct screen_vector *v,
                       const struct screen_message *m, struct view tag, uint8_t *out)
{
	const struct view octets = { tag.data + 1, tag.len - 1 };
	const enum text_coding coding = text_coding(tag.data[0], reading_alphabet(context, m));
	const int64_t n = decode(v, coding, octets, out);

	bug_if(n < 0);
	const enum text_coding other = text_other_coding(coding, octets.data, octets.len, 0);
	if (other == TEXT_UNKNOWN)
		return n;
	if (own_octets(m) > SCREEN_OTHER_MAX)
		return -EMSGSIZE;
	out[n] = '\n';
	const int64_t again = decode(v, other, octets, out + n + 1);
	return n + (again > 0 ? 1 + again : 0);
}

int64_t callback_tags(const struct screen_context *context, const struct screen_vector *v,
                     const struct screen_message *m, uint8_t *out)
{
	struct cursor c = cursor_over(m->sm.tlvs.data, m->sm.tlvs.len);
	int64_t n = 0;

	while (cursor_left(&c) != 0) {
		const uint16_t tag = cursor_u16(&c);
		const struct view value = cursor_view(&c, cursor_u16(&c));
		if (tag != SMPP_TAG_CALLBACK_NUM_ATAG || value.len < 2)
			continue;
		if (n != 0)
			out[n++] = '\n';
		const int64_t octets = read_tag(context, v, m, value, out + n);
		if (octets < 0)
			return octets;
		n += octets;
	}
	return n;
}
