/* SPDX-License-Identifier: Apache-2.0 */
/* Draining: what is quiet and unedited goes back to its ends, who never notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

static struct rig *connected(void)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	rig_draining = false;
	r->offer[ESME].no_ts = r->offer[SMSC].no_ts = true;
	rig_stream(16);
	rig_handshake(r);
	return r;
}

static void start_drain(struct rig *r)
{
	rig_draining = true;
	rig_wait(r, 3);
	rig_quiet(r);
}

static struct seg ack(uint32_t seq, uint32_t number)
{
	return (struct seg){ .seq = seq, .ack = number, .window = 60000 };
}

/* One PDU crosses plainly: same numbers, same octets, and nobody else answers it. */
static void assert_plain(struct rig *r, uint32_t seq, uint32_t number)
{
	struct seg s = rig_text(seq, 16, 0);

	s.ack = number;
	rig_quiet(r);
	rig_send(r, ESME, s);
	rig_wait(r, 30);
	const struct seg *out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->seq, seq);
	assert_int_equal(out->ack, number);
	assert_int_equal(out->len, 16);
	assert_memory_equal(out->payload, rig_octets + seq, 16);
	assert_null(rig_said(r, ESME));
}

static void a_quiet_connection_goes_back(void **state)
{
	struct rig *r = connected();

	(void)state;
	rig_send(r, ESME, rig_text(0, 16, 0));
	rig_wait(r, 20);
	rig_send(r, SMSC, ack(0, 16));
	start_drain(r);
	assert_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_DRAINED), 1);
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_CLOSED), 1);
	assert_plain(r, 16, 0);
	rig_send(r, SMSC, ack(0, 32));
	const struct seg *out = rig_said(r, ESME);
	assert_non_null(out);
	assert_int_equal(out->ack, 32);
	rig_close(r);
}

/* In the middle of something: when it is done, not before. */
static void what_is_under_way_is_waited_for(void **state)
{
	struct rig *r = connected();

	(void)state;
	rig_send(r, ESME, rig_text(0, 8, 0)); /* half a PDU */
	start_drain(r);
	assert_non_null(rig_relay(r));
	rig_send(r, ESME, rig_text(8, 8, 0)); /* whole, and on its way */
	rig_wait(r, 20);
	assert_non_null(rig_relay(r));
	rig_send(r, SMSC, ack(0, 16)); /* arrived */
	rig_wait(r, 3);
	assert_null(rig_relay(r));
	rig_close(r);
}

/* Edited: the numbers of its two legs are not the same any more. */
static void what_was_edited_stays(void **state)
{
	struct rig *r = connected();
	struct leg *l = &rig_relay(r)->leg[ESME];

	(void)state;
	l->rcv_nxt += 60; /* a refused PDU was cut */
	l->rcv_acked += 60;
	start_drain(r);
	rig_wait(r, 1000);
	assert_non_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_DRAINED), 0);
	l->rcv_nxt -= 60;
	l->rcv_acked -= 60;
	rig_wait(r, 3);
	assert_null(rig_relay(r));
	rig_close(r);
}

static void new_ones_cross_plainly_until_it_ends(void **state)
{
	struct rig *r = connected();

	(void)state;
	start_drain(r);
	r->path.port[ESME] = 41000;
	rig_send(r, ESME, rig_syn(r, ESME));
	assert_non_null(rig_said(r, SMSC));
	assert_int_equal(flow_count(r->worker->embryos), 0);
	rig_send(r, ESME, ack(0, 0));
	assert_non_null(rig_said(r, SMSC));
	assert_null(rig_relay(r));
	assert_plain(r, 0, 0);
	rig_draining = false;
	rig_send(r, ESME, rig_text(16, 16, 0)); /* unseen now: reset, by default */
	const struct seg *out = rig_said(r, ESME);
	assert_non_null(out);
	assert_true(out->flags & RST);
	rig_quiet(r);
	r->path.port[ESME] = 41001;
	rig_handshake(r);
	assert_non_null(rig_relay(r));
	rig_close(r);
}

/* Many: all of them, a few slots a turn. */
static void all_of_them(void **state)
{
	struct rig *r = connected();

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		r->path.port[ESME] = (uint16_t)(30000 + i);
		rig_handshake(r);
	}
	rig_wait(r, 20);
	rig_draining = true;
	rig_wait(r, 10);
	assert_int_equal(flow_count(r->worker->flows), 0);
	assert_int_equal(rig_counter(r, COUNTER_DRAINED), 61);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_connection_goes_back),
		cmocka_unit_test(what_is_under_way_is_waited_for),
		cmocka_unit_test(what_was_edited_stays),
		cmocka_unit_test(new_ones_cross_plainly_until_it_ends),
		cmocka_unit_test(all_of_them),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
