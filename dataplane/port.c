/* SPDX-License-Identifier: Apache-2.0 */
#include "port.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "port_priv.h"

#define POOL_CACHE 256u
#define DESCRIPTORS_MAX 1024u
#define DESCRIPTORS_MIN 64u
#define FRAME_AROUND 26u      /* octets: Ethernet header, two tags, CRC */
#define BUFFER_ORDINARY 2048u /* the default: no jumbo frames */
#define RSS_KEY_MAX 128u
#define RSS_TABLE_MAX 4096u
#define RSS_GROUPS_MAX (RSS_TABLE_MAX / RTE_ETH_RETA_GROUP_SIZE)
#define RX_SUMS (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
#define RSS_TCP (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP)

static int __attribute__((format(printf, 3, 4)))
fail(char error[PORT_ERROR_SIZE], int result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, PORT_ERROR_SIZE, format, args);
	va_end(args);
	return result;
}

/*
 * As rte_pktmbuf_pool_create(), which where there are no huge pages lets no buffer cross one
 * of 4 KiB: then each has one for itself, and the same line of all buffers falls into one set
 * of the first-level cache, of eight lines. Lying close they take 39 lines each, an odd number.
 */
static struct rte_mempool *create_pool(unsigned n, uint16_t priv, uint16_t room)
{
	struct rte_pktmbuf_pool_private rooms = { .mbuf_data_room_size = room,
		                                  .mbuf_priv_size = priv };

