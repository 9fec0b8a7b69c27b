/* SPDX-License-Identifier: Apache-2.0 */
/* What is not ours crosses as it is: its octets, and no word of the port it came in at may
 * be taken for an order by the one it leaves at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

/* All that a port may say of reception (rte_mbuf_core.h), and stale orders to send. */
static const uint64_t said[] = {
	RTE_MBUF_F_RX_VLAN,
	RTE_MBUF_F_RX_RSS_HASH,
	RTE_MBUF_F_RX_FDIR,
	RTE_MBUF_F_RX_L4_CKSUM_BAD,
	RTE_MBUF_F_RX_L4_CKSUM_GOOD,
	RTE_MBUF_F_RX_IP_CKSUM_BAD,
	RTE_MBUF_F_RX_IP_CKSUM_GOOD,
	RTE_MBUF_F_RX_IEEE1588_TMST,
	RTE_MBUF_F_TX_VLAN,
	RTE_MBUF_F_TX_QINQ,
	RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4,
	RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG,
};

/* Through a turn; the one frame that leaves at the other side. */
static struct rte_mbuf *cross(struct rig *r, enum side from, struct rte_mbuf *m)
{
	struct worker *w = r->worker;

	worker_begin(w, r->now);
	worker_take(w, 0, from, &m, 1);
	worker_input(w, 0);
	worker_finish(w);
	assert_int_equal(w->tx[from].n, 0);
	assert_int_equal(w->tx[!from].n, 1);
	w->tx[!from].n = 0;
	return w->tx[!from].mbufs[0];
}

/* Untagged, tagged, twice tagged: TCP of another port, whose checksum may be any. */
static uint32_t frame_of(struct rig *r, unsigned tags, uint8_t *frame)
{
	r->path.port[SMSC] = 80;
	r->path.n_tags = tags;
	r->path.tag[0] = 7;
	r->path.tag[1] = 9;
	rig_stream(100);
	return rig_build(r, ESME, rig_text(0, 100, 0), frame);
}

static void flags_do_not_cross(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	uint8_t frame[WIRE_MAX];

	(void)state;
	for (unsigned i = 0; i < sizeof(said) / sizeof(said[0]) * 3; i++) {
		const uint32_t len = frame_of(r, i % 3, frame);
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		m->ol_flags = said[i / 3];
		m->vlan_tci = 4000;
		struct rte_mbuf *out = cross(r, i % 2 ? SIDE_SMSC : SIDE_ESME, m);
		assert_ptr_equal(out, m);
		assert_int_equal(out->ol_flags, 0);
		assert_int_equal(out->data_len, len);
		assert_memory_equal(rte_pktmbuf_mtod(out, void *), frame, len);
		rte_pktmbuf_free(out);
	}
	rig_close(r);
}

static unsigned freed;
static void note_freed(void *at, void *arg)
{
	(void)at, (void)arg;
	freed++;
}

/* A port may lend octets that are not the buffer's own (RTE_MBUF_F_EXTERNAL): that says who
 * they go back to, and must cross. */
static void borrowed_octets_go_back(void **state)
{
	static uint8_t area[WIRE_MAX + 256] __attribute__((aligned(64)));
	struct rig *r = rig_open(rig_buffers, NULL);
	uint16_t size = sizeof(area);

	(void)state;
	freed = 0;
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);
	struct rte_mbuf_ext_shared_info *info =
		rte_pktmbuf_ext_shinfo_init_helper(area, &size, note_freed, NULL);
	assert_non_null(info);
	rte_pktmbuf_attach_extbuf(m, area, 0, size, info);
	m->data_off = 0;
	m->data_len = (uint16_t)frame_of(r, 0, area);
	m->pkt_len = m->data_len;
	m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
	struct rte_mbuf *out = cross(r, SIDE_ESME, m);
	assert_int_equal(out->ol_flags, RTE_MBUF_F_EXTERNAL);
	rte_pktmbuf_free(out);
	assert_int_equal(freed, 1);
	rig_close(r);
}

static const struct {
	unsigned type; /* EtherType; IPv4 carries: */
	uint8_t protocol;
	unsigned port; /* of UDP */
	enum counter counter;
} tunnels[] = {
	{ 0x8847, 0, 0, COUNTER_TUNNEL_MPLS },      { 0x8864, 0, 0, COUNTER_TUNNEL_PPPOE },
	{ 0x0800, 47, 0, COUNTER_TUNNEL_GRE },      { 0x0800, 41, 0, COUNTER_TUNNEL_IP },
	{ 0x0800, 17, 4789, COUNTER_TUNNEL_VXLAN }, { 0x0800, 17, 2152, COUNTER_TUNNEL_GTP },
	{ 0x0800, 50, 0, COUNTER_TUNNEL_IPSEC },    { 0x0800, 97, 0, COUNTER_TUNNEL_OTHER },
};

/* They cross, each counted by its kind; which frames are of a kind is in tunnel_test. */
static void tunnels_are_counted(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	for (unsigned i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		uint8_t frame[60] = { [14] = 0x45, [17] = 40 };
		frame[12] = (uint8_t)(tunnels[i].type >> 8);
		frame[13] = (uint8_t)tunnels[i].type;
		frame[23] = tunnels[i].protocol;
		frame[36] = (uint8_t)(tunnels[i].port >> 8);
		frame[37] = (uint8_t)tunnels[i].port;
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig_buffers);
		memcpy(rte_pktmbuf_append(m, sizeof(frame)), frame, sizeof(frame));
		rte_pktmbuf_free(cross(r, i % 2 ? SIDE_SMSC : SIDE_ESME, m));
		assert_int_equal(rig_counter(r, COUNTER_PASSED_FRAMES), i + 1);
		for (unsigned k = 0; k < sizeof(tunnels) / sizeof(tunnels[0]); k++)
			assert_int_equal(rig_counter(r, tunnels[k].counter), k <= i);
	}
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(flags_do_not_cross),
		                            cmocka_unit_test(borrowed_octets_go_back),
		                            cmocka_unit_test(tunnels_are_counted) };

	return cmocka_run_group_tests(tests, rig_start, NULL);
}
