/* SPDX-License-Identifier: Apache-2.0 */
/* A connection whose start we did not see could carry messages past us unread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

/* RFC 9293 section 3.10.7.1: its segment is answered with a RST that its sender believes,
 * and none of its octets reaches the other end, which is reset as well. */
static void is_reset(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_stream(32);
	for (int from = ESME; from <= SMSC; from++) {
		struct seg s = rig_text(640, 32, 1000);

		s.ack = 4711;
		rig_send(r, from, s);
		const struct seg *said = rig_said(r, from);
		assert_non_null(said);
		assert_true(said->flags & RST);
		assert_int_equal(said->seq, 4711);
		assert_int_equal(said->len, 0);
		/* And a bare ACK, which draws the right number out of it: no octets. */
		unsigned resets = 0;
		while ((said = rig_said(r, !from)) != NULL) {
			resets += (said->flags & RST) != 0;
			assert_int_equal(said->len, 0);
		}
		assert_int_equal(resets, 1);
		rig_quiet(r);
	}
	assert_int_equal(rig_counter(r, COUNTER_MIDSTREAM), 2);
	assert_null(rig_relay(r));
	rig_close(r);
}

/* RST in any state is passed on: an end that died while we restarted tells the other one. */
static void its_rst_goes_on(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	for (int from = ESME; from <= SMSC; from++) {
		rig_send(r, from, (struct seg){ .seq = 640, .flags = RST });
		const struct seg *said = rig_said(r, !from);
		assert_non_null(said);
		assert_int_equal(said->flags & RST, RST);
		assert_int_equal(said->seq, 640);
		assert_null(rig_said(r, !from));
		assert_null(rig_said(r, from));
	}
	rig_close(r);
}

/* Its ends reconnect at once: nothing of it stays here. */
static void and_reconnects(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_stream(32);
	rig_send(r, ESME, rig_text(640, 32, 1000));
	rig_quiet(r);
	rig_handshake(r);
	assert_non_null(rig_relay(r));
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_reset),
		                            cmocka_unit_test(its_rst_goes_on),
		                            cmocka_unit_test(and_reconnects) };

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
