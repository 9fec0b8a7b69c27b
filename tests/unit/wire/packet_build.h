/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_build: frames for tests, octet by octet from a description, with checksums
 * by the slow rule of packet_twin.h; and mbufs over memory that ends at a guard page.
 */
#ifndef TEST_PACKET_BUILD_H
#define TEST_PACKET_BUILD_H
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_mbuf.h>

#include "packet_twin.h"

#define GUARD_SPACE 16384u /* octets before the guard page */

static inline uint64_t build_random(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15); /* the same frames every run */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static inline uint32_t build_below(uint32_t n) { return (uint32_t)(build_random() % n); }

static inline void build_octets(uint8_t *p, size_t len)
{
	while (len-- > 0)
		*p++ = (uint8_t)build_random();
}

/* GUARD_SPACE octets followed by a page that cannot be touched. */
static inline uint8_t *guard_space(void)
{
	uint8_t *at = mmap(NULL, GUARD_SPACE + 4096, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + GUARD_SPACE, 4096, PROT_NONE) != 0)
		abort();
	return at;
}

/* A received frame whose last octet is the last before the guard page. */
static inline struct rte_mbuf *guard_mbuf(struct rte_mbuf *m, uint8_t *space,
                                          const uint8_t *frame, uint32_t len)
{
	memset(m, 0, sizeof(*m));
	m->buf_addr = space;
	m->buf_len = GUARD_SPACE;
	m->data_off = (uint16_t)(GUARD_SPACE - len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	m->nb_segs = 1;
	rte_mbuf_refcnt_set(m, 1);
	memcpy(space + m->data_off, frame, len);
	return m;
}

#define BUILD_TAGS_MAX 20u

struct build {
	unsigned n_tags, version; /* at most BUILD_TAGS_MAX; 4 or 6 */
	unsigned ip_options;      /* IPv4: words */
	unsigned n_extensions;    /* IPv6 */
	unsigned protocol;
	unsigned fragment;     /* IPv4: the field; IPv6: 1 + the field, 0 = no header */
	uint16_t sport, dport; /* host order */
	unsigned tcp_options;  /* words */
	unsigned payload_len, padding;

	uint8_t octets[4096];
	uint32_t len, l3, l4, l4_end;
};

static inline void build_put16(struct build *b, unsigned value)
{
	b->octets[b->len++] = (uint8_t)(value >> 8);
	b->octets[b->len++] = (uint8_t)value;
}

static inline void build_fill(struct build *b, size_t len)
{
	build_octets(b->octets + b->len, len);
	b->len += (uint32_t)len;
}

static inline void build_store16(uint8_t *p, long value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* Both checksums over what the octets are now. */
static inline void build_sums(struct build *b)
{
	static uint8_t copy[5000];
	const uint8_t *ip = b->octets + b->l3;
	const uint32_t tcp_len = b->l4_end - b->l4, addr_len = b->version == 4 ? 8 : 32;

	if (b->version == 4) {
		build_store16(b->octets + b->l3 + 10, 0);
		build_store16(b->octets + b->l3 + 10, 0xffff - twin_sum(ip, b->l4 - b->l3));
	}
	if (tcp_len < 20)
		return;
	build_store16(b->octets + b->l4 + 16, 0);
	memcpy(copy, ip + (b->version == 4 ? 12 : 8), addr_len);
	memcpy(copy + addr_len, b->octets + b->l4, tcp_len);
	build_store16(copy + addr_len + tcp_len + tcp_len % 2, 6);
	build_store16(copy + addr_len + tcp_len + tcp_len % 2 + 2, tcp_len);
	if (tcp_len % 2)
		copy[addr_len + tcp_len] = 0;
	const long sum = twin_sum(copy, addr_len + tcp_len + tcp_len % 2 + 4);
	build_store16(b->octets + b->l4 + 16, 0xffff - sum);
}

static inline void build_v4(struct build *b, unsigned l4_len)
{
	b->octets[b->len++] = (uint8_t)(0x40 | (5 + b->ip_options));
	b->octets[b->len++] = (uint8_t)build_random();
	build_put16(b, 20 + b->ip_options * 4 + l4_len);
	build_fill(b, 2);
	build_put16(b, b->fragment);
	build_fill(b, 1);
	b->octets[b->len++] = (uint8_t)b->protocol;
	build_fill(b, 2 + 8 + b->ip_options * 4);
}

static inline void build_v6(struct build *b, unsigned l4_len)
{
	static const uint8_t kinds[3] = { 0, 60, 43 };
	uint8_t *next;
	uint32_t length_at;

	build_put16(b, 0x6000 | build_below(0x1000));
	build_fill(b, 2);
	length_at = b->len;
	build_put16(b, 0);
	next = &b->octets[b->len++];
	build_fill(b, 1 + 32);
	const uint32_t start = b->len;
	for (unsigned i = 0; i < b->n_extensions; i++) {
		const unsigned words = build_below(3);
		*next = kinds[build_below(3)];
		next = &b->octets[b->len];
		build_fill(b, 8 + words * 8);
		next[1] = (uint8_t)words;
		next[3] =
			(uint8_t)(build_below(8) == 0); /* segments left, if a routing header */
	}
	if (b->fragment) {
		*next = 44;
		next = &b->octets[b->len];
		build_fill(b, 8);
		build_store16(next + 2, b->fragment - 1);
	}
	*next = (uint8_t)b->protocol;
	build_store16(b->octets + length_at, (long)b->len - (long)start + (long)l4_len);
}

static inline void build_frame(struct build *b)
{
	const unsigned header = b->protocol == 6 ? 20 + b->tcp_options * 4 : 8;
	const unsigned l4_len = header + b->payload_len;
	static const unsigned tags[3] = { 0x8100, 0x88a8, 0x9100 };

	b->len = 0;
	build_fill(b, 12);
	for (unsigned i = 0; i < b->n_tags; i++) {
		build_put16(b, tags[build_below(3)]);
		build_fill(b, 2);
	}
	build_put16(b, b->version == 4 ? 0x0800 : 0x86dd);
	b->l3 = b->len;
	if (b->version == 4)
		build_v4(b, l4_len);
	else
		build_v6(b, l4_len);
	b->l4 = b->len;
	build_put16(b, b->sport);
	build_put16(b, b->dport);
	build_fill(b, l4_len - 4);
	if (b->protocol == 6)
		b->octets[b->l4 + 12] = (uint8_t)(header / 4 << 4);
	b->l4_end = b->len;
	build_fill(b, b->padding);
	if (b->protocol == 6)
		build_sums(b);
}

/* Mostly TCP on port 2775, and everything else now and then. */
static inline void build_any(struct build *b)
{
	static const uint16_t ports[4] = { 2775, 9000, 2776, 80 };
	static const unsigned others[5] = { 17, 1, 58, 50, 59 };
	const bool odd = build_below(4) == 0;

	memset(b, 0, sizeof(*b));
	b->n_tags = build_below(odd ? build_below(4) ? 4 : BUILD_TAGS_MAX : 3);
	b->version = build_below(2) ? 4 : 6;
	b->ip_options = odd ? build_below(11) : 0;
	b->n_extensions = odd ? build_below(build_below(6) ? 4 : 20) : 0;
	b->protocol = build_below(10) ? 6 : others[build_below(5)];
	if (b->version == 6)
		b->fragment = build_below(12) ? 0 : 1 + build_below(3) * 8 + build_below(2);
	else
		b->fragment = build_below(12) ? build_below(2) * 0x4000
		                              : build_below(3) + build_below(2) * 0x2000;
	b->sport = (uint16_t)(1024 + build_below(60000));
	b->dport = ports[build_below(4)];
	if (build_below(2)) {
		b->dport = b->sport;
		b->sport = ports[build_below(4)];
	}
	b->tcp_options = build_below(2) ? 3 : build_below(11);
	b->payload_len = build_below(8) ? build_below(200) : build_below(1400);
	b->padding = build_below(4) ? 0 : build_below(30);
	build_frame(b);
}

#endif
