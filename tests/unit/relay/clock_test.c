/* SPDX-License-Identifier: Apache-2.0 */
/* The system clock jumps: validity times follow it, timers do not notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

#define DAY INT64_C(86400)

static void jumps(int64_t seconds)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	r->unix_offset = INT64_C(1700000000000000);
	rig_handshake(r);
	rig_stream(16);
	rig_send(r, ESME, rig_text(0, 16, 1000)); /* which the SMSC does not acknowledge */
	rig_quiet(r);
	const uint32_t before = worker_seconds(r->worker);
	const uint64_t timer = rig_relay(r)->leg[SMSC].rto_at;
	assert_int_not_equal(timer, 0);
	r->unix_offset += seconds * 1000000;
	rig_wait(r, 2);
	const int64_t moved = (int64_t)worker_seconds(r->worker) - before;
	assert_in_range(moved - seconds + 1, 1, 2); /* a second may have turned */
	assert_int_equal(rig_relay(r)->leg[SMSC].rto_at, timer);
	assert_int_equal(rig_counter(r, COUNTER_TCP_RTO), 0);
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_CLOSED), 0);
	rig_wait(r, 3000);
	assert_true(rig_counter(r, COUNTER_TCP_RTO) > 0); /* the timer was a true one */
	rig_close(r);
}

static void forward(void **state)
{
	(void)state;
	jumps(30 * DAY);
}

static void backward(void **state)
{
	(void)state;
	jumps(-30 * DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(forward),
		                            cmocka_unit_test(backward) };

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
