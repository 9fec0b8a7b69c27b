/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port: opened on PMDs that need no hardware, in a network namespace of our own.
 * As root also on AF_PACKET over veth, frames in and out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_thash.h>

#include "packet_build.h"
#include "port.h"

#define EAL_PORTS 2 /* net_ring0 and net_ring1, made by EAL's arguments */

static bool own_namespace;

static struct settings settings_for(const char *esme, const char *smsc)
{
	struct settings s;

	settings_defaults(&s);
	s.n_links = 1;
	s.buffers = 4096;
	snprintf(s.links[0].esme, sizeof(s.links[0].esme), "%s", esme);
	snprintf(s.links[0].smsc, sizeof(s.links[0].smsc), "%s", smsc);
	return s;
}

static void add_octets(struct rte_mempool *pool, void *octets, struct rte_mempool_memhdr *chunk,
                       unsigned index)
{
	(void)pool, (void)index;
	*(size_t *)octets += chunk->len;
}

/* Also without huge pages, with which this test runs: not one to a page of 4 KiB. */
static void lie_close(struct rte_mempool *pool)
{
	size_t octets = 0;

	(void)rte_mempool_mem_iter(pool, add_octets, &octets);
	assert_in_range(octets / pool->size, 2048, 3 * 1024);
}

static void open_ports(struct ports *ports, const struct settings *s)
{
	char error[200];

	if (ports_open(ports, s, 20, error) != 0)
		fail_msg("%s", error);
	assert_int_equal(ports->n_links, s->n_links);
	/* 20, and frames begin on a line */
	assert_int_equal(rte_pktmbuf_priv_size(ports->pool), RTE_CACHE_LINE_SIZE);
	assert_true(rte_pktmbuf_data_room_size(ports->pool) >= 2048 + 128);
	lie_close(ports->pool);
}

/* Every mbuf is back, and the ports are gone: the next test starts as the first. */
static void close_ports(struct ports *ports, unsigned buffers)
{
	assert_int_equal(rte_mempool_avail_count(ports->pool), buffers);
	ports_close(ports);
	assert_null(ports->pool);
	assert_int_equal(ports->n_links, 0);
}

static void refused(const char *esme, const char *smsc, int result, const char *sentence)
{
	const struct settings s = settings_for(esme, smsc);
	const uint16_t before = rte_eth_dev_count_avail();
	struct ports ports;
	char error[200];
	int got = ports_open(&ports, &s, 0, error);

	assert_true(result ? got == result : got < 0);
	if (strstr(error, sentence) == NULL)
		fail_msg("said: %s\nnot: %s", error, sentence);
	assert_int_equal(rte_eth_dev_count_avail(), before);
	assert_null(ports.pool);
}

static void test_refused(void **state)
{
	(void)state;
	refused("net_null0", "net_nonesuch0", 0, "net_nonesuch0: no such device or driver");
	refused("0000:ff:1f.7", "net_null0", 0, "0000:ff:1f.7: no such device or driver");
	refused("ff:1f.7", "net_null0", 0, "0000:ff:1f.7: no such device or driver");
	refused("net_af_packet0,iface=nosuch0", "net_null0", -ENODEV,
	        "there is no interface nosuch0 in this network namespace");
	refused("net_af_packet0,iface=lo,framesz=1024", "net_null0", -EINVAL,
	        "framesz is too small");
	refused("net_null0", "net_null0", -EBUSY, "in use twice");
	refused("net_null_with_a_name_that_is_longer_than_the_sixty_three_octets_of_ethdev0",
	        "net_null0", -EINVAL, "has at most 63 octets");
	refused("net_null0", "net_null1,nonsense=1", 0,
	        "net_null1: no such device or driver, or refused");
}

static void test_no_memory(void **state)
{
	struct settings s = settings_for("net_null0", "net_null1");
	struct ports ports;
	char error[200];

	(void)state;
	s.buffers = 16777216;
	assert_int_equal(ports_open(&ports, &s, 0, error), -ENOMEM);
	assert_non_null(strstr(error, "no memory for 16777216 packet buffers (3"));
	assert_non_null(strstr(error, "lower buffers"));
	assert_int_equal(rte_eth_dev_count_avail(), EAL_PORTS);
}

/* By ours, and not by a table that each PMD fills as it likes. */
static void expect_spread(uint16_t id, unsigned queues)
{
	struct rte_eth_rss_reta_entry64 table[2] = { [0 ... 1] = { .mask = UINT64_MAX } };

	assert_int_equal(rte_eth_dev_rss_reta_query(id, table, 128), 0);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(table[i / 64].reta[i % 64], i % queues);
}

