/* SPDX-License-Identifier: Apache-2.0 */
/* The windows that we give: what of them is said, when, and that nothing is said twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

#define SIZE 1000u /* of a segment, one PDU */

static struct rig *open_rig(void (*change)(struct settings *), void (*offers)(struct rig *))
{
	struct rig *r = rig_open(rig_buffers, change);

	offers(r);
	rig_stream(SIZE);
	rig_handshake(r);
	return r;
}

static const struct leg *leg_of(struct rig *r) { return &rig_relay(r)->leg[ESME]; }

static void smsc_acks(struct rig *r, uint32_t number)
{
	rig_send(r, SMSC, (struct seg){ .ack = number, .window = 60000 });
}

/* All that it is sent, as it comes, until so many octets have been. */
static void smsc_takes(struct rig *r, uint32_t octets)
{
	const struct leg *l = &rig_relay(r)->leg[SMSC];

	while (l->snd_una - r->isn[ESME] - 1 < octets) {
		smsc_acks(r, l->snd_max - r->isn[ESME] - 1);
		rig_wait(r, 20);
	}
}

/* The ESME sends what it may, and the SMSC takes nothing. Octets that were sent. */
static uint32_t fill(struct rig *r)
{
	uint32_t at = 0;

	for (; leg_of(r)->rcv_adv - leg_of(r)->rcv_nxt >= SIZE; at += SIZE) {
		rig_send(r, ESME, rig_text(at, SIZE, 0));
		rig_wait(r, 20);
		rig_quiet(r);
	}
	return at;
}

/* ACKs to the ESME while the SMSC says ten times what it has said before. */
static unsigned acks_of_nothing(struct rig *r, uint32_t number)
{
	unsigned n = 0;

	rig_quiet(r);
	for (unsigned i = 0; i < 10; i++)
		smsc_acks(r, number);
	while (rig_said(r, ESME) != NULL)
		n++;
	return n;
}

static void coarse(struct rig *r)
{
	rig_without_stamps(r);
	r->offer[SMSC].wscale = 14;
}

/* Of a window in units of 16 KiB less than one cannot be said: it was said to have opened
 * again and again, to an end whose own has closed likewise (another Sluice) without end. */
static void less_than_a_unit_is_not_said(void **state)
{
	struct rig *r = open_rig(NULL, coarse);

	(void)state;
	assert_in_range(fill(r), 240 * SIZE, 262144);
	smsc_acks(r, 4 * SIZE); /* room for two segments and more */
	assert_int_equal(acks_of_nothing(r, 4 * SIZE), 0);
	rig_quiet(r);
	smsc_takes(r, 20 * SIZE);
	/* And a whole one is. */
	const struct seg *said = rig_said(r, ESME);
	assert_non_null(said);
	assert_true(said->window > 0);
	rig_close(r);
}

static void larger_buffers(struct settings *s) { s->leg_buffer = s->leg_buffer_most = 1 << 20; }

static void unscaled(struct rig *r)
{
	rig_without_stamps(r);
	r->offer[ESME].no_wscale = r->offer[SMSC].no_wscale = true;
}

/* A header without a scale says 64 KiB, whatever a leg may hold. */
static void more_than_a_header_says_is_not_said(void **state)
{
	struct rig *r = open_rig(larger_buffers, unscaled);

	(void)state;
	rig_send(r, ESME, rig_text(0, SIZE, 0));
	rig_wait(r, 20);
	assert_int_equal(acks_of_nothing(r, 0), 0);
	rig_close(r);
}

static void small_esme(struct rig *r)
{
	rig_without_stamps(r);
	r->offer[ESME].mss = 536;
}

/* RFC 9293 section 3.8.6.2: what the ESME takes itself is not the size of what it sends. Less
 * than one of those is silly: it would wait for its persist timer before it sends that. */
static void room_is_for_what_its_sender_sends(void **state)
{
	struct rig *r = open_rig(NULL, small_esme);
	const struct seg *said = NULL;

	(void)state;
	const uint32_t sent = fill(r);
	while (leg_of(r)->rcv_adv != leg_of(r)->rcv_nxt)
		rig_send(r, ESME, rig_text(sent, leg_of(r)->rcv_adv - leg_of(r)->rcv_nxt, 0));
	rig_quiet(r);
	for (uint32_t acked = 100; said == NULL && acked < 5 * SIZE; acked += 100) {
		smsc_acks(r, acked);
		said = rig_said(r, ESME);
	}
	assert_non_null(said);
	assert_in_range(said->window << 3, 1460, sent);
	rig_close(r);
}

static void few_buffers(struct settings *s) { s->leg_segments = 256; }

static void coarse_and_small(struct rig *r)
{
	coarse(r);
	r->offer[ESME].mss = r->offer[SMSC].mss = 88;
	r->offer[SMSC].window = 500;
}

/* Three quarters of 256 buffers with 88 octets each are one unit of 16 KiB, and when a few are
 * taken none: nothing of half a PDU could go on, and nothing would open the window again. */
static void half_a_pdu_does_not_close_it(void **state)
{
	struct rig *r = open_rig(few_buffers, coarse_and_small);

	(void)state;
	for (uint32_t at = 0; at < SIZE - 88; at += 88) {
		rig_send(r, ESME, rig_text(at, 88, 0));
		const struct seg *said = rig_said(r, ESME);
		assert_non_null(said); /* at once: its sender's Nagle may wait */
		assert_true(said->window > 0);
	}
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(less_than_a_unit_is_not_said),
		cmocka_unit_test(more_than_a_header_says_is_not_said),
		cmocka_unit_test(room_is_for_what_its_sender_sends),
		cmocka_unit_test(half_a_pdu_does_not_close_it),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
