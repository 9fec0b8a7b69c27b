/* SPDX-License-Identifier: Apache-2.0 */
/* The receive half of a leg, rule by rule, each named with its RFC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

static void assert_ack(struct rig *r, int to, uint32_t ack)
{
	const struct seg *s = rig_said(r, to);

	assert_non_null(s);
	assert_int_equal(s->flags & (ACK | SYN | RST | FIN), ACK);
	assert_int_equal(s->ack, ack);
	assert_int_equal(s->len, 0);
}

/* RFC 5961 section 3.2: a RST counts at the next number only; in the window it is
 * challenged, outside it is silence. */
static void a_rst_counts_at_the_next_number_only(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);

	(void)state;
	rig_send(r, ESME, (struct seg){ .seq = 1, .flags = RST });
	assert_ack(r, ESME, 0);
	rig_send(r, ESME, (struct seg){ .seq = UINT32_C(1) << 30, .flags = RST });
	rig_send(r, ESME, (struct seg){ .seq = UINT32_MAX, .flags = RST });
	assert_null(rig_said(r, ESME));
	assert_null(rig_said(r, SMSC));
	assert_non_null(rig_relay(r));
	rig_send(r, ESME, (struct seg){ .seq = 0, .flags = RST });
	const struct seg *s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_int_equal(s->flags & RST, RST);
	assert_int_equal(s->seq, 0);
	assert_null(rig_relay(r));
	rig_close(r);
}

/* RFC 9293 section 3.10.7.4: a window that has closed keeps no valid RST out, nor does what the
 * RST carries. */
static void a_rst_with_octets_counts_at_a_closed_window(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	const struct leg *l = &rig_relay(r)->leg[ESME];
	struct seg s = rig_text(0, 0, 0);

	(void)state;
	rig_stream(1000);
	while (l->rcv_adv != l->rcv_nxt) { /* the SMSC takes nothing */
		s.len = l->rcv_adv - l->rcv_nxt < 1000 ? l->rcv_adv - l->rcv_nxt : 1000;
		s.payload = rig_octets;
		rig_send(r, ESME, s);
		rig_quiet(r);
		s.seq += s.len;
	}
	s.flags = RST;
	s.len = 20;
	rig_send(r, ESME, s);
	assert_null(rig_relay(r));
	const struct seg *said = rig_said(r, SMSC);
	while (said != NULL && !(said->flags & RST))
		said = rig_said(r, SMSC);
	assert_non_null(said);
	assert_int_equal(said->len, 0);
	rig_close(r);
}

/* Some ends close and are killed: a FIN, and a RST of the same number. Kernels take it. */
static void a_rst_counts_at_the_number_of_a_fin(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);

	(void)state;
	rig_send(r, ESME, (struct seg){ .flags = RST, .seq = UINT32_MAX });
	assert_non_null(rig_relay(r));
	rig_send(r, ESME, (struct seg){ .flags = FIN, .window = 60000 });
	rig_quiet(r);
	rig_send(r, ESME, (struct seg){ .flags = RST });
	assert_null(rig_relay(r));
	const struct seg *said = rig_said(r, SMSC);
	assert_non_null(said);
	assert_int_equal(said->flags & RST, RST);
	assert_int_equal(said->seq, 1); /* behind its FIN */
	rig_close(r);
}

/* RFC 5961 section 4.2: a SYN on a live connection is challenged, whatever its number. */
static void a_syn_is_challenged(void **state)
{
	struct rig *r = rig_connected(NULL);
	static const uint32_t numbers[3] = { 0, 5, UINT32_C(1) << 30 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		rig_send(r, ESME,
		         (struct seg){ .seq = r->isn[ESME] + 1 + numbers[i], .flags = SYN });
		assert_ack(r, ESME, 0);
		assert_null(rig_said(r, SMSC));
	}
	assert_int_equal(rig_counter(r, COUNTER_TCP_CHALLENGE), 3);
	rig_close(r);
}

/* RFC 5961 section 5.2: an ACK of what was never sent, or of what lies further back than
 * any window reached, brings no text in. */
static void text_with_an_unbelievable_ack_is_dropped(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	static const uint32_t acks[3] = { 1, UINT32_C(1) << 30, UINT32_C(0) - 480001 };
	struct seg s = rig_text(0, 16, 0);

	(void)state;
	rig_stream(16);
	for (unsigned i = 0; i < 3; i++) {
		s.ack = acks[i];
		rig_send(r, ESME, s);
		assert_ack(r, ESME, 0);
		assert_null(rig_said(r, SMSC));
	}
	s.ack = UINT32_C(0) - 59999; /* within MAX.SND.WND: old, but it may be true */
	rig_send(r, ESME, s);
	const struct seg *out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->len, 16);
	rig_close(r);
}

