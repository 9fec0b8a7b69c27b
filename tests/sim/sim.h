/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: one seed is one world: the workers of dataplane/, 1, 2 or 4 of them (all of it but the
 * PMDs: exchange.c and what workers have between them, tcp/, smpp/, screen/ and table/ over
 * real images that change in mid-flight), up to three connections between simulated
 * endpoints, the four directed hops between them and the ports, and a clock in microseconds.
 * The workers' turns are taken one after another, in an order of the seed; at some time they
 * may be told to drain. Nothing is read from outside, so a seed always gives the same run.
 *
 *   schedule.c  what the seed decides before the first frame
 *   endpoint*.c TCP of the two ends       app.c, pdu.c  SMPP of the two ends
 *   network.c   hops with faults          forge.c       segments of an attacker
 *   tables.c    images and their changes  port.c        PMDs that read and write our hops
 *   core.c      the workers and their turns
 *   monitor.c   what a worker heard and said, segment by segment: the TCP invariants
 *   oracle.c    what it may say, PDU by PDU: forwarded or answered, each once
 *   world.c     the loop                  check.c       what a leg holds; the end
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H
#include <stdarg.h>

#include "worker.h"

#include "endpoint.h"
#include "pdu.h"

#define CONNECTIONS_MAX 3u
#define CORES_MAX 4u
#define RX_MAX 512u /* frames that wait in a queue of a port */
#define START_US UINT64_C(1000000)
#define SENDERS_MAX 8u
#define PAUSE_US UINT64_C(660000000) /* a path may carry more again (RFC 1191 section 6.3) */

/* How a connection ends. Those before CLOSE_PARTIAL, inclusive, must end in order. */
enum close_plan {
	CLOSE_ESME_ANSWERED, /* the ESME, when everything was answered */
	CLOSE_ESME_HALF,     /* the ESME, behind its last request; answers come after */
	CLOSE_SMSC_FIRST,    /* the SMSC at some time; the ESME goes on sending */
	CLOSE_BOTH,          /* each at some time */
	CLOSE_PARTIAL,       /* the ESME, behind half a PDU */
	CLOSE_ESME_RST, CLOSE_SMSC_RST, CLOSE_ESME_DIES, CLOSE_SMSC_DIES,
	CLOSE_ESME_GARBAGE, CLOSE_SMSC_GARBAGE, CLOSE_SMSC_ABSENT,
	CLOSE_PLANS,
	CLOSE_NEVER_BINDS = CLOSE_PLANS, /* the worker; drawn apart */
};

struct plan {
	enum close_plan close;
	uint64_t open_at, close_at;  /* close_at: where the plan has a time of its own */
	uint32_t requests, deliveries;
	uint32_t early;              /* messages before the bind */
	uint32_t tick_us[2], burst;
	uint32_t size_most, large;   /* octets of a text; chance of a payload of up to 64 KiB */
	bool outbound;               /* the SMSC opens it, and the ESME waits to be asked */
	bool flood;                  /* hardly anything passes, and the ESME reads slowly */
	bool unbind;                 /* the last request is an unbind */
	/* In 10,000: requests that are a bind or an unbind, twice as often the bind of another
	 * account, or one more in the same write; binds and unbinds that an end refuses. */
	uint32_t sessions, refusals;
	bool shuffle;                /* the SMSC answers out of order */
	unsigned pauses;             /* of the ESME, PAUSE_US each, a third of it apart */
};

enum expected {
	EXPECT_PASS,
	EXPECT_EITHER,  /* forwarded or refused */
	EXPECT_REFUSE,
	EXPECT_DISCARD, /* not forwarded, and answered like what was accepted */
};

struct request { /* one PDU of the ESME's stream */
	uint32_t off, len, id, sequence, status;
	enum expected expected;
	bool forwarded, answered, recorded;
};

/* What the relay has been given of one end, and has said to it. */
struct heard {
	uint8_t *have;      /* by offset: 1 delivered, 3 certainly stored */
	uint32_t room;
	uint64_t contig, edge, fin_at;
	bool any, fin, stamped, doubt;
	bool next;          /* octets that come next, at next_at, in this turn */
	uint64_t next_at;
	bool rst;           /* one came in this turn, of this number */
	uint32_t rst_at;
	unsigned since;     /* segments that came since an ACK was said to it */
	bool answered;      /* so, in this turn */
	uint32_t contig_stamp, newest_stamp;
	struct seg last;
};
struct said {
	struct octets log;
	uint64_t ack, edge, fin_at, whole_ack;
	uint32_t number;    /* acknowledged by the last, and its window */
	uint32_t window;
	uint32_t stamp, echo, whole_stamp;
	bool any, clocked, fin, rst;
	bool asked;         /* by an ACK of an old number: whoever asked waits */
	uint32_t checked;   /* octets of log the oracle has taken */
	uint8_t *sacked;    /* by offset, as far as log: the end has SACKed it */
	uint32_t sacked_room;
	/* the last octets sent again, while nothing came from the end */
	uint64_t again_at, again_us, again_gap_us;
	unsigned agains;
};

