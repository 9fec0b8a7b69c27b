/* SPDX-License-Identifier: Apache-2.0 */
#include "chain.h"

#include <errno.h>
#include <string.h>

#include "packet.h"

/* Everything of from behind everything of to; from is not used afterwards. */
static void join(struct chain *to, const struct chain *from)
{
	if (from->head == NULL)
		return;
	if (to->tail != NULL)
		segment_of(to->tail)->next = from->head;
	else
		to->head = from->head;
	to->tail = from->tail;
	to->octets += from->octets;
	to->segments += from->segments;
}

/* A buffer of ours holding n octets, with headroom for any headers. */
static struct rte_mbuf *buffer_new(const uint8_t *octets, uint16_t n, struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL)
		return NULL;
	*segment_of(m) = (struct segment){
		.off = FRAME_HEADER_MAX,
		.len = n,
		.flags = SEGMENT_OURS,
	};
	memcpy(segment_octets(m), octets, n);
	return m;
}

static uint32_t tail_room(struct rte_mbuf *m)
{
	const struct segment *s = segment_of(m);

	return (uint32_t)(m->buf_len - s->off - s->len);
}

static bool tail_is_open(const struct chain *c)
{
	if (c->tail == NULL)
		return false;
	const struct segment *s = segment_of(c->tail);
	return s->flags & SEGMENT_OURS && s->sent == 0;
}

/* Octets a new buffer of this pool can hold. */
static uint32_t buffer_size(struct rte_mempool *pool)
{
	return rte_pktmbuf_data_room_size(pool) - FRAME_HEADER_MAX;
}

/* n octets onto m, which has room for them. */
static void extend(struct rte_mbuf *m, const uint8_t *octets, uint32_t n)
{
	struct segment *s = segment_of(m);

	memcpy(segment_octets(m) + s->len, octets, n);
	s->len = (uint16_t)(s->len + n);
	s->flags &= (uint8_t)~SEGMENT_SUM;
}

static void tail_extend(struct chain *c, const uint8_t *octets, uint32_t n)
{
	extend(c->tail, octets, n);
	c->octets += n;
}

int chain_write(struct chain *c, const uint8_t *octets, uint32_t n, struct rte_mempool *pool)
{
	const uint32_t room = tail_is_open(c) ? tail_room(c->tail) : 0;
	const uint32_t first = n < room ? n : room;
	struct chain fresh = { 0 };

	for (uint32_t done = first; done < n;) {
		const uint32_t size =
			n - done < buffer_size(pool) ? n - done : buffer_size(pool);
		struct rte_mbuf *m = buffer_new(octets + done, (uint16_t)size, pool);
		if (m == NULL) {
			chain_drop(&fresh, fresh.octets);
			return -ENOMEM;
		}
		chain_append(&fresh, m);
		done += size;
	}
	if (first > 0)
		tail_extend(c, octets, first);
	join(c, &fresh);
	return 0;
}

bool chain_coalesce(struct chain *c, struct rte_mbuf *m)
{
	if (c->tail == NULL)
		return false;
	const struct segment *s = segment_of(m);
	if (segment_of(c->tail)->sent != 0 || tail_room(c->tail) < s->len ||
	    rte_mbuf_refcnt_read(c->tail) != 1)
		return false;
	tail_extend(c, segment_octets(m), s->len);
	rte_pktmbuf_free(m);
	return true;
}

void chain_heal(struct chain *c, struct rte_mbuf *m, uint32_t most)
{
	struct segment *s = segment_of(m);
	struct rte_mbuf *next = s->next;

	if (next == NULL || s->sent != 0 || rte_mbuf_refcnt_read(m) != 1)
		return;
	const struct segment *n = segment_of(next);
	if ((uint32_t)s->len + n->len > most || tail_room(m) < n->len)
		return;
	extend(m, segment_octets(next), n->len);
	s->next = n->next;
	if (c->tail == next)
		c->tail = m;
	c->segments--;
	rte_pktmbuf_free(next);
}

