/* SPDX-License-Identifier: Apache-2.0 */
/* submit_sm, deliver_sm, data_sm, replace_sm, broadcast_sm, field by field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode.h"

static struct pdu p;
static struct smpp_message m;

static void kinds(void **state)
{
	static const struct {
		uint32_t id;
		enum smpp_kind request, response;
	} rows[] = {
		{ SMPP_SUBMIT_SM, SMPP_KIND_MESSAGE, SMPP_KIND_RESPONSE },
		{ SMPP_SUBMIT_MULTI, SMPP_KIND_MESSAGE, SMPP_KIND_RESPONSE },
		{ SMPP_DATA_SM, SMPP_KIND_MESSAGE, SMPP_KIND_RESPONSE },
		{ SMPP_REPLACE_SM, SMPP_KIND_MESSAGE, SMPP_KIND_RESPONSE },
		{ SMPP_BROADCAST_SM, SMPP_KIND_MESSAGE, SMPP_KIND_RESPONSE },
		{ SMPP_DELIVER_SM, SMPP_KIND_MESSAGE, SMPP_KIND_RESPONSE },
		{ SMPP_BIND_RECEIVER, SMPP_KIND_BIND, SMPP_KIND_BIND_RESP },
		{ SMPP_BIND_TRANSMITTER, SMPP_KIND_BIND, SMPP_KIND_BIND_RESP },
		{ SMPP_BIND_TRANSCEIVER, SMPP_KIND_BIND, SMPP_KIND_BIND_RESP },
		{ SMPP_UNBIND, SMPP_KIND_UNBIND, SMPP_KIND_UNBIND_RESP },
	};

	(void)state;
	for (uint32_t id = 0; id < 0x10000; id++) {
		enum smpp_kind request = SMPP_KIND_OTHER, response = SMPP_KIND_OTHER;
		for (unsigned i = 0; i < ROWS(rows); i++)
			if (rows[i].id == id) {
				request = rows[i].request;
				response = rows[i].response;
			}
		assert_int_equal(smpp_kind(id), request);
		assert_int_equal(smpp_kind(id | SMPP_RESPONSE), response);
		assert_int_equal(smpp_kind(id | 0x40000000), SMPP_KIND_OTHER);
	}
}

static void submit_sm_fields(void **state)
{
	(void)state;
	pdu_submit(&p, 0x03, 0x08, "\0h\0i", 4);
	pdu_tlv(&p, 0x1401, "vendor", 6);
	pdu_tlv(&p, 0x0204, "\x12\x34", 2);
	pdu_seal(&p);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.kind, SMPP_KIND_MESSAGE);
	assert_int_equal(m.header.sequence, 0xFFFFFFFE);
	assert_int_equal(m.source.ton, 5);
	assert_int_equal(m.source.npi, 0);
	assert_text(m.source.digits, "Sluice");
	assert_int_equal(m.destination.ton, 1);
	assert_int_equal(m.destination.npi, 1);
	assert_text(m.destination.digits, "821012345678");
	assert_int_equal(m.n_destinations, 1);
	assert_int_equal(m.esm_class, 3);
	assert_int_equal(m.data_coding, 8);
	assert_octets(m.short_message.octets, "\0h\0i", 4);
	assert_null(m.payload.octets.data);
	assert_int_equal(m.tlvs.len, 4 + 6 + 4 + 2);
	assert_text(smpp_tlv(&m, 0x1401), "vendor");
	assert_octets(smpp_tlv(&m, 0x0204), "\x12\x34", 2);
	assert_null(smpp_tlv(&m, 0x0424).data);
}

/*
 * command_length cut at every octet: the first field that is not whole is named,
 * and up to 3 octets of a TLV that is not whole are stray octets.
 */
static void every_prefix_of_a_submit_sm(void **state)
{
	static struct pdu cut;

	(void)state;
	pdu_submit(&p, 0, 0, "text", 4);
	const size_t text = p.len - 4, tlv = p.len;
	pdu_tlv(&p, 0x0424, "payload", 7);
	for (size_t n = SMPP_HEADER_SIZE; n <= p.len; n++) {
		cut = p;
		cut.len = n;
		pdu_seal(&cut);
		const uint32_t expected = n < text          ? SMPP_RINVCMDLEN
		                          : n < tlv         ? SMPP_RINVMSGLEN
		                          : n < tlv + 4     ? SMPP_ROK
		                          : n < tlv + 4 + 7 ? SMPP_RINVOPTPARSTREAM
		                                            : SMPP_ROK;
		assert_int_equal(decode(&m, &cut), expected);
		assert_int_equal(m.payload.octets.len, n == p.len ? 7 : 0);
		assert_int_equal(m.source.digits.data != NULL, n >= 16 + 4 + 2 + 7);
	}
}

