/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of messages: of rules once, when it has gone its way, however often it had to
 * be screened until it could; what the screener counts under its name; what waited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"
#include "rule_hits.h"

#define SHADOW 41u
#define REFUSES 42u
#define CANARY 43u

static struct worker *worker;
static struct report_rule *rows;
static bool refuse;
static unsigned screened;

/* An image of three rules: one on trial, one that refuses when it is asked to, and one on trial
 * that acts for some accounts, of which nobody here is. */
static const struct image_rule rules[3] = {
	{ .id = SHADOW, .action = IMAGE_REFUSE, .flags = IMAGE_RULE_SHADOW },
	{ .id = REFUSES, .action = IMAGE_REFUSE },
	{ .id = CANARY, .flags = IMAGE_RULE_SHADOW, .n_canary_accounts = 1 },
};
static const struct image_policy policy = { .rules_version = 3 };
static const struct image_header header;
static const struct image image = {
	.header = &header, .policy = &policy, .rules = rules, .n_rules = 3
};
static const struct tables tables = { .serial = 99, .image_serial = 7, .image = &image };

/* Each message has a match of those on trial, and of the other when that refuses. */
static void screen(struct screen_context *context, struct screen_vector *v)
{
	(void)context;
	worker->tables = &tables; /* until the turn is over */
	for (unsigned i = 0; i < v->n; i++) {
		struct screen_message *m = &v->messages[i];
		v->matched[i][0] = 0;
		v->matched[i][1] = 2;
		v->matched[i][2] = 1 | SCREEN_ACTED;
		m->n_matched = refuse ? 3 : 2;
		m->refuse = refuse;
		m->reason = refuse ? REASON_CONTENT_RULE : REASON_PASS;
		screened++;
	}
}

static void expect(uint32_t rule, uint64_t matched, uint64_t acted)
{
	struct report_rule found = { 0 };

	for (unsigned i = 0; i < REPORT_RULES; i++)
		if (rows[i].rule == rule)
			found = rows[i];
	assert_int_equal(found.matched, matched);
	assert_int_equal(found.acted, acted);
	assert_int_equal(found.version, matched != 0 ? 3 : 0);
	assert_int_equal(found.mode, matched == 0 || rule == REFUSES ? REPORT_RULE_ACTIVE
	                             : rule == CANARY                ? REPORT_RULE_CANARY
	                                                             : REPORT_RULE_SHADOW);
}

static struct rig *begin_with(void (*change)(struct settings *))
{
	struct rig *r = rig_open(rig_buffers, change);

	rows = calloc(REPORT_RULES, sizeof(*rows));
	assert_non_null(rows);
	assert_int_equal(rule_hits_open(&r->worker->rule_hits, rows), 0);
	worker = r->worker;
	screened = 0;
	rig_screen = screen;
	rig_handshake(r);
	return r;
}

static struct rig *begin(void) { return begin_with(NULL); }

static void end(struct rig *r)
{
	rig_screen = NULL;
	rig_close(r);
	free(rows);
}

/* The n-th submit_sm of the ESME, without a body: the screener says what it is. */
static void submit(struct rig *r, uint8_t n)
{
	const uint8_t octets[16] = { 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, n };

	rig_send(r, ESME, rig_part(16u * (n - 1u), octets, sizeof(octets)));
}

static void passed_ones_count(void **state)
{
	struct rig *r = begin();

	(void)state;
	refuse = false;
	submit(r, 1);
	submit(r, 2);
	assert_int_equal(rig_counter(r, COUNTER_FORWARDED), 2);
	expect(SHADOW, 2, 0);
	expect(CANARY, 2, 0);
	expect(REFUSES, 0, 0);
	end(r);
}

/* No room for the record of a refusal: it waits, is screened again and again, and counts when
 * it is answered. */
static void refused_ones_count_once(void **state)
{
	struct rig *r = begin();
	struct report_ring *ring = r->report.ring;

	(void)state;
	refuse = true;
	submit(r, 1);
	expect(SHADOW, 1, 0);
	expect(REFUSES, 1, 1);
	while (audit_next(&r->report) != NULL)
		audit_publish(&r->report);
	submit(r, 2);
	rig_wait(r, 20);
	expect(REFUSES, 1, 1);
	assert_true(rig_counter(r, COUNTER_AUDIT_FULL) > 0);
	__atomic_store_n(&ring->tail, ring->head, __ATOMIC_RELEASE);
	rig_wait(r, 20);
	assert_int_equal(rig_counter(r, COUNTER_REFUSED), 2);
	expect(SHADOW, 2, 0);
	expect(REFUSES, 2, 2);
	assert_true(screened > 2);
	end(r);
}

