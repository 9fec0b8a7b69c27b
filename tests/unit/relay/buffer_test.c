/* SPDX-License-Identifier: Apache-2.0 */
/* What a leg holds: the numbers of what is queued, and room that follows what goes through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define SIZE 1000u /* of a segment, one PDU */

static void plain(struct rig *r)
{
	for (int end = ESME; end <= SMSC; end++)
		r->offer[end].no_ts = r->offer[end].no_sack = true;
}

static struct rig *open_connected(void)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	plain(r);
	rig_stream(SIZE);
	rig_handshake(r);
	rig_send(r, SMSC, (struct seg){ .window = 60000 });
	rig_quiet(r);
	return r;
}

/* Answers of 33 octets fill a buffer not evenly: the one that lies in two of them, and all
 * behind it, have the numbers that follow. */
static void answers_lie_across_buffers(void **state)
{
	struct rig *r = open_connected();
	uint8_t octets[33];
	uint32_t next = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		memset(octets, (int)i, sizeof(octets));
		assert_int_equal(relay_insert(rig_relay(r), SIDE_ESME, octets, sizeof(octets),
		                              &r->worker->env),
		                 0);
	}
	rig_send(r, ESME, rig_text(0, SIZE, 0));
	for (const struct seg *s; (s = rig_said(r, ESME)) != NULL;) {
		assert_int_equal(s->seq, next);
		for (uint32_t i = 0; i < s->len; i++)
			assert_int_equal(s->payload[i], (next + i) / 33);
		next += s->len;
	}
	assert_int_equal(next, 200 * 33);
	rig_close(r);
}

/* 10 ms to the ESME: a PDU goes there, and its ACK comes. */
static void measure_way_to_esme(struct rig *r)
{
	rig_send(r, SMSC, rig_text(0, SIZE, 0));
	rig_wait(r, 10);
	rig_send(r, ESME, (struct seg){ .ack = SIZE, .window = 60000 });
	rig_quiet(r);
}

/* So many segments go through, then a round trip passes; the number of the next. */
static uint32_t round_trip(struct rig *r, uint32_t from, uint32_t n)
{
	for (uint32_t i = from; i < from + n; i++) {
		rig_send(r, ESME, rig_text(i * SIZE, SIZE, 0));
		rig_send(r, SMSC,
		         (struct seg){ .seq = SIZE, .ack = (i + 1) * SIZE, .window = 60000 });
		rig_quiet(r);
	}
	rig_wait(r, 11);
	return from + n;
}

/* Four times what goes through in a round trip, at once; no more, and not beyond the bound. */
static void room_follows_what_goes_through(void **state)
{
	struct rig *r = open_connected();
	const struct leg *o = &rig_relay(r)->leg[SMSC], *l = &rig_relay(r)->leg[ESME];
	uint32_t at = 0;

	(void)state;
	measure_way_to_esme(r);
	for (unsigned i = 0; i < 10; i++)
		at = round_trip(r, at, 50); /* 50,000 octets: 262,144 are enough */
	assert_int_equal(rig_counter(r, COUNTER_LEG_GROWN), 0);
	for (unsigned i = 0; i < 10; i++)
		at = round_trip(r, at, 100);
	assert_int_equal(rig_counter(r, COUNTER_LEG_GROWN), 1);
	assert_int_equal(leg_room(o, &r->worker->tcp_config), 2 * r->settings.leg_buffer);
	assert_true(l->rcv_adv - l->rcv_nxt > r->settings.leg_buffer);
	at = round_trip(r, at, 400);
	(void)round_trip(r, at, 1);
	assert_int_equal(leg_room(o, &r->worker->tcp_config), 8 * r->settings.leg_buffer);
	r->worker->tcp_config.leg_buffer_most = 600000;
	assert_int_equal(leg_room(o, &r->worker->tcp_config), 600000);
	for (unsigned i = 0; i < 5; i++)
		at = round_trip(r, at, 700);
	assert_int_equal(rig_counter(r, COUNTER_LEG_GROWN), 3);
	rig_close(r);
}

/* A whole window of full segments stays here, and the share shrinks with every buffer that is
 * taken: nothing is turned away that a window had room for. */
static void what_a_window_promised_is_taken(void **state)
{
	const uint32_t full = 1448;
	struct rig *r = rig_open(rig_small, NULL);
	uint32_t at = 0;

	(void)state;
	plain(r);
	r->offer[ESME].mss = r->offer[SMSC].mss = full;
	r->offer[SMSC].window = 0; /* an SMSC that reads nothing */
	rig_stream(full);
	rig_handshake(r);
	rig_wait(r, NEWCOMER_US / 1000);
	const struct leg *l = &rig_relay(r)->leg[ESME];
	for (unsigned i = 0; i < 100 && l->rcv_adv - l->rcv_nxt >= full; i++, at += full) {
		struct seg s = rig_text(0, full, 0);
		s.seq = at;
		rig_send(r, ESME, s);
		rig_quiet(r);
	}
	assert_in_range(at, 15 * full, 25 * full);
	assert_int_equal(rig_counter(r, COUNTER_SHARE_EXCEEDED), 0);
	rig_close(r);
}

/* While more than half is free, a quarter of what is beyond that half is for a newcomer too:
 * a start that is held back is one of ten seconds. */
static void newcomers_have_room_while_there_is_plenty(void **state)
{
	struct rte_mbuf *grabbed[128];
	struct rig *r = rig_open(rig_small, NULL);
	const struct tcp_config *config = &r->worker->tcp_config;
	unsigned n = 0;

	(void)state;
	rig_stream(SIZE);
	plain(r);
	r->worker->turns = 0;
	rig_handshake(r);
	assert_in_range(config->leg_segments, (127 - 7) / 4 - 1, (127 - 7) / 4);
	assert_in_range(config->newcomer_segments, (127 - 63) / 4 - 1, (127 - 63) / 4);
	while (rte_mempool_avail_count(rig_small) > 80)
		grabbed[n++] = rte_pktmbuf_alloc(rig_small);
	rig_send(r, ESME, rig_text(0, SIZE, 0));
	assert_in_range(config->leg_segments, (80 - 7) / 4 - 1, (80 - 7) / 4);
	assert_in_range(config->newcomer_segments, (80 - 7) / 16 - 1, (80 - 7) / 16);
	rte_pktmbuf_free_bulk(grabbed, n);
	rig_close(r);
}

/* A sender whose octets stay here gets no more room for them. */
static void room_is_not_for_a_queue(void **state)
{
	struct rig *r = open_connected();

	(void)state;
	measure_way_to_esme(r);
	for (uint32_t i = 0; i < 250; i++) { /* the SMSC takes ten in 11 ms */
		rig_send(r, ESME, rig_text(i * SIZE, SIZE, 0));
		if (i % 10 == 9) {
			rig_wait(r, 11);
			rig_send(r, SMSC,
			         (struct seg){
					 .seq = SIZE, .ack = (i + 1) * SIZE, .window = 60000 });
		}
		rig_quiet(r);
	}
	assert_int_equal(rig_counter(r, COUNTER_LEG_GROWN), 0);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_lie_across_buffers),
		cmocka_unit_test(room_follows_what_goes_through),
		cmocka_unit_test(what_a_window_promised_is_taken),
		cmocka_unit_test(newcomers_have_room_while_there_is_plenty),
		cmocka_unit_test(room_is_not_for_a_queue),
	};

	return cmocka_run_group_tests(tests, rig_start_small, NULL);
}
