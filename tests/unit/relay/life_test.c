/* SPDX-License-Identifier: Apache-2.0 */
/* How connections end, and what they may take while they live. */
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

static struct seg fin(uint32_t seq, uint32_t ack)
{
	return (struct seg){ .seq = seq, .ack = ack, .flags = FIN | ACK, .window = 60000 };
}

static struct seg ack(uint32_t seq, uint32_t number, uint16_t window)
{
	return (struct seg){ .seq = seq, .ack = number, .window = window };
}

static bool said_fin(struct rig *r, int to)
{
	bool found = false;

	for (const struct seg *s; (s = rig_said(r, to)) != NULL;)
		found |= (s->flags & FIN) != 0;
	return found;
}

/* RFC 9293 section 3.6, case 3: both FINs are under way at once. */
static void both_close_at_once(void **state)
{
	struct rig *r = connected(NULL);

	(void)state;
	rig_send(r, ESME, fin(0, 0));
	assert_true(said_fin(r, SMSC));
	rig_send(r, SMSC, fin(0, 0)); /* it has not seen the other yet */
	assert_true(said_fin(r, ESME));
	rig_send(r, ESME, ack(1, 1, 60000));
	assert_int_equal(rig_relay(r)->state, RELAY_OPEN);
	rig_send(r, SMSC, ack(1, 1, 60000));
	assert_int_equal(rig_relay(r)->state, RELAY_LINGER);
	rig_quiet(r);
	rig_send(r, SMSC, fin(0, 1)); /* its ACK was lost: answered while we linger */
	const struct seg *s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_int_equal(s->ack, 1);
	rig_wait(r, 10100);
	assert_null(rig_relay(r)); /* lingering is bounded */
	rig_close(r);
}

/* RFC 9293 section 3.6: half-closed, the other direction goes on as long as it likes. */
static void half_closed_either_way(void **state)
{
	for (int first = ESME; first <= SMSC; first++) {
		struct rig *r = connected(NULL);

		(void)state;
		struct seg last = rig_text(0, 16, 0); /* FIN with text */
		last.flags = FIN | ACK;
		rig_send(r, first, last);
		assert_true(said_fin(r, !first));
		for (uint32_t i = 0; i < 5; i++) {
			struct seg s = rig_text(i * 16, 16, 0);
			s.ack = 17;
			rig_wait(r, 1000);
			rig_quiet(r);
			rig_send(r, !first, s);
			const struct seg *out = rig_said(r, first);
			assert_non_null(out);
			assert_int_equal(out->len, 16);
			rig_send(r, first, ack(17, i * 16 + 16, 60000));
			rig_quiet(r);
		}
		assert_false(said_fin(r, first));
		rig_send(r, !first, fin(80, 17));
		assert_true(said_fin(r, first));
		rig_send(r, first, ack(17, 81, 60000));
		assert_int_equal(rig_relay(r)->state, RELAY_LINGER);
		rig_close(r);
	}
}

/* RFC 9293 section 3.8.4: a keep-alive is an old number with nothing or one octet. */
static struct seg keep_alive(uint32_t len)
{
	struct seg s = ack(UINT32_MAX, 0, 60000);

	s.len = len;
	s.payload = rig_octets;
	return s;
}

static void keep_alives_are_answered_by_the_other_end(void **state)
{
	struct rig *r = connected(NULL);

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		const int end = i % 3 ? ESME : SMSC;
		rig_send(r, end, keep_alive(i % 2));
		assert_null(rig_said(r, end));
		const struct seg *out = rig_said(r, !end);
		assert_non_null(out);
		assert_int_equal(out->seq, UINT32_MAX);
		assert_int_equal(out->len, 0);
		rig_send(r, !end, ack(0, 0, 60000));
		out = rig_said(r, end);
		assert_non_null(out);
		assert_int_equal(out->ack, 0);
		assert_null(rig_said(r, !end));
	}
	rig_close(r);
}

/* Nobody is told that an end lives which is silent. */
static void a_dead_end_answers_no_keep_alive(void **state)
{
	struct rig *r = connected(NULL);

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		rig_send(r, ESME, keep_alive(0));
		rig_wait(r, 75000);
		assert_null(rig_said(r, ESME));
		assert_non_null(rig_said(r, SMSC));
	}
	rig_close(r);
}

/* A dead peer: what was sent to it is not answered, rto_limit says when to give up. */
static void few_tries(struct settings *s)
{
	s->rto_limit = 3;
	s->rto_max = 1000;
}