struct answer { /* the SMSC owes it */
	uint32_t id, sequence;
	enum pdu_account account; /* of a bind */
};

struct conn {
	struct sim *sim;
	unsigned index;
	struct path path;
	struct plan plan;
	struct endpoint end[2];
	struct heard heard[2];
	struct said said[2];
	struct random app_random;
	unsigned queue;          /* where RSS brings it */
	unsigned owner;          /* the worker that has heard of it, from 1 on; 0: none yet */
	unsigned came;           /* of it, in this turn: segments */
	bool open, relayed;      /* its worker has it, and had it at any time */
	bool plain, gone;        /* while draining: forwarded as it comes; had its end before */

	struct octets inbox[2]; /* read by the application, not yet whole PDUs */
	struct request *requests;
	uint32_t n_requests, room, forward_next, answer_next;
	uint32_t server_next;   /* of the SMSC's stream: what the ESME shall see next */
	struct answer *owed;
	uint32_t n_owed, owed_room;
	uint32_t sent, delivered, answers, sequence, deliver_sequence;
	uint64_t tick_at[2];
	bool bound;               /* at any time */
	enum pdu_account as;      /* bound so now, as the ESME has heard */
	uint32_t waits;           /* binds and unbinds of the ESME that have no answer */
	enum pdu_account served;  /* bound so now, as the SMSC has said */
	bool unserved;            /* was bound, until an unbind was agreed upon */
	bool unserving;           /* it has asked for an unbind */
	uint32_t binds_owed;
	bool opened, garbage, server_garbage, nacked;
	unsigned paused;
	uint32_t paused_sent;     /* before the last pause */
	uint32_t garbage_sequence;
};

struct hop { /* 0: to the worker, 1: from it; by end */
	uint32_t loss, duplicate, reorder, corrupt, forge, burst; /* in 10,000 */
	uint32_t delay_us, jitter_us, reorder_us;
	uint32_t burst_left;
	uint64_t last_at;
};

struct event {
	uint64_t at, order;
	uint32_t frame, len;  /* in the store of frames */
	uint8_t hop, end;
};

struct held { /* a frame the port still reads */
	struct rte_mbuf *m;
	uint64_t until;
	uint32_t sum;
};

/* How more than one worker come by their frames. */
enum spread {
	SPREAD_RINGS, /* worker 0 reads the ports: distribute.h */
	SPREAD_RSS,   /* each has queues: stray.h */
};

struct core {
	struct worker *worker;
	struct report_worker report;
	struct event rx[2][RX_MAX]; /* of its queues of the ports */
	unsigned n_rx[2];
	uint64_t at, timer_at; /* its next turn for frames, and for timers; UINT64_MAX: none */
	unsigned strays;       /* turns in a row, this one's first, that may find one */
	uint64_t drained;      /* by its counter, in turns before this */
};

struct sim {
	uint64_t seed, now, limit_us, calm_at; /* calm_at: no more faults */
	bool trace, failed;
	char why[400];
	struct random random;

	struct conn conns[CONNECTIONS_MAX];
	unsigned n_conns;
	struct hop hops[2][2];
	uint32_t mtu[2];             /* of the path behind the worker, by end */
	uint64_t mtu_at, mtu_until;  /* from now on; 0: for ever. Then 1,500 again */

	struct event *heap;
	uint32_t n_events, heap_room;
	uint64_t order;
	uint8_t (*store)[WIRE_MAX];
	uint32_t *store_free, n_free, store_room;

