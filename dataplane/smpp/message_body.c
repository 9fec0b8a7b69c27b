/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mandatory parts, in the order of the wire. SMPP 3.3 has the layout of 3.4;
 * 5.0 adds broadcast_sm and lets replace_sm carry TLVs.
 */
#include "field_priv.h"

enum { DEST_SME = 1, DEST_LIST = 2 }; /* dest_flag, SMPP 3.4 section 5.2.25 */

/* Into its place: a structure that is returned goes through memory twice. */
static inline void read_source(struct reader *r, enum field digits)
{
	struct smpp_address *a = &r->message->source;

	a->ton = read_octet(r, FIELD_SOURCE_TON);
	a->npi = read_octet(r, FIELD_SOURCE_NPI);
	a->digits = read_string(r, digits);
}

static inline void read_destination(struct reader *r, enum field digits, struct smpp_address *a)
{
	a->ton = read_octet(r, FIELD_DEST_TON);
	a->npi = read_octet(r, FIELD_DEST_NPI);
	a->digits = read_string(r, digits);
}

/* From esm_class to the text: the same in submit_sm, submit_multi and deliver_sm. */
static inline __attribute__((always_inline)) void read_delivery(struct reader *r)
{
	r->message->esm_class = read_octet(r, FIELD_ESM_CLASS);
	read_octet(r, FIELD_PROTOCOL_ID);
	read_octet(r, FIELD_PRIORITY_FLAG);
	read_string(r, FIELD_SCHEDULE);
	read_string(r, FIELD_VALIDITY);
	read_octet(r, FIELD_REGISTERED_DELIVERY);
	read_octet(r, FIELD_REPLACE_IF_PRESENT);
	r->message->data_coding = read_octet(r, FIELD_DATA_CODING);
	read_octet(r, FIELD_DEFAULT_MSG_ID);
	read_short_message(r);
}

/* SMPP 3.4 sections 4.4.1 (submit_sm) and 4.6.1 (deliver_sm). */
static void body_submit_sm(struct reader *reader)
{
	struct reader own = *reader, *r = &own; /* in registers: nobody else sees it */

	own.nuls = cursor_nuls(&own.cursor);
	read_string(r, FIELD_SERVICE_TYPE);
	read_source(r, FIELD_SOURCE_ADDR);
	read_destination(r, FIELD_DEST_ADDR, &r->message->destination);
	r->message->n_destinations = 1;
	read_delivery(r);
	*reader = own;
}

/* A distribution list has neither TON nor NPI: its name stands for the digits. */
static void read_dest_address(struct reader *r, struct smpp_address *a)
{
	const uint8_t flag = read_octet(r, FIELD_DEST_FLAG);

	*a = (struct smpp_address){ .ton = 0 };
	if (flag == DEST_SME) {
		read_destination(r, FIELD_DEST_ADDR, a);
	} else if (flag == DEST_LIST) {
		a->digits = read_string(r, FIELD_DL_NAME);
		r->message->to_list = true;
	} else {
		/* What follows has a layout that we do not know: so has the text. */
		field_fault(r->message, field_rows[FIELD_DEST_FLAG].name, SMPP_RINVDESTFLAG,
		            cursor_left(&r->cursor) + 1);
		cursor_fail(&r->cursor);
	}
}

struct smpp_address smpp_next_destination(struct cursor *destinations)
{
	struct smpp_message unused; /* they were read before: there is no fault */
	struct reader r = { .cursor = *destinations, .message = &unused };
	struct smpp_address a;

	read_dest_address(&r, &a);
	*destinations = r.cursor;
	return a;
}

/* SMPP 3.4 section 4.5.1. */
static void body_submit_multi(struct reader *r)
{
	struct smpp_message *m = r->message;

	read_string(r, FIELD_SERVICE_TYPE);
	read_source(r, FIELD_SOURCE_ADDR);

	const uint8_t count = read_octet(r, FIELD_NUMBER_OF_DESTS);
	const uint8_t *const first = r->cursor.at;
	for (unsigned i = 0; i < count && !r->cursor.error; i++) {
		struct smpp_address other;
		read_dest_address(r, i == 0 ? &m->destination : &other);
	}
	m->n_destinations = count;
	if (!r->cursor.error)
		m->destinations = (struct view){ first, (uint32_t)(r->cursor.at - first) };
	read_delivery(r);
}

