/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain: a queue of stream octets in the mbufs they came in.
 *
 * Each mbuf is in exactly one chain and carries a struct segment in its private
 * area: where its octets of the stream lie, which is not what data_off says once
 * the frame has been sent from. Whole mbufs move between chains by pointer; only
 * a cut inside an mbuf copies, and it copies the shorter side.
 *
 * Ownership  a chain owns one reference to each of its mbufs. Threads: one worker.
 */
#ifndef DP_CHAIN_H
#define DP_CHAIN_H
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "check.h"
#include "prefetch.h"

enum {
	SEGMENT_SUM = 1,    /* sum is the payload's checksum */
	SEGMENT_OURS = 2,   /* we made the buffer: its tail may be appended to */
	SEGMENT_SACKED = 4, /* the receiver holds it behind a gap (scoreboard.h) */
	SEGMENT_LOST = 8
}; /* to be sent again; never with SEGMENT_SACKED */

struct segment {
	struct rte_mbuf *next;
	union {
		uint64_t sent_us; /* last transmission; 0 = never sent */
		struct rte_mbuf *run_last; /* ahead of a gap (order.c): where its run ends */
	};
	uint32_t seq;     /* of the first octet, in the chain's sequence space */
	uint16_t off;     /* first octet, from buf_addr */
	uint16_t len;     /* octets; never 0 inside a chain */
	uint16_t sum;     /* ones' complement sum (packet.h) while SEGMENT_SUM */
	uint8_t flags;
	uint8_t sent; /* transmissions, saturating */
	uint32_t reserved;
};
_Static_assert(sizeof(struct segment) == 32, "mbuf private area");

static inline struct segment *segment_of(struct rte_mbuf *m) { return rte_mbuf_to_priv(m); }

static inline uint8_t *segment_octets(struct rte_mbuf *m)
{
	return (uint8_t *)m->buf_addr + segment_of(m)->off;
}

/* Give up one reference. Nearly all are of whole buffers that nobody else holds, and go back
 * without a call. */
static inline void segment_free(struct rte_mbuf *m)
{
	if (likely(rte_mbuf_refcnt_read(m) == 1 && m->next == NULL && m->nb_segs == 1 &&
	           RTE_MBUF_DIRECT(m)))
		rte_mbuf_raw_free(m);
	else
		rte_pktmbuf_free(m);
}

struct chain {
	struct rte_mbuf *head, *tail;
	uint32_t octets;
	uint32_t segments;
};

/* What freeing or sending its head will touch. */
static inline void chain_prefetch(const struct chain *c)
{
	if (c->head == NULL)
		return;
	prefetch(c->head);
	prefetch(segment_of(c->head));
}

/* Take over m, whose segment says off, len > 0, sum, flags. */
static inline void chain_append(struct chain *c, struct rte_mbuf *m)
{
	struct segment *s = segment_of(m);

	bug_if_slow(s->len == 0);
	s->next = NULL;
	if (c->tail != NULL)
		segment_of(c->tail)->next = m;
	else
		c->head = m;
	c->tail = m;
	c->octets += s->len;
	c->segments++;
}

/* Give up the first mbuf, which is there. */
static inline struct rte_mbuf *chain_take(struct chain *c)
{
	struct rte_mbuf *m = c->head;
	const struct segment *s = segment_of(m);

	c->head = s->next;
	if (c->head == NULL)
		c->tail = NULL;
	c->octets -= s->len;
	c->segments--;
	return m;
}

/* Copy n octets onto the end: into the tail buffer when it is ours, was not sent
 * and has room, else into new buffers. 0, or -ENOMEM and nothing appended. */
must_use int chain_write(struct chain *c, const uint8_t *octets, uint32_t n,
                         struct rte_mempool *pool);

/* Move the first n octets to the end of another chain. 0; or -ENOMEM, nothing moved. */
must_use int chain_move(struct chain *to, struct chain *from, uint32_t n,
                        struct rte_mempool *pool);

/* Free the first n octets. */
void chain_drop(struct chain *c, uint32_t n);

/* Cut m, a member of c, after n octets (0 < n < its len): m ends there and a copy of the
 * rest follows it. 0 or -ENOMEM. */
must_use int chain_split(struct chain *c, struct rte_mbuf *m, uint16_t n,
                         struct rte_mempool *pool);

/* Append m to c's tail buffer by copying, if it fits there, and free m. Whether it did. */
bool chain_coalesce(struct chain *c, struct rte_mbuf *m);

/* m, a member of c that was not sent, takes in what follows it, if it has room for that and
 * both are not longer than most. */
void chain_heal(struct chain *c, struct rte_mbuf *m, uint32_t most);

/*
 * A place in a chain, for reading ahead without taking. chain_read() gives len
 * octets from the place on as one run: inside the mbuf when they lie there, else
 * gathered into scratch (len octets of room). The caller knows they are there.
 */
struct chain_place {
	struct rte_mbuf *m;
	uint32_t skip; /* octets of m before the place; m is NULL at the end */
};

static inline struct chain_place chain_start(const struct chain *c)
{
	return (struct chain_place){ c->head, 0 };
}

/* Octets that lie contiguous at this place. */
static inline uint32_t chain_run(struct chain_place at)
{
	return at.m == NULL ? 0 : segment_of(at.m)->len - at.skip;
}

struct chain_place chain_skip_far(struct chain_place at, uint32_t n);
static inline struct chain_place chain_skip(struct chain_place at, uint32_t n)
{
	const uint32_t run = chain_run(at);

	if (n == run && run != 0)
		return (struct chain_place){ segment_of(at.m)->next, 0 };
	if (unlikely(n >= run))
		return chain_skip_far(at, n);
	at.skip += n;
	return at;
}

const uint8_t *chain_gather(struct chain_place at, uint32_t len, uint8_t *scratch);
static inline const uint8_t *chain_read(struct chain_place at, uint32_t len, uint8_t *scratch)
{
	if (likely(chain_run(at) >= len))
		return segment_octets(at.m) + at.skip;
	return chain_gather(at, len, scratch);
}

#endif
