/* SPDX-License-Identifier: Apache-2.0 */
/* From the first SYN to the connection: what is seen is what is used, and what is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

static struct seg syn_ack(const struct rig *r)
{
	struct seg s = rig_syn(r, SMSC);

	s.flags = SYN | ACK;
	return s;
}

static struct seg bare(const struct rig *r, int from, uint32_t seq, uint32_t ack)
{
	return (struct seg){ .seq = seq,
		             .ack = ack,
		             .window = r->offer[from].window,
		             .has_ts = true,
		             .ts_val = 1000 };
}

/* RFC 7413, RFC 8684: Fast Open, Multipath TCP and what nobody knows are not offered on;
 * the rig refuses to read any of them. What is left is what the relay works with. */
static void only_known_options_cross(void **state)
{
	static const uint8_t options[40] = { 2, 4, 5, 180, 34, 10, 1, 2,  3,   4,  5,   6, 7, 8,
		                             1, 4, 2, 30,  4,  0,  0, 77, 3,   99, 253, 4, 1, 2,
		                             8, 6, 1, 1,   1,  1,  3, 3,  200, 1,  2,   4 };
	struct rig *r = rig_open(rig_buffers, NULL);
	struct seg plain = { .seq = r->isn[ESME], .window = 60000, .flags = SYN };

	(void)state;
	rig_options(r, ESME, plain, options, 40);
	const struct seg *s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_true(s->sack_ok && s->has_wscale && !s->has_ts);
	assert_int_equal(s->wscale, 14);
	assert_int_equal(rig_counter(r, COUNTER_SYN_OPTIONS), 1);
	rig_send(r, SMSC, syn_ack(r));
	assert_non_null(rig_said(r, ESME));
	struct seg ack = bare(r, ESME, 0, 0);
	ack.has_ts = false;
	rig_send(r, ESME, ack);
	const struct relay *relay = rig_relay(r);
	assert_non_null(relay);
	assert_true(relay->sack_ok && !relay->ts_ok);
	assert_int_equal(relay->leg[ESME].wscale, 14);
	assert_int_equal(relay->leg[ESME].mss, s->mss);
	rig_close(r);
}

/* A Fast Open SYN loses its octets, not its handshake: they come again behind it. */
static void octets_of_a_syn_come_again(void **state)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		struct rig *r = rig_open(rig_buffers, NULL);
		struct seg syn = rig_syn(r, ESME), answer = syn_ack(r);

		(void)state;
		r->path.version = version;
		rig_stream(16);
		syn.payload = answer.payload = rig_octets;
		syn.len = answer.len = 16;
		rig_send(r, ESME, syn);
		const struct seg *s = rig_said(r, SMSC);
		assert_non_null(s);
		assert_int_equal(s->len, 0);
		assert_int_equal(s->flags, SYN);
		rig_send(r, SMSC, answer);
		s = rig_said(r, ESME);
		assert_non_null(s);
		assert_int_equal(s->len, 0);
		assert_int_equal(rig_counter(r, COUNTER_SYN_TEXT), 2);
		rig_send(r, ESME, rig_text(0, 16, 1000));
		uint32_t len = 0;
		while ((s = rig_said(r, SMSC)) != NULL)
			len += s->len;
		assert_int_equal(len, 16);
		rig_close(r);
	}
}

/* RFC 9293 section 3.7.1: no end is told an MSS that a port of ours cannot carry, and we
 * send none either. */
static void the_mss_is_what_our_ports_carry(void **state)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		const uint16_t most = (uint16_t)(version == 4 ? 960 : 940);
		struct rig *r = rig_open(rig_buffers, NULL);

		(void)state;
		r->path.version = version;
		r->worker->tx[SIDE_ESME].mtu = 1000;
		r->offer[SMSC].mss = 800;
		rig_send(r, ESME, rig_syn(r, ESME));
		const struct seg *s = rig_said(r, SMSC);
		assert_non_null(s);
		assert_int_equal(s->mss, most);
		rig_send(r, SMSC, syn_ack(r));
		s = rig_said(r, ESME);
		assert_non_null(s);
		assert_int_equal(s->mss, 800);
		assert_int_equal(rig_counter(r, COUNTER_SYN_MSS), 1);
		rig_send(r, ESME, bare(r, ESME, 0, 0));
		assert_int_equal(rig_relay(r)->leg[ESME].mss, most - 12);
		assert_int_equal(rig_relay(r)->leg[SMSC].mss, 800 - 12);
		rig_close(r);
	}
}

/* A SYN is not a way to send flags on either: RFC 6093, RFC 3168. */
static void a_syn_has_no_other_flags(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	struct seg syn = rig_syn(r, ESME);

	(void)state;
	syn.flags = SYN | PSH | 32 | 64 | 128;
	rig_send(r, ESME, syn);
	const struct seg *s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_int_equal(s->flags, SYN);
	rig_close(r);
}