/* RFC 5961 section 7: ten challenges in five seconds; retransmissions and keep-alives are
 * answered all the same, and the next five seconds begin anew. */
static void challenges_are_limited(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	unsigned answers = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		rig_send(r, ESME, (struct seg){ .seq = 1 + i, .flags = RST });
		while (rig_said(r, ESME) != NULL)
			answers++;
	}
	assert_int_equal(answers, CHALLENGE_MOST);
	assert_int_equal(rig_counter(r, COUNTER_TCP_CHALLENGE_LIMITED), 990);
	rig_stream(16);
	rig_send(r, ESME, rig_text(0, 16, 0));
	rig_wait(r, 20);
	rig_quiet(r);
	rig_send(r, ESME, rig_text(0, 16, 0)); /* retransmission */
	assert_ack(r, ESME, 16);
	rig_send(r, ESME, (struct seg){ .seq = 15, .window = 60000 }); /* keep-alive */
	assert_ack(r, ESME, 16);
	rig_wait(r, 5000);
	rig_quiet(r);
	rig_send(r, ESME, (struct seg){ .seq = 100, .flags = RST });
	assert_ack(r, ESME, 16);
	rig_close(r);
}

/* RFC 7323 section 5.3 R1, by each end's own clock. */
static void an_old_time_stamp_is_another_time(void **state)
{
	struct rig *r = rig_connected(NULL);

	(void)state;
	rig_stream(16);
	rig_send(r, SMSC,
	         rig_text(0, 16, 500000)); /* its clock says nothing about the other's */
	rig_send(r, ESME, rig_text(0, 16, 999));
	assert_null(rig_said(r, SMSC));
	assert_non_null(rig_said(r, ESME)); /* the SMSC's PDU */
	assert_ack(r, ESME, 0);
	rig_send(r, ESME, rig_text(0, 16, 1000));
	const struct seg *s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_int_equal(s->len, 16);
	assert_int_equal(s->ts_val, 1000);   /* the ESME's clock, */
	assert_int_equal(s->ts_ecr, 500000); /* and the SMSC's */
	rig_close(r);
}

/* An old stamp's ACK is not used either: the segment is of another time. */
static void an_old_time_stamp_acknowledges_nothing(void **state)
{
	struct rig *r = rig_connected(NULL);
	struct seg s = rig_text(0, 0, 999);

	(void)state;
	rig_stream(16);
	rig_send(r, SMSC, rig_text(0, 16, 1000));
	assert_int_equal(rig_relay(r)->leg[ESME].out.octets, 16);
	s.ack = 16;
	rig_send(r, ESME, s);
	assert_int_equal(rig_relay(r)->leg[ESME].out.octets, 16);
	s.ts_val = 1001;
	rig_send(r, ESME, s);
	assert_int_equal(rig_relay(r)->leg[ESME].out.octets, 0);
	rig_close(r);
}

/* RFC 7323 section 4.3: a delayed ACK echoes the first of the segments it covers. */
static void a_delayed_ack_echoes_the_first(void **state)
{
	struct rig *r = rig_connected(NULL);

	(void)state;
	rig_stream(16);
	rig_send(r, ESME, rig_text(0, 16, 2000));
	rig_wait(r, 1);
	rig_send(r, ESME, rig_text(16, 16, 2001));
	assert_null(rig_said(r, ESME));
	rig_wait(r, 20);
	const struct seg *s = rig_said(r, ESME);
	assert_non_null(s);
	assert_int_equal(s->ack, 32);
	assert_int_equal(s->ts_ecr, 2000);
	rig_close(r);
}

/* RFC 9293 section 3.8.6.3: an ACK waits, but not for the third full-sized segment. */
static void acks_are_delayed(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);

	(void)state;
	rig_stream(1460);
	rig_send(r, ESME, rig_text(0, 1460, 0));
	assert_null(rig_said(r, ESME));
	rig_send(r, ESME, rig_text(1460, 1460, 0));
	assert_ack(r, ESME, 2920);
	rig_send(r, ESME, rig_text(2920, 1460, 0));
	rig_wait(r, 5);
	assert_null(rig_said(r, ESME));
	rig_wait(r, 10);
	assert_ack(r, ESME, 4380);
	rig_close(r);
}

