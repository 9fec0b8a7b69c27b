/* SPDX-License-Identifier: Apache-2.0 */
/* check: what must hold when everything has come to its end. */
#include "sim.h"

#include "sequence.h"

static struct flow_key key_of(const struct conn *c)
{
	struct flow_key key = { .ip_version = (uint8_t)c->path.version,
		                .esme_port = __builtin_bswap16(c->path.port[ESME]),
		                .smsc_port = __builtin_bswap16(c->path.port[SMSC]) };
	uint8_t *const addr[2] = { key.esme_addr, key.smsc_addr };

	for (int end = ESME; end <= SMSC; end++) {
		if (c->path.version == 4) {
			memset(addr[end] + 10, 0xff, 2);
			memcpy(addr[end] + 12, c->path.addr[end], 4);
		} else {
			memcpy(addr[end], c->path.addr[end], 16);
		}
	}
	if (c->path.n_tags > 0)
		key.outer_vlan = c->path.tag[0];
	if (c->path.n_tags > 1)
		key.inner_vlan = c->path.tag[1];
	return key;
}

/* Handed back to its ends, or ended; or it never was the worker's, who drains. */
static void note_plain(struct sim *s, struct conn *c, struct core *k, bool was_open)
{
	const struct flow_key key = key_of(c);
	const uint64_t drained = k->report.counters[COUNTER_DRAINED];
	const bool reset = c->said[ESME].rst || c->said[SMSC].rst;

	if (c->plain || c->gone)
		return;
	if (c->relayed) {
		c->plain = was_open && !reset && drained > k->drained;
		c->gone = !c->plain;
	} else {
		c->plain = flow_find_one(k->worker->embryos, &key, flow_hash(&key)) == NULL;
	}
	if (c->plain)
		sim_trace(s, "%u is forwarded as it comes", c->index);
}

/* In the table of the worker that has heard of it. */
static struct relay *relay_of(const struct sim *s, const struct conn *c)
{
	const struct flow_key key = key_of(c);

	return (struct relay *)flow_find_one(s->cores[c->owner - 1].worker->flows, &key,
	                                     flow_hash(&key));
}

/* The sums of the scoreboard against its marks, one by one. */
static void check_board(struct sim *s, const struct conn *c, int end, const struct leg *l)
{
	struct scoreboard sum = { .left = l->board.left };
	uint32_t seq = l->snd_una;
	bool unsent = false;

	for (struct rte_mbuf *m = l->out.head; m != NULL; m = segment_of(m)->next) {
		const struct segment *g = segment_of(m);
		unsent |= m == l->next;
		if (g->seq != seq)
			sim_fail(s, "a segment is said to begin at %u and does at %u", g->seq,
			         seq);
		seq += g->len;
		if (unsent != (g->sent == 0) ||
		    (g->flags & SEGMENT_LOST && (unsent || g->flags & SEGMENT_SACKED)))
			sim_fail(s, "a segment sent %u times has flags %x", g->sent, g->flags);
		if (g->flags & SEGMENT_SACKED && !monitor_was_sacked(c, end, g->seq, g->len))
			sim_fail(s, "octets that nobody SACKed are marked so");
		sum.sacked += g->flags & SEGMENT_SACKED ? g->len : 0;
		sum.sacked_segments += g->flags & SEGMENT_SACKED ? 1 : 0;
		sum.lost += g->flags & SEGMENT_LOST ? g->len : 0;
	}
	if (memcmp(&sum, &l->board, sizeof(sum)) != 0)
		sim_fail(s, "the scoreboard says %u SACKed, %u lost; there are %u and %u",
		         l->board.sacked, l->board.lost, sum.sacked, sum.lost);
	if (sum.sacked + sum.lost + sum.left > l->out.octets || l->cubic.cwnd < l->mss)
		sim_fail(s, "%u + %u + %u of %u octets are not in the network, cwnd %u",
		         sum.sacked, sum.lost, sum.left, l->out.octets, l->cubic.cwnd);
}

/* What is stored behind gaps, as the runs that it is in. */
static void check_runs(struct sim *s, const struct leg *l)
{
	uint32_t edge = l->rcv_nxt;

	for (struct rte_mbuf *first = l->ooo.head, *m = first, *last; m != NULL; first = m) {
		if (!seq_lt(edge, segment_of(m)->seq))
			sim_fail(s, "there is no gap before a run");
		for (last = m; m != NULL && (m == first || segment_of(m)->seq == edge);
		     m = segment_of(m)->next) {
			edge = segment_of(m)->seq + segment_of(m)->len;
			last = m;
		}
		if (segment_of(first)->run_last != last)
			sim_fail(s, "a run does not end where its first segment says");
	}
}

