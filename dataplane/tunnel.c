/* SPDX-License-Identifier: Apache-2.0 */
#include "tunnel.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "packet.h"

enum { PORTS_LEN = 4, SNAP_LEN = 6 };

static uint16_t read16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

/* 802.2 with a SNAP header around IP (RFC 1042), which some stacks still take. */
static bool is_snap_ip(const uint8_t *p, uint32_t len)
{
	static const uint8_t snap[SNAP_LEN] = { 0xaa, 0xaa, 3, 0, 0, 0 };

	if (len < SNAP_LEN + 2 || memcmp(p, snap, SNAP_LEN) != 0)
		return false;
	const uint16_t type = read16(p + SNAP_LEN);
	return type == 0x0800 || type == 0x86dd || type == 0x8100;
}

static enum tunnel of_ethertype(uint16_t type, const uint8_t *p, uint32_t len)
{
	switch (type) {
	case 0x8847: /* RFC 5332 */
	case 0x8848:
		return TUNNEL_MPLS;
	case 0x8864: /* RFC 2516; discovery, 0x8863, carries nothing */
		return TUNNEL_PPPOE;
	case 0x88e5: /* MACsec */
	case 0x88e7: /* 802.1ah */
		return TUNNEL_OTHER;
	case 0: /* cut off */
		return TUNNEL_NONE;
	default:
		return type < 0x600 && is_snap_ip(p, len) ? TUNNEL_OTHER : TUNNEL_NONE;
	}
}

/* The ports that IANA gave: a tunnel may use others, which nothing shows. */
static enum tunnel of_port(uint16_t port)
{
	switch (port) {
	case 4789: /* RFC 7348 */
	case 8472: /* the same, as Linux had it before there was a number */
	case 6081: /* GENEVE, RFC 8926 */
		return TUNNEL_VXLAN;
	case 2152: /* 3GPP TS 29.281 */
		return TUNNEL_GTP;
	case 4500: /* RFC 3948 */
		return TUNNEL_IPSEC;
	case 1701: /* L2TP, RFC 3931 */
	case 3544: /* Teredo, RFC 4380 */
		return TUNNEL_OTHER;
	default:
		return TUNNEL_NONE;
	}
}

/* Answers of GTP and IPsec come from the port. */
static enum tunnel of_udp(const uint8_t *udp, uint32_t len)
{
	if (len < PORTS_LEN)
		return TUNNEL_NONE;
	const enum tunnel to = of_port(read16(udp + 2));
	return to != TUNNEL_NONE ? to : of_port(read16(udp));
}

static enum tunnel of_protocol(const struct packet_carried *c, const uint8_t *p, uint32_t len)
{
	switch (c->protocol) {
	case IPPROTO_GRE:
		return TUNNEL_GRE;
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return TUNNEL_IP;
	case IPPROTO_ESP:
	case IPPROTO_AH:
		return TUNNEL_IPSEC;
	case 97:  /* EtherIP, RFC 3378 */
	case 115: /* L2TP, RFC 3931 */
		return TUNNEL_OTHER;
	case IPPROTO_UDP: /* of a fragment only the first has ports */
		return c->later ? TUNNEL_NONE : of_udp(p, len);
	default:
		return TUNNEL_NONE;
	}
}

enum tunnel tunnel_of(const uint8_t *frame, uint32_t len)
{
	struct packet_carried c;

	packet_carried(frame, len, &c);
	const uint32_t off = c.ip ? c.l4_off : c.l3_off, at = off < len ? off : len;
	return c.ip ? of_protocol(&c, frame + at, len - at)
	            : of_ethertype(c.ethertype, frame + at, len - at);
}
