/* SPDX-License-Identifier: Apache-2.0 */
/* packet: against a slow twin, on frames that are right, altered, cut and scattered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "flow.h"
#include "packet.h"
#include "packet_build.h"

static struct packet_policy policy(bool verify)
{
	return (struct packet_policy){
		.ports = { htons(2775), htons(9000) }, .n_ports = 2, .link = 3, .verify = verify
	};
}

static void hex(const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		fprintf(stderr, "%02x%s", p[i], i % 32 == 31 ? "\n" : "");
	fprintf(stderr, "\n");
}

/* Parse a copy at a guard page; the twin must agree and the octets be unchanged. */
static enum packet_class agree(uint8_t *space, const uint8_t *frame, uint32_t len,
                               enum side side, bool verify)
{
	const struct packet_policy with = policy(verify);
	struct rte_mbuf m;
	struct packet p;

	packet_parse(&with, guard_mbuf(&m, space, frame, len), side, &p);
	const struct twin t = twin_parse(&with, frame, len);
	const char *differs = twin_differs(&t, &p);
	if (differs != NULL) {
		hex(frame, len);
		fail_msg("%s differs: class %d, twin's %d", differs, p.class, t.class);
	}
	assert_ptr_equal(p.mbuf, &m);
	assert_memory_equal(rte_pktmbuf_mtod(&m, uint8_t *), frame, len);
	if (p.class == PACKET_TCP) {
		assert_int_equal(p.key.link, 3);
		assert_int_equal(p.hash, flow_hash(&p.key));
	}
	return p.class;
}

static void test_built_frames(void **state)
{
	static struct build b;
	uint8_t *space = guard_space();
	unsigned classes[5] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		build_any(&b);
		const enum side side = build_below(2) ? SIDE_ESME : SIDE_SMSC;
		classes[agree(space, b.octets, b.len, side, true)]++;
	}
	/* Nothing was altered on the way, so no sum is wrong. */
	assert_int_equal(classes[PACKET_BAD_CHECKSUM], 0);
	assert_true(classes[PACKET_TCP] > 15000 && classes[PACKET_OTHER] > 3000);
	assert_true(classes[PACKET_FRAGMENT] > 1000 && classes[PACKET_BAD_HEADER] > 200);
}

static void alter(struct build *b)
{
	const bool mend = build_below(2);

	for (unsigned n = 1 + build_below(3); n > 0; n--) {
		const uint32_t at = build_below(2) ? 12 + build_below(70) : build_below(b->len);
		if (at < b->len)
			b->octets[at] =
				(uint8_t)(build_below(2)
			                          ? build_random()
			                          : b->octets[at] ^ 1u << build_below(8));
	}
	if (mend && b->protocol == 6)
		build_sums(b);
	if (build_below(8) == 0)
		b->len = build_below(b->len + 1);
}

static void test_altered_frames(void **state)
{
	static struct build b;
	uint8_t *space = guard_space();
	unsigned classes[5] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		build_any(&b);
		alter(&b);
		classes[agree(space, b.octets, b.len, SIDE_ESME, build_below(4) != 0)]++;
	}
	for (unsigned c = 0; c < 5; c++)
		assert_true(classes[c] > 2000);
}

static void test_every_prefix(void **state)
{
	static struct build b;
	uint8_t *space = guard_space();

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		build_any(&b);
		for (uint32_t len = 0; len <= b.len && len < 300; len++)
			agree(space, b.octets, len, SIDE_SMSC, true);
	}
}

static struct build plain(unsigned version, unsigned payload_len)
{
	struct build b = { .version = version,
		           .protocol = 6,
		           .sport = 40000,
		           .dport = 2775,
		           .tcp_options = 3,
		           .payload_len = payload_len };

	build_frame(&b);
	return b;
}

static enum packet_class class_of(struct build *b)
{
	static uint8_t *space;

	if (space == NULL)
		space = guard_space();
	return agree(space, b->octets, b->len, SIDE_ESME, true);
}