int chain_split(struct chain *c, struct rte_mbuf *m, uint16_t n, struct rte_mempool *pool)
{
	struct segment *s = segment_of(m);
	struct rte_mbuf *rest = buffer_new(segment_octets(m) + n, (uint16_t)(s->len - n), pool);

	if (rest == NULL)
		return -ENOMEM;
	struct segment *r = segment_of(rest);
	r->seq = s->seq + n;
	r->sent = s->sent;
	r->sent_us = s->sent_us;
	r->flags |= s->flags & (SEGMENT_SACKED | SEGMENT_LOST);
	r->next = s->next;
	s->next = rest;
	s->len = n;
	s->flags &= (uint8_t)~SEGMENT_SUM;
	if (c->tail == m)
		c->tail = rest;
	c->segments++;
	return 0;
}

/* Cut the head after n octets, copying whichever side is shorter. */
static int split_head(struct chain *c, uint16_t n, struct rte_mempool *pool)
{
	struct rte_mbuf *m = c->head;
	struct segment *s = segment_of(m);

	if (n > s->len / 2)
		return chain_split(c, m, n, pool);
	struct rte_mbuf *front = buffer_new(segment_octets(m), n, pool);
	if (front == NULL)
		return -ENOMEM;
	struct segment *f = segment_of(front);
	f->seq = s->seq;
	f->sent = s->sent;
	f->sent_us = s->sent_us;
	f->flags |= s->flags & (SEGMENT_SACKED | SEGMENT_LOST);
	f->next = m;
	s->seq += n;
	s->off = (uint16_t)(s->off + n);
	s->len = (uint16_t)(s->len - n);
	s->flags &= (uint8_t)~SEGMENT_SUM;
	c->head = front;
	c->segments++;
	return 0;
}

int chain_move(struct chain *to, struct chain *from, uint32_t n, struct rte_mempool *pool)
{
	struct chain front = { 0 };

	bug_if(n > from->octets);
	if (likely(n == from->octets)) {
		join(to, from);
		*from = (struct chain){ .head = NULL };
		return 0;
	}
	while (n > 0 && segment_of(from->head)->len <= n) {
		struct rte_mbuf *m = chain_take(from);
		n -= segment_of(m)->len;
		chain_append(&front, m);
	}
	if (n > 0) {
		if (split_head(from, (uint16_t)n, pool) != 0) {
			join(&front, from); /* put back: nothing has moved */
			*from = front;
			return -ENOMEM;
		}
		chain_append(&front, chain_take(from));
	}
	join(to, &front);
	return 0;
}

void chain_drop(struct chain *c, uint32_t n)
{
	bug_if(n > c->octets);
	while (n > 0) {
		struct segment *s = segment_of(c->head);
		if (s->len > n) {
			s->off = (uint16_t)(s->off + n);
			s->len = (uint16_t)(s->len - n);
			s->seq += n;
			s->flags &= (uint8_t)~SEGMENT_SUM;
			c->octets -= n;
			return;
		}
		n -= s->len;
		rte_pktmbuf_free(chain_take(c));
	}
}

struct chain_place chain_skip_far(struct chain_place at, uint32_t n)
{
	while (at.m != NULL && n >= chain_run(at)) {
		n -= chain_run(at);
		at = (struct chain_place){ segment_of(at.m)->next, 0 };
	}
	bug_if_slow(at.m == NULL && n != 0);
	at.skip += n;
	return at;
}

const uint8_t *chain_gather(struct chain_place at, uint32_t len, uint8_t *scratch)
{
	for (uint32_t done = 0; done < len;) {
		const uint32_t run = chain_run(at);
		const uint32_t n = len - done < run ? len - done : run;
		memcpy(scratch + done, segment_octets(at.m) + at.skip, n);
		done += n;
		at = chain_skip(at, n);
	}
	return scratch;
}