/* Half a PDU may wait for the rest that the sender's Nagle holds: no delay there. */
static void half_a_pdu_is_acknowledged_at_once(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);

	(void)state;
	rig_stream(100);
	rig_send(r, ESME, rig_text(0, 50, 0));
	assert_ack(r, ESME, 50);
	assert_null(rig_said(r, SMSC));
	rig_close(r);
}

static void scales(struct rig *r)
{
	r->offer[ESME].wscale = 7;
	r->offer[SMSC].wscale = 2;
}

static void no_scale(struct rig *r) { r->offer[SMSC].no_wscale = true; }

/* RFC 7323 section 2.2 and 2.3: what we say to an end is in units of the other's scale,
 * and without an offer of both there is none. */
static void windows_are_scaled(void **state)
{
	struct rig *r = rig_connected(scales);

	(void)state;
	rig_send(r, ESME, rig_text(100, 10, 1000));
	const struct seg *s = rig_said(r, ESME);
	assert_non_null(s);
	assert_in_range(s->window, 65000, 65535); /* 262,144 >> 2, less the ten */
	rig_send(r, SMSC, rig_text(100, 10, 1000));
	s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_in_range(s->window, 2046, 2048); /* 262,144 >> 7 */
	rig_close(r);
	r = rig_connected(no_scale);
	rig_send(r, ESME, rig_text(100, 10, 1000));
	s = rig_said(r, ESME);
	assert_non_null(s);
	assert_int_equal(s->window, 65535);
	assert_int_equal(rig_relay(r)->leg[ESME].snd_wnd, 60000);
	rig_close(r);
}

/* What lies behind gaps is bounded, counted, and the rest of the window is unharmed. */
static void the_store_behind_gaps_is_bounded(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);

	(void)state;
	rig_wait(r, NEWCOMER_US / 1000); /* its share of the buffers is a whole one now */
	for (uint32_t i = 0; i < LEG_RUNS_MAX + 10; i++) {
		rig_send(r, ESME, rig_text(1000 + i * 20, 10, 0));
		rig_quiet(r);
	}
	assert_int_equal(rig_relay(r)->leg[ESME].ooo.segments, LEG_RUNS_MAX);
	assert_int_equal(rig_counter(r, COUNTER_TCP_OOO_FULL), 10);
	rig_stream(1000);
	rig_send(r, ESME, rig_text(0, 1000, 0));
	assert_int_equal(rig_relay(r)->leg[ESME].rcv_nxt, r->isn[ESME] + 1 + 1010);
	rig_close(r);
}

/* The first segment of a full window is lost: nothing behind it is asked for again. */
static void a_window_behind_one_loss_is_kept(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	const uint32_t n = (uint32_t)r->settings.leg_buffer / 1448 - 1;

	(void)state;
	rig_stream(1448);
	rig_wait(r, NEWCOMER_US / 1000); /* its share of the buffers is a whole one now */
	for (uint32_t i = 1; i < n; i++) {
		rig_send(r, ESME, rig_text(i * 1448, 1448, 0));
		rig_quiet(r);
	}
	assert_int_equal(rig_relay(r)->leg[ESME].ooo.segments, n - 1);
	assert_int_equal(rig_counter(r, COUNTER_TCP_OOO_FULL), 0);
	rig_send(r, ESME, rig_text(0, 1448, 0));
	assert_int_equal(rig_relay(r)->leg[ESME].rcv_nxt, r->isn[ESME] + 1 + n * 1448);
	rig_close(r);
}

static void send_text(struct rig *r, uint32_t seq, const uint8_t *at, uint32_t len)
{
	struct seg s = rig_text(seq, len, 0);

	s.payload = at;
	rig_send(r, ESME, s);
}

/* All that was passed on to the SMSC, from its beginning. */
static uint32_t smsc_has(struct rig *r, uint8_t *out)
{
	uint32_t n = 0;

	for (const struct seg *s; (s = rig_said(r, SMSC)) != NULL;) {
		memcpy(out + s->seq, s->payload, s->len);
		n = s->seq + s->len > n ? s->seq + s->len : n;
	}
	return n;
}

