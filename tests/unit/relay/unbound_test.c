/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that are opened and never bound: they have a limit of time, whatever else
 * they say; and when the table is full, those of whoever has most of them give way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"
#include "../../sim/random.h"

#define FLOWS 64u

static void limited(struct settings *s) { s->bind_limit = 30; }

static struct rig *connected(void (*change)(struct settings *))
{
	struct rig *r = rig_open(rig_buffers, change);

	rig_stream(16);
	rig_handshake(r);
	return r;
}

static bool is_reset(struct rig *r, int end)
{
	bool reset = false;

	for (const struct seg *s; (s = rig_said(r, end)) != NULL;)
		reset |= (s->flags & RST) != 0;
	return reset;
}

/* Not before the limit and at it, both ends. */
static void is_late(struct rig *r, unsigned ms)
{
	rig_wait(r, ms - 100);
	assert_non_null(rig_relay(r));
	assert_false(is_reset(r, ESME) || is_reset(r, SMSC));
	rig_wait(r, 200);
	assert_null(rig_relay(r));
	assert_true(is_reset(r, ESME));
	assert_true(is_reset(r, SMSC));
	assert_int_equal(rig_counter(r, COUNTER_BIND_LATE), 1);
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_RESET), 1);
	rig_close(r);
}

static void silence_is_reset(void **state)
{
	(void)state;
	is_late(connected(limited), 30000);
}

/* Keep-alives, PDUs that bind nobody, and octets short of a PDU. */
static void other_talk_is_reset(void **state)
{
	struct rig *r = connected(limited);
	struct seg s = { .seq = 32, .window = 60000, .has_ts = true, .ts_val = 1000 };

	(void)state;
	rig_send(r, ESME, rig_text(0, 16, 1000));
	rig_wait(r, 10000);
	rig_send(r, ESME, rig_text(16, 16, 1000));
	s.seq = 31; /* a keep-alive */
	s.ack = 0;
	rig_wait(r, 9000);
	rig_send(r, ESME, s);
	rig_send(r, ESME, rig_text(32, 5, 1000));
	/* Nothing is acknowledged by the SMSC, and nothing of that ends it before. */
	rig_quiet(r);
	is_late(r, 11000);
}

static void a_bind_without_an_answer_is_reset(void **state)
{
	static const uint8_t bind[RIG_BIND] = { [3] = RIG_BIND, [7] = 9, [15] = 1 };
	struct rig *r = connected(limited);
	struct seg s = rig_text(0, 0, 1000);

	(void)state;
	s.payload = bind;
	s.len = sizeof(bind);
	rig_send(r, ESME, s);
	rig_send(r, SMSC,
	         (struct seg){
			 .ack = RIG_BIND, .window = 60000, .has_ts = true, .ts_val = 1000 });
	rig_quiet(r);
	is_late(r, 30000);
}

static void a_bound_one_lives(void **state)
{
	struct rig *r = connected(limited);

	(void)state;
	rig_bind(r);
	rig_wait(r, 100000);
	assert_non_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_BIND_LATE), 0);
	rig_close(r);
}

/* From then on, anew. */
static void unbound_again_is_reset(void **state)
{
	static const uint8_t unbind[16] = { [3] = 16, [7] = 6, [15] = 2 };
	static const uint8_t agreed[16] = { [3] = 16, [4] = 0x80, [7] = 6, [15] = 2 };
	struct rig *r = connected(limited);
	struct seg s = rig_text(0, 16, 1000);

	(void)state;
	rig_bind(r);
	rig_wait(r, 50000);
	s.seq = RIG_BIND;
	s.ack = 16;
	s.payload = unbind;
	rig_send(r, ESME, s);
	s.seq = 16;
	s.ack = RIG_BIND + 16;
	s.payload = agreed;
	rig_send(r, SMSC, s);
	rig_send(r, ESME,
	         (struct seg){ .seq = RIG_BIND + 16,
	                       .ack = 32,
	                       .window = 60000,
	                       .has_ts = true,
	                       .ts_val = 1000 });
	rig_quiet(r);
	is_late(r, 30000);
}

static void passes_foreign(struct settings *s)
{
	limited(s);
	s->non_smpp = NON_SMPP_PASS;
}

static void what_is_let_through_needs_no_bind(void **state)
{
	struct rig *r = connected(passes_foreign);
	struct seg s = rig_text(0, 16, 1000);

	(void)state;
	s.payload = (const uint8_t *)"\x16\x03\x01 TLS, or so.";
	rig_send(r, ESME, s);
	rig_send(r, SMSC,
	         (struct seg){ .ack = 16, .window = 60000, .has_ts = true, .ts_val = 1000 });
	rig_wait(r, 100000);
	assert_non_null(rig_relay(r));
	rig_close(r);
}

/* It has ended in order before its limit, and lingers beyond it: nothing is due at once, again
 * and again. */
