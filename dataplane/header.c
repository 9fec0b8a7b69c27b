/* SPDX-License-Identifier: Apache-2.0 */
#include "header.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_mbuf.h>

#include "checksum_sum.h"

enum { V4_LEN = 20, V6_LEN = 40, TCP_LEN = 20 };
_Static_assert(sizeof(((struct header_template *)0)->octets) + TCP_LEN + HEADER_OPTIONS_MAX <=
                       FRAME_HEADER_MAX,
               "headers fit where callers keep room for them");

static inline void write16(uint8_t *p, uint16_t host)
{
	const uint16_t wire = htons(host);

	memcpy(p, &wire, 2);
}

/* Sums are in host order as loaded, so they are stored as they are. */
static inline void store_sum(uint8_t *p, uint16_t sum) { memcpy(p, &sum, 2); }

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

/* Headers that the copy of a template may run into are written after it. */
enum { COPY_V4 = 48, COPY_V6 = sizeof(((struct header_template *)0)->octets) };
_Static_assert(14 + V4_LEN + TCP_LEN >= COPY_V4 && 14 + V6_LEN + TCP_LEN >= COPY_V6,
               "a copy of fixed size ends inside the shortest headers");

/* The IPv4 header's sum comes from the template, where the fields of ours are 0. */
static __rte_always_inline void render_v4(const struct header_template *t,
                                          const struct header_fields *f, uint32_t tcp_len,
                                          unsigned offload, uint8_t *out)
{
	const uint32_t length = htons((uint16_t)(V4_LEN + tcp_len)), id = htons(f->ip_id);
	const uint32_t both = length | id << 16;
	uint8_t *ip = out + t->l2_len;

	memcpy(out, t->octets, COPY_V4);
	memcpy(ip + 2, &both, 4);
	if (!(offload & HEADER_IP_SUM)) {
		const uint64_t sum = sum_add(sum_20(t->octets + t->l2_len), length + id);
		store_sum(ip + 10, (uint16_t)~checksum_fold(sum_narrow(sum)));
	}
}

static inline void render_v6(const struct header_template *t, uint32_t tcp_len, uint8_t *out)
{
	memcpy(out, t->octets, COPY_V6);
	write16(out + t->l2_len + 4, (uint16_t)tcp_len);
}

/* len octets, a multiple of 4, in words as they were stored; their sum. */
static __rte_always_inline uint64_t copy_words(uint8_t *to, const uint8_t *from, uint32_t len)
{
	uint64_t sum = 0;

	for (uint32_t at = 0; at < len; at += 4) {
		const uint32_t word = sum_load32(from + at);
		memcpy(to + at, &word, 4);
		sum += word;
	}
	return sum;
}

/* Checksum and urgent pointer are 0. Returns the sum of what it wrote. */
static __rte_always_inline uint64_t render_tcp(uint8_t *tcp, const struct header_fields *f)
{
	const uint32_t words[5] = {
		f->src_port | (uint32_t)f->dst_port << 16,
		htonl(f->seq),
		htonl(f->ack),
		(TCP_LEN + (uint32_t)f->options_len) / 4 << 4 | (uint32_t)f->flags << 8 |
			(uint32_t)htons(f->window) << 16,
		0,
	};
	uint64_t sum = (uint64_t)words[0] + words[1] + words[2] + words[3];

	memcpy(tcp, words, TCP_LEN);
	if (likely(f->options_len == 12)) /* time-stamps */
		return sum + copy_words(tcp + TCP_LEN, f->options, 12);
	return sum + copy_words(tcp + TCP_LEN, f->options, f->options_len);
}

static __rte_always_inline void render(const struct header_template *t,
                                       const struct header_fields *f, uint32_t payload_len,
                                       unsigned offload, uint8_t *out)
{
	const uint32_t tcp_header = TCP_LEN + (uint32_t)f->options_len;
	const uint32_t tcp_len = tcp_header + payload_len;
	const uint8_t *ip = t->octets + t->l2_len;
	uint8_t *tcp = out + t->l2_len + t->l3_len;
	uint64_t pseudo;

	bug_if(f->options_len > HEADER_OPTIONS_MAX || f->options_len % 4 != 0);
	bug_if(payload_len > UINT16_MAX - V4_LEN - tcp_header);
	if (likely(t->l3_len == V4_LEN)) {
		render_v4(t, f, tcp_len, offload, out);
		pseudo = sum_pseudo_v4(ip, tcp_len);
	} else {
		render_v6(t, tcp_len, out);
		pseudo = checksum_pseudo(ip, 6, tcp_len);
	}
	const uint64_t header = render_tcp(tcp, f);

	/* A port that sums wants the pseudo header's sum in the field, not inverted. */
	if (offload & HEADER_TCP_SUM)
		store_sum(tcp + 16, checksum_fold(sum_narrow(pseudo)));
	else
		store_sum(tcp + 16, (uint16_t)~checksum_fold(sum_narrow(
					    sum_add(pseudo, header + f->payload_sum))));
}

uint32_t header_render(const struct header_template *t, const struct header_fields *f,
                       uint32_t payload_len, unsigned offload, uint8_t *out)
{
	render(t, f, payload_len, offload, out);
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
	render(t, f, payload_len, offload, (uint8_t *)at);
	mbuf->ol_flags &= FRAME_OWNER_FLAGS;
	if (offload != 0)
		mbuf->ol_flags |= offload_flags(t, offload);
	mbuf->tx_offload = rte_mbuf_tx_offload(t->l2_len, t->l3_len,
	                                       (uint64_t)TCP_LEN + f->options_len, 0, 0, 0, 0);
	return 0;
}
