/* SPDX-License-Identifier: Apache-2.0 */
#include "stray.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "report_format.h"

struct strays {
	unsigned n;
	struct rte_ring *to[]; /* by the worker that takes */
};

/* On our own memory: a ring needs no name that others could take. */
static struct rte_ring *ring_open(void)
{
	const ssize_t size = rte_ring_get_memsize_elem(sizeof(struct stray), STRAY_RING);
	struct rte_ring *ring = NULL;

	if (size < 0 || posix_memalign((void **)&ring, RTE_CACHE_LINE_SIZE, (size_t)size) != 0)
		return NULL;
	if (rte_ring_init(ring, "stray", STRAY_RING, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		free(ring);
		return NULL;
	}
	return ring;
}

int strays_open(struct strays **out, unsigned n_workers)
{
	if (n_workers < 1 || n_workers > REPORT_WORKERS_MAX)
		return -EINVAL;
	struct strays *s = calloc(1, sizeof(*s) + n_workers * sizeof(s->to[0]));
	if (s == NULL)
		return -ENOMEM;
	s->n = n_workers;
	for (unsigned i = 0; i < n_workers; i++) {
		s->to[i] = ring_open();
		if (s->to[i] == NULL) {
			strays_close(s);
			return -ENOMEM;
		}
	}
	*out = s;
	return 0;
}

void strays_close(struct strays *strays)
{
	struct stray stray;

	for (unsigned i = 0; strays != NULL && i < strays->n; i++) {
		while (strays->to[i] != NULL && strays_take(strays, i, &stray))
			rte_pktmbuf_free(stray.frame);
		free(strays->to[i]);
	}
	free(strays);
}

bool strays_pass(struct strays *strays, unsigned worker, const struct stray *stray)
{
	struct stray copy = *stray;

	return rte_ring_sp_enqueue_elem(strays->to[(worker + 1) % strays->n], &copy,
	                                sizeof(copy)) == 0;
}

bool strays_take(struct strays *strays, unsigned worker, struct stray *out)
{
	return rte_ring_sc_dequeue_elem(strays->to[worker], out, sizeof(*out)) == 0;
}

unsigned strays_workers(const struct strays *strays) { return strays->n; }
