/* SPDX-License-Identifier: Apache-2.0 */
/* sequence: arithmetic modulo 2^32 (RFC 9293 section 3.4). */
#ifndef DP_SEQUENCE_H
#define DP_SEQUENCE_H
#include <stdbool.h>
#include <stdint.h>

static inline bool seq_lt(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }
static inline bool seq_leq(uint32_t a, uint32_t b) { return (int32_t)(a - b) <= 0; }
static inline uint32_t seq_max(uint32_t a, uint32_t b) { return seq_lt(a, b) ? b : a; }

#endif
