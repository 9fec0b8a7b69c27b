/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_message: what holds for every decoded PDU, whatever its octets were.
 * Aborts when it does not hold, so that fuzzers can use it too.
 */
#ifndef TEST_CHECK_MESSAGE_H
#define TEST_CHECK_MESSAGE_H
#include "check.h"
#include "message.h"

static inline void check_view(struct view v, const uint8_t *pdu, size_t len)
{
	bug_if(v.data == NULL && v.len != 0);
	bug_if(v.data != NULL && (v.data < pdu || v.data > pdu + len));
	bug_if(v.data != NULL && v.len > (size_t)(pdu + len - v.data));
}

static inline void check_string(struct view v, const uint8_t *pdu, size_t len)
{
	check_view(v, pdu, len);
	bug_if(v.len != 0 && memchr(v.data, 0, v.len) != NULL);
	bug_if(v.data != NULL && (v.data + v.len == pdu + len || v.data[v.len] != 0));
}

/* The user data header and the text are neighbours: nothing is lost between. */
static inline void check_text(const struct smpp_text *t, const uint8_t *pdu, size_t len)
{
	check_view(t->octets, pdu, len);
	check_view(t->udh, pdu, len);
	if (t->udh.data != NULL)
		bug_if(t->udh.data[-1] != t->udh.len ||
		       t->udh.data + t->udh.len != t->octets.data);
}

/* Every TLV is found again, and they fill the view. Returns how many there are. */
static inline unsigned check_tlvs(const struct smpp_message *m)
{
	const uint8_t *at = m->tlvs.data;
	const uint8_t *const end = m->tlvs.len ? at + m->tlvs.len : at;
	unsigned n = 0;

	while (at != end) {
		bug_if(end - at < 4);
		const uint16_t tag = (uint16_t)(at[0] << 8 | at[1]);
		const size_t size = (size_t)(at[2] << 8 | at[3]);
		bug_if((size_t)(end - at) < 4 + size);
		const struct view found = smpp_tlv(m, tag);
		bug_if(found.data == NULL || found.data > at + 4);
		at += 4 + size;
		n++;
	}
	bug_if(m->has_callback_tag != (smpp_tlv(m, SMPP_TAG_CALLBACK_NUM_ATAG).data != NULL));
	bug_if(m->has_sar != (smpp_tlv(m, SMPP_TAG_SAR_MSG_REF_NUM).data != NULL ||
	                      smpp_tlv(m, SMPP_TAG_SAR_TOTAL_SEGMENTS).data != NULL ||
	                      smpp_tlv(m, SMPP_TAG_SAR_SEGMENT_SEQNUM).data != NULL));
	return n;
}

static inline void check_message(const struct smpp_message *m, uint32_t status,
                                 const uint8_t *pdu, size_t len)
{
	bug_if(status != m->error);
	bug_if((m->error != SMPP_ROK) != (m->error_field != NULL));
	bug_if(m->error == SMPP_ROK ? m->error_at != 0
	                            : m->error_at < SMPP_HEADER_SIZE || m->error_at > len);
	bug_if(m->kind != smpp_kind(m->header.command_id));
	check_string(m->system_id, pdu, len);
	check_string(m->source.digits, pdu, len);
	check_string(m->destination.digits, pdu, len);
	check_text(&m->short_message, pdu, len);
	check_text(&m->payload, pdu, len);
	check_view(m->tlvs, pdu, len);
	check_tlvs(m);
	if (m->error != SMPP_ROK)
		return;
	if (m->tlvs.data != NULL) /* at most the stray octets are left over */
		bug_if(pdu + len - (m->tlvs.data + m->tlvs.len) > 3);
	if (m->kind == SMPP_KIND_MESSAGE)
		bug_if(m->source.digits.data == NULL || m->tlvs.data == NULL);
}

#endif
