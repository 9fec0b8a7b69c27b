/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seed_pdus: one sound PDU of every kind and layout, to be mutated by tests and to
 * begin fuzzing from (tests/fuzz/corpus/message, written by tests/fuzz/seed.c).
 */
#ifndef TEST_SEED_PDUS_H
#define TEST_SEED_PDUS_H
#include "pdu.h"

#define SEED_CONCAT "\x06\x08\x04\x12\x34\x03\x01"

static inline void seed_submit_tlvs(struct pdu *p)
{
	pdu_submit(p, 0, 0x03, "caf\xE9", 4);
	pdu_tlv(p, 0x0204, "\x00\x07", 2);
	pdu_tlv(p, 0x0381, "\x01\x01\x01" "0212345678", 13);
	pdu_tlv(p, 0x1401, "template-1107", 13);
}

static inline void seed_submit_payload(struct pdu *p)
{
	pdu_submit(p, 0x40, 0x08, "", 0);
	pdu_tlv(p, 0x0424, SEED_CONCAT "\0l\0o\0n\0g", 15);
}

static inline void seed_deliver(struct pdu *p)
{
	pdu_submit(p, 0x04, 0, "id:7 sub:001 dlvrd:001 stat:DELIVRD err:000", 43);
	p->octets[7] = SMPP_DELIVER_SM;
	pdu_tlv(p, 0x001E, "7", 2);
	pdu_tlv(p, 0x0427, "\x02", 1);
}

static inline void seed_multi(struct pdu *p)
{
	pdu_header(p, SMPP_SUBMIT_MULTI, 0, 5);
	pdu_string(p, "");
	pdu_address(p, 5, 0, "Sluice");
	pdu_u8(p, 3);
	pdu_u8(p, 1);
	pdu_address(p, 1, 1, "821012345678");
	pdu_u8(p, 2);
	pdu_string(p, "customers");
	pdu_u8(p, 1);
	pdu_address(p, 1, 1, "821087654321");
	pdu_delivery(p, 0, 0, "to many", 7);
}

static inline void seed_data(struct pdu *p)
{
	pdu_header(p, SMPP_DATA_SM, 0, 6);
	pdu_string(p, "");
	pdu_address(p, 1, 1, "8215881234");
	pdu_address(p, 1, 1, "821012345678");
	pdu_octets(p, "\x40\x01\x04", 3);
	pdu_tlv(p, 0x0424, "\x03\x24\x01\x01" "text", 8);
}

static inline void seed_replace(struct pdu *p)
{
	pdu_header(p, SMPP_REPLACE_SM, 0, 7);
	pdu_string(p, "message-7");
	pdu_address(p, 1, 1, "0212345678");
	pdu_string(p, "");
	pdu_string(p, "");
	pdu_octets(p, "\x01\x00\x08new text", 11);
}

static inline void seed_broadcast(struct pdu *p)
{
	pdu_header(p, SMPP_BROADCAST_SM, 0, 8);
	pdu_string(p, "");
	pdu_address(p, 5, 0, "Metro");
	pdu_string(p, "");
	pdu_u8(p, 0);
	pdu_string(p, "");
	pdu_string(p, "");
	pdu_octets(p, "\x00\x00\x00", 3);
	pdu_tlv(p, 0x0606, "\x00" "city", 5);
	pdu_tlv(p, 0x0424, "to everybody", 12);
}

static inline void seed_bind(struct pdu *p)
{
	pdu_header(p, SMPP_BIND_TRANSCEIVER, 0, 1);
	pdu_string(p, "reseller");
	pdu_string(p, "secret");
	pdu_string(p, "VMA");
	pdu_u8(p, 0x34);
	pdu_address(p, 0, 0, "");
}

static inline void seed_bind_resp(struct pdu *p)
{
	pdu_header(p, SMPP_BIND_TRANSCEIVER | SMPP_RESPONSE, 0, 1);
	pdu_string(p, "SMSC");
	pdu_tlv(p, 0x0210, "\x34", 1);
}

static inline void seed_submit_resp(struct pdu *p)
{
	pdu_header(p, SMPP_SUBMIT_SM | SMPP_RESPONSE, 0, 2);
	pdu_string(p, "2f7c");
}

static inline void seed_enquire_link(struct pdu *p)
{
	pdu_header(p, SMPP_ENQUIRE_LINK, 0, 3);
}

static inline void seed_unbind(struct pdu *p) { pdu_header(p, SMPP_UNBIND, 0, 4); }

static inline void seed_unbind_resp(struct pdu *p)
{
	pdu_header(p, SMPP_UNBIND | SMPP_RESPONSE, 0, 4);
}

static inline void seed_submit(struct pdu *p) { pdu_submit(p, 0, 0, "a plain text", 12); }

static inline void seed_submit_udh(struct pdu *p)
{
	pdu_submit(p, 0x40, 0, SEED_CONCAT "part one", 15);
}

/* PDU number i, sealed, in *p; false when there are no more. */
static inline bool seed_pdu(struct pdu *p, unsigned i)
{
	static void (*const makers[])(struct pdu *) = {
		seed_submit, seed_submit_udh, seed_submit_tlvs, seed_submit_payload,
		seed_deliver, seed_multi, seed_data, seed_replace, seed_broadcast, seed_bind,
		seed_bind_resp, seed_submit_resp, seed_enquire_link, seed_unbind,
		seed_unbind_resp,
	};

	if (i >= sizeof(makers) / sizeof(makers[0]))
		return false;
	makers[i](p);
	pdu_seal(p);
	return true;
}

#endif
