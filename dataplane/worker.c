/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: the data path, from top to bottom. worker_turn() is the architecture:
 * everything else in dataplane/ is called from it.
 */
#include "worker.h"

#include <time.h>

#include <rte_cycles.h>

#include "check.h"
#include "prefetch.h"
#include "quote.h"
#include "stray.h"
#include "tunnel.h"

/* Idle turns before an adaptive worker sleeps: about as long as a burst's gap. */
#define IDLE_TURNS 200u

/* Packets between asking for memory and using it: about a cache miss's worth of work. */
#define CONNECTION_AHEAD 4u
#define SEGMENT_AHEAD 2u
static struct connection *connection_of(struct flow_head *head)
{
	return (struct connection *)head; /* its first member's first member */
}

/* One port's frames; whole vector first, so that headers are in cache when parsed. */
void worker_take(struct worker *w, unsigned link, enum side side,
                 struct rte_mbuf *const *frames, unsigned n)
{
	bug_if(n > BURST_MAX * 2 - w->n_packets);
	for (unsigned i = 0; i < n; i++)
		prefetch(rte_pktmbuf_mtod(frames[i], void *));
	for (unsigned i = 0; i < n; i++)
		packet_parse(&w->policy[link], frames[i], side, &w->packets[w->n_packets++]);
	worker_count(w, COUNTER_RX_FRAMES, n);
}

static void drop(struct worker *w, const struct packet *p, enum counter why)
{
	worker_count(w, why, 1);
	rte_pktmbuf_free(p->mbuf);
}

/* What a router says of a connection that is not ours may be about another worker's: on to
 * the next, unless all have seen it. */
static bool hand_on(struct worker *w, const struct packet *p, unsigned link, unsigned seen)
{
	const struct stray s = { .frame = p->mbuf,
		                 .link = (uint16_t)link,
		                 .side = (uint8_t)p->side,
		                 .seen = (uint8_t)(seen + 1) };

	if (w->strays == NULL || s.seen >= strays_workers(w->strays))
		return false;
	if (strays_pass(w->strays, w->index, &s))
		return true;
	worker_count(w, COUNTER_STRAY_FULL, 1);
	return false;
}

/* A router could not carry a segment: ours are cut and go again, others are passed on.
 * seen: workers that did not know its connection. */
static bool is_about_us(struct worker *w, const struct packet *p, unsigned link, unsigned seen)
{
	struct quote q;

	if (p->class != PACKET_OTHER ||
	    !quote_read(&q, rte_pktmbuf_mtod(p->mbuf, const uint8_t *), p->mbuf->data_len,
	                p->side, w->policy[link].link))
		return false;
	struct flow_head *head = flow_find_one(w->flows, &q.key, flow_hash(&q.key));
	if (head == NULL)
		return hand_on(w, p, link, seen);
	struct connection *c = connection_of(head);
	if (!relay_too_big(&c->relay, p->side, q.seq, q.mtu, q.size, &w->env))
		return false;
	worker_touch(w, c);
	rte_pktmbuf_free(p->mbuf);
	return true;
}

/* What goes across unread may be wrapped around what should have been read. */
static void count_tunnel(struct worker *w, const struct packet *p)
{
	static const enum counter counters[] = {
		[TUNNEL_MPLS] = COUNTER_TUNNEL_MPLS,   [TUNNEL_PPPOE] = COUNTER_TUNNEL_PPPOE,
		[TUNNEL_GRE] = COUNTER_TUNNEL_GRE,     [TUNNEL_IP] = COUNTER_TUNNEL_IP,
		[TUNNEL_VXLAN] = COUNTER_TUNNEL_VXLAN, [TUNNEL_GTP] = COUNTER_TUNNEL_GTP,
		[TUNNEL_IPSEC] = COUNTER_TUNNEL_IPSEC, [TUNNEL_OTHER] = COUNTER_TUNNEL_OTHER,
	};
	const enum tunnel tunnel = tunnel_of(rte_pktmbuf_mtod(p->mbuf, const uint8_t *),
	                                     rte_pktmbuf_data_len(p->mbuf));

	if (tunnel != TUNNEL_NONE)
		worker_count(w, counters[tunnel], 1);
}

