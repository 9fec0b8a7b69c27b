/* SPDX-License-Identifier: Apache-2.0 */
/* Chains against flat arrays, over random operations; buffers run out now and then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "chain.h"
#include "../../quiet_eal.h"

#define ROOM 400000u
#define BUFFERS 511u

static struct rte_mempool *pool;
static uint64_t state = 88172645463325252u;
static uint8_t ours[ROOM], fresh[8192];

struct twin {
	struct chain chain;
	uint8_t octets[ROOM];
	uint32_t len;
};

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 20) % n);
}

static void fill(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		fresh[i] = (uint8_t)below(256);
}

static void check(const struct twin *t)
{
	uint32_t len = 0, segments = 0;
	struct rte_mbuf *last = NULL;

	for (struct rte_mbuf *m = t->chain.head; m != NULL; m = segment_of(m)->next) {
		const struct segment *s = segment_of(m);
		assert_int_not_equal(s->len, 0);
		assert_true((uint32_t)s->off + s->len <= m->buf_len);
		memcpy(ours + len, segment_octets(m), s->len);
		len += s->len;
		segments++;
		last = m;
	}
	assert_ptr_equal(last, t->chain.tail);
	assert_int_equal(len, t->len);
	assert_int_equal(t->chain.octets, len);
	assert_int_equal(t->chain.segments, segments);
	assert_memory_equal(ours, t->octets, len);
}

/* As received: not ours, at an odd place of its buffer. */
static void append(struct twin *t)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	const uint16_t n = (uint16_t)(1 + below(1460)), off = (uint16_t)(140 + below(100));

	if (m == NULL || t->len + n > ROOM) {
		rte_pktmbuf_free(m);
		return;
	}
	fill(n);
	*segment_of(m) = (struct segment){ .off = off, .len = n, .sent = (uint8_t)below(2) };
	memcpy(segment_octets(m), fresh, n);
	if (t->chain.tail != NULL && below(3) == 0 && chain_coalesce(&t->chain, m))
		assert_true(true);
	else
		chain_append(&t->chain, m);
	memcpy(t->octets + t->len, fresh, n);
	t->len += n;
}

static void write_octets(struct twin *t)
{
	const uint32_t n = 1 + below(below(4) ? 100 : 8000);

	if (t->len + n > ROOM)
		return;
	fill(n);
	const int result = chain_write(&t->chain, fresh, n, pool);
	assert_true(result == 0 || (result == -ENOMEM && rte_mempool_avail_count(pool) < 8));
	if (result != 0)
		return;
	memcpy(t->octets + t->len, fresh, n);
	t->len += n;
}

static void drop(struct twin *t)
{
	const uint32_t n = below(t->len + 1);

	chain_drop(&t->chain, n);
	t->len -= n;
	memmove(t->octets, t->octets + n, t->len);
}

static void move(struct twin *to, struct twin *from, unsigned step)
{
	const uint32_t n = below(from->len + 1);

	static struct rte_mbuf *grabbed[BUFFERS];
	unsigned n_grabbed = 0;

	if (to->len + n > ROOM)
		return;
	while (step % 5 == 0 && (grabbed[n_grabbed] = rte_pktmbuf_alloc(pool)) != NULL)
		n_grabbed++;
	const int result = chain_move(&to->chain, &from->chain, n, pool);
	rte_pktmbuf_free_bulk(grabbed, n_grabbed);
	if (result != 0 && n_grabbed != 0)
		return; /* nothing moved: check() looks */
	assert_true(result == 0 || (result == -ENOMEM && rte_mempool_avail_count(pool) == 0));
	if (result != 0)
		return;
	memcpy(to->octets + to->len, from->octets, n);
	to->len += n;
	from->len -= n;
	memmove(from->octets, from->octets + n, from->len);
}

static unsigned healed;

static struct rte_mbuf *any_member(const struct twin *t)
{
	struct rte_mbuf *m = t->chain.head;