static void sm_length_lies(void **state)
{
	char text[255];

	(void)state;
	memset(text, 'x', sizeof(text));
	pdu_submit(&p, 0, 0, text, 254);
	p.octets[p.len - 255] = 255; /* one more than there is */
	assert_fault(&p, SMPP_RINVMSGLEN, "short_message");

	/* 255 is one too many for 3.4 and allowed by 5.0: all of it is read. */
	pdu_submit(&p, 0, 0, text, 255);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.short_message.octets.len, 255);

	/* Text that sm_length does not count would have to be TLVs. */
	pdu_submit(&p, 0, 0, text, 60);
	p.octets[p.len - 61] = 50;
	assert_fault(&p, SMPP_RINVOPTPARSTREAM, "tlv");
}

static void stray_octets(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 4; n++) {
		pdu_submit(&p, 0, 0, "text", 4);
		pdu_tlv(&p, 0x0204, "ab", 2);
		pdu_octets(&p, "\xFF\xFF\xFF\xFF", n);
		pdu_seal(&p);
		assert_int_equal(decode(&m, &p), n < 4 ? SMPP_ROK : SMPP_RINVOPTPARSTREAM);
		assert_int_equal(m.tlvs.len, 6);
		assert_text(m.short_message.octets, "text");
	}
}

static void payloads(void **state)
{
	static uint8_t large[UINT16_MAX];

	(void)state;
	pdu_submit(&p, 0, 0, "", 0);
	memset(large, 'y', sizeof(large));
	pdu_tlv(&p, 0x0424, large, sizeof(large));
	pdu_seal(&p);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_octets(m.payload.octets, large, sizeof(large));

	/* Two texts are both there; a second payload, even an empty first, is not. */
	pdu_submit(&p, 0, 0, "short", 5);
	pdu_tlv(&p, 0x0424, "", 0);
	pdu_seal(&p);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_text(m.short_message.octets, "short");
	assert_non_null(m.payload.octets.data);
	assert_non_null(smpp_tlv(&m, 0x0424).data);
	pdu_tlv(&p, 0x0424, "hidden", 6);
	pdu_seal(&p);
	assert_fault(&p, SMPP_RINVOPTPARSTREAM, "message_payload");
}

/* A submit_sm whose strings have these lengths, NUL not counted. */
static void submit_with_strings(const unsigned lengths[5])
{
	static const char filler[] = "1234567890123456789012345678901234567890";

	pdu_header(&p, SMPP_SUBMIT_SM, 0, 1);
	for (unsigned i = 0; i < 5; i++) {
		if (i == 1 || i == 2)
			pdu_u16(&p, 0x0101);
		if (i == 3)
			pdu_octets(&p, "\0\0\0", 3); /* esm_class to priority_flag */
		pdu_octets(&p, filler, lengths[i]);
		pdu_u8(&p, 0);
	}
	pdu_octets(&p, "\0\0\0\0", 4); /* registered_delivery to sm_default_msg_id */
	pdu_u8(&p, 4);
	pdu_octets(&p, "text", 4);
	pdu_seal(&p);
}

static void strings_at_their_bounds(void **state)
{
	static const struct {
		unsigned max;
		uint32_t status;
		const char *field;
	} rows[] = {
		{ 5, SMPP_RINVSERTYP, "service_type" },
		{ 20, SMPP_RINVSRCADR, "source_addr" },
		{ 20, SMPP_RINVDSTADR, "destination_addr" },
		{ 16, SMPP_RINVSCHED, "schedule_delivery_time" },
		{ 16, SMPP_RINVEXPIRY, "validity_period" },
	};
	unsigned lengths[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		for (unsigned j = 0; j < 5; j++)
			lengths[j] = rows[j].max;
		submit_with_strings(lengths);
		assert_int_equal(decode(&m, &p), SMPP_ROK);
		assert_text(m.short_message.octets, "text");
		lengths[i]++;
		submit_with_strings(lengths);
		assert_fault(&p, rows[i].status, rows[i].field);
	}
}

