/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtt: round-trip time and retransmission time-out of one leg (RFC 6298), microseconds.
 *
 * Samples come from segments that were sent once (Karn, section 3). The time-out doubles
 * with each expiry and stays doubled until the next sample (section 5, 5.5 and 5.7's
 * note): an ACK of something sent twice says nothing of the path.
 *
 * Threads: pure.
 */
#ifndef DP_RTT_H
#define DP_RTT_H
#include <stdint.h>

struct rtt {
	uint32_t srtt_us, rttvar_us; /* srtt_us 0: no sample yet */
	uint32_t rto_us;             /* before back-off, within the limits */
	uint8_t backoff;             /* doublings */
};

/* Section 2.1: one second until there is a sample. */
void rtt_open(struct rtt *t);

/* One sample; rto_us becomes srtt + 4 rttvar within least_us .. most_us. */
void rtt_sample(struct rtt *t, uint64_t sample_us, uint32_t least_us, uint32_t most_us);

/* How long to wait now, back-off included (section 5.5); never more than most_us. */
uint64_t rtt_wait(const struct rtt *t, uint32_t most_us);

#endif