static void divert(struct worker *w, const struct packet *p, unsigned link, unsigned seen)
{
	struct tcp_tx *tx = &w->tx[link * 2 + side_other(p->side)];

	if (is_about_us(w, p, link, seen))
		return;
	switch (p->class) {
	case PACKET_BAD_CHECKSUM:
		drop(w, p, COUNTER_BAD_CHECKSUM);
		return;
	case PACKET_BAD_HEADER:
		drop(w, p, COUNTER_BAD_HEADER);
		return;
	case PACKET_FRAGMENT:
		drop(w, p, COUNTER_FRAGMENTS);
		return;
	case PACKET_OTHER:
	case PACKET_TCP: /* of an unseen connection, by policy */
		break;
	}
	if (tx->n == TCP_TX_MAX) {
		drop(w, p, COUNTER_TX_FULL);
		return;
	}
	worker_count(w, COUNTER_PASSED_FRAMES, 1);
	if (p->class == PACKET_OTHER)
		count_tunnel(w, p);
	else
		worker_count(w, COUNTER_UNSCREENED, 1);
	p->mbuf->ol_flags &= FRAME_OWNER_FLAGS;
	tx->mbufs[tx->n++] = p->mbuf;
}

void worker_divert(struct worker *w, const struct packet *p, unsigned link)
{
	divert(w, p, link, 0);
}

/* Frames that another worker could not place. */
static void take_strays(struct worker *w)
{
	struct packet p;
	struct stray s;

	for (unsigned i = 0; i < STRAY_RING && strays_take(w->strays, w->index, &s); i++) {
		packet_parse(&w->policy[s.link], s.frame, (enum side)s.side, &p);
		divert(w, &p, s.link, s.seen);
	}
}

/* The packets of this turn that are screened TCP, compacted to the front; the rest leave. */
static void sort_packets(struct worker *w, unsigned link)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_packets; i++) {
		struct packet *p = &w->packets[i];
		if (unlikely(p->class == PACKET_FRAGMENT && w->reassembly != NULL) &&
		    !fragment_take(w, p, link))
			continue;
		if (likely(p->class == PACKET_TCP))
			w->lookup[n++] = p;
		else
			worker_divert(w, p, link);
	}
	w->n_packets = n;
}

void connection_remove(struct worker *w, struct connection *c)
{
	relay_release(&c->relay);
	timer_cancel(&c->timer);
	limit_forget(w, c);
	worker_count(w, COUNTER_FLOWS_CLOSED, c->relay.established);
	flow_remove(w->flows, &c->relay.head);
}

/* Packet i, some packets ahead of its turn: its connection; then, when that is there, the
 * segment that it may acknowledge. */
static void look_ahead(const struct worker *w, unsigned i)
{
	if (i + CONNECTION_AHEAD < w->n_packets && w->found[i + CONNECTION_AHEAD] != NULL)
		connection_prefetch(connection_of(w->found[i + CONNECTION_AHEAD]));
	if (i + SEGMENT_AHEAD < w->n_packets && w->found[i + SEGMENT_AHEAD] != NULL) {
		const struct connection *c = connection_of(w->found[i + SEGMENT_AHEAD]);
		chain_prefetch(&c->relay.leg[w->lookup[i + SEGMENT_AHEAD]->side].out);
	}
}

static void tcp_receive(struct worker *w)
{
	w->found_stale = false;
	flow_find(w->flows, w->lookup, w->n_packets, w->found);
	for (unsigned i = 0; i < CONNECTION_AHEAD && i < w->n_packets; i++)
		if (w->found[i] != NULL)
			connection_prefetch(connection_of(w->found[i]));
	for (unsigned i = 0; i < w->n_packets; i++) {
		look_ahead(w, i);
		const struct packet *p = w->lookup[i];
		struct flow_head *head = w->found[i];
		/* An earlier packet of this burst may have opened it, or ended another. */
		if (unlikely(head == NULL || w->found_stale))
			head = flow_find_one(w->flows, &p->key, p->hash);
		struct connection *c = head == NULL ? NULL : connection_of(head);
		if (c == NULL)
			c = admit(w, p);
		else if (unlikely(relay_restarts(&c->relay, p)))
			c = admit_again(w, c, p);
		else
			relay_input(&c->relay, p, &w->env);
		if (c != NULL)
			worker_touch(w, c);
	}
}

