/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode.h"

static struct pdu p;
static struct smpp_message m;

static void bind_with(uint32_t id, const char *system_id, const char *password)
{
	pdu_header(&p, id, 0, 1);
	pdu_string(&p, system_id);
	pdu_string(&p, password);
	pdu_string(&p, "VMA");
	pdu_u8(&p, 0x34);
	pdu_address(&p, 1, 1, "");
	pdu_seal(&p);
}

static void binds(void **state)
{
	static const uint32_t ids[] = { SMPP_BIND_RECEIVER, SMPP_BIND_TRANSMITTER,
		                        SMPP_BIND_TRANSCEIVER };

	(void)state;
	for (unsigned i = 0; i < ROWS(ids); i++) {
		bind_with(ids[i], "reseller", "secret");
		assert_int_equal(decode(&m, &p), SMPP_ROK);
		assert_int_equal(m.kind, SMPP_KIND_BIND);
		assert_text(m.system_id, "reseller");
		assert_int_equal(m.interface_version, 0x34);
	}
}

static void every_prefix(void **state)
{
	(void)state;
	bind_with(SMPP_BIND_TRANSCEIVER, "reseller", "secret");
	for (size_t n = p.len - 1; n >= SMPP_HEADER_SIZE; n--) {
		p.len = n;
		pdu_seal(&p);
		assert_int_equal(decode(&m, &p), SMPP_RINVCMDLEN);
		assert_int_equal(m.system_id.len, n >= 16 + 9 ? 8 : 0);
	}
}

/* The account is looked up by system_id, so its bound is exact; the others are not. */
static void long_strings(void **state)
{
	(void)state;
	bind_with(SMPP_BIND_TRANSMITTER, "123456789012345", "twelve-octet");
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_text(m.system_id, "123456789012345");
	bind_with(SMPP_BIND_TRANSMITTER, "1234567890123456", "secret");
	assert_fault(&p, SMPP_RINVSYSID, "system_id");
}

static void response(uint32_t status, const void *body, size_t len)
{
	pdu_header(&p, SMPP_BIND_TRANSCEIVER | SMPP_RESPONSE, status, 1);
	pdu_octets(&p, body, len);
	pdu_seal(&p);
}

static void responses(void **state)
{
	(void)state;
	response(SMPP_ROK, "SMSC\0\x02\x10\x00\x01\x50", 10);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.kind, SMPP_KIND_BIND_RESP);
	assert_text(m.system_id, "SMSC");
	assert_int_equal(m.interface_version, 0x50);

	response(SMPP_ROK, "SMSC\0\x34", 6); /* the bare octet */
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.interface_version, 0x34);

	response(SMPP_ROK, "", 0);
	assert_int_equal(decode(&m, &p), SMPP_ROK);

	/* A refused bind: any body, no body. */
	response(SMPP_RBINDFAIL, "", 0);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	response(SMPP_RBINDFAIL, "no end", 6);
	assert_int_equal(decode(&m, &p), SMPP_ROK);
}

static void bad_responses(void **state)
{
	(void)state;
	response(SMPP_ROK, "SMSC", 4);
	assert_fault(&p, SMPP_RINVCMDLEN, "system_id");
	response(SMPP_ROK, "SMSC\0\x02\x10\x00\x01", 9);
	assert_fault(&p, SMPP_RINVOPTPARSTREAM, "tlv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds),         cmocka_unit_test(every_prefix),
		cmocka_unit_test(long_strings),  cmocka_unit_test(responses),
		cmocka_unit_test(bad_responses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
