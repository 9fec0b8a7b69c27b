/* SPDX-License-Identifier: Apache-2.0 */
/* Whose messages they are, by the bind that the message centre accepted and by no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"
#include "../../sim/octets.h"

enum {
	RECEIVER = 1,
	TRANSMITTER = 2,
	SUBMIT = 4,
	UNBIND = 6,
	TRANSCEIVER = 9,
	RESPONSE = (int)0x80000000
};
#define ALREADY_BOUND 0x05u

static struct octets wrote[2]; /* by each end, all of it */
static struct octets heard[2]; /* by each end, in order */
static uint32_t answered;      /* octets of heard[ESME] that answer() has looked at */

/* What the screener saw of the last message. */
static bool was_bound;
static char was_of[17];

static void watch(struct screen_context *context, struct screen_vector *v)
{
	(void)context;
	for (unsigned i = 0; i < v->n; i++) {
		const struct connection *c = v->messages[i].owner;
		was_bound = v->messages[i].bound;
		memcpy(was_of, c->session.system_id, 16);
	}
}

static void hear(struct rig *r)
{
	for (int end = ESME; end <= SMSC; end++)
		for (const struct seg *s; (s = rig_said(r, end)) != NULL;)
			if (s->seq == heard[end].len)
				octets_append(&heard[end], s->payload, s->len);
}

/* What was added to wrote[from] since from octet on, in one segment. */
static void send_from(struct rig *r, int from, uint32_t at)
{
	rig_send(r, from,
	         (struct seg){ .seq = at,
	                       .ack = heard[from].len,
	                       .payload = wrote[from].at + at,
	                       .len = wrote[from].len - at,
	                       .window = 60000,
	                       .has_ts = true,
	                       .ts_val = 1000 });
	rig_wait(r, 5); /* what waits for another turn has it */
	hear(r);
}

static void add(int from, uint32_t id, uint32_t status, uint32_t sequence, const char *strings,
                uint32_t n)
{
	const uint32_t at = wrote[from].len;

	octets_extend(&wrote[from], 16);
	octets_append(&wrote[from], strings, n);
	put32(wrote[from].at + at, 16 + n);
	put32(wrote[from].at + at + 4, id);
	put32(wrote[from].at + at + 8, status);
	put32(wrote[from].at + at + 12, sequence);
}

static void add_bind(uint32_t id, uint32_t sequence, const char *system_id)
{
	const uint32_t n = (uint32_t)strlen(system_id);
	char body[40] = { 0 };

	memcpy(body, system_id, n); /* password, type, version, TON, NPI, range: all 0 */
	add(ESME, id, 0, sequence, body, n + 7);
}

/* One PDU alone in its segment. */
static void say(struct rig *r, int from, uint32_t id, uint32_t status, uint32_t sequence)
{
	const uint32_t at = wrote[from].len;

	add(from, id, status, sequence, NULL, 0);
	send_from(r, from, at);
}

static void bind(struct rig *r, uint32_t id, uint32_t sequence, const char *system_id)
{
	const uint32_t at = wrote[ESME].len;

	add_bind(id, sequence, system_id);
	send_from(r, ESME, at);
}

static void submits(struct rig *r, bool bound, const char *system_id)
{
	was_bound = !bound;
	say(r, ESME, SUBMIT, 0, 90);
	assert_int_equal(was_bound, bound);
	assert_string_equal(was_of, system_id);
}

/* The ESME hears a response without a body that the SMSC did not write. */
static void is_answered(uint32_t id, uint32_t sequence, uint32_t status)
{
	const uint8_t *at = heard[ESME].at + answered;

	assert_int_equal(heard[ESME].len - answered, 16);
	assert_int_equal(get32(at + 4), id | 0x80000000u);
	assert_int_equal(get32(at + 8), status);
	assert_int_equal(get32(at + 12), sequence);
	answered = heard[ESME].len;
}

static void smsc_says(struct rig *r, uint32_t id, uint32_t status, uint32_t sequence)
{
	say(r, SMSC, id, status, sequence);
	answered = heard[ESME].len;
}

static struct rig *begin(void)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	rig_screen = watch;
	rig_bind_reason = REASON_PASS;
	answered = 0;
	memset(was_of, 0, sizeof(was_of));
	rig_handshake(r);
	return r;
}

static void end(struct rig *r)
{
	for (int e = ESME; e <= SMSC; e++)
		octets_free(&wrote[e]), octets_free(&heard[e]);
	rig_screen = NULL;
	rig_close(r);
}

static struct rig *bound_as(const char *system_id, uint32_t id)
{
	struct rig *r = begin();

	bind(r, id, 1, system_id);
	smsc_says(r, id | 0x80000000u, 0, 1);
	return r;
}

