/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include "field_priv.h"

enum smpp_kind smpp_kind(uint32_t command_id)
{
	switch (command_id) {
	case SMPP_SUBMIT_SM:
	case SMPP_SUBMIT_MULTI:
	case SMPP_DATA_SM:
	case SMPP_REPLACE_SM:
	case SMPP_BROADCAST_SM:
	case SMPP_DELIVER_SM:
		return SMPP_KIND_MESSAGE;
	case SMPP_SUBMIT_SM | SMPP_RESPONSE:
	case SMPP_SUBMIT_MULTI | SMPP_RESPONSE:
	case SMPP_DATA_SM | SMPP_RESPONSE:
	case SMPP_REPLACE_SM | SMPP_RESPONSE:
	case SMPP_BROADCAST_SM | SMPP_RESPONSE:
	case SMPP_DELIVER_SM | SMPP_RESPONSE:
		return SMPP_KIND_RESPONSE;
	case SMPP_BIND_RECEIVER:
	case SMPP_BIND_TRANSMITTER:
	case SMPP_BIND_TRANSCEIVER:
		return SMPP_KIND_BIND;
	case SMPP_BIND_RECEIVER | SMPP_RESPONSE:
	case SMPP_BIND_TRANSMITTER | SMPP_RESPONSE:
	case SMPP_BIND_TRANSCEIVER | SMPP_RESPONSE:
		return SMPP_KIND_BIND_RESP;
	case SMPP_UNBIND:
		return SMPP_KIND_UNBIND;
	case SMPP_UNBIND | SMPP_RESPONSE:
		return SMPP_KIND_UNBIND_RESP;
	default:
		return SMPP_KIND_OTHER;
	}
}

uint32_t smpp_decode(struct smpp_message *message, const uint8_t *pdu, size_t len)
{
	bug_if(len < SMPP_HEADER_SIZE);
	struct reader r = { .cursor =
		                    cursor_over(pdu + SMPP_HEADER_SIZE, len - SMPP_HEADER_SIZE),
		            .message = message };
	*message = (struct smpp_message){ .header = smpp_header_read(pdu) };
	bug_if(message->header.length != len);
	message->kind = smpp_kind(message->header.command_id);

	switch (message->kind) {
	case SMPP_KIND_MESSAGE:
		body_message(&r);
		text_tlvs(&r);
		text_split_udh(&r);
		break;
	case SMPP_KIND_BIND:
		body_bind(&r);
		text_tlvs(&r);
		break;
	case SMPP_KIND_BIND_RESP:
		body_bind_resp(&r);
		break;
	case SMPP_KIND_UNBIND:
	case SMPP_KIND_UNBIND_RESP:
	case SMPP_KIND_RESPONSE:
	case SMPP_KIND_OTHER:
		break;
	}
	return message->error;
}

/* The next value with this tag; .data NULL when there is none. */
static struct view find_tlv(struct cursor *c, uint16_t tag)
{
	while (cursor_left(c) != 0) {
		const uint16_t found = cursor_u16(c);
		const struct view value = cursor_view(c, cursor_u16(c));

		if (found == tag)
			return value;
	}
	return (struct view){ NULL, 0 };
}

struct view smpp_tlv(const struct smpp_message *message, uint16_t tag)
{
	struct cursor c = cursor_over(message->tlvs.data, message->tlvs.len);

	return find_tlv(&c, tag);
}

bool smpp_tlv_repeats(const struct smpp_message *message, uint16_t tag)
{
	struct cursor c = cursor_over(message->tlvs.data, message->tlvs.len);

	const bool once = find_tlv(&c, tag).data != NULL; /* the cursor is behind it */
	return once && find_tlv(&c, tag).data != NULL;
}
