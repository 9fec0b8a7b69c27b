/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_priv: what endpoint.c, endpoint_in.c and endpoint_out.c share. */
#ifndef SIM_ENDPOINT_PRIV_H
#define SIM_ENDPOINT_PRIV_H
#include "endpoint.h"

#define END_RETRIES 40u
#define END_RTO_FIRST 1000000u
#define END_RTO_LEAST 200000u
#define END_RTO_MOST 20000000u
#define END_WAIT 4000000u

/* The 64-bit offset nearest to base that a 32-bit number of this stream means. */
static inline uint64_t end_offset(uint32_t seq, uint32_t first, uint64_t base)
{
	return base + (uint64_t)(int64_t)(int32_t)(seq - (first + (uint32_t)base));
}

/* endpoint_in.c */
void end_segment(struct endpoint *e, const struct seg *s, uint64_t now);
void end_deliver(struct endpoint *e, uint64_t now);
/* endpoint_out.c */
void end_say(struct endpoint *e, uint64_t offset, uint32_t len, uint8_t flags, uint64_t now);
void end_acked(struct endpoint *e, const struct seg *s, bool duplicate, uint64_t now);
uint32_t end_window(struct endpoint *e);
void end_expire(struct endpoint *e, uint64_t now);
void end_refuse(struct endpoint *e, const struct seg *s);

#endif
