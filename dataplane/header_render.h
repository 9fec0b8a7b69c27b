/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header_render: how the headers of a segment are written, for who writes them in one go
 * with the rest of it (tcp/splice.c) and for header.c. Inline, so that what the caller
 * knows of the fields is known here.
 */
#ifndef DP_HEADER_RENDER_H
#define DP_HEADER_RENDER_H
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_mbuf.h>

#include "checksum_sum.h"
#include "header.h"

enum { V4_LEN = 20, V6_LEN = 40, TCP_LEN = 20 };

static inline void write16(uint8_t *p, uint16_t host)
{
	const uint16_t wire = htons(host);

	memcpy(p, &wire, 2);
}

/* Sums are in host order as loaded, so they are stored as they are. */
static inline void store_sum(uint8_t *p, uint16_t sum) { memcpy(p, &sum, 2); }

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

/* header_len() octets at out, as header_render() writes them. */
static __rte_always_inline void header_put(const struct header_template *t,
                                           const struct header_fields *f,
                                           uint32_t payload_len, unsigned offload,
                                           uint8_t *out)
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

/* What the port is told of it. */
static inline void header_tell(const struct header_template *t, uint8_t options_len,
                               unsigned offload, struct rte_mbuf *mbuf)
{
	const bool v4 = t->l3_len == V4_LEN;

	mbuf->ol_flags &= FRAME_OWNER_FLAGS;
	if (v4 && (offload & HEADER_IP_SUM))
		mbuf->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	if (offload & HEADER_TCP_SUM)
		mbuf->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM |
		                  (v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
	mbuf->tx_offload = rte_mbuf_tx_offload(t->l2_len, t->l3_len,
	                                       (uint64_t)TCP_LEN + options_len, 0, 0, 0, 0);
}

#endif
