/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distribute: several workers on ports that cannot spread connections themselves.
 *
 * Worker 0 reads and writes every port. Between it and each other worker run four
 * bounded rings a link: frames in and frames out, for both sides. Whose a connection
 * is follows from flow_hash() of its key, which is the same for both directions, so
 * one worker sees all of it. What is not screened TCP stays with worker 0.
 *
 * A full ring drops inbound frames, with a count, as a full NIC queue would: TCP
 * sends them again. Outbound frames that do not fit stay with the worker.
 *
 * Threads: each function says whose; rings have one producer and one consumer.
 */
#ifndef DP_DISTRIBUTE_H
#define DP_DISTRIBUTE_H
#include <stdint.h>

#include "check.h"
#include "packet.h"

#define DISTRIBUTE_RING 1024u /* frames: half of a NIC's usual queue */
#define DISTRIBUTE_BURST_MAX 128u

struct distribute;
struct rte_mbuf;

/* By main. 0, -EINVAL or -ENOMEM. */
must_use int distribute_open(struct distribute **out, unsigned n_workers, unsigned n_links);
/* By main, when no worker runs any more; frees what is still in the rings. */
void distribute_close(struct distribute *d);

/* The worker of a connection: from the high bits, since flow tables use the low ones. */
static inline unsigned distribute_owner(uint32_t hash, unsigned n_workers)
{
	return (unsigned)((uint64_t)hash * n_workers >> 32);
}

/*
 * By worker 0, with n <= DISTRIBUTE_BURST_MAX frames just received: hands over those
 * of other workers and moves its own to the front, in order. How many are its own.
 */
unsigned distribute_burst(struct distribute *d, const struct packet_policy *policy,
                          unsigned link, enum side side, struct rte_mbuf **frames, unsigned n);
/* By worker 0: a frame that it has found to be of a connection of another worker. */
void distribute_forward(struct distribute *d, unsigned worker, unsigned link, enum side side,
                        struct rte_mbuf *frame);
/* By worker 0: frames dropped so far because another worker's ring was full. */
uint64_t distribute_full(const struct distribute *d);

/* By workers 1 and up: frames that came in for this one, at most n. */
unsigned distribute_receive(struct distribute *d, unsigned worker, unsigned link,
                            enum side side, struct rte_mbuf **frames, unsigned n);
/* By workers 1 and up: frames to go out on side; how many were taken. */
unsigned distribute_send(struct distribute *d, unsigned worker, unsigned link, enum side side,
                         struct rte_mbuf *const *frames, unsigned n);
/* By worker 0: frames of this worker to put on the wire, at most n. */
unsigned distribute_collect(struct distribute *d, unsigned worker, unsigned link,
                            enum side side, struct rte_mbuf **frames, unsigned n);

#endif
