/* SPDX-License-Identifier: Apache-2.0 */
/* Routers' answers that RSS brings to another worker than the connection's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "distribute.h"
#include "rig.h"
#include "stray.h"

#define SIZE 1460u
#define WORKERS 3u
#define OWNER 1u
#define PORTS 64u

static struct strays *strays;
static struct rig *rigs[WORKERS];

/* Worker 1 has the connection, and a segment of it is out; the router's word on it. */
static uint32_t open_workers(uint8_t *icmp)
{
	uint32_t len = 0;

	assert_int_equal(strays_open(&strays, WORKERS), 0);
	rig_stream(SIZE);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct rig *r = rigs[i] = rig_open(rig_buffers, NULL);
		r->worker->index = i;
		r->worker->strays = strays;
		if (i != OWNER)
			continue;
		r->offer[ESME].no_ts = r->offer[SMSC].no_ts = true;
		rig_handshake(r);
		rig_send(r, ESME, rig_text(0, SIZE, 0));
		const struct rig_frame *sent = &r->said[SMSC][r->at_said[SMSC] % RIG_SAID_MAX];
		len = frame_too_big(&r->path, SMSC, sent->octets, 576, icmp);
		rig_quiet(r);
	}
	return len;
}

static void close_workers(void)
{
	strays_close(strays);
	rig_close(rigs[OWNER]); /* the only one with buffers: it asserts that all are back */
	for (unsigned i = 0; i < WORKERS; i++)
		if (i != OWNER)
			rig_close(rigs[i]);
}

static uint64_t sum(enum counter counter)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += rig_counter(rigs[i], counter);
	return n;
}

/* Whoever gets it first, the owner cuts the segment, and no end hears of it. */
static void it_finds_its_worker(void **state)
{
	uint8_t icmp[WIRE_MAX];

	(void)state;
	for (unsigned first = 0; first < WORKERS; first++) {
		const uint32_t len = open_workers(icmp);
		rig_frame(rigs[first], SMSC, icmp, len);
		for (unsigned i = 1; i < WORKERS; i++)
			rig_wait(rigs[(first + i) % WORKERS], 1);
		const struct seg *s = rig_said(rigs[OWNER], SMSC);
		assert_non_null(s);
		assert_int_equal(s->seq, 0);
		assert_int_equal(s->len, 536);
		assert_int_equal(rig_counter(rigs[OWNER], COUNTER_TCP_TOO_BIG), 1);
		assert_int_equal(sum(COUNTER_PASSED_FRAMES), 0);
		rig_quiet(rigs[OWNER]);
		close_workers();
	}
}

/* Of a connection that none of them has: round once, then on to the end it was sent to. */
static void a_strangers_goes_on(void **state)
{
	uint8_t icmp[WIRE_MAX];

	(void)state;
	const uint32_t len = open_workers(icmp);
	rigs[OWNER]->path.port[ESME]++;
	const struct seg s = rig_text(0, SIZE, 0);
	uint8_t frame[WIRE_MAX];
	(void)rig_build(rigs[OWNER], ESME, s, frame);
	assert_int_equal(frame_too_big(&rigs[OWNER]->path, SMSC, frame, 576, icmp), len);
	rigs[OWNER]->path.port[ESME]--;
	rig_frame(rigs[0], SMSC, icmp, len);
	assert_int_equal(sum(COUNTER_PASSED_FRAMES), 0);
	rig_wait(rigs[1], 1);
	assert_int_equal(sum(COUNTER_PASSED_FRAMES), 0);
	rig_wait(rigs[2], 1);
	assert_int_equal(rig_counter(rigs[2], COUNTER_PASSED_FRAMES), 1);
	assert_int_equal(sum(COUNTER_STRAY_FULL), 0);
	close_workers();
}

/* The next worker does not look: its ring fills, and what is more is passed on, counted. */
static void a_full_ring_is_counted(void **state)
{
	uint8_t icmp[WIRE_MAX];

	(void)state;
	const uint32_t len = open_workers(icmp);
	for (unsigned i = 0; i < STRAY_RING + 9; i++)
		rig_frame(rigs[0], SMSC, icmp, len);
	assert_int_equal(rig_counter(rigs[0], COUNTER_STRAY_FULL), 10);
	assert_int_equal(rig_counter(rigs[0], COUNTER_PASSED_FRAMES), 10);
	rig_wait(rigs[OWNER], 1);
	assert_int_equal(rig_counter(rigs[OWNER], COUNTER_TCP_TOO_BIG), STRAY_RING - 1);
	rig_frame(rigs[0], SMSC, icmp, len); /* left in its ring: freed with it */
	close_workers();
}

/* Whether software distribution gives a frame to worker 0, of two. */
static bool is_first_workers(struct distribute *d, const struct rig *r, enum side side,
                             const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	const unsigned own = distribute_burst(d, &r->worker->policy[0], 0, side, &m, 1);
	if (own == 0)
		assert_int_equal(distribute_receive(d, 1, 0, side, &m, 1), 1);
	rte_pktmbuf_free(m);
	return own == 1;
}

/* There the quote is read before anybody is chosen, and nothing strays. */
static void a_quote_goes_where_its_segment_goes(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	struct distribute *d = NULL;
	uint8_t frame[WIRE_MAX], icmp[WIRE_MAX];
	unsigned first = 0;

	(void)state;
	assert_int_equal(distribute_open(&d, 2, 1), 0);
	rig_stream(SIZE);
	for (uint16_t port = 40000; port < 40000 + PORTS; port++) {
		r->path.port[ESME] = port;
		const uint32_t len = rig_build(r, ESME, rig_text(0, SIZE, 0), frame);
		const bool own = is_first_workers(d, r, SIDE_ESME, frame, len);
		const uint32_t n = frame_too_big(&r->path, SMSC, frame, 576, icmp);
		assert_int_equal(is_first_workers(d, r, SIDE_SMSC, icmp, n), own);
		first += own;
	}
	assert_in_range(first, 8, PORTS - 8); /* 32, six deviations of 4 either way */
	distribute_close(d);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_finds_its_worker), cmocka_unit_test(a_strangers_goes_on),
		cmocka_unit_test(a_full_ring_is_counted),
		cmocka_unit_test(a_quote_goes_where_its_segment_goes)
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
