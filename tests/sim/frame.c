/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <string.h>

#include "octets.h"

struct path path_random(struct random *r, unsigned connection)
{
	struct path p = { .n_tags = random_below(r, 3), .version = random_below(r, 2) ? 4 : 6 };

	for (int end = ESME; end <= SMSC; end++) {
		random_fill(r, p.mac[end], 6);
		p.mac[end][0] &= 0xfe; /* no group address */
		random_fill(r, p.addr[end], 16);
		p.addr[end][0] = p.version == 4 ? 10 : 0x20;
		p.tag[end] = (uint16_t)random_in(r, 1, 4094);
		p.ttl[end] = (uint8_t)random_in(r, 2, 255);
		p.tos[end] = (uint8_t)(random_below(r, 64) << 2); /* no ECN */
	}
	p.port[ESME] = (uint16_t)(20000 + connection * 101);
	p.port[SMSC] = 2775;
	return p;
}

static uint32_t sum_words(const uint8_t *p, uint32_t n, uint32_t sum)
{
	for (; n >= 2; n -= 2, p += 2)
		sum += get16(p);
	if (n != 0)
		sum += (uint32_t)p[0] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* 0xffff over a right TCP segment, its checksum included. */
static uint16_t tcp_sum(const struct path *p, const uint8_t *tcp, uint32_t n)
{
	const uint32_t addr_len = p->version == 4 ? 4 : 16;
	uint32_t sum = 6 + n;

	sum = sum_words(p->addr[0], addr_len, sum);
	sum = sum_words(p->addr[1], addr_len, sum);
	return fold(sum_words(tcp, n, sum));
}

static uint32_t build_options(const struct seg *s, uint8_t *o)
{
	uint32_t n = 0;

	if (s->mss != 0) {
		o[n] = 2;
		o[n + 1] = 4;
		put16(o + n + 2, s->mss);
		n += 4;
	}
	if (s->sack_ok) {
		memcpy(o + n, "\x01\x01\x04\x02", 4);
		n += 4;
	}
	if (s->has_ts) {
		memcpy(o + n, "\x01\x01\x08\x0a", 4);
		put32(o + n + 4, s->ts_val);
		put32(o + n + 8, s->ts_ecr);
		n += 12;
	}
	if (s->has_wscale) {
		memcpy(o + n, "\x01\x03\x03", 3);
		o[n + 3] = s->wscale;
		n += 4;
	}
	if (s->n_sacks != 0) {
		memcpy(o + n, "\x01\x01\x05", 3);
		o[n + 3] = (uint8_t)(2 + 8 * s->n_sacks);
		n += 4;
		for (unsigned i = 0; i < s->n_sacks; i++, n += 8) {
			put32(o + n, s->sack[i][0]);
			put32(o + n + 4, s->sack[i][1]);
		}
	}
	return n;
}

static uint32_t build_ip(const struct path *p, int from, uint32_t tcp_len, uint8_t *ip)
{
	if (p->version == 4) {
		memset(ip, 0, 20);
		ip[0] = 0x45;
		ip[1] = p->tos[from];
		put16(ip + 2, 20 + tcp_len);
		ip[6] = p->may_cut ? 0 : 0x40;
		ip[8] = p->ttl[from];
		ip[9] = 6;
		memcpy(ip + 12, p->addr[from], 4);
		memcpy(ip + 16, p->addr[!from], 4);
		put16(ip + 10, 0xffffu - fold(sum_words(ip, 20, 0)));
		return 20;
	}
	memset(ip, 0, 8);
	put16(ip, 0x6000u | (uint32_t)p->tos[from] << 4);
	put16(ip + 4, tcp_len);
	ip[6] = 6;
	ip[7] = p->ttl[from];
	memcpy(ip + 8, p->addr[from], 16);
	memcpy(ip + 24, p->addr[!from], 16);
	return 40;
}

static uint32_t build_ethernet(const struct path *p, int from, uint8_t *out)
{
	uint32_t n = 12;

	memcpy(out, p->mac[!from], 6);
	memcpy(out + 6, p->mac[from], 6);
	for (unsigned i = 0; i < p->n_tags; i++, n += 4) {
		put16(out + n, i + 1 < p->n_tags ? 0x88a8 : 0x8100);
		put16(out + n + 2, p->tag[i]);
	}
	put16(out + n, p->version == 4 ? 0x0800 : 0x86dd);
	return n + 2;
}

uint32_t frame_build(const struct path *p, int from, const struct seg *s, uint8_t *out)
{
	uint8_t options[64];
	const uint32_t options_len = build_options(s, options);
	const uint32_t tcp_len = 20 + options_len + s->len;
	uint32_t n = build_ethernet(p, from, out);

	n += build_ip(p, from, tcp_len, out + n);
	uint8_t *tcp = out + n;
	put16(tcp, p->port[from]);
	put16(tcp + 2, p->port[!from]);
	put32(tcp + 4, s->seq);
	put32(tcp + 8, s->ack);
	tcp[12] = (uint8_t)((20 + options_len) / 4 << 4);
	tcp[13] = s->flags;
	put16(tcp + 14, s->window);
	put32(tcp + 16, 0);
	memcpy(tcp + 20, options, options_len);
	if (s->len != 0)
		memcpy(tcp + 20 + options_len, s->payload, s->len);
	put16(tcp + 16, 0xffffu - tcp_sum(p, tcp, tcp_len));
	n += tcp_len;
	for (; n < 60; n++) /* the least Ethernet frame, padded with what a NIC had there */
		out[n] = 0xa5;
	return n;
}

static const char *read_option(struct seg *s, const uint8_t *o)
{
	const uint8_t kind = o[0], len = o[1];

	if (kind == 2 && len == 4) {
		s->mss = get16(o + 2);
	} else if (kind == 3 && len == 3) {
		s->has_wscale = true;
		s->wscale = o[2];
	} else if (kind == 4 && len == 2) {
		s->sack_ok = true;
	} else if (kind == 8 && len == 10) {
		s->has_ts = true;
		s->ts_val = get32(o + 2);
		s->ts_ecr = get32(o + 6);
	} else if (kind == 5 && len >= 10 && (len - 2) % 8 == 0 && len <= 34) {
		for (; s->n_sacks < (len - 2u) / 8; s->n_sacks++) {
			s->sack[s->n_sacks][0] = get32(o + 2 + s->n_sacks * 8);
			s->sack[s->n_sacks][1] = get32(o + 6 + s->n_sacks * 8);
		}
	} else {
		return "an option that nobody negotiated";
	}
	return NULL;
}

static const char *read_options(struct seg *s, const uint8_t *o, uint32_t n)
{
	for (uint32_t at = 0; at < n && o[at] != 0;) {
		if (o[at] == 1) {
			at++;
			continue;
		}
		if (n - at < 2 || o[at + 1] < 2 || o[at + 1] > n - at)
			return "an option longer than its place";
		const char *wrong = read_option(s, o + at);
		if (wrong != NULL)
			return wrong;
		at += o[at + 1];
	}
	return NULL;
}

/* Ethernet and IP headers must be the ones the sender itself would have written. */
static const char *read_below_tcp(const struct path *p, int from, const uint8_t *f,
                                  uint32_t len, uint32_t *tcp_at, uint32_t *tcp_len)
{
	uint8_t expected[64];
	const uint32_t l2 = build_ethernet(p, from, expected);

	if (len < l2 + 40 || memcmp(f, expected, l2) != 0)
		return "Ethernet addresses or tags are not the sender's";
	const uint8_t *ip = f + l2;
	if (p->version == 4 && fold(sum_words(ip, 20, 0)) != 0xffff)
		return "IPv4 checksum";
	*tcp_len = p->version == 4 ? get16(ip + 2) - 20u : get16(ip + 4);
	const uint32_t l3 = build_ip(p, from, *tcp_len, expected);
	if (p->version == 4) { /* identification and checksum are the packet's own */
		memcpy(expected + 4, ip + 4, 2);
		memcpy(expected + 10, ip + 10, 2);
	}
	/* A RST that answers for an end may not know its TTL and traffic class. */
	if (*tcp_len >= 20 && len >= l2 + l3 + 20 && f[l2 + l3 + 13] & RST) {
		expected[p->version == 4 ? 8 : 7] = ip[p->version == 4 ? 8 : 7];
		memcpy(expected + (p->version == 4), ip + (p->version == 4),
		       p->version == 4 ? 1 : 2);
	}
	if (memcmp(ip, expected, l3) != 0)
		return "IP header is not the sender's";
	*tcp_at = l2 + l3;
	if (*tcp_at + *tcp_len > len || *tcp_len < 20)
		return "IP length exceeds the frame";
	return NULL;
}

const char *frame_read(const struct path *p, int from, const uint8_t *f, uint32_t len,
                       struct seg *out)
{
	uint32_t at, n;
	const char *wrong = read_below_tcp(p, from, f, len, &at, &n);

	if (wrong != NULL)
		return wrong;
	const uint8_t *tcp = f + at;
	if (tcp_sum(p, tcp, n) != 0xffff)
		return "TCP checksum";
	if (get16(tcp) != p->port[from] || get16(tcp + 2) != p->port[!from])
		return "ports";
	const uint32_t header = (uint32_t)(tcp[12] >> 4) * 4;
	if (header < 20 || header > n)
		return "data offset";
	*out = (struct seg){
		.seq = get32(tcp + 4),
		.ack = get32(tcp + 8),
		.flags = tcp[13],
		.window = get16(tcp + 14),
		.payload = tcp + header,
		.len = n - header,
	};
	return read_options(out, tcp + 20, header - 20);
}

uint16_t frame_esme_port(const uint8_t *f, uint32_t len, int from)
{
	uint32_t at = 12;

	while (at + 6 < len && (get16(f + at) == 0x8100 || get16(f + at) == 0x88a8))
		at += 4;
	at += 2 + (get16(f + at) == 0x0800 ? 20 : 40);
	return at + 4 > len ? 0 : get16(f + at + (from == ESME ? 0 : 2));
}

static uint32_t l2_of(const struct path *p) { return 14 + 4 * p->n_tags; }

bool frame_exceeds(const struct path *p, const uint8_t *f, uint32_t mtu)
{
	const uint8_t *ip = f + l2_of(p);

	return p->version == 4 ? get16(ip + 2) > mtu : 40u + get16(ip + 4) > mtu;
}

bool frame_is_tcp(const uint8_t *f, uint32_t len)
{
	uint32_t at = 12;

	while (at + 6 < len && (get16(f + at) == 0x8100 || get16(f + at) == 0x88a8))
		at += 4;
	return len > at + 40 && f[at + 2 + (get16(f + at) == 0x0800 ? 9 : 6)] == 6;
}

/* RFC 792 and RFC 1191 section 4; RFC 4443 section 3.2. */
uint32_t frame_too_big(const struct path *p, int to, const uint8_t *f, uint32_t mtu,
                       uint8_t *out)
{
	const bool v4 = p->version == 4;
	const uint32_t l3 = v4 ? 20 : 40, quoted = l3 + 8, n = 8 + quoted;
	uint32_t at = build_ethernet(p, to, out);
	uint8_t *ip = out + at, *icmp = ip + build_ip(p, to, n, ip);

	ip[v4 ? 9 : 6] = v4 ? 1 : 58;
	if (v4) {
		put16(ip + 10, 0);
		put16(ip + 10, 0xffffu - fold(sum_words(ip, 20, 0)));
	}
	memset(icmp, 0, 8);
	icmp[0] = v4 ? 3 : 2;
	icmp[1] = v4 ? 4 : 0;
	put32(icmp + 4, mtu);
	memcpy(icmp + 8, f + l2_of(p), quoted);
	const uint32_t pseudo = v4 ? 0 : sum_words(ip + 8, 32, 58 + n);
	put16(icmp + 2, 0xffffu - fold(sum_words(icmp, n, pseudo)));
	at += l3 + n;
	for (; at < 60; at++)
		out[at] = 0;
	return at;
}
