/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tunnel: what a frame that is not ours is wrapped in. Whoever takes it off may find TCP
 * there that nobody screened: it is counted, so that an operator sees that there is such.
 *
 * By what the headers say; what is wrapped is not looked at, and a tunnel that hides what it
 * is (another port, TLS) is not known as one.
 *
 * Threads: pure.
 */
#ifndef DP_TUNNEL_H
#define DP_TUNNEL_H
#include <stdint.h>

enum tunnel {
	TUNNEL_NONE,
	TUNNEL_MPLS,
	TUNNEL_PPPOE,
	TUNNEL_GRE,
	TUNNEL_IP,    /* IPv4 or IPv6 in either: protocols 4 and 41 */
	TUNNEL_VXLAN, /* and GENEVE */
	TUNNEL_GTP,   /* user plane */
	TUNNEL_IPSEC, /* ESP, also in UDP, and AH */
	TUNNEL_OTHER, /* 802.2 SNAP around IP, MACsec, 802.1ah, EtherIP, L2TP, Teredo */
};

/* Of a frame whose first len octets are these; reads nothing behind them. */
enum tunnel tunnel_of(const uint8_t *frame, uint32_t len);

#endif
