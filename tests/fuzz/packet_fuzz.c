/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet: one octet of circumstances, then a frame. The slow twin must agree, and what
 * is TCP must come out of header_write() with the same fields and right sums.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "header.h"
#include "packet.h"
#include "tunnel.h"
#include "../unit/wire/packet_build.h"

enum { TCP = 1, REWRITTEN = 2 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = TCP | REWRITTEN;

static void fail(const char *what)
{
	fprintf(stderr, "packet fuzz: %s\n", what);
	abort();
}

static struct rte_mbuf mbuf_over(uint8_t *octets, size_t size, size_t headroom)
{
	return (struct rte_mbuf){ .buf_addr = octets,
		                  .buf_len = (uint16_t)(headroom + size),
		                  .data_off = (uint16_t)headroom,
		                  .data_len = (uint16_t)size,
		                  .pkt_len = (uint32_t)size,
		                  .nb_segs = 1,
		                  .refcnt = 1 };
}

/* Send the payload again behind headers of our own: the same segment must arrive. */
static void rewrite(const struct packet_policy *policy, const struct packet *p)
{
	static uint8_t space[FRAME_HEADER_MAX + 65536];
	const uint8_t *frame = rte_pktmbuf_mtod(p->mbuf, const uint8_t *);
	const bool esme = p->side == SIDE_ESME;
	struct header_template t;
	struct packet back;

	if (p->payload_len > 60000)
		return;
	header_capture(&t, p);
	memcpy(space + FRAME_HEADER_MAX, frame + p->payload_off, p->payload_len);
	struct rte_mbuf m = mbuf_over(space, p->payload_len, FRAME_HEADER_MAX);
	const struct header_fields f = {
		.src_port = esme ? p->key.esme_port : p->key.smsc_port,
		.dst_port = esme ? p->key.smsc_port : p->key.esme_port,
		.window = p->window,
		.seq = p->seq,
		.ack = p->ack,
		.flags = p->flags,
		.payload_sum = p->payload_sum,
		.options_len = p->options_len,
		.options = frame + p->l4_off + 20,
	};
	if (header_write(&t, &f, 0, &m) != 0)
		fail("no headroom");
	packet_parse(policy, &m, p->side, &back);
	if (back.class != PACKET_TCP || memcmp(&back.key, &p->key, sizeof(p->key)) != 0 ||
	    back.seq != p->seq || back.ack != p->ack || back.flags != p->flags ||
	    back.window != p->window || back.payload_len != p->payload_len ||
	    back.payload_sum % 0xffff != p->payload_sum % 0xffff || back.hash != p->hash)
		fail("what was written reads back otherwise");
	fuzz_reached |= REWRITTEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 60000)
		return 0;
	const struct packet_policy policy = { .ports = { htons(2775) },
		                              .n_ports = 1,
		                              .verify = data[0] & 2 };
	uint8_t *frame = malloc(size); /* of the exact size, for a sanitizer to watch */
	if (frame == NULL)
		abort();
	memcpy(frame, data + 1, size - 1);
	struct rte_mbuf m = mbuf_over(frame, size - 1, 0);
	struct packet p;

	(void)tunnel_of(frame, (uint32_t)size - 1);
	packet_parse(&policy, &m, data[0] & 1 ? SIDE_SMSC : SIDE_ESME, &p);
	const struct twin t = twin_parse(&policy, frame, (long)size - 1);
	fuzz_reached |= p.class == PACKET_TCP ? TCP : 0;
	const char *differs = twin_differs(&t, &p);
	if (differs != NULL)
		fail(differs);
	if (p.class == PACKET_TCP && policy.verify)
		rewrite(&policy, &p);
	free(frame);
	return 0;
}