	struct core cores[CORES_MAX];
	unsigned n_cores;            /* 0: one */
	enum spread spread;
	unsigned others_queue;       /* where RSS brings what is not TCP */
	struct distribute *distribute;
	struct strays *strays;
	bool forging;                /* what is read now was heard of no end */
	uint64_t leave_at;           /* drained from then on; 0: never */
	bool leaving;
	uint64_t turn_delay_us, hold_us, drain_at, drain_us;
	struct rte_mempool *pool;
	struct ports ports;
	struct settings settings;
	int64_t unix_offset;
	struct held held[4096];
	unsigned n_held;
	struct rte_mbuf *grabbed[8192];
	unsigned n_grabbed, grab_most;
	uint64_t grab_at, swap_at;
	struct random table_random;
	struct publish *publish;
	uint64_t steps;
};

/* The first failure stands. */
void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(const struct sim *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* world.c: run one seed in pool (full, and full again afterwards); NULL or why it failed.
 * over, if not NULL, may look at the world when it has ended. */
const char *sim_run(uint64_t seed, bool trace, struct rte_mempool *pool,
                    void (*over)(const struct sim *));

/* Octets of an IP packet that the path to this end carries, while it carries less; IPv6 always
 * 1,280 (RFC 8200). */
static inline uint32_t sim_mtu(const struct sim *s, const struct conn *c, int end)
{
	return c->path.version == 6 && s->mtu[end] < 1280 ? 1280 : s->mtu[end];
}

static inline bool sim_carries_less(const struct sim *s)
{
	return s->now >= s->mtu_at && (s->mtu_until == 0 || s->now < s->mtu_until);
}

/* schedule.c */
void schedule_draw(struct sim *s);

/* network.c */
void network_send(struct sim *s, int hop, int end, const uint8_t *frame, uint32_t len);
uint64_t network_next(const struct sim *s);
struct event network_take(struct sim *s);
void network_release(struct sim *s, uint32_t frame);
uint32_t network_frame(struct sim *s); /* a free place in the store */
void network_free(struct sim *s);

/* forge.c: a segment of an attacker, to be ignored; 0: nothing fits now. */
uint32_t forge(struct sim *s, struct conn *c, int end, uint8_t *frame);

/* monitor.c */
struct conn *monitor_conn(struct sim *s, const uint8_t *frame, uint32_t len, int from);
bool monitor_nothing_dropped(const struct sim *s); /* for want of room, so far */
void monitor_heard(struct sim *s, unsigned core, int from, const uint8_t *frame, uint32_t len);
void monitor_said(struct sim *s, int to, const uint8_t *frame, uint32_t len);

/* Whether the end has SACKed all of it, by what the worker heard. */
bool monitor_was_sacked(const struct conn *c, int end, uint32_t seq, uint32_t len);

/* oracle.c */
void oracle_octets(struct conn *c, int to);
/* What an end reads of a connection that is forwarded as it comes. */
void oracle_plain(struct conn *c, int to, const uint8_t *octets, uint64_t at, uint32_t n);
void oracle_record(struct sim *s, const struct audit_record *r);
uint32_t oracle_wrote(struct conn *c, uint32_t off, enum expected expected, uint32_t status);

/* app.c */
void app_read(void *conn, int end, const uint8_t *octets, uint32_t n);
void app_tick(struct conn *c, int end);
uint64_t app_due(const struct conn *c, int end);
void app_settle(struct conn *c);  /* after anything happened: close what is done */

/* tables.c: other tables, when it is time */
void tables_begin(struct sim *s);
void tables_change(struct sim *s);
void tables_end(struct sim *s);

/* check.c */
/* What a leg of this worker holds, and what it has promised to hold. */
void check_step(struct sim *s, unsigned core);
void check_leaving(struct sim *s); /* now draining: what is no worker's already */
bool check_is_over(struct sim *s);
void check_models(struct sim *s); /* before the workers are closed */
void check_end(struct sim *s);

/* port.c: frames that have come to a port, and the port's own time with those it sends */
void port_open(struct sim *s);
void port_put(struct sim *s, const struct event *e, unsigned core); /* into its queue */
unsigned port_queue(struct sim *s, const struct event *e); /* whose that is */
void port_give_back(struct sim *s, bool all);

/* core.c: the workers */
void core_open(struct sim *s);
void core_close(struct sim *s);
void core_wake(struct sim *s, unsigned core);    /* there is something for it */
uint64_t core_wakes(const struct sim *s);        /* when the next turn of any is due */
void core_turn(struct sim *s);                   /* that turn */
void core_settle(struct sim *s); /* turns of all, now, until what came in has gone around */
bool core_is_quiet(const struct sim *s);         /* nothing waits for a turn */
unsigned core_flows(const struct sim *s);
uint64_t sim_counter(const struct sim *s, enum counter counter); /* of all workers */

#endif