/* One segment came, the next one, and was not taken: then nothing that lies behind it has the
 * buffer that it lacked. What was long under way may be from beyond what is believed. */
static void check_gap(struct sim *s, const struct conn *c, int end, const struct leg *l)
{
	const struct heard *h = &c->heard[end];
	const uint32_t before = c->end[end].config.isn + 1 + (uint32_t)h->next_at;

	if (c->came == 1 && h->next && l->rcv_nxt == before && l->ooo.head != NULL &&
	    seq_leq(l->snd_una - l->max_wnd, h->last.ack))
		sim_fail(s, "what fills a gap was left out, for %u segments behind it",
		         l->ooo.segments);
}

/* One segment came, a RST of the next number, or behind a FIN of the FIN's: it is the end,
 * whatever it carries and whatever the window is. */
static void check_reset(struct sim *s, const struct conn *c, int end, const struct leg *l)
{
	const struct heard *h = &c->heard[end];

	if (c->came == 1 && h->rst &&
	    (h->rst_at == l->rcv_nxt || (l->fin_received && h->rst_at == l->rcv_nxt - 1)))
		sim_fail(s, "a RST of the next number was passed over");
}

/* What came and had its answer draws no other; in one turn each may (TIME-WAIT). */
static void forget_answered(struct conn *c)
{
	for (int end = ESME; end <= SMSC; end++) {
		struct heard *h = &c->heard[end];
		h->since = h->answered ? 0 : h->since;
		h->answered = h->next = h->rst = false;
	}
	c->came = 0;
}

static void check_leg(struct sim *s, const struct conn *c, const struct relay *r, int end)
{
	const struct tcp_config *config = &s->cores[c->owner - 1].worker->tcp_config;
	const struct leg *l = &r->leg[end];
	/* Answers of ours lie in a leg without having been promised room. */
	const uint32_t most =
		leg_room(&r->leg[!end], config) + 33 * (c->n_requests + 1) + (1u << 10);
	const uint32_t in_order = l->in.octets + r->leg[!end].out.octets;
	const uint32_t promised = in_order + (l->rcv_adv - l->rcv_nxt);

	if (promised > most || in_order + l->ooo.octets > most)
		sim_fail(s, "a leg holds %u + %u octets and has promised %u", in_order,
		         l->ooo.octets, promised);
	/* Only the path itself makes segments smaller, not who says so. */
	const bool less = sim_carries_less(s) || r->leg[end].mss_most != 0;
	const uint32_t mtu = less ? sim_mtu(s, c, end) : 1500;
	const uint32_t fits = mtu - (c->path.version == 4 ? 40 : 60),
		       mss = c->end[end].config.mss;
	if (l->mss + 12u < (fits < mss ? fits : mss))
		sim_fail(s, "segments of %u octets, though %u fit", l->mss, fits);
	if (l->paced && relay_deadline(r, config) > pace_next_us(leg_next_ns(l)))
		sim_fail(s, "a segment waits for its time, and nobody looks when it comes");
	check_board(s, c, end, l);
	check_runs(s, l);
	check_gap(s, c, end, l);
	check_reset(s, c, end, l);
	if (l->rto_at != 0 && l->snd_max == l->snd_una && l->out.octets == 0 &&
	    !(l->fin_queued && !l->fin_acked))
		sim_fail(s, "a timer runs for nothing");
}

void check_leaving(struct sim *s)
{
	for (unsigned i = 0; i < s->n_conns; i++) {
		struct conn *c = &s->conns[i];
		if (c->owner != 0 && relay_of(s, c) == NULL)
			note_plain(s, c, &s->cores[c->owner - 1], false);
	}
}

void check_step(struct sim *s, unsigned core)
{
	struct core *k = &s->cores[core];

	for (unsigned i = 0; i < s->n_conns; i++) {
		struct conn *c = &s->conns[i];
		if (c->owner != core + 1)
			continue;
		const struct relay *r = relay_of(s, c);
		const bool was_open = c->open;
		c->open = r != NULL && r->state == RELAY_OPEN;
		c->relayed |= r != NULL;
		if (s->leaving && r == NULL)
			note_plain(s, c, k, was_open);
		for (int end = ESME; end <= SMSC && c->open; end++)
			check_leg(s, c, r, end);
		forget_answered(c);
	}
	k->drained = k->report.counters[COUNTER_DRAINED];
}