/* RFC 9293 section 3.10.7.3: only a believable RST ends an attempt, and it is passed on. */
static void an_attempt_is_reset_by_its_ends_only(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_send(r, ESME, rig_syn(r, ESME));
	rig_quiet(r);
	rig_send(r, SMSC, (struct seg){ .ack = 1, .flags = RST | ACK });
	rig_send(r, SMSC, (struct seg){ .flags = RST });
	rig_send(r, ESME, (struct seg){ .seq = 5, .flags = RST });
	assert_null(rig_said(r, ESME));
	assert_null(rig_said(r, SMSC));
	assert_int_equal(flow_count(r->worker->embryos), 1);
	rig_send(r, SMSC, (struct seg){ .seq = 0, .ack = 0, .flags = RST | ACK });
	const struct seg *s = rig_said(r, ESME);
	assert_non_null(s);
	assert_int_equal(s->flags, RST | ACK);
	assert_int_equal(flow_count(r->worker->embryos), 0);
	rig_close(r);
}

/* RFC 9293 section 3.5.1: the SMSC still has a connection of another life on these ports;
 * it challenges, the ESME resets it, and the next SYN opens. */
static void a_half_open_connection_is_found(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_send(r, ESME, rig_syn(r, ESME));
	rig_quiet(r);
	rig_send(r, SMSC, (struct seg){ .seq = 5000, .ack = 7000, .window = 100 });
	const struct seg *s = rig_said(r, ESME);
	assert_non_null(s);
	assert_int_equal(s->ack, 7000);
	rig_send(r, ESME, (struct seg){ .seq = 7000, .flags = RST });
	s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_int_equal(s->flags, RST);
	rig_handshake(r);
	assert_non_null(rig_relay(r));
	rig_close(r);
}

/* The third ACK is lost: text completes the handshake as well. */
static void text_completes_a_handshake(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_stream(16);
	rig_send(r, ESME, rig_syn(r, ESME));
	rig_send(r, SMSC, syn_ack(r));
	rig_quiet(r);
	rig_send(r, ESME, rig_text(16, 16, 1000)); /* not the next number: not yet */
	assert_null(rig_relay(r));
	rig_send(r, ESME, rig_text(0, 16, 1000));
	assert_non_null(rig_relay(r));
	const struct seg *s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_int_equal(s->len, 16);
	/* Our own ACK may be lost too: the SYN,ACK comes again and is answered. */
	rig_quiet(r);
	rig_send(r, SMSC, syn_ack(r));
	s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_int_equal(s->flags & (ACK | SYN), ACK);
	rig_close(r);
}

/* The SYN,ACK is lost, and the SMSC does not know that it has sent one: it was restarted, or it
 * keeps no attempts (RFC 4987 section 3.6, SYN cookies). What it says to the SYN that comes
 * again is its number now; but not what nobody has asked for. */
static void an_answer_that_was_lost_is_no_promise(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	struct seg syn = rig_syn(r, ESME), answer = rig_syn(r, SMSC);
	const uint32_t first = r->isn[SMSC];

	(void)state;
	answer.flags = SYN | ACK;
	rig_send(r, ESME, syn);
	rig_send(r, SMSC, answer);
	rig_quiet(r);
	r->isn[SMSC] = answer.seq = first + 1000000;
	rig_send(r, SMSC, answer);
	assert_null(rig_said(r, ESME));
	rig_send(r, ESME, syn);
	rig_send(r, SMSC, answer);
	const struct seg *said = rig_said(r, ESME);
	assert_non_null(said);
	assert_int_equal(said->seq, answer.seq);
	rig_quiet(r);
	rig_stream(16);
	rig_send(r, ESME, rig_text(0, 16, 1000));
	assert_non_null(rig_relay(r));
	said = rig_said(r, SMSC);
	assert_non_null(said);
	assert_int_equal(said->len, 16);
	rig_close(r);
}

static void an_attempt_expires(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_send(r, ESME, rig_syn(r, ESME));
	rig_quiet(r);
	rig_wait(r, 29000);
	assert_int_equal(flow_count(r->worker->embryos), 1);
	rig_wait(r, 1001);
	assert_int_equal(flow_count(r->worker->embryos), 0);
	assert_int_equal(rig_counter(r, COUNTER_EMBRYOS_EXPIRED), 1);
	rig_close(r);
}

/* RFC 9293 section 3.6.1: the same ports again, while we still linger. */
static void ports_are_used_again(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_handshake(r);
	rig_finish(r, 0, 0);
	rig_send(r, ESME, rig_syn(r, ESME)); /* a late copy of its own SYN */
	assert_non_null(rig_relay(r));
	assert_null(rig_said(r, SMSC));
	r->isn[ESME] += 100000;
	r->isn[SMSC] += 5;
	rig_handshake(r);
	assert_non_null(rig_relay(r));
	assert_int_equal(rig_relay(r)->state, RELAY_OPEN);
	assert_int_equal(flow_count(r->worker->flows), 1);
	rig_close(r);
}

/* The table is full: a new connection is turned away and counted, until an old one has
 * ended; then the one that lingers gives way. */
