/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange: frames between ports and workers. With queues of its own (RSS, or a single
 * worker) a worker exchanges with the port; without, worker 0 does so for all, and the
 * others exchange with worker 0 through bounded rings (distribute.h).
 */
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "distribute.h"
#include "worker.h"

void worker_receive(struct worker *w, unsigned link, enum side side)
{
	const struct port *port = &w->ports->links[link].port[side];
	const uint16_t burst = (uint16_t)w->settings->burst;
	struct rte_mbuf *frames[BURST_MAX];
	unsigned n;

	if (w->distribute == NULL)
		n = rte_eth_rx_burst(port->id, (uint16_t)w->index, frames, burst);
	else if (w->index != 0)
		n = distribute_receive(w->distribute, w->index, link, side, frames, burst);
	else
		n = distribute_burst(w->distribute, &w->policy[link], link, side, frames,
		                     rte_eth_rx_burst(port->id, 0, frames, burst));
	worker_take(w, link, side, frames, n);
}

/* Worker 0: what the others have for this port, behind our own. */
static void take_from_others(struct worker *w, unsigned link, enum side side, struct tcp_tx *tx)
{
	for (unsigned other = 1; other < w->settings->workers; other++)
		tx->n += distribute_collect(w->distribute, other, link, side, tx->mbufs + tx->n,
		                            TCP_TX_MAX - tx->n);
	const uint64_t full = distribute_full(w->distribute);
	worker_count(w, COUNTER_DISTRIBUTE_FULL, full - w->distribute_full);
	w->distribute_full = full;
}

static unsigned transmit(struct worker *w, const struct port *port, const struct tcp_tx *tx)
{
	const uint16_t queue = (uint16_t)(w->distribute == NULL ? w->index : 0);
	unsigned sent = 0;

	while (sent < tx->n) {
		const uint16_t n = rte_eth_tx_burst(
			port->id, queue, (struct rte_mbuf **)(uintptr_t)tx->mbufs + sent,
			(uint16_t)(tx->n - sent));
		if (n == 0)
			break;
		sent += n;
	}
	return sent;
}

unsigned worker_send(struct worker *w, unsigned link, enum side side)
{
	struct tcp_tx *tx = &w->tx[link * 2 + side];
	unsigned sent;

	if (w->distribute != NULL && w->index == 0)
		take_from_others(w, link, side, tx);
	if (tx->n == 0)
		return 0;
	if (w->distribute != NULL && w->index != 0)
		sent = distribute_send(w->distribute, w->index, link, side, tx->mbufs, tx->n);
	else
		sent = transmit(w, &w->ports->links[link].port[side], tx);
	/* Where the port has it: who sends for all counts for all. */
	if (w->distribute == NULL || w->index == 0)
		worker_count(w, COUNTER_TX_FRAMES, sent);
	if (sent < tx->n) { /* like a full switch: TCP sends it again */
		worker_count(w, COUNTER_TX_FULL, tx->n - sent);
		rte_pktmbuf_free_bulk(tx->mbufs + sent, tx->n - sent);
	}
	tx->n = 0;
	return sent;
}