	for (uint32_t skip = below(t->chain.segments + 1); m != NULL && skip > 0; skip--)
		m = segment_of(m)->next;
	return m;
}

static void split(struct twin *t)
{
	struct rte_mbuf *m = any_member(t);

	if (m == NULL || segment_of(m)->len < 2)
		return;
	const uint16_t n = (uint16_t)(1 + below(segment_of(m)->len - 1u));
	const uint32_t seq = segment_of(m)->seq;
	if (chain_split(&t->chain, m, n, pool) != 0) {
		assert_int_equal(rte_mempool_avail_count(pool), 0);
		return;
	}
	assert_int_equal(segment_of(m)->len, n);
	assert_int_equal(segment_of(segment_of(m)->next)->seq, seq + n);
}

/* Two segments are one, or nothing was done: what was sent, or would be too long, stays. */
static void heal(struct twin *t)
{
	struct rte_mbuf *m = any_member(t);
	const uint32_t segments = t->chain.segments, most = 100 + below(2000);

	if (m == NULL)
		return;
	const struct segment before = *segment_of(m);
	chain_heal(&t->chain, m, most);
	if (t->chain.segments == segments) {
		assert_int_equal(segment_of(m)->len, before.len);
		return;
	}
	assert_int_equal(t->chain.segments, segments - 1);
	assert_int_equal(before.sent, 0);
	assert_in_range(segment_of(m)->len, before.len + 1, most);
	assert_false(segment_of(m)->flags & SEGMENT_SUM);
	healed++;
}

static void read_ahead(const struct twin *t)
{
	static uint8_t scratch[ROOM];

	if (t->len == 0)
		return;
	const uint32_t at = below(t->len), n = 1 + below(t->len - at);
	const struct chain_place place = chain_skip(chain_start(&t->chain), at);
	const uint8_t *octets = chain_read(place, n, scratch);
	assert_memory_equal(octets, t->octets + at, n);
	assert_true(octets == scratch || chain_run(place) >= n);
}

static void like_flat_arrays(void **unused)
{
	static struct twin twins[2];

	(void)unused;
	for (unsigned step = 0; step < 60000; step++) {
		struct twin *t = &twins[below(2)], *other = t == twins ? twins + 1 : twins;
		switch (below(8)) {
		case 0:
		case 1:
			append(t);
			break;
		case 2:
			write_octets(t);
			break;
		case 3:
			if (below(6) == 0)
				drop(t);
			break;
		case 4:
			move(other, t, step);
			break;
		case 5:
			split(t);
			break;
		case 6:
			heal(t);
			break;
		default:
			read_ahead(t);
			break;
		}
		if (step % 8 == 0) {
			check(t);
			check(other);
		}
	}
	for (unsigned i = 0; i < 2; i++)
		chain_drop(&twins[i].chain, twins[i].chain.octets);
	assert_true(healed > 100);
	assert_null(twins[0].chain.head);
	assert_null(twins[1].chain.tail);
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
}

static void a_sent_tail_is_closed(void **unused)
{
	struct chain c = { 0 };

	(void)unused;
	assert_int_equal(chain_write(&c, (const uint8_t *)"one", 3, pool), 0);
	assert_int_equal(chain_write(&c, (const uint8_t *)"two", 3, pool), 0);
	assert_int_equal(c.segments, 1);
	segment_of(c.tail)->sent = 1;
	assert_int_equal(chain_write(&c, (const uint8_t *)"three", 5, pool), 0);
	assert_int_equal(c.segments, 2);
	assert_memory_equal(segment_octets(c.head), "onetwo", 6);
	chain_drop(&c, c.octets);
}

static int start(void **unused)
{
	(void)unused;
	if (quiet_eal("chain_test", 32) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("chain", BUFFERS, 0, sizeof(struct segment),
	                               RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	return pool == NULL ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(like_flat_arrays),
		                            cmocka_unit_test(a_sent_tail_is_closed) };

	return cmocka_run_group_tests(tests, start, NULL);
}
