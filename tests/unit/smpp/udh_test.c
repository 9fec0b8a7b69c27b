/* SPDX-License-Identifier: Apache-2.0 */
/* The user data header: in which text it is, and where it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode.h"

#define CONCAT_IES "\x00\x03\x2A\x02\x01"
#define CONCAT "\x05" CONCAT_IES
#define CONCAT_LEN 6u

static struct pdu p;
static struct smpp_message m;

/* short_message and message_payload (NULL = none), each of strlen octets. */
static uint32_t decode_texts(unsigned esm_class, const void *text, size_t len,
                             const void *payload, size_t payload_len)
{
	pdu_submit(&p, esm_class, 0, text, len);
	if (payload != NULL)
		pdu_tlv(&p, 0x0424, payload, payload_len);
	pdu_seal(&p);
	return decode(&m, &p);
}

static void in_short_message(void **state)
{
	static const unsigned classes[] = { 0x40, 0x43, 0x48, 0x44, 0xC0, 0xFF };

	(void)state;
	for (unsigned i = 0; i < ROWS(classes); i++) {
		assert_int_equal(decode_texts(classes[i], CONCAT "part", 10, NULL, 0), 0);
		assert_octets(m.short_message.udh, CONCAT_IES, CONCAT_LEN - 1);
		assert_text(m.short_message.octets, "part");
	}
	/* Without bit 6 the same octets are text. */
	assert_int_equal(decode_texts(0xBF, CONCAT "part", 10, NULL, 0), 0);
	assert_null(m.short_message.udh.data);
	assert_octets(m.short_message.octets, CONCAT "part", 10);
}

static void in_payload(void **state)
{
	(void)state;
	assert_int_equal(decode_texts(0x40, "", 0, CONCAT "part", 10), 0);
	assert_octets(m.payload.udh, CONCAT_IES, CONCAT_LEN - 1);
	assert_text(m.payload.octets, "part");
	assert_null(m.short_message.udh.data);
}

static void at_the_bounds(void **state)
{
	(void)state;
	assert_int_equal(decode_texts(0x40,
	                              "\x03"
	                              "abc",
	                              4, NULL, 0),
	                 0);
	assert_text(m.short_message.udh, "abc");
	assert_int_equal(m.short_message.octets.len, 0);
	assert_int_equal(decode_texts(0x40,
	                              "\x00"
	                              "abc",
	                              4, NULL, 0),
	                 0);
	assert_int_equal(m.short_message.udh.len, 0);
	assert_text(m.short_message.octets, "abc");

	assert_int_equal(decode_texts(0x40,
	                              "\x04"
	                              "abc",
	                              4, NULL, 0),
	                 SMPP_RINVESMCLASS);
	assert_string_equal(m.error_field, "user_data_header");
	assert_int_equal(m.error_at, m.header.length - 4);
	assert_octets(m.short_message.octets,
	              "\x04"
	              "abc",
	              4); /* for the audit */
	assert_int_equal(decode_texts(0x40, "\x01", 1, NULL, 0), SMPP_RINVESMCLASS);
	assert_int_equal(decode_texts(0x40, "", 0,
	                              "\xFF"
	                              "abc",
	                              4),
	                 SMPP_RINVESMCLASS);
}

/* No text, no header: there is nothing that could be hidden. */
static void no_text(void **state)
{
	(void)state;
	assert_int_equal(decode_texts(0x40, "", 0, NULL, 0), 0);
	assert_int_equal(decode_texts(0x40, "", 0, "", 0), 0);
	assert_null(m.short_message.udh.data);
	assert_null(m.payload.udh.data);
}

static void two_texts(void **state)
{
	(void)state;
	/* It fits in one of them only. */
	assert_int_equal(decode_texts(0x40, CONCAT "part", 10, "whole", 5), 0);
	assert_text(m.short_message.octets, "part");
	assert_text(m.payload.octets, "whole");
	assert_null(m.payload.udh.data);
	assert_int_equal(decode_texts(0x40, "whole", 5, CONCAT "part", 10), 0);
	assert_text(m.short_message.octets, "whole");
	assert_null(m.short_message.udh.data);
	assert_text(m.payload.octets, "part");

	/* It fits in both: the blank of the second would hide 32 octets. */
	assert_int_equal(decode_texts(0x40, CONCAT "part", 10,
	                              " casino casino casino casino casino", 35),
	                 SMPP_RINVESMCLASS);
	/* It fits in neither. */
	assert_int_equal(decode_texts(0x40, "abc", 3, "def", 3), SMPP_RINVESMCLASS);
}

/* replace_sm does not say whether its text begins with a header: the message that it replaces
 * has said so. */
static void in_replace_sm(void **state)
{
	static const struct {
		const char *text;
		unsigned len;
		uint32_t status;
	} rows[] = {
		{ CONCAT "part", 10, SMPP_RINVESMCLASS },
		{ "\x0B\x05\x04\x00\x01\x00\x02\x00\x03\x2A\x02\x01part", 16,
		  SMPP_RINVESMCLASS },
		{ "\x06\x08\x04\x00\x2A\x02\x02part", 11, SMPP_RINVESMCLASS },
		{ "\x05\x00\x03\x2A\x01\x01whole", 11, SMPP_ROK },
		{ "whole", 5, SMPP_ROK },
		{ "", 0, SMPP_ROK },
	};

	(void)state;
	for (unsigned i = 0; i < 2 * ROWS(rows); i++) {
		const unsigned k = i / 2;
		pdu_header(&p, SMPP_REPLACE_SM, 0, 1);
		pdu_string(&p, "id");
		pdu_address(&p, 1, 1, "821012345678");
		pdu_octets(&p, "\0\0\0\0", 4);
		pdu_u8(&p, i % 2 == 0 ? rows[k].len : 0);
		if (i % 2 == 0)
			pdu_octets(&p, rows[k].text, rows[k].len);
		else
			pdu_tlv(&p, 0x0424, rows[k].text, rows[k].len);
		pdu_seal(&p);
		assert_int_equal(decode(&m, &p), rows[k].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_short_message), cmocka_unit_test(in_payload),
		cmocka_unit_test(at_the_bounds),    cmocka_unit_test(no_text),
		cmocka_unit_test(two_texts),        cmocka_unit_test(in_replace_sm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
