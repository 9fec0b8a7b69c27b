/* SPDX-License-Identifier: Apache-2.0 */
/* worker_open: make and end a worker, outside the data path. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <arpa/inet.h>

#include <rte_cycles.h>

#include "cache.h"
#include "campaign_sketch.h"
#include "rule_hits.h"
#include "check.h"
#include "known_senders.h"
#include "worker.h"

/* A connection attempt without an answer, and one whose ends are both done: as long as
 * an end would still send something again (RFC 9293 section 3.9.1.4, kernels' defaults). */
#define EMBRYONIC_US UINT64_C(30000000)
#define LINGER_US UINT64_C(10000000)
/* Records of bbr (dataplane/tcp/bbr.h): one for so many connections. */
#define FLOWS_A_MODEL 4u

static void *allocate(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);

	if (p != NULL)
		memset(p, 0, size);
	return p;
}

/* The vector has room for the greatest turn; what an ordinary one never touches costs no
 * memory (bench sessions). Zeroed; NULL when there is none. */
static struct vector *vector_map(void)
{
	void *at = mmap(NULL, sizeof(struct vector), PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* What comes in lies in one buffer, with its Ethernet header and two tags. */
static uint32_t mtu_of(const struct port *port, const struct settings *s)
{
	const uint32_t held = (uint32_t)s->buffer_octets - 22;

	return port->mtu != 0 && port->mtu < held ? port->mtu : held;
}

static void configure(struct worker *w)
{
	const struct settings *s = w->settings;

	w->tcp_config = (struct tcp_config){
		.leg_buffer = (uint32_t)s->leg_buffer,
		.leg_buffer_most = (uint32_t)s->leg_buffer_most,
		.leg_segments = (uint32_t)s->leg_segments,
		.newcomer_segments = (uint32_t)s->leg_segments,
		.delayed_ack_us = (uint32_t)s->delayed_ack * 1000,
		.rto_min_us = (uint32_t)s->rto_min * 1000,
		.rto_max_us = (uint32_t)s->rto_max * 1000,
		.rto_limit = (uint32_t)s->rto_limit,
		.idle_us = s->idle_limit * 1000000,
		.embryonic_us = EMBRYONIC_US,
		.linger_us = LINGER_US,
	};
	for (unsigned l = 0; l < w->ports->n_links; l++) {
		struct packet_policy *p = &w->policy[l];
		p->link = (uint16_t)l;
		p->verify = true;
		p->n_ports = s->n_smpp_ports;
		for (unsigned i = 0; i < s->n_smpp_ports; i++)
			p->ports[i] = htons(s->smpp_ports[i]);
		for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
			const struct port *port = &w->ports->links[l].port[side];
			w->tx[l * 2 + side].mtu = mtu_of(port, s);
			w->tx[l * 2 + side].offload = port_offload(port);
		}
	}
}

static void start_clock(struct worker *w)
{
	w->tsc_start = rte_rdtsc();
	w->us_per_cycle = 1e6 / (double)rte_get_tsc_hz();
	w->base_us = (uint64_t)((double)w->tsc_start * w->us_per_cycle);
	w->now_us = w->base_us;
	timer_wheel_init(&w->timers, w->now_us);
}

/* What is kept of senders and of texts; false: no memory for it. */
static bool open_screen(struct worker *w)
{
	const uint32_t senders = (uint32_t)w->settings->known_senders,
		       texts = (uint32_t)w->settings->known_texts;

	if ((senders != 0 && known_senders_open(&w->screen.known_senders, senders) != 0) ||
	    (texts != 0 && cache_open(&w->screen.cache, texts) != 0))
		return false;
	w->screen.fingerprint_every = (uint32_t)w->settings->campaign_sample;
	/* Too early in a boot there is none, and who knows that can count along. */
	(void)!getrandom(&w->screen.fingerprint_seed, sizeof(w->screen.fingerprint_seed),
	                 GRND_NONBLOCK);
	/* Rigs bring counters alone. */
	return (w->report->campaigns == NULL ||
	        campaign_sketch_open(&w->campaigns, w->report->campaigns) == 0) &&
	       (w->report->rules == NULL ||
	        rule_hits_open(&w->rule_hits, w->report->rules) == 0);
}

static bool open_models(struct worker *w)
{
	return w->settings->congestion_control != CONGESTION_BBR ||
	       bbr_pool_open(&w->models, (uint32_t)w->settings->flows / FLOWS_A_MODEL) == 0;
}

int worker_open(struct worker **out, unsigned index, const struct settings *settings,
                struct ports *ports, struct publish *publish, struct report_worker *report,
                const int64_t *unix_offset_us, const uint8_t *recipient_key, char error[200])
{
	struct worker *w = allocate(sizeof(*w));

	if (w == NULL)
		goto no_memory;
	w->index = index;
	w->settings = settings;
	w->ports = ports;
	w->publish = publish;
	w->report = report;
	w->unix_offset_us = unix_offset_us;
	w->recipient_key = recipient_key;
	w->vector = vector_map();
	w->tx = allocate(LINKS_MAX * 2 * sizeof(*w->tx));
	if (w->vector == NULL || w->tx == NULL ||
	    flow_table_open(&w->flows, (uint32_t)settings->flows, sizeof(struct connection)) !=
	            0 ||
	    flow_table_open(&w->embryos, (uint32_t)settings->embryos, sizeof(struct embryo)) !=
	            0)
		goto no_memory;
	unbound_open(&w->unbound, w->flows, offsetof(struct connection, unbound));
	if (!open_screen(w) || !open_models(w))
		goto no_memory;
	configure(w);
	if (fragment_open(w) != 0)
		goto no_memory;
	start_clock(w);
	w->env = (struct tcp_env){
		.share = (uint32_t)settings->leg_segments,
		.config = &w->tcp_config,
		.pool = ports->pool,
		.counters = report->counters,
		.tx = w->tx,
		.models = w->models.records != NULL ? &w->models : NULL,
	};
	*out = w;
	return 0;
no_memory:
	snprintf(error, 200,
	         "worker %u: no memory for %llu flows and %llu known texts; lower the settings "
	         "flows or known_texts",
	         index, (unsigned long long)settings->flows,
	         (unsigned long long)settings->known_texts);
	worker_close(w);
	return -ENOMEM;
}

void worker_close(struct worker *w)
{
	if (w == NULL)
		return;
	bug_if(__atomic_load_n(&w->running, __ATOMIC_ACQUIRE));
	uint32_t at = 0;
	for (struct flow_head *f; w->flows != NULL && (f = flow_next(w->flows, &at)) != NULL;)
		relay_release(&((struct connection *)f)->relay);
	bbr_pool_close(&w->models);
	flow_table_close(w->flows);
	flow_table_close(w->embryos);
	fragment_close(w);
	known_senders_close(w->screen.known_senders);
	cache_close(w->screen.cache);
	campaign_sketch_close(w->campaigns);
	rule_hits_close(w->rule_hits);
	free(w->tx);
	if (w->vector != NULL)
		munmap(w->vector, sizeof(*w->vector));
	free(w);
}
