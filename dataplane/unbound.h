/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unbound: the connections on which no bind is in force, each source's by age.
 *
 * Whoever can complete a handshake can open connections and say nothing. So those that
 * are not bound have a limit of time (setting bind_limit), and where room is needed one
 * of the source that has most of them gives way: a bound one never does.
 *
 * A source is an address, in IPv6 the first half of one: who has a network has all of
 * its addresses. Sources share UNBOUND_SOURCES lists by a keyed hash, so two of them may
 * be taken for one; nobody can choose with whom.
 *
 * Cost       joining and leaving touch one or two neighbours; giving way reads the
 *            counts of all lists and some members of one. 8 octets a flow, in it.
 * Threads    one worker.
 */
#ifndef DP_UNBOUND_H
#define DP_UNBOUND_H
#include <stdbool.h>
#include <stdint.h>

#include "flow.h"

#define UNBOUND_SOURCES 256u

struct unbound_link {
	uint32_t older, newer; /* flow index + 1; 0 = none */
};

struct unbound {
	struct flow_table *flows;
	uint32_t link_at; /* octets from a flow's beginning to its link */
	uint32_t n[UNBOUND_SOURCES];
	uint32_t oldest[UNBOUND_SOURCES], newest[UNBOUND_SOURCES]; /* flow index + 1 */
};

/* For the flows of that table, which have room for a link at that place. */
void unbound_open(struct unbound *u, struct flow_table *flows, uint32_t link_at);

/* The list of the end that began this connection. */
unsigned unbound_source(const struct flow_key *key, enum side initiator);

void unbound_join(struct unbound *u, unsigned source, struct flow_head *flow);
void unbound_leave(struct unbound *u, unsigned source, struct flow_head *flow);

/* The members of a list, the oldest first; NULL behind the last. */
struct flow_head *unbound_oldest(const struct unbound *u, unsigned source);
struct flow_head *unbound_newer(const struct unbound *u, const struct flow_head *flow);

/* The list where a newcomer of that source finds whom to ask to give way: the longest, if
 * that is longer than its own, or its own. UNBOUND_SOURCES: nobody gives way. */
unsigned unbound_greediest(const struct unbound *u, unsigned newcomer);

#endif
