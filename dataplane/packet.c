/* SPDX-License-Identifier: Apache-2.0 */
#include "packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_mbuf.h>

#include "check.h"
#include "flow.h"

enum { ETHERTYPE_V4 = 0x0800, ETHERTYPE_V6 = 0x86dd };
enum { V4_LEN = 20, V6_LEN = 40, TCP_LEN = 20 };

/* Destination options may come twice and the others once (RFC 8200 section 4.1);
 * receivers accept more, so we read more before we refuse. */
#define EXTENSIONS_MAX 16u

enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

/* The octets of a frame and what the walk through its headers has found. */
struct walk {
	const uint8_t *frame;
	uint32_t len;                /* octets that can be read */
	uint32_t l3_off, l4_off, end; /* end: of the IP payload, <= len */
	enum fragment fragment;
	uint8_t version;             /* 4, 6 or 0 = not IP */
	uint8_t protocol;            /* of what is at l4_off */
	bool lying;                  /* lengths contradict each other or the frame */
	bool cut;                    /* the readable octets ended before the headers did */
	bool endless;                /* more extension headers than we read */
	uint16_t outer_vlan, inner_vlan;
};

static inline uint16_t read16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t read32(const uint8_t *p)
{
	return (uint32_t)read16(p) << 16 | read16(p + 2);
}

/* May n octets at offset be read? Every read below has asked this first. */
static inline bool readable(struct walk *w, uint32_t offset, uint32_t n)
{
	if (likely(offset + n <= w->len))
		return true;
	w->cut = true;
	return false;
}

static inline bool is_vlan_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* The EtherType after the tags, 0 when there is none. 802.3 lengths are below 0x600. */
static uint16_t walk_ethernet(struct walk *w)
{
	uint16_t vlan[2] = { 0, 0 };
	uint32_t at = 12;

	if (!readable(w, at, 2))
		return 0;
	uint16_t type = read16(w->frame + at);
	for (unsigned n = 0; n < 2 && is_vlan_tag(type); n++) {
		if (!readable(w, at + 2, 4))
			return 0;
		vlan[n] = read16(w->frame + at + 2) & 0xfff;
		type = read16(w->frame + at + 4);
		at += 4;
	}
	w->outer_vlan = vlan[0];
	w->inner_vlan = vlan[1];
	w->l3_off = at + 2;
	return type;
}

static void set_end(struct walk *w, uint32_t end)
{
	w->lying |= end > w->len;
	w->end = end > w->len ? w->len : end;
}

static bool walk_v4(struct walk *w)
{
	const uint8_t *ip = w->frame + w->l3_off;

	if (!readable(w, w->l3_off, V4_LEN) || ip[0] >> 4 != 4)
		return false;
	const uint32_t header_len = (ip[0] & 15u) * 4u;
	if (header_len < V4_LEN || !readable(w, w->l3_off, header_len))
		return false;

	const uint16_t total = read16(ip + 2), fragment = read16(ip + 6);
	w->version = 4;
	w->protocol = ip[9];
	w->l4_off = w->l3_off + header_len;
	w->lying |= total < header_len;
	set_end(w, total < header_len ? w->len : w->l3_off + total);
	if (fragment & 0x1fff)
		w->fragment = FRAGMENT_LATER;
	else if (fragment & 0x2000)
		w->fragment = FRAGMENT_FIRST;
	return true;
}

static inline bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_DSTOPTS;
}

/* One extension header at w->l4_off; its length. */
static uint32_t walk_extension(struct walk *w, uint8_t kind)
{
	const uint8_t *p = w->frame + w->l4_off;

	if (kind == IPPROTO_FRAGMENT) {
		/* An atomic fragment (RFC 6946) is one too: no TCP stack sends it. */
		w->fragment = read16(p + 2) & 0xfff8 ? FRAGMENT_LATER : FRAGMENT_FIRST;
		return 8;
	}
	/* Under way to another address than the one in the header: the pseudo header
	 * and the connection are not what they seem (RFC 8200 section 8.1). */
	if (kind == IPPROTO_ROUTING && p[3] != 0)
		w->lying = true;
	return (p[1] + 1u) * 8u;
}