/* The SMSC has closed, and so have we towards the ESME: what it goes on to send is refused as
 * before, but nobody hears of it. */
static void answers_that_nobody_gets_count_apart(void **state)
{
	struct rig *r = begin();

	(void)state;
	refuse = true;
	submit(r, 1);
	rig_send(r, SMSC,
	         (struct seg){
			 .flags = FIN | ACK, .window = 60000, .has_ts = true, .ts_val = 1000 });
	rig_wait(r, 20);
	rig_quiet(r);
	submit(r, 2);
	submit(r, 3);
	rig_wait(r, 20);
	for (const struct seg *s; (s = rig_said(r, ESME)) != NULL;)
		assert_true(s->len == 0 || s->seq == 0);
	assert_int_equal(rig_counter(r, COUNTER_REQUESTS), 3);
	assert_int_equal(rig_counter(r, COUNTER_REFUSED), 1);
	assert_int_equal(rig_counter(r, COUNTER_UNANSWERED), 2);
	assert_int_equal(rig_counter(r, COUNTER_DISCARDED), 0);
	expect(REFUSES, 3, 3);
	end(r);
}

/* Each by another number, so that no two can change places. */
static void count_all(struct screen_context *s, struct screen_vector *v)
{
	(void)v;
	s->scanned_octets = 1;
	s->rescanned_texts = 2;
	s->shadowed = 3;
	s->unlisted = 4;
	s->fingerprints = 5;
	s->campaign_matches = 6;
	s->cache_hits = 7;
	s->cache_misses = 8;
	s->cache_replaced = 9;
	s->parts_seen = 10;
	s->parts_lost = 11;
	s->parts_sticky = 12;
	s->parts_beyond = 13;
	s->parts_own_lost = 14;
}

static void the_screeners_counts_have_their_names(void **state)
{
	static const enum counter counters[] = {
		COUNTER_SCREENED_OCTETS, COUNTER_RESCANNED_TEXTS, COUNTER_SHADOWED,
		COUNTER_RULE_HITS_LOST,  COUNTER_FINGERPRINTS,    COUNTER_CAMPAIGN_MATCHES,
		COUNTER_CACHE_HITS,      COUNTER_CACHE_MISSES,    COUNTER_CACHE_REPLACED,
		COUNTER_PARTS_SEEN,      COUNTER_PARTS_LOST,      COUNTER_PARTS_STICKY,
		COUNTER_PARTS_BEYOND,    COUNTER_PARTS_OWN_LOST,
	};
	struct rig *r = begin();

	(void)state;
	rig_screen = count_all;
	for (uint8_t n = 1; n <= 2; n++) {
		submit(r, n);
		for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
			assert_int_equal(rig_counter(r, counters[i]), n * (i + 1));
	}
	end(r);
}

/* A gap is filled, and with that more messages are whole than a vector has room for: the rest
 * is for the next turn, and all go on. */
static void more_than_a_vector_waits_a_turn(void **state)
{
	enum { EACH = 1280, SEGMENTS = 5, MESSAGES = SEGMENTS * EACH / 16 };
	static uint8_t octets[SEGMENTS * EACH];
	struct rig *r = begin();

	(void)state;
	_Static_assert(MESSAGES > SCREEN_VECTOR_MAX, "more than there is room for");
	refuse = false;
	for (unsigned i = 0; i < MESSAGES; i++) {
		octets[16 * i + 3] = 16; /* command_length */
		octets[16 * i + 7] = 4;  /* submit_sm */
		octets[16 * i + 15] = 1; /* sequence_number */
	}
	for (unsigned i = SEGMENTS; i-- > 0;)
		rig_send(r, ESME, rig_part(i * EACH, octets + i * EACH, EACH));
	assert_true(rig_counter(r, COUNTER_VECTOR_FULL) > 0);
	assert_int_equal(rig_counter(r, COUNTER_FORWARDED), SCREEN_VECTOR_MAX);
	rig_wait(r, 5);
	assert_int_equal(rig_counter(r, COUNTER_FORWARDED), MESSAGES);
	end(r);
}

/* Half a message goes nowhere when its connection is reset, and is counted. */
static void what_was_held_is_counted(void **state)
{
	struct rig *r = begin();

	(void)state;
	rig_send(r, ESME, rig_part(0, (const uint8_t[10]){ 0, 0, 0, 16, 0, 0, 0, 4 }, 10));
	assert_int_equal(rig_counter(r, COUNTER_HELD_AT_CLOSE), 0);
	rig_send(r, ESME, (struct seg){ .flags = RST, .seq = 10 });
	assert_int_equal(rig_counter(r, COUNTER_HELD_AT_CLOSE), 10);
	end(r);
}

