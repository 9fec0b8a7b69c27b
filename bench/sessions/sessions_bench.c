/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sessions_bench: very many SMPP sessions on one worker: how fast they are set up, what an
 * idle one costs in memory, what a round of enquire_link over all of them costs, and what
 * happens when there is no room for more.
 *
 * The worker is the real one (its screener is not asked: nothing here carries a message).
 * The ends are frames built beforehand (tests/sim/frame.h); only the worker's turns are
 * timed. Memory is everything a worker allocates, counted twice: what its tables reserve
 * for each session, and how much the process grew. Packet buffers are a pool of their own,
 * of which an idle session must hold none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "options.h"
#include "worker.h"

#include "../../tests/sim/frame.h"

#define BURST 64u
#define AT_A_TIME 2048u
#define POOL_BUFFERS 16383u
#define SESSION_OCTETS_MOST 1024.0
#define FIXED_SHARED_BY 100000u /* sessions: from here on with all that a worker has besides */

/* What a worker needs of the rest of the data plane. */
const struct tables *publish_load(const struct publish *publish)
{
	(void)publish;
	return NULL;
}
bool publish_draining(const struct publish *publish)
{
	(void)publish;
	return false;
}

void publish_quiescent(struct publish *publish, unsigned worker)
{
	(void)publish, (void)worker;
}
void publish_online(struct publish *publish, unsigned worker) { (void)publish, (void)worker; }
void publish_offline(struct publish *publish, unsigned worker) { (void)publish, (void)worker; }
enum reason screen_bind(const struct tables *tables, uint32_t row, uint32_t seconds,
                        uint32_t *status)
{
	(void)tables, (void)row, (void)seconds, (void)status;
	return REASON_PASS;
}
void screen_run(struct screen_context *context, struct screen_vector *vector)
{
	(void)context, (void)vector;
}

static const uint8_t bind[27] = { 0, 0, 0, 27, 0,   0,   0,   9,   0, 0, 0, 0,
	                          0, 0, 0, 1,  'e', 's', 'm', 'e', 0, 0, 0, 0x34 };
static const uint8_t bind_resp[21] = { 0, 0, 0, 21, 0x80, 0, 0,   9,   0,   0,
	                               0, 0, 0, 0,  0,    1, 's', 'm', 's', 'c' };
static const uint8_t enquire[16] = { 0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 2 };
static const uint8_t enquire_resp[16] = {
	0, 0, 0, 16, 0x80, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 2
};

struct bench {
	uint32_t sessions;
	bool json;
	struct worker *worker;
	struct rte_mempool *pool;
	struct settings settings;
	struct ports ports;
	struct report_worker report;
	int64_t unix_offset;
	uint64_t now, cycles;
	double resident; /* octets, before the worker was opened */
};

