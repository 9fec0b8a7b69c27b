/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rack: which segments are lost, by time (RFC 8985).
 *
 * A segment is lost when one that was sent later has arrived and the time for a mere
 * reordering is over. So a retransmission that is lost itself is found as quickly as any
 * other loss, which the counting of RFC 6675 leaves to the time-out (bench/RESULTS.md,
 * loss). For receivers with SACK only.
 *
 * Threads: pure.
 */
#ifndef DP_RACK_H
#define DP_RACK_H
#include <stdbool.h>
#include <stdint.h>

#include "scoreboard.h"

struct rack {
	uint64_t sent_us;     /* RACK.xmit_ts: of the latest sent one that arrived; 0: none */
	uint64_t min_at_us;   /* when min_rtt_us was seen */
	uint32_t end_seq;     /* RACK.end_seq: where that segment ends */
	uint32_t rtt_us;      /* RACK.rtt: what it took */
	uint32_t min_rtt_us;  /* least of the last minutes; 0: none */
	uint32_t fack;        /* RACK.fack: highest octet that arrived */
	uint32_t round;       /* RACK.dsack_round: a D-SACK counts once until here */
	uint8_t reo_mult;     /* RACK.reo_wnd_mult */
	uint8_t reo_persist;  /* recoveries until reo_mult is 1 again */
	bool reordering;      /* RACK.reordering_seen */
};

/* una: the first octet that will be sent. */
void rack_open(struct rack *k, uint32_t una);

/* This segment has arrived (steps 1 to 3). */
void rack_delivered(struct rack *k, const struct segment *s, uint64_t now_us);
/* A D-SACK came: somebody was thought lost too early (step 4). max: highest sent. */
void rack_duplicate(struct rack *k, uint32_t una, uint32_t max);
/* A recovery is over (step 4). */
void rack_recovered(struct rack *k);

/*
 * Step 5: mark what is lost now; hasty: in recovery, or three segments were SACKed.
 * Returns whether any was, and in *wait_us the time until the next might be, 0 = none.
 */
bool rack_detect(const struct rack *k, struct chain *out, struct scoreboard *b, bool hasty,
                 uint32_t srtt_us, uint64_t now_us, uint64_t *wait_us);
/* Section 6.3: at a time-out, the first segment and those whose time is over. */
void rack_timeout(const struct rack *k, struct chain *out, struct scoreboard *b,
                  uint32_t srtt_us, uint64_t now_us);

#endif
