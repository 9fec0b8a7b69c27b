/* SPDX-License-Identifier: Apache-2.0 */
/* capture: a capture file of Ethernet frames, written one by one. */
#ifndef BENCH_CAPTURE_H
#define BENCH_CAPTURE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

enum { CAPTURE_FIN = 1, CAPTURE_SYN = 2, CAPTURE_RST = 4, CAPTURE_PSH = 8, CAPTURE_ACK = 16 };

struct capture;
struct capture_flow {
	uint32_t client, server; /* IPv4, host order */
	uint16_t client_port, server_port;
};

must_use int capture_open(struct capture **out, const char *path);
must_use int capture_close(struct capture *c); /* NULL is allowed */
uint64_t capture_octets(const struct capture *c);

/* One segment with time-stamps and right checksums. ack without CAPTURE_ACK is left 0. */
void capture_tcp(struct capture *c, const struct capture_flow *flow, bool from_client,
                 uint8_t flags, uint32_t seq, uint32_t ack, uint32_t ts, const uint8_t *payload,
                 size_t n);
/* A frame of EtherType 0x88B5 (IEEE: local experiments), 60 octets. */
void capture_filler(struct capture *c);

#endif
