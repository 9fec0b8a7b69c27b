/* SPDX-License-Identifier: Apache-2.0 */
/*
 * visible_pool: a store of packet buffers whose lock ThreadSanitizer can see.
 *
 * DPDK's own rings of free buffers are in a library that is not instrumented, so a buffer
 * that one worker gave back and another took would look like memory that both write with
 * nothing between them. This driver does what "ring_mp_mc" does, instrumented, and is
 * loaded by settings that tests/netns/stack.sh makes with $SLUICE_POOL:
 *   eal: [ "-d", ".../visible_pool.so", "--mbuf-pool-ops-name=visible" ]
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

struct store {
	pthread_mutex_t lock;
	unsigned n;
	void *objects[]; /* mempool's size of them */
};

static int store_alloc(struct rte_mempool *pool)
{
	struct store *s = calloc(1, sizeof(*s) + pool->size * sizeof(s->objects[0]));

	if (s == NULL)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pool->pool_data = s;
	return 0;
}

static void store_free(struct rte_mempool *pool) { free(pool->pool_data); }

static int store_put(struct rte_mempool *pool, void *const *objects, unsigned n)
{
	struct store *s = pool->pool_data;

	pthread_mutex_lock(&s->lock);
	if (s->n + n > pool->size)
		abort(); /* given back twice */
	memcpy(s->objects + s->n, objects, n * sizeof(objects[0]));
	s->n += n;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static int store_take(struct rte_mempool *pool, void **objects, unsigned n)
{
	struct store *s = pool->pool_data;
	int result = -ENOBUFS;

	pthread_mutex_lock(&s->lock);
	if (s->n >= n) {
		s->n -= n;
		memcpy(objects, s->objects + s->n, n * sizeof(objects[0]));
		result = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return result;
}

static unsigned store_count(const struct rte_mempool *pool)
{
	struct store *s = pool->pool_data;

	pthread_mutex_lock(&s->lock);
	const unsigned n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static const struct rte_mempool_ops visible_ops = {
	.name = "visible",
	.alloc = store_alloc,
	.free = store_free,
	.enqueue = store_put,
	.dequeue = store_take,
	.get_count = store_count,
};

RTE_MEMPOOL_REGISTER_OPS(visible_ops)
