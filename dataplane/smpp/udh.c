/* SPDX-License-Identifier: Apache-2.0 */
#include "udh.h"

enum {
	IE_CONCAT_8 = 0x00,
	IE_SPECIAL_INDICATION = 0x01,
	IE_PORTS_8 = 0x04,
	IE_PORTS_16 = 0x05,
	IE_CONCAT_16 = 0x08,
	IE_SINGLE_SHIFT = 0x24,
	IE_LOCKING_SHIFT = 0x25
};

/* A total or part of 0, or a part beyond the total: the element is ignored. */
static void take_concat(struct smpp_concat *out, uint16_t reference, uint8_t total,
                        uint8_t part, uint8_t width)
{
	if (part != 0 && part <= total)
		*out = (struct smpp_concat){ reference, total, part, width };
}

static void take_concat_element(struct smpp_udh *out, const struct smpp_concat *c)
{
	const struct smpp_concat before = out->concat;

	take_concat(&out->concat, c->reference, c->total, c->part, c->width);
	out->disputed |= before.total != 0 &&
	                 (before.reference != out->concat.reference ||
	                  before.total != out->concat.total || before.part != out->concat.part);
}

/* Octets of elements that have a fixed number of them; 0: of another. Android's parser reads so
 * many, whatever length the element says, and takes what follows for the next one. */
static uint8_t fixed_length(uint8_t id)
{
	switch (id) {
	case IE_CONCAT_8:
		return 3;
	case IE_CONCAT_16:
	case IE_PORTS_16:
		return 4;
	case IE_SPECIAL_INDICATION:
	case IE_PORTS_8:
		return 2;
	case IE_SINGLE_SHIFT:
	case IE_LOCKING_SHIFT:
		return 1;
	default:
		return 0;
	}
}

static void take_element(struct smpp_udh *out, uint8_t id, struct view value)
{
	struct cursor c = cursor_over(value.data, value.len);
	const uint16_t first = id == IE_CONCAT_16 ? cursor_u16(&c) : cursor_u8(&c);
	const uint8_t total = cursor_u8(&c), part = cursor_u8(&c);

	if ((id == IE_CONCAT_8 || id == IE_CONCAT_16) && !c.error)
		take_concat_element(out, &(struct smpp_concat){ first, total, part,
		                                                id == IE_CONCAT_8 ? 8 : 16 });
	else if (id == IE_SINGLE_SHIFT && value.len == 1)
		out->single_shift = (uint8_t)first;
	else if (id == IE_LOCKING_SHIFT && value.len == 1)
		out->locking_shift = (uint8_t)first;
}

void smpp_udh_read(struct smpp_udh *out, struct view udh)
{
	struct cursor c = cursor_over(udh.data, udh.len);

	*out = (struct smpp_udh){ .concat = { 0 } };
	while (cursor_left(&c) >= 2) {
		const uint8_t id = cursor_u8(&c), len = cursor_u8(&c), fixed = fixed_length(id);
		const struct view value = cursor_view(&c, len);
		out->disputed |= fixed != 0 && (len != fixed || c.error);
		if (c.error)
			break;
		take_element(out, id, value);
	}
}

/* Of one or two octets, which is what they must have; none reads as 0, as receivers take it
 * that know no "absent". */
static uint16_t number(struct view value)
{
	return (uint16_t)(value.len == 2   ? value.data[0] << 8 | value.data[1]
	                  : value.len == 1 ? value.data[0]
	                                   : 0);
}

static bool has_length(struct view value, uint32_t len)
{
	return value.data == NULL || value.len == len;
}

/* One twice is two messages or two places: which of them holds is the receiver's choice. */
static bool says_twice(const struct smpp_message *message)
{
	return smpp_tlv_repeats(message, SMPP_TAG_SAR_MSG_REF_NUM) ||
	       smpp_tlv_repeats(message, SMPP_TAG_SAR_TOTAL_SEGMENTS) ||
	       smpp_tlv_repeats(message, SMPP_TAG_SAR_SEGMENT_SEQNUM);
}

/*
 * Of a number that is longer than it should be one receiver reads the first octets, another one
 * all of them and keeps the last.
 */
static uint32_t read_sar(struct smpp_concat *out, const struct smpp_message *message)
{
	const struct view reference = smpp_tlv(message, SMPP_TAG_SAR_MSG_REF_NUM);
	const struct view total = smpp_tlv(message, SMPP_TAG_SAR_TOTAL_SEGMENTS);
	const struct view part = smpp_tlv(message, SMPP_TAG_SAR_SEGMENT_SEQNUM);

	if (!has_length(reference, 2) || !has_length(total, 1) || !has_length(part, 1))
		return SMPP_RINVPARLEN;
	take_concat(out, number(reference), (uint8_t)number(total), (uint8_t)number(part), 0);
	return says_twice(message) ? SMPP_RINVOPTPARSTREAM : SMPP_ROK;
}

uint32_t smpp_concat_of(struct smpp_concat *out, const struct smpp_message *message)
{
	struct smpp_concat sar = { 0 };
	struct smpp_udh udh;

	smpp_udh_read(&udh, message->short_message.udh.data != NULL ? message->short_message.udh
	                                                            : message->payload.udh);
	const uint32_t fault = message->has_sar ? read_sar(&sar, message) : SMPP_ROK;
	*out = sar.total != 0 ? sar : udh.concat;
	if (fault != SMPP_ROK)
		return fault;
	if (udh.disputed)
		return SMPP_RINVESMCLASS;
	return sar.total != 0 && udh.concat.total != 0 ? SMPP_RINVOPTPARAMVAL : SMPP_ROK;
}