static void bound_when_it_is_answered(void **state)
{
	struct rig *r = begin();

	(void)state;
	bind(r, TRANSCEIVER, 1, "hanbit");
	submits(r, false, "hanbit");
	smsc_says(r, TRANSCEIVER | RESPONSE, 0, 1);
	submits(r, true, "hanbit");
	end(r);
	r = bound_as("hanbit", RECEIVER);
	submits(r, false, "hanbit");
	end(r);
}

/* Two binds in one write, the SMSC accepts the first and refuses what it sees as the second:
 * nobody may be screened as the other account. Same sequence numbers or not. */
static void two_binds_in_one_write(void **state)
{
	(void)state;
	for (uint32_t second = 1; second <= 2; second++) {
		struct rig *r = begin();
		const uint32_t first_len = 16 + 6 + 7;
		add_bind(TRANSCEIVER, 1, "dorado");
		add_bind(TRANSCEIVER, second, "hanbit");
		send_from(r, ESME, 0);
		assert_int_equal(heard[SMSC].len, first_len);
		is_answered(TRANSCEIVER, second, ALREADY_BOUND);
		assert_int_equal(rig_counter(r, COUNTER_BINDS), 2);
		assert_int_equal(rig_counter(r, COUNTER_BINDS_REFUSED), 1);
		smsc_says(r, TRANSCEIVER | RESPONSE, 0, 1);
		smsc_says(r, TRANSCEIVER | RESPONSE, ALREADY_BOUND, 2);
		submits(r, true, "dorado");
		end(r);
	}
}

static void another_response_decides_nothing(void **state)
{
	struct rig *r = begin();

	(void)state;
	bind(r, TRANSCEIVER, 7, "dorado");
	smsc_says(r, TRANSCEIVER | RESPONSE, 0, 8);
	smsc_says(r, TRANSMITTER | RESPONSE, 0, 7);
	smsc_says(r, UNBIND | RESPONSE, 0, 7);
	say(r, ESME, TRANSCEIVER | RESPONSE, 0, 7);
	say(r, ESME, UNBIND | RESPONSE, 0, 7);
	submits(r, false, "dorado");
	/* It still waits: nobody else may be bound by the answer to it. */
	bind(r, TRANSCEIVER, 7, "hanbit");
	is_answered(TRANSCEIVER, 7, ALREADY_BOUND);
	smsc_says(r, TRANSCEIVER | RESPONSE, 0, 7);
	submits(r, true, "dorado");
	end(r);
}

static void a_bound_session_stays_as_it_is(void **state)
{
	struct rig *r = bound_as("hanbit", TRANSMITTER);
	const uint32_t passed = heard[SMSC].len;

	(void)state;
	bind(r, TRANSCEIVER, 2, "dorado");
	is_answered(TRANSCEIVER, 2, ALREADY_BOUND);
	rig_bind_reason = REASON_ACCOUNT_SUSPENDED;
	bind(r, RECEIVER, 3, "dorado");
	is_answered(RECEIVER, 3, ALREADY_BOUND);
	assert_int_equal(heard[SMSC].len, passed);
	submits(r, true, "hanbit");
	end(r);
}

static void a_refused_bind_makes_room_for_another(void **state)
{
	struct rig *r = begin();

	(void)state;
	rig_bind_reason = REASON_ACCOUNT_SUSPENDED;
	bind(r, TRANSCEIVER, 1, "dorado");
	is_answered(TRANSCEIVER, 1, 0x0d);
	submits(r, false, "dorado");
	rig_bind_reason = REASON_PASS;
	bind(r, TRANSCEIVER, 2, "hanbit");
	smsc_says(r, TRANSCEIVER | RESPONSE, 0x0e, 2);
	submits(r, false, "hanbit");
	bind(r, TRANSMITTER, 3, "onnuri");
	smsc_says(r, TRANSCEIVER | RESPONSE, 0, 2); /* late, and wrong */
	submits(r, false, "onnuri");
	smsc_says(r, TRANSMITTER | RESPONSE, 0, 3);
	submits(r, true, "onnuri");
	end(r);
}

static void unbound_when_it_is_agreed(void **state)
{
	(void)state;
	for (int who = ESME; who <= SMSC; who++) {
		struct rig *r = bound_as("hanbit", TRANSCEIVER);
		say(r, who, UNBIND, 0, 5);
		submits(r, true, "hanbit");
		say(r, !who, UNBIND | RESPONSE, 8, 5);
		submits(r, true, "hanbit");
		say(r, who, UNBIND, 0, 6);
		say(r, !who, UNBIND | RESPONSE, 0, 6);
		submits(r, false, "hanbit");
		bind(r, TRANSCEIVER, 7, "dorado");
		smsc_says(r, TRANSCEIVER | RESPONSE, 0, 7);
		submits(r, true, "dorado");
		end(r);
	}
}

