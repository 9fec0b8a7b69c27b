/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted when something has no room, or nobody time: queues, rows, records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "campaign_sketch.h"
#include "rig.h"
#include "rule_hits.h"

#define ACCOUNT 77u
#define RULE 42u

static struct worker *worker;
static uint64_t next_fingerprint;

static const struct image_rule rules[1] = { { .id = RULE, .action = IMAGE_REFUSE } };
static const struct image_account accounts[2] = { [1] = { .id = ACCOUNT } };
static const struct image_policy policy = { .rules_version = 3 };
static const struct image_header header;
static const struct image image = { .header = &header,
	                            .policy = &policy,
	                            .rules = rules,
	                            .n_rules = 1,
	                            .accounts = accounts,
	                            .n_accounts = 2 };
static const struct tables tables = { .serial = 99, .image_serial = 7, .image = &image };

/* Each message passes; it matches the rule, and is of a campaign of its own. */
static void screen(struct screen_context *context, struct screen_vector *v)
{
	(void)context;
	worker->tables = &tables; /* until the turn is over */
	for (unsigned i = 0; i < v->n; i++) {
		struct screen_message *m = &v->messages[i];
		struct connection *c = m->owner;
		c->session.tables_serial = tables.serial;
		c->session.account_row = m->account_row = 1;
		v->matched[i][0] = 0;
		m->n_matched = 1;
		m->reason = REASON_PASS;
		m->fingerprint = ++next_fingerprint * UINT64_C(0x9e3779b97f4a7c15);
		m->stands_for = 1;
	}
}

static struct rig *begin(void)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	worker = r->worker;
	rig_screen = screen;
	next_fingerprint = 0;
	rig_handshake(r);
	rig_bind(r);
	return r;
}

static void end(struct rig *r)
{
	rig_screen = NULL;
	rig_close(r);
}

/* So many submit_sm without a body in one segment, the n-th of the ESME. */
#define EACH 64u
static void submit(struct rig *r, uint32_t n)
{
	static uint8_t octets[16 * EACH];

	for (unsigned i = 0; i < EACH; i++) {
		octets[16 * i + 3] = 16; /* command_length */
		octets[16 * i + 7] = 4;  /* submit_sm */
		octets[16 * i + 15] = 1; /* sequence_number */
	}
	rig_send(r, ESME,
	         (struct seg){ .seq = RIG_BIND + n * (uint32_t)sizeof(octets),
	                       .ack = 16,
	                       .payload = octets,
	                       .len = sizeof(octets),
	                       .window = 60000,
	                       .has_ts = true,
	                       .ts_val = 1000 });
	rig_quiet(r);
	rig_send(r, SMSC,
	         (struct seg){ .seq = 16,
	                       .ack = RIG_BIND + (n + 1) * (uint32_t)sizeof(octets),
	                       .window = 60000,
	                       .has_ts = true,
	                       .ts_val = 1000 });
}

/* Every row has a rule of an earlier set: one of those gives way. */
static void rows_of_rules(void **state)
{
	struct report_rule *rows = calloc(REPORT_RULES, sizeof(*rows));
	struct rig *r = begin();
	unsigned ours = 0;

	(void)state;
	assert_non_null(rows);
	for (unsigned i = 0; i < REPORT_RULES; i++)
		rows[i] = (struct report_rule){ .rule = 1000 + i, .version = 2 };
	assert_int_equal(rule_hits_open(&worker->rule_hits, rows), 0);
	submit(r, 0);
	assert_int_equal(rig_counter(r, COUNTER_RULE_ROWS_REPLACED), 1);
	assert_int_equal(rig_counter(r, COUNTER_RULE_HITS_LOST), 0);
	for (unsigned i = 0; i < REPORT_RULES; i++)
		ours += rows[i].rule == RULE && rows[i].version == 3 && rows[i].matched == EACH;
	assert_int_equal(ours, 1);
	end(r);
	free(rows);
}

/* Each campaign takes a row of all accounts and one of its own: those that have none any more
 * were replaced. */
