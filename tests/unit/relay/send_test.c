/* SPDX-License-Identifier: Apache-2.0 */
/* The send half of a leg, segment by segment: what goes when, and what goes again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

#define SIZE 1000u /* of a segment, one PDU */

static void plain(struct rig *r)
{
	for (int end = ESME; end <= SMSC; end++)
		r->offer[end].no_ts = r->offer[end].no_sack = true;
}

static void with_sack(struct rig *r) { r->offer[ESME].no_ts = r->offer[SMSC].no_ts = true; }

static void smsc_acks(struct rig *r, uint32_t number, uint16_t window)
{
	rig_send(r, SMSC, (struct seg){ .ack = number, .window = window });
}

static struct rig *open_changed(void (*change)(struct settings *), void (*offers)(struct rig *))
{
	struct rig *r = rig_open(rig_buffers, change);

	offers(r);
	rig_stream(SIZE);
	rig_handshake(r);
	smsc_acks(r, 0, 60000); /* scaled, unlike that of its SYN */
	return r;
}

static struct rig *open_connected(void (*offers)(struct rig *))
{
	return open_changed(NULL, offers);
}

/* n segments of the ESME; what the SMSC hears of them stays to be read. */
static void esme_sends(struct rig *r, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		rig_send(r, ESME, rig_text(i * SIZE, SIZE, 0));
}

static void assert_text(struct rig *r, uint32_t seq, uint32_t len)
{
	const struct seg *s = rig_said(r, SMSC);

	assert_non_null(s);
	assert_int_equal(s->seq, seq);
	assert_int_equal(s->len, len);
}

/* The next number, and nothing else. */
static void assert_one(struct rig *r, uint32_t seq)
{
	assert_text(r, seq, SIZE);
	assert_null(rig_said(r, SMSC));
}

static void smsc_sacks(struct rig *r, uint32_t number, uint32_t left, uint32_t right)
{
	struct seg s = { .ack = number, .window = 60000, .n_sacks = 1 };

	s.sack[0][0] = left + r->isn[ESME] + 1;
	s.sack[0][1] = right + r->isn[ESME] + 1;
	rig_send(r, SMSC, s);
}

/* RFC 6928: ten segments of 1,460 octets; then what is acknowledged lets more go. */
static void ten_segments_at_first(void **state)
{
	struct rig *r = open_connected(plain);

	(void)state;
	esme_sends(r, 0, 20);
	for (uint32_t i = 0; i < 14; i++)
		assert_text(r, i * SIZE, SIZE);
	assert_null(rig_said(r, SMSC));
	smsc_acks(r, 2 * SIZE, 60000); /* two went, and two more for them: slow start */
	for (uint32_t i = 14; i < 18; i++)
		assert_text(r, i * SIZE, SIZE);
	assert_null(rig_said(r, SMSC));
	rig_close(r);
}

/* RFC 3042: two duplicate ACKs let a new segment go each; RFC 5681 section 3.2: the third
 * asks for the first again; RFC 6582: a partial ACK for the next that is missing. */
static void three_duplicates_and_the_next_hole(void **state)
{
	struct rig *r = open_connected(plain);

	(void)state;
	esme_sends(r, 0, 20);
	rig_quiet(r);
	smsc_acks(r, 0, 60000);
	assert_one(r, 14 * SIZE);
	smsc_acks(r, 0, 60000);
	assert_one(r, 15 * SIZE);
	smsc_acks(r, 0, 60000);
	assert_one(r, 0);
	assert_int_equal(rig_counter(r, COUNTER_TCP_FAST_RETRANSMIT), 1);
	smsc_acks(r, 5 * SIZE, 60000);
	assert_text(r, 5 * SIZE, SIZE);
	assert_int_equal(rig_counter(r, COUNTER_TCP_FAST_RETRANSMIT), 1);
	assert_int_equal(rig_counter(r, COUNTER_TCP_RTO), 0);
	rig_close(r);
}

/* The same behind two gigabytes without a loss: the mark of the last one, or of the beginning,
 * does not come around and say that these octets were sent before it. */
