/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admit: segments of no connection we know: attempts begin, go on and become connections.
 *
 * Both tables are bounded. When that of attempts is full its oldest entry gives way, so a
 * flood of SYNs only shortens how long an attempt may take (embryos / SYNs a second); when
 * that of connections is full, one that has ended and only lingers gives way; without one,
 * the oldest that is not bound of the source that has most of those (unbound.h); and without
 * that, new connections are turned away. A bound connection is never touched. For the second
 * a SYN is not enough, whose source anybody can forge: the handshake must be complete.
 */
#include "worker.h"

/* Slots of the table of connections that one new connection may look through; and members
 * of a list of those that are not bound. */
#define MAKE_ROOM_SLOTS 64u
#define GIVE_WAY_MOST 64u

static void embryo_remove(struct worker *w, struct embryo *e)
{
	embryo_leave(&w->by_age, e);
	flow_remove(w->embryos, &e->head);
}

static struct embryo *embryo_new(struct worker *w, const struct packet *p)
{
	struct flow_head *head = flow_add(w->embryos, &p->key, p->hash);

	for (unsigned tries = 0; head == NULL && w->by_age.oldest != NULL && tries < 16;
	     tries++) {
		worker_count(w, COUNTER_EMBRYOS_FULL, 1);
		embryo_remove(w, w->by_age.oldest);
		head = flow_add(w->embryos, &p->key, p->hash);
	}
	return (struct embryo *)head;
}

/* A few slots further each time: some connection that has ended and only lingers. */
static bool make_room(struct worker *w)
{
	const uint32_t until = w->make_room_at + MAKE_ROOM_SLOTS;
	struct flow_head *head;

	while (w->make_room_at < until) {
		head = flow_next(w->flows, &w->make_room_at);
		if (head == NULL) {
			w->make_room_at = 0;
			return false;
		}
		struct connection *c = (struct connection *)head;
		if (c->relay.state == RELAY_LINGER && !c->touched) {
			worker_count(w, COUNTER_LINGER_CUT, 1);
			connection_remove(w, c);
			w->found_stale = true;
			return true;
		}
	}
	return false;
}

/* The one that gives way to a newcomer of that source; NULL: none does. */
static struct connection *gives_way(const struct worker *w, unsigned source)
{
	const struct unbound *u = &w->unbound;
	const unsigned from = unbound_greediest(u, source);
	struct flow_head *at = from == UNBOUND_SOURCES ? NULL : unbound_oldest(u, from);

	for (unsigned i = 0; at != NULL && i < GIVE_WAY_MOST; i++) {
		struct connection *c = (struct connection *)at;
		if (!c->touched) /* those are on this turn's list */
			return c;
		at = unbound_newer(u, at);
	}
	return NULL;
}

static bool has_room(struct worker *w)
{
	return flow_count(w->flows) < w->settings->flows || make_room(w);
}

static bool reset_unbound(struct worker *w, unsigned source)
{
	struct connection *c = gives_way(w, source);

	if (c == NULL)
		return false;
	worker_count(w, COUNTER_UNBOUND_CUT, 1);
	if (c->relay.state == RELAY_OPEN)
		relay_abort(&c->relay, &w->env);
	connection_remove(w, c);
	w->found_stale = true;
	return true;
}

/* Whether there will be room when the handshake is complete. Asked of every SYN of a flood, so
 * the table is searched last. */
static bool finds_room(struct worker *w, const struct packet *syn)
{
	return flow_count(w->flows) < w->settings->flows ||
	       gives_way(w, unbound_source(&syn->key, syn->side)) != NULL || make_room(w);
}

static void begin(struct worker *w, const struct packet *p)
{
	const bool scarce = w->env.scarce;
	struct embryo *e = !scarce && finds_room(w, p) ? embryo_new(w, p) : NULL;

	if (e == NULL) {
		worker_count(w, scarce ? COUNTER_SCARCE_SYN : COUNTER_FLOWS_FULL, 1);
		rte_pktmbuf_free(p->mbuf);
		return;
	}
	embryo_join(&w->by_age, e);
	embryo_open(e, p, &w->env);
}

/* The handshake is complete. Without room both ends are told at once. */
static struct connection *promote(struct worker *w, struct embryo *e, const struct packet *p)
{
	const unsigned source = unbound_source(&p->key, e->initiator);
	const bool room = has_room(w) || reset_unbound(w, source);
	struct flow_head *head = room ? flow_add(w->flows, &p->key, p->hash) : NULL;
	struct connection *c = (struct connection *)head;

	if (c == NULL) {
		worker_count(w, COUNTER_FLOWS_FULL, 1);
		relay_refuse(p, &w->env);
	} else {
		c->serial = (uint64_t)w->index << 48 | ++w->next_serial;
		relay_open(&c->relay, e, p, &w->env);
		limit_unbound(w, c);
	}
	embryo_remove(w, e);
	return c;
}

/* Whether its connection is of another link: switches at both ends of several chose otherwise
 * for the two directions. Where frames are distributed by software another worker may have
 * it, and this is not seen of each. */
static bool is_of_another_link(const struct worker *w, const struct packet *p)
{
	struct flow_key key = p->key;

	for (unsigned l = 0; l < w->ports->n_links; l++) {
		key.link = (uint16_t)l;
		const uint32_t hash = flow_hash(&key);
		if (l != p->key.link && (flow_find_one(w->embryos, &key, hash) != NULL ||
		                         flow_find_one(w->flows, &key, hash) != NULL))
			return true;
	}
	return false;
}

static void take_midstream(struct worker *w, const struct packet *p)
{
	if (w->ports->n_links > 1 && is_of_another_link(w, p))
		worker_count(w, COUNTER_OTHER_LINK, 1);
	if (w->settings->midstream == MIDSTREAM_PASS) {
		worker_divert(w, p, p->key.link);
		return;
	}
	worker_count(w, COUNTER_MIDSTREAM, 1);
	relay_refuse(p, &w->env);
}

struct connection *admit(struct worker *w, const struct packet *p)
{
	struct embryo *e = (struct embryo *)flow_find_one(w->embryos, &p->key, p->hash);

	if (e == NULL) {
		if (w->draining)
			worker_divert(w, p, p->key.link);
		else if ((p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
			begin(w, p);
		else
			take_midstream(w, p);
		return NULL;
	}
	switch (embryo_input(e, p, &w->env)) {
	case EMBRYO_WAITS:
		break;
	case EMBRYO_OVER:
		embryo_remove(w, e);
		break;
	case EMBRYO_OPENS:
		return promote(w, e, p);
	}
	return NULL;
}

struct connection *admit_again(struct worker *w, struct connection *c, const struct packet *p)
{
	if (c->touched) { /* it is on this turn's list: the SYN comes again */
		c->relay.state = RELAY_DEAD;
		rte_pktmbuf_free(p->mbuf);
		return c;
	}
	connection_remove(w, c);
	w->found_stale = true;
	if (w->draining)
		worker_divert(w, p, p->key.link);
	else
		begin(w, p);
	return NULL;
}

void admit_expire(struct worker *w)
{
	for (struct embryo *e; (e = w->by_age.oldest) != NULL &&
	                       w->now_us >= e->since_us + w->tcp_config.embryonic_us;) {
		worker_count(w, COUNTER_EMBRYOS_EXPIRED, 1);
		embryo_remove(w, e);
	}
}
