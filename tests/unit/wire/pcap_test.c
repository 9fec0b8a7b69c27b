/* SPDX-License-Identifier: Apache-2.0 */
/* pcap: frames of programs that we did not write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pcap/pcap.h>

#include "packet_build.h"
#include "../shared.h"

static const struct packet_policy policy = {
	.ports = { 0xd70a /* 2775 */, 0x2823 /* 9000 */, 0x17a7 /* 42775 */ },
	.n_ports = 3,
	.verify = true,
};

/* Parse every frame of a file, with these flags of the PMD; how many are not of class. */
static unsigned parse_file(const char *name, uint64_t flags, enum packet_class class,
                           unsigned *n)
{
	uint8_t *space = guard_space();
	char path[4096], error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *octets;
	unsigned others = 0;

	shared_path(path, sizeof(path), name);
	pcap_t *file = pcap_open_offline(path, error);
	if (file == NULL)
		fail_msg("%s", error);
	assert_int_equal(pcap_datalink(file), DLT_EN10MB);
	for (*n = 0; pcap_next_ex(file, &header, &octets) == 1; ++*n) {
		struct rte_mbuf m;
		struct packet p;
		assert_true(header->caplen < GUARD_SPACE);
		guard_mbuf(&m, space, octets, header->caplen);
		m.ol_flags = flags;
		packet_parse(&policy, &m, *n % 2 ? SIDE_ESME : SIDE_SMSC, &p);
		others += p.class != class;
		if (flags == 0) {
			const struct twin t = twin_parse(&policy, octets, header->caplen);
			assert_null(twin_differs(&t, &p));
		}
	}
	pcap_close(file);
	return others;
}

static void test_from_a_wire(void **state)
{
	unsigned n;

	(void)state;
	assert_int_equal(
		parse_file("data/pcap/ndpi_smpp_in_general.dev.pcap", 0, PACKET_TCP, &n), 0);
	assert_true(n > 10);
	assert_int_equal(
		parse_file("data/pcap/vectors_one_per_flow.dev.pcap", 0, PACKET_TCP, &n), 0);
	assert_true(n > 50);
}

/* A capture of a loopback interface: the checksum was left to a NIC that never was.
 * On its own it is wrong; with the kernel's word for it, it is right. */
static void test_from_a_loopback(void **state)
{
	static const char name[] = "data/pcap/loop_node_node.dev.pcapng";
	unsigned n;

	(void)state;
	assert_int_equal(parse_file(name, 0, PACKET_BAD_CHECKSUM, &n), 0);
	assert_true(n > 200);
	assert_int_equal(parse_file(name, RTE_MBUF_F_RX_L4_CKSUM_NONE, PACKET_TCP, &n), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_a_wire),
		cmocka_unit_test(test_from_a_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
