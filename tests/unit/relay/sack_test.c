/* SPDX-License-Identifier: Apache-2.0 */
/* What a leg says of octets behind gaps (RFC 2018) and of those that came twice (2883). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

static void assert_sack(struct rig *r, unsigned n, const uint32_t (*blocks)[2])
{
	const struct seg *s = rig_said(r, ESME);

	assert_non_null(s);
	assert_int_equal(s->n_sacks, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(s->sack[i][0], blocks[i][0]);
		assert_int_equal(s->sack[i][1], blocks[i][1]);
	}
	assert_null(rig_said(r, ESME));
}

/* RFC 2018 section 4: the run of the latest segment first, then the ones reported before;
 * three beside time-stamps. */
static void sack_says_the_latest_first(void **state)
{
	struct rig *r = rig_connected(NULL);

	(void)state;
	rig_send(r, ESME, rig_text(100, 10, 1000));
	assert_sack(r, 1, (const uint32_t[][2]){ { 100, 110 } });
	rig_send(r, ESME, rig_text(300, 10, 1000));
	assert_sack(r, 2, (const uint32_t[][2]){ { 300, 310 }, { 100, 110 } });
	rig_send(r, ESME, rig_text(200, 10, 1000));
	assert_sack(r, 3, (const uint32_t[][2]){ { 200, 210 }, { 300, 310 }, { 100, 110 } });
	rig_send(r, ESME, rig_text(400, 10, 1000));
	assert_sack(r, 3, (const uint32_t[][2]){ { 400, 410 }, { 200, 210 }, { 300, 310 } });
	/* A run grows at its front and comes first again; two runs become one. */
	rig_send(r, ESME, rig_text(290, 10, 1000));
	assert_sack(r, 3, (const uint32_t[][2]){ { 290, 310 }, { 400, 410 }, { 200, 210 } });
	rig_send(r, ESME, rig_text(210, 80, 1000));
	assert_sack(r, 3, (const uint32_t[][2]){ { 200, 310 }, { 400, 410 }, { 100, 110 } });
	rig_close(r);
}

static void four_blocks_fit_without_time_stamps(void **state)
{
	struct rig *r = rig_connected(rig_without_stamps);

	(void)state;
	for (unsigned i = 1; i < 5; i++) {
		rig_quiet(r);
		rig_send(r, ESME, rig_text(i * 100, 10, 0));
	}
	assert_sack(r, 4,
	            (const uint32_t[][2]){
			    { 400, 410 }, { 300, 310 }, { 200, 210 }, { 100, 110 } });
	rig_close(r);
}

static void without_sack(struct rig *r) { r->offer[SMSC].no_sack = true; }

static void no_sack_when_an_end_did_not_offer_it(void **state)
{
	struct rig *r = rig_connected(without_sack);

	(void)state;
	rig_send(r, ESME, rig_text(100, 10, 1000));
	assert_sack(r, 0, NULL);
	rig_close(r);
}

/* RFC 2883 section 4: what came twice is said first and once; then the run it is in. */
static void what_came_twice_is_said_once(void **state)
{
	struct rig *r = rig_connected(NULL);

	(void)state;
	rig_stream(100);
	rig_send(r, ESME, rig_text(0, 100, 1000));
	rig_wait(r, 20);
	rig_quiet(r);
	rig_send(r, ESME, rig_text(0, 100, 1000)); /* below the ACK */
	assert_sack(r, 1, (const uint32_t[][2]){ { 0, 100 } });
	assert_int_equal(rig_counter(r, COUNTER_TCP_DUPLICATE), 1);
	rig_send(r, ESME, rig_text(200, 50, 1000));
	assert_sack(r, 1, (const uint32_t[][2]){ { 200, 250 } });
	rig_send(r, ESME, rig_text(220, 10, 1000)); /* inside a run */
	assert_sack(r, 2, (const uint32_t[][2]){ { 220, 230 }, { 200, 250 } });
	rig_send(r, ESME, rig_text(90, 20, 1000)); /* half of it is new */
	assert_sack(r, 2, (const uint32_t[][2]){ { 90, 100 }, { 200, 250 } });
	rig_send(r, ESME, rig_text(300, 10, 1000));
	assert_sack(r, 2, (const uint32_t[][2]){ { 300, 310 }, { 200, 250 } });
	rig_close(r);
}

/* RFC 2018 section 4: each duplicate ACK bears the option. What goes to this end at the same
 * time has no room for it, and is no duplicate ACK: so that follows. */
static void octets_that_go_out_hide_no_gap(void **state)
{
	struct rig *r = rig_connected(NULL);
	const struct seg *s;
	unsigned sacks = 0;

	(void)state;
	rig_stream(100);
	rig_both(r, rig_text(100, 100, 1000), rig_text(0, 100, 1000)); /* as it came */
	for (; (s = rig_said(r, ESME)) != NULL; sacks += s->n_sacks != 0)
		assert_true(s->len == 0 || sacks == 0);
	assert_int_equal(sacks, 1);
	rig_send(r, SMSC, rig_text(100, 50, 1000)); /* half a PDU: joined to its rest */
	rig_quiet(r);
	rig_both(r, rig_text(300, 100, 1000), rig_text(150, 50, 1000));
	for (sacks = 0; (s = rig_said(r, ESME)) != NULL; sacks += s->n_sacks != 0)
		assert_true(s->len == 0 || sacks == 0);
	assert_int_equal(sacks, 1);
	rig_send(r, SMSC, rig_text(200, 100, 1000)); /* nothing came: nothing to say */
	s = rig_said(r, ESME);
	assert_non_null(s);
	assert_int_equal(s->len, 100);
	assert_null(rig_said(r, ESME));
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sack_says_the_latest_first),
		cmocka_unit_test(four_blocks_fit_without_time_stamps),
		cmocka_unit_test(no_sack_when_an_end_did_not_offer_it),
		cmocka_unit_test(what_came_twice_is_said_once),
		cmocka_unit_test(octets_that_go_out_hide_no_gap),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