static bool walk_v6(struct walk *w)
{
	const uint8_t *ip = w->frame + w->l3_off;

	if (!readable(w, w->l3_off, V6_LEN) || ip[0] >> 4 != 6)
		return false;
	const uint16_t payload = read16(ip + 4);
	w->version = 6;
	w->protocol = ip[6];
	w->l4_off = w->l3_off + V6_LEN;
	/* No length and hop-by-hop options: a jumbogram, or one that pretends to be and
	 * that some receivers read to the end of the frame. */
	const bool jumbo = payload == 0 && ip[6] == IPPROTO_HOPOPTS;
	w->lying |= jumbo;
	set_end(w, jumbo ? w->len : w->l4_off + payload);

	for (unsigned n = 0; is_extension(w->protocol); n++) {
		if (w->fragment == FRAGMENT_LATER)
			return true;
		if (n == EXTENSIONS_MAX) {
			w->endless = true;
			return false;
		}
		if (w->l4_off + 8 > w->end) {
			w->cut |= w->end == w->len;
			return w->fragment == FRAGMENT_FIRST;
		}
		const uint8_t kind = w->protocol;
		w->protocol = w->frame[w->l4_off];
		w->l4_off += walk_extension(w, kind);
	}
	return true;
}

static bool is_screened(const struct packet_policy *policy, uint16_t port)
{
	for (unsigned i = 0; i < policy->n_ports; i++) {
		if (policy->ports[i] == port)
			return true;
	}
	return false;
}

/* IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
static void set_addr(uint8_t out[16], const uint8_t *addr, uint8_t version)
{
	if (version == 6) {
		memcpy(out, addr, 16);
		return;
	}
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, addr, 4);
}

static void set_key(struct packet *out, const struct walk *w, uint16_t link)
{
	const uint8_t *ip = w->frame + w->l3_off, *tcp = w->frame + w->l4_off;
	const uint8_t *src = ip + (w->version == 4 ? 12 : 8);
	const uint8_t *dst = ip + (w->version == 4 ? 16 : 24);
	const bool from_esme = out->side == SIDE_ESME;
	struct flow_key *key = &out->key;

	*key = (struct flow_key){ .outer_vlan = w->outer_vlan, .inner_vlan = w->inner_vlan,
				  .link = link, .ip_version = w->version };
	set_addr(key->esme_addr, from_esme ? src : dst, w->version);
	set_addr(key->smsc_addr, from_esme ? dst : src, w->version);
	memcpy(&key->esme_port, tcp + (from_esme ? 0 : 2), 2);
	memcpy(&key->smsc_port, tcp + (from_esme ? 2 : 0), 2);
	out->hash = flow_hash(key);
}

static void set_tcp(struct packet *out, const struct walk *w, uint32_t header_len)
{
	const uint8_t *tcp = w->frame + w->l4_off;

	out->l3_off = (uint16_t)w->l3_off;
	out->l4_off = (uint16_t)w->l4_off;
	out->payload_off = (uint16_t)(w->l4_off + header_len);
	out->payload_len = (uint16_t)(w->end - w->l4_off - header_len);
	out->seq = read32(tcp + 4);
	out->ack = read32(tcp + 8);
	out->flags = tcp[13] & 0x3f;
	out->window = read16(tcp + 14);
	out->options_len = (uint8_t)(header_len - TCP_LEN);
}

static bool ip_sum_right(const struct packet_policy *policy, const struct walk *w, uint64_t flags)
{
	flags &= RTE_MBUF_F_RX_IP_CKSUM_MASK;
	if (w->version == 6 || flags == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	if (flags == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		return false;
	const uint8_t *ip = w->frame + w->l3_off;
	return !policy->verify ||
	       checksum_fold(checksum_add(ip, (ip[0] & 15u) * 4u, 0)) == 0xffff;
}

/*
 * Is the TCP checksum right? Sets out->payload_sum. Where the PMD has verified the
 * whole, the payload is not touched: pseudo header, header and payload add up to
 * ones' complement zero, so the payload's sum is the negative of the others'.
 */