static double resident_octets(void)
{
	char line[128] = "", *resident = line;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		abort();
	fclose(f);
	(void)strtoull(line, &resident, 10); /* all that is mapped */
	return (double)strtoull(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

static void *zeroed(size_t size)
{
	void *at = aligned_alloc(64, (size + 63) / 64 * 64);

	if (at == NULL)
		abort();
	return memset(at, 0, size);
}

static void open_worker(struct bench *b)
{
	static const uint8_t key[16] = "recipients' key";
	char error[200], *eal[] = { (char *)"sessions",
		                    (char *)"--no-huge",
		                    (char *)"--no-pci",
		                    (char *)"--no-telemetry",
		                    (char *)"--no-shconf",
		                    (char *)"-m",
		                    (char *)"128",
		                    (char *)"-l",
		                    (char *)"0",
		                    (char *)"--log-level=3",
		                    NULL };

	if (rte_eal_init(10, eal) < 0)
		exit(1);
	b->pool = rte_pktmbuf_pool_create("sessions", POOL_BUFFERS, 0, sizeof(struct segment),
	                                  RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	if (b->pool == NULL)
		exit(1);
	settings_defaults(&b->settings);
	b->settings.flows = b->sessions;
	b->ports = (struct ports){ .n_links = 1, .pool = b->pool };
	b->report.counters = zeroed(REPORT_COUNTERS * sizeof(uint64_t));
	b->report.ring = zeroed(sizeof(struct report_ring) + 64 * sizeof(struct audit_record));
	b->report.ring_mask = 63;
	b->resident = resident_octets();
	if (worker_open(&b->worker, 0, &b->settings, &b->ports, (struct publish *)b, &b->report,
	                &b->unix_offset, key, error) != 0) {
		fprintf(stderr, "sessions: %s\n", error);
		exit(1);
	}
	if (b->worker == NULL)
		abort();
	b->now = b->worker->now_us;
}

/* One turn with n frames of one side, timed; what is said is taken away. */
static void turn(struct bench *b, int from, struct rte_mbuf *const *frames, unsigned n)
{
	struct worker *w = b->worker;

	b->now += 20;
	const uint64_t start = rte_rdtsc();
	worker_begin(w, b->now);
	worker_take(w, 0, (enum side)from, frames, n);
	worker_input(w, 0);
	worker_finish(w);
	b->cycles += rte_rdtsc() - start;
	for (unsigned side = 0; side < 2; side++) {
		rte_pktmbuf_free_bulk(w->tx[side].mbufs, w->tx[side].n);
		w->tx[side].n = 0;
	}
}

static struct path path_of(uint32_t session)
{
	struct path p = { .port = { (uint16_t)(1024 + session % 60000), 2775 },
		          .ttl = { 60, 61 },
		          .version = 4 };

	for (int end = 0; end < 2; end++) {
		p.mac[end][0] = 2;
		p.mac[end][5] = (uint8_t)end;
	}
	p.addr[ESME][0] = 10;
	p.addr[ESME][2] = (uint8_t)(session / 60000);
	memcpy(p.addr[SMSC], "\x0b\x00\x00\x01", 4);
	return p;
}

static uint32_t isn_of(uint32_t session, int end)
{
	return session * 2654435761u + (uint32_t)end;
}

/* The same segment of every session, in bursts. Numbers count from behind the SYN. */
static void every(struct bench *b, uint32_t first, uint32_t end, int from, struct seg s)
{
	struct rte_mbuf *frames[BURST];

	for (uint32_t at = first; at < end; at += BURST) {
		const uint32_t n = end - at < BURST ? end - at : BURST;
		for (uint32_t i = 0; i < n; i++) {
			const struct path p = path_of(at + i);
			struct seg own = s;
			uint8_t frame[WIRE_MAX];
			own.seq += isn_of(at + i, from) + (s.flags & SYN ? 0 : 1);
			own.ack += isn_of(at + i, !from) + 1;
			const uint32_t len = frame_build(&p, from, &own, frame);
			frames[i] = rte_pktmbuf_alloc(b->pool);
			if (frames[i] == NULL)
				abort();
			memcpy(rte_pktmbuf_append(frames[i], (uint16_t)len), frame, len);
		}
		turn(b, from, frames, n);
	}
}

static struct seg segment(uint8_t flags, uint32_t seq, uint32_t ack, const uint8_t *payload,
                          uint32_t len)
{
	return (struct seg){ .seq = seq,
		             .ack = ack,
		             .window = 65535,
		             .flags = flags,
		             .has_ts = true,
		             .ts_val = 1000,
		             .payload = payload,
		             .len = len };
}

static struct seg syn(uint8_t flags)
{
	struct seg s = segment(flags, 0, 0, NULL, 0);

	s.mss = 1460;
	s.has_wscale = s.sack_ok = true;
	s.wscale = 7;
	return s;
}

static double seconds(struct bench *b)
{
	const double s = (double)b->cycles / (double)rte_get_tsc_hz();

	b->cycles = 0;
	return s;
}

struct result {
	double setup_s, bind_s, enquire_s, table, resident;
	uint32_t live, bound, held, turned_away;
};

/* Three segments of every session, so many sessions at a time as a second may bring: each
 * holds a buffer until it is answered. */
static double exchange(struct bench *b, struct seg first, struct seg second, struct seg third)
{
	for (uint32_t at = 0; at < b->sessions; at += AT_A_TIME) {
		const uint32_t left = b->sessions - at;
		const uint32_t end = at + (left < AT_A_TIME ? left : AT_A_TIME);
		every(b, at, end, ESME, first);
		every(b, at, end, SMSC, second);
		every(b, at, end, ESME, third);
	}
	return seconds(b);
}

static void run(struct bench *b, struct result *r)
{
	const uint32_t n = b->sessions;

	r->setup_s = exchange(b, syn(SYN), syn(SYN | ACK), segment(ACK, 0, 0, NULL, 0));
	r->bind_s = exchange(b, segment(ACK, 0, 0, bind, 27),
	                     segment(ACK, 0, 27, bind_resp, 21), segment(ACK, 27, 21, NULL, 0));
	r->enquire_s =
		exchange(b, segment(ACK, 27, 21, enquire, 16),
	                 segment(ACK, 21, 43, enquire_resp, 16), segment(ACK, 43, 37, NULL, 0));
	for (unsigned i = 0; i < 40; i++) { /* delayed ACKs go out, timers settle */
		b->now += 1000;
		turn(b, ESME, NULL, 0);
	}
	r->live = flow_count(b->worker->flows);
	r->bound = (uint32_t)b->report.counters[COUNTER_BINDS];
	r->held = b->pool->size - rte_mempool_avail_count(b->pool);
	r->resident = (resident_octets() - b->resident) / n;
	r->table = (double)flow_table_octets(b->worker->flows) / n;
	/* One more than there is room for, a thousand times. */
	const uint64_t before = b->report.counters[COUNTER_FLOWS_FULL];
	for (uint32_t i = 0; i < 1000; i++) {
		const struct path p = path_of(n + i);
		struct seg s = syn(SYN);
		uint8_t frame[WIRE_MAX];
		const uint32_t len = frame_build(&p, ESME, &s, frame);
		struct rte_mbuf *m = rte_pktmbuf_alloc(b->pool);
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		turn(b, ESME, &m, 1);
	}
	r->turned_away = (uint32_t)(b->report.counters[COUNTER_FLOWS_FULL] - before);
}

static void print(const struct bench *b, const struct result *r)
{
	const double n = b->sessions;

	if (b->json) {
		printf("{\"sessions\": %u, \"live\": %u, \"bound\": %u, "
		       "\"octets_per_session\": %.0f, \"resident_per_session\": %.0f, "
		       "\"connection_octets\": %zu, \"buffers_held\": %u, "
		       "\"setups_per_second\": %.0f, \"binds_per_second\": %.0f, "
		       "\"enquire_ns\": %.0f, \"turned_away\": %u}\n",
		       b->sessions, r->live, r->bound, r->table, r->resident,
		       sizeof(struct connection), r->held, n / r->setup_s, n / r->bind_s,
		       r->enquire_s * 1e9 / n, r->turned_away);
		return;
	}
	printf("sessions            %u asked, %u live, %u bound\n", b->sessions, r->live,
	       r->bound);
	printf("memory of one       %.0f octets with its share of the table (%zu the "
	       "connection, "
	       "timer and session in it); packet buffers held: %u\n",
	       r->table, sizeof(struct connection), r->held);
	printf("resident            %.0f octets a session, with what a worker has besides: "
	       "%" PRIu64 " attempts of %zu octets, vectors\n",
	       r->resident, b->settings.embryos, sizeof(struct embryo));
	printf("set up              %.0f a second (SYN; SYN,ACK; ACK)\n", n / r->setup_s);
	printf("bound               %.0f a second (bind, answer, ACK)\n", n / r->bind_s);
	printf("enquire_link        %.0f ns (request, answer, ACK), over all sessions in "
	       "turn\n",
	       r->enquire_s * 1e9 / n);
	printf("table full          %u of 1000 more attempts turned away and counted\n",
	       r->turned_away);
}

int main(int argc, char **argv)
{
	static struct bench b;
	unsigned long sessions = 100000;
	const struct bench_option rows[] = {
		{ "sessions", &sessions, 64, 10000000, "SMPP sessions held at once" },
		{ .name = NULL },
	};
	struct result r = { 0 };

	bench_options(argc, argv, "sessions", "memory and time of so many idle sessions", rows,
	              &b.json);
	b.sessions = (uint32_t)sessions;
	open_worker(&b);
	run(&b, &r);
	print(&b, &r);
	worker_close(b.worker);
	const bool good = r.live == b.sessions && r.bound == b.sessions && r.held == 0 &&
	                  r.turned_away == 1000 && r.table < SESSION_OCTETS_MOST &&
	                  (b.sessions < FIXED_SHARED_BY || r.resident < SESSION_OCTETS_MOST);
	return good ? 0 : 1;
}
