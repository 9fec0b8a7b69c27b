/* SPDX-License-Identifier: Apache-2.0 */
/* distribute: every connection has one worker, nothing is lost, reordered or doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>

#include "distribute.h"
#include "packet_build.h"

#define CONNECTIONS 200u
#define BURST 64u

static const struct packet_policy policy = { .ports = { 0xd70a /* 2775 */ },
	                                     .n_ports = 1,
	                                     .verify = true };

struct frame {
	struct rte_mbuf m;
	uint8_t octets[256];
	unsigned connection;
	bool seen;
};

/* A frame of a connection, from the ESME or from the SMSC; connection 0 is UDP. */
static void make(struct frame *f, unsigned connection, bool back)
{
	struct build b = { .version = connection % 2 ? 4 : 6,
		           .protocol = connection ? 6 : 17,
		           .sport = (uint16_t)(20000 + connection),
		           .dport = 2775,
		           .payload_len = 10 };

	build_frame(&b);
	const uint32_t addr = b.l3 + (b.version == 4 ? 12 : 8), n = b.version == 4 ? 4 : 16;
	memset(b.octets + addr, back ? 2 : 1, n);
	memset(b.octets + addr + n, back ? 1 : 2, n);
	if (back) {
		uint8_t *port = b.octets + b.l4;
		const uint8_t keep[2] = { port[0], port[1] };
		memcpy(port, port + 2, 2);
		memcpy(port + 2, keep, 2);
	}
	memset(f, 0, sizeof(*f));
	memcpy(f->octets, b.octets, b.len);
	f->connection = connection;
	f->m = (struct rte_mbuf){ .buf_addr = f->octets,
		                  .buf_len = sizeof(f->octets),
		                  .data_len = (uint16_t)b.len,
		                  .pkt_len = b.len,
		                  .nb_segs = 1,
		                  .refcnt = 2 }; /* no pool to return to: freeing leaves 1 */
}

/* Note who got a frame: always the same worker, and each frame once. */
static void got(int of[CONNECTIONS], unsigned worker, struct rte_mbuf *const *mbufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct frame *f = (struct frame *)(void *)mbufs[i];
		assert_false(f->seen);
		f->seen = true;
		if (of[f->connection] < 0)
			of[f->connection] = (int)worker;
		assert_int_equal(of[f->connection], worker);
	}
}

static void spread(unsigned n_workers)
{
	static struct frame frames[BURST];
	struct rte_mbuf *burst[BURST], *received[BURST];
	unsigned workers[4] = { 0 };
	int of[CONNECTIONS];
	struct distribute *d = NULL;

	memset(of, 0xff, sizeof(of));
	assert_int_equal(distribute_open(&d, n_workers, 2), 0);
	for (unsigned round = 0; round < 400; round++) {
		const enum side side = round % 2 ? SIDE_SMSC : SIDE_ESME;
		unsigned total = 0;
		for (unsigned i = 0; i < BURST; i++) {
			make(&frames[i], build_below(CONNECTIONS), side == SIDE_SMSC);
			burst[i] = &frames[i].m;
		}
		const unsigned own =
			distribute_burst(d, &policy, round % 3 % 2, side, burst, BURST);
		got(of, 0, burst, own);
		for (unsigned i = 1; i < own; i++)
			assert_true((uintptr_t)burst[i - 1] < (uintptr_t)burst[i]);
		for (unsigned w = 1; w < n_workers; w++) {
			const unsigned n =
				distribute_receive(d, w, round % 3 % 2, side, received, BURST);
			got(of, w, received, n);
			for (unsigned i = 1; i < n; i++)
				assert_true((uintptr_t)received[i - 1] <
				            (uintptr_t)received[i]);
			total += n;
		}
		assert_int_equal(own + total, BURST);
	}
	assert_int_equal(of[0], 0); /* not TCP: the reader's */
	for (unsigned c = 0; c < CONNECTIONS; c++)
		workers[of[c]]++;
	/* Of 200 over four, by a secret hash: 50, five deviations of 6 less. */
	for (unsigned w = 0; w < n_workers; w++)
		assert_true(workers[w] > CONNECTIONS / n_workers * 2 / 5);
	assert_int_equal(distribute_full(d), 0);
	distribute_close(d);
}

