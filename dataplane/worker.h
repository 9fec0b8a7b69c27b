/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: one core, and all that it owns.
 *
 * Run to completion: a turn takes frames from the ports of every link, decides, and
 * sends. No lock, no system call, no allocation and no log inside; one clock read a
 * turn. What crosses cores comes as a published snapshot (link/publish.h) or leaves
 * through the report file (report/report.h).
 *
 * Threads: worker_open() and worker_close() by main before and after; worker_run()
 * on the worker's own core; worker_stop() by any thread.
 */
#ifndef DP_WORKER_H
#define DP_WORKER_H
#include <stdbool.h>
#include <stdint.h>

#include "connection.h"
#include "embryo.h"
#include "flow.h"
#include "port.h"
#include "publish.h"
#include "report.h"
#include "setting.h"
#include "timer.h"
#include "unbound.h"
#include "vector.h"

#define BURST_MAX 128u /* setting burst */

struct campaign_sketch; /* campaign_sketch.h: what campaigns are seen most */
struct rule_hits;       /* rule_hits.h: how often each rule matched */
struct distribute; /* distribute.h: software distribution between workers */
struct strays;     /* stray.h: what RSS brings to another worker than it concerns */

struct worker {
	/* given */
	unsigned index;
	const struct settings *settings;
	struct ports *ports;
	struct publish *publish;
	struct report_worker *report;
	struct distribute *distribute;  /* NULL: each worker reads its own queues */
	struct strays *strays;          /* NULL: a single worker, or distribute */
	struct reassembly *reassembly;  /* NULL: fragments are dropped */
	uint64_t distribute_full;       /* of it, already counted */
	const int64_t *unix_offset_us;  /* added to now_us; main follows the system clock */
	const uint8_t *recipient_key;   /* 16 octets: SipHash key of recipient numbers */

	/* this turn */
	uint64_t now_us;
	const struct tables *tables;
	unsigned n_packets;
	struct packet packets[BURST_MAX * 2];
	const struct packet *lookup[BURST_MAX * 2];
	struct flow_head *found[BURST_MAX * 2];
	struct connection *touched, **touched_end;
	struct vector *vector;
	struct screen_context screen;

	/* kept */
	struct tcp_config tcp_config;
	struct tcp_env env;
	struct tcp_tx *tx;              /* LINKS_MAX x 2 */
	struct bbr_pool models;         /* setting congestion_control */
	struct flow_table *flows;
	struct flow_table *embryos;     /* connection attempts */
	struct embryo_list by_age;
	uint32_t make_room_at;          /* where make_room() looked last */
	uint32_t relieve_at;            /* where relieve() did */
	struct unbound unbound;         /* flows without a bind in force */
	bool draining;                  /* in this turn */
	uint32_t drain_at;              /* where drain_turn() looked last */
	bool found_stale;               /* a flow of found[] may be gone */
	struct campaign_sketch *campaigns; /* NULL: the report has no rows for it */
	struct rule_hits *rule_hits;       /* the same */
	struct timer_wheel timers;
	struct connection *retry;       /* to be touched next turn */
	struct packet_policy policy[LINKS_MAX];
	uint64_t next_serial;
	uint64_t tsc_start, base_us;    /* the clock: base_us at tsc_start */
	double us_per_cycle;
	uint64_t turn_start;            /* of the turn before this one, cycles */
	bool turn_busy;                 /* it found work */
	uint64_t turns;
	bool stop;                      /* set by worker_stop() */
	bool running;                   /* in worker_run(); cleared with release */
};

must_use int worker_open(struct worker **out, unsigned index, const struct settings *settings,
                         struct ports *ports, struct publish *publish,
                         struct report_worker *report, const int64_t *unix_offset_us,
                         const uint8_t *recipient_key, char error[200]);
void worker_close(struct worker *w);

/* One turn; how many frames it found. For benches and tests; worker_run() loops it. */
unsigned worker_turn(struct worker *w);
void worker_run(struct worker *w);
void worker_stop(struct worker *w);

/*
 * The parts of a turn between receiving and sending, which know no ports, for whoever
 * brings frames and the time himself (tests/sim): begin; for each link take what came in
 * at either side (at most BURST_MAX frames each, owned by the worker from then on) and
 * input; finish. What is to be sent lies in w->tx[link * 2 + side]; set its n to 0.
 */
void worker_begin(struct worker *w, uint64_t now_us);
void worker_take(struct worker *w, unsigned link, enum side side,
                 struct rte_mbuf *const *frames,
                 unsigned n);
void worker_input(struct worker *w, unsigned link);
void worker_finish(struct worker *w);

/* exchange.c: frames of one port to worker_take(), and this turn's frames out; how many
 * frames went out, others' included. No other part of a turn touches ethdev. */
void worker_receive(struct worker *w, unsigned link, enum side side);
unsigned worker_send(struct worker *w, unsigned link, enum side side);

/* admit.c: a segment of no connection we know, and the attempts nobody completed. The
 * connection it became, or NULL; consumes the packet. */
struct connection *admit(struct worker *w, const struct packet *p);
void admit_expire(struct worker *w);
/* A SYN behind the end of c: the old life goes and an attempt begins, in this turn or when
 * the SYN comes again. c when it is still there. */
struct connection *admit_again(struct worker *w, struct connection *c, const struct packet *p);

/* A frame that no relay takes: across unchanged, or dropped with a reason. */
void worker_divert(struct worker *w, const struct packet *p, unsigned link);
void connection_remove(struct worker *w, struct connection *c);

/* fragment.c: the setting fragments. fragment_take() consumes p, a PACKET_FRAGMENT; true:
 * p is now the whole datagram that it completed. fragment_expire(): those kept too long. */
must_use int fragment_open(struct worker *w);
void fragment_close(struct worker *w);
bool fragment_take(struct worker *w, struct packet *p, unsigned link);
void fragment_expire(struct worker *w);

/* drain.c: hand back what needs no screening. */
void drain_turn(struct worker *w);

/* limit.c: see there. limit_note(): whether a side's octets now end inside a PDU, and
 * whether it is another one than before. */
void limit_buffers(struct worker *w);
uint64_t limit_deadline(const struct worker *w, const struct connection *c);
void limit_time(struct worker *w, struct connection *c);
/* c is new and not bound; it goes; and what it said may have changed whether it is bound. */
void limit_unbound(struct worker *w, struct connection *c);
void limit_forget(struct worker *w, struct connection *c);
void limit_bound(struct worker *w, struct connection *c, bool was_bound);
void limit_note(const struct worker *w, struct connection *c, enum side from, bool partial,
                bool moved);

/* collect.c: whole PDUs of the touched connections become steps of the vector. */
void collect(struct worker *w);
/* apply.c: the steps of c, decided, become octets in its legs; their audit records are written.
 * Connections come in the order in which they were collected. */
void apply(struct worker *w, struct connection *c);
/* And the campaigns of their messages are counted, and the rules that matched them. */
void apply_counts(struct worker *w);

/* Put c on this turn's list, once. */
static inline void worker_touch(struct worker *w, struct connection *c)
{
	if (c->touched)
		return;
	c->touched = true;
	c->touched_next = NULL;
	*w->touched_end = c;
	w->touched_end = &c->touched_next;
}

static inline void worker_count(struct worker *w, unsigned counter, uint64_t n)
{
	count_add(w->report, counter, n);
}

static inline uint32_t worker_seconds(const struct worker *w)
{
	const int64_t offset = __atomic_load_n(w->unix_offset_us, __ATOMIC_RELAXED);

	return (uint32_t)(((int64_t)w->now_us + offset) / 1000000);
}

#endif