/* Again and again under the same names, with one worker and with three. */
static void test_null(void **state)
{
	struct rte_eth_conf conf;
	struct rte_mbuf *burst[32];
	struct ports ports;

	(void)state;
	for (unsigned workers = 1; workers <= 3; workers += 2) {
		struct settings s = settings_for("net_null0,size=100", "net_null1");
		s.workers = workers;
		open_ports(&ports, &s);
		const struct port *port = &ports.links[0].port[SIDE_ESME];
		assert_string_equal(port->name, "net_null0");
		assert_int_equal(port->n_queues, workers); /* this PMD claims RSS */
		assert_false(ports.distribute);
		assert_int_equal(rte_eth_dev_conf_get(port->id, &conf), 0);
		assert_int_equal(conf.rxmode.mq_mode,
		                 workers > 1 ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE);
		assert_false(conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
		for (uint16_t q = 0; q < (uint16_t)workers; q++) {
			assert_int_equal(rte_eth_rx_burst(port->id, q, burst, 32), 32);
			assert_int_equal(burst[0]->pkt_len, 100);
			assert_ptr_equal(burst[0]->pool, ports.pool);
			assert_int_equal(
				rte_eth_tx_burst(ports.links[0].port[1].id, q, burst, 32), 32);
		}
		expect_spread(ports.links[0].port[SIDE_SMSC].id, workers);
		close_ports(&ports, 4096);
		assert_int_equal(rte_eth_dev_count_avail(), EAL_PORTS);
	}
}

/* One direction's input of Toeplitz as a NIC takes it: source, destination, ports. */
static unsigned rss_input(uint32_t *out, unsigned words, const uint8_t addr[2][16],
                          const uint16_t port[2], bool back)
{
	unsigned n = 0;

	for (unsigned end = 0; end < 2; end++)
		for (unsigned i = 0; i < words; i++) {
			const uint8_t *p = addr[end ^ back] + 4 * i;
			out[n++] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			           (uint32_t)p[2] << 8 | p[3];
		}
	out[n++] = (uint32_t)port[back] << 16 | port[!back];
	return n;
}

/* Connections that some of so many queues would get in two directions, by this key; and how
 * many of them each queue gets. A table of 128 entries, filled in turn, as PMDs do. */
static unsigned rss_apart(const uint8_t *key, unsigned words, unsigned queues, unsigned *got)
{
	unsigned apart = 0;

	for (unsigned i = 0; i < 4000; i++) {
		uint8_t addr[2][16];
		const uint16_t port[2] = { (uint16_t)(1024 + build_below(60000)), 2775 };
		uint32_t in[9];
		build_octets(addr[0], 32);
		unsigned n = rss_input(in, words, addr, port, false);
		const uint32_t there = rte_softrss(in, n, key);
		n = rss_input(in, words, addr, port, true);
		const uint32_t back = rte_softrss(in, n, key);
		apart += there % 128 % queues != back % 128 % queues;
		got[there % 128 % queues]++;
	}
	return apart;
}

/*
 * The key that a port with RSS was given: both directions of every connection, IPv4 and
 * IPv6, come to one queue of 1, 2 and 4, and the queues share alike. The hash is computed as
 * a NIC does; with a key that does not repeat it keeps hardly any connection together.
 */
static void test_rss_is_symmetric(void **state)
{
	static const uint8_t usual[52] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
		                           0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
		                           0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4 };
	struct rte_eth_conf conf;
	struct ports ports;

	(void)state;
	for (unsigned queues = 1; queues <= 4; queues *= 2) {
		struct settings s = settings_for("net_null0", "net_null1");
		s.workers = queues;
		open_ports(&ports, &s);
		assert_false(ports.distribute);
		for (unsigned side = 0; side < 2 && queues > 1; side++) {
			const struct port *port = &ports.links[0].port[side];
			assert_int_equal(port->n_queues, queues);
			assert_int_equal(rte_eth_dev_conf_get(port->id, &conf), 0);
			const struct rte_eth_rss_conf *rss = &conf.rx_adv_conf.rss_conf;
			assert_true(rss->rss_key_len >= 40);
			for (unsigned words = 1; words <= 4; words += 3) {
				unsigned got[4] = { 0 }, other[4] = { 0 };
				assert_int_equal(rss_apart(rss->rss_key, words, queues, got),
				                 0);
				for (unsigned q = 0; q < queues; q++)
					assert_true(got[q] > 4000 / queues / 2);
				assert_true(rss_apart(usual, words, queues, other) > 1000);
			}
		}
		close_ports(&ports, 4096);
	}
}

