/* SPDX-License-Identifier: Apache-2.0 */
/* header: what is captured, and that what is written reads back with right sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>

#include "header.h"
#include "packet_build.h"

static const struct packet_policy policy = {
	.ports = { 0xd70a /* 2775 */ }, .n_ports = 1, .link = 1, .verify = true
};

/* A packet of a random shape on port 2775, to capture from. */
static void received(struct build *b, struct rte_mbuf *m, uint8_t *space, struct packet *p)
{
	memset(b, 0, sizeof(*b));
	b->n_tags = build_below(3);
	b->version = build_below(2) ? 4 : 6;
	b->ip_options = build_below(3);
	b->protocol = 6;
	b->fragment = b->version == 4 ? build_below(2) * 0x4000 : 0;
	b->sport = (uint16_t)(30000 + build_below(1000));
	b->dport = 2775;
	b->payload_len = build_below(50);
	build_frame(b);
	packet_parse(&policy, guard_mbuf(m, space, b->octets, b->len), SIDE_ESME, p);
	assert_int_equal(p->class, PACKET_TCP);
}

struct sending {
	struct header_template t;
	struct header_fields f;
	uint8_t options[HEADER_OPTIONS_MAX];
	uint8_t payload[1500];
	uint32_t payload_len;
	unsigned offload;
};

static void any_fields(struct sending *s, const struct packet *p)
{
	s->payload_len = build_below(3) ? build_below(200) : build_below(1400);
	if (build_below(6) == 0)
		s->payload_len = 0;
	build_octets(s->payload, s->payload_len);
	build_octets(s->options, sizeof(s->options));
	s->offload = build_below(4);
	s->f = (struct header_fields){
		.src_port = p->key.esme_port,
		.dst_port = p->key.smsc_port,
		.window = (uint16_t)build_random(),
		.ip_id = (uint16_t)build_random(),
		.seq = (uint32_t)build_random(),
		.ack = (uint32_t)build_random(),
		.flags = (uint8_t)build_below(64),
		.options_len = (uint8_t)(build_below(11) * 4),
		.options = s->options,
		.payload_sum = checksum_fold(checksum_add(s->payload, s->payload_len, 0)),
	};
}

/* A buffer whose data is the payload, with this much headroom. */
static void payload_mbuf(struct rte_mbuf *m, uint8_t *space, const struct sending *s,
                         uint32_t headroom)
{
	memset(m, 0, sizeof(*m));
	m->buf_addr = space;
	m->buf_len = (uint16_t)(headroom + s->payload_len);
	m->data_off = (uint16_t)headroom;
	m->data_len = (uint16_t)s->payload_len;
	m->pkt_len = s->payload_len;
	m->nb_segs = 1;
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH;
	rte_mbuf_refcnt_set(m, 1);
	memcpy(space + headroom, s->payload, s->payload_len);
}

/* What a NIC does with the flags and lengths of an mbuf, and nothing else. */
static void as_nic(struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *ip = frame + m->l2_len;
	uint8_t *tcp = ip + m->l3_len;

	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) {
		assert_int_equal(ip[10] | ip[11], 0);
		build_store16(ip + 10, 0xffff - twin_sum(ip, m->l3_len));
	}
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM) {
		assert_int_equal(tcp[12] >> 4, m->l4_len / 4);
		build_store16(tcp + 16,
		              0xffff - twin_sum(tcp, m->pkt_len - m->l2_len - m->l3_len));
	}
	m->ol_flags = 0;
}

static void check_written(const struct sending *s, const struct build *b,
                          const struct packet *p)
{
	const uint8_t *frame = rte_pktmbuf_mtod(p->mbuf, uint8_t *);
	const uint8_t *ip = frame + p->l3_off, *was = b->octets + b->l3;

	assert_int_equal(p->class, PACKET_TCP);
	assert_int_equal(p->mbuf->pkt_len,
	                 header_len(&s->t, s->f.options_len) + s->payload_len);
	assert_memory_equal(frame, b->octets, b->l3); /* MACs, tags, EtherType */
	assert_int_equal(p->seq, s->f.seq);
	assert_int_equal(p->ack, s->f.ack);
	assert_int_equal(p->flags, s->f.flags);
	assert_int_equal(p->window, s->f.window);
	assert_int_equal(p->options_len, s->f.options_len);
	assert_memory_equal(frame + p->l4_off + 20, s->options, s->f.options_len);
	assert_int_equal(p->payload_len, s->payload_len);
	assert_memory_equal(frame + p->payload_off, s->payload, s->payload_len);
	if (b->version == 4) {
		assert_int_equal(ip[0], 0x45);
		assert_int_equal(ip[1], was[1] & 0xfc);
		assert_int_equal(ip[4] * 256 + ip[5], s->f.ip_id);
		assert_int_equal(ip[6], was[6] & 0x40);
		assert_int_equal(ip[8], was[8]);
	} else {
		assert_int_equal(ip[1] & 0x30, 0);
		assert_int_equal(ip[1] | 0x30, was[1] | 0x30);
		assert_memory_equal(ip + 2, was + 2, 2);
		assert_int_equal(ip[7], was[7]);
	}
}