static void a_dead_peer_is_given_up(void **state)
{
	struct rig *r = connected(few_tries);
	unsigned waited = 0;

	(void)state;
	rig_send(r, ESME, rig_text(0, 16, 0));
	for (; rig_relay(r) != NULL && waited < 60; waited++) {
		rig_wait(r, 1000);
		r->at_said[SMSC] = r->n_said[SMSC];
	}
	assert_in_range(waited, 2, 10);
	bool rst = false;
	for (const struct seg *s; (s = rig_said(r, ESME)) != NULL;)
		rst |= (s->flags & RST) != 0;
	assert_true(rst);
	rig_close(r);
}

static void short_limits(struct settings *s)
{
	s->idle_limit = 60;
	s->pdu_limit = 5;
}

static void a_silent_connection_is_forgotten(void **state)
{
	struct rig *r = connected(short_limits);

	(void)state;
	rig_wait(r, 59000);
	assert_non_null(rig_relay(r));
	rig_wait(r, 2100);
	assert_null(rig_relay(r));
	assert_true(rig_said(r, ESME)->flags & RST);
	assert_true(rig_said(r, SMSC)->flags & RST);
	rig_close(r);
}

/* An octet a second: each is progress, and the PDU never ends. */
static void a_pdu_that_drips_is_cut_off(void **state)
{
	struct rig *r = connected(short_limits);
	uint32_t seq = 0;

	(void)state;
	rig_stream(200);
	for (; rig_relay(r) != NULL && seq < 100; seq++) {
		rig_send(r, ESME, rig_text(seq, 1, 0));
		rig_wait(r, 1000);
		rig_quiet(r);
	}
	assert_in_range(seq, 5, 7);
	assert_int_equal(rig_counter(r, COUNTER_PDU_LATE), 1);
	rig_close(r);
}

/* PDUs that end in time, each at its own slow pace, are nobody's harm. */
static void slow_but_whole_pdus_live(void **state)
{
	struct rig *r = connected(short_limits);

	(void)state;
	for (uint32_t seq = 0; seq < 16 * 20; seq += 8) {
		rig_send(r, ESME, rig_text(seq, 8, 0));
		rig_wait(r, 2000);
		rig_send(r, SMSC, ack(0, (seq + 8) / 16 * 16, 60000));
		rig_quiet(r);
	}
	assert_non_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_PDU_LATE), 0);
	rig_close(r);
}

/* The ESME's window is closed while octets for it come: they wait, and go when it opens. */
static void octets_wait_for_a_closed_window(void **state)
{
	struct rig *r = connected(NULL);
	uint32_t len = 0;

	(void)state;
	rig_send(r, ESME, ack(0, 0, 0));
	rig_send(r, SMSC, rig_text(0, 16, 0));
	for (const struct seg *s; (s = rig_said(r, ESME)) != NULL;)
		assert_int_equal(s->len, 0);
	assert_int_equal(rig_relay(r)->leg[ESME].out.octets, 16);
	rig_send(r, ESME, ack(0, 0, 7500));
	for (const struct seg *s; (s = rig_said(r, ESME)) != NULL;)
		len += s->len;
	assert_int_equal(len, 16);
	rig_close(r);
}

/* A window that opened unheard is found: its end is asked, more and more seldom. */
static void a_closed_window_is_probed(void **state)
{
	struct rig *r = connected(NULL);

	(void)state;
	rig_send(r, ESME, ack(0, 0, 0));
	rig_send(r, SMSC, rig_text(0, 16, 0));
	rig_quiet(r);
	rig_wait(r, 5000);
	const uint64_t probes = rig_counter(r, COUNTER_TCP_ZERO_WINDOW_PROBE);
	assert_in_range(probes, 2, 10);
	for (uint64_t i = 0; i < probes; i++)
		assert_non_null(rig_said(r, ESME));
	assert_null(rig_said(r, ESME));
	rig_close(r);
}

/* Buffers are short. The one that hoards is held to its share; the modest one lives, and
 * a newcomer gets less than either. */
static void the_greedy_suffer_first(void **state)
{
	struct rig *r = rig_open(rig_small, NULL);
	uint32_t held = 0;

	(void)state;
	r->offer[ESME].no_ts = r->offer[SMSC].no_ts = true;
	r->offer[SMSC].window = 0; /* an SMSC that reads nothing */
	rig_stream(1000);
	rig_handshake(r);
	r->path.port[ESME] = 40001;
	r->offer[SMSC].window = 60000;
	rig_handshake(r);
	rig_wait(r, 11000);
	r->path.port[ESME] = 40000;
	rig_quiet(r);
	for (uint32_t i = 0; i < 200; i++) {
		rig_stream(1000);
		struct seg s = rig_text(0, 1000, 0);
		s.seq = i * 1000;
		rig_send(r, ESME, s);
		rig_quiet(r);
	}
	held = rig_relay(r)->leg[SMSC].out.segments;
	/* (127 - 7 - held) / 4 = held: a fifth. */
	assert_in_range(held, 20, 30);
	assert_true(rig_counter(r, COUNTER_SHARE_EXCEEDED) > 0);
	r->path.port[ESME] = 40001; /* the modest one */
	rig_stream(16);
	for (uint32_t i = 0; i < 5; i++) {
		rig_quiet(r);
		rig_send(r, ESME, rig_text(i * 16, 16, 0));
		const struct seg *s = rig_said(r, SMSC);
		assert_non_null(s);
		assert_int_equal(s->len, 16);
	}
	rig_close(r);
}

