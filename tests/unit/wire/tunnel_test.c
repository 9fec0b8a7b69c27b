/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as a tunnel, and what does not; every prefix of each, before a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "packet_build.h"
#include "tunnel.h"

static uint8_t *guard;

/* Before the guard page: a read behind the frame ends the test. */
static enum tunnel kind(const uint8_t *frame, uint32_t len)
{
	uint8_t *at = guard + GUARD_SPACE - len;

	memcpy(at, frame, len);
	return tunnel_of(at, len);
}

/* Addresses, so many tags of VLAN 7, an EtherType and what follows it. */
static uint32_t ethernet(uint8_t *frame, unsigned tags, unsigned type, const uint8_t *rest,
                         uint32_t len)
{
	static const uint8_t tag[4] = { 0x81, 0, 0, 7 };
	uint32_t at = 12;

	memset(frame, 2, at);
	for (unsigned i = 0; i < tags; i++, at += 4)
		memcpy(frame + at, tag, 4);
	frame[at] = (uint8_t)(type >> 8);
	frame[at + 1] = (uint8_t)type;
	memcpy(frame + at + 2, rest, len);
	return at + 2 + len;
}

static const struct {
	unsigned type;
	const char *rest;
	uint32_t len;
	enum tunnel kind;
} by_type[] = {
	{ 0x8847, "\0\1\1\100", 4, TUNNEL_MPLS },
	{ 0x8848, "\0\1\1\100", 4, TUNNEL_MPLS },
	{ 0x8864, "\x11\0\0\1\0\2\0\x21", 8, TUNNEL_PPPOE },
	{ 0x8863, "\x11\x09\0\0\0\0", 6, TUNNEL_NONE }, /* discovery */
	{ 0x88e5, "", 0, TUNNEL_OTHER },
	{ 0x88e7, "", 0, TUNNEL_OTHER },
	{ 0x0030, "\xaa\xaa\3\0\0\0\x08\0", 8, TUNNEL_OTHER },
	{ 0x0030, "\xaa\xaa\3\0\0\0\x86\xdd", 8, TUNNEL_OTHER },
	{ 0x0030, "\xaa\xaa\3\0\0\x0c\x20\0", 8, TUNNEL_NONE }, /* CDP */
	{ 0x0030, "\x42\x42\3\0\0\0\0\0", 8, TUNNEL_NONE },     /* STP */
	{ 0x0806, "", 0, TUNNEL_NONE },
	{ 0x88b5, "", 0, TUNNEL_NONE },
};

static void by_ethertype(void **state)
{
	uint8_t frame[64];

	(void)state;
	for (unsigned i = 0; i < sizeof(by_type) / sizeof(by_type[0]); i++)
		for (unsigned tags = 0; tags <= 3; tags++) {
			const uint32_t len =
				ethernet(frame, tags, by_type[i].type,
			                 (const uint8_t *)by_type[i].rest, by_type[i].len);
			assert_int_equal(kind(frame, len), by_type[i].kind);
			for (uint32_t n = 0; n < len; n++)
				(void)kind(frame, n);
		}
}

static const struct {
	unsigned protocol;
	unsigned sport, dport; /* of UDP */
	enum tunnel kind;
} by_protocol[] = {
	{ 47, 0, 0, TUNNEL_GRE },          { 4, 0, 0, TUNNEL_IP },
	{ 41, 0, 0, TUNNEL_IP },           { 50, 0, 0, TUNNEL_IPSEC },
	{ 51, 0, 0, TUNNEL_IPSEC },        { 97, 0, 0, TUNNEL_OTHER },
	{ 115, 0, 0, TUNNEL_OTHER },       { 17, 40000, 4789, TUNNEL_VXLAN },
	{ 17, 40000, 8472, TUNNEL_VXLAN }, { 17, 40000, 6081, TUNNEL_VXLAN },
	{ 17, 40000, 2152, TUNNEL_GTP },   { 17, 2152, 40000, TUNNEL_GTP },
	{ 17, 4500, 4500, TUNNEL_IPSEC },  { 17, 1701, 40000, TUNNEL_OTHER },
	{ 17, 40000, 3544, TUNNEL_OTHER }, { 17, 40000, 53, TUNNEL_NONE },
	{ 17, 40000, 2775, TUNNEL_NONE },  { 1, 0, 0, TUNNEL_NONE },
	{ 6, 40000, 4789, TUNNEL_NONE },   { 132, 40000, 4789, TUNNEL_NONE },
};

/* IPv4; IPv6, behind a hop-by-hop header too. */
static uint32_t ip_frame(uint8_t *frame, unsigned i, unsigned how, unsigned tags, bool later)
{
	const uint8_t protocol = (uint8_t)by_protocol[i].protocol;
	uint8_t ip[64] = { 0 };
	uint32_t len = how == 0 ? 20 : how == 1 ? 40 : 48;

	ip[0] = how == 0 ? 0x45 : 0x60;
	ip[how == 0 ? 9 : how == 1 ? 6 : 40] = protocol;
	ip[how == 0 ? 3 : 5] = how == 2 ? 16 : how == 1 ? 8 : 28;
	ip[7] |= later ? 9 : 0; /* IPv4: the offset; of IPv6 a hop limit */
	ip[len] = (uint8_t)(by_protocol[i].sport >> 8);
	ip[len + 1] = (uint8_t)by_protocol[i].sport;
	ip[len + 2] = (uint8_t)(by_protocol[i].dport >> 8);
	ip[len + 3] = (uint8_t)by_protocol[i].dport;
	len += 8;
	return ethernet(frame, tags, how == 0 ? 0x0800 : 0x86dd, ip, len);
}

static void by_protocol_and_port(void **state)
{
	uint8_t frame[128];

	(void)state;
	for (unsigned i = 0; i < sizeof(by_protocol) / sizeof(by_protocol[0]); i++)
		for (unsigned how = 0; how < 3; how++) {
			const uint32_t len = ip_frame(frame, i, how, i % 4, false);
			assert_int_equal(kind(frame, len), by_protocol[i].kind);
			for (uint32_t n = 0; n < len; n++)
				(void)kind(frame, n);
		}
}

/* What is behind the first fragment of a datagram has no ports; its protocol shows. */
static void later_fragments(void **state)
{
	uint8_t frame[128];

	(void)state;
	for (unsigned i = 0; i < sizeof(by_protocol) / sizeof(by_protocol[0]); i++) {
		const uint32_t len = ip_frame(frame, i, 0, 0, true);
		assert_int_equal(kind(frame, len), by_protocol[i].protocol == 17
		                                           ? TUNNEL_NONE
		                                           : by_protocol[i].kind);
	}
}

static void any_octets(void **state)
{
	uint8_t frame[128];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		const uint32_t len = build_below(sizeof(frame));
		build_octets(frame, len);
		if (len > 14)
			memcpy(frame + 12, i % 2 ? "\x08\0" : "\x86\xdd", 2);
		(void)kind(frame, len);
	}
}

static int start(void **state)
{
	(void)state;
	guard = guard_space();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_ethertype),
		cmocka_unit_test(by_protocol_and_port),
		cmocka_unit_test(later_fragments),
		cmocka_unit_test(any_octets),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