/* SMPP 3.4 section 4.7.1: the text is in message_payload. */
static void body_data_sm(struct reader *r)
{
	struct smpp_message *m = r->message;

	read_string(r, FIELD_SERVICE_TYPE);
	read_source(r, FIELD_SOURCE_ADDR_LONG);
	read_destination(r, FIELD_DEST_ADDR_LONG, &m->destination);
	m->n_destinations = 1;
	m->esm_class = read_octet(r, FIELD_ESM_CLASS);
	read_octet(r, FIELD_REGISTERED_DELIVERY);
	m->data_coding = read_octet(r, FIELD_DATA_CODING);
}

/* SMPP 3.4 section 4.10.1: the message keeps its first esm_class and data_coding. */
static void body_replace_sm(struct reader *r)
{
	read_string(r, FIELD_MESSAGE_ID);
	read_source(r, FIELD_SOURCE_ADDR);
	read_string(r, FIELD_SCHEDULE);
	read_string(r, FIELD_VALIDITY);
	read_octet(r, FIELD_REGISTERED_DELIVERY);
	read_octet(r, FIELD_DEFAULT_MSG_ID);
	read_short_message(r);
}

/* SMPP 5.0 section 4.4.1.1: no destination; the text is in message_payload. */
static void body_broadcast_sm(struct reader *r)
{
	read_string(r, FIELD_SERVICE_TYPE);
	read_source(r, FIELD_SOURCE_ADDR);
	read_string(r, FIELD_MESSAGE_ID);
	read_octet(r, FIELD_PRIORITY_FLAG);
	read_string(r, FIELD_SCHEDULE);
	read_string(r, FIELD_VALIDITY);
	read_octet(r, FIELD_REPLACE_IF_PRESENT);
	r->message->data_coding = read_octet(r, FIELD_DATA_CODING);
	read_octet(r, FIELD_DEFAULT_MSG_ID);
}

void body_message(struct reader *r)
{
	switch (r->message->header.command_id) {
	case SMPP_SUBMIT_SM:
	case SMPP_DELIVER_SM:
		body_submit_sm(r);
		break;
	case SMPP_SUBMIT_MULTI:
		body_submit_multi(r);
		break;
	case SMPP_DATA_SM:
		body_data_sm(r);
		break;
	case SMPP_REPLACE_SM:
		body_replace_sm(r);
		break;
	case SMPP_BROADCAST_SM:
		body_broadcast_sm(r);
		break;
	default:
		bug_if(true); /* smpp_kind() named a message that has no body here */
	}
}

/* SMPP 3.4 section 4.1. */
void body_bind(struct reader *r)
{
	r->message->system_id = read_string(r, FIELD_SYSTEM_ID);
	read_string(r, FIELD_PASSWORD);
	read_string(r, FIELD_SYSTEM_TYPE);
	r->message->interface_version = read_octet(r, FIELD_INTERFACE_VERSION);
	read_octet(r, FIELD_ADDR_TON);
	read_octet(r, FIELD_ADDR_NPI);
	read_string(r, FIELD_ADDRESS_RANGE);
}

/*
 * SMPP 3.4 section 4.1.2. In the field the body is missing altogether, with any
 * command_status, and where it is there a refusal's may be anything.
 */
void body_bind_resp(struct reader *r)
{
	struct smpp_message *m = r->message;

	if (cursor_left(&r->cursor) == 0 || m->header.command_status != SMPP_ROK)
		return;
	m->system_id = read_string(r, FIELD_SYSTEM_ID);
	if (cursor_left(&r->cursor) == 1) { /* a bare octet where the TLV should be */
		m->interface_version = read_octet(r, FIELD_INTERFACE_VERSION);
		return;
	}
	text_tlvs(r);
	const struct view version = smpp_tlv(m, SMPP_TAG_SC_INTERFACE_VERSION);
	if (version.len == 1)
		m->interface_version = version.data[0];
}
