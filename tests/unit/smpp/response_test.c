/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "message.h"
#include "response.h"

static void refusal_answers_its_request(void **state)
{
	static const uint8_t expected[] = { 0, 0, 0, 16,   0x80, 0,    0,    4,
		                            0, 0, 0, 0x45, 0xFF, 0xFE, 0xFD, 0xFC };
	const struct smpp_header request = { .length = 99,
		                             .command_id = SMPP_SUBMIT_SM,
		                             .command_status = 5,
		                             .sequence = 0xFFFEFDFC };
	uint8_t out[SMPP_HEADER_SIZE];

	(void)state;
	smpp_refusal(out, &request, SMPP_RSUBMITFAIL);
	assert_memory_equal(out, expected, sizeof(expected));
}

static void nack_keeps_the_sequence(void **state)
{
	static const uint8_t expected[] = { 0, 0, 0, 16, 0x80, 0,    0,    0,
		                            0, 0, 0, 2,  0x12, 0x34, 0x56, 0x78 };
	uint8_t out[SMPP_HEADER_SIZE];

	(void)state;
	smpp_nack(out, SMPP_RINVCMDLEN, 0x12345678);
	assert_memory_equal(out, expected, sizeof(expected));
}

/* What we write frames and decodes, as a peer would read it. */
static void responses_read_back(void **state)
{
	static const uint32_t ids[] = { SMPP_SUBMIT_SM,  SMPP_SUBMIT_MULTI, SMPP_DATA_SM,
		                        SMPP_REPLACE_SM, SMPP_BROADCAST_SM, SMPP_DELIVER_SM };
	uint8_t out[SMPP_HEADER_SIZE];
	struct smpp_header h;
	struct smpp_message m;

	(void)state;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct smpp_header request = { .command_id = ids[i], .sequence = i };
		smpp_refusal(out, &request, SMPP_RINVSRCADR);
		assert_int_equal(smpp_frame(out, 16, 16, &h), FRAME_WHOLE);
		assert_int_equal(h.sequence, i);
		assert_int_equal(h.command_status, SMPP_RINVSRCADR);
		assert_int_equal(smpp_decode(&m, out, 16), 0);
		assert_int_equal(m.kind, SMPP_KIND_RESPONSE);
	}
}

/* Accepted: the body that each command's response has, so that a client takes it. */
static void acceptance_has_its_body(void **state)
{
	static const struct {
		uint32_t id, body;
	} rows[] = { { SMPP_SUBMIT_SM, 17 }, { SMPP_SUBMIT_MULTI, 18 },
		     { SMPP_DATA_SM, 17 },   { SMPP_BROADCAST_SM, 17 },
		     { SMPP_REPLACE_SM, 0 }, { SMPP_DELIVER_SM, 1 } };
	uint8_t out[SMPP_ACCEPTED_MAX];
	struct smpp_header h;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct smpp_header request = { .command_id = rows[i].id, .sequence = 7 };
		memset(out, 0xff, sizeof(out)); /* or it would have the id of the row before */
		const uint32_t len = smpp_accepted(out, &request, 0x0123456789abcdef);

		assert_int_equal(len, 16 + rows[i].body);
		assert_int_equal(smpp_frame(out, len, len, &h), FRAME_WHOLE);
		assert_int_equal(h.command_id, rows[i].id | SMPP_RESPONSE);
		assert_int_equal(h.command_status, 0);
		assert_int_equal(h.sequence, 7);
		if (rows[i].body >= 17)
			assert_string_equal((char *)out + 16, "0123456789abcdef");
		if (rows[i].body != 0)
			assert_int_equal(out[len - 1], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acceptance_has_its_body),
		cmocka_unit_test(refusal_answers_its_request),
		cmocka_unit_test(nack_keeps_the_sequence),
		cmocka_unit_test(responses_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
