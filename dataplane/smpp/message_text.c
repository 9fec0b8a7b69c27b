/* SPDX-License-Identifier: Apache-2.0 */
#include "field_priv.h"
#include "udh.h"

#define TLV_HEADER_SIZE 4u /* tag and length, SMPP 3.4 section 5.3.1 */

static bool is_sar(uint16_t tag)
{
	return tag == SMPP_TAG_SAR_MSG_REF_NUM || tag == SMPP_TAG_SAR_TOTAL_SEGMENTS ||
	       tag == SMPP_TAG_SAR_SEGMENT_SEQNUM;
}

/*
 * Up to 3 octets after the last TLV are too few for another one: stray NULs that
 * stacks in the field append, and too few to be a text. A second message_payload
 * is refused: which of the two is shown would be the receiver's choice.
 */
void text_tlvs(struct reader *r)
{
	struct smpp_message *m = r->message;
	const uint8_t *const first = r->cursor.at;
	const uint8_t *last = first;

	while (cursor_left(&r->cursor) >= TLV_HEADER_SIZE) {
		const size_t left = cursor_left(&r->cursor);
		const uint16_t tag = cursor_u16(&r->cursor);
		const struct view value = cursor_view(&r->cursor, cursor_u16(&r->cursor));

		if (unlikely(r->cursor.error)) {
			field_fault(m, "tlv", SMPP_RINVOPTPARSTREAM, left);
			break;
		}
		last = r->cursor.at;
		m->has_callback_tag |= tag == SMPP_TAG_CALLBACK_NUM_ATAG;
		m->has_sar |= is_sar(tag);
		if (tag != SMPP_TAG_MESSAGE_PAYLOAD)
			continue;
		if (m->payload.octets.data != NULL)
			field_fault(m, "message_payload", SMPP_RINVOPTPARSTREAM, left);
		else
			m->payload.octets = value;
	}
	m->tlvs = (struct view){ first, (uint32_t)(last - first) };
}

static bool header_fits(struct view text)
{
	struct cursor c = cursor_over(text.data, text.len);
	const uint8_t udhl = cursor_u8(&c);

	return !c.error && udhl <= cursor_left(&c);
}

static void split(struct smpp_text *text)
{
	struct cursor c = cursor_over(text->octets.data, text->octets.len);

	text->udh = cursor_view(&c, cursor_u8(&c));
	text->octets = cursor_view(&c, cursor_left(&c));
}

/* Where the header should be: the text that stands first. */
static void udh_fault(const struct reader *r)
{
	const struct smpp_message *m = r->message;
	const struct view first =
		m->short_message.octets.len != 0 ? m->short_message.octets : m->payload.octets;

	field_fault(r->message, "user_data_header", SMPP_RINVESMCLASS,
	            (size_t)(r->cursor.end - first.data));
}

/*
 * replace_sm has no esm_class: the message keeps its own, and where that says so the new text
 * begins with a header. One that makes it a part is refused: for whom is not said, so nobody
 * can tell which other parts it will be shown with. No text begins so.
 */
static void refuse_hidden_part(const struct reader *r)
{
	const struct smpp_message *m = r->message;
	const struct smpp_text texts[] = { m->short_message, m->payload };

	for (unsigned i = 0; i < 2; i++) {
		struct smpp_text text = texts[i];
		struct smpp_udh udh;
		if (!header_fits(text.octets))
			continue;
		split(&text);
		smpp_udh_read(&udh, text.udh);
		if (udh.concat.total >= 2)
			field_fault(r->message, "user_data_header", SMPP_RINVESMCLASS,
			            (size_t)(r->cursor.end - texts[i].octets.data));
	}
}

/*
 * esm_class says that there is a user data header, not in which text. It is in the
 * one that is not empty. With two texts (which the standard forbids, and which we
 * screen both) it is in the only one where it fits; where it would fit in either,
 * a receiver may show octets that we took for a header, so that is refused.
 */
void text_split_udh(struct reader *r)
{
	struct smpp_message *m = r->message;
	struct smpp_text *const texts[] = { &m->short_message, &m->payload };
	struct smpp_text *carrier = NULL;
	bool any = false;

	if (unlikely(m->header.command_id == SMPP_REPLACE_SM))
		refuse_hidden_part(r);
	if (likely((m->esm_class & SMPP_ESM_UDHI) == 0) || m->error != SMPP_ROK)
		return;
	for (unsigned i = 0; i < 2; i++) {
		any |= texts[i]->octets.len != 0;
		if (!header_fits(texts[i]->octets))
			continue;
		if (carrier != NULL) {
			udh_fault(r);
			return;
		}
		carrier = texts[i];
	}
	if (carrier != NULL)
		split(carrier);
	else if (any)
		udh_fault(r);
}