static void deliver_sm(void **state)
{
	(void)state;
	pdu_submit(&p, 0x04, 0, "id:1 stat:DELIVRD", 17);
	p.octets[7] = SMPP_DELIVER_SM;
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.kind, SMPP_KIND_MESSAGE);
	assert_text(m.short_message.octets, "id:1 stat:DELIVRD");
	assert_text(m.source.digits, "Sluice");
}

static void data_sm(void **state)
{
	static const char far[] = "12345678901234567890123456789012"
				  "34567890123456789012345678901234";

	(void)state;
	pdu_header(&p, SMPP_DATA_SM, 0, 1);
	pdu_string(&p, "");
	pdu_address(&p, 0, 0, far);
	pdu_address(&p, 1, 2, far + 1);
	pdu_octets(&p, "\x03\x01\x04", 3); /* esm_class, registered_delivery, data_coding */
	pdu_tlv(&p, 0x0424, "in the payload", 14);
	pdu_seal(&p);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_text(m.source.digits, far);
	assert_text(m.destination.digits, far + 1);
	assert_int_equal(m.destination.npi, 2);
	assert_int_equal(m.n_destinations, 1);
	assert_int_equal(m.esm_class, 3);
	assert_int_equal(m.data_coding, 4);
	assert_null(m.short_message.octets.data);
	assert_text(m.payload.octets, "in the payload");
}

static void replace_sm(void **state)
{
	(void)state;
	pdu_header(&p, SMPP_REPLACE_SM, 0, 1);
	pdu_string(&p, "message-7");
	pdu_address(&p, 1, 1, "0212345678");
	pdu_string(&p, "");
	pdu_string(&p, "");
	pdu_octets(&p, "\x01\x00\x08new text", 11);
	pdu_tlv(&p, 0x0424, "5.0", 3);
	pdu_seal(&p);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_text(m.source.digits, "0212345678");
	assert_int_equal(m.n_destinations, 0);
	assert_null(m.destination.digits.data);
	assert_text(m.short_message.octets, "new text");
	assert_text(m.payload.octets, "5.0");
}

static void broadcast_sm(void **state)
{
	(void)state;
	pdu_header(&p, SMPP_BROADCAST_SM, 0, 1);
	pdu_string(&p, "");
	pdu_address(&p, 5, 0, "Metro");
	pdu_string(&p, "");
	pdu_u8(&p, 0);
	pdu_string(&p, "");
	pdu_string(&p, "");
	pdu_octets(&p, "\x00\x11\x00", 3); /* replace_if_present, data_coding, default id */
	pdu_tlv(&p, 0x0606,
	        "\x00"
	        "city",
	        5);
	pdu_tlv(&p, 0x0424, "to everybody", 12);
	pdu_seal(&p);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_text(m.source.digits, "Metro");
	assert_int_equal(m.n_destinations, 0);
	assert_int_equal(m.data_coding, 0x11);
	assert_int_equal(m.esm_class, 0);
	assert_text(m.payload.octets, "to everybody");
}

/* What we need not read passes, whatever its body is. */
static void others_are_not_looked_into(void **state)
{
	static const uint32_t ids[] = { 0x00010200,
		                        SMPP_QUERY_SM,
		                        SMPP_CANCEL_SM,
		                        SMPP_OUTBIND,
		                        SMPP_GENERIC_NACK,
		                        SMPP_UNBIND,
		                        SMPP_ENQUIRE_LINK,
		                        SMPP_RESPONSE | SMPP_SUBMIT_SM,
		                        SMPP_RESPONSE | SMPP_SUBMIT_MULTI,
		                        0x7FFFFFFF };

	(void)state;
	for (unsigned i = 0; i < ROWS(ids); i++) {
		pdu_header(&p, ids[i], 0, i);
		pdu_octets(&p, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF", i % 8);
		pdu_seal(&p);
		assert_int_equal(decode(&m, &p), SMPP_ROK);
		assert_int_equal(m.header.sequence, i);
		assert_null(m.source.digits.data);
		assert_null(smpp_tlv(&m, 0xFFFF).data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(submit_sm_fields),
		cmocka_unit_test(every_prefix_of_a_submit_sm),
		cmocka_unit_test(sm_length_lies),
		cmocka_unit_test(stray_octets),
		cmocka_unit_test(payloads),
		cmocka_unit_test(strings_at_their_bounds),
		cmocka_unit_test(deliver_sm),
		cmocka_unit_test(data_sm),
		cmocka_unit_test(replace_sm),
		cmocka_unit_test(broadcast_sm),
		cmocka_unit_test(others_are_not_looked_into),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
