/* SPDX-License-Identifier: Apache-2.0 */
/* schedule: what a seed decides before the first frame. */
#include "sim.h"

#include "pdu.h"

/* One of n values. */
#define PICK(r, ...) \
	(((const uint32_t[]){ __VA_ARGS__ })[random_below( \
		r, sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))])

static void draw_end(struct sim *s, struct end_config *e)
{
	struct random *r = &s->random;

	*e = (struct end_config){ 0 };
	/* Near the wrap, so that every comparison of numbers is put to the test. */
	e->isn = random_below(r, 2) ? UINT32_MAX - random_below(r, 30000)
	                            : (uint32_t)random_u64(r);
	e->ts_base = random_below(r, 2) ? UINT32_MAX - random_below(r, 3000)
	                                : (uint32_t)random_u64(r);
	e->buffer = PICK(r, 3000, 8192, 20000, 65535, 65535, 200000);
	e->mss = (uint16_t)PICK(r, 88, 536, 1220, 1400, 1460, 1460);
	e->offer_wscale = random_below(r, 4) != 0;
	e->wscale = (uint8_t)(e->offer_wscale ? PICK(r, 0, 2, 7, 10) : 0);
	e->offer_ts = random_below(r, 3) != 0;
	e->offer_sack = random_below(r, 3) != 0;
	e->ack_delay_us = PICK(r, 0, 0, 40000, 200000);
	e->tiny = random_chance(r, 800);
	e->shrinks = random_chance(r, 800);
	e->probes_octet = random_below(r, 2);
	e->reneges = random_chance(r, 1000);
	e->keeps_ends = random_chance(r, 1000);
	if (random_chance(r, 1500)) {
		e->read_every_us = PICK(r, 1000, 20000, 300000);
		e->mute = random_below(r, 2);
		e->read_octets = PICK(r, 500, 3000, 30000);
	}
}

/* A slow end must be done within the limit: about a minute of reading at the most. */
static void limit_plan(struct conn *c)
{
	const struct end_config *a = &c->end[ESME].config, *b = &c->end[SMSC].config;

	if (a->tiny || b->tiny || a->mss < 200 || b->mss < 200) {
		c->plan.large = 0;
		c->plan.size_most = 200;
	}
	if (a->read_every_us != 0 || b->read_every_us != 0) {
		c->plan.large /= 4;
		c->plan.requests /= 2;
	}
}

static void draw_plan(struct sim *s, struct conn *c)
{
	struct random *r = &s->random;
	struct plan *p = &c->plan;

	/* Most connections end in order: there the oracle knows most. */
	p->close = random_below(r, 100) < 65 ? random_below(r, CLOSE_PARTIAL + 1)
	                                     : random_below(r, CLOSE_PLANS);
	p->open_at = s->now + random_below(r, 200000);
	p->close_at = p->open_at + random_below(r, PICK(r, 100000, 1000000, 5000000));
	p->requests = random_in(r, 1, PICK(r, 8, 30, 60));
	p->deliveries = random_below(r, 8);
	p->early = random_chance(r, 500) ? random_in(r, 1, 3) : 0;
	p->tick_us[ESME] = PICK(r, 200, 2000, 50000);
	p->tick_us[SMSC] = PICK(r, 200, 2000, 50000);
	p->burst = PICK(r, 1, 3, 30);
	p->size_most = PICK(r, 60, 160, 254, 2000);
	p->large = PICK(r, 0, 0, 100, 400);
	p->shuffle = random_below(r, 2);
	p->unbind = random_below(r, 3) == 0;
	struct random sessions = random_of(s->seed, 400 + c->index);
	p->sessions = PICK(&sessions, 0, 500, 2500);
	p->refusals = p->sessions == 0 ? 0 : PICK(&sessions, 0, 3000, 7000);
	for (int end = ESME; end <= SMSC; end++)
		c->tick_at[end] = p->open_at + random_below(r, 1000);
	c->deliver_sequence = random_below(r, 1000);
	limit_plan(c);
}

/* So many answers of ours that they fill buffers, cut anywhere, before they are read. */
static void draw_flood(struct random *r, struct plan *p)
{
	p->requests = random_in(r, 150, 700);
	p->burst = 30;
	p->size_most = 60;
	p->large = 0;
}

static void draw_slow_reader(struct random *r, struct end_config *e)
{
	e->buffer = PICK(r, 3000, 8192, 20000);
	e->read_every_us = PICK(r, 20000, 300000);
	e->read_octets = 3000;
}

static void draw_more(struct random *r, struct end_config *e)
{
	e->means_it = random_below(r, 2);
	e->last_words = random_below(r, 2);
	e->resets_at_fin = random_below(r, 2);
	/* Units of which its window is one or few. */
	if (e->offer_wscale && e->buffer >= 65535 && random_chance(r, 2000))
		e->wscale = 14;
}