/* Consent to nothing: the other end, which asked for no unbind, goes on as it was, and so do
 * we; else an ESME could bind as another account here alone. */
static void nobody_asked(void **state)
{
	struct rig *r = bound_as("hanbit", TRANSCEIVER);

	(void)state;
	say(r, ESME, UNBIND | RESPONSE, 0, 5);
	submits(r, true, "hanbit");
	smsc_says(r, UNBIND | RESPONSE, 0, 5);
	submits(r, true, "hanbit");
	bind(r, TRANSCEIVER, 6, "dorado");
	is_answered(TRANSCEIVER, 6, ALREADY_BOUND);
	/* Nor is who asked the one to consent. */
	say(r, ESME, UNBIND, 0, 7);
	say(r, ESME, UNBIND | RESPONSE, 0, 7);
	submits(r, true, "hanbit");
	end(r);
	/* What was asked before a bind is not asked of it. */
	r = begin();
	say(r, SMSC, UNBIND, 0, 1);
	bind(r, TRANSCEIVER, 2, "hanbit");
	smsc_says(r, TRANSCEIVER | RESPONSE, 0, 2);
	say(r, ESME, UNBIND | RESPONSE, 0, 1);
	submits(r, true, "hanbit");
	end(r);
}

/* Consent to an unbind while a bind waits unbinds nobody: the bind's answer is to come, and
 * another has no place before it. */
static void consent_while_a_bind_waits(void **state)
{
	struct rig *r = begin();

	(void)state;
	bind(r, TRANSCEIVER, 1, "hanbit");
	say(r, ESME, UNBIND, 0, 2);
	smsc_says(r, UNBIND | RESPONSE, 0, 2);
	bind(r, TRANSCEIVER, 1, "dorado");
	is_answered(TRANSCEIVER, 1, ALREADY_BOUND);
	smsc_says(r, TRANSCEIVER | RESPONSE, 0, 1);
	submits(r, true, "hanbit");
	end(r);
}

/* What an ESME sends in one write behind its consent is of no bound session any more. */
static void behind_the_consent(void **state)
{
	struct rig *r = bound_as("hanbit", TRANSCEIVER);
	const uint32_t at = wrote[ESME].len;

	(void)state;
	say(r, SMSC, UNBIND, 0, 5);
	was_bound = true;
	add(ESME, UNBIND | RESPONSE, 0, 5, NULL, 0);
	add(ESME, SUBMIT, 0, 6, NULL, 0);
	send_from(r, ESME, at);
	assert_false(was_bound);
	end(r);
}

/* No buffer to split a segment with: the bind is looked at again and again until it can leave,
 * and is no second bind for that; its answer likewise counts once. */
static void a_bind_that_waits_is_one_bind(void **state)
{
	struct rte_mempool *pool = rig_pool(255);
	struct rig *r = rig_open(pool, NULL);
	struct rte_mbuf *taken[255];
	unsigned n = 0;

	(void)state;
	rig_screen = watch;
	rig_handshake(r);
	while (rte_mempool_avail_count(pool) > 1) {
		taken[n] = rte_pktmbuf_alloc(pool);
		assert_non_null(taken[n++]);
	}
	add_bind(TRANSCEIVER, 1, "hanbit");
	add(ESME, 0x15, 0, 2, NULL, 0);
	wrote[ESME].len -= 1; /* the segment ends inside a PDU */
	send_from(r, ESME, 0);
	assert_true(rig_counter(r, COUNTER_POOL_EMPTY) > 1);
	assert_int_equal(heard[SMSC].len, 0);
	rte_pktmbuf_free_bulk(taken, n);
	rig_wait(r, 20);
	hear(r);
	assert_int_equal(heard[SMSC].len, 16 + 6 + 7);
	assert_int_equal(rig_counter(r, COUNTER_BINDS), 1);
	assert_int_equal(rig_counter(r, COUNTER_BINDS_REFUSED), 0);
	end(r);
}

/* SMPP 3.4 section 2.2.1: the SMSC connects and asks for a bind; who is screened is as ever. */
static void outbind(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	struct seg answer = rig_syn(r, ESME);

	(void)state;
	rig_screen = watch;
	rig_bind_reason = REASON_PASS;
	answered = 0;
	answer.flags = SYN | ACK;
	rig_send(r, SMSC, rig_syn(r, SMSC));
	rig_send(r, ESME, answer);
	rig_send(r, SMSC, (struct seg){ .window = 60000, .has_ts = true, .ts_val = 1000 });
	rig_quiet(r);
	assert_non_null(rig_relay(r));
	add(SMSC, 0x0b, 0, 1, "smsc\0pw", 8);
	send_from(r, SMSC, 0);
	assert_int_equal(heard[ESME].len, 24);
	answered = heard[ESME].len;
	submits(r, false, "");
	bind(r, TRANSMITTER, 2, "hanbit");
	smsc_says(r, TRANSMITTER | RESPONSE, 0, 2);
	submits(r, true, "hanbit");
	end(r);
}

