/* SPDX-License-Identifier: Apache-2.0 */
/* Segments at the edges of what a receiver takes, and of what it may believe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

/* An end that has filled our window sends its ACKs from the right edge (SND.NXT): while the
 * first of that window is missing they are news all the same. */
static void an_ack_from_the_right_edge_counts(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	const struct leg *l = &rig_relay(r)->leg[ESME];
	struct seg ack = rig_text(0, 0, 0);

	(void)state;
	rig_stream(100);
	rig_send(r, SMSC, rig_text(0, 100, 0));
	assert_int_equal(l->out.octets, 100);
	rig_send(r, ESME, rig_text(100, 100, 0)); /* what comes first is missing */
	ack.ack = 100;
	ack.seq = l->rcv_adv - r->isn[ESME] - 1;
	assert_true(ack.seq > 200);
	rig_send(r, ESME, ack);
	assert_int_equal(l->out.octets, 0);
	rig_close(r);
}

/* RFC 9293 section 3.10.7.4 allows an ACK in what cannot be taken where it may be a probe or
 * a retransmission. One from further back than anything that can be under way is a guess: of
 * half of all numbers it would be right. */
static void an_ack_from_long_ago_is_a_guess(void **state)
{
	static const uint32_t back[] = { 1u << 30, 10u << 20, 5000 };
	struct rig *r = rig_connected(rig_without_stamps);
	const struct leg *l = &rig_relay(r)->leg[ESME];
	struct seg s = rig_text(0, 0, 0);

	(void)state;
	rig_stream(100);
	rig_send(r, SMSC, rig_text(0, 100, 0));
	s.ack = 100;
	s.len = 10;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(l->out.octets, 100);
		s.seq = UINT32_C(0) - back[i];
		rig_send(r, ESME, s);
	}
	assert_int_equal(l->out.octets, 0); /* the last of them may be a retransmission */
	rig_close(r);
}

/* An end whose application is silent keeps its connection alive for a month, and its clock of
 * a millisecond goes half around (RFC 7323 section 5.5): what it says then is not old. */
static void a_month_of_keep_alives(void **state)
{
	struct rig *r = rig_connected(NULL);
	const uint32_t hour = 3600000;
	struct seg s = rig_text(UINT32_MAX, 0, 1000);

	(void)state;
	rig_stream(16);
	for (unsigned i = 1; i <= 30 * 24; i++) {
		r->now += hour * UINT64_C(1000);
		s.ts_val += hour;
		rig_send(r, ESME, s);
		rig_send(r, SMSC, rig_text(0, 0, s.ts_val));
		rig_quiet(r);
	}
	rig_send(r, ESME, rig_text(0, 16, s.ts_val));
	const struct seg *out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->len, 16);
	rig_close(r);
}

/* Nobody who guesses keeps a connection from being forgotten whose ends are gone. */
static void guesses_are_no_sign_of_life(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	unsigned hours = 0;

	(void)state;
	rig_stream(16);
	for (; rig_relay(r) != NULL && hours < 50; hours++) {
		struct seg guess = rig_text(1u << 30, 16, 0);
		r->now += UINT64_C(3600000000);
		rig_send(r, ESME, guess);
		guess.seq = 0;
		guess.ack = 4711;
		rig_send(r, ESME, guess);
		rig_send(r, ESME, (struct seg){ .seq = 5, .flags = RST });
		rig_quiet(r);
	}
	assert_in_range(hours, 24, 25); /* setting idle_limit: a day */
	rig_close(r);
}

static void tunnelled_smsc(struct rig *r)
{
	rig_without_stamps(r);
	r->offer[SMSC].mss = 1400;
}

/* RFC 5681 section 4.2: two of the largest that the sender may send, which is not what it
 * takes itself. */
static void every_second_of_its_own_size(void **state)
{
	struct rig *r = rig_connected(tunnelled_smsc);

	(void)state;
	rig_stream(1400);
	rig_send(r, ESME, rig_text(0, 1400, 0));
	assert_null(rig_said(r, ESME));
	rig_send(r, ESME, rig_text(1400, 1400, 0));
	const struct seg *s = rig_said(r, ESME);
	assert_non_null(s);
	assert_int_equal(s->ack, 2800);
	rig_close(r);
}

/* RFC 9293 section 3.10.7.4, eighth check: in TIME-WAIT a FIN that comes again begins the wait
 * anew. Anything else may be somebody's who wants it never to end. */
static void only_a_fin_prolongs_the_end(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	struct seg s = rig_text(5000, 10, 0);
	unsigned waited = 0;

	(void)state;
	rig_finish(r, 0, 0);
	for (; rig_relay(r) != NULL && waited < 15; waited++) {
		rig_wait(r, 1000);
		rig_send(r, ESME, s);
		rig_quiet(r);
	}
	assert_in_range(waited, 9, 11);
	rig_close(r);
	r = rig_connected(rig_without_stamps);
	rig_finish(r, 0, 0);
	s = rig_text(0, 0, 0);
	s.flags = FIN | ACK;
	s.ack = 1;
	for (waited = 0; waited < 15; waited++) {
		rig_wait(r, 1000);
		rig_send(r, SMSC, s);
		assert_non_null(rig_said(r, SMSC)); /* it had not heard our ACK */
	}
	assert_non_null(rig_relay(r));
	rig_close(r);
}

/* An end that has taken back its window takes no number beyond it, or its ACKs would never
 * come (RFC 9293 section 3.10.7.4, first check): what has no octets says the last that fits. */
static void numbers_stay_within_a_window_taken_back(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	struct seg s = rig_text(0, 0, 0);
	const struct seg *said;

	(void)state;
	rig_stream(1000);
	for (uint32_t n = 0; n < 5; n++)
		rig_send(r, ESME, rig_text(1000 * n, 1000, 0));
	s.ack = 1000;
	s.window = 1000 >> 3;
	rig_send(r, SMSC, s);
	rig_quiet(r);
	s.payload = rig_octets;
	s.len = 10; /* of a PDU: acknowledged at once */
	rig_send(r, SMSC, s);
	said = rig_said(r, SMSC);
	assert_non_null(said);
	assert_int_equal(said->ack, 10);
	assert_int_equal(said->seq, 2000);
	/* And so does a RST: a challenge from where that end is draws the right one. */
	rig_send(r, ESME, (struct seg){ .flags = RST, .seq = 5000 });
	while ((said = rig_said(r, SMSC)) != NULL && !(said->flags & RST))
		;
	assert_non_null(said);
	assert_int_equal(said->seq, 2000);
	rig_close(r);
}

/* What a scaled window rounds away is not taken back. */
static void a_rounded_window_is_none_taken_back(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);
	struct seg s = rig_text(0, 10, 0);
	const struct seg *said;

	(void)state;
	rig_stream(1000);
	rig_send(r, ESME, rig_text(0, 1000, 0));
	s.ack = 6; /* 994 are out, of which it says 992 */
	s.window = 994 >> 3;
	rig_quiet(r);
	rig_send(r, SMSC, s);
	said = rig_said(r, SMSC);
	assert_non_null(said);
	assert_int_equal(said->seq, 1000);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ack_from_the_right_edge_counts),
		cmocka_unit_test(an_ack_from_long_ago_is_a_guess),
		cmocka_unit_test(a_month_of_keep_alives),
		cmocka_unit_test(guesses_are_no_sign_of_life),
		cmocka_unit_test(every_second_of_its_own_size),
		cmocka_unit_test(only_a_fin_prolongs_the_end),
		cmocka_unit_test(numbers_stay_within_a_window_taken_back),
		cmocka_unit_test(a_rounded_window_is_none_taken_back),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