/* More messages at once than one turn decides. */
static void draw_crowd(struct sim *s, struct conn *c)
{
	struct random r = random_of(s->seed, 800 + c->index);
	struct plan *p = &c->plan;

	if (!random_chance(&r, 150) || p->flood)
		return;
	s->settings.burst = 128;
	s->turn_delay_us = PICK(&r, 1000, 5000);
	p->requests = random_in(&r, 500, 1000);
	p->burst = PICK(&r, 300, 700);
	p->size_most = 60;
	p->large = 0;
	for (int end = ESME; end <= SMSC; end++) {
		struct end_config *e = &c->end[end].config;
		e->tiny = false;
		e->read_every_us = 0;
		e->mss = 1460;
	}
}

/* An ESME that is killed while the SMSC reads nothing and our window is closed. */
static void draw_killed(struct sim *s, struct conn *c)
{
	struct random r = random_of(s->seed, 900 + c->index);
	struct end_config *e = &c->end[ESME].config, *smsc = &c->end[SMSC].config;

	if (!random_chance(&r, 100) || c->plan.flood)
		return;
	e->tiny = e->probes_octet = false;
	e->mss = smsc->mss = 1460;
	e->last_words = true;
	smsc->read_every_us = 300000;
	smsc->read_octets = 500;
	c->plan.close = CLOSE_ESME_RST;
	c->plan.close_at = c->plan.open_at + random_in(&r, 1000000, 5000000);
	c->plan.requests = 60;
	c->plan.large = 4000;
	c->plan.burst = 30;
}

static void draw_conn(struct sim *s, struct conn *c, unsigned index)
{
	struct random flood = random_of(s->seed, 500 + index);
	struct random outbound = random_of(s->seed, 600 + index);
	struct end_config config;

	c->sim = s;
	c->index = index;
	c->path = path_random(&s->random, index);
	c->app_random = random_of(s->seed, 100 + index);
	c->plan.flood = random_chance(&flood, 100);
	for (int end = ESME; end <= SMSC; end++) {
		const struct end_hooks hooks = c->end[end].hooks; /* set by the world */
		draw_end(s, &config);
		if (c->plan.flood && end == ESME)
			draw_slow_reader(&flood, &config);
		struct random r = random_of(s->seed, 300 + index * 2 + (unsigned)end);
		config.sacks_well = random_below(&r, 2);
		draw_more(&r, &config);
		end_open(&c->end[end], end, &config, hooks,
		         random_of(s->seed, 200 + index * 2 + (unsigned)end));
	}
	draw_plan(s, c);
	if (c->plan.flood)
		draw_flood(&flood, &c->plan);
	draw_crowd(s, c);
	draw_killed(s, c);
	if (c->plan.close == CLOSE_SMSC_ABSENT)
		c->end[SMSC].state = END_CLOSED;
	else
		c->plan.outbound = random_chance(&outbound, 1000);
}

static void draw_hop(struct sim *s, struct hop *h, uint32_t badness)
{
	struct random *r = &s->random;

	h->delay_us = PICK(r, 10, 200, 3000, 30000);
	h->jitter_us = random_below(r, 2) ? h->delay_us : 0;
	h->reorder_us = PICK(r, 1000, 30000, 2000000);
	if (badness == 0)
		return;
	h->loss = PICK(r, 0, 100, 500, 2000) * badness / 2;
	h->duplicate = PICK(r, 0, 0, 200, 1000);
	h->reorder = PICK(r, 0, 200, 2000);
	h->corrupt = PICK(r, 0, 0, 100, 500);
	h->burst = PICK(r, 0, 0, 20, 100);
}

/* Routes change: a path may carry less than both ends agreed on, from some time on. */
static void draw_mtu(struct sim *s)
{
	struct random r = random_of(s->seed, 3);

	s->mtu_at = s->now + random_below(&r, 2000000);
	for (int end = ESME; end <= SMSC; end++)
		s->mtu[end] = random_chance(&r, 2000) ? PICK(&r, 576, 1006, 1280, 1400) : 1500;
}