static void three_duplicates_half_around(void **state)
{
	struct rig *r = open_connected(plain);
	struct leg *l = &rig_relay(r)->leg[SMSC];

	(void)state;
	l->recover = l->snd_una - (1u << 31) + 5 * SIZE;
	l->rack.round = l->recover;
	for (uint32_t i = 0; i < 10; i++) {
		esme_sends(r, i, 1);
		rig_wait(r, 1);
		smsc_acks(r, (i + 1) * SIZE, 60000);
	}
	esme_sends(r, 10, 6);
	rig_quiet(r);
	for (unsigned i = 0; i < 3; i++)
		smsc_acks(r, 10 * SIZE, 60000);
	assert_one(r, 10 * SIZE);
	rack_duplicate(&l->rack, l->snd_una, l->snd_max);
	assert_int_equal(l->rack.reo_mult, 2);
	rig_close(r);
}

/* RFC 8985 section 6.2: three segments behind it have arrived: lost; with fewer it may be
 * late, for a quarter of a round trip. What was SACKed is not sent again. */
static void sacked_octets_show_a_hole(void **state)
{
	struct rig *r = open_connected(with_sack);

	(void)state;
	esme_sends(r, 0, 6);
	rig_quiet(r);
	rig_wait(r, 40);
	rig_quiet(r);
	smsc_sacks(r, 0, SIZE, 2 * SIZE);
	smsc_sacks(r, 0, SIZE, 3 * SIZE);
	assert_null(rig_said(r, SMSC));
	smsc_sacks(r, 0, SIZE, 4 * SIZE);
	assert_one(r, 0);
	smsc_sacks(r, 0, SIZE, 6 * SIZE);
	assert_null(rig_said(r, SMSC));
	rig_close(r);
	r = open_connected(with_sack);
	esme_sends(r, 0, 3);
	rig_wait(r, 40);
	rig_quiet(r);
	smsc_sacks(r, 0, SIZE, 2 * SIZE);
	rig_wait(r, 5);
	assert_null(rig_said(r, SMSC));
	rig_wait(r, 10);
	assert_one(r, 0);
	assert_int_equal(rig_counter(r, COUNTER_TCP_RTO), 0);
	rig_close(r);
}

/* RFC 6298 section 5.5: each wait is twice the one before, up to rto_max. */
static void time_outs_back_off(void **state)
{
	struct rig *r = open_connected(plain);
	uint64_t at[8] = { r->now };

	(void)state;
	r->settings.rto_max = 4000;
	r->worker->tcp_config.rto_max_us = 4000000;
	esme_sends(r, 0, 1);
	assert_one(r, 0);
	for (unsigned n = 1; n < 8;) {
		rig_wait(r, 1);
		const struct seg *s = rig_said(r, SMSC);
		if (s == NULL)
			continue;
		assert_int_equal(s->seq, 0);
		at[n++] = r->now;
	}
	for (unsigned n = 2; n < 8; n++) {
		const uint64_t before = at[n - 1] - at[n - 2], now = at[n] - at[n - 1];
		const uint64_t expected = before * 2 < 4000000 ? before * 2 : 4000000;
		assert_in_range(now, expected - 3000, expected + 3000);
	}
	assert_int_equal(rig_counter(r, COUNTER_TCP_RTO), 7);
	assert_int_equal(rig_relay(r)->leg[SMSC].cubic.cwnd, rig_relay(r)->leg[SMSC].mss);
	rig_close(r);
}

/* RFC 9293 section 3.8.6.2.1: a window that is too small for the segment is waited for, and
 * used when patience is over; one that opens is filled at once. */
static void silly_windows_are_waited_for(void **state)
{
	struct rig *r = open_connected(plain);

	(void)state;
	smsc_acks(r, 0, 12); /* scaled by 8 */
	esme_sends(r, 0, 1);
	rig_wait(r, 20);
	assert_null(rig_said(r, SMSC));
	rig_wait(r, 2000);
	assert_text(r, 0, 96);
	smsc_acks(r, 96, 60000);
	rig_wait(r, 1);
	assert_text(r, 96, SIZE - 96);
	rig_close(r);
	r = open_connected(plain);
	smsc_acks(r, 0, 12);
	esme_sends(r, 0, 1);
	smsc_acks(r, 0, 60000);
	assert_one(r, 0);
	rig_close(r);
}

/* RFC 9293 section 3.10.7.4: an older number brings no window, unless it acknowledges: the
 * ACK would move the edge of a larger, older window to the right. */
