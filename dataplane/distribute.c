/* SPDX-License-Identifier: Apache-2.0 */
#include "distribute.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "flow.h"
#include "quote.h"
#include "report_format.h"
#include "setting.h"

enum direction { INBOUND, OUTBOUND };

struct distribute {
	unsigned n_workers, n_links;
	uint64_t full;            /* written by worker 0 */
	struct rte_ring *rings[]; /* of workers 1 and up: [worker - 1][link][side][direction] */
};

static unsigned ring_count(const struct distribute *d)
{
	return (d->n_workers - 1) * d->n_links * 4;
}

static struct rte_ring *ring_of(const struct distribute *d, unsigned worker, unsigned link,
                                enum side side, enum direction direction)
{
	bug_if(worker == 0 || worker >= d->n_workers || link >= d->n_links);
	return d->rings[((worker - 1) * d->n_links + link) * 4 + side * 2u + direction];
}

/* On our own memory: a ring needs no name that others could take. */
static struct rte_ring *ring_open(void)
{
	const ssize_t size = rte_ring_get_memsize(DISTRIBUTE_RING);
	struct rte_ring *ring = NULL;

	if (size < 0 || posix_memalign((void **)&ring, RTE_CACHE_LINE_SIZE, (size_t)size) != 0)
		return NULL;
	if (rte_ring_init(ring, "distribute", DISTRIBUTE_RING, RING_F_SP_ENQ | RING_F_SC_DEQ) !=
	    0) {
		free(ring);
		return NULL;
	}
	return ring;
}

int distribute_open(struct distribute **out, unsigned n_workers, unsigned n_links)
{
	if (n_workers < 1 || n_workers > REPORT_WORKERS_MAX || n_links < 1 ||
	    n_links > LINKS_MAX)
		return -EINVAL;
	const size_t n = (size_t)(n_workers - 1) * n_links * 4;
	struct distribute *d = calloc(1, sizeof(*d) + n * sizeof(d->rings[0]));
	if (d == NULL)
		return -ENOMEM;
	d->n_workers = n_workers;
	d->n_links = n_links;
	for (size_t i = 0; i < n; i++) {
		d->rings[i] = ring_open();
		if (d->rings[i] == NULL) {
			distribute_close(d);
			return -ENOMEM;
		}
	}
	*out = d;
	return 0;
}

void distribute_close(struct distribute *d)
{
	void *frame;

	for (unsigned i = 0; d != NULL && i < ring_count(d); i++) {
		while (d->rings[i] != NULL && rte_ring_sc_dequeue(d->rings[i], &frame) == 0)
			rte_pktmbuf_free(frame);
		free(d->rings[i]);
	}
	free(d);
}

/* The workers' own parser decides, without the payload's sum: the owner verifies. */
static unsigned owner_of(const struct distribute *d, const struct packet_policy *policy,
                         struct rte_mbuf *frame, enum side side)
{
	struct packet_policy light = *policy;
	struct packet p;

	light.verify = false;
	packet_parse(&light, frame, side, &p);
	if (p.class == PACKET_TCP)
		return distribute_owner(p.hash, d->n_workers);
	/* A router's word on a segment belongs to who sent the segment. */
	struct quote q;
	if (p.class == PACKET_OTHER && quote_read(&q, rte_pktmbuf_mtod(frame, const uint8_t *),
	                                          frame->data_len, side, policy->link))
		return distribute_owner(flow_hash(&q.key), d->n_workers);
	return 0;
}

static void hand_over(struct distribute *d, struct rte_ring *ring, struct rte_mbuf **frames,
                      unsigned n)
{
	const unsigned taken = rte_ring_sp_enqueue_burst(ring, (void **)frames, n, NULL);

	d->full += n - taken;
	if (taken < n)
		rte_pktmbuf_free_bulk(frames + taken, n - taken);
}

unsigned distribute_burst(struct distribute *d, const struct packet_policy *policy,
                          unsigned link, enum side side, struct rte_mbuf **frames, unsigned n)
{
	struct rte_mbuf *theirs[DISTRIBUTE_BURST_MAX];
	uint8_t owner[DISTRIBUTE_BURST_MAX];
	unsigned own = 0;

	bug_if(n > DISTRIBUTE_BURST_MAX);
	for (unsigned i = 0; i < n; i++)
		owner[i] = (uint8_t)owner_of(d, policy, frames[i], side);
	for (unsigned worker = 1; worker < d->n_workers; worker++) {
		unsigned count = 0;
		for (unsigned i = 0; i < n; i++) {
			if (owner[i] == worker)
				theirs[count++] = frames[i];
		}
		if (count > 0)
			hand_over(d, ring_of(d, worker, link, side, INBOUND), theirs, count);
	}
	for (unsigned i = 0; i < n; i++) {
		if (owner[i] == 0)
			frames[own++] = frames[i];
	}
	return own;
}

void distribute_forward(struct distribute *d, unsigned worker, unsigned link, enum side side,
                        struct rte_mbuf *frame)
{
	hand_over(d, ring_of(d, worker, link, side, INBOUND), &frame, 1);
}

uint64_t distribute_full(const struct distribute *d) { return d->full; }

unsigned distribute_receive(struct distribute *d, unsigned worker, unsigned link,
                            enum side side, struct rte_mbuf **frames, unsigned n)
{
	return rte_ring_sc_dequeue_burst(ring_of(d, worker, link, side, INBOUND),
	                                 (void **)frames, n, NULL);
}

unsigned distribute_send(struct distribute *d, unsigned worker, unsigned link, enum side side,
                         struct rte_mbuf *const *frames, unsigned n)
{
	return rte_ring_sp_enqueue_burst(ring_of(d, worker, link, side, OUTBOUND),
	                                 (void *const *)frames, n, NULL);
}

unsigned distribute_collect(struct distribute *d, unsigned worker, unsigned link,
                            enum side side, struct rte_mbuf **frames, unsigned n)
{
	return rte_ring_sc_dequeue_burst(ring_of(d, worker, link, side, OUTBOUND),
	                                 (void **)frames, n, NULL);
}
