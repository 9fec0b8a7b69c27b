/* SPDX-License-Identifier: Apache-2.0 */
/* What connections hold when buffers are short: nothing that keeps others, or themselves, from
 * going on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

#define SIZE 1000u /* of a segment, one PDU */

static struct rig *open_plain(void)
{
	struct rig *r = rig_open(rig_small, NULL);

	for (int end = ESME; end <= SMSC; end++)
		r->offer[end].no_ts = r->offer[end].no_sack = true;
	return r;
}

/* All buffers but so many are somebody else's. */
static struct rte_mbuf *grabbed[128];
static unsigned n_grabbed;

static void leave(unsigned buffers)
{
	while (rte_mempool_avail_count(rig_small) > buffers)
		grabbed[n_grabbed++] = rte_pktmbuf_alloc(rig_small);
}

static void give_back(void)
{
	rte_pktmbuf_free_bulk(grabbed, n_grabbed);
	n_grabbed = 0;
}

/* Much lies behind a gap when buffers become short: what is held must not keep out what
 * would fill the gap, or both wait for each other. */
static void what_fills_a_gap_is_taken(void **state)
{
	struct rig *r = open_plain();
	uint32_t taken = 0;

	(void)state;
	rig_stream(SIZE);
	rig_handshake(r);
	rig_wait(r, 11000);
	for (uint32_t i = 1; i < 25; i++)
		rig_send(r, ESME, rig_text(i * SIZE, SIZE, 0));
	assert_int_equal(rig_relay(r)->leg[ESME].ooo.segments, 24);
	leave(60); /* (60 - 7) / 4 = 13 */
	rig_wait(r, 100);
	rig_quiet(r);
	for (unsigned tries = 0; tries < 4; tries++) {
		for (uint32_t i = 0; i < 25; i++) {
			rig_send(r, ESME, rig_text(i * SIZE, SIZE, 0));
			for (const struct seg *s; (s = rig_said(r, SMSC)) != NULL;)
				taken = s->seq + s->len > taken ? s->seq + s->len : taken;
			rig_send(r, SMSC, (struct seg){ .ack = taken, .window = 60000 });
		}
	}
	assert_int_equal(taken, 25 * SIZE);
	give_back();
	rig_close(r);
}

/* Many that nobody knows hold what they sent ahead of a gap that they never fill, or some
 * octets of a PDU, until there is nothing left: then who is bound is served all the same. */
static void hoard(bool gap)
{
	struct rig *r = open_plain();

	rig_stream(16);
	rig_handshake(r);
	rig_bind(r);
	for (unsigned i = 0; i < 63; i++) {
		r->path.port[ESME] = (uint16_t)(30000 + i);
		rig_handshake(r);
	}
	rig_wait(r, 11000);
	for (unsigned i = 0; i < 63; i++) {
		r->path.port[ESME] = (uint16_t)(30000 + i);
		for (uint32_t k = 0; k < 2; k++) {
			struct seg s = rig_text(gap ? 32 + 32 * k : k, gap ? 16 : 1, 0);
			rig_send(r, ESME, s);
		}
		rig_quiet(r);
	}
	leave(5);
	rig_send(r, ESME, rig_text(600, 16, 0)); /* somebody speaks, and it is noticed */
	rig_wait(r, 3000);
	r->path.port[ESME] = 40000;
	rig_quiet(r);
	struct seg s = rig_text(0, 16, 0);
	s.seq = RIG_BIND;
	s.ack = 16;
	rig_send(r, ESME, s);
	rig_wait(r, 100);
	rig_send(r, ESME, s); /* it comes again */
	const struct seg *out = rig_said(r, SMSC);
	assert_non_null(out);
	assert_int_equal(out->len, 16);
	assert_true(rig_counter(r, gap ? COUNTER_TCP_RENEGED : COUNTER_UNBOUND_CUT) > 0);
	assert_non_null(rig_relay(r));
	give_back();
	rig_close(r);
}

static void hoards_of_the_unbound_are_given_up(void **state)
{
	(void)state;
	hoard(true);
	hoard(false);
}

/* An end says that the way to it carries next to nothing: what it has been sent and does not
 * acknowledge may not become twenty buffers for each one. */
static void a_tiny_path_costs_few_buffers(void **state)
{
	const uint32_t full = 1448;
	struct rig *r = open_plain();
	uint8_t icmp[WIRE_MAX];

	(void)state;
	r->offer[ESME].mss = r->offer[SMSC].mss = (uint16_t)full;
	rig_stream(full);
	rig_handshake(r);
	rig_wait(r, 11000);
	rig_send(r, ESME, (struct seg){ .window = 60000 });
	rig_quiet(r);
	for (uint32_t i = 0; i < 10; i++) {
		struct seg s = rig_text(0, full, 0);
		s.seq = i * full;
		rig_send(r, SMSC, s);
	}
	const struct rig_frame *sent = &r->said[ESME][r->at_said[ESME] % RIG_SAID_MAX];
	assert_int_equal(sent->seg.len, full);
	const uint32_t len = frame_too_big(&r->path, ESME, sent->octets, 68, icmp);
	rig_quiet(r);
	r->path.may_cut = true;
	rig_frame(r, ESME, icmp, len);
	sent = &r->said[ESME][r->at_said[ESME] % RIG_SAID_MAX];
	assert_int_equal(sent->seg.len, 552 - 40);
	rig_wait(r, 3000);
	assert_int_equal(rig_counter(r, COUNTER_TCP_TOO_BIG), 1);
	assert_in_range(rig_relay(r)->leg[ESME].out.segments, 10, 40);
	assert_int_equal(rig_counter(r, COUNTER_POOL_EMPTY), 0);
	rig_close(r);
}

