/* SPDX-License-Identifier: Apache-2.0 */
/* What workers count of the frames that one of them sends for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "distribute.h"
#include "rig.h"

static void two_workers(struct settings *s) { s->workers = 2; }

/* One that takes whatever it is given. */
static uint16_t port_open(void)
{
	const struct rte_eth_conf conf = { 0 };
	uint16_t id;

	assert_int_equal(rte_dev_probe("net_null0"), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null0", &id), 0);
	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 64, 0, NULL, rig_buffers), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	return id;
}

static void to_send(struct worker *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);
		assert_non_null(m);
		w->tx[0].mbufs[w->tx[0].n++] = m;
	}
}

/* Five frames, of which two are another worker's. */
static void a_frame_counts_once(void **state)
{
	struct rig *r[2] = { rig_open(rig_buffers, two_workers),
		             rig_open(rig_buffers, two_workers) };
	struct distribute *rings;

	(void)state;
	assert_int_equal(distribute_open(&rings, 2, 1), 0);
	r[0]->worker->distribute = r[1]->worker->distribute = rings;
	r[1]->worker->index = 1;
	r[0]->ports.links[0].port[SIDE_ESME].id = port_open();
	to_send(r[1]->worker, 2);
	assert_int_equal(worker_send(r[1]->worker, 0, SIDE_ESME), 2);
	to_send(r[0]->worker, 3);
	assert_int_equal(worker_send(r[0]->worker, 0, SIDE_ESME), 5);
	assert_int_equal(rig_counter(r[0], COUNTER_TX_FRAMES) +
	                         rig_counter(r[1], COUNTER_TX_FRAMES),
	                 5);
	distribute_close(rings);
	rig_close(r[1]);
	rig_close(r[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_frame_counts_once) };

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