static void what_acknowledges_brings_its_window(void **state)
{
	struct rig *r = open_connected(plain);
	const struct leg *l = &rig_relay(r)->leg[SMSC];
	struct seg second = rig_text(16, 16, 0), first = rig_text(0, 16, 0);

	(void)state;
	esme_sends(r, 0, 2);
	rig_quiet(r);
	second.window = 60000;
	first.window = 10;
	rig_send(r, SMSC, second);
	rig_send(r, SMSC, first); /* came late, and acknowledges nothing */
	assert_int_equal(l->snd_wnd, 60000 << 3);
	rig_quiet(r);
	first.ack = 2 * SIZE;
	first.window = SIZE / 8;
	rig_send(r, SMSC, first);
	assert_int_equal(l->snd_wnd, SIZE / 8 << 3);
	esme_sends(r, 2, 3); /* no more than that goes out */
	for (const struct seg *s; (s = rig_said(r, SMSC)) != NULL;)
		assert_true(s->seq + s->len <= 2 * SIZE + l->snd_wnd);
	rig_close(r);
}

/* RFC 9293 section 3.7.4 is off: a small segment does not wait for the ACK of another. */
static void nagle_is_off(void **state)
{
	struct rig *r = open_connected(plain);

	(void)state;
	rig_stream(16);
	for (uint32_t i = 0; i < 5; i++) {
		rig_send(r, ESME, rig_text(i * 16, 16, 0));
		assert_text(r, i * 16, 16);
		assert_null(rig_said(r, SMSC));
	}
	rig_close(r);
}

static void narrow(struct rig *r)
{
	plain(r);
	r->offer[SMSC].mss = 536;
}

/* RFC 9293 section 3.7.1: whatever one end sends us, the other gets what it can take. */
static void the_mss_is_kept(void **state)
{
	struct rig *r = open_connected(narrow);

	(void)state;
	esme_sends(r, 0, 1);
	assert_text(r, 0, 536);
	assert_text(r, 536, SIZE - 536);
	assert_null(rig_said(r, SMSC));
	rig_close(r);
}

/* A router says "fragmentation needed" of a segment of ours (RFC 1191, RFC 9293 section
 * 3.7.2): it goes again in pieces at once, and the ESME hears nothing of it. Of a number
 * that is not out it is no news of ours (RFC 5927 section 4.1), and is passed on. */
static void too_big_is_cut(void **state)
{
	struct rig *r = open_connected(plain);
	uint8_t icmp[WIRE_MAX];

	(void)state;
	esme_sends(r, 0, 1);
	const struct rig_frame *sent = &r->said[SMSC][r->at_said[SMSC] % RIG_SAID_MAX];
	uint32_t len = frame_too_big(&r->path, SMSC, sent->octets, 576, icmp);
	rig_quiet(r);
	rig_frame(r, SMSC, icmp, len);
	assert_text(r, 0, 536);
	assert_text(r, 536, SIZE - 536);
	assert_null(rig_said(r, SMSC));
	assert_int_equal(rig_counter(r, COUNTER_TCP_TOO_BIG), 1);
	assert_int_equal(rig_counter(r, COUNTER_PASSED_FRAMES), 0);
	smsc_acks(r, SIZE, 60000);
	rig_quiet(r);
	rig_frame(r, SMSC, icmp, len); /* of what was acknowledged since */
	assert_int_equal(rig_counter(r, COUNTER_TCP_TOO_BIG), 1);
	assert_int_equal(rig_counter(r, COUNTER_PASSED_FRAMES), 1);
	esme_sends(r, 1, 1); /* and from now on nothing is too big */
	assert_text(r, SIZE, 536);
	assert_text(r, SIZE + 536, SIZE - 536);
	rig_close(r);
}

/* RFC 1191 section 6.3: ten minutes later the path may carry more again; where it does not,
 * its router says so again. */
static void larger_ones_are_tried_again(void **state)
{
	struct rig *r = open_connected(plain);
	uint8_t icmp[WIRE_MAX];
	uint32_t n = 0;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		esme_sends(r, n, 1);
		const struct rig_frame *sent = &r->said[SMSC][r->at_said[SMSC] % RIG_SAID_MAX];
		const uint32_t len = frame_too_big(&r->path, SMSC, sent->octets, 576, icmp);
		assert_text(r, n * SIZE, SIZE);
		rig_frame(r, SMSC, icmp, len);
		for (unsigned i = 0; i < 2; i++) {
			smsc_acks(r, ++n * SIZE, 60000);
			rig_wait(r, i == 0 ? 598000 : 4000);
			assert_int_equal(rig_counter(r, COUNTER_TCP_MTU_RAISED), round);
			rig_quiet(r);
			esme_sends(r, n, 1);
			assert_text(r, n * SIZE, 536);
		}
		smsc_acks(r, ++n * SIZE, 60000);
		rig_wait(r, 1000); /* what was set for its answer is when it is seen */
		assert_int_equal(rig_counter(r, COUNTER_TCP_MTU_RAISED), round + 1);
		assert_int_equal(rig_counter(r, COUNTER_TCP_TOO_BIG), round + 1);
		rig_quiet(r);
	}
	rig_close(r);
}

