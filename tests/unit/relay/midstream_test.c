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

/* A frame from an end through a second link. What leaves there: how many frames to each end,
 * of them RST. */
static void over_second_link(struct rig *r, int from, struct seg s, unsigned sent[2],
                             unsigned resets[2])
{
	struct worker *w = r->worker;
	uint8_t frame[WIRE_MAX];
	const uint32_t len = rig_build(r, from, s, frame);
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);
	struct seg out;

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	worker_begin(w, r->now);
	worker_take(w, 1, (enum side)from, &m, 1);
	worker_input(w, 1);
	worker_finish(w);
	for (unsigned to = 0; to < 2; to++) {
		struct tcp_tx *tx = &w->tx[2 + to];
		sent[to] = tx->n;
		resets[to] = 0;
		for (unsigned i = 0; i < tx->n; i++) {
			m = tx->mbufs[i];
			assert_null(frame_read(&r->path, !to, rte_pktmbuf_mtod(m, uint8_t *),
			                       m->data_len, &out));
			resets[to] += (out.flags & RST) != 0;
			rte_pktmbuf_free(m);
		}
		tx->n = 0;
	}
}

static struct rig *of_two_links(void (*change)(struct settings *))
{
	struct rig *r = rig_open(rig_buffers, change);

	r->ports.n_links = 2;
	r->worker->policy[1] = r->worker->policy[0];
	r->worker->policy[1].link = 1;
	return r;
}

static void pass(struct settings *settings) { settings->midstream = MIDSTREAM_PASS; }

/* A link aggregation whose switches choose otherwise for the way back: neither link sees a
 * whole connection, and it is counted why. */
static void of_another_link(void **state)
{
	struct rig *r = of_two_links(NULL);
	struct seg syn_ack = rig_syn(r, SMSC);
	unsigned sent[2], resets[2];

	(void)state;
	syn_ack.flags = SYN | ACK;
	over_second_link(r, SMSC, syn_ack, sent, resets);
	assert_int_equal(rig_counter(r, COUNTER_OTHER_LINK), 0); /* of none that is known */
	rig_send(r, ESME, rig_syn(r, ESME));
	over_second_link(r, SMSC, syn_ack, sent, resets);
	assert_int_equal(resets[SMSC], 1);
	assert_int_equal(rig_counter(r, COUNTER_OTHER_LINK), 1);
	rig_quiet(r);
	rig_handshake(r); /* over the first it goes */
	assert_non_null(rig_relay(r));
	rig_stream(32);
	over_second_link(r, SMSC, rig_text(0, 32, 1000), sent, resets);
	assert_int_equal(resets[SMSC], 1);
	assert_int_equal(rig_counter(r, COUNTER_OTHER_LINK), 2);
	assert_int_equal(rig_counter(r, COUNTER_MIDSTREAM), 3);
	assert_int_equal(rig_counter(r, COUNTER_UNSCREENED), 0);
	rig_close(r);
}

/* What crosses unread is counted. */
static void passes_counted(void **state)
{
	struct rig *r = of_two_links(pass);
	unsigned sent[2], resets[2];

	(void)state;
	rig_stream(32);
	rig_send(r, ESME, rig_text(640, 32, 1000));
	assert_int_equal(rig_said(r, SMSC)->len, 32);
	assert_int_equal(rig_counter(r, COUNTER_UNSCREENED), 1);
	assert_int_equal(rig_counter(r, COUNTER_PASSED_FRAMES), 1);
	rig_send(r, ESME, rig_syn(r, ESME));
	struct seg syn_ack = rig_syn(r, SMSC);
	syn_ack.flags = SYN | ACK;
	over_second_link(r, SMSC, syn_ack, sent, resets);
	assert_int_equal(sent[ESME], 1);
	assert_int_equal(resets[ESME] + sent[SMSC], 0);
	assert_int_equal(rig_counter(r, COUNTER_OTHER_LINK), 1);
	assert_int_equal(rig_counter(r, COUNTER_UNSCREENED), 2);
	assert_int_equal(rig_counter(r, COUNTER_MIDSTREAM), 0);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_reset),
		                            cmocka_unit_test(its_rst_goes_on),
		                            cmocka_unit_test(and_reconnects),
		                            cmocka_unit_test(of_another_link),
		                            cmocka_unit_test(passes_counted) };

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
