/* SPDX-License-Identifier: Apache-2.0 */
#include "rtt.h"

#define RTO_FIRST_US 1000000u   /* RFC 6298 section 2.1 */
#define SAMPLE_MAX_US 60000000u /* an answer that late is no measure of a path */
#define BACKOFF_MAX 16u         /* 2^16 times the least time-out is beyond every limit */

void rtt_open(struct rtt *t) { *t = (struct rtt){ .rto_us = RTO_FIRST_US }; }

void rtt_sample(struct rtt *t, uint64_t sample_us, uint32_t least_us, uint32_t most_us)
{
	const uint32_t r = sample_us > SAMPLE_MAX_US ? SAMPLE_MAX_US
	                   : sample_us == 0          ? 1
	                                             : (uint32_t)sample_us;

	if (t->srtt_us == 0) { /* section 2.2 */
		t->srtt_us = r;
		t->rttvar_us = r / 2;
	} else { /* section 2.3: alpha 1/8, beta 1/4 */
		const uint32_t d = t->srtt_us > r ? t->srtt_us - r : r - t->srtt_us;
		t->rttvar_us = (3 * t->rttvar_us + d) / 4;
		t->srtt_us = (uint32_t)((7 * (uint64_t)t->srtt_us + r) / 8);
		t->srtt_us += t->srtt_us == 0;
	}
	const uint64_t rto = (uint64_t)t->srtt_us + 4 * (uint64_t)t->rttvar_us;
	t->rto_us = (uint32_t)(rto < least_us ? least_us : rto > most_us ? most_us : rto);
	t->backoff = 0;
}

uint64_t rtt_wait(const struct rtt *t, uint32_t most_us)
{
	const uint64_t wait = (uint64_t)t->rto_us
	                      << (t->backoff < BACKOFF_MAX ? t->backoff : BACKOFF_MAX);

	return wait < most_us ? wait : most_us;
}