/* Connections that could not finish last turn are part of this one. */
static void take_retries(struct worker *w)
{
	struct connection *c = w->retry, *next;

	w->touched = NULL;
	w->touched_end = &w->touched;
	w->retry = NULL;
	for (; c != NULL; c = next) {
		next = c->touched_next;
		c->touched = false;
		worker_touch(w, c);
	}
}

static void timers(struct worker *w)
{
	for (struct timer *t; (t = timer_due(&w->timers, w->now_us)) != NULL;) {
		struct connection *c =
			(struct connection *)((char *)t - offsetof(struct connection, timer));
		relay_timer(&c->relay, &w->env);
		limit_time(w, c);
		worker_touch(w, c);
	}
}

static uint64_t deadline(const struct worker *w, const struct connection *c)
{
	const uint64_t relay = relay_deadline(&c->relay, &w->tcp_config);
	const uint64_t limit = limit_deadline(w, c);
	const uint64_t at = relay < limit ? relay : limit;

	if (unlikely(c->waits && at > w->now_us + STALL_WAIT_US))
		return w->now_us + STALL_WAIT_US;
	return at;
}

/* What was decided for each touched connection, everything it has to say, its next deadline,
 * its end. One after the other: a connection takes fifteen lines. Of those that have more for
 * the next turn they are first in it who had nothing in this one: the vector was full. */
static void tcp_send(struct worker *w)
{
	struct connection *c = w->touched, *next, *had = NULL;
	struct connection **retry = &w->retry, **retry_had = &had;

	for (; c != NULL; c = next) {
		const unsigned applied = w->vector->n_applied;
		next = c->touched_next;
		c->touched = false;
		apply(w, c);
		for (enum side from = SIDE_ESME; from <= SIDE_SMSC; from++)
			if (!c->retry && !c->waits && !c->stalled[from])
				relay_finish(&c->relay, from, &w->env);
		if (relay_output(&c->relay, &w->env))
			c->retry = true;
		if (c->relay.state == RELAY_DEAD) {
			connection_remove(w, c);
			continue;
		}
		timer_set(&w->timers, &c->timer, deadline(w, c));
		if (c->retry) {
			struct connection ***end =
				w->vector->n_applied == applied ? &retry : &retry_had;
			c->touched = true; /* it is on a list */
			**end = c;
			*end = &c->touched_next;
		}
	}
	*retry_had = NULL;
	*retry = had;
}

/* The one clock read of a turn: its time, and what the turn before cost. */
static uint64_t tell_time(struct worker *w)
{
	const uint64_t start = rte_rdtsc();

	if (w->turn_busy) {
		worker_count(w, COUNTER_TURNS, 1);
		worker_count(w, COUNTER_BUSY_CYCLES, start - w->turn_start);
	}
	w->turn_start = start;
	return w->base_us + (uint64_t)((double)(start - w->tsc_start) * w->us_per_cycle);
}

static void decide(struct worker *w)
{
	struct screen_context *s = &w->screen;

	if (w->vector->screen.n == 0)
		return;
	s->tables = w->tables;
	s->scratch = w->tables == NULL || w->tables->scratch == NULL
	                     ? NULL
	                     : w->tables->scratch[w->index];
	s->match = s->scratch == NULL ? NULL : w->tables->match[w->index];
	s->seconds = worker_seconds(w);
	s->clock_s = (uint32_t)(w->now_us / 1000000);
	s->scanned_octets = s->rescanned_texts = s->shadowed = s->unlisted = 0;
	s->cache_hits = s->cache_misses = s->cache_replaced = 0;
	s->sender_hits = s->sender_misses = s->sender_replaced = 0;
	s->fingerprints = s->campaign_matches = 0;
	s->parts_seen = s->parts_lost = s->parts_own_lost = 0;
	s->parts_sticky = s->parts_beyond = 0;
	screen_run(s, &w->vector->screen);
	worker_count(w, COUNTER_SCREENED_OCTETS, s->scanned_octets);
	worker_count(w, COUNTER_RESCANNED_TEXTS, s->rescanned_texts);
	worker_count(w, COUNTER_SHADOWED, s->shadowed);
	worker_count(w, COUNTER_RULE_HITS_LOST, s->unlisted);
	worker_count(w, COUNTER_FINGERPRINTS, s->fingerprints);
	worker_count(w, COUNTER_CAMPAIGN_MATCHES, s->campaign_matches);
	worker_count(w, COUNTER_CACHE_HITS, s->cache_hits);
	worker_count(w, COUNTER_CACHE_MISSES, s->cache_misses);
	worker_count(w, COUNTER_CACHE_REPLACED, s->cache_replaced);
	worker_count(w, COUNTER_SENDER_HITS, s->sender_hits);
	worker_count(w, COUNTER_SENDER_MISSES, s->sender_misses);
	worker_count(w, COUNTER_SENDER_REPLACED, s->sender_replaced);
	worker_count(w, COUNTER_PARTS_SEEN, s->parts_seen);
	worker_count(w, COUNTER_PARTS_LOST, s->parts_lost);
	worker_count(w, COUNTER_PARTS_OWN_LOST, s->parts_own_lost);
	worker_count(w, COUNTER_PARTS_STICKY, s->parts_sticky);
	worker_count(w, COUNTER_PARTS_BEYOND, s->parts_beyond);
}