/* A generic_nack of either end, and numbers that are 0 or come again, change nothing. */
static void odd_numbers_and_nacks(void **state)
{
	struct rig *r = begin();

	(void)state;
	bind(r, TRANSCEIVER, 0, "hanbit");
	smsc_says(r, 0x80000000u, 3, 0);
	say(r, ESME, 0x80000000u, 3, 0);
	submits(r, false, "hanbit");
	smsc_says(r, TRANSCEIVER | RESPONSE, 0, 0);
	submits(r, true, "hanbit");
	smsc_says(r, TRANSCEIVER | RESPONSE, 0x0d, 0);
	smsc_says(r, UNBIND | RESPONSE, 3, 0);
	say(r, ESME, 0x80000000u, 3, 90);
	submits(r, true, "hanbit");
	end(r);
}

/* An SMSC of SMPP 3.3 knows no bind_transceiver, and answers it with generic_nack: the ESME
 * tries another bind on the same connection. Its first words were that bind alone, so the nack
 * can be of nothing else. */
static void a_bind_that_is_not_known_makes_room(void **state)
{
	struct rig *r = begin();

	(void)state;
	bind(r, TRANSCEIVER, 1, "hanbit");
	smsc_says(r, 0x80000000u, 3, 1);
	bind(r, TRANSMITTER, 2, "noeul");
	assert_int_equal(heard[SMSC].len, wrote[ESME].len);
	bind(r, TRANSMITTER, 2, "dorado"); /* one, and not one more */
	is_answered(TRANSMITTER, 2, ALREADY_BOUND);
	smsc_says(r, TRANSMITTER | RESPONSE, 0, 2);
	submits(r, true, "noeul");
	end(r);
}

/* Where it can be of something else it decides nothing: the answer to the bind is to come. */
static void a_nack_of_something_else(void **state)
{
	for (unsigned when = 0; when < 3; when++) {
		struct rig *r = begin();
		(void)state;
		if (when == 0)
			say(r, ESME, 0x15, 0, 1); /* enquire_link */
		bind(r, TRANSCEIVER, 1, "hanbit");
		if (when == 1)
			say(r, ESME, 0x777, 0, 1);
		if (when == 2) { /* it was bound before */
			smsc_says(r, TRANSCEIVER | RESPONSE, 0, 1);
			say(r, ESME, UNBIND, 0, 2);
			smsc_says(r, UNBIND | RESPONSE, 0, 2);
			bind(r, TRANSCEIVER, 1, "hanbit");
		}
		smsc_says(r, 0x80000000u, 3, 1);
		answered = heard[ESME].len;
		bind(r, TRANSCEIVER, 1, "noeul");
		is_answered(TRANSCEIVER, 1, ALREADY_BOUND);
		smsc_says(r, TRANSCEIVER | RESPONSE, 0, 1);
		submits(r, true, "hanbit");
		end(r);
	}
}

/* message_payload of 64 KiB - 1, 255 destinations and TLVs fit; what is longer is not SMPP, and
 * is answered as its command_length, before any octet of its body is there. */
static void no_pdu_is_longer_than_72_kib(void **state)
{
	for (uint32_t over = 0; over < 2; over++) {
		struct rig *r = bound_as("hanbit", TRANSCEIVER);
		const uint32_t at = wrote[ESME].len, heard_before = heard[ESME].len;
		(void)state;
		add(ESME, 0x777, 0, 5, NULL, 0);
		put32(wrote[ESME].at + at, SMPP_PDU_MAX + over);
		send_from(r, ESME, at);
		assert_int_equal(rig_counter(r, COUNTER_FRAMING_LOST), over);
		assert_int_equal(heard[ESME].len - heard_before, 16 * over);
		if (over != 0)
			is_answered(0, 5, SMPP_RINVCMDLEN);
		end(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_when_it_is_answered),
		cmocka_unit_test(two_binds_in_one_write),
		cmocka_unit_test(another_response_decides_nothing),
		cmocka_unit_test(a_bound_session_stays_as_it_is),
		cmocka_unit_test(a_refused_bind_makes_room_for_another),
		cmocka_unit_test(unbound_when_it_is_agreed),
		cmocka_unit_test(nobody_asked),
		cmocka_unit_test(consent_while_a_bind_waits),
		cmocka_unit_test(behind_the_consent),
		cmocka_unit_test(a_bind_that_waits_is_one_bind),
		cmocka_unit_test(outbind),
		cmocka_unit_test(odd_numbers_and_nacks),
		cmocka_unit_test(a_bind_that_is_not_known_makes_room),
		cmocka_unit_test(a_nack_of_something_else),
		cmocka_unit_test(no_pdu_is_longer_than_72_kib),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
