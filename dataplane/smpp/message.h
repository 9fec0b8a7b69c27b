/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: one PDU, decoded as far as screening needs it.
 *
 * smpp_decode() borrows a whole PDU and never copies. It walks every mandatory
 * field and every TLV of the PDUs that carry or change a message and of the
 * bind family (SMPP 3.4 section 4, 5.0 section 4); of all others it reads the
 * header and nothing else, because they pass octet-exact.
 *
 * Threads: pure; any thread.
 */
#ifndef DP_MESSAGE_H
#define DP_MESSAGE_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "cursor.h"
#include "frame.h"

/* SMPP 3.4 section 5.1.2.1, 5.0 section 4.7.5. Responses have bit 31 set. */
enum smpp_command {
	SMPP_GENERIC_NACK = 0x80000000,
	SMPP_BIND_RECEIVER = 0x01, SMPP_BIND_TRANSMITTER = 0x02, SMPP_QUERY_SM = 0x03,
	SMPP_SUBMIT_SM = 0x04, SMPP_DELIVER_SM = 0x05, SMPP_UNBIND = 0x06,
	SMPP_REPLACE_SM = 0x07, SMPP_CANCEL_SM = 0x08, SMPP_BIND_TRANSCEIVER = 0x09,
	SMPP_OUTBIND = 0x0B, SMPP_ENQUIRE_LINK = 0x15, SMPP_SUBMIT_MULTI = 0x21,
	SMPP_ALERT_NOTIFICATION = 0x102, SMPP_DATA_SM = 0x103,
	SMPP_BROADCAST_SM = 0x111, SMPP_QUERY_BROADCAST_SM = 0x112,
	SMPP_CANCEL_BROADCAST_SM = 0x113,
};
#define SMPP_RESPONSE UINT32_C(0x80000000)

/* command_status values that we send (SMPP 3.4 section 5.1.3). */
enum smpp_status {
	SMPP_ROK = 0x00, SMPP_RINVMSGLEN = 0x01, SMPP_RINVCMDLEN = 0x02,
	SMPP_RINVCMDID = 0x03, SMPP_RINVBNDSTS = 0x04, SMPP_RSYSERR = 0x08,
	SMPP_RINVSRCADR = 0x0A, SMPP_RINVDSTADR = 0x0B, SMPP_RINVMSGID = 0x0C,
	SMPP_RBINDFAIL = 0x0D, SMPP_RINVPASWD = 0x0E, SMPP_RINVSYSID = 0x0F,
	SMPP_RINVSERTYP = 0x15, SMPP_RINVNUMDESTS = 0x33, SMPP_RINVDLNAME = 0x34,
	SMPP_RINVDESTFLAG = 0x40, SMPP_RINVESMCLASS = 0x43, SMPP_RCNTSUBDL = 0x44,
	SMPP_RSUBMITFAIL = 0x45,
	SMPP_RINVSYSTYP = 0x53, SMPP_RINVSCHED = 0x61, SMPP_RINVEXPIRY = 0x62,
	SMPP_RINVOPTPARSTREAM = 0xC0,
	SMPP_RINVPARLEN = 0xC2, SMPP_RINVOPTPARAMVAL = 0xC4,
};

/* Optional parameters read by name (SMPP 3.4 section 5.3.2). */
enum smpp_tag {
	SMPP_TAG_SAR_MSG_REF_NUM = 0x020C, SMPP_TAG_SAR_TOTAL_SEGMENTS = 0x020E,
	SMPP_TAG_SAR_SEGMENT_SEQNUM = 0x020F, SMPP_TAG_SC_INTERFACE_VERSION = 0x0210,
	SMPP_TAG_CALLBACK_NUM_ATAG = 0x0303, SMPP_TAG_CALLBACK_NUM = 0x0381,
	SMPP_TAG_MESSAGE_PAYLOAD = 0x0424,
};

#define SMPP_ESM_UDHI 0x40u /* esm_class bit 6, SMPP 3.4 section 5.2.12 */

enum smpp_kind {
	SMPP_KIND_OTHER,    /* passes octet-exact */
	SMPP_KIND_MESSAGE,  /* carries or changes a message: screened */
	SMPP_KIND_BIND,     /* bind_receiver, bind_transmitter, bind_transceiver */
	SMPP_KIND_BIND_RESP,
	SMPP_KIND_UNBIND,
	SMPP_KIND_UNBIND_RESP,
	SMPP_KIND_RESPONSE, /* the response to a SMPP_KIND_MESSAGE request */
};

struct smpp_address {
	uint8_t ton, npi;
	struct view digits; /* as sent, without the NUL */
};

struct smpp_text {
	struct view octets; /* user data without the header; empty when absent */
	struct view udh;    /* user data header without UDHL; empty when absent */
};

struct smpp_message {
	struct smpp_header header;
	enum smpp_kind kind;
	/* 0, or the command_status that answers this PDU: its body is not SMPP.
	 * Fields that were read before the fault are valid, the others empty. */
	uint32_t error;
	const char *error_field; /* field at fault, for people; NULL without error */
	uint32_t error_at;       /* octet of the PDU, from 0, where that field begins */

	struct view system_id;   /* binds */
	uint8_t interface_version;

	/* destination: the first one; a distribution list's name with TON and NPI 0.
	 * None in replace_sm and broadcast_sm. */
	struct smpp_address source, destination;
	uint32_t n_destinations; /* as announced */
	struct view destinations; /* of a submit_multi, for smpp_next_destination() */
	uint8_t esm_class, data_coding;
	bool has_callback_tag; /* TLVs with SMPP_TAG_CALLBACK_NUM_ATAG, whose text is shown */
	bool has_sar;          /* TLVs with any of SMPP_TAG_SAR_ */
	bool to_list;          /* a distribution list is among the destinations */
	struct smpp_text short_message, payload; /* screened both when both are there */
	struct view tlvs;        /* all whole TLVs, as sent; not the stray octets */
};

/* What kind of PDU this command_id is. A table, no decoding. */
enum smpp_kind smpp_kind(uint32_t command_id);

/*
 * Decode the whole PDU pdu[0 .. len), len == its command_length and >= 16 (bug_if).
 * Returns 0; or the command_status it also stores in message->error.
 * Lenient where the field is: up to 3 stray octets after the last TLV pass;
 * bind_resp may lack its body, or hold a bare interface_version; a response that is
 * not of a bind is not looked into. Strict where a lie could hide text: field
 * lengths (field.def), a TLV or short_message that overruns the PDU, a second
 * message_payload, a user data header that fits nowhere or in both texts.
 */
must_use uint32_t smpp_decode(struct smpp_message *message, const uint8_t *pdu, size_t len);

/* The next of message->destinations, while octets are left there. */
struct smpp_address smpp_next_destination(struct cursor *destinations);

/* The value of the first TLV with this tag; .data NULL when there is none. */
struct view smpp_tlv(const struct smpp_message *message, uint16_t tag);

/* Whether there is another one behind the first. */
bool smpp_tlv_repeats(const struct smpp_message *message, uint16_t tag);

#endif