static void test_spread(void **state)
{
	(void)state;
	spread(1);
	spread(2);
	spread(4);
}

/* A worker that does not read: its ring fills, the rest is freed and counted. */
static void test_full(void **state)
{
	static struct frame frames[DISTRIBUTE_RING * 4];
	struct distribute *d = NULL;
	unsigned own = 0, freed = 0;

	(void)state;
	assert_int_equal(distribute_open(&d, 2, 1), 0);
	for (unsigned i = 0; i < DISTRIBUTE_RING * 4; i++) {
		struct rte_mbuf *one = &frames[i].m;
		make(&frames[i], 1 + i % (CONNECTIONS - 1), false);
		own += distribute_burst(d, &policy, 0, SIDE_ESME, &one, 1);
	}
	for (unsigned i = 0; i < DISTRIBUTE_RING * 4; i++)
		freed += rte_mbuf_refcnt_read(&frames[i].m) == 1;
	assert_true(freed > 0);
	assert_int_equal(distribute_full(d), freed);
	assert_int_equal(own + freed + DISTRIBUTE_RING - 1, DISTRIBUTE_RING * 4);
	distribute_close(d); /* frees what was in the ring */
	for (unsigned i = 0; i < DISTRIBUTE_RING * 4; i++)
		freed -= rte_mbuf_refcnt_read(&frames[i].m) == 1;
	assert_int_equal(-(int)freed, DISTRIBUTE_RING - 1);
}

/* Outbound: by worker, link and side, in order; what does not fit stays the caller's. */
static void test_outbound(void **state)
{
	static struct frame frames[DISTRIBUTE_RING + 8];
	struct rte_mbuf *list[DISTRIBUTE_RING + 8], *back[DISTRIBUTE_RING + 8];
	struct distribute *d = NULL;

	(void)state;
	assert_int_equal(distribute_open(&d, 3, 2), 0);
	for (unsigned i = 0; i < DISTRIBUTE_RING + 8; i++) {
		make(&frames[i], 1, false);
		list[i] = &frames[i].m;
	}
	assert_int_equal(distribute_send(d, 2, 1, SIDE_SMSC, list, DISTRIBUTE_RING + 8),
	                 DISTRIBUTE_RING - 1);
	for (unsigned worker = 1; worker < 3; worker++) {
		for (unsigned at = 0; at < 4; at++) {
			const bool there = worker == 2 && at == 3;
			assert_int_equal(distribute_collect(d, worker, at / 2, at % 2, back,
			                                    DISTRIBUTE_RING + 8),
			                 there ? DISTRIBUTE_RING - 1 : 0);
		}
	}
	assert_memory_equal(list, back, (DISTRIBUTE_RING - 1) * sizeof(list[0]));
	distribute_close(d);
	assert_int_equal(distribute_open(&d, 0, 1), -EINVAL);
	assert_int_equal(distribute_open(&d, 65, 1), -EINVAL);
	distribute_close(NULL);
}

/* Every ring is one of its own: a frame of each comes back from there and only there. */
static void test_rings(void **state)
{
	static struct frame frames[16];
	struct rte_mbuf *burst[1];
	struct distribute *d = NULL;
	unsigned connection = 1;

	(void)state;
	assert_int_equal(distribute_open(&d, 2, 2), 0);
	for (unsigned at = 0; at < 4; at++) {
		struct rte_mbuf *out = &frames[at].m;
		make(&frames[at], 1, false);
		assert_int_equal(distribute_send(d, 1, at / 2, at % 2, &out, 1), 1);
		do { /* until one is the other worker's */
			make(&frames[4 + at], connection++, at % 2);
			burst[0] = &frames[4 + at].m;
		} while (distribute_burst(d, &policy, at / 2, at % 2, burst, 1) == 1);
	}
	for (unsigned at = 0; at < 4; at++) {
		struct rte_mbuf *got_in[2] = { NULL }, *got_out[2] = { NULL };
		assert_int_equal(distribute_receive(d, 1, at / 2, at % 2, got_in, 2), 1);
		assert_int_equal(distribute_collect(d, 1, at / 2, at % 2, got_out, 2), 1);
		assert_ptr_equal(got_in[0], &frames[4 + at].m);
		assert_ptr_equal(got_out[0], &frames[at].m);
	}
	distribute_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
