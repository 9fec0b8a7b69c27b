/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embryo: a connection attempt, from its first SYN to the ACK that makes it a connection.
 *
 * The handshake passes through (RFC 9293 section 3.5); an embryo remembers what both ends
 * offered, and takes out of their SYNs what a relay cannot keep its word on: options it
 * does not know, Fast Open and its octets, Multipath TCP, an MSS that our ports cannot
 * carry. Embryos are small and live in a table of their own: a flood of SYNs fills that
 * one, where the oldest gives way to the newest, and never touches a connection.
 *
 * Ownership  an embryo holds no buffers. embryo_open() consumes its packet; embryo_input()
 *            does unless the answer is EMBRYO_OPENS.
 * Threads    one worker.
 */
#ifndef DP_EMBRYO_H
#define DP_EMBRYO_H
#include "relay.h"

/* What the SYN of an end says. */
struct offer {
	uint32_t next;      /* the number behind its SYN */
	uint32_t ts_val;
	uint16_t mss;       /* payload octets it takes in a segment */
	uint16_t window;    /* not scaled, RFC 7323 section 2.2 */
	uint8_t wscale;
	bool has_wscale, has_ts, sack_ok;
};

struct embryo {
	struct flow_head head;
	struct embryo *older, *newer;
	uint64_t since_us;
	struct offer offer[2];     /* by enum side */
	struct header_template to_initiator; /* from the SYN,ACK */
	uint32_t odd_ack;          /* an answer of another life's connection, when odd */
	enum side initiator;
	bool answered, odd;
	bool asked_again;          /* since it was answered: the answer was lost */
	uint8_t reserved[5];
};
_Static_assert(sizeof(struct embryo) == 192, "three cache lines");

enum embryo_fate {
	EMBRYO_WAITS,
	EMBRYO_OVER,  /* refused by an end: the owner removes it */
	EMBRYO_OPENS, /* this packet completes the handshake: relay_open() */
};

/* By age. */
struct embryo_list {
	struct embryo *oldest, *newest;
};
void embryo_join(struct embryo_list *list, struct embryo *e);
void embryo_leave(struct embryo_list *list, struct embryo *e);

/* A fresh embryo (zeroed but for head) from the first SYN, which is passed on. */
void embryo_open(struct embryo *e, const struct packet *syn, struct tcp_env *env);
must_use enum embryo_fate embryo_input(struct embryo *e, const struct packet *p,
                                       struct tcp_env *env);

#endif
