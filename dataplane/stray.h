/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stray: frames on their way to the worker that they concern, where NICs spread by RSS.
 *
 * A router's "too big" carries the connection's ports only in its quote, where RSS does
 * not look: it reaches any worker. From there it goes round, each worker looking at it in
 * its own table, until one knows the connection or all have seen it. Between two workers
 * that follow each other lies one bounded ring.
 *
 * Bound      STRAY_RING frames a worker; at a full one the frame stays with who has it,
 *            who counts it (stray_full) and passes it on as it would a stranger's.
 * Threads    each ring has one producer and one consumer: the functions say whose.
 */
#ifndef DP_STRAY_H
#define DP_STRAY_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define STRAY_RING 64u /* a power of two; one place stays empty */

struct strays;
struct rte_mbuf;

struct stray {
	struct rte_mbuf *frame;
	uint16_t link;
	uint8_t side;     /* enum side: where it came in */
	uint8_t seen;     /* workers that have looked at it */
	uint32_t reserved;
};
_Static_assert(sizeof(struct stray) == 16, "an element of a ring");

/* By main. 0, -EINVAL or -ENOMEM. */
must_use int strays_open(struct strays **out, unsigned n_workers);
/* By main, when no worker runs any more; frees what is still under way. */
void strays_close(struct strays *strays);

/* By that worker: to the next one. False: its ring is full, the frame stays the caller's. */
bool strays_pass(struct strays *strays, unsigned worker, const struct stray *stray);
/* By that worker: one that came to it; false: none. */
bool strays_take(struct strays *strays, unsigned worker, struct stray *out);
unsigned strays_workers(const struct strays *strays);

#endif
