/* SPDX-License-Identifier: Apache-2.0 */
/* world: the loop over events, from the first SYN to the last timer. */
#include "sim.h"

#define LIMIT_US UINT64_C(3600000000) /* of simulated time */
#define STEPS_MOST 3000000u

void sim_fail(struct sim *s, const char *format, ...)
{
	va_list list;

	if (s->failed)
		return;
	s->failed = true;
	va_start(list, format);
	vsnprintf(s->why, sizeof(s->why), format, list);
	va_end(list);
	sim_trace(s, "FAILED %s", s->why);
}

void sim_trace(const struct sim *s, const char *format, ...)
{
	va_list list;

	if (!s->trace)
		return;
	printf("%10.6f ", (double)(s->now - START_US) / 1e6);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
}

/* An end sends: onto its hop to the worker. */
static void end_sends(void *arg, int end, const struct seg *g)
{
	struct conn *c = arg;
	uint8_t frame[WIRE_MAX];
	const uint32_t len = frame_build(&c->path, end, g, frame);

	sim_trace(c->sim, "%u %s > worker seq %u ack %u len %u%s%s%s win %u ts %u/%u", c->index,
	          end == ESME ? "esme" : "smsc", g->seq - c->end[end].config.isn - 1,
	          g->ack - c->end[!end].config.isn - 1, g->len, g->flags & SYN ? " SYN" : "",
	          g->flags & FIN ? " FIN" : "", g->flags & RST ? " RST" : "", g->window,
	          g->ts_val, g->ts_ecr);
	network_send(c->sim, 0, end, frame, len);
}

/* A frame reaches a port; an attacker's may come right behind it. */
static void at_worker(struct sim *s, const struct event *e)
{
	const bool forges = s->now < s->calm_at && !s->leaving &&
	                    random_chance(&s->random, s->hops[0][e->end].forge);
	struct event f = *e;

	const unsigned core = port_queue(s, e);

	port_put(s, e, core);
	core_wake(s, core);
	if (!forges)
		return;
	/* It knows what the worker has heard: nothing may wait before it. */
	core_settle(s);
	if (!core_is_quiet(s) || s->leaving)
		return;
	f.frame = network_frame(s);
	f.len = forge(s, &s->conns[random_below(&s->random, s->n_conns)], e->end,
	              s->store[f.frame]);
	if (f.len == 0) {
		network_release(s, f.frame);
		return;
	}
	s->forging = true;
	port_put(s, &f, port_queue(s, &f));
	core_settle(s);
	s->forging = false;
}

static void at_end(struct sim *s, const struct event *e)
{
	struct conn *c = monitor_conn(s, s->store[e->frame], e->len, !e->end);
	struct seg g;

	if (c != NULL &&
	    frame_read(&c->path, !e->end, s->store[e->frame], e->len, &g) == NULL) {
		/* The payload lies in the store, which may move while an answer is built. */
		uint8_t copy[WIRE_MAX];
		if (g.len != 0)
			memcpy(copy, g.payload, g.len);
		g.payload = copy;
		end_receive(&c->end[e->end], &g, s->now);
	}
	network_release(s, e->frame);
}

static void deliver_due(struct sim *s)
{
	while (network_next(s) <= s->now && !s->failed) {
		const struct event e = network_take(s);
		if (e.hop == 0)
			at_worker(s, &e);
		else
			at_end(s, &e);
	}
}