static void a_full_table_turns_new_ones_away(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		r->path.port[ESME] = (uint16_t)(30000 + i);
		rig_handshake(r);
		rig_bind(r);
	}
	assert_int_equal(flow_count(r->worker->flows), 64);
	r->path.port[ESME] = 30064;
	rig_send(r, ESME, rig_syn(r, ESME));
	assert_null(rig_said(r, SMSC));
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_FULL), 1);
	r->path.port[ESME] = 30007;
	rig_finish(r, RIG_BIND, 16);
	r->path.port[ESME] = 30065;
	for (unsigned tries = 0; tries < 4 && rig_said(r, SMSC) == NULL; tries++)
		rig_send(r, ESME, rig_syn(r, ESME));
	rig_send(r, SMSC, syn_ack(r));
	rig_send(r, ESME, bare(r, ESME, 0, 0));
	assert_non_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_LINGER_CUT), 1);
	r->path.port[ESME] = 30007;
	assert_null(rig_relay(r));
	rig_close(r);
}

/* It became full while this one shook hands: both ends are told. */
static void a_table_that_filled_meanwhile(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_send(r, ESME, rig_syn(r, ESME));
	rig_send(r, SMSC, syn_ack(r));
	for (unsigned i = 0; i < 64; i++) {
		r->path.port[ESME] = (uint16_t)(30000 + i);
		rig_handshake(r);
		rig_bind(r);
	}
	r->path.port[ESME] = 40000;
	rig_send(r, ESME, bare(r, ESME, 0, 0));
	for (int end = ESME; end <= SMSC; end++) {
		const struct seg *s = rig_said(r, end);
		assert_non_null(s);
		assert_true(s->flags & RST);
		assert_int_equal(s->seq, 0);
	}
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_FULL), 1);
	rig_close(r);
}

static void few_attempts(struct settings *s) { s->embryos = 64; }

/* An attempt gave way in a flood before it was answered: who answers is reset, and who called
 * hears nothing, and calls again. A RST would tell him that he is refused. */
static void an_attempt_forgotten_comes_again(void **state)
{
	struct rig *r = rig_open(rig_buffers, few_attempts);
	const struct seg *s;

	(void)state;
	rig_send(r, ESME, rig_syn(r, ESME));
	for (unsigned i = 0; i < 200; i++) {
		r->path.port[ESME] = (uint16_t)(30000 + i);
		rig_send(r, ESME, rig_syn(r, ESME));
		rig_quiet(r);
	}
	r->path.port[ESME] = 40000;
	rig_send(r, SMSC, syn_ack(r));
	assert_null(rig_said(r, ESME));
	s = rig_said(r, SMSC);
	assert_non_null(s);
	assert_true(s->flags & RST);
	assert_int_equal(s->seq, 0);
	rig_quiet(r);
	rig_handshake(r);
	assert_non_null(rig_relay(r));
	rig_close(r);
}

/* RFC 9293 section 3.5, figure 8: both call each other at once. The second SYN goes no further,
 * and its end answers the first: an ordinary handshake, whoever's SYN comes first. */
static void calls_that_cross(void **state)
{
	(void)state;
	for (int first = ESME; first <= SMSC; first++) {
		struct rig *r = rig_open(rig_buffers, NULL);
		struct seg answer = rig_syn(r, !first);
		struct seg text = rig_text(0, 16, 1000);
		rig_send(r, first, rig_syn(r, first));
		rig_send(r, !first, answer);
		assert_true(rig_said(r, !first)->flags & SYN);
		assert_null(rig_said(r, first));
		answer.flags = SYN | ACK;
		rig_send(r, !first, answer);
		assert_int_equal(rig_said(r, first)->flags & (SYN | ACK), SYN | ACK);
		rig_stream(16);
		rig_send(r, first, rig_text(0, 0, 1000));
		assert_non_null(rig_relay(r));
		rig_quiet(r);
		rig_send(r, !first, text);
		assert_int_equal(rig_said(r, first)->len, 16);
		rig_send(r, first, text);
		assert_int_equal(rig_said(r, !first)->len, 16);
		rig_close(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_known_options_cross),
		cmocka_unit_test(octets_of_a_syn_come_again),
		cmocka_unit_test(the_mss_is_what_our_ports_carry),
		cmocka_unit_test(a_syn_has_no_other_flags),
		cmocka_unit_test(an_attempt_is_reset_by_its_ends_only),
		cmocka_unit_test(a_half_open_connection_is_found),
		cmocka_unit_test(text_completes_a_handshake),
		cmocka_unit_test(an_answer_that_was_lost_is_no_promise),
		cmocka_unit_test(an_attempt_expires),
		cmocka_unit_test(ports_are_used_again),
		cmocka_unit_test(a_full_table_turns_new_ones_away),
		cmocka_unit_test(a_table_that_filled_meanwhile),
		cmocka_unit_test(an_attempt_forgotten_comes_again),
		cmocka_unit_test(calls_that_cross),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
