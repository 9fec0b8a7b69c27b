/* SPDX-License-Identifier: Apache-2.0 */
#include "header.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_mbuf.h>

enum { V4_LEN = 20, V6_LEN = 40, TCP_LEN = 20 };
_Static_assert(sizeof(((struct header_template *)0)->octets) + TCP_LEN + HEADER_OPTIONS_MAX <=
               FRAME_HEADER_MAX, "headers fit where callers keep room for them");

static inline void write16(uint8_t *p, uint16_t host)
{
	const uint16_t wire = htons(host);

	memcpy(p, &wire, 2);
}

static inline void write32(uint8_t *p, uint32_t host)
{
	const uint32_t wire = htonl(host);

	memcpy(p, &wire, 4);
}

/* Sums are in host order as loaded, so they are stored as they are. */
static inline void store_sum(uint8_t *p, uint16_t sum)
{
	memcpy(p, &sum, 2);
}

void header_capture(struct header_template *out, const struct packet *packet)
{
	const uint8_t *frame = rte_pktmbuf_mtod(packet->mbuf, const uint8_t *);
	const bool v4 = packet->key.ip_version == 4;

	bug_if(packet->class != PACKET_TCP || packet->l3_off > sizeof(out->octets) - V6_LEN);
	*out = (struct header_template){ .l2_len = (uint8_t)packet->l3_off,
					 .l3_len = v4 ? V4_LEN : V6_LEN };
	memcpy(out->octets, frame, (size_t)out->l2_len + out->l3_len);

	uint8_t *ip = out->octets + out->l2_len;
	if (v4) {
		ip[0] = 0x45;
		ip[1] &= 0xfc; /* DSCP without ECN */
		memset(ip + 2, 0, 4);
		ip[6] &= 0x40; /* DF */
		ip[7] = 0;
		memset(ip + 10, 0, 2);
	} else {
		ip[1] &= 0xcf; /* the ECN bits of the traffic class */
		memset(ip + 4, 0, 2);
		ip[6] = IPPROTO_TCP;
	}
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t keep[16];

	memcpy(keep, a, len);
	memcpy(a, b, len);
	memcpy(b, keep, len);
}

void header_reverse(struct header_template *t)
{
	uint8_t *ip = t->octets + t->l2_len;

	swap(t->octets, t->octets + 6, 6);
	if (t->l3_len == V4_LEN) {
		swap(ip + 12, ip + 16, 4);
		ip[8] = 64;
	} else {
		swap(ip + 8, ip + 24, 16);
		ip[7] = 64;
	}
}

static void render_ip(uint8_t *ip, bool v4, uint16_t id, uint32_t tcp_len, unsigned offload)
{
	if (!v4) {
		write16(ip + 4, (uint16_t)tcp_len);
		return;
	}
	write16(ip + 2, (uint16_t)(V4_LEN + tcp_len));
	write16(ip + 4, id);
	if (!(offload & HEADER_IP_SUM))
		store_sum(ip + 10, (uint16_t)~checksum_fold(checksum_add(ip, V4_LEN, 0)));
}

static void render_tcp(uint8_t *tcp, const struct header_fields *f)
{
	memcpy(tcp, &f->src_port, 2);
	memcpy(tcp + 2, &f->dst_port, 2);
	write32(tcp + 4, f->seq);
	write32(tcp + 8, f->ack);
	tcp[12] = (uint8_t)((TCP_LEN + f->options_len) / 4 << 4);
	tcp[13] = f->flags;
	write16(tcp + 14, f->window);
	memset(tcp + 16, 0, 4); /* checksum, urgent pointer */
	if (f->options_len != 0)
		memcpy(tcp + TCP_LEN, f->options, f->options_len);
}

uint32_t header_render(const struct header_template *t, const struct header_fields *f,
                       uint32_t payload_len, unsigned offload, uint8_t *out)
{
	const uint32_t tcp_header = TCP_LEN + (uint32_t)f->options_len;
	const uint32_t tcp_len = tcp_header + payload_len;
	const bool v4 = t->l3_len == V4_LEN;
	uint8_t *ip = out + t->l2_len, *tcp = ip + t->l3_len;

	bug_if(f->options_len > HEADER_OPTIONS_MAX || f->options_len % 4 != 0);
	bug_if(payload_len > UINT16_MAX - V4_LEN - tcp_header);
	memcpy(out, t->octets, (size_t)t->l2_len + t->l3_len);
	render_ip(ip, v4, f->ip_id, tcp_len, offload);
	render_tcp(tcp, f);

	/* A port that sums wants the pseudo header's sum in the field, not inverted. */
	uint32_t sum = checksum_pseudo(ip, v4 ? 4 : 6, tcp_len);
	if (offload & HEADER_TCP_SUM) {
		store_sum(tcp + 16, checksum_fold(sum));
	} else {
		sum = checksum_add(tcp, tcp_header, sum + f->payload_sum);
		store_sum(tcp + 16, (uint16_t)~checksum_fold(sum));
	}
	return header_len(t, f->options_len);
}

static uint64_t offload_flags(const struct header_template *t, unsigned offload)
{
	const bool v4 = t->l3_len == V4_LEN;
	uint64_t flags = 0;

	if (v4 && (offload & HEADER_IP_SUM))
		flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	if (offload & HEADER_TCP_SUM)
		flags |= RTE_MBUF_F_TX_TCP_CKSUM |
			 (v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
	return flags;
}

int header_write(const struct header_template *t, const struct header_fields *f,
                 unsigned offload, struct rte_mbuf *mbuf)
{
	const uint32_t payload_len = rte_pktmbuf_pkt_len(mbuf);
	char *at = rte_pktmbuf_prepend(mbuf, (uint16_t)header_len(t, f->options_len));

	if (unlikely(at == NULL))
		return -ENOSPC;
	header_render(t, f, payload_len, offload, (uint8_t *)at);
	mbuf->ol_flags = (mbuf->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) |
			 offload_flags(t, offload);
	mbuf->tx_offload = rte_mbuf_tx_offload(t->l2_len, t->l3_len,
					       (uint64_t)TCP_LEN + f->options_len, 0, 0, 0, 0);
	return 0;
}
