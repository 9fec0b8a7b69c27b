/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet: what a received frame is, decided once from its headers.
 *
 * packet_parse() reads Ethernet, up to two VLAN tags (802.1Q, 802.1ad), IPv4 or
 * IPv6 (extension headers walked with a bound) and TCP, with every length
 * checked against the frame, and verifies the IPv4 and TCP checksums (from the
 * PMD's flags where it verified them, in software where not).
 *
 * Threads: pure; each worker parses its own frames.
 */
#ifndef DP_PACKET_H
#define DP_PACKET_H
#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

enum side { SIDE_ESME = 0, SIDE_SMSC = 1 };
static inline enum side side_other(enum side s)
{
	return (enum side)(SIDE_SMSC - s);
}

enum packet_class {
	PACKET_OTHER,        /* not ours: crosses unchanged */
	PACKET_TCP,          /* TCP with a screened port at either end */
	PACKET_FRAGMENT,     /* IP fragment of TCP: could hide a message */
	PACKET_BAD_CHECKSUM, /* on a screened port */
	PACKET_BAD_HEADER,   /* on a screened port: lengths that cannot be */
};

/* A connection as the wire shows it, the same for both directions: ends are
 * named by side, not by source. IPv4 addresses are v4-mapped. */
struct flow_key {
	union {
		struct {
			uint8_t esme_addr[16], smsc_addr[16];
			uint16_t esme_port, smsc_port;   /* network order */
			uint16_t outer_vlan, inner_vlan; /* VLAN ids, 0 = none */
			uint16_t link;
			uint8_t ip_version;  /* 4 or 6 */
			uint8_t reserved[5]; /* 0: all six words are compared */
		};
		uint64_t words[6]; /* as they lie in memory */
	};
};
_Static_assert(sizeof(struct flow_key) == 48, "flow key");

enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32
};

struct packet {
	struct rte_mbuf *mbuf; /* one contiguous segment, or class OTHER */
	enum packet_class class;
	enum side side;                       /* it came in here */
	uint16_t l3_off, l4_off, payload_off; /* octets from the start of the frame */
	uint16_t payload_len; /* TCP payload, octets; Ethernet padding excluded. Of a
	                          * fragment: what it carries of its datagram, from l4_off on;
	                          * 0: not told, or another header is before its own */
	uint16_t payload_sum; /* ones' complement sum of the payload (RFC 1071), as if it
	                          * began at an even octet; host order of the 16-bit words as
	                          * loaded. Kept so that payload is not summed again */
	uint16_t window;      /* as in the header, not scaled */
	uint32_t seq, ack;
	uint8_t flags;       /* enum tcp_flag */
	uint8_t options_len; /* octets of TCP options, right after the 20 */
	uint32_t hash;       /* of key, symmetric by construction */
	struct flow_key key; /* PACKET_TCP only */
};

#define SMPP_PORTS_MAX 16u
struct packet_policy {
	uint16_t ports[SMPP_PORTS_MAX]; /* screened TCP ports, network order */
	unsigned n_ports;
	uint16_t link; /* stored in keys */
	bool verify;     /* false: the PMD is trusted to have dropped bad ones */
	bool reassemble; /* fragments of TCP are PACKET_FRAGMENT whatever their ports */
};

/*
 * Judge one frame that came in on side. Its octets stay as they are; a frame in
 * several segments is gathered into the first when that has the room.
 *
 * Failure policy, for what cannot be judged: a fragment that could be TCP is
 * PACKET_FRAGMENT; TCP of a screened port behind more than two VLAN tags, more than 16
 * tags, an IPv6 chain of more than 16 extension headers, or headers cut by a segment's
 * end, are PACKET_BAD_HEADER; what no receiver can read as TCP (a
 * wrong version, no room for the ports) is PACKET_OTHER.
 */
void packet_parse(const struct packet_policy *policy, struct rte_mbuf *mbuf, enum side side,
                  struct packet *out);

/* What lies behind a frame's tags and IP headers: for what packet_parse() calls OTHER. */
struct packet_carried {
	uint16_t ethertype; /* behind the tags; below 0x600 a length (802.3); 0: cut off */
	uint32_t l3_off;    /* octets from the start of the frame */
	bool ip;            /* what follows was read: else all 0 */
	uint8_t protocol;   /* at l4_off, behind IPv6 extension headers */
	uint32_t l4_off;
	bool later; /* a fragment that is not its datagram's first */
};

void packet_carried(const uint8_t *frame, uint32_t len, struct packet_carried *out);

/* Largest run of headers we ever write: 14 + 8 + 40 + 60, rounded. */
#define FRAME_HEADER_MAX 128u

/*
 * Ones' complement helpers (RFC 1071), shared with the sender of segments. Sums are
 * of 16-bit words in host order as loaded; 0 and 0xffff both stand for zero.
 */

/* sum plus the words of octets (an odd last one padded with 0), not folded; it never
 * wraps. Any alignment, any len. */
uint32_t checksum_add(const void *octets, uint32_t len, uint32_t sum);

/* The pseudo header's sum (RFC 9293 section 3.1) for the IPv4 or IPv6 header at ip. */
uint32_t checksum_pseudo(const uint8_t *ip, uint8_t ip_version, uint32_t tcp_len);

static inline uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

#endif
