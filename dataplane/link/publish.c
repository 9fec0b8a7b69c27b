/* SPDX-License-Identifier: Apache-2.0 */
#include "publish.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include <rte_rcu_qsbr.h>

#define LINE 64u
/* A turn of a busy worker takes microseconds: look that often at first, then sleep, so
 * that waiting costs a core shared with the worker nothing. */
#define YIELDS 64u
#define NAP_NS 20000L

struct publish {
	/* Written by the link thread, read by workers; on a line of its own. */
	_Alignas(LINE) struct tables *current;
	_Alignas(LINE) uint64_t seen; /* bit a worker: it has been online */
	struct rte_rcu_qsbr *qsbr;
	unsigned n_workers;
	bool draining;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int open_qsbr(struct publish *p)
{
	const size_t size = rte_rcu_qsbr_get_memsize(p->n_workers);

	/* Each worker's state is on a line of its own when the whole is aligned. */
	p->qsbr = aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);
	if (p->qsbr == NULL)
		return -ENOMEM;
	if (rte_rcu_qsbr_init(p->qsbr, p->n_workers) != 0)
		return -EINVAL;
	for (unsigned w = 0; w < p->n_workers; w++)
		if (rte_rcu_qsbr_thread_register(p->qsbr, w) != 0)
			return -EINVAL;
	return 0;
}

int publish_open(struct publish **out, unsigned n_workers)
{
	if (n_workers == 0 || n_workers > PUBLISH_WORKERS_MAX)
		return -EINVAL;
	struct publish *p = aligned_alloc(LINE, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	*p = (struct publish){ .n_workers = n_workers };
	const int rc = open_qsbr(p);
	if (rc != 0) {
		free(p->qsbr);
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void publish_close(struct publish *publish)
{
	if (publish == NULL)
		return;
	tables_free(publish->current);
	free(publish->qsbr);
	free(publish);
}

void publish_online(struct publish *publish, unsigned worker)
{
	const uint64_t bit = UINT64_C(1) << worker;

	bug_if_slow(worker >= publish->n_workers);
	/* Relaxed: a figure for people. */
	if ((__atomic_load_n(&publish->seen, __ATOMIC_RELAXED) & bit) == 0)
		__atomic_fetch_or(&publish->seen, bit, __ATOMIC_RELAXED);
	rte_rcu_qsbr_thread_online(publish->qsbr, worker);
}

void publish_offline(struct publish *publish, unsigned worker)
{
	bug_if_slow(worker >= publish->n_workers);
	rte_rcu_qsbr_thread_offline(publish->qsbr, worker);
}

const struct tables *publish_load(const struct publish *publish)
{
	/* Acquire: the snapshot behind the pointer comes with it. */
	return __atomic_load_n(&publish->current, __ATOMIC_ACQUIRE);
}

void publish_quiescent(struct publish *publish, unsigned worker)
{
	bug_if_slow(worker >= publish->n_workers);
	rte_rcu_qsbr_quiescent(publish->qsbr, worker);
}

static void wait_for_workers(struct publish *publish)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	const uint64_t token = rte_rcu_qsbr_start(publish->qsbr);

	for (unsigned i = 0; rte_rcu_qsbr_check(publish->qsbr, token, false) == 0; i++) {
		if (i < YIELDS)
			sched_yield();
		else
			nanosleep(&nap, NULL);
	}
}

struct tables *publish_exchange(struct publish *publish, struct tables *next,
                                uint64_t *waited_us)
{
	const uint64_t start = now_us();
	/* Sequentially consistent: the store must be seen before a worker's state is read
	 * below; a worker's fence in thread_online() is the other half. */
	struct tables *old = __atomic_exchange_n(&publish->current, next, __ATOMIC_SEQ_CST);

	wait_for_workers(publish);
	*waited_us = now_us() - start;
	return old;
}

uint64_t publish_swap(struct publish *publish, struct tables *next)
{
	uint64_t waited = 0;

	tables_free(publish_exchange(publish, next, &waited));
	return waited;
}

void publish_drain(struct publish *publish, bool on)
{
	/* As in publish_swap(): stored before a worker's state is read. */
	__atomic_store_n(&publish->draining, on, __ATOMIC_SEQ_CST);
	wait_for_workers(publish);
}

bool publish_draining(const struct publish *publish)
{
	/* Relaxed: nothing comes with it. */
	return __atomic_load_n(&publish->draining, __ATOMIC_RELAXED);
}

const struct tables *publish_current(const struct publish *publish)
{
	return publish_load(publish);
}

unsigned publish_workers(const struct publish *publish)
{
	return (unsigned)__builtin_popcountll(
		__atomic_load_n(&publish->seen, __ATOMIC_RELAXED));
}
