/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frame.h"
#include "guard.h"
#include "pdu.h"

static enum frame_result frame(const void *octets, size_t len, struct smpp_header *h)
{
	memset(h, 0xAA, sizeof(*h)); /* a field that is not set is seen */
	return smpp_frame(guard_end(octets, len), len, len, h);
}

/* Every prefix is MORE, with what is known so far; the whole is WHOLE. */
static void every_prefix(void **state)
{
	static struct pdu p;
	struct smpp_header h;

	(void)state;
	pdu_submit(&p, 0, 0, "a text", 6);
	for (size_t n = 0; n < p.len; n++) {
		assert_int_equal(frame(p.octets, n, &h), FRAME_MORE);
		assert_int_equal(h.length, n >= 4 ? p.len : 0);
		assert_int_equal(h.command_id, n >= 8 ? SMPP_SUBMIT_SM : 0);
		assert_int_equal(h.command_status, 0);
		assert_int_equal(h.sequence, n >= 16 ? 0xFFFFFFFE : 0);
	}
	assert_int_equal(frame(p.octets, p.len, &h), FRAME_WHOLE);
	assert_int_equal(h.sequence, 0xFFFFFFFE);
}

/* Only the header is contiguous: what counts is what the stream holds. */
static void header_alone_of_a_stream(void **state)
{
	static struct pdu p;
	struct smpp_header h;

	(void)state;
	pdu_submit(&p, 0, 0, "a text", 6);
	const uint8_t *at = guard_end(p.octets, SMPP_HEADER_SIZE);
	assert_int_equal(smpp_frame(at, 16, p.len - 1, &h), FRAME_MORE);
	assert_int_equal(smpp_frame(at, 16, p.len, &h), FRAME_WHOLE);
	assert_int_equal(smpp_frame(at, 16, p.len + 99, &h), FRAME_WHOLE);
	assert_int_equal(h.length, p.len);
	assert_int_equal(h.command_id, SMPP_SUBMIT_SM);
}

static void lengths_at_the_bounds(void **state)
{
	static const struct {
		uint32_t length;
		enum frame_result with_header;
	} rows[] = {
		{ 0, FRAME_BAD },
		{ 1, FRAME_BAD },
		{ 15, FRAME_BAD },
		{ 16, FRAME_WHOLE },
		{ 17, FRAME_MORE },
		{ 65536, FRAME_MORE },
		{ SMPP_PDU_MAX, FRAME_MORE },
		{ SMPP_PDU_MAX + 1, FRAME_BAD },
		{ 0x7FFFFFFF, FRAME_BAD },
		{ 0x80000000, FRAME_BAD },
		{ 0x80000010, FRAME_BAD },
		{ UINT32_MAX, FRAME_BAD },
	};
	struct smpp_header h;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct pdu p;
		pdu_header(&p, SMPP_ENQUIRE_LINK, 0, 7);
		p.len = 0;
		pdu_u32(&p, rows[i].length);

		/* The length is judged as soon as it is there, the rest unseen. */
		for (size_t n = 0; n < 16; n++) {
			const bool bad = n >= 4 && rows[i].with_header == FRAME_BAD;
			assert_int_equal(frame(p.octets, n, &h), bad ? FRAME_BAD : FRAME_MORE);
			assert_int_equal(h.sequence, 0);
		}
		assert_int_equal(frame(p.octets, 16, &h), rows[i].with_header);
		assert_int_equal(h.length, rows[i].length);
		assert_int_equal(h.sequence, 7);
	}
}

/* What other protocols begin with is no length of ours (traps 14). */
static void other_protocols(void **state)
{
	static const char *const starts[] = {
		"HTTP/1.1 200 OK\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls hello",
	};
	struct smpp_header h;

	(void)state;
	for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		assert_int_equal(frame(starts[i], 4, &h), FRAME_BAD);
		assert_int_equal(frame(starts[i], 16, &h), FRAME_BAD);
	}
	assert_int_equal(frame("HTTP", 4, &h), FRAME_BAD);
	assert_int_equal(h.length, 1213486160);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(header_alone_of_a_stream),
		cmocka_unit_test(lengths_at_the_bounds),
		cmocka_unit_test(other_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