static bool tcp_sum_right(const struct packet_policy *policy, const struct walk *w,
                          uint64_t flags, struct packet *out)
{
	const uint8_t *tcp = w->frame + w->l4_off;
	const uint32_t pseudo = checksum_pseudo(w->frame + w->l3_off, w->version,
						w->end - w->l4_off);
	const uint32_t header =
		checksum_add(tcp, (uint32_t)(out->payload_off - out->l4_off), pseudo);

	flags &= RTE_MBUF_F_RX_L4_CKSUM_MASK;
	if (flags == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	if (flags == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
	    (flags == RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN && !policy->verify)) {
		out->payload_sum = out->payload_len ? (uint16_t)~checksum_fold(header) : 0;
		return true;
	}
	out->payload_sum =
		checksum_fold(checksum_add(w->frame + out->payload_off, out->payload_len, 0));
	if (checksum_fold(header + out->payload_sum) == 0xffff)
		return true;
	/* NONE: integrity is vouched for but the field is not filled in, as between
	 * virtual machines of one host: it then holds the pseudo header's sum. */
	uint16_t field;
	memcpy(&field, tcp + 16, 2);
	return flags == RTE_MBUF_F_RX_L4_CKSUM_NONE && field == checksum_fold(pseudo);
}

static enum packet_class judge_tcp(const struct packet_policy *policy, struct walk *w,
                                   struct packet *out)
{
	const uint8_t *tcp = w->frame + w->l4_off;
	uint16_t ports[2];

	if (w->l4_off + 4 > w->end) {
		w->cut |= w->end == w->len;
		return w->fragment == FRAGMENT_FIRST ? PACKET_FRAGMENT : PACKET_OTHER;
	}
	memcpy(ports, tcp, 4);
	if (!is_screened(policy, ports[0]) && !is_screened(policy, ports[1]))
		return PACKET_OTHER;
	if (w->fragment != FRAGMENT_NONE)
		return PACKET_FRAGMENT;
	if (w->lying || w->l4_off + TCP_LEN > w->end)
		return PACKET_BAD_HEADER;
	const uint32_t header_len = (tcp[12] >> 4) * 4u;
	if (header_len < TCP_LEN || w->l4_off + header_len > w->end)
		return PACKET_BAD_HEADER;

	const uint64_t flags = out->mbuf->ol_flags;
	set_tcp(out, w, header_len);
	if (!ip_sum_right(policy, w, flags) || !tcp_sum_right(policy, w, flags, out))
		return PACKET_BAD_CHECKSUM;
	set_key(out, w, policy->link);
	return PACKET_TCP;
}

static enum packet_class judge(const struct packet_policy *policy, struct walk *w,
                               struct packet *out)
{
	const uint16_t type = walk_ethernet(w);
	const bool ip = type == ETHERTYPE_V4 ? walk_v4(w) : type == ETHERTYPE_V6 && walk_v6(w);

	if (!ip)
		return PACKET_OTHER;
	/* Where a chain ends in a fragment, what it would have led to is unknown. */
	const bool hidden = is_extension(w->protocol) && w->version == 6;
	if (w->protocol != IPPROTO_TCP && !hidden)
		return PACKET_OTHER;
	if (w->fragment == FRAGMENT_LATER || hidden)
		return PACKET_FRAGMENT;
	return judge_tcp(policy, w, out);
}

void packet_parse(const struct packet_policy *policy, struct rte_mbuf *mbuf, enum side side,
                  struct packet *out)
{
	const bool scattered = mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0;
	struct walk w = { .frame = rte_pktmbuf_mtod(mbuf, const uint8_t *),
			  .len = rte_pktmbuf_data_len(mbuf), .lying = scattered };

	*out = (struct packet){ .mbuf = mbuf, .side = side };
	out->class = judge(policy, &w, out);
	if (out->class == PACKET_OTHER && (w.endless || (scattered && w.cut)))
		out->class = PACKET_BAD_HEADER;
}
