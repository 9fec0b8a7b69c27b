/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: TCP options as read from a segment and as written into ours.
 *
 * Reading stops at the first option whose length cannot be (RFC 9293 section 3.1);
 * what was read before it stands. Threads: pure.
 */
#ifndef DP_OPTIONS_H
#define DP_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum tcp_option { /* IANA TCP option kinds */
	OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_WSCALE = 3,
	OPTION_SACK_OK = 4, OPTION_SACK = 5, OPTION_TS = 8, OPTION_MPTCP = 30,
	OPTION_FAST_OPEN = 34, OPTION_EXPERIMENT = 254,
};

#define WSCALE_MAX 14u /* RFC 7323 section 2.3 */

struct tcp_options {
	uint32_t ts_val, ts_ecr;
	uint16_t mss;      /* 0 = not there */
	uint8_t wscale;
	bool has_ts, has_wscale, sack_ok;
};

void options_read(struct tcp_options *out, const uint8_t *octets, size_t len);

/*
 * Leave of a SYN's options what a relay can keep its word on: one each of MSS, window
 * scale (at most 14), SACK-permitted and time-stamp. Everything else becomes NOPs, in
 * place: Fast Open (RFC 7413) and Multipath TCP (RFC 8684) would let octets past us, and
 * of what we do not know (RFC 9293 section 3.1 lets a receiver ignore it) we could not say
 * what our own segments owe it. What lies behind the end or behind an option that cannot
 * be becomes 0. How many octets changed.
 */
unsigned options_strip(uint8_t *octets, size_t len);

/* An MSS above most becomes most. Whether one was. */
bool options_limit_mss(uint8_t *octets, size_t len, uint16_t most);

/* NOP NOP TS (RFC 7323 appendix A), 12 octets; returns 12. In words, because the header's
 * sum loads them as such. */
#define OPTIONS_TS_OCTETS 12u
static inline unsigned options_write_ts(uint8_t *out, uint32_t ts_val, uint32_t ts_ecr)
{
	const uint8_t before[4] = { OPTION_NOP, OPTION_NOP, OPTION_TS, 10 };
	const uint32_t val = __builtin_bswap32(ts_val), ecr = __builtin_bswap32(ts_ecr);

	memcpy(out, before, sizeof(before));
	memcpy(out + 4, &val, sizeof(val));
	memcpy(out + 8, &ecr, sizeof(ecr));
	return OPTIONS_TS_OCTETS;
}

#endif
