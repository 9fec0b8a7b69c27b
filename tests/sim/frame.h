/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: frames as the simulated endpoints write and read them. A second implementation,
 * the slow and literal one: nothing here comes from dataplane/.
 */
#ifndef SIM_FRAME_H
#define SIM_FRAME_H
#include <stdbool.h>
#include <stdint.h>

#include "random.h"

#define WIRE_MAX 1700u /* octets of a frame: 22 + 40 + 60 + 1,460 and some */
#define WIRE_SACKS 4u

enum { ESME = 0, SMSC = 1 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* The ends of one connection as both see them. */
struct path {
	uint8_t mac[2][6], addr[2][16];
	uint16_t port[2]; /* host order */
	uint8_t ttl[2], tos[2];
	uint16_t tag[2];  /* VLAN ids, outer first */
	unsigned n_tags, version;
	bool may_cut; /* routers may cut its packets: no DF */
};

struct seg {
	uint32_t seq, ack, ts_val, ts_ecr;
	uint16_t window, mss;
	uint8_t flags, wscale;
	bool has_ts, has_wscale, sack_ok;
	unsigned n_sacks;
	uint32_t sack[WIRE_SACKS][2];
	const uint8_t *payload;
	uint32_t len;
};

struct path path_random(struct random *r, unsigned connection);
/* The frame of a segment from one end to the other; its octets. */
uint32_t frame_build(const struct path *p, int from, const struct seg *s, uint8_t *out);
/* The same backwards, everything checked: NULL, or what is wrong with it. */
const char *frame_read(const struct path *p, int from, const uint8_t *frame, uint32_t len,
                       struct seg *out);
/* What a router beyond the end `to` answers to a frame that its next link cannot carry; the
 * answer's octets. And whether a frame to this end is larger than that link takes. */
uint32_t frame_too_big(const struct path *p, int to, const uint8_t *frame, uint32_t mtu,
                       uint8_t *out);
bool frame_exceeds(const struct path *p, const uint8_t *frame, uint32_t mtu);
bool frame_is_tcp(const uint8_t *frame, uint32_t len);
/* The port of the ESME in a frame that came from the end; 0: not TCP. */
uint16_t frame_esme_port(const uint8_t *frame, uint32_t len, int from);

#endif