/* RFC 5681 section 4.1: after a time-out's silence the old window proves nothing. */
static void idle_starts_anew(void **state)
{
	struct rig *r = open_connected(plain);
	const struct leg *l = &rig_relay(r)->leg[SMSC];

	(void)state;
	for (uint32_t i = 0; i < 60; i += 20) {
		esme_sends(r, i, 20);
		rig_wait(r, 1);
		for (uint32_t n = i + 2; n <= i + 20; n += 2)
			smsc_acks(r, n * SIZE, 60000);
		rig_quiet(r);
	}
	assert_true(l->cubic.cwnd > 10 * l->mss);
	rig_wait(r, 2000);
	rig_quiet(r);
	esme_sends(r, 60, 1);
	assert_int_equal(l->cubic.cwnd, 10 * l->mss);
	rig_close(r);
}

/* Segments that the SMSC is told now. */
static uint32_t told(struct rig *r, uint32_t *seq)
{
	uint32_t n = 0;

	for (const struct seg *s; (s = rig_said(r, SMSC)) != NULL; n++, *seq += s->len)
		assert_int_equal(s->seq, *seq);
	return n;
}

/* What waits for the window goes over half a round trip while the window doubles, although one
 * ACK opens all of it; what the window allows from the first goes at once. */
static void a_backlog_is_paced(void **state)
{
	struct rig *r = open_connected(with_sack);
	const struct leg *l = &rig_relay(r)->leg[SMSC];
	uint32_t at = 0, ms = 0;

	(void)state;
	esme_sends(r, 0, 14);
	assert_int_equal(told(r, &at), 14);
	rig_wait(r, 60);
	smsc_acks(r, at, 60000);
	esme_sends(r, 14, 14 + 56);
	assert_int_equal(told(r, &at), 14);
	assert_false(l->paced);
	rig_wait(r, 60);
	smsc_acks(r, at, 60000);
	assert_int_equal(l->cwnd, 10 * l->mss + 14 * SIZE); /* 28 segments and a bit */
	while (l->paced) {
		assert_in_range(told(r, &at), ms == 0, 3);
		rig_wait(r, 1);
		ms++;
	}
	(void)told(r, &at);
	assert_int_equal(at, (28 + 28) * SIZE);
	assert_true(l->limited);
	assert_in_range(ms, 26, 31);
	rig_close(r);
}

static void by_model(struct settings *s) { s->congestion_control = CONGESTION_BBR; }

/* Nearly every ACK is of what comes next and says nothing else: the model lives on those. */
static void the_model_hears_of_every_octet(void **state)
{
	struct rig *r = open_changed(by_model, with_sack);
	const struct leg *l = &rig_relay(r)->leg[SMSC];

	(void)state;
	esme_sends(r, 0, 20);
	assert_true(l->modelled);
	const uint32_t window = l->cwnd, before = l->bbr->delivered;
	for (uint32_t i = 1; i <= 5; i++) {
		rig_wait(r, 10);
		smsc_acks(r, i * SIZE, 60000);
		assert_int_equal(l->bbr->delivered - before, i * SIZE);
	}
	assert_true(l->cwnd > window);
	assert_in_range(l->bbr->min_rtt_us, 10000, 60000);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_segments_at_first),
		cmocka_unit_test(three_duplicates_and_the_next_hole),
		cmocka_unit_test(three_duplicates_half_around),
		cmocka_unit_test(sacked_octets_show_a_hole),
		cmocka_unit_test(time_outs_back_off),
		cmocka_unit_test(silly_windows_are_waited_for),
		cmocka_unit_test(what_acknowledges_brings_its_window),
		cmocka_unit_test(nagle_is_off),
		cmocka_unit_test(the_mss_is_kept),
		cmocka_unit_test(too_big_is_cut),
		cmocka_unit_test(larger_ones_are_tried_again),
		cmocka_unit_test(idle_starts_anew),
		cmocka_unit_test(a_backlog_is_paced),
		cmocka_unit_test(the_model_hears_of_every_octet),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