static void what_lingers_has_no_limit(void **state)
{
	struct rig *r = connected(limited);

	(void)state;
	rig_wait(r, 25000);
	rig_finish(r, 0, 0);
	rig_wait(r, 7000);
	assert_non_null(rig_relay(r));
	const struct connection *c = (const struct connection *)rig_relay(r);
	assert_true(c->timer.at_us > r->now + 1000000);
	rig_wait(r, 4000);
	assert_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_BIND_LATE), 0);
	rig_close(r);
}

/* Half of a time is kept: seven weeks after the clock's beginning it begins anew. */
static void seven_weeks_later(void **state)
{
	const uint64_t wrap_us = (UINT64_C(1) << 32) * 1000;

	(void)state;
	for (unsigned before = 0; before < 4; before++) {
		struct rig *r = rig_open(rig_buffers, limited);
		rig_stream(16);
		r->now = wrap_us - before * 10000000;
		timer_wheel_init(&r->worker->timers, r->now);
		rig_handshake(r);
		if (before % 2 == 0) {
			is_late(r, 30000);
			continue;
		}
		rig_bind(r);
		struct seg s = rig_text(0, 5, 1000);
		s.seq = RIG_BIND;
		s.ack = 16;
		rig_send(r, ESME, s);
		rig_wait(r, 59900);
		assert_non_null(rig_relay(r));
		rig_wait(r, 200);
		assert_null(rig_relay(r));
		assert_int_equal(rig_counter(r, COUNTER_PDU_LATE), 1);
		rig_close(r);
	}
}

static void no_limit_by_setting(void **state)
{
	struct rig *r = connected(NULL);

	(void)state;
	rig_wait(r, 100000);
	assert_non_null(rig_relay(r));
	rig_close(r);
}

/* Another ESME's end: the n-th of a source. */
static void as(struct rig *r, uint8_t source, unsigned n)
{
	r->path.addr[ESME][3] = source;
	r->path.port[ESME] = (uint16_t)(30000 + n);
}

static bool is_there(struct rig *r, uint8_t source, unsigned n)
{
	as(r, source, n);
	return rig_relay(r) != NULL;
}

/* Source 1 has 4 bound ones and 3 that are not, source 2 all others, none of them bound. */
static struct rig *full_table(void)
{
	struct rig *r = rig_open(rig_buffers, limited);

	for (unsigned n = 0; n < FLOWS; n++) {
		as(r, n % 9 == 4 ? 1 : 2, n);
		rig_handshake(r);
		if (n < FLOWS / 2 && n % 9 == 4)
			rig_bind(r);
	}
	assert_int_equal(flow_count(r->worker->flows), FLOWS);
	return r;
}

/* The SYN of a new one, and its answer; then, seen by whoever has path, what completes it. */
static void opens(struct rig *r, uint8_t source, unsigned n, const struct path *path)
{
	struct seg answer = rig_syn(r, SMSC);
	uint8_t frame[WIRE_MAX];

	as(r, source, n);
	answer.flags = SYN | ACK;
	rig_send(r, ESME, rig_syn(r, ESME));
	rig_send(r, SMSC, answer);
	const uint32_t len = rig_build(
		r, ESME, (struct seg){ .window = 60000, .has_ts = true, .ts_val = 1000 },
		frame);
	rig_quiet(r);
	r->path = *path;
	rig_frame(r, ESME, frame, len);
}

static void the_greediest_gives_way(void **state)
{
	struct rig *r = full_table();

	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		unsigned oldest = 0;
		while (!is_there(r, 2, oldest))
			oldest++;
		const struct path victim = r->path;
		opens(r, (uint8_t)(10 + n), 100 + n, &victim);
		assert_true(is_reset(r, ESME));
		assert_true(is_reset(r, SMSC));
		assert_false(is_there(r, 2, oldest));
		assert_true(is_there(r, (uint8_t)(10 + n), 100 + n));
		assert_int_equal(rig_counter(r, COUNTER_UNBOUND_CUT), n + 1);
	}
	for (unsigned n = 4; n < FLOWS; n += 9)
		assert_true(is_there(r, 1, n));
	assert_int_equal(flow_count(r->worker->flows), FLOWS);
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_FULL), 0);
	rig_close(r);
}

/* Who has most of them gets a new one only for an old one of its own; and who has as many
 * as anybody else, too. */
static void the_greediest_gains_nothing(void **state)
{
	struct rig *r = full_table();

	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		as(r, 2, 200 + n);
		rig_handshake(r);
	}
	for (unsigned n = 4; n < FLOWS; n += 9)
		assert_true(is_there(r, 1, n));
	assert_int_equal(rig_counter(r, COUNTER_UNBOUND_CUT), 100);
	rig_close(r);
}

/* Its source may be forged. */
static void a_syn_cuts_nobody(void **state)
{
	struct rig *r = full_table();

	(void)state;
	for (unsigned n = 0; n < 30; n++) {
		as(r, (uint8_t)(10 + n), 100 + n);
		rig_send(r, ESME, rig_syn(r, ESME));
	}
	assert_int_equal(rig_counter(r, COUNTER_UNBOUND_CUT), 0);
	assert_int_equal(flow_count(r->worker->flows), FLOWS);
	rig_close(r);
}

