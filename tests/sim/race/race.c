/* SPDX-License-Identifier: Apache-2.0 */
/*
 * race: how long the worker takes to bring one stream over one kind of path, seed by seed.
 * The same program is linked with RACK-TLP as it is, and with RFC 6675 in its place
 * (rfc6675.c); race.py runs them and compares. Only the hop between worker and SMSC is
 * bad, from the moment the session is bound, so that all mending is the worker's.
 *
 *   race_NAME --seeds N: a line "path seed microseconds resent again time-outs probes" each
 */
#include <getopt.h>
#include <inttypes.h>

#include "../sim.h"
#include "../../quiet_eal.h"

#define POOL_BUFFERS 8191u
#define ONE_WAY_US 10000u /* to the SMSC; to the ESME a fiftieth of it */

struct path_kind {
	const char *name;
	uint32_t requests, large, tick_us; /* large: of 10,000 texts, those of up to 64 KiB */
	uint32_t loss;                     /* of 10,000 frames, in both directions */
	uint32_t reorder, reorder_us;      /* how many, and by how much at most */
};

static const struct path_kind kinds[] = {
	{ "bulk, 1 % loss", 9, 10000, 200, 100, 0, 0 },
	{ "bulk, 5 % loss", 9, 10000, 200, 500, 0, 0 },
	{ "bulk, 10 % loss", 9, 10000, 200, 1000, 0, 0 },
	{ "bulk, 5 % late by up to 4 ms", 9, 10000, 200, 0, 500, 4000 },
	{ "bulk, 5 % late by up to 40 ms", 9, 10000, 200, 0, 500, 40000 },
	{ "bulk, 1 % loss, 5 % late by 4 ms", 9, 10000, 200, 100, 500, 4000 },
	{ "3 messages, 5 % loss", 4, 0, 200, 500, 0, 0 },
	{ "60 messages, one in 5 ms, 2 % loss", 61, 0, 5000, 200, 0, 0 },
};

static const struct path_kind *kind;
static uint64_t began_us, last_us;

/* What either end reads: the bind's answer begins the race, the SMSC's last octet ends it. */
static void reads(void *arg, int end, const uint8_t *octets, uint32_t n)
{
	struct conn *c = arg;
	struct sim *s = c->sim;

	app_read(c, end, octets, n);
	if (end == ESME && began_us == 0 && c->bound) {
		began_us = s->now;
		for (int hop = 0; hop < 2; hop++) {
			struct hop *h = &s->hops[hop][SMSC];
			h->loss = kind->loss;
			h->reorder = kind->reorder;
			h->reorder_us = kind->reorder_us;
		}
	}
	if (end == SMSC)
		last_us = s->now;
}

static void draw_settings(struct sim *s)
{
	/* As by default (setting.def). */
	s->settings = (struct settings){
		.burst = 64,
		.flows = 64,
		.embryos = 64,
		.pdu_limit = 3600,
		.leg_buffer = 262144,
		.leg_segments = 1024,
		.delayed_ack = 10,
		.rto_min = 200,
		.rto_max = 60000,
		.rto_limit = 15,
		.idle_limit = 300,
		.midstream = MIDSTREAM_RESET,
		.n_smpp_ports = 1,
		.smpp_ports = { 2775 },
	};
	s->table_random = random_of(s->seed, 2);
	s->mtu[ESME] = s->mtu[SMSC] = 1500;
	s->calm_at = s->limit_us = UINT64_MAX;
	for (int hop = 0; hop < 2; hop++) {
		s->hops[hop][ESME].delay_us = ONE_WAY_US / 50;
		s->hops[hop][SMSC].delay_us = ONE_WAY_US;
	}
}

/* In schedule.c's place. */
void schedule_draw(struct sim *s)
{
	struct conn *c = &s->conns[0];

	draw_settings(s);
	s->n_conns = 1;
	c->sim = s;
	c->path = path_random(&s->random, 0);
	c->app_random = random_of(s->seed, 100);
	c->plan = (struct plan){
		.close = CLOSE_ESME_HALF,
		.open_at = s->now,
		.requests = kind->requests,
		.tick_us = { kind->tick_us, 1000 },
		.burst = kind->tick_us < 1000 ? 100 : 1,
		.size_most = 160,
		.large = kind->large,
	};
	for (int end = ESME; end <= SMSC; end++) {
		struct end_hooks hooks = c->end[end].hooks;
		const struct end_config config = {
			.isn = (uint32_t)random_u64(&s->random),
			.buffer = 1u << 20,
			.mss = 1400,
			.wscale = 7,
			.offer_wscale = true,
			.offer_ts = true,
			.offer_sack = true,
			.sacks_well = true,
			.ack_delay_us = 40000,
		};
		hooks.read = reads;
		c->tick_at[end] = s->now;
		end_open(&c->end[end], end, &config, hooks,
		         random_of(s->seed, 200 + (unsigned)end));
	}
	began_us = last_us = 0;
}

static void print(const struct sim *s)
{

	if (began_us == 0 || last_us < began_us)
		return;
	printf("%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRIu64 "\t%" PRIu64 "\n",
	       kind->name, s->seed, last_us - began_us, sim_counter(s, COUNTER_TCP_RETRANSMIT),
	       s->conns[0].end[SMSC].again, sim_counter(s, COUNTER_TCP_RTO),
	       sim_counter(s, COUNTER_TCP_TAIL_PROBE));
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seeds", required_argument, NULL, 'n' },
		                                 { 0 } };
	uint64_t seeds = 200;

	if (quiet_eal(argv[0], 64) < 0)
		return 2;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o != 'n')
			return 2;
		seeds = strtoull(optarg, NULL, 0);
	}
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("race", POOL_BUFFERS, 0, sizeof(struct segment),
	                                RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	if (pool == NULL)
		return 2;
	for (kind = kinds; kind < kinds + sizeof(kinds) / sizeof(kinds[0]); kind++)
		for (uint64_t seed = 1; seed <= seeds; seed++) {
			const char *why = sim_run(seed, false, pool, print);
			if (why != NULL) {
				fprintf(stderr, "%s, seed %" PRIu64 ": %s\n", kind->name, seed,
				        why);
				return 1;
			}
		}
	return 0;
}
