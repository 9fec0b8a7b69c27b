/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit: what a connection may take of time and of the packet buffers.
 *
 * Time: a PDU that has begun must end within pdu_limit, or the connection is reset: an
 * end that drips octets holds buffers of ours for nothing.
 *
 * Buffers: what is free is shared by a dynamic threshold (Choudhury and Hahne, 1998): a
 * connection may hold a quarter of what is free beyond a reserve. With plenty that is no
 * limit; the scarcer buffers are, the smaller is the share, so the greediest connections
 * meet it first, while one that holds little never notices. New connections get a quarter
 * of that, and while the reserve is touched no attempt begins. Windows are no wider than
 * what the share has room for in full-sized segments; what exceeds it is left to be resent.
 */
#include <rte_mempool.h>

#include "worker.h"

/* The last sixteenth is for ACKs and retransmissions, which free what is held. */
#define RESERVE_SHARE 16u
/* Attempts are turned away when less than this share is free. */
#define SCARCE_SHARE 8u
/* Segments that any connection may hold before the reserve is touched: a few messages. */
#define SHARE_LEAST 8u
#define SHARE_DIVISOR 4u
#define NEWCOMER_DIVISOR 4u
/* How often the pool is asked while there is plenty: counting walks the caches of all
 * cores. When less is free, every turn. */
#define PLENTY_TURNS 64u

void limit_buffers(struct worker *w)
{
	const struct rte_mempool *pool = w->ports->pool;
	const uint32_t most = (uint32_t)w->settings->leg_segments;

	if (w->turns++ % PLENTY_TURNS != 0 && w->env.share == most)
		return;
	const uint32_t available = rte_mempool_avail_count(pool);
	const uint32_t reserve = pool->size / RESERVE_SHARE;
	const uint32_t beyond = available > reserve ? (available - reserve) / SHARE_DIVISOR : 0;
	uint32_t share = available < reserve ? 0 : beyond < SHARE_LEAST ? SHARE_LEAST : beyond;
	uint32_t newcomer = share / NEWCOMER_DIVISOR;
	if (share > most)
		share = most;
	if (newcomer > share)
		newcomer = share;
	w->env.share = share;
	w->env.scarce = available < pool->size / SCARCE_SHARE;
	w->tcp_config.leg_segments = share;
	w->tcp_config.newcomer_segments = newcomer;
}

uint64_t limit_deadline(const struct worker *w, const struct connection *c)
{
	uint64_t at = UINT64_MAX;

	for (unsigned side = 0; side < 2; side++)
		if (c->partial_us[side] != 0 &&
		    c->partial_us[side] + w->settings->pdu_limit * 1000000 < at)
			at = c->partial_us[side] + w->settings->pdu_limit * 1000000;
	return at;
}

void limit_time(struct worker *w, struct connection *c)
{
	if (c->relay.state != RELAY_OPEN || w->now_us < limit_deadline(w, c))
		return;
	for (enum side from = SIDE_ESME; from <= SIDE_SMSC; from++) {
		if (c->partial_us[from] == 0 ||
		    w->now_us < c->partial_us[from] + w->settings->pdu_limit * 1000000)
			continue;
		/* Not its fault: the other end does not read, so our window is closed. */
		if (relay_backlog(&c->relay, side_other(from)) != 0) {
			c->partial_us[from] = w->now_us;
			continue;
		}
		worker_count(w, COUNTER_PDU_LATE, 1);
		relay_abort(&c->relay, &w->env);
		return;
	}
}

void limit_note(struct connection *c, enum side from, bool partial, bool moved, uint64_t now_us)
{
	if (!partial)
		c->partial_us[from] = 0;
	else if (moved || c->partial_us[from] == 0)
		c->partial_us[from] = now_us;
}