/* An SMSC has stopped reading, and many ESMEs go on sending to it: what they may hold leaves
 * something for those of another SMSC. */
static void a_stalled_smsc_does_not_stop_others(void **state)
{
	const unsigned many = 50;
	struct rig *r = open_plain();

	(void)state;
	rig_stream(SIZE);
	r->path.port[ESME] = 20000;
	rig_handshake(r);
	r->offer[SMSC].window = 0;
	for (unsigned i = 0; i < many; i++) {
		r->path.port[ESME] = (uint16_t)(30000 + i);
		rig_handshake(r);
	}
	rig_wait(r, 11000);
	for (uint32_t k = 0; k < 10; k++)
		for (unsigned i = 0; i < many; i++) {
			struct seg s = rig_text(0, SIZE, 0);
			s.seq = k * SIZE;
			r->path.port[ESME] = (uint16_t)(30000 + i);
			rig_send(r, ESME, s);
			rig_quiet(r);
		}
	r->path.port[ESME] = 20000;
	for (uint32_t k = 0; k < 20; k++) {
		struct seg s = rig_text(0, SIZE, 0);
		s.seq = k * SIZE;
		rig_send(r, ESME, s);
		const struct seg *out = rig_said(r, SMSC);
		assert_non_null(out);
		assert_int_equal(out->len, SIZE);
		rig_send(r, SMSC, (struct seg){ .ack = (k + 1) * SIZE, .window = 60000 });
		rig_quiet(r);
	}
	rig_close(r);
}

static void short_limit(struct settings *s) { s->pdu_limit = 5; }

#define LARGE 6000u

/* What an ESME that has heard less of it sends of a PDU of LARGE octets; how much the SMSC has
 * then, of the same. */
static uint32_t send_large(struct rig *r)
{
	uint32_t taken = 0;

	rig_stream(LARGE);
	for (uint32_t at = 0; at < LARGE; at += SIZE) {
		struct seg s = rig_text(at, SIZE, 0);
		s.seq = RIG_BIND + at;
		s.ack = 16;
		rig_send(r, ESME, s);
		for (const struct seg *out; (out = rig_said(r, SMSC)) != NULL;)
			taken = out->len != 0 ? out->seq + out->len - RIG_BIND : taken;
	}
	rig_quiet(r);
	return taken;
}

static struct rig *open_scarce(void)
{
	struct rig *r = rig_open(rig_small, short_limit);

	for (int end = ESME; end <= SMSC; end++)
		r->offer[end].no_ts = r->offer[end].no_sack = true;
	rig_handshake(r);
	rig_bind(r);
	rig_wait(r, 11000);
	leave(20); /* (20 - 7) / 4 = 3 */
	assert_int_equal(send_large(r), 0);
	rig_wait(r, 3000);
	assert_int_equal(send_large(r), 0);
	return r;
}

/* A PDU larger than what its connection may hold cannot end while buffers are short. It waits
 * as long as any may take, and it is not said that its sender was slow. */
static void a_pdu_that_finds_no_room_ends(void **state)
{
	struct rig *r = open_scarce();

	(void)state;
	rig_wait(r, 1900);
	assert_non_null(rig_relay(r));
	rig_wait(r, 200);
	assert_null(rig_relay(r));
	assert_true(rig_said(r, ESME)->flags & RST);
	assert_true(rig_said(r, SMSC)->flags & RST);
	assert_int_equal(rig_counter(r, COUNTER_PDU_NO_ROOM), 1);
	assert_int_equal(rig_counter(r, COUNTER_PDU_LATE), 0);
	give_back();
	rig_close(r);
}

/* There is room again in time: who could not go on has its time anew, and goes on. */
static void a_pdu_that_waited_for_room_lives(void **state)
{
	struct rig *r = open_scarce();

	(void)state;
	give_back();
	rig_wait(r, 1000);
	rig_send(r, ESME, (struct seg){ .seq = RIG_BIND - 1, .ack = 16, .window = 60000 });
	rig_wait(r, 3000);
	assert_non_null(rig_relay(r));
	assert_int_equal(send_large(r), LARGE);
	assert_int_equal(rig_counter(r, COUNTER_PDU_NO_ROOM), 0);
	rig_close(r);
	r = open_scarce(); /* but then it has to */
	give_back();
	rig_send(r, ESME, (struct seg){ .seq = RIG_BIND - 1, .ack = 16, .window = 60000 });
	rig_wait(r, 7200);
	assert_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_PDU_LATE), 1);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fills_a_gap_is_taken),
		cmocka_unit_test(hoards_of_the_unbound_are_given_up),
		cmocka_unit_test(a_tiny_path_costs_few_buffers),
		cmocka_unit_test(a_stalled_smsc_does_not_stop_others),
		cmocka_unit_test(a_pdu_that_finds_no_room_ends),
		cmocka_unit_test(a_pdu_that_waited_for_room_lives),
	};

	return cmocka_run_group_tests(tests, rig_start_small, NULL);
}
