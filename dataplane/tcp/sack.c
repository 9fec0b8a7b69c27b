/* SPDX-License-Identifier: Apache-2.0 */
/* sack: what a leg says of the octets it holds behind gaps (RFC 2018). */
#include <string.h>

#include "relay_priv.h"

#define SACK_BLOCKS_MAX 3u /* beside a time-stamp, RFC 2018 section 3 */

/* SACK blocks for what lies behind gaps, newest information not tracked: the lowest
 * runs first, which a sender needs most (RFC 2018 section 4 asks for the latest). */
unsigned leg_write_sack(const struct leg *l, uint8_t *out)
{
	unsigned blocks = 0;
	uint8_t *at = out + 4;

	for (struct rte_mbuf *m = l->ooo.head; m != NULL && blocks < SACK_BLOCKS_MAX;
	     blocks++) {
		const uint32_t left = segment_of(m)->seq;
		uint32_t right = left;
		while (m != NULL && segment_of(m)->seq == right) {
			right += segment_of(m)->len;
			m = segment_of(m)->next;
		}
		const uint32_t be[2] = { rte_cpu_to_be_32(left), rte_cpu_to_be_32(right) };
		memcpy(at, be, sizeof(be));
		at += sizeof(be);
	}
	if (blocks == 0)
		return 0;
	out[0] = OPTION_NOP;
	out[1] = OPTION_NOP;
	out[2] = OPTION_SACK;
	out[3] = (uint8_t)(2 + 8 * blocks);
	return 4 + 8 * blocks;
}
