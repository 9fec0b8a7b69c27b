/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port: DPDK ports in link pairs, opened and configured for what their PMD offers.
 *
 * Offloads are asked for only where the PMD has them; port_offload() tells the
 * sender of segments which checksums the port writes. Where every PMD has symmetric
 * RSS and several workers run, each worker has its own queue pair; where one has not,
 * worker 0's turn reads and writes all ports and hands frames of other workers' flows
 * over through rings (distribute.h, symmetric by flow_hash()).
 *
 * A router's "too big" has no ports by which RSS could find the connection's worker: with
 * queues of their own the workers show it to each other (stray.h). Software distribution
 * reads the quote.
 *
 * Frames keep references to buffers after they are sent, so the PMD's "fast free"
 * is never asked for.
 *
 * AF_PACKET: the kernel takes the outer VLAN tag off and the PMD (22.11) puts it back
 * as 0x8100 whatever it was, so an 0x88a8 tag changes on such a port.
 *
 * Threads: opened, closed and asked for links by main; one queue by one worker.
 */
#ifndef DP_PORT_H
#define DP_PORT_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "header.h"
#include "packet.h"
#include "setting.h"

struct rte_mempool;

struct port {
	uint16_t id;       /* ethdev port */
	uint16_t n_queues; /* queue pairs: workers with RSS, else 1 */
	uint16_t mtu;      /* octets of an IP packet; 0 = it does not say */
	bool tx_checksum_ip, tx_checksum_tcp;
	bool probed; /* made by us, and removed by ports_close() */
	char name[64];
};

struct link {
	struct port port[2]; /* by enum side */
};

struct ports {
	struct link links[LINKS_MAX];
	unsigned n_links;
	struct rte_mempool *pool;
	bool distribute; /* software distribution between workers is needed */
};

/* What header_write() may leave to the port. */
static inline unsigned port_offload(const struct port *port)
{
	return (port->tx_checksum_ip ? (unsigned)HEADER_IP_SUM : 0) |
	       (port->tx_checksum_tcp ? (unsigned)HEADER_TCP_SUM : 0);
}

/*
 * Open every port of the settings; all are started when this returns. EAL must be
 * up. segment_priv: octets of private area each mbuf carries. 0, or a negative errno
 * with a sentence in error; nothing stays open then.
 */
must_use int ports_open(struct ports *out, const struct settings *settings,
                        uint16_t segment_priv, char error[200]);
void ports_close(struct ports *ports);

/* Whether its cable has another end that is there. Some PMDs ask their device for it: not for
 * workers. */
bool port_link_is_up(const struct port *port);

/* Whether this device string of the settings names a PCI device. */
bool port_is_pci(const char *device);

#endif