/* Over, or waiting for what can never come: a RST is sent once and may be lost. */
static bool is_left_alone(const struct endpoint *e, const struct endpoint *other)
{
	return end_is_over(e) ||
	       (end_is_over(other) && e->snd_una == e->out.len && e->rcv_nxt == e->rcv_read);
}

/* Who was to be called never was, when the caller has given up. */
static bool is_over_or_waits(const struct endpoint *e)
{
	return end_is_over(e) || e->state == END_LISTEN;
}

static bool conn_is_over(const struct conn *c)
{
	const struct endpoint *e = &c->end[ESME], *s = &c->end[SMSC];

	if (c->plan.close > CLOSE_PARTIAL)
		return is_left_alone(e, s) && is_left_alone(s, e);
	return c->plan.outbound ? end_is_over(s) && is_over_or_waits(e)
	                        : end_is_over(e) && is_over_or_waits(s);
}

bool check_is_over(struct sim *s)
{
	if (s->n_events != 0 || !core_is_quiet(s) || s->n_held != 0)
		return false;
	for (unsigned i = 0; i < s->n_conns; i++)
		if (!conn_is_over(&s->conns[i]))
			return false;
	return core_flows(s) == 0;
}

/* A RST for octets and a FIN that were answered before, each answer lost: all is there. */
static bool was_done(const struct conn *c, int end)
{
	const struct endpoint *e = &c->end[end], *other = &c->end[!end];
	const bool all = c->plain ? other->fin_received && other->rcv_nxt == e->out.len
	                          : c->said[end].ack == e->out.len + 1u;

	return e->fin_received && e->fin_sent && all;
}

static bool in_order(const struct conn *c) { return c->plan.close <= CLOSE_PARTIAL; }

static void check_requests(struct conn *c)
{
	/* A closed SMSC side takes no answers of ours: those of later requests are lost. */
	const bool answers_may_miss =
		c->plan.close == CLOSE_SMSC_FIRST || c->plan.close == CLOSE_BOTH;

	for (uint32_t i = 0; i < c->n_requests; i++) {
		const struct request *q = &c->requests[i];
		if (!q->forwarded && !q->answered &&
		    (q->expected == EXPECT_PASS || !answers_may_miss))
			sim_fail(c->sim,
			         "connection %u: PDU %u was neither forwarded nor answered",
			         c->index, q->sequence);
	}
	if (c->server_next != c->end[SMSC].out.len)
		sim_fail(c->sim, "connection %u: the ESME saw %u of the SMSC's %u octets",
		         c->index, c->server_next, c->end[SMSC].out.len);
}

/* A connection that nobody broke: both streams whole, every request settled once. */
static void check_whole(struct conn *c)
{
	struct sim *s = c->sim;

	for (int end = ESME; end <= SMSC; end++) {
		const struct endpoint *e = &c->end[end];
		/* A relay answers who asks again; draining, the other end would, and here it
		 * is silent after TIME-WAIT. */
		if (was_done(c, end) && (c->plain || c->gone || !e->gave_up))
			continue;
		if (e->got_rst || e->gave_up || !e->fin_received || !e->fin_acked)
			sim_fail(s, "connection %u: the %s %s", c->index,
			         end == ESME ? "ESME" : "SMSC",
			         e->got_rst   ? "got a RST"
			         : e->gave_up ? "gave up"
			                      : "did not see an orderly end");
	}
	if (!c->plain)
		check_requests(c);
	for (int end = ESME; end <= SMSC && c->plain; end++)
		if (c->end[end].rcv_read != c->end[!end].out.len)
			sim_fail(s, "connection %u: the %s read %u of %u octets", c->index,
			         end == ESME ? "ESME" : "SMSC", (unsigned)c->end[end].rcv_read,
			         c->end[!end].out.len);
}

static void check_garbage(struct conn *c)
{
	if (c->garbage && !c->said[ESME].rst && !c->nacked)
		sim_fail(c->sim, "connection %u: lost framing was not answered", c->index);
}

/* Whoever is never bound is told so, and nobody else but who lost the other end before. */
static void check_late(struct sim *s)
{
	const uint64_t counted = sim_counter(s, COUNTER_BIND_LATE);
	uint64_t late = 0, ended = 0;

	for (unsigned i = 0; i < s->n_conns; i++) {
		const struct conn *c = &s->conns[i];
		ended += c->plan.close > CLOSE_PARTIAL;
		if (c->plan.close != CLOSE_NEVER_BINDS || !c->relayed)
			continue;
		late++;
		if (!c->said[ESME].rst || !c->said[SMSC].rst)
			sim_fail(s, "connection %u never bound, and its ends were not told", i);
	}
	if (counted + sim_counter(s, COUNTER_UNBOUND_CUT) < late || counted > ended)
		sim_fail(s, "%u connections were late to bind, %u are said to be",
		         (unsigned)late, (unsigned)counted);
}