/* Fragments meet in one worker, so this setting takes no RSS even where there is some. */
static void test_fragments_take_no_rss(void **state)
{
	struct settings s = settings_for("net_null0", "net_null1");
	struct ports ports;

	(void)state;
	s.workers = 2;
	s.fragments = FRAGMENTS_REASSEMBLE;
	open_ports(&ports, &s);
	assert_true(ports.distribute);
	assert_int_equal(ports.links[0].port[SIDE_ESME].n_queues, 1);
	close_ports(&ports, 4096);
}

/* Rings have no RSS: one queue for all workers, and software distributes. The ports
 * were made by EAL's own arguments, are there afterwards. */
static void test_ring(void **state)
{
	struct rte_mbuf *in[1], *out[1];
	struct ports ports;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct settings s = settings_for("net_ring0", "net_ring1");
		s.workers = 2;
		open_ports(&ports, &s);
		assert_true(ports.distribute);
		assert_int_equal(ports.links[0].port[0].n_queues, 1);
		assert_false(ports.links[0].port[0].probed);
		in[0] = rte_pktmbuf_alloc(ports.pool);
		assert_non_null(in[0]);
		const uint16_t id = ports.links[0].port[SIDE_SMSC].id;
		assert_int_equal(rte_eth_tx_burst(id, 0, in, 1), 1);
		assert_int_equal(rte_eth_rx_burst(id, 0, out, 1), 1);
		assert_ptr_equal(in[0], out[0]);
		rte_pktmbuf_free(out[0]);
		close_ports(&ports, 4096);
		assert_int_equal(rte_eth_dev_count_avail(), EAL_PORTS);
	}
}

static int raw_socket(const char *interface)
{
	const int fd = socket(AF_PACKET, SOCK_RAW, htons(0x0003));
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		                  .sll_protocol = htons(0x0003),
		                  .sll_ifindex = (int)if_nametoindex(interface) };
	const struct timeval patience = { .tv_sec = 2 };

	assert_true(fd >= 0 && at.sll_ifindex > 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &(int){ 1 }, sizeof(int)),
	                 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
	                 0);
	return fd;
}

static struct rte_mbuf *receive(uint16_t id)
{
	struct rte_mbuf *m = NULL;

	for (unsigned tries = 0; tries < 2000; tries++) {
		if (rte_eth_rx_burst(id, 0, &m, 1) == 1)
			return m;
		usleep(1000);
	}
	fail_msg("no frame came");
	return NULL;
}

/* One frame as it was on the cable: the kernel takes the outer tag off and tells it. */
static ssize_t receive_raw(int fd, uint8_t *frame, size_t size)
{
	uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))] __attribute__((aligned(8)));
	struct iovec parts[2] = { { .iov_base = frame, .iov_len = 12 },
		                  { .iov_base = frame + 16, .iov_len = size - 16 } };
	struct msghdr message = { .msg_iov = parts,
		                  .msg_iovlen = 2,
		                  .msg_control = control,
		                  .msg_controllen = sizeof(control) };
	struct tpacket_auxdata aux = { 0 };

	const ssize_t len = recvmsg(fd, &message, 0);
	if (len < 12)
		return len;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL;
	     c = CMSG_NXTHDR(&message, c))
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID)) {
		memmove(frame + 12, frame + 16, (size_t)len - 12);
		return len;
	}
	build_store16(frame + 12, aux.tp_vlan_tpid);
	build_store16(frame + 14, aux.tp_vlan_tci);
	return len + 4;
}

/* A frame of the other end of the cable comes in whole, and goes out whole. */
static void cross(int fd, uint16_t id, const struct build *b)
{
	uint8_t back[2048];
	ssize_t len;

	assert_int_equal(send(fd, b->octets, b->len, 0), b->len);
	struct rte_mbuf *m = receive(id);
	assert_int_equal(m->pkt_len, b->len);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), b->octets, b->len);
	rte_pktmbuf_mtod(m, uint8_t *)[0] = 0x02; /* to tell it from our own */
	assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
	do {
		len = receive_raw(fd, back, sizeof(back));
	} while (len > 0 && back[0] != 0x02);
	assert_int_equal(len, b->len);
	assert_memory_equal(back + 1, b->octets + 1, b->len - 1);
}