static void rows_of_campaigns(void **state)
{
	struct report_campaign *rows = calloc(REPORT_CAMPAIGNS, sizeof(*rows));
	struct rig *r = begin();
	uint64_t used = 0;

	(void)state;
	assert_non_null(rows);
	assert_int_equal(campaign_sketch_open(&worker->campaigns, rows), 0);
	for (uint32_t n = 0; n < REPORT_CAMPAIGNS / EACH; n++)
		submit(r, n);
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++)
		used += rows[i].fingerprint != 0;
	assert_int_equal(next_fingerprint, REPORT_CAMPAIGNS);
	assert_int_equal(rig_counter(r, COUNTER_CAMPAIGNS_REPLACED),
	                 2 * next_fingerprint - used);
	assert_true(rig_counter(r, COUNTER_CAMPAIGNS_REPLACED) > 0);
	end(r);
	free(rows);
}

/* What is not ours and finds no place in the queue is dropped, as a switch would. */
static void queue_of_a_port(void **state)
{
	struct rig *r = begin();
	struct tcp_tx *tx = &worker->tx[SIDE_SMSC];
	const uint8_t frame[60] = { [12] = 8, [13] = 6 }; /* ARP */
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);

	(void)state;
	memcpy(rte_pktmbuf_append(m, sizeof(frame)), frame, sizeof(frame));
	tx->n = TCP_TX_MAX;
	worker_begin(worker, r->now);
	worker_take(worker, 0, SIDE_ESME, &m, 1);
	worker_input(worker, 0);
	worker_finish(worker);
	assert_int_equal(tx->n, TCP_TX_MAX);
	tx->n = 0;
	assert_int_equal(rig_counter(r, COUNTER_TX_FULL), 1);
	assert_int_equal(rig_counter(r, COUNTER_PASSED_FRAMES), 0);
	end(r); /* the buffer came back */
}

static void by_model(struct settings *s) { s->congestion_control = CONGESTION_BBR; }

/* All records are in use when a leg first fills its window: it stays with CUBIC. */
static void models(void **state)
{
	(void)state;
	for (unsigned full = 0; full < 2; full++) {
		struct rig *r = rig_open(rig_buffers, by_model);
		r->offer[SMSC].mss = 536; /* the first window is ten of those */
		rig_handshake(r);
		while (full && bbr_open(&r->worker->models, 5360, 0, r->now) != NULL)
			;
		rig_stream(500);
		for (uint32_t i = 0; i < 16; i++)
			rig_send(r, ESME, rig_text(i * 500, 500, 1001));
		assert_int_equal(rig_counter(r, COUNTER_TCP_MODEL_FULL) != 0, full);
		rig_quiet(r);
		rig_close(r);
	}
}

/* Headers go before the text in the buffer it came in; where a port left no room for them
 * there, it is copied. */
static void copies(void **state)
{
	struct rig *r = begin();
	uint8_t frame[WIRE_MAX];

	(void)state;
	for (unsigned room = 0; room < 2; room++) {
		rig_stream(2000);
		const struct seg s = { .seq = RIG_BIND + room * 16,
			               .ack = 16,
			               .payload = (const uint8_t[16]){ [3] = 16, [7] = 0x15 },
			               .len = 16,
			               .window = 60000,
			               .has_ts = true,
			               .ts_val = 1000 };
		const uint32_t len = rig_build(r, ESME, s, frame);
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);
		m->data_off = room ? RTE_PKTMBUF_HEADROOM : 0;
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		worker_begin(worker, r->now);
		worker_take(worker, 0, SIDE_ESME, &m, 1);
		worker_input(worker, 0);
		worker_finish(worker);
		assert_int_equal(rig_counter(r, COUNTER_TCP_COPIED), 16);
		rig_wait(r, 1);
		rig_quiet(r);
	}
	end(r);
}

/* Turns that found work, and the time they took; idle ones are neither. */
static void busy_turns(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	struct worker *w = r->worker;

	(void)state;
	r->ports.n_links = 0; /* nothing is received or sent */
	(void)worker_turn(w);
	(void)worker_turn(w);
	assert_int_equal(rig_counter(r, COUNTER_TURNS), 0);
	assert_int_equal(rig_counter(r, COUNTER_BUSY_CYCLES), 0);
	w->turn_busy = true; /* the turn before found some */
	const uint64_t began = w->turn_start;
	(void)worker_turn(w);
	assert_int_equal(rig_counter(r, COUNTER_TURNS), 1);
	assert_int_equal(rig_counter(r, COUNTER_BUSY_CYCLES), w->turn_start - began);
	assert_true(w->turn_start > began);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_rules),   cmocka_unit_test(rows_of_campaigns),
		cmocka_unit_test(queue_of_a_port), cmocka_unit_test(models),
		cmocka_unit_test(copies),          cmocka_unit_test(busy_turns),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
