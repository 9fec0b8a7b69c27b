/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_twin: a second, slow opinion on what a frame is.
 *
 * Reads octet by octet through an accessor that answers -1 outside, sums octet by
 * octet into a copied pseudo header, and shares no code with packet.c.
 */
#ifndef TEST_PACKET_TWIN_H
#define TEST_PACKET_TWIN_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "packet.h"

struct twin {
	const uint8_t *octets;
	long len;

	enum packet_class class;
	long l3, l4, payload, payload_len;
	long vlan[2];
	int version;
	long sport, dport; /* host order */
	uint32_t seq, ack;
	long window, flags, options_len;
	long payload_sum; /* big endian words, folded; -1: not verified */
};

static long twin_at(const struct twin *t, long i)
{
	return i >= 0 && i < t->len ? t->octets[i] : -1;
}

static long twin_16(const struct twin *t, long i)
{
	return twin_at(t, i) < 0 || twin_at(t, i + 1) < 0
	               ? -1
	               : twin_at(t, i) * 256 + twin_at(t, i + 1);
}

static uint32_t twin_32(const struct twin *t, long i)
{
	return (uint32_t)(twin_16(t, i) * 65536 + twin_16(t, i + 2));
}

/* RFC 1071 in words: octet pairs, high first; the carries come back in one by one. */
static long twin_sum(const uint8_t *p, long len)
{
	long sum = 0;

	for (long i = 0; i < len; i++) {
		sum += i % 2 == 0 ? p[i] * 256 : p[i];
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return sum;
}

static bool twin_tcp_sum_right(const struct twin *t, long end)
{
	static uint8_t copy[70000];
	long n = 0, tcp_len = end - t->l4;
	long from = t->version == 4 ? t->l3 + 12 : t->l3 + 8,
	     to = from + (t->version == 4 ? 8 : 32);

	while (from < to)
		copy[n++] = t->octets[from++];
	copy[n++] = 0;
	copy[n++] = 6;
	copy[n++] = (uint8_t)(tcp_len / 256);
	copy[n++] = (uint8_t)(tcp_len % 256);
	memcpy(copy + n, t->octets + t->l4, (size_t)tcp_len);
	return twin_sum(copy, n + tcp_len) == 0xffff;
}

struct twin_ip {
	long protocol, end; /* protocol -1: cannot be read on */
	bool lying, first, later;
};

static struct twin_ip twin_v4(struct twin *t)
{
	struct twin_ip ip = { .protocol = -1 };
	const long words = twin_at(t, t->l3) % 16, total = twin_16(t, t->l3 + 2);
	const long fragment = twin_16(t, t->l3 + 6);

	if (twin_at(t, t->l3) / 16 != 4 || words < 5 || twin_at(t, t->l3 + words * 4 - 1) < 0)
		return ip;
	t->version = 4;
	t->l4 = t->l3 + words * 4;
	ip.protocol = twin_at(t, t->l3 + 9);
	ip.lying = total < words * 4 || t->l3 + total > t->len;
	ip.end = ip.lying ? t->len : t->l3 + total;
	ip.later = fragment % 0x2000 != 0;
	ip.first = !ip.later && fragment / 0x2000 % 2 == 1;
	return ip;
}

/* protocol 1000: could be anything behind a fragment; 2000: too long a chain. */
static struct twin_ip twin_v6(struct twin *t)
{
	struct twin_ip ip = { .protocol = -1 };
	long n = 0, next = twin_at(t, t->l3 + 6), size = twin_16(t, t->l3 + 4);

	if (twin_at(t, t->l3) / 16 != 6 || twin_at(t, t->l3 + 39) < 0)
		return ip;
	t->version = 6;
	t->l4 = t->l3 + 40;
	ip.lying = (size == 0 && next == 0) || t->l4 + size > t->len;
	ip.end = ip.lying ? t->len : t->l4 + size;
	while (next == 0 || next == 43 || next == 44 || next == 60) {
		const long here = t->l4;
		if (ip.later) {
			ip.protocol = 1000;
			return ip;
		}
		if (++n > 16) {
			ip.protocol = 2000;
			return ip;
		}
		if (here + 8 > ip.end) {
			ip.protocol = ip.first ? 1000 : -1;
			return ip;
		}
		if (next == 44) {
			ip.first = twin_16(t, here + 2) / 8 == 0;
			ip.later = !ip.first;
			t->l4 += 8;
		} else {
			ip.lying |= next == 43 && twin_at(t, here + 3) > 0;
			t->l4 += 8 + 8 * twin_at(t, here + 1);
		}
		next = twin_at(t, here);
	}
	ip.protocol = next;
	return ip;
}

static enum packet_class twin_tcp(struct twin *t, const struct packet_policy *policy,
                                  struct twin_ip ip)
{
	bool ours = false;

	if (t->l4 + 4 > ip.end)
		return ip.first ? PACKET_FRAGMENT : PACKET_OTHER;
	t->sport = twin_16(t, t->l4);
	t->dport = twin_16(t, t->l4 + 2);
	for (unsigned i = 0; i < policy->n_ports; i++) {
		const long port = policy->ports[i] % 256 * 256 + policy->ports[i] / 256;
		ours |= t->sport == port || t->dport == port;
	}
	if (!ours)
		return PACKET_OTHER;
	if (ip.first)
		return PACKET_FRAGMENT;
	const long words = t->l4 + 20 <= ip.end ? twin_at(t, t->l4 + 12) / 16 : 0;
	if (ip.lying || words < 5 || t->l4 + words * 4 > ip.end)
		return PACKET_BAD_HEADER;

	t->payload = t->l4 + words * 4;
	t->payload_len = ip.end - t->payload;
	t->seq = twin_32(t, t->l4 + 4);
	t->ack = twin_32(t, t->l4 + 8);
	t->flags = twin_at(t, t->l4 + 13) % 64;
	t->window = twin_16(t, t->l4 + 14);
	t->options_len = words * 4 - 20;
	/* Unverified, the sum is what makes the checksum right, wrong or not. */
	t->payload_sum = policy->verify ? twin_sum(t->octets + t->payload, t->payload_len) : -1;
	const long v4_len = twin_at(t, t->l3) % 16 * 4;
	if (policy->verify && t->version == 4 && twin_sum(t->octets + t->l3, v4_len) != 0xffff)
		return PACKET_BAD_CHECKSUM;
	if (policy->verify && !twin_tcp_sum_right(t, ip.end))
		return PACKET_BAD_CHECKSUM;
	return PACKET_TCP;
}

static inline struct twin twin_parse(const struct packet_policy *policy, const uint8_t *octets,
                                     long len)
{
	struct twin t = { .octets = octets, .len = len, .class = PACKET_OTHER };
	struct twin_ip ip = { .protocol = -1 };
	long type = twin_16(&t, 12), n = 0;

	for (t.l3 = 14; type == 0x8100 || type == 0x88a8 || type == 0x9100; n++) {
		if (n < 2)
			t.vlan[n] = twin_16(&t, t.l3) % 4096;
		type = n < 16 ? twin_16(&t, t.l3 + 2) : -1;
		t.l3 += 4;
	}
	if (type == 0x0800)
		ip = twin_v4(&t);
	else if (type == 0x86dd)
		ip = twin_v6(&t);
	ip.lying |= n > 2;

	if (ip.protocol == 2000 || n > 16)
		t.class = PACKET_BAD_HEADER;
	else if (ip.protocol == 1000 || (ip.later && ip.protocol == 6))
		t.class = PACKET_FRAGMENT;
	else if (ip.protocol == 6)
		t.class = twin_tcp(&t, policy, ip);
	return t;
}

/* NULL when both agree, else what differs. */
static inline const char *twin_differs(const struct twin *t, const struct packet *p)
{
	if (t->class != p->class)
		return "class";
	if (t->class != PACKET_TCP)
		return NULL;
	const bool esme = p->side == SIDE_ESME;
	const uint8_t *src = esme ? p->key.esme_addr : p->key.smsc_addr;
	const long addr_len = t->version == 4 ? 4 : 16,
		   addr = t->l3 + (t->version == 4 ? 12 : 8);
	const uint8_t *dst = esme ? p->key.smsc_addr : p->key.esme_addr;
	if (memcmp(src + 16 - addr_len, t->octets + addr, (size_t)addr_len) != 0 ||
	    memcmp(dst + 16 - addr_len, t->octets + addr + addr_len, (size_t)addr_len) != 0)
		return "address";
	const uint16_t sport = esme ? p->key.esme_port : p->key.smsc_port;
	const uint16_t dport = esme ? p->key.smsc_port : p->key.esme_port;
	if (__builtin_bswap16(sport) != t->sport || __builtin_bswap16(dport) != t->dport)
		return "port";
	if (p->key.outer_vlan != t->vlan[0] || p->key.inner_vlan != t->vlan[1])
		return "vlan";
	if (p->key.ip_version != t->version || p->l3_off != t->l3 || p->l4_off != t->l4 ||
	    p->payload_off != t->payload || p->payload_len != t->payload_len)
		return "offset";
	if (p->seq != t->seq || p->ack != t->ack || p->flags != t->flags ||
	    p->window != t->window || p->options_len != t->options_len)
		return "field";
	if (t->payload_sum >= 0 &&
	    __builtin_bswap16(p->payload_sum) % 0xffff != t->payload_sum % 0xffff)
		return "payload sum";
	return NULL;
}

#endif
