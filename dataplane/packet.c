/* SPDX-License-Identifier: Apache-2.0 */
#include "packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_mbuf.h>

#include "check.h"
#include "checksum_sum.h"
#include "flow.h"

enum { ETHERTYPE_V4 = 0x0800, ETHERTYPE_V6 = 0x86dd };
enum { V4_LEN = 20, V6_LEN = 40, TCP_LEN = 20 };

/* Destination options may come twice and the others once (RFC 8200 section 4.1);
 * receivers accept more, so we read more before we refuse. */
#define EXTENSIONS_MAX 16u

/* No network needs more than two, but Linux takes off as many priority tags (VLAN 0) as
 * there are: what is behind them is read so far that no message hides there. */
#define TAGS_MAX 16u

enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

/* The octets of a frame and what the walk through its headers has found. */
struct walk {
	const uint8_t *frame;
	uint32_t len;                 /* octets that can be read */
	uint32_t l3_off, l4_off, end; /* end: of the IP payload, <= len */
	enum fragment fragment;
	uint8_t version;  /* 4, 6 or 0 = not IP */
	uint8_t protocol; /* of what is at l4_off */
	bool lying;       /* lengths contradict each other or the frame */
	bool cut;         /* the readable octets ended before the headers did */
	bool endless;     /* more tags or extension headers than we read */
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
	for (unsigned n = 0; is_vlan_tag(type); n++) {
		w->endless = n == TAGS_MAX;
		if (w->endless || !readable(w, at + 2, 4))
			return 0;
		if (n < 2)
			vlan[n] = read16(w->frame + at + 2) & 0xfff;
		w->lying |= n >= 2;
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
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_DSTOPTS;
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

/* The key in its six words as they lie in memory; IPv4 as ::ffff:a.b.c.d (RFC 4291
 * section 2.5.5.2). */
static __rte_always_inline void set_key(struct packet *out, const struct walk *w, uint16_t link)
{
	const uint8_t *ip = w->frame + w->l3_off;
	const bool esme = out->side == SIDE_ESME; /* it is the source */
	const uint32_t ports = sum_load32(w->frame + w->l4_off);
	uint64_t *key = out->key.words;

	if (w->version == 4) {
		const uint64_t both = sum_load64(ip + 12), swapped = both << 32 | both >> 32;
		key[0] = key[2] = 0;
		key[1] = UINT64_C(0xffff0000) | (esme ? swapped : both) >> 32 << 32;
		key[3] = UINT64_C(0xffff0000) | (esme ? both : swapped) >> 32 << 32;
	} else {
		memcpy(key, ip + (esme ? 8 : 24), 16);
		memcpy(key + 2, ip + (esme ? 24 : 8), 16);
	}
	key[4] = (esme ? ports : ports << 16 | ports >> 16) | (uint64_t)w->outer_vlan << 32 |
	         (uint64_t)w->inner_vlan << 48;
	key[5] = link | (uint64_t)w->version << 16;
	out->hash = flow_hash(&out->key);
}

static __rte_always_inline void set_tcp(struct packet *out, const struct walk *w,
                                        uint32_t header_len)
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

static __rte_always_inline bool ip_sum_right(const struct packet_policy *policy,
                                             const struct walk *w, uint64_t flags)
{
	flags &= RTE_MBUF_F_RX_IP_CKSUM_MASK;
	if (w->version == 6 || flags == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	if (flags == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		return false;
	if (!policy->verify)
		return true;
	const uint8_t *ip = w->frame + w->l3_off;
	const uint32_t sum = ip[0] == 0x45 ? sum_narrow(sum_20(ip))
	                                   : checksum_add(ip, (ip[0] & 15u) * 4u, 0);
	return checksum_fold(sum) == 0xffff;
}

/*
 * Is the TCP checksum right? Sets out->payload_sum. Where the PMD has verified the
 * whole, the payload is not touched: pseudo header, header and payload add up to
 * ones' complement zero, so the payload's sum is the negative of the others'.
 */
static __rte_always_inline bool tcp_sum_right(const struct packet_policy *policy,
                                              const struct walk *w, uint64_t flags,
                                              struct packet *out)
{
	const uint8_t *tcp = w->frame + w->l4_off;
	const uint8_t *ip = w->frame + w->l3_off;
	const uint32_t len = w->end - w->l4_off;
	const uint64_t pseudo =
		w->version == 4 ? sum_pseudo_v4(ip, len) : checksum_pseudo(ip, 6, len);
	const uint32_t header = sum_narrow(sum_add(
		pseudo, sum_tcp_header(tcp, (uint32_t)(out->payload_off - out->l4_off))));

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
	return flags == RTE_MBUF_F_RX_L4_CKSUM_NONE &&
	       field == checksum_fold(sum_narrow(pseudo));
}

/* A whole segment to or from a screened port: are its header and its sums right? */
static __rte_always_inline enum packet_class
judge_segment(const struct packet_policy *policy, const struct walk *w, struct packet *out)
{
	const uint32_t header_len = (w->frame[w->l4_off + 12] >> 4) * 4u;
	const uint64_t flags = out->mbuf->ol_flags;

	if (header_len < TCP_LEN || w->l4_off + header_len > w->end)
		return PACKET_BAD_HEADER;
	set_tcp(out, w, header_len);
	if (!ip_sum_right(policy, w, flags) || !tcp_sum_right(policy, w, flags, out))
		return PACKET_BAD_CHECKSUM;
	set_key(out, w, policy->link);
	return PACKET_TCP;
}

static inline bool is_either_screened(const struct packet_policy *policy, const uint8_t *tcp)
{
	uint16_t ports[2];

	memcpy(ports, tcp, 4);
	return is_screened(policy, ports[0]) || is_screened(policy, ports[1]);
}

static enum packet_class judge_tcp(const struct packet_policy *policy, struct walk *w,
                                   struct packet *out)
{
	if (w->l4_off + 4 > w->end) {
		w->cut |= w->end == w->len;
		return w->fragment == FRAGMENT_FIRST ? PACKET_FRAGMENT : PACKET_OTHER;
	}
	if (w->fragment != FRAGMENT_NONE && policy->reassemble)
		return PACKET_FRAGMENT;
	if (!is_either_screened(policy, w->frame + w->l4_off))
		return PACKET_OTHER;
	if (w->fragment != FRAGMENT_NONE)
		return PACKET_FRAGMENT;
	if (w->lying || w->l4_off + TCP_LEN > w->end)
		return PACKET_BAD_HEADER;
	return judge_segment(policy, w, out);
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

/* Where its octets lie, for who puts it together (reassembly.h). */
static void set_fragment(struct packet *out, const struct walk *w)
{
	const bool first = w->version == 4 || w->frame[w->l3_off + 6] == IPPROTO_FRAGMENT;
	const uint32_t at = w->version == 4 ? w->l4_off : w->l3_off + V6_LEN + 8;

	out->l3_off = (uint16_t)w->l3_off;
	out->l4_off = (uint16_t)at;
	out->payload_len = first && !w->lying && at < w->end ? (uint16_t)(w->end - at) : 0;
}

/*
 * Nearly every frame: a whole IPv4 segment without tag, IP option or fragment. Says what
 * judge() says, with offsets that the compiler knows. False: not such a frame, or not
 * one of a screened port; nothing is decided.
 */
static __rte_always_inline bool judge_plain(const struct packet_policy *policy,
                                            const uint8_t *frame, uint32_t len,
                                            struct packet *out)
{
	enum { L3 = 14, L4 = L3 + V4_LEN };
	const uint8_t *ip = frame + L3;

	if (len < L4 + TCP_LEN || (sum_load32(frame + 12) & 0xffffff) != 0x450008 ||
	    ip[9] != IPPROTO_TCP || (sum_load32(ip + 4) & 0xff3f0000) != 0)
		return false;
	const uint32_t total = read16(ip + 2);
	if (total < V4_LEN + TCP_LEN || L3 + total > len ||
	    !is_either_screened(policy, frame + L4))
		return false;
	const struct walk w = { .frame = frame,
		                .len = len,
		                .l3_off = L3,
		                .l4_off = L4,
		                .end = L3 + total,
		                .version = 4,
		                .protocol = IPPROTO_TCP };
	out->class = judge_segment(policy, &w, out);
	return true;
}

void packet_parse(const struct packet_policy *policy, struct rte_mbuf *mbuf, enum side side,
                  struct packet *out)
{
	const bool scattered = mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0;
	struct walk w = { .frame = rte_pktmbuf_mtod(mbuf, const uint8_t *),
		          .len = rte_pktmbuf_data_len(mbuf),
		          .lying = scattered };

	out->mbuf = mbuf;
	out->side = side;
	if (likely(!scattered && judge_plain(policy, w.frame, w.len, out)))
		return;
	*out = (struct packet){ .mbuf = mbuf, .side = side };
	out->class = judge(policy, &w, out);
	if (out->class == PACKET_OTHER && (w.endless || (scattered && w.cut)))
		out->class = PACKET_BAD_HEADER;
	if (out->class == PACKET_FRAGMENT)
		set_fragment(out, &w);
}

void packet_carried(const uint8_t *frame, uint32_t len, struct packet_carried *out)
{
	struct walk w = { .frame = frame, .len = len };

	*out = (struct packet_carried){ 0 };
	out->ethertype = walk_ethernet(&w);
	out->l3_off = w.l3_off;
	if (out->ethertype == ETHERTYPE_V4 ? !walk_v4(&w)
	                                   : out->ethertype != ETHERTYPE_V6 || !walk_v6(&w))
		return;
	out->ip = true;
	out->protocol = w.protocol;
	out->l4_off = w.l4_off;
	out->later = w.fragment == FRAGMENT_LATER;
}
