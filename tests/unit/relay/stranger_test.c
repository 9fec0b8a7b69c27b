/* SPDX-License-Identifier: Apache-2.0 */
/* Who is not bound may be anybody: what he sends is refused and recorded, but not as what a
 * customer sent whose name he has used, and not in the room of those who are bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "campaign_sketch.h"
#include "rig.h"

#define ACCOUNT 77u
#define FINGERPRINT 0x1234u

static struct worker *worker;
static uint32_t account_row = 1;

/* An image with one account, which is whose every session claims to be. */
static const struct image_account accounts[2] = { [1] = { .id = ACCOUNT } };
static const struct image_policy policy;
static const struct image_header header;
static const struct image image = {
	.header = &header, .policy = &policy, .accounts = accounts, .n_accounts = 2
};
static const struct tables tables = { .serial = 99, .image = &image };

/* What the first stages say of everything; whether it is bound is the session's. */
static void refuse(struct screen_context *context, struct screen_vector *v)
{
	(void)context;
	worker->tables = &tables; /* until the turn is over */
	for (unsigned i = 0; i < v->n; i++) {
		struct screen_message *m = &v->messages[i];
		struct connection *c = m->owner;
		c->session.tables_serial = tables.serial;
		c->session.account_row = m->account_row = account_row;
		m->reason = m->bound ? REASON_CONTENT_RULE : REASON_NOT_BOUND;
		m->refuse = true;
		m->fingerprint = FINGERPRINT;
		m->stands_for = 1;
	}
}

static struct rig *begin(void)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	worker = r->worker;
	rig_screen = refuse;
	rig_handshake(r);
	return r;
}

static void end(struct rig *r)
{
	rig_screen = NULL;
	rig_close(r);
}

/* A submit_sm without a body, the n-th octets of the ESME, behind those of the SMSC. */
static void submit(struct rig *r, uint32_t seq, uint32_t ack)
{
	static const uint8_t octets[16] = { [3] = 16, [7] = 4, [15] = 9 };

	rig_send(r, ESME,
	         (struct seg){ .seq = seq,
	                       .ack = ack,
	                       .payload = octets,
	                       .len = sizeof(octets),
	                       .window = 60000,
	                       .has_ts = true,
	                       .ts_val = 1000 });
}

static void names_are_borrowed(void **state)
{
	struct report_campaign *rows = calloc(REPORT_CAMPAIGNS, sizeof(*rows));
	struct rig *r = begin();
	const struct audit_record *a = r->report.ring->records;
	unsigned used = 0;

	(void)state;
	assert_non_null(rows);
	assert_int_equal(campaign_sketch_open(&worker->campaigns, rows), 0);
	submit(r, 0, 0);
	assert_int_equal(r->report.ring->head, 1);
	assert_int_equal(a[0].reason, REASON_NOT_BOUND);
	assert_int_equal(a[0].account_id, 0);
	assert_int_equal(a[0].stranger, 1);
	assert_int_equal(a[0].fingerprint, FINGERPRINT);
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++)
		used += rows[i].fingerprint != 0;
	assert_int_equal(used, 0);
	end(r);

	r = begin();
	a = r->report.ring->records;
	assert_int_equal(campaign_sketch_open(&worker->campaigns, rows), 0);
	rig_bind(r);
	submit(r, RIG_BIND, 16);
	assert_int_equal(r->report.ring->head, 1);
	assert_int_equal(a[0].account_id, ACCOUNT);
	assert_int_equal(a[0].stranger, 0);
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++)
		used += rows[i].fingerprint == FINGERPRINT;
	assert_int_equal(used, 2); /* of the account, and of all */

	account_row = 0; /* no account has the name that it has bound with */
	submit(r, RIG_BIND + 16, 32);
	account_row = 1;
	assert_int_equal(r->report.ring->head, 2);
	assert_int_equal(a[1].account_id, 0);
	assert_int_equal(a[1].stranger, 1);
	end(r);
	free(rows);
}

static void half_of_the_ring_is_for_the_bound(void **state)
{
	struct rig *r = begin();
	struct report_ring *ring = r->report.ring;
	const uint64_t half = (r->report.ring_mask + 1) / 2;

	(void)state;
	while (ring->head < half - 1) {
		assert_non_null(audit_next(&r->report));
		audit_publish(&r->report);
	}
	submit(r, 0, 0);
	assert_int_equal(ring->head, half);
	submit(r, 16, 0); /* this one waits */
	rig_wait(r, 20);
	assert_int_equal(ring->head, half);
	assert_true(rig_counter(r, COUNTER_AUDIT_FULL) > 0);
	assert_int_equal(rig_counter(r, COUNTER_REFUSED), 1);

	r->path.port[ESME]++;
	rig_handshake(r);
	rig_bind(r);
	submit(r, RIG_BIND, 16);
	assert_int_equal(ring->head, half + 1);
	assert_int_equal(rig_counter(r, COUNTER_REFUSED), 2);

	__atomic_store_n(&ring->tail, ring->head, __ATOMIC_RELEASE);
	rig_wait(r, 20);
	assert_int_equal(ring->head, half + 2);
	assert_int_equal(rig_counter(r, COUNTER_REFUSED), 3);
	end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_borrowed),
		cmocka_unit_test(half_of_the_ring_is_for_the_bound),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
