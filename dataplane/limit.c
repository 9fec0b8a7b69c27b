/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit: what a connection may take of time and of the packet buffers.
 *
 * Time: a PDU that has begun must end within pdu_limit, or the connection is reset: an
 * end that drips octets holds buffers of ours for nothing. Where buffers were what it lacked,
 * its time begins anew if there is room for it now. If there is none it is reset as well, or
 * those that wait, each for more than its share, would hold all there is; counted apart.
 *
 * And it must be bound: without a bind in force within bind_limit it is reset. It has said
 * nothing that anybody could hold it to, and holds a place in the table.
 *
 * Buffers: what is free is shared by a dynamic threshold (Choudhury and Hahne, 1998): a
 * connection may hold a quarter of what is free beyond a reserve. With plenty that is no
 * limit; the scarcer buffers are, the smaller is the share, so the greediest connections
 * meet it first, while one that holds little never notices. New connections get a quarter
 * of that, or of what is free beyond half of all where that is more, and while the reserve
 * is touched no attempt begins. Windows are no wider than what three quarters of the share
 * have room for in full-sized segments; what exceeds the share is left to be resent.
 */
#include <rte_mempool.h>

#include "worker.h"

/* The last sixteenth is for ACKs and retransmissions, which free what is held. */
#define RESERVE_SHARE 16u
/* Attempts are turned away when less than this share is free. */
#define SCARCE_SHARE 8u
/* Segments that any connection may hold before the reserve is touched: a PDU in two of them.
 * The more, the fewer connections whose octets go nowhere touch it together, and then nobody
 * is served: 15,360 with the defaults. */
#define SHARE_LEAST 2u
#define SHARE_DIVISOR 4u
#define NEWCOMER_DIVISOR 4u
/* How often the pool is asked while there is plenty: counting walks the caches of all
 * cores. When less is free, every turn. */
#define PLENTY_TURNS 64u
/* Slots of the table looked at in a turn for what may be given up, while buffers are scarce;
 * and how long an unbound connection may keep some for a PDU to become whole. */
#define RELIEVE_SLOTS 64u
#define UNBOUND_HOLD_US 1000000u

/* Limits are of an hour at most: the lower half of a time is enough, for seven weeks. */
static uint32_t milliseconds(uint64_t us) { return (uint32_t)(us / 1000); }

/* Where 0 is none. */
static uint32_t some_milliseconds(uint64_t us)
{
	const uint32_t ms = milliseconds(us);

	return ms == 0 ? UINT32_MAX : ms;
}

static uint64_t microseconds(uint32_t ms, uint64_t now_us)
{
	return (now_us / 1000 - (uint32_t)(milliseconds(now_us) - ms)) * 1000;
}

/* The list it is on while it is not bound: its source's, who opened it. */
static unsigned source_of(const struct connection *c)
{
	return unbound_source(&c->relay.head.key, c->relay.initiator);
}

void limit_unbound(struct worker *w, struct connection *c)
{
	c->session.unbound_ms = milliseconds(w->now_us);
	unbound_join(&w->unbound, source_of(c), &c->relay.head);
}

void limit_forget(struct worker *w, struct connection *c)
{
	if (!session_is_bound(&c->session))
		unbound_leave(&w->unbound, source_of(c), &c->relay.head);
}

void limit_bound(struct worker *w, struct connection *c, bool was_bound)
{
	if (was_bound && !session_is_bound(&c->session))
		limit_unbound(w, c);
	else if (!was_bound && session_is_bound(&c->session))
		unbound_leave(&w->unbound, source_of(c), &c->relay.head);
}

/* Since when a PDU of that side is incomplete; UINT64_MAX: none is. */
static uint64_t partial_since(const struct worker *w, const struct connection *c,
                              enum side from)
{
	return c->partial_ms[from] == 0 ? UINT64_MAX
	                                : microseconds(c->partial_ms[from], w->now_us);
}

/* Not bound, and since long in the middle of a PDU. */
static bool hoards(const struct worker *w, const struct connection *c)
{
	const uint64_t since = w->now_us - UNBOUND_HOLD_US;

	return !session_is_bound(&c->session) && !c->unscreened &&
	       (partial_since(w, c, SIDE_ESME) < since ||
	        partial_since(w, c, SIDE_SMSC) < since);
}

/* Buffers are scarce: what lies ahead of gaps is given up, but for the share of who is bound;
 * and when the reserve is touched, so that nobody else is served, who is not bound goes that
 * holds what can only be waited for. */