/* What the failure policy of packet.h says, case by case. */
static void test_evasions(void **state)
{
	(void)state;
	struct build b = plain(4, 100);
	assert_int_equal(class_of(&b), PACKET_TCP);
	b.octets[b.len - 1] ^= 1;
	assert_int_equal(class_of(&b), PACKET_BAD_CHECKSUM);
	b = plain(4, 100);
	b.octets[b.l3 + 8] ^= 1; /* TTL: the IPv4 sum alone */
	assert_int_equal(class_of(&b), PACKET_BAD_CHECKSUM);
	b = plain(4, 100);
	b.len--; /* shorter than it says */
	assert_int_equal(class_of(&b), PACKET_BAD_HEADER);
	b = plain(4, 100);
	b.octets[b.l4 + 12] = 0x40;
	build_sums(&b);
	assert_int_equal(class_of(&b), PACKET_BAD_HEADER);
	b = plain(4, 0);
	b.octets[b.l4 + 12] = 0x90; /* options beyond the segment */
	build_sums(&b);
	assert_int_equal(class_of(&b), PACKET_BAD_HEADER);

	b = plain(6, 60);
	b.octets[b.l3 + 6] = 0; /* "hop-by-hop" and no length */
	build_store16(b.octets + b.l3 + 4, 0);
	b.octets[b.l4] = 6;
	b.octets[b.l4 + 1] = 0;
	memcpy(b.octets + b.l4 + 8, "\x9c\x40\x0a\xd7", 4);
	b.octets[b.l4 + 8 + 12] = 0x50; /* nothing else is wrong with its lengths */
	assert_int_equal(class_of(&b), PACKET_BAD_HEADER);
	b = (struct build){ .version = 6,
		            .protocol = 6,
		            .sport = 40000,
		            .dport = 2775,
		            .n_extensions = 17,
		            .payload_len = 10 };
	build_frame(&b);
	assert_int_equal(class_of(&b), PACKET_BAD_HEADER);
	b.n_extensions = 0;
	b.fragment = 1; /* atomic */
	build_frame(&b);
	assert_int_equal(class_of(&b), PACKET_FRAGMENT);
	b.dport = 80;
	build_frame(&b);
	assert_int_equal(class_of(&b), PACKET_OTHER);
}

/* Linux takes any number of priority tags off, so they hide nothing. */
static void test_towers_of_tags(void **state)
{
	(void)state;
	for (unsigned version = 4; version <= 6; version += 2) {
		for (unsigned n = 0; n <= BUILD_TAGS_MAX; n++) {
			struct build b = plain(version, 100);
			b.n_tags = n;
			build_frame(&b);
			assert_int_equal(class_of(&b), n <= 2 ? PACKET_TCP : PACKET_BAD_HEADER);
			b.dport = 80;
			build_frame(&b);
			assert_int_equal(class_of(&b),
			                 n <= 16 ? PACKET_OTHER : PACKET_BAD_HEADER);
		}
	}
}

/* The PMD's word on checksums: good, bad, vouched for but not filled in. */
static void test_offload_flags(void **state)
{
	static struct build b;
	uint8_t *space = guard_space();
	const struct packet_policy with = policy(true);
	struct rte_mbuf m;
	struct packet walked, derived;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		b = plain(build_below(2) ? 4 : 6, build_below(3) ? build_below(300) : 0);
		if (build_below(8) == 0) { /* a payload whose sum is zero */
			memset(b.octets + b.l4 + 32, 0, b.payload_len);
			build_sums(&b);
		}
		guard_mbuf(&m, space, b.octets, b.len);
		packet_parse(&with, &m, SIDE_ESME, &walked);
		m.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		packet_parse(&with, &m, SIDE_ESME, &derived);
		assert_int_equal(walked.class, PACKET_TCP);
		assert_int_equal(derived.class, PACKET_TCP);
		assert_int_equal(walked.payload_sum % 0xffff, derived.payload_sum % 0xffff);
		if (b.payload_len == 0)
			assert_int_equal(derived.payload_sum, 0);

		m.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
		packet_parse(&with, &m, SIDE_ESME, &derived);
		assert_int_equal(derived.class, PACKET_BAD_CHECKSUM);
		m.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD;
		packet_parse(&with, &m, SIDE_ESME, &derived);
		assert_int_equal(derived.class,
		                 b.version == 4 ? PACKET_BAD_CHECKSUM : PACKET_TCP);
	}
	/* NONE with a wrong field is wrong all the same. */
	space[GUARD_SPACE - 1] ^= 0x55;
	m.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	packet_parse(&with, &m, SIDE_ESME, &derived);
	assert_int_equal(derived.class, PACKET_BAD_CHECKSUM);
}