static void test_af_packet(void **state)
{
	struct settings s =
		settings_for("net_af_packet0,iface=wire0", "net_af_packet1,iface=wire1");
	struct ports ports;

	(void)state;
	if (!own_namespace) {
		print_message("skipped: only root can make veth interfaces\n");
		skip();
	}
	assert_int_equal(system("ip link add wire0 type veth peer name far0 && "
	                        "ip link add wire1 type veth peer name far1 && "
	                        "for i in wire0 wire1 far0 far1; do "
	                        "sysctl -qw net.ipv6.conf.$i.disable_ipv6=1; "
	                        "ip link set $i up; done"),
	                 0);
	open_ports(&ports, &s);
	for (unsigned side = 0; side < 2; side++) {
		const int fd = raw_socket(side ? "far1" : "far0");
		struct build b = { .version = 4, .protocol = 6, .sport = 40000, .dport = 2775 };
		static const unsigned lens[4] = { 6, 100, 101, 1514 - 54 };
		for (unsigned i = 0; i < 12; i++) {
			b.payload_len = lens[i % 4];
			b.n_tags = i / 4;
			/* With an MTU of 1500 the kernel allows for one tag, not for two. */
			if (b.n_tags == 2 && b.payload_len == 1514 - 54)
				b.payload_len -= 4;
			build_frame(&b);
			b.octets[0] = 0x04;
			/* The PMD gives every tag that the kernel took off this type. */
			for (unsigned tag = 0; tag < b.n_tags; tag++)
				build_store16(b.octets + 12 + tag * 4, 0x8100);
			cross(fd, ports.links[0].port[side].id, &b);
		}
		close(fd);
	}
	close_ports(&ports, 4096);
	assert_int_equal(rte_eth_dev_count_avail(), EAL_PORTS);
}

/* A file in, a file out. */
static void test_pcap(void **state)
{
	char in[] = "/tmp/port-test-in-XXXXXX", out[] = "/tmp/port-test-out-XXXXXX";
	const uint32_t header[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 };
	struct build b = {
		.version = 6, .protocol = 6, .sport = 40000, .dport = 2775, .payload_len = 100
	};
	const int fd = mkstemp(in), out_fd = mkstemp(out);
	char esme[SETTING_TEXT_SIZE], smsc[SETTING_TEXT_SIZE];
	struct ports ports;

	(void)state;
	build_frame(&b);
	const uint32_t record[4] = { 1, 2, b.len, b.len };
	assert_int_equal(write(fd, header, 24), 24);
	assert_int_equal(write(fd, record, 16), 16);
	assert_int_equal(write(fd, b.octets, b.len), b.len);
	close(fd);
	snprintf(esme, sizeof(esme), "net_pcap0,rx_pcap=%s,tx_pcap=/dev/null", in);
	snprintf(smsc, sizeof(smsc), "net_pcap1,rx_pcap=%s,tx_pcap=%s", in, out);
	const struct settings s = settings_for(esme, smsc);
	open_ports(&ports, &s);
	struct rte_mbuf *m = receive(ports.links[0].port[SIDE_ESME].id);
	assert_int_equal(m->pkt_len, b.len);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), b.octets, b.len);
	assert_int_equal(rte_eth_tx_burst(ports.links[0].port[SIDE_SMSC].id, 0, &m, 1), 1);
	ports_close(&ports);
	assert_int_equal(lseek(out_fd, 0, SEEK_END), 24 + 16 + b.len);
	close(out_fd);
	unlink(in);
	unlink(out);
}

static int start_eal(void)
{
	char *args[] = { "port_test",
		         "--no-huge",
		         "-m",
		         "128",
		         "--no-pci",
		         "--no-shconf",
		         "--no-telemetry",
		         "-l",
		         "0",
		         "--log-level",
		         "error",
		         "--file-prefix=port-test",
		         "--vdev=net_ring0",
		         "--vdev=net_ring1",
		         NULL };

	return rte_eal_init((int)(sizeof(args) / sizeof(args[0])) - 1, args);
}

/* For these alone EAL is to look at PCI. */
static void test_which_are_pci(void **state)
{
	static const char *const pci[] = { "0000:3b:00.0", "3b:00.1", "0000:3b:00.0,a=1",
		                           "10000:01:00.0" };
	static const char *const others[] = { "net_ring0",    "net_af_packet0,iface=eth0",
		                              "3b:00",        "net_pcap0,rx_pcap=3b:00.0",
		                              "3b:00.0.pcap", "" };

	(void)state;
	for (unsigned i = 0; i < sizeof(pci) / sizeof(pci[0]); i++)
		if (!port_is_pci(pci[i]))
			fail_msg("%s is not taken for PCI", pci[i]);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (port_is_pci(others[i]))
			fail_msg("%s is taken for PCI", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_are_pci),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_af_packet),
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_rss_is_symmetric),
		cmocka_unit_test(test_fragments_take_no_rss),
	};

	own_namespace = unshare(CLONE_NEWNET) == 0;
	if (start_eal() < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return failed;
}
