/* SPDX-License-Identifier: Apache-2.0 */
#include "header.h"

#include <errno.h>

#include "header_render.h"

_Static_assert(sizeof(((struct header_template *)0)->octets) + TCP_LEN + HEADER_OPTIONS_MAX <=
                       FRAME_HEADER_MAX,
               "headers fit where callers keep room for them");

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

uint32_t header_render(const struct header_template *t, const struct header_fields *f,
                       uint32_t payload_len, unsigned offload, uint8_t *out)
{
	header_put(t, f, payload_len, offload, out);
	return header_len(t, f->options_len);
}

int header_write(const struct header_template *t, const struct header_fields *f,
                 unsigned offload, struct rte_mbuf *mbuf)
{
	const uint32_t payload_len = rte_pktmbuf_pkt_len(mbuf);
	char *at = rte_pktmbuf_prepend(mbuf, (uint16_t)header_len(t, f->options_len));

	if (unlikely(at == NULL))
		return -ENOSPC;
	header_put(t, f, payload_len, offload, (uint8_t *)at);
	header_tell(t, f->options_len, offload, mbuf);
	return 0;
}