/* In two segments: gathered when the first has room, judged without when not. */
static void test_segments(void **state)
{
	uint8_t *space = guard_space();
	static uint8_t first[4096], copy[4096];
	const struct packet_policy with = policy(true);
	struct packet p;

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		struct build b = plain(build_below(2) ? 4 : 6, 200);
		const uint32_t cut = 1 + build_below(b.len - 1),
			       room = build_below(2) ? b.len : cut;
		struct rte_mbuf tail, head = { .buf_addr = first,
			                       .buf_len = (uint16_t)room,
			                       .data_len = (uint16_t)cut,
			                       .pkt_len = b.len,
			                       .nb_segs = 2,
			                       .next = &tail };
		guard_mbuf(&tail, space, b.octets + cut, b.len - cut);
		rte_mbuf_refcnt_set(&tail, 2); /* no pool to return it to */
		rte_mbuf_refcnt_set(&head, 1);
		memcpy(first, b.octets, cut);
		memcpy(copy, b.octets, b.len);
		packet_parse(&with, &head, SIDE_ESME, &p);
		if (room == b.len) {
			assert_int_equal(p.class, PACKET_TCP);
			assert_int_equal(head.nb_segs, 1);
			assert_memory_equal(first, copy, b.len);
		} else {
			assert_int_equal(p.class, PACKET_BAD_HEADER);
			assert_int_equal(head.nb_segs, 2);
		}
	}
}

/* Both directions of a connection have one key and one hash. */
static void test_symmetry(void **state)
{
	const struct packet_policy with = policy(true);
	uint8_t *space = guard_space();
	struct rte_mbuf m;
	struct packet there, back;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct build b = plain(build_below(2) ? 4 : 6, 20);
		const uint32_t addr = b.l3 + (b.version == 4 ? 12 : 8),
			       n = b.version == 4 ? 4 : 16;
		packet_parse(&with, guard_mbuf(&m, space, b.octets, b.len), SIDE_ESME, &there);
		uint8_t keep[16];
		memcpy(keep, b.octets + addr, n);
		memmove(b.octets + addr, b.octets + addr + n, n);
		memcpy(b.octets + addr + n, keep, n);
		memcpy(keep, b.octets + b.l4, 2);
		memmove(b.octets + b.l4, b.octets + b.l4 + 2, 2);
		memcpy(b.octets + b.l4 + 2, keep, 2);
		packet_parse(&with, guard_mbuf(&m, space, b.octets, b.len), SIDE_SMSC, &back);
		assert_int_equal(there.class, PACKET_TCP);
		assert_int_equal(back.class, PACKET_TCP);
		assert_memory_equal(&there.key, &back.key, sizeof(there.key));
		assert_int_equal(there.hash, back.hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_frames),  cmocka_unit_test(test_altered_frames),
		cmocka_unit_test(test_every_prefix),  cmocka_unit_test(test_evasions),
		cmocka_unit_test(test_offload_flags), cmocka_unit_test(test_segments),
		cmocka_unit_test(test_symmetry),      cmocka_unit_test(test_towers_of_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