/* While the reserve is touched: known ones live on little, no attempt begins. */
static void newcomers_wait_while_buffers_are_scarce(void **state)
{
	struct rte_mbuf *grabbed[128];
	struct rig *r = rig_open(rig_small, NULL);
	unsigned n = 0;

	(void)state;
	r->offer[ESME].no_ts = r->offer[SMSC].no_ts = true;
	rig_stream(16);
	rig_handshake(r);
	rig_wait(r, 11000);
	while (rte_mempool_avail_count(rig_small) > rig_small->size / 8 - 2)
		grabbed[n++] = rte_pktmbuf_alloc(rig_small);
	rig_send(r, ESME, rig_text(0, 16, 0));
	rig_wait(r, 70);
	rig_quiet(r);
	rig_send(r, ESME, rig_text(16, 16, 0)); /* notices, and is served */
	assert_non_null(rig_said(r, SMSC));
	rig_quiet(r);
	r->path.port[ESME] = 40001;
	for (unsigned i = 0; i < 100; i++)
		rig_send(r, ESME, rig_syn(r, ESME));
	assert_true(rig_counter(r, COUNTER_SCARCE_SYN) > 30);
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_FULL), 0);
	rte_pktmbuf_free_bulk(grabbed, n);
	rig_wait(r, 1000);
	rig_quiet(r);
	for (unsigned i = 0; i < 70 && rig_said(r, SMSC) == NULL; i++) {
		r->path.port[ESME] = 40000; /* a turn that looks at the pool */
		rig_send(r, ESME, rig_text(0, 16, 0));
		rig_quiet(r);
		r->path.port[ESME] = 40001;
		rig_send(r, ESME, rig_syn(r, ESME));
	}
	assert_int_equal(flow_count(r->worker->embryos), 1);
	rig_close(r);
}

/* After a restart: both ends get a RST; where the number may not be the right one (the
 * streams had drifted), an ACK draws it, and the answer is reset exactly. */
static void an_unseen_connection_is_reset(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_stream(16);
	struct seg s = rig_text(160, 16, 0);
	s.ack = 32;
	rig_send(r, ESME, s);
	const struct seg *out = rig_said(r, ESME);
	assert_non_null(out);
	assert_true(out->flags & RST);
	assert_int_equal(out->seq, 32);
	out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_true(out->flags & RST);
	assert_int_equal(out->seq, 160);
	out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->flags, ACK);
	rig_send(r, SMSC, ack(100, 96, 500)); /* the SMSC's next number is 96 */
	out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->flags, RST);
	assert_int_equal(out->seq, 96);
	assert_int_equal(rig_counter(r, COUNTER_MIDSTREAM), 2);
	rig_quiet(r);
	rig_send(r, ESME, (struct seg){ .seq = 4, .flags = RST }); /* a RST draws nothing */
	assert_null(rig_said(r, ESME));
	rig_close(r);
}

static void pass_unseen(struct settings *s) { s->midstream = MIDSTREAM_PASS; }

static void an_unseen_connection_passes_by_setting(void **state)
{
	struct rig *r = rig_open(rig_buffers, pass_unseen);

	(void)state;
	rig_stream(16);
	rig_send(r, ESME, rig_text(160, 16, 0));
	const struct seg *out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->len, 16);
	assert_int_equal(out->seq, 160);
	assert_int_equal(rig_counter(r, COUNTER_PASSED_FRAMES), 1);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_close_at_once),
		cmocka_unit_test(half_closed_either_way),
		cmocka_unit_test(keep_alives_are_answered_by_the_other_end),
		cmocka_unit_test(a_dead_end_answers_no_keep_alive),
		cmocka_unit_test(a_dead_peer_is_given_up),
		cmocka_unit_test(a_silent_connection_is_forgotten),
		cmocka_unit_test(a_pdu_that_drips_is_cut_off),
		cmocka_unit_test(slow_but_whole_pdus_live),
		cmocka_unit_test(octets_wait_for_a_closed_window),
		cmocka_unit_test(a_closed_window_is_probed),
		cmocka_unit_test(the_greedy_suffer_first),
		cmocka_unit_test(newcomers_wait_while_buffers_are_scarce),
		cmocka_unit_test(an_unseen_connection_is_reset),
		cmocka_unit_test(an_unseen_connection_passes_by_setting),
	};

	return cmocka_run_group_tests(tests, rig_start_small, NULL);
}
