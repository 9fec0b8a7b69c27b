/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header: the Ethernet, VLAN, IP and TCP headers of the segments that we send.
 *
 * A template holds what one direction of a connection keeps of its sender: MAC
 * addresses, VLAN tags, addresses, TTL or hop limit, DSCP, flow label, DF. It is
 * captured from a received packet and put before every payload of that direction.
 *
 * Left out on purpose
 *   IPv4 options and IPv6 extension headers: they belong to one packet (record
 *   route, time-stamps), and a segment of ours is another packet.
 *   ECN: a template is Not-ECT, because our legs do not answer a congestion mark
 *   (RFC 3168 section 6.1), and a CE once seen must not be repeated for ever.
 *
 * Checksums are O(headers): the payload's sum comes with it (packet.h). Those that
 * the port writes itself are left to it, with the pseudo header it needs.
 *
 * Threads: pure.
 */
#ifndef DP_HEADER_H
#define DP_HEADER_H
#include <stdint.h>

#include "check.h"
#include "packet.h"

struct rte_mbuf;

/* Of the flags of a received frame, those that say whose its octets are: they stay when what
 * the port said of reception is forgotten, or they would go back to the wrong owner. */
#define FRAME_OWNER_FLAGS (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)

/* One cache line: every flow holds two. 14 + 2 x 4 + 40 octets at most. */
struct header_template {
	uint8_t octets[62]; /* Ethernet and IP header; lengths, id and checksum 0 */
	uint8_t l2_len;     /* 14, 18 or 22 */
	uint8_t l3_len;     /* 20: IPv4; 40: IPv6 */
};
_Static_assert(sizeof(struct header_template) == 64, "one cache line");

#define HEADER_OPTIONS_MAX 40u

struct header_fields {
	uint16_t src_port, dst_port; /* network order */
	uint16_t window;             /* as in the header, not scaled; host order */
	uint16_t ip_id;              /* IPv4 identification; host order */
	uint32_t seq, ack;           /* host order */
	uint16_t payload_sum;        /* as struct packet has it; unused with HEADER_TCP_SUM */
	uint8_t flags;               /* enum tcp_flag */
	uint8_t options_len;         /* octets, a multiple of 4, <= HEADER_OPTIONS_MAX */
	const uint8_t *options;      /* NULL only when options_len is 0 */
};

/* What the port writes itself: ORed. */
enum header_offload { HEADER_IP_SUM = 1, HEADER_TCP_SUM = 2 };

static inline uint32_t header_len(const struct header_template *t, uint8_t options_len)
{
	return (uint32_t)t->l2_len + t->l3_len + 20u + options_len;
}

/* The template of the direction that packet (class PACKET_TCP) travels in. */
void header_capture(struct header_template *out, const struct packet *packet);

/* The same path backwards: MAC and IP addresses swapped, TTL 64. For an answer to
 * an end from which nothing but this packet was seen. */
void header_reverse(struct header_template *t);

/*
 * Write header_len() octets at out, for a payload of payload_len octets that
 * follows (in memory or in another segment). Returns header_len().
 */
uint32_t header_render(const struct header_template *t, const struct header_fields *fields,
                       uint32_t payload_len, unsigned offload, uint8_t *out);

/*
 * Put the headers before the payload that mbuf holds (its pkt_len octets, in one
 * or more segments; 0 is a bare ACK) and set offload flags and lengths; flags left
 * from reception are cleared. 0, or -ENOSPC: less headroom than header_len(); then
 * mbuf is unchanged.
 */
must_use int header_write(const struct header_template *t, const struct header_fields *fields,
                          unsigned offload, struct rte_mbuf *mbuf);

#endif