void worker_begin(struct worker *w, uint64_t now_us)
{
	w->now_us = now_us;
	w->env.now_us = now_us;
	w->tables = publish_load(w->publish);
	w->draining = publish_draining(w->publish);
	w->n_packets = 0;
	take_retries(w);
	if (unlikely(w->strays != NULL))
		take_strays(w);
}

void worker_input(struct worker *w, unsigned link)
{
	sort_packets(w, link);
	tcp_receive(w);
	w->n_packets = 0;
}

void worker_finish(struct worker *w)
{
	timers(w);
	admit_expire(w);
	w->turn_busy = w->touched != NULL;
	if (unlikely(w->env.scarce)) /* SYNs are turned away, and touch nobody */
		limit_buffers(w);
	if (w->touched != NULL) {
		limit_buffers(w);
		collect(w);
		decide(w);
		tcp_send(w);
		apply_counts(w);
	}
	if (unlikely(w->draining))
		drain_turn(w);
	if (w->reassembly != NULL)
		fragment_expire(w);
}

/*
 * One turn. Links are taken one after the other so that every packet knows its ports;
 * then the messages of all of them are one vector.
 */
unsigned worker_turn(struct worker *w)
{
	unsigned frames = 0;

	worker_begin(w, tell_time(w));
	for (unsigned l = 0; l < w->ports->n_links; l++) {
		worker_receive(w, l, SIDE_ESME);
		worker_receive(w, l, SIDE_SMSC);
		frames += w->n_packets;
		worker_input(w, l);
	}
	worker_finish(w);
	for (unsigned l = 0; l < w->ports->n_links; l++)
		frames += worker_send(w, l, SIDE_ESME) + worker_send(w, l, SIDE_SMSC);
	w->turn_busy = w->turn_busy || frames != 0;
	publish_quiescent(w->publish, w->index);
	return frames;
}

/* Nobody waits for a sleeping worker: it holds no tables. */
static void nap(struct worker *w, uint64_t us)
{
	const struct timespec t = { .tv_sec = 0, .tv_nsec = (long)us * 1000 };

	publish_offline(w->publish, w->index);
	nanosleep(&t, NULL);
	publish_online(w->publish, w->index);
}

void worker_run(struct worker *w)
{
	const bool adaptive = w->settings->poll == POLL_ADAPTIVE;
	unsigned idle = 0;

	__atomic_store_n(&w->running, true, __ATOMIC_RELAXED);
	publish_online(w->publish, w->index);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		if (worker_turn(w) != 0)
			idle = 0;
		else if (adaptive && ++idle > IDLE_TURNS) {
			const uint64_t longer = 10 + (idle - IDLE_TURNS) * 2ull;
			nap(w, longer < w->settings->poll_sleep_max
			               ? longer
			               : w->settings->poll_sleep_max);
		} else
			rte_pause();
	}
	publish_offline(w->publish, w->index);
	/* Release: who closes the worker finds all that it did, done. */
	__atomic_store_n(&w->running, false, __ATOMIC_RELEASE);
}

void worker_stop(struct worker *w) { __atomic_store_n(&w->stop, true, __ATOMIC_RELAXED); }
