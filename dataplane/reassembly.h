/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reassembly: fragments of IPv4 and IPv6 datagrams put together again (RFC 791 section
 * 3.2, RFC 8200 section 4.5), on rte_ip_frag, behind checks of our own.
 *
 * Bounds   so many datagrams at a time, 8 fragments each (RTE_LIBRTE_IP_FRAG_MAX_FRAG),
 *          as long as REASSEMBLY_US, none larger than the caller carries.
 * Refused  with all that was kept of its datagram: a fragment that overlaps another or
 *          repeats the first or last one (RFC 5722; RFC 8200 allows it for repetitions:
 *          TCP sends again, as another datagram); alone: one whose lengths or header
 *          checksum are wrong, for which there is no room, or with IPv6 headers before
 *          its Fragment header.
 *
 * Datagrams are told apart by addresses, protocol and identification, not by tag or port:
 * if ends of the same addresses on two VLANs are mixed up, the TCP checksum refuses the
 * result, and what passes it is screened as what it is.
 *
 * Ownership  fragments are the table's until they are whole, dropped or late.
 * Threads    one.
 */
#ifndef DP_REASSEMBLY_H
#define DP_REASSEMBLY_H
#include <stdint.h>

#include "check.h"
#include "packet.h"

/* Fragments of one datagram leave one host together: what is not whole after two seconds
 * has lost one. The 15 s and more of the RFCs would let whoever sends first fragments
 * alone keep a table of this size full at 7 times less cost. */
#define REASSEMBLY_US UINT64_C(2000000)
/* A burst of fragments from every one of some hundred peers; 2,048 buffers at most. */
#define REASSEMBLY_DATAGRAMS 256u
#define REASSEMBLY_FRAGMENTS 8u

struct reassembly;

/* EAL must be up. datagrams: 8 to 65,536. 0, -EINVAL or -ENOMEM. */
must_use int reassembly_open(struct reassembly **out, unsigned datagrams);
/* Frees what is still incomplete. NULL is allowed. */
void reassembly_close(struct reassembly *r);

/*
 * Take p, a PACKET_FRAGMENT; its buffer is consumed. Returns the frame of the datagram
 * that it completes, in one buffer, its IPv4 checksum written, no flags set: for
 * packet_parse(); or NULL. most: octets of the largest IP packet. dropped: how many
 * fragments were freed, this one or others.
 */
struct rte_mbuf *reassembly_take(struct reassembly *r, const struct packet *p, uint32_t most,
                                 uint64_t now_us, unsigned *dropped);

/* Free what has waited too long; how many fragments. */
unsigned reassembly_expire(struct reassembly *r, uint64_t now_us);

#endif
