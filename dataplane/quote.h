/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quote: what a router says of a segment that was too big for it: ICMP "fragmentation
 * needed and DF set" (RFC 792, RFC 1191 section 4) or ICMPv6 "packet too big" (RFC 4443
 * section 3.2), with the beginning of the segment.
 *
 * Threads: pure.
 */
#ifndef DP_QUOTE_H
#define DP_QUOTE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct quote {
	struct flow_key key; /* of the connection, as packet.h makes it */
	uint32_t seq;        /* of the segment: host order */
	uint32_t mtu;        /* of the next link, octets; 0: the router does not say */
	uint16_t size;       /* octets of the IP packet that was too big; 0 when IPv6 */
};

/*
 * Read the frame, which came in on side, so that the segment was on its way there. False:
 * it is something else, or damaged (its checksum is verified), or quotes no TCP.
 */
bool quote_read(struct quote *out, const uint8_t *frame, size_t len, enum side side,
                uint16_t link);

#endif