/* Framing is lost, and an end that does not close is reset: that is one connection ended. */
static void an_end_by_us_counts_once(void **state)
{
	uint8_t octets[32];
	struct rig *r = begin();

	(void)state;
	refuse = false;
	rig_pdu(octets, 16);
	memset(octets + 16, 0, 16);
	rig_send(r, ESME, rig_part(0, octets, sizeof(octets)));
	assert_int_equal(rig_counter(r, COUNTER_FRAMING_LOST), 1);
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_RESET), 1);
	for (unsigned s = 0; s < 60 && rig_relay(r) != NULL; s++, rig_quiet(r))
		rig_wait(r, 1000);
	assert_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_FLOWS_RESET), 1);
	end(r);
}

static void little_room(struct settings *s)
{
	s->leg_buffer = s->leg_buffer_most = 131072;
	s->pdu_limit = 5;
}

/* An ESME that does not read its answers has no more of its PDUs decided: one that was half
 * there when that began, and is whole since then, is not late. */
static void what_is_not_looked_at_is_not_late(void **state)
{
	/* The end of a submit_sm and the beginning of the next. */
	static const uint8_t octets[16] = { [7] = 1, [11] = 16, [15] = 4 };
	struct rig *r = begin_with(little_room);
	struct report_ring *ring = r->report.ring;
	uint32_t seq = 8;

	(void)state;
	rig_stream(1440);
	for (uint32_t at = 0; at + 2 * 1440 < 131072; at += 1440, rig_quiet(r))
		rig_send(r, SMSC, rig_part(at, rig_octets, 1440));
	refuse = true;
	rig_send(r, ESME, rig_part(0, octets + 8, 8));
	for (; seq < 5000 && !relay_stalls(rig_relay(r), SIDE_ESME, &r->worker->tcp_config);
	     seq += 16, rig_quiet(r)) {
		rig_send(r, ESME, rig_part(seq, octets, sizeof(octets)));
		__atomic_store_n(&ring->tail, ring->head, __ATOMIC_RELEASE);
	}
	assert_in_range(seq, 1000, 4999);
	rig_send(r, ESME, rig_part(seq, octets, 8));
	for (unsigned i = 0; i < 20; i++, rig_quiet(r)) {
		rig_wait(r, 1000);
		rig_send(r, ESME, rig_part(seq + 8, NULL, 0)); /* it lives */
	}
	assert_int_equal(rig_counter(r, COUNTER_PDU_LATE), 0);
	assert_non_null(rig_relay(r));
	end(r);
}

/* An ESME that goes without having read its answers resets (close() with octets unread), right
 * behind its last messages: they go on before the RST does, as on a wire without us; and one
 * that is refused has no answer. */
static void a_rst_comes_behind_what_came_before(void **state)
{
	static const uint8_t octets[2][20] = { { [3] = 16, [7] = 4, [15] = 1 },
		                               { [3] = 16, [7] = 4, [15] = 2, [19] = 16 } };

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct rig *r = begin();
		const struct seg burst[3] = { rig_part(0, octets[0], 16),
			                      rig_part(16, octets[1], 20),
			                      { .flags = RST, .seq = 36 } };
		const struct seg *s;
		uint32_t heard = 0;
		refuse = round != 0;
		rig_burst(r, ESME, burst, 3);
		while ((s = rig_said(r, SMSC)) != NULL && !(s->flags & RST))
			heard += s->len;
		assert_non_null(s);
		assert_int_equal(s->seq, heard);
		assert_int_equal(heard, refuse ? 0 : 32);
		assert_null(rig_said(r, ESME));
		assert_null(rig_relay(r));
		assert_int_equal(rig_counter(r, COUNTER_FORWARDED), refuse ? 0 : 2);
		assert_int_equal(rig_counter(r, COUNTER_UNANSWERED), refuse ? 2 : 0);
		assert_int_equal(rig_counter(r, COUNTER_HELD_AT_CLOSE), 4);
		end(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passed_ones_count),
		cmocka_unit_test(refused_ones_count_once),
		cmocka_unit_test(answers_that_nobody_gets_count_apart),
		cmocka_unit_test(the_screeners_counts_have_their_names),
		cmocka_unit_test(more_than_a_vector_waits_a_turn),
		cmocka_unit_test(what_was_held_is_counted),
		cmocka_unit_test(an_end_by_us_counts_once),
		cmocka_unit_test(what_is_not_looked_at_is_not_late),
		cmocka_unit_test(a_rst_comes_behind_what_came_before),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
