/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <rte_ip_frag.h>
#include <rte_mbuf.h>

#include "header.h"

_Static_assert(RTE_LIBRTE_IP_FRAG_MAX_FRAG == REASSEMBLY_FRAGMENTS, "as the header says");

enum { V4_LEN = 20, V6_LEN = 40, FRAGMENT_LEN = 8 };

/* A datagram may lie in either of two buckets, so they are as many as the datagrams:
 * room is refused for want of datagrams, hardly ever for want of a place. */
#define BUCKET_DATAGRAMS 8u

struct reassembly {
	struct rte_ip_frag_tbl *table;
	struct rte_ip_frag_death_row dead; /* given up by the table, to be freed */
};

int reassembly_open(struct reassembly **out, unsigned datagrams)
{
	if (datagrams < BUCKET_DATAGRAMS || datagrams > 65536)
		return -EINVAL;
	struct reassembly *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	r->table = rte_ip_frag_table_create(datagrams / BUCKET_DATAGRAMS, BUCKET_DATAGRAMS,
	                                    datagrams, REASSEMBLY_US, SOCKET_ID_ANY);
	if (r->table == NULL) {
		free(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

void reassembly_close(struct reassembly *r)
{
	if (r == NULL)
		return;
	rte_ip_frag_table_destroy(r->table);
	free(r);
}

/* Some are chains, when a gap was found behind them. */
static unsigned bury(struct reassembly *r)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->dead.cnt; i++)
		n += r->dead.row[i]->nb_segs;
	rte_ip_frag_free_death_row(&r->dead, 0);
	return n;
}

unsigned reassembly_expire(struct reassembly *r, uint64_t now_us)
{
	rte_ip_frag_table_del_expired_entries(r->table, &r->dead, now_us);
	return bury(r);
}

static unsigned read16(const uint8_t *p) { return (unsigned)(p[0] << 8 | p[1]); }

/* What the table relies on. The header's own sum is checked for each fragment: the sum of
 * the whole does not cover where its pieces were to lie. */
static bool is_sound(const struct packet *p, uint32_t most)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->l3_off);
	const uint32_t header_len = (uint32_t)(p->l4_off - p->l3_off);
	const bool v4 = ip[0] >> 4 == 4;
	const unsigned field = v4 ? read16(ip + 6) & 0x1fff : read16(ip + V6_LEN + 2) >> 3;
	const bool more = v4 ? ip[6] & 0x20 : ip[V6_LEN + 3] & 1;

	if (p->payload_len == 0 || (field == 0 && !more) || (more && p->payload_len % 8 != 0))
		return false;
	if ((v4 ? header_len : V6_LEN) + field * 8 + p->payload_len > most)
		return false;
	return !v4 || checksum_fold(checksum_add(ip, header_len, 0)) == 0xffff;
}

static struct rte_mbuf *put_together(struct reassembly *r, const struct packet *p,
                                     uint64_t now_us)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, p->l3_off);
	struct rte_mbuf *m = p->mbuf;

	m->tx_offload = rte_mbuf_tx_offload(p->l3_off, (uint64_t)(p->l4_off - p->l3_off), 0, 0,
	                                    0, 0, 0);
	return ip[0] >> 4 == 4
	               ? rte_ipv4_frag_reassemble_packet(r->table, &r->dead, m, now_us,
	                                                 (struct rte_ipv4_hdr *)ip)
	               : rte_ipv6_frag_reassemble_packet(
				 r->table, &r->dead, m, now_us, (struct rte_ipv6_hdr *)ip,
				 (struct rte_ipv6_fragment_ext *)(ip + V6_LEN));
}

/* As if it had come in one piece: the library leaves the checksum to the port. */
static void write_sum(struct rte_mbuf *whole)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(whole, uint8_t *, whole->l2_len);

	whole->ol_flags &= FRAME_OWNER_FLAGS;
	whole->tx_offload = 0;
	if (ip[0] >> 4 != 4)
		return;
	ip[10] = ip[11] = 0;
	const uint16_t sum = (uint16_t)~checksum_fold(checksum_add(ip, (ip[0] & 15u) * 4u, 0));
	memcpy(ip + 10, &sum, 2);
}

struct rte_mbuf *reassembly_take(struct reassembly *r, const struct packet *p, uint32_t most,
                                 uint64_t now_us, unsigned *dropped)
{
	if (!is_sound(p, most)) {
		*dropped = 1;
		rte_pktmbuf_free(p->mbuf);
		return NULL;
	}
	struct rte_mbuf *whole = put_together(r, p, now_us);
	*dropped = bury(r);
	if (whole != NULL && rte_pktmbuf_linearize(whole) != 0) {
		*dropped += whole->nb_segs;
		rte_pktmbuf_free(whole);
		return NULL;
	}
	if (whole != NULL)
		write_sum(whole);
	return whole;
}