static void draw_worker(struct sim *s)
{
	struct random *r = &s->random;

	s->turn_delay_us = PICK(r, 0, 50, 1000, 5000);
	s->hold_us = PICK(r, 0, 0, 100, 20000);
	s->drain_us = PICK(r, 0, 0, 1000, 300000);
	s->grab_most = random_chance(r, 700) ? 8192 : 0;
	s->table_random = random_of(s->seed, 2);
	s->settings = (struct settings){
		.burst = PICK(r, 1, 4, 64),
		.flows = 64,
		.embryos = 64,
		.pdu_limit = 3600,
		.leg_buffer = PICK(r, 131072, 262144),
		.leg_buffer_most = 1048576,
		.leg_segments = PICK(r, 256, 256, 1024),
		.delayed_ack = PICK(r, 0, 10, 40),
		.congestion_control = s->seed % 2 ? CONGESTION_CUBIC : CONGESTION_BBR,
		.rto_min = PICK(r, 10, 200),
		.rto_max = 10000,
		/* Never reached by time-outs in a row before calm_at; in all, easily. */
		.rto_limit = PICK(r, 11, 30),
		.idle_limit = 300,
		.midstream = MIDSTREAM_RESET,
		.n_smpp_ports = 1,
		.smpp_ports = { 2775 },
	};
}

/* Several workers are there for several connections. */
static void draw_cores(struct sim *s, struct random *r)
{
	s->n_cores = PICK(r, 1, 1, 1, 2, 2, 4);
	s->spread = random_below(r, 2) ? SPREAD_RINGS : SPREAD_RSS;
	s->others_queue = random_below(r, s->n_cores);
	if (s->n_cores > 1 && s->n_conns == 1)
		s->n_conns = random_in(r, 2, CONNECTIONS_MAX);
}

/* The appliance is to be taken out. From then on ends speak to each other, who know nothing
 * of routers and attackers, and nobody ends what is not SMPP. */
static void draw_leaving(struct sim *s)
{
	struct random r = random_of(s->seed, 5);

	if (!random_chance(&r, 1500))
		return;
	s->leave_at = s->now + 1 + random_below(&r, PICK(&r, 100000, 1000000, 5000000));
	s->mtu_at = UINT64_MAX;
	for (unsigned i = 0; i < s->n_conns; i++)
		if (s->conns[i].plan.close == CLOSE_ESME_GARBAGE ||
		    s->conns[i].plan.close == CLOSE_SMSC_GARBAGE)
			s->conns[i].plan.close = CLOSE_BOTH;
}

/* A path that carries as much as before after a while, and an ESME that is there to see it. */
static void draw_mtu_return(struct sim *s)
{
	struct random r = random_of(s->seed, 7);
	struct conn *c = &s->conns[0];

	if (!random_chance(&r, 4000) || s->mtu[ESME] + s->mtu[SMSC] == 3000 ||
	    s->leave_at != 0 || s->n_conns != 1 || c->plan.close > CLOSE_ESME_HALF)
		return;
	s->mtu_at = c->plan.open_at + random_below(&r, 500000);
	s->mtu_until = s->mtu_at + random_in(&r, 1000000, 60000000);
	s->settings.idle_limit = 3000;
	c->plan.pauses = 2;
	c->plan.requests = random_in(&r, 20, 60);
	c->plan.size_most = 2000;
}

/* One ESME opens and has no bind to say. The limit is beyond what any other takes for its own,
 * and before that of idle connections. */
static void draw_never_binds(struct sim *s)
{
	struct random r = random_of(s->seed, 6);
	struct conn *c = &s->conns[random_below(&r, s->n_conns)];

	if (!random_chance(&r, 200) || s->mtu_until != 0 || s->leave_at != 0 ||
	    c->plan.close == CLOSE_SMSC_ABSENT)
		return;
	s->settings.bind_limit = 250;
	c->plan.close = CLOSE_NEVER_BINDS;
	c->plan.requests = PICK(&r, 0, 0, 1, 20);
}

void schedule_draw(struct sim *s)
{
	struct random spread = random_of(s->seed, 4), buffer = random_of(s->seed, 8);
	const uint32_t badness = PICK(&s->random, 0, 1, 1, 2);

	s->calm_at = s->now + PICK(&s->random, 300000, 2000000, 10000000);
	for (int hop = 0; hop < 2; hop++)
		for (int end = ESME; end <= SMSC; end++)
			draw_hop(s, &s->hops[hop][end], badness);
	if (random_below(&s->random, 3) == 0)
		s->hops[0][ESME].forge = s->hops[0][SMSC].forge = PICK(&s->random, 100, 1000);
	draw_mtu(s);
	draw_worker(s);
	if (random_chance(&buffer, 500)) /* more than a header says without a scale */
		s->settings.leg_buffer = s->settings.leg_buffer_most = 1048576;
	s->n_conns = random_below(&s->random, 10) < 7 ? 1 : random_in(&s->random, 2, 3);
	draw_cores(s, &spread);
	for (unsigned i = 0; i < s->n_conns; i++)
		draw_conn(s, &s->conns[i], i);
	for (unsigned i = 0; i < s->n_conns; i++)
		s->conns[i].queue = random_below(&spread, s->n_cores);
	draw_leaving(s);
	draw_mtu_return(s);
	draw_never_binds(s);
}