/* Octets that came first stand, wherever they lie, and each conflict is counted. */
static void first_octets_win(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	uint8_t pdu[200], other[200], got[4096];

	(void)state;
	rig_pdu(pdu, 200);
	for (unsigned i = 16; i < 200; i++)
		pdu[i] = (uint8_t)i;
	memset(other, 'X', sizeof(other));
	send_text(r, 100, pdu + 100, 20); /* first */
	send_text(r, 90, other, 40);      /* around it, behind the gap: 90-99, 120-129 new */
	assert_int_equal(rig_counter(r, COUNTER_TCP_CONFLICT), 1);
	send_text(r, 105, other, 10); /* inside */
	assert_int_equal(rig_counter(r, COUNTER_TCP_CONFLICT), 2);
	send_text(r, 100, pdu + 100, 20); /* the same: no conflict */
	assert_int_equal(rig_counter(r, COUNTER_TCP_CONFLICT), 2);
	memcpy(pdu + 90, other, 10);
	memset(other, 'Y', sizeof(other));
	memcpy(other, pdu, 90);
	send_text(r, 0, other, 110); /* in order, and over what is stored */
	assert_int_equal(rig_counter(r, COUNTER_TCP_CONFLICT), 3);
	send_text(r, 10, other + 50, 30); /* over what waits undecided */
	assert_int_equal(rig_counter(r, COUNTER_TCP_CONFLICT), 4);
	const uint32_t have = rig_relay(r)->leg[ESME].rcv_nxt - r->isn[ESME] - 1;
	assert_true(have == 120 || have == 130);
	if (have == 130)
		memset(pdu + 120, 'X', 10);
	send_text(r, have, pdu + have, 200 - have);
	assert_int_equal(smsc_has(r, got), 200);
	assert_memory_equal(got, pdu, 200);
	rig_close(r);
}

/* RFC 6093 section 6: urgent octets are octets; the SMSC never sees the flag. */
static void urgent_is_no_way_round(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	struct seg s = rig_text(0, 32, 0);
	uint8_t got[4096];

	(void)state;
	rig_stream(32);
	s.flags = ACK | 32;
	rig_send(r, ESME, s);
	for (unsigned i = r->at_said[SMSC]; i < r->n_said[SMSC]; i++)
		assert_int_equal(r->said[SMSC][i].seg.flags & 32, 0);
	assert_int_equal(smsc_has(r, got), 32);
	assert_memory_equal(got, rig_octets, 32);
	rig_close(r);
}

/* RFC 9293 section 3.10.7.4, first check: beyond the window nothing is taken. */
static void beyond_the_window_nothing_is_taken(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	const struct leg *l = &rig_relay(r)->leg[ESME];

	(void)state;
	rig_send(r, ESME, (struct seg){ .seq = UINT32_MAX, .window = 60000 }); /* keep-alive */
	rig_send(r, SMSC, (struct seg){ .window = 60000 }); /* and what answers it */
	rig_quiet(r);
	const uint32_t edge = l->rcv_adv - l->rcv_nxt;
	rig_send(r, ESME, rig_text(edge, 10, 0));
	assert_ack(r, ESME, 0);
	assert_int_equal(l->ooo.octets, 0);
	rig_send(r, ESME, rig_text(edge - 4, 10, 0));
	assert_int_equal(l->ooo.octets, 4);
	assert_int_equal(rig_counter(r, COUNTER_TCP_OUT_OF_WINDOW), 1);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rst_counts_at_the_next_number_only),
		cmocka_unit_test(a_rst_with_octets_counts_at_a_closed_window),
		cmocka_unit_test(a_rst_counts_at_the_number_of_a_fin),
		cmocka_unit_test(a_syn_is_challenged),
		cmocka_unit_test(text_with_an_unbelievable_ack_is_dropped),
		cmocka_unit_test(challenges_are_limited),
		cmocka_unit_test(an_old_time_stamp_is_another_time),
		cmocka_unit_test(an_old_time_stamp_acknowledges_nothing),
		cmocka_unit_test(a_delayed_ack_echoes_the_first),
		cmocka_unit_test(acks_are_delayed),
		cmocka_unit_test(half_a_pdu_is_acknowledged_at_once),
		cmocka_unit_test(windows_are_scaled),
		cmocka_unit_test(the_store_behind_gaps_is_bounded),
		cmocka_unit_test(a_window_behind_one_loss_is_kept),
		cmocka_unit_test(first_octets_win),
		cmocka_unit_test(urgent_is_no_way_round),
		cmocka_unit_test(beyond_the_window_nothing_is_taken),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