	if (rte_eal_has_hugepages())
		return rte_pktmbuf_pool_create("sluice", n, POOL_CACHE, priv, room,
		                               SOCKET_ID_ANY);
	struct rte_mempool *pool = rte_mempool_create_empty(
		"sluice", n, (unsigned)sizeof(struct rte_mbuf) + priv + room, POOL_CACHE,
		sizeof(rooms), SOCKET_ID_ANY, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	if (pool == NULL)
		return NULL;
	int result = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (result == 0) {
		rte_pktmbuf_pool_init(pool, &rooms);
		result = rte_mempool_populate_default(pool);
	}
	if (result < 0) {
		rte_mempool_free(pool);
		rte_errno = -result;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

static int open_pool(struct ports *out, const struct settings *settings, uint16_t segment_priv,
                     char error[PORT_ERROR_SIZE])
{
	/* Behind it and the headroom frames begin: on a line, so that they lie in fewer. */
	const uint16_t priv = (uint16_t)RTE_ALIGN_CEIL(segment_priv, RTE_CACHE_LINE_SIZE);
	const uint16_t room = (uint16_t)(RTE_PKTMBUF_HEADROOM + settings->buffer_octets);
	const uint64_t size = sizeof(struct rte_mbuf) + priv + room;

	out->pool = create_pool((unsigned)settings->buffers, priv, room);
	if (out->pool != NULL)
		return 0;
	return fail(
		error, -rte_errno,
		"no memory for %llu packet buffers (%llu MiB; %s): lower buffers, or give more "
		"to eal: [ \"-m\", \"MEGABYTES\" ]",
		(unsigned long long)settings->buffers,
		(unsigned long long)(settings->buffers * size >> 20) + 1,
		rte_strerror(rte_errno));
}

/* Can this PMD bring both directions of a connection to one queue of n? */
static bool has_symmetric_rss(const struct rte_eth_dev_info *info, unsigned n)
{
	return info->max_rx_queues >= n && info->max_tx_queues >= n &&
	       (info->flow_type_rss_offloads & RSS_TCP) == RSS_TCP &&
	       info->hash_key_size <= RSS_KEY_MAX && info->reta_size >= n &&
	       info->reta_size <= RSS_TABLE_MAX && rte_is_power_of_2(info->reta_size);
}

/* The port's own, which is 1500 with nearly all PMDs; where buffers were made for longer
 * frames, as long as they hold, if the PMD lets it: a NIC drops longer ones unseen. */
static uint16_t mtu_for(const struct port *port, const struct rte_eth_dev_info *info,
                        uint32_t held)
{
	const bool told = info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu;
	const uint32_t around = told ? info->max_rx_pktlen - info->max_mtu
	                             : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	uint32_t mtu = held - FRAME_AROUND;
	uint16_t own = 0;

	(void)rte_eth_dev_get_mtu(port->id, &own);
	if (held <= BUFFER_ORDINARY)
		return own;
	if (mtu > info->max_mtu)
		mtu = info->max_mtu;
	if (mtu > info->max_rx_pktlen - around)
		mtu = info->max_rx_pktlen - around;
	return mtu > own ? (uint16_t)mtu : own;
}

static struct rte_eth_conf configuration(struct port *port, const struct rte_eth_dev_info *info,
                                         struct rte_mempool *pool)
{
	/* A key of one repeated word makes Toeplitz the same for swapped ends. */
	static uint8_t key[RSS_KEY_MAX];
	const uint32_t held = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	const uint16_t mtu = mtu_for(port, info, held);
	struct rte_eth_conf conf = { 0 };

	if ((info->rx_offload_capa & RX_SUMS) == RX_SUMS)
		conf.rxmode.offloads |= RX_SUMS;
	conf.rxmode.mtu = mtu;
	port->mtu = mtu;
	if (mtu + FRAME_AROUND > held) /* longer frames come in several segments */
		conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;

	const uint64_t tx = info->tx_offload_capa;
	port->tx_checksum_ip = tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	port->tx_checksum_tcp = tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	conf.txmode.offloads =
		tx & (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |
	              RTE_ETH_TX_OFFLOAD_MULTI_SEGS);

	if (port->n_queues > 1) {
		for (unsigned i = 0; i < RSS_KEY_MAX; i += 2) {
			key[i] = 0x6d;
			key[i + 1] = 0x5a;
		}
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
			.rss_key = key,
			.rss_key_len = info->hash_key_size ? info->hash_key_size : 40,
			.rss_hf = RSS_TCP |
			          (info->flow_type_rss_offloads & RTE_ETH_RSS_IPV6_TCP_EX),
		};
	}
	return conf;
}

/* Rings of descriptors may hold half of the buffers, shared alike. */
static uint16_t descriptors(const struct ports *ports, const struct settings *settings)
{
	const uint64_t queues = 4u * ports->n_links * ports->links[0].port[0].n_queues;
	uint64_t n = DESCRIPTORS_MAX;

	while (n > DESCRIPTORS_MIN && queues * n > settings->buffers / 2)
		n /= 2;
	return (uint16_t)n;
}

static int setup_queues(const struct port *port, uint16_t n_desc, struct rte_mempool *pool,
                        char error[PORT_ERROR_SIZE])
{
	const int socket = rte_eth_dev_socket_id(port->id);
	const unsigned node = socket < 0 ? 0 : (unsigned)socket;
	uint16_t rx = n_desc, tx = n_desc;

	int result = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
	for (uint16_t q = 0; result == 0 && q < port->n_queues; q++) {
		result = rte_eth_rx_queue_setup(port->id, q, rx, node, NULL, pool);
		if (result == 0)
			result = rte_eth_tx_queue_setup(port->id, q, tx, node, NULL);
	}
	if (result == 0)
		return 0;
	return fail(
		error, result, "%s: its queues cannot be set up (%s)%s", port->name,
		strerror(-result),
		strncmp(port->name, "net_af_packet", 13) == 0
			? ": a frame of framesz must fit a buffer, write framesz=2048 or raise "
			  "buffer_octets"
			: "");
}

/*
 * Which queue a hash goes to, the same on every port: tables of different sizes, each filled in
 * turn by its PMD, agree only where the queues are a power of two, and a connection whose two
 * directions come to two workers is none. The first `alike` entries are repeated.
 */
static int spread(const struct port *port, unsigned alike, char error[PORT_ERROR_SIZE])
{
	struct rte_eth_rss_reta_entry64 table[RSS_GROUPS_MAX];
	struct rte_eth_dev_info info;

	int result = rte_eth_dev_info_get(port->id, &info);
	for (unsigned i = 0; result == 0 && i < info.reta_size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &table[i / RTE_ETH_RETA_GROUP_SIZE];
		group->mask = UINT64_MAX;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)(i % alike % port->n_queues);
	}
	if (result == 0)
		result = rte_eth_dev_rss_reta_update(port->id, table, info.reta_size);
	if (result == 0)
		return 0;
	return fail(error, result, "%s: its hashes cannot be given to %u queues (%s): write "
	                           "workers: 1",
	            port->name, port->n_queues, strerror(-result));
}

static int start(struct port *port, uint16_t n_desc, struct rte_mempool *pool,
                 char error[PORT_ERROR_SIZE])
{
	struct rte_eth_dev_info info;

	int result = rte_eth_dev_info_get(port->id, &info);
	if (result)
		return fail(error, result, "%s: gone (%s)", port->name, strerror(-result));
	const struct rte_eth_conf conf = configuration(port, &info, pool);
	result = rte_eth_dev_configure(port->id, port->n_queues, port->n_queues, &conf);
	if (result)
		return fail(error, result, "%s: cannot be configured with %u queues (%s)",
		            port->name, port->n_queues, strerror(-result));
	result = setup_queues(port, n_desc, pool, error);
	if (result)
		return result;
	result = rte_eth_dev_start(port->id);
	if (result)
		return fail(error, result, "%s: does not start (%s)", port->name,
		            strerror(-result));
	/* A bump in the wire takes what is not for it. Software PMDs without a filter
	 * have nothing to switch on. */
	result = rte_eth_promiscuous_enable(port->id);
	if (result && result != -ENOTSUP)
		return fail(error, result, "%s: promiscuous mode is refused (%s)", port->name,
		            strerror(-result));
	return 0;
}

/* Two names for one ethdev would give its frames to both sides. */
static bool is_open(const struct ports *ports, uint16_t id)
{
	for (unsigned i = 0; i < ports->n_links; i++) {
		if (ports->links[i].port[SIDE_ESME].id == id ||
		    ports->links[i].port[SIDE_SMSC].id == id)
			return true;
	}
	return false;
}

static int probe_link(struct ports *out, const struct setting_link *names,
                      char error[PORT_ERROR_SIZE])
{
	struct link link = { 0 };

	int result = port_probe(&link.port[SIDE_ESME], names->esme, error);
	if (result == 0)
		result = port_probe(&link.port[SIDE_SMSC], names->smsc, error);
	if (result == 0 &&
	    (is_open(out, link.port[SIDE_ESME].id) || is_open(out, link.port[SIDE_SMSC].id) ||
	     link.port[SIDE_ESME].id == link.port[SIDE_SMSC].id))
		result = fail(error, -EBUSY, "%s or %s is in use twice: name each port once",
		              link.port[SIDE_ESME].name, link.port[SIDE_SMSC].name);
	if (result) {
		port_remove(&link.port[SIDE_SMSC]);
		port_remove(&link.port[SIDE_ESME]);
		return result;
	}
	out->links[out->n_links++] = link;
	return 0;
}

/* One queue pair a worker on every port, or one in all and software distribution (together:
 * fragments meet in one worker, fragment.c). The size of the smallest table of hashes. */
static unsigned choose_queues(struct ports *out, unsigned workers, bool together)
{
	struct rte_eth_dev_info info;
	bool rss = workers > 1 && !together;
	unsigned smallest = RSS_TABLE_MAX;

	for (unsigned i = 0; i < out->n_links * 2; i++) {
		const struct port *port = &out->links[i / 2].port[i % 2];
		rss = rss && rte_eth_dev_info_get(port->id, &info) == 0 &&
		      has_symmetric_rss(&info, workers);
		if (rss && info.reta_size < smallest)
			smallest = info.reta_size;
	}
	for (unsigned i = 0; i < out->n_links * 2; i++)
		out->links[i / 2].port[i % 2].n_queues = (uint16_t)(rss ? workers : 1);
	out->distribute = workers > 1 && !rss;
	return smallest;
}

static int open_all(struct ports *out, const struct settings *settings, uint16_t segment_priv,
                    char error[PORT_ERROR_SIZE])
{
	for (unsigned i = 0; i < settings->n_links; i++) {
		int result = probe_link(out, &settings->links[i], error);
		if (result)
			return result;
	}
	const unsigned alike = choose_queues(out, (unsigned)settings->workers,
	                                     settings->fragments == FRAGMENTS_REASSEMBLE);
	int result = open_pool(out, settings, segment_priv, error);
	const uint16_t n_desc = result ? 0 : descriptors(out, settings);
	for (unsigned i = 0; result == 0 && i < out->n_links * 2; i++) {
		struct port *port = &out->links[i / 2].port[i % 2];
		result = start(port, n_desc, out->pool, error);
		if (result == 0 && port->n_queues > 1)
			result = spread(port, alike, error);
	}
	return result;
}

int ports_open(struct ports *out, const struct settings *settings, uint16_t segment_priv,
               char error[200])
{
	*out = (struct ports){ 0 };
	error[0] = '\0';
	int result = open_all(out, settings, segment_priv, error);
	if (result)
		ports_close(out);
	return result;
}

void ports_close(struct ports *ports)
{
	for (unsigned i = 0; i < ports->n_links * 2; i++) {
		/* Stopping what was not started is answered with 0. */
		(void)rte_eth_dev_stop(ports->links[i / 2].port[i % 2].id);
		port_remove(&ports->links[i / 2].port[i % 2]);
	}
	rte_mempool_free(ports->pool);
	*ports = (struct ports){ 0 };
}