static void test_written(void **state)
{
	static struct build b;
	static struct sending s;
	static uint8_t out[4096];
	uint8_t *space = guard_space();
	struct rte_mbuf m, sent;
	struct packet p, back;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		received(&b, &m, space, &p);
		header_capture(&s.t, &p);
		any_fields(&s, &p);
		payload_mbuf(&sent, out, &s,
		             header_len(&s.t, s.f.options_len) + build_below(40));
		assert_int_equal(header_write(&s.t, &s.f, s.offload, &sent), 0);
		assert_false(sent.ol_flags &
		             (RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH));
		assert_int_equal(!!(sent.ol_flags & RTE_MBUF_F_TX_TCP_CKSUM),
		                 !!(s.offload & HEADER_TCP_SUM));
		if (sent.ol_flags)
			assert_int_equal(
				sent.ol_flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6),
				b.version == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
		as_nic(&sent);
		packet_parse(&policy, &sent, SIDE_ESME, &back);
		check_written(&s, &b, &back);
		assert_memory_equal(&back.key, &p.key, sizeof(p.key));
	}
}

/* Payload that stays where it is, in a segment of its own behind the headers. */
static void test_chained(void **state)
{
	static struct build b;
	static struct sending s;
	static uint8_t out[256], joined[2048];
	uint8_t *space = guard_space();
	struct packet p, back;
	struct rte_mbuf m;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		received(&b, &m, space, &p);
		header_capture(&s.t, &p);
		any_fields(&s, &p);
		s.offload = 0;
		struct rte_mbuf tail = { .data_len = (uint16_t)s.payload_len, .nb_segs = 1 };
		struct rte_mbuf head = { .buf_addr = out,
			                 .buf_len = 128,
			                 .data_off = 128,
			                 .pkt_len = s.payload_len,
			                 .nb_segs = 2,
			                 .next = &tail };
		assert_int_equal(header_write(&s.t, &s.f, 0, &head), 0);
		const uint32_t len = head.data_len;
		assert_int_equal(head.pkt_len, len + s.payload_len);
		memcpy(joined, rte_pktmbuf_mtod(&head, uint8_t *), len);
		memcpy(joined + len, s.payload, s.payload_len);
		guard_mbuf(&m, space, joined, len + s.payload_len);
		packet_parse(&policy, &m, SIDE_ESME, &back);
		check_written(&s, &b, &back);
	}
}

static void test_no_headroom(void **state)
{
	static struct build b;
	static struct sending s;
	static uint8_t out[4096];
	uint8_t *space = guard_space();
	struct rte_mbuf m, sent, before;
	struct packet p;

	(void)state;
	received(&b, &m, space, &p);
	header_capture(&s.t, &p);
	any_fields(&s, &p);
	payload_mbuf(&sent, out, &s, header_len(&s.t, s.f.options_len) - 1);
	memcpy(&before, &sent, sizeof(sent));
	assert_int_equal(header_write(&s.t, &s.f, 0, &sent), -ENOSPC);
	assert_memory_equal(&sent, &before, sizeof(sent));
}

/* An answer goes back where the packet came from; twice reversed is the same path. */
static void test_reverse(void **state)
{
	static struct build b;
	static struct sending s;
	static uint8_t out[4096];
	uint8_t *space = guard_space();
	struct rte_mbuf m, sent;
	struct packet p, back;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		received(&b, &m, space, &p);
		header_capture(&s.t, &p);
		header_reverse(&s.t);
		any_fields(&s, &p);
		s.f.src_port = p.key.smsc_port;
		s.f.dst_port = p.key.esme_port;
		payload_mbuf(&sent, out, &s, 128);
		assert_int_equal(header_write(&s.t, &s.f, 0, &sent), 0);
		packet_parse(&policy, &sent, SIDE_SMSC, &back);
		assert_int_equal(back.class, PACKET_TCP);
		assert_memory_equal(&back.key, &p.key, sizeof(p.key));
		const uint8_t *frame = rte_pktmbuf_mtod(&sent, uint8_t *);
		assert_memory_equal(frame, b.octets + 6, 6);
		assert_memory_equal(frame + 6, b.octets, 6);
		assert_int_equal(frame[back.l3_off + (b.version == 4 ? 8 : 7)], 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_chained),
		cmocka_unit_test(test_no_headroom),
		cmocka_unit_test(test_reverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
