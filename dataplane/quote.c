/* SPDX-License-Identifier: Apache-2.0 */
#include "quote.h"

#include <netinet/in.h>
#include <string.h>

enum { V4_LEN = 20, V6_LEN = 40, ICMP_LEN = 8, PORTS_AND_SEQ = 8 };
enum { TYPE_V4 = 3, CODE_V4 = 4, TYPE_V6 = 2 };

/* Octets that have been checked to be there. */
struct part {
	const uint8_t *at;
	size_t len;
};

static uint16_t read16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t read32(const uint8_t *p) { return (uint32_t)read16(p) << 16 | read16(p + 2); }

static bool skip(struct part *p, size_t n)
{
	if (p->len < n)
		return false;
	p->at += n;
	p->len -= n;
	return true;
}

/* Ethernet and at most two tags; 0: neither IPv4 nor IPv6 follows. */
static unsigned skip_ethernet(struct part *p, struct flow_key *key)
{
	uint16_t vlan[2] = { 0, 0 };

	if (!skip(p, 12))
		return 0;
	for (unsigned n = 0; n < 2 && p->len >= 4; n++) {
		const uint16_t type = read16(p->at);
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		vlan[n] = read16(p->at + 2) & 0xfff;
		(void)skip(p, 4);
	}
	key->outer_vlan = vlan[0];
	key->inner_vlan = vlan[1];
	if (p->len < 2)
		return 0;
	const uint16_t type = read16(p->at);
	(void)skip(p, 2);
	return type == 0x0800 ? 4 : type == 0x86dd ? 6 : 0;
}

/* An IPv4 header, whole and first of its packet; what it carries is left in p. */
static bool skip_v4(struct part *p, uint8_t protocol, bool whole, const uint8_t **header)
{
	if (p->len < V4_LEN || p->at[0] >> 4 != 4)
		return false;
	const size_t header_len = (p->at[0] & 15u) * 4u, total = read16(p->at + 2);
	*header = p->at;
	if (header_len < V4_LEN || total < header_len || p->at[9] != protocol ||
	    (read16(p->at + 6) & 0x3fff) != 0)
		return false;
	if (whole) {
		if (total > p->len)
			return false;
		p->len = total; /* no padding */
	}
	return skip(p, header_len);
}

static bool skip_v6(struct part *p, uint8_t protocol, bool whole, const uint8_t **header)
{
	if (p->len < V6_LEN || p->at[0] >> 4 != 6 || p->at[6] != protocol)
		return false;
	const size_t payload = read16(p->at + 4);
	*header = p->at;
	if (!skip(p, V6_LEN))
		return false;
	if (whole) {
		if (payload > p->len)
			return false;
		p->len = payload;
	}
	return true;
}

/* RFC 4443 section 2.3: ICMPv6 sums a pseudo header too; RFC 792 does not. */
static bool sum_is_right(const struct part *icmp, const uint8_t *ip, unsigned version)
{
	uint32_t sum = 0;

	if (version == 6) {
		const uint8_t pseudo[8] = { 0,
			                    0,
			                    (uint8_t)(icmp->len >> 8),
			                    (uint8_t)icmp->len,
			                    0,
			                    0,
			                    0,
			                    IPPROTO_ICMPV6 };
		sum = checksum_add(ip + 8, 32, 0);
		sum = checksum_fold(checksum_add(pseudo, sizeof(pseudo), sum));
	}
	return checksum_fold(checksum_add(icmp->at, (uint32_t)icmp->len, sum)) == 0xffff;
}

/* The quoted segment was on its way to side: its source is the other end. */
static void set_ends(struct flow_key *key, const uint8_t *ip, const uint8_t *tcp,
                     enum side side)
{
	const bool to_esme = side == SIDE_ESME;
	uint8_t *source = to_esme ? key->smsc_addr : key->esme_addr;
	uint8_t *target = to_esme ? key->esme_addr : key->smsc_addr;

	if (key->ip_version == 4) { /* RFC 4291 section 2.5.5.2 */
		memset(source + 10, 0xff, 2);
		memset(target + 10, 0xff, 2);
		memcpy(source + 12, ip + 12, 4);
		memcpy(target + 12, ip + 16, 4);
	} else {
		memcpy(source, ip + 8, 16);
		memcpy(target, ip + 24, 16);
	}
	memcpy(to_esme ? &key->smsc_port : &key->esme_port, tcp, 2);
	memcpy(to_esme ? &key->esme_port : &key->smsc_port, tcp + 2, 2);
}

bool quote_read(struct quote *out, const uint8_t *frame, size_t len, enum side side,
                uint16_t link)
{
	struct part p = { frame, len };
	const uint8_t *ip;

	*out = (struct quote){ .key = { .link = link } };
	const unsigned version = skip_ethernet(&p, &out->key);
	out->key.ip_version = (uint8_t)version;
	if (version == 4 ? !skip_v4(&p, IPPROTO_ICMP, true, &ip)
	                 : version != 6 || !skip_v6(&p, IPPROTO_ICMPV6, true, &ip))
		return false;
	const struct part icmp = p;
	if (!skip(&p, ICMP_LEN) || icmp.at[0] != (version == 4 ? TYPE_V4 : TYPE_V6) ||
	    icmp.at[1] != (version == 4 ? CODE_V4 : 0) || !sum_is_right(&icmp, ip, version))
		return false;
	out->mtu = version == 4 ? read16(icmp.at + 6) : read32(icmp.at + 4);
	out->size = version == 4 && p.len >= 4 ? read16(p.at + 2) : 0;
	if (version == 4 ? !skip_v4(&p, IPPROTO_TCP, false, &ip)
	                 : !skip_v6(&p, IPPROTO_TCP, false, &ip))
		return false;
	if (p.len < PORTS_AND_SEQ)
		return false;
	out->seq = read32(p.at + 4);
	set_ends(&out->key, ip, p.at, side);
	return true;
}
