/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bbr: the congestion window and the pace of one leg from a model of its path, after
 * draft-ietf-ccwg-bbr-04 (BBRv3; "section" is of it): the greatest delivery rate and the least
 * round trip seen lately. A lost segment alone is no sign of congestion, as it is for CUBIC:
 * only when more than 2 of 100 are lost is what is in the network bounded (section 5.5.10.2).
 *
 * Simpler than the draft: losses are judged by runs of round trips with enough of them to
 * judge by, there are no short-term bounds (bw_lo, inflight_lo), and no estimate of
 * aggregated ACKs. Marks, one for an eighth of a round trip, stand for the draft's state of
 * each packet: what was sent between two of them is measured from the earlier, and what is
 * older than all that are kept from the oldest.
 *
 * Memory     a record is taken when a leg is first held up by its window, from a pool of the
 *            worker; while there is none left, the leg stays with CUBIC.
 * Cost       some arithmetic an ACK; no clock, no allocation. Threads: one worker.
 */
#ifndef DP_BBR_H
#define DP_BBR_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define BBR_MARKS 32u

/* At a time of sending: what had been delivered and lost by then, and since when it counts.
 * Differences only, so 32 bits of each are enough. */
struct bbr_mark {
	uint32_t sent_us, delivered, delivered_us, first_sent_us, lost, in_flight;
	bool app_limited;
};

enum bbr_state {
	BBR_STARTUP, BBR_DRAIN,
	BBR_DOWN, BBR_CRUISE, BBR_REFILL, BBR_UP, /* of ProbeBW */
	BBR_PROBE_RTT,
};

struct bbr {
	struct bbr_pool *pool;
	struct bbr *next_free;

	/* delivery rate, section 4.1.1 */
	uint32_t delivered, lost;
	uint32_t delivered_us, first_sent_us;
	uint32_t limited_until; /* of delivered, while app_limited */
	uint32_t n_marks;       /* made, ever: the ring has the last of them */
	struct bbr_mark mark[BBR_MARKS];

	/* the model */
	uint64_t bw[2];         /* octets a second: max of this probing cycle and the last */
	uint32_t min_rtt_us, probe_min_us, rtt_us; /* rtt_us: the latest */
	uint64_t min_rtt_at, state_at, probe_rtt_until;
	uint64_t full_bw;       /* in startup: what must be exceeded */
	uint32_t inflight_hi;   /* UINT32_MAX: not known */
	uint32_t round_end;     /* of delivered */
	uint32_t rounds, state_round; /* when the state began */
	uint32_t judged_delivered, judged_lost, judged_round; /* of the losses, since when */
	uint32_t prior_cwnd;    /* before a time-out or ProbeRTT */

	/* the pace */
	uint64_t rate;          /* octets a second */
	uint64_t next_ns;       /* the next segment may go */
	uint8_t state;          /* enum bbr_state */
	uint8_t full_rounds;    /* that brought no more */
	bool app_limited, full, round_start;
};

struct bbr_pool {
	struct bbr *records, *free;
	uint32_t n, used; /* used: of records, ever */
};

/* Memory for n, which costs nothing until it is used. 0 or -ENOMEM. */
must_use int bbr_pool_open(struct bbr_pool *p, uint32_t n);
void bbr_pool_close(struct bbr_pool *p);

/* A model that knows nothing but the window and the round trip (0: neither) of the control
 * before it; NULL: the pool is empty. */
struct bbr *bbr_open(struct bbr_pool *p, uint32_t cwnd, uint32_t srtt_us, uint64_t now_us);
void bbr_close(struct bbr *b);

/* Octets go out; in_flight: before them. */
void bbr_sent(struct bbr *b, uint32_t octets, uint32_t in_flight, uint64_t now_us);
/* There was nothing to send, or no window of the receiver for it. */
void bbr_app_limited(struct bbr *b, uint32_t in_flight);
void bbr_lost(struct bbr *b, uint32_t octets);

struct bbr_ack {
	uint64_t now_us;
	uint64_t sent_us;   /* when the latest sent of those delivered had been; 0: unknown */
	uint32_t delivered; /* octets, by this ACK */
	uint32_t rtt_us;    /* of a segment sent once; 0: none */
	uint32_t in_flight, mss;
};
/* The window from now on. */
uint32_t bbr_acked(struct bbr *b, const struct bbr_ack *a, uint32_t cwnd);
/* The same at a time-out: from one segment on. */
uint32_t bbr_timeout(struct bbr *b, uint32_t cwnd, uint32_t mss);

#endif
