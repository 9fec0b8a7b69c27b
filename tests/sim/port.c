/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port: what exchange.c reads and writes instead of PMDs, by the functions that ethdev would
 * call. Frames are copied into buffers of the pool, as a NIC does; what is sent is held a
 * while, as a NIC that still reads it, and must be the same when it is given back.
 */
#include "sim.h"

#include <rte_ethdev.h>

struct queue {
	struct sim *sim;
	unsigned core;
	int side;
};

static struct queue queues[2][CORES_MAX];
static void *queue_data[2][CORES_MAX], *callbacks[CORES_MAX];

static uint32_t frame_sum(struct rte_mbuf *m)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t sum = 1;

	for (uint32_t i = 0; i < m->data_len; i++)
		sum = sum * 31 + at[i];
	return sum;
}

void port_give_back(struct sim *s, bool all)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n_held; i++) {
		struct held *h = &s->held[i];
		if (!all && h->until > s->now) {
			s->held[kept++] = *h;
			continue;
		}
		if (frame_sum(h->m) != h->sum)
			sim_fail(s, "a frame changed while the port was reading it");
		rte_pktmbuf_free(h->m);
	}
	s->n_held = kept;
}

static void hold(struct sim *s, struct rte_mbuf *m)
{
	const uint64_t us = s->hold_us == 0 || s->n_held == 4096
	                            ? 0
	                            : random_below(&s->random, (uint32_t)s->hold_us);

	if (us == 0) {
		rte_pktmbuf_free(m);
		return;
	}
	s->held[s->n_held++] = (struct held){ m, s->now + us, frame_sum(m) };
}

/* eth_rx_burst_t */
static uint16_t receive(void *data, struct rte_mbuf **frames, uint16_t most)
{
	const struct queue *q = data;
	struct sim *s = q->sim;
	struct core *k = &s->cores[q->core];
	struct event *rx = k->rx[q->side];
	unsigned taken = 0;
	uint16_t n = 0;

	for (; taken < k->n_rx[q->side] && n < most; taken++) {
		const struct event *e = &rx[taken];
		struct rte_mbuf *m = rte_pktmbuf_alloc(s->pool);
		if (m != NULL) { /* else lost, as at a NIC without buffers */
			memcpy(rte_pktmbuf_append(m, (uint16_t)e->len), s->store[e->frame],
			       e->len);
			frames[n++] = m;
		}
		network_release(s, e->frame);
	}
	k->n_rx[q->side] -= taken;
	memmove(rx, rx + taken, k->n_rx[q->side] * sizeof(*rx));
	return n;
}

/* eth_tx_burst_t */
static uint16_t transmit(void *data, struct rte_mbuf **frames, uint16_t n)
{
	const struct queue *q = data;

	for (uint16_t i = 0; i < n; i++) {
		if (!q->sim->failed)
			network_send(q->sim, 1, q->side,
			             rte_pktmbuf_mtod(frames[i], const uint8_t *),
			             frames[i]->data_len);
		hold(q->sim, frames[i]);
	}
	return n;
}

void port_open(struct sim *s)
{
	s->ports = (struct ports){ .n_links = 1, .pool = s->pool };
	for (int side = ESME; side <= SMSC; side++) {
		struct rte_eth_fp_ops *p = &rte_eth_fp_ops[side];
		s->ports.links[0].port[side].id = (uint16_t)side;
		s->ports.links[0].port[side].n_queues =
			s->spread == SPREAD_RSS ? (uint16_t)s->n_cores : 1;
		for (unsigned i = 0; i < s->n_cores; i++) {
			queues[side][i] = (struct queue){ s, i, side };
			queue_data[side][i] = &queues[side][i];
		}
		p->rx_pkt_burst = receive;
		p->tx_pkt_burst = transmit;
		p->rxq.data = p->txq.data = queue_data[side];
		p->rxq.clbk = p->txq.clbk = callbacks;
	}
}

/* As a NIC that spreads by a symmetric key (tests/unit/wire/port_test.c says that ours is):
 * what it has no hash for, a router's word, comes to one queue, whoever it concerns. */
unsigned port_queue(struct sim *s, const struct event *e)
{
	const uint8_t *frame = s->store[e->frame];

	if (s->n_cores == 1 || s->spread == SPREAD_RINGS)
		return 0;
	const struct conn *c =
		frame_is_tcp(frame, e->len) ? monitor_conn(s, frame, e->len, e->end) : NULL;
	return c != NULL ? c->queue : s->others_queue;
}

void port_put(struct sim *s, const struct event *e, unsigned core)
{
	struct core *k = &s->cores[core];

	if (k->n_rx[e->end] == RX_MAX)
		network_release(s, e->frame);
	else
		k->rx[e->end][k->n_rx[e->end]++] = *e;
}