static void conn_due(struct sim *s, struct conn *c)
{
	if (c->plan.open_at != 0 && s->now >= c->plan.open_at) {
		c->plan.open_at = 0;
		end_connect(&c->end[c->plan.outbound ? SMSC : ESME], s->now);
	}
	for (int end = ESME; end <= SMSC; end++) {
		if (app_due(c, end) <= s->now)
			app_tick(c, end);
		end_timer(&c->end[end], s->now);
	}
	app_settle(c);
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t next_time(const struct sim *s)
{
	uint64_t at = least(network_next(s), core_wakes(s));

	for (unsigned i = 0; i < s->n_conns; i++) {
		const struct conn *c = &s->conns[i];
		if (c->plan.open_at != 0)
			at = least(at, c->plan.open_at);
		if (c->plan.close_at > s->now)
			at = least(at, c->plan.close_at);
		for (int end = ESME; end <= SMSC; end++)
			at = least(at, least(app_due(c, end), end_deadline(&c->end[end])));
	}
	return at < s->now ? s->now : at;
}

static void trace_ends(const struct sim *s)
{
	for (unsigned i = 0; i < s->n_conns; i++)
		for (int end = ESME; end <= SMSC; end++) {
			const struct endpoint *e = &s->conns[i].end[end];
			sim_trace(s,
			          "%u %s plan %u state %u sent %llu of %u, received %llu, "
			          "read %llu%s%s",
			          i, end == ESME ? "esme" : "smsc", s->conns[i].plan.close,
			          e->state, (unsigned long long)e->snd_una, e->out.len,
			          (unsigned long long)e->rcv_nxt,
			          (unsigned long long)e->rcv_read, e->closing ? " closing" : "",
			          e->fin_received ? " fin" : "");
		}
}

/* Who waits for an answer on a connection that was reset, and the RST was lost: nothing will
 * ever come, and its application's own clock says so. */
static bool gives_up(struct sim *s)
{
	bool any = false;

	for (unsigned i = 0; i < s->n_conns; i++)
		for (int end = ESME; end <= SMSC; end++) {
			struct endpoint *e = &s->conns[i].end[end];
			if (!s->conns[i].said[end].rst || e->state != END_OPEN)
				continue;
			e->got_rst = any = true;
			end_abort(e);
		}
	return any;
}

static void step(struct sim *s)
{
	const uint64_t at = next_time(s);

	if (at == UINT64_MAX && gives_up(s))
		return;
	if (at == UINT64_MAX || at - START_US > LIMIT_US || ++s->steps > STEPS_MOST) {
		sim_fail(s, "no progress: %u flows, %u frames under way, %llu steps",
		         core_flows(s), s->n_events, (unsigned long long)s->steps);
		trace_ends(s);
		return;
	}
	s->now = at;
	deliver_due(s);
	for (unsigned i = 0; i < s->n_conns && !s->failed; i++)
		conn_due(s, &s->conns[i]);
	if (core_wakes(s) <= s->now && !s->failed)
		core_turn(s);
}

static void conn_free(struct conn *c)
{
	for (int end = ESME; end <= SMSC; end++) {
		end_free(&c->end[end]);
		free(c->heard[end].have);
		octets_free(&c->said[end].log);
		free(c->said[end].sacked);
		octets_free(&c->inbox[end]);
	}
	free(c->requests);
	free(c->owed);
}

static void open_world(struct sim *s, uint64_t seed, bool trace, struct rte_mempool *pool)
{
	s->seed = seed;
	s->trace = trace;
	s->pool = pool;
	s->now = START_US;
	s->random = random_of(seed, 1);
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		for (int end = ESME; end <= SMSC; end++)
			s->conns[i].end[end].hooks = (struct end_hooks){
				.send = end_sends,
				.read = app_read,
				.arg = &s->conns[i],
			};
	schedule_draw(s);
	core_open(s);
}

const char *sim_run(uint64_t seed, bool trace, struct rte_mempool *pool,
                    void (*over)(const struct sim *))
{
	static struct sim world;
	static char why[400];
	struct sim *s = &world;

	memset(s, 0, sizeof(*s));
	open_world(s, seed, trace, pool);
	while (!s->failed && !check_is_over(s))
		step(s);
	if (!s->failed) {
		check_models(s);
		core_close(s);
		check_end(s);
		if (rte_mempool_avail_count(pool) != pool->size)
			sim_fail(s, "%u buffers are missing",
			         pool->size - rte_mempool_avail_count(pool));
	}
	if (over != NULL)
		over(s);
	for (unsigned i = 0; i < s->n_conns; i++)
		conn_free(&s->conns[i]);
	network_free(s);
	for (unsigned i = 0; i < s->n_cores; i++) {
		free(s->cores[i].report.counters); /* read to the end */
		free(s->cores[i].report.ring);
	}
	memcpy(why, s->why, sizeof(why));
	return s->failed ? why : NULL;
}