/* Who spoke ten minutes after a router had made its segments smaller, and later than that,
 * sends larger ones again. */
static void check_raised(struct sim *s)
{
	const struct conn *c = &s->conns[0];

	if (s->mtu_until != 0 && c->paused == c->plan.pauses && in_order(c) &&
	    sim_counter(s, COUNTER_TCP_TOO_BIG) != 0 &&
	    sim_counter(s, COUNTER_TCP_MTU_RAISED) == 0)
		sim_fail(s, "segments stay small, though the path carries more again");
}

static void check_received(struct conn *c, int end)
{
	const struct endpoint *e = &c->end[end];
	const struct said *d = &c->said[end];

	if (e->rcv_nxt > d->log.len)
		sim_fail(c->sim, "the end has more octets than were sent");
	else if (e->state == END_DEAD && e->fin_received && d->log.len != e->fin_at)
		sim_fail(c->sim, "the end's FIN is not where the stream ends");
}

static void check_answers(struct conn *c)
{
	for (uint32_t i = 0; i < c->n_requests; i++) {
		const struct request *q = &c->requests[i];
		if (q->answered && !q->recorded)
			sim_fail(c->sim, "PDU %u was refused but not recorded", q->sequence);
	}
}

/* What was counted once is what happened once: also a bind that had to wait for room. */
static void check_counters(struct sim *s)
{
	const uint64_t binds = sim_counter(s, COUNTER_BINDS),
		       requests = sim_counter(s, COUNTER_REQUESTS),
		       forwarded = sim_counter(s, COUNTER_FORWARDED),
		       refused = sim_counter(s, COUNTER_REFUSED) +
	                         sim_counter(s, COUNTER_DISCARDED),
		       unanswered = sim_counter(s, COUNTER_UNANSWERED);
	uint64_t seen = 0, written = 0, answered = 0;
	bool whole = true;

	for (unsigned i = 0; i < s->n_conns; i++) {
		const struct conn *conn = &s->conns[i];

		whole = whole && conn->plan.close <= CLOSE_PARTIAL && !conn->plain;
		for (uint32_t k = 0; k < conn->n_requests; k++) {
			const struct request *q = &conn->requests[k];
			const bool bind = q->id == 2 || q->id == 9;
			written += bind;
			answered += q->id == 4 && q->answered;
			seen += bind && (q->forwarded || q->answered);
		}
	}
	if (binds < seen || binds > written)
		sim_fail(s, "%u binds counted; %u were sent, %u arrived", (unsigned)binds,
		         (unsigned)written, (unsigned)seen);
	if (requests != forwarded + refused + unanswered)
		sim_fail(s, "%u requests, %u forwarded, %u refused, %u without an answer",
		         (unsigned)requests, (unsigned)forwarded, (unsigned)refused,
		         (unsigned)unanswered);
	if (whole && answered != refused)
		sim_fail(s, "%u requests are said to be answered, %u were", (unsigned)refused,
		         (unsigned)answered);
}

/* Each record of bbr is a leg's, or has come back. */
static void check_pool(struct sim *s, struct worker *w)
{
	uint32_t held = 0, at = 0;

	for (const struct bbr *b = w->models.free; b != NULL; b = b->next_free)
		held++;
	for (struct flow_head *f; (f = flow_next(w->flows, &at)) != NULL;)
		for (int end = ESME; end <= SMSC; end++)
			held += ((struct relay *)f)->leg[end].modelled;
	if (held != w->models.used)
		sim_fail(s, "of %u records of bbr %u are accounted for", w->models.used, held);
}

void check_models(struct sim *s)
{
	for (unsigned i = 0; i < s->n_cores; i++)
		check_pool(s, s->cores[i].worker);
}

void check_end(struct sim *s)
{
	check_counters(s);
	check_late(s);
	check_raised(s);
	for (unsigned i = 0; i < s->n_conns && !s->failed; i++) {
		struct conn *c = &s->conns[i];
		check_answers(c);
		for (int end = ESME; end <= SMSC && !c->plain; end++)
			check_received(c, end);
		/* While buffers are scarce, who is not bound may be reset. */
		if (in_order(c) && sim_counter(s, COUNTER_UNBOUND_CUT) == 0)
			check_whole(c);
		if (c->plan.close == CLOSE_ESME_GARBAGE)
			check_garbage(c);
	}
}