static void relieve(struct worker *w)
{
	const uint32_t until = w->relieve_at + RELIEVE_SLOTS;

	while (w->relieve_at < until) {
		struct connection *c = (struct connection *)flow_next(w->flows, &w->relieve_at);
		if (c == NULL) {
			w->relieve_at = 0;
			return;
		}
		if (c->touched || c->relay.state != RELAY_OPEN)
			continue;
		relay_renege(&c->relay, session_is_bound(&c->session) ? w->env.share : 0,
		             &w->env);
		if (w->env.share == 0 && hoards(w, c)) {
			worker_count(w, COUNTER_UNBOUND_CUT, 1);
			relay_abort(&c->relay, &w->env);
			connection_remove(w, c);
		}
	}
}

/* Of what is free beyond so many. */
static uint32_t quarter_beyond(uint32_t available, uint32_t so_many)
{
	return available > so_many ? (available - so_many) / SHARE_DIVISOR : 0;
}

void limit_buffers(struct worker *w)
{
	const struct rte_mempool *pool = w->ports->pool;
	const uint32_t most = (uint32_t)w->settings->leg_segments;

	if (w->turns++ % PLENTY_TURNS != 0 && w->env.share == most)
		return;
	const uint32_t available = rte_mempool_avail_count(pool);
	const uint32_t reserve = pool->size / RESERVE_SHARE;
	const uint32_t beyond = quarter_beyond(available, reserve);
	const uint32_t plenty = quarter_beyond(available, pool->size / 2);
	uint32_t share = available < reserve ? 0 : beyond < SHARE_LEAST ? SHARE_LEAST : beyond;
	uint32_t newcomer = share / NEWCOMER_DIVISOR;
	if (newcomer < plenty)
		newcomer = plenty;
	if (share > most)
		share = most;
	if (newcomer > share)
		newcomer = share;
	w->env.share = share;
	w->env.scarce = available < pool->size / SCARCE_SHARE;
	w->tcp_config.leg_segments = share;
	w->tcp_config.newcomer_segments = newcomer;
	if (unlikely(w->env.scarce))
		relieve(w);
}

/* By when it must be bound. What the setting non_smpp lets pass never will be, nor what we are
 * closing. */
static uint64_t bind_deadline(const struct worker *w, const struct connection *c)
{
	if (session_is_bound(&c->session) || c->unscreened || c->relay.leg[0].discard ||
	    w->settings->bind_limit == 0)
		return UINT64_MAX;
	return microseconds(c->session.unbound_ms, w->now_us) +
	       w->settings->bind_limit * 1000000;
}

static uint64_t pdu_deadline(const struct worker *w, const struct connection *c, enum side from)
{
	return c->partial_ms[from] == 0
	               ? UINT64_MAX
	               : partial_since(w, c, from) + w->settings->pdu_limit * 1000000;
}

uint64_t limit_deadline(const struct worker *w, const struct connection *c)
{
	uint64_t at = bind_deadline(w, c);

	if (c->relay.state != RELAY_OPEN)
		return UINT64_MAX;
	for (enum side from = SIDE_ESME; from <= SIDE_SMSC; from++) {
		const uint64_t pdu = pdu_deadline(w, c, from);
		if (pdu < at)
			at = pdu;
	}
	return at;
}

/* Its time is over: whether it has more, because this was not its fault. */
static bool has_more_time(const struct worker *w, const struct connection *c, enum side from)
{
	/* The other end does not read, so our window is closed; or this one does not, and
	 * nobody has looked whether it is whole. */
	if (relay_backlog(&c->relay, side_other(from)) != 0 ||
	    relay_stalls(&c->relay, from, &w->tcp_config))
		return true;
	return c->lacks_room[from] && !relay_lacks_buffers(&c->relay, &w->env);
}

void limit_time(struct worker *w, struct connection *c)
{
	if (c->relay.state != RELAY_OPEN || w->now_us < limit_deadline(w, c))
		return;
	if (w->now_us >= bind_deadline(w, c)) {
		worker_count(w, COUNTER_BIND_LATE, 1);
		relay_abort(&c->relay, &w->env);
		return;
	}
	for (enum side from = SIDE_ESME; from <= SIDE_SMSC; from++) {
		if (w->now_us < pdu_deadline(w, c, from))
			continue;
		if (has_more_time(w, c, from)) {
			c->partial_ms[from] = some_milliseconds(w->now_us);
			c->lacks_room[from] = false;
			continue;
		}
		worker_count(w, c->lacks_room[from] ? COUNTER_PDU_NO_ROOM : COUNTER_PDU_LATE,
		             1);
		relay_abort(&c->relay, &w->env);
		return;
	}
}

void limit_note(const struct worker *w, struct connection *c, enum side from, bool partial,
                bool moved)
{
	if (!partial) {
		c->partial_ms[from] = 0;
		c->lacks_room[from] = false;
		return;
	}
	if (moved || c->partial_ms[from] == 0) {
		c->partial_ms[from] = some_milliseconds(w->now_us);
		c->lacks_room[from] = false;
	}
	c->lacks_room[from] |= relay_lacks_buffers(&c->relay, &w->env);
}