static void bound_ones_never_give_way(void **state)
{
	struct rig *r = rig_open(rig_buffers, limited);

	(void)state;
	for (unsigned n = 0; n < FLOWS; n++) {
		as(r, 1, n);
		rig_handshake(r);
		rig_bind(r);
	}
	as(r, 2, FLOWS);
	rig_send(r, ESME, rig_syn(r, ESME));
	assert_null(rig_said(r, SMSC));
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_FULL), 1);
	assert_int_equal(rig_counter(r, COUNTER_UNBOUND_CUT), 0);
	rig_close(r);
}

/* IPv6: a network is one source. */
static void sources(void **state)
{
	struct flow_key a = { .ip_version = 6,
		              .esme_addr = { 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1 } };
	struct flow_key b = a;
	unsigned differ = 0;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		b.esme_addr[15] = (uint8_t)i;
		b.smsc_addr[15] = (uint8_t)i;
		b.esme_port = (uint16_t)i;
		assert_int_equal(unbound_source(&a, SIDE_ESME), unbound_source(&b, SIDE_ESME));
		b.esme_addr[7] = (uint8_t)(i + 2);
		differ += unbound_source(&a, SIDE_ESME) != unbound_source(&b, SIDE_ESME);
		b.esme_addr[7] = 1;
	}
	assert_true(differ > 50);
	a.ip_version = b.ip_version = 4;
	b = a;
	b.esme_addr[15] ^= 1;
	assert_int_not_equal(unbound_source(&a, SIDE_ESME), unbound_source(&b, SIDE_ESME));
}

#define TWIN 200u

/* The naive twin: an array of when and whose, searched from end to end. */
static struct {
	uint64_t at;
	unsigned source;
} twin[TWIN];
static struct flow_head *flows[TWIN];

static void compare(const struct unbound *u, unsigned source)
{
	uint32_t n = 0, oldest = TWIN, walked = 0;

	for (uint32_t i = 0; i < TWIN; i++) {
		if (twin[i].at == 0 || twin[i].source != source)
			continue;
		n++;
		if (oldest == TWIN || twin[i].at < twin[oldest].at)
			oldest = i;
	}
	assert_int_equal(u->n[source], n);
	assert_ptr_equal(unbound_oldest(u, source), n == 0 ? NULL : flows[oldest]);
	for (struct flow_head *at = unbound_oldest(u, source); at != NULL;
	     at = unbound_newer(u, at))
		walked++;
	assert_int_equal(walked, n);
	const unsigned most = unbound_greediest(u, source);
	for (unsigned i = 0; i < UNBOUND_SOURCES && most != UNBOUND_SOURCES; i++)
		assert_true(u->n[i] <= u->n[most]);
	assert_true(most == source || (most < UNBOUND_SOURCES && u->n[most] > n) || n == 0);
}

static void lists_like_the_twin(void **state)
{
	struct random random = random_of(1, 1);
	struct flow_table *table;
	struct unbound u;

	(void)state;
	assert_int_equal(flow_table_open(&table, TWIN, 128), 0);
	unbound_open(&u, table, sizeof(struct flow_head));
	for (uint32_t i = 0; i < TWIN; i++) {
		const struct flow_key key = { .esme_port = (uint16_t)i };
		flows[i] = flow_add(table, &key, flow_hash(&key));
		assert_non_null(flows[i]);
	}
	for (uint64_t now = 1; now < 200000; now++) {
		const uint32_t f = random_below(&random, TWIN);
		if (twin[f].at != 0) {
			unbound_leave(&u, twin[f].source, flows[f]);
			twin[f].at = 0;
		} else {
			twin[f].at = now;
			twin[f].source = random_below(&random, 5) * 51;
			unbound_join(&u, twin[f].source, flows[f]);
		}
		compare(&u, random_below(&random, 5) * 51);
	}
	flow_table_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_reset),
		cmocka_unit_test(other_talk_is_reset),
		cmocka_unit_test(a_bind_without_an_answer_is_reset),
		cmocka_unit_test(a_bound_one_lives),
		cmocka_unit_test(unbound_again_is_reset),
		cmocka_unit_test(what_is_let_through_needs_no_bind),
		cmocka_unit_test(what_lingers_has_no_limit),
		cmocka_unit_test(seven_weeks_later),
		cmocka_unit_test(no_limit_by_setting),
		cmocka_unit_test(the_greediest_gives_way),
		cmocka_unit_test(the_greediest_gains_nothing),
		cmocka_unit_test(a_syn_cuts_nobody),
		cmocka_unit_test(bound_ones_never_give_way),
		cmocka_unit_test(sources),
		cmocka_unit_test(lists_like_the_twin),
	};

	/* Sources share lists by a keyed hash: two of them under one key in 256, not this. */
	flow_hash_seed(1);
	return cmocka_run_group_tests(tests, rig_start, NULL);
}
