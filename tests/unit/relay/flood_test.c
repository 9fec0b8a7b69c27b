/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flood of SYNs from everywhere: millions of attempts that nobody completes. What stands
 * stays, what is new gets through, and memory is what was given at the start.
 *
 * flood_test [MILLIONS]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define BURST 64u

static uint32_t attempts = 2000000;

/* One burst of SYNs of which no two are alike; what goes on to the SMSC is dropped. */
static void flood(struct rig *r, uint32_t first)
{
	struct rte_mbuf *frames[BURST];
	struct path p = r->path;
	struct seg syn = rig_syn(r, ESME);

	for (uint32_t i = 0; i < BURST; i++) {
		const uint32_t n = first + i;
		uint8_t frame[WIRE_MAX];
		memcpy(p.addr[ESME], &n, 4);
		p.port[ESME] = (uint16_t)(1024 + n % 60000);
		syn.seq = n * 2654435761u;
		const uint32_t len = frame_build(&p, ESME, &syn, frame);
		frames[i] = rte_pktmbuf_alloc(rig_buffers);
		assert_non_null(frames[i]);
		memcpy(rte_pktmbuf_append(frames[i], (uint16_t)len), frame, len);
	}
	r->now += 10;
	worker_begin(r->worker, r->now);
	worker_take(r->worker, 0, SIDE_ESME, frames, BURST);
	worker_input(r->worker, 0);
	worker_finish(r->worker);
	for (unsigned side = 0; side < 2; side++) {
		rte_pktmbuf_free_bulk(r->worker->tx[side].mbufs, r->worker->tx[side].n);
		r->worker->tx[side].n = 0;
	}
}

static void few_embryos(struct settings *s) { s->embryos = 4096; }

static void a_flood_harms_nobody(void **state)
{
	struct rig *r = rig_open(rig_buffers, few_embryos);
	uint32_t sent = 0, seq = 0;

	(void)state;
	rig_stream(16);
	rig_handshake(r);
	for (uint32_t n = 0; n < attempts; n += BURST) {
		flood(r, n);
		assert_true(flow_count(r->worker->embryos) <= 4096);
		if (n % (BURST * 1000) != 0)
			continue;
		/* The established connection goes on, */
		r->path.port[ESME] = 40000;
		struct seg s = rig_text(0, 16, 1000);
		s.seq = seq;
		rig_send(r, ESME, s);
		rig_wait(r, 1);
		const struct seg *out = rig_said(r, SMSC);
		assert_non_null(out);
		assert_int_equal(out->len, 16);
		seq += 16;
		s = (struct seg){ .ack = seq, .window = 60000, .has_ts = true, .ts_val = 1000 };
		rig_send(r, SMSC, s);
		rig_quiet(r);
		/* and a new one shakes hands while it rains. */
		r->path.port[ESME] = (uint16_t)(41000 + sent % 20);
		sent++;
		if (sent > 20)
			continue;
		struct seg answer = rig_syn(r, SMSC);
		answer.flags = SYN | ACK;
		rig_send(r, ESME, rig_syn(r, ESME));
		flood(r, UINT32_MAX - n);
		rig_send(r, SMSC, answer);
		flood(r, UINT32_MAX / 2 + n);
		rig_send(r, ESME, rig_text(0, 16, 1000));
		assert_non_null(rig_relay(r));
		rig_quiet(r);
	}
	assert_true(rig_counter(r, COUNTER_EMBRYOS_FULL) > attempts - 5000);
	assert_int_equal(flow_count(r->worker->flows), 1 + (sent < 20 ? sent : 20));
	rig_close(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_flood_harms_nobody) };

	if (argc > 1)
		attempts = (uint32_t)(strtod(argv[1], NULL) * 1e6);
	return cmocka_run_group_tests(tests, rig_start, NULL);
}
