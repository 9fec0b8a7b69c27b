/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port: DPDK ports in link pairs, opened and configured for what their PMD offers.
 *
 * Offloads are asked for only where the PMD has them; port_tx_checksum() tells
 * the sender of segments which checksums it must write itself. Where the PMD has
 * symmetric RSS and several workers run, each worker has its own queue pair; where
 * not, worker 0's turn reads the port and hands frames of other workers' flows
 * over through rings (software distribution, symmetric by flow_hash()).
 *
 * Threads: opened and closed by main; one queue by one worker.
 */
#ifndef DP_PORT_H
#define DP_PORT_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "packet.h"
#include "setting.h"

struct rte_mempool;

struct port {
	uint16_t id;         /* ethdev port */
	uint16_t n_queues;   /* queue pairs: workers with RSS, else 1 */
	bool rx_checksum;    /* the PMD verifies IPv4 and TCP checksums */
	bool tx_checksum_ip, tx_checksum_tcp;
	char name[64];
};

struct link {
	struct port port[2]; /* by enum side */
};

struct ports {
	struct link links[LINKS_MAX];
	unsigned n_links;
	struct rte_mempool *pool;
	bool distribute;     /* software distribution between workers is needed */
};

/* EAL must be up. segment_priv: octets of private area each mbuf carries. */
must_use int ports_open(struct ports *out, const struct settings *settings,
                        uint16_t segment_priv, char error[200]);
void ports_close(struct ports *ports);

#endif
