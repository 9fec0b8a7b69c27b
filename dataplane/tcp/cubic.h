/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cubic: the congestion window of one leg (RFC 9438), octets and microseconds.
 *
 * CUBIC and not NewReno: it is what both ends' kernels do, so a leg of ours neither
 * yields to them nor takes from them; on short paths it is Reno (section 4.3), on long
 * ones it fills what Reno would leave empty.
 *
 * What waits for a window is paced (pace.h), so that a window that opens all at once is no
 * burst of it: a receiver then finds it unread whenever it asks itself whether its window
 * should grow, and it never does.
 *
 * Cost: nothing while the application sends less than the window allows (the caller does
 * not ask then); one cube root a loss. Threads: pure.
 */
#ifndef DP_CUBIC_H
#define DP_CUBIC_H
#include <stdint.h>

#define CUBIC_CWND_MAX (1u << 24) /* octets: the largest leg_buffer */

struct cubic {
	uint32_t cwnd;      /* at least one segment */
	uint32_t ssthresh;  /* UINT32_MAX: not known yet */
	uint32_t w_max;     /* cwnd before the last reduction, section 4.6 */
	uint32_t k_us;      /* from the epoch to w_max again, section 4.2 */
	uint32_t epoch_ms;  /* congestion avoidance began, if w_est is not 0 */
	uint32_t w_est;     /* what Reno would have now, section 4.3: 256ths of an octet */
	uint64_t next_ns;   /* the next segment may go (pace.h) */
};

/* Ten segments (RFC 6928). */
void cubic_open(struct cubic *c, uint32_t mss);
/* octets go out, and there are more than cwnd or the receiver's window, wnd, allows at once:
 * the next go when their share of the smaller one's time is over (as RFC 9002 section 7.7 has
 * it). */
void cubic_sent(struct cubic *c, uint32_t octets, uint32_t wnd, uint32_t srtt_us,
                uint64_t now_us);
/* acked octets were delivered while cwnd was what limited the sender. */
void cubic_acked(struct cubic *c, uint32_t acked, uint32_t mss, uint32_t srtt_us,
                 uint64_t now_us);
/* Loss seen in ACKs: cwnd and ssthresh become 0.7 of it (sections 4.6, 4.7). */
void cubic_loss(struct cubic *c, uint32_t mss);
/* Time-out: the same, but from one segment on (section 4.8); again: of the same octets,
 * ssthresh stays (RFC 5681 section 3.1). */
void cubic_timeout(struct cubic *c, uint32_t mss, int again);
/* Nothing was sent for a time-out: what cwnd knows is old (RFC 5681 section 4.1). */
void cubic_idle(struct cubic *c, uint32_t mss);

#endif
