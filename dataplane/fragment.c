/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fragment: what a worker does with fragments that could carry TCP, where the setting
 * `fragments` has them put together: the whole takes the place of the fragment that
 * completed it and goes the ordinary way. Without the setting w->reassembly is NULL and
 * worker_divert() drops them.
 *
 * One worker puts together for all: fragments have no ports by which a NIC or we could
 * find their connection's worker before they are whole. So with several workers this
 * setting means software distribution (port.c), and worker 0 hands the whole on.
 */
#include "distribute.h"
#include "reassembly.h"
#include "worker.h"

int fragment_open(struct worker *w)
{
	const uint32_t shared = (uint32_t)w->settings->buffers / (4 * REASSEMBLY_FRAGMENTS);
	const bool ours = w->settings->fragments == FRAGMENTS_REASSEMBLE && w->index == 0;

	for (unsigned l = 0; l < w->ports->n_links; l++)
		w->policy[l].reassemble = w->settings->fragments == FRAGMENTS_REASSEMBLE;
	/* No more than a quarter of the buffers wait for what may never come. */
	return !ours ? 0
	             : reassembly_open(&w->reassembly, shared < REASSEMBLY_DATAGRAMS
	                                                       ? shared
	                                                       : REASSEMBLY_DATAGRAMS);
}

void fragment_close(struct worker *w) { reassembly_close(w->reassembly); }

void fragment_expire(struct worker *w)
{
	worker_count(w, COUNTER_FRAGMENTS_LATE, reassembly_expire(w->reassembly, w->now_us));
}

static bool is_ours(struct worker *w, const struct packet *p, unsigned link)
{
	if (w->distribute == NULL || p->class != PACKET_TCP)
		return true;
	const unsigned owner = distribute_owner(p->hash, (unsigned)w->settings->workers);
	if (owner == w->index)
		return true;
	distribute_forward(w->distribute, owner, link, p->side, p->mbuf);
	return false;
}

bool fragment_take(struct worker *w, struct packet *p, unsigned link)
{
	unsigned dropped;

	fragment_expire(w);
	struct rte_mbuf *whole =
		reassembly_take(w->reassembly, p, w->tx[link * 2 + side_other(p->side)].mtu,
	                        w->now_us, &dropped);
	worker_count(w, COUNTER_FRAGMENTS, dropped);
	if (whole == NULL)
		return false;
	worker_count(w, COUNTER_REASSEMBLED, 1);
	packet_parse(&w->policy[link], whole, p->side, p);
	return is_ours(w, p, link);
}
