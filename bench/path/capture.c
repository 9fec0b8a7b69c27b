/* SPDX-License-Identifier: Apache-2.0 */
#include "capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "packet.h"

#define HEADERS (14u + 20 + 20)

struct capture {
	pcap_t *handle;
	pcap_dumper_t *dumper;
	uint64_t octets;
};

int capture_open(struct capture **out, const char *path)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->handle = pcap_open_dead(DLT_EN10MB, 65535);
	c->dumper = c->handle == NULL ? NULL : pcap_dump_open(c->handle, path);
	if (c->dumper == NULL) {
		if (c->handle != NULL)
			pcap_close(c->handle);
		free(c);
		return -EIO;
	}
	*out = c;
	return 0;
}

int capture_close(struct capture *c)
{
	if (c == NULL)
		return 0;
	const int result = pcap_dump_flush(c->dumper) == 0 ? 0 : -EIO;
	pcap_dump_close(c->dumper);
	pcap_close(c->handle);
	free(c);
	return result;
}

uint64_t capture_octets(const struct capture *c) { return c->octets; }

static void write_frame(struct capture *c, const uint8_t *frame, size_t len)
{
	const struct pcap_pkthdr h = { .caplen = (uint32_t)len, .len = (uint32_t)len };

	pcap_dump((u_char *)c->dumper, &h, frame);
	c->octets += len;
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, (uint16_t)(v >> 16));
	put16(at + 2, (uint16_t)v);
}

static void put_sum(uint8_t *at, uint32_t sum)
{
	const uint16_t s = (uint16_t)~checksum_fold(sum);

	memcpy(at, &s, sizeof(s));
}

/* MSS, SACK permitted, time-stamps, window scale 7: what Linux sends. */
static size_t put_options(uint8_t *at, bool syn, uint32_t ts)
{
	static const uint8_t before[6] = { 2, 4, 1460 >> 8, 1460 & 255, 4, 2 };
	static const uint8_t scale[4] = { 1, 3, 3, 7 };
	size_t n = 0;

	if (syn) {
		memcpy(at, before, sizeof(before));
		n = sizeof(before);
	} else {
		memset(at, 1, 2);
		n = 2;
	}
	at[n] = 8;
	at[n + 1] = 10;
	put32(at + n + 2, ts);
	put32(at + n + 6, ts);
	n += 10;
	if (syn) {
		memcpy(at + n, scale, sizeof(scale));
		n += sizeof(scale);
	}
	return n;
}

void capture_tcp(struct capture *c, const struct capture_flow *flow, bool from_client,
                 uint8_t flags, uint32_t seq, uint32_t ack, uint32_t ts, const uint8_t *payload,
                 size_t n)
{
	uint8_t f[HEADERS + 40 + 1460] = { 0 };
	uint8_t *ip = f + 14, *tcp = ip + 20;

	f[0] = f[6] = 2; /* locally administered: 02::1 is the client's, 02::2 the server's */
	f[5] = from_client ? 2 : 1;
	f[11] = from_client ? 1 : 2;
	put16(f + 12, 0x0800);
	const size_t options = put_options(tcp + 20, flags & CAPTURE_SYN, ts + 1);
	const size_t tcp_len = 20 + options + n;
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(20 + tcp_len));
	put16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = 6;
	put32(ip + 12, from_client ? flow->client : flow->server);
	put32(ip + 16, from_client ? flow->server : flow->client);
	put_sum(ip + 10, checksum_add(ip, 20, 0));
	put16(tcp, from_client ? flow->client_port : flow->server_port);
	put16(tcp + 2, from_client ? flow->server_port : flow->client_port);
	put32(tcp + 4, seq);
	put32(tcp + 8, flags & CAPTURE_ACK ? ack : 0);
	tcp[12] = (uint8_t)((20 + options) / 4 << 4);
	tcp[13] = flags;
	put16(tcp + 14, 64240);
	if (n > 0)
		memcpy(tcp + 20 + options, payload, n);
	put_sum(tcp + 16, checksum_add(tcp, (uint32_t)tcp_len,
	                               checksum_pseudo(ip, 4, (uint32_t)tcp_len)));
	write_frame(c, f, 14 + 20 + tcp_len);
}

void capture_filler(struct capture *c)
{
	uint8_t f[60] = "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x88\xb5";

	write_frame(c, f, sizeof(f));
}
