/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of a screened port that are not SMPP from their first octets on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

static struct rig *connected(void (*change)(struct settings *))
{
	struct rig *r = rig_open(rig_buffers, change);

	r->offer[ESME].no_ts = r->offer[SMSC].no_ts = true;
	rig_stream(16);
	rig_handshake(r);
	return r;
}

static const uint8_t hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 9, 9, 9, 9, 9 };

static struct seg tls(void)
{
	return (struct seg){ .window = 60000, .payload = hello, .len = sizeof(hello) };
}

/* TLS where SMPP is expected: reset at once, both ends, nothing crosses. */
static void tls_is_reset(void **state)
{
	struct rig *r = connected(NULL);

	(void)state;
	rig_send(r, ESME, tls());
	for (int end = ESME; end <= SMSC; end++) {
		const struct seg *s = rig_said(r, end);
		assert_non_null(s);
		assert_true(s->flags & RST);
		assert_int_equal(s->len, 0);
		assert_null(rig_said(r, end));
	}
	assert_int_equal(rig_counter(r, COUNTER_NON_SMPP), 1);
	assert_null(rig_relay(r));
	rig_close(r);
}

static void pass_foreign(struct settings *s) { s->non_smpp = NON_SMPP_PASS; }

/* Or passed, by setting: both ways, octet for octet, and counted. */
static void tls_is_passed_by_setting(void **state)
{
	struct rig *r = connected(pass_foreign);

	(void)state;
	for (int from = ESME; from <= SMSC; from++) {
		struct seg s = tls();
		s.ack = from == SMSC ? sizeof(hello) : 0;
		rig_quiet(r);
		rig_send(r, from, s);
		const struct seg *out = rig_said(r, !from);
		assert_non_null(out);
		assert_int_equal(out->len, sizeof(hello));
		assert_memory_equal(out->payload, hello, sizeof(hello));
	}
	assert_int_equal(rig_counter(r, COUNTER_NON_SMPP), 1);
	rig_close(r);
}

/* What the other end had begun to say might have become a PDU: it crosses too, at once, and
 * there is no limit to its time. */
static void begun_before_it_was_foreign(void **state)
{
	static const uint8_t begun[] = { 0, 0, 0, 16, 1, 2 };
	struct rig *r = connected(pass_foreign);

	(void)state;
	rig_send(r, ESME,
	         (struct seg){ .window = 60000, .payload = begun, .len = sizeof(begun) });
	assert_null(rig_said(r, SMSC));
	struct seg s = tls();
	rig_send(r, SMSC, s);
	rig_wait(r, 2);
	const struct seg *out = rig_said(r, SMSC);
	while (out != NULL && out->len == 0)
		out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->len, sizeof(begun));
	assert_memory_equal(out->payload, begun, sizeof(begun));
	for (int end = ESME; end <= SMSC; end++) {
		const uint32_t numbers[2] = { sizeof(begun), sizeof(hello) };
		rig_send(r, end,
		         (struct seg){
				 .seq = numbers[end], .ack = numbers[!end], .window = 60000 });
	}
	rig_wait(r, 70000);
	assert_int_equal(rig_counter(r, COUNTER_PDU_LATE), 0);
	assert_non_null(rig_relay(r));
	rig_close(r);
}

/* Never behind a PDU: that would be a way round the screener. */
static void framing_lost_later_never_passes(void **state)
{
	struct rig *r = connected(pass_foreign);
	struct seg s = tls();

	(void)state;
	rig_send(r, ESME, rig_text(0, 16, 0));
	rig_quiet(r);
	s.seq = 16;
	rig_send(r, ESME, s);
	for (const struct seg *out; (out = rig_said(r, SMSC)) != NULL;)
		assert_int_equal(out->len, 0);
	assert_int_equal(rig_counter(r, COUNTER_FRAMING_LOST), 1);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_is_reset),
		cmocka_unit_test(tls_is_passed_by_setting),
		cmocka_unit_test(begun_before_it_was_foreign),
		cmocka_unit_test(framing_lost_later_never_passes),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
