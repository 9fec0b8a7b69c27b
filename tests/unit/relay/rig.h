/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig: a real worker without ports, to which a test brings segments one by one, and whose
 * answers it reads one by one. Frames are built and read by the simulation's own, literal
 * code (tests/sim/frame.h). The screener passes everything.
 *
 * Numbers are relative: seq and ack of a struct seg count from the first octet behind
 * each end's SYN, whose own numbers begin just below the wrap.
 */
#ifndef TEST_RIG_H
#define TEST_RIG_H
#include "worker.h"

#include "../../sim/frame.h"

#define RIG_SAID_MAX 512u

struct rig_offer { /* of an end's SYN */
	uint16_t mss, window;
	uint8_t wscale;
	bool no_wscale, no_ts, no_sack;
};

struct rig_frame {
	struct seg seg;
	uint8_t octets[WIRE_MAX];
	uint32_t len;
};

struct rig {
	struct worker *worker;
	struct rte_mempool *pool;
	struct settings settings;
	struct ports ports;
	struct report_worker report;
	int64_t unix_offset;
	uint64_t now;
	struct path path;
	uint32_t isn[2];
	struct rig_offer offer[2];
	struct rig_frame said[2][RIG_SAID_MAX];
	unsigned n_said[2], at_said[2];
};

extern bool rig_draining; /* what the link says */
extern enum reason rig_bind_reason; /* what the screener has against a bind */
/* What the screener does; NULL: nothing. */
extern void (*rig_screen)(struct screen_context *context, struct screen_vector *vector);

/* EAL, once a program; and a pool of so many buffers. */
void rig_eal(void);
struct rte_mempool *rig_pool(unsigned buffers);
/* Both, as what a group of tests begins with: rig_buffers is the pool. */
extern struct rte_mempool *rig_buffers;
int rig_start(void **state);
/* And a pool of few, for tests of what happens when none is left. */
extern struct rte_mempool *rig_small;
int rig_start_small(void **state);

/* A worker with default settings, changed by change (NULL: none). rig_close() also asserts
 * that every buffer came back. */
struct rig *rig_open(struct rte_mempool *pool, void (*change)(struct settings *));
void rig_close(struct rig *r);

/* One segment from an end, as a turn of its own; window and time-stamps as they are in s.
 * ACK is added unless s->flags says SYN or RST. */
void rig_send(struct rig *r, int from, struct seg s);
/* Several from one end, in the same turn. */
void rig_burst(struct rig *r, int from, const struct seg *s, unsigned n);
/* One from each end, in the same turn. */
void rig_both(struct rig *r, struct seg from_esme, struct seg from_smsc);
/* Its frame alone, to be sent in another form: WIRE_MAX octets of room; its octets. */
uint32_t rig_build(const struct rig *r, int from, struct seg s, uint8_t *frame);
/* The same with any octets. */
void rig_frame(struct rig *r, int from, const uint8_t *frame, uint32_t len);
/* The same with raw TCP options (n octets, a multiple of 4) before what s carries. */
void rig_options(struct rig *r, int from, struct seg s, const uint8_t *options, uint32_t n);
/* Time passes in turns of a millisecond. */
void rig_wait(struct rig *r, uint64_t ms);
/* SYN, SYN,ACK, ACK; what the worker says to it is read away. */
void rig_handshake(struct rig *r);
/* One with rig_buffers, whose ends offer what offers() sets (NULL: all), after it. */
struct rig *rig_connected(void (*offers)(struct rig *));
void rig_without_stamps(struct rig *r); /* an offer of both ends */
/* A bind of RIG_BIND octets and its answer of 16, the first of both ends. */
#define RIG_BIND 23u
void rig_bind(struct rig *r);
/* The SYN of an end as its offer has it. */
struct seg rig_syn(const struct rig *r, int end);
/* FIN from one end, then from the other, both answered: the relay lingers. */
void rig_finish(struct rig *r, uint32_t esme_seq, uint32_t smsc_seq);

/* The next thing said to an end, or NULL. rig_quiet: all of it is read away. */
const struct seg *rig_said(struct rig *r, int to);
void rig_quiet(struct rig *r);
/* The relay of the rig's path; NULL = none. */
struct relay *rig_relay(struct rig *r);
uint64_t rig_counter(const struct rig *r, enum counter counter);

/* A PDU that passes unread (enquire_link when n is 16), n octets of it in out. */
const uint8_t *rig_pdu(uint8_t *out, uint32_t n);
/* A stream for either end: PDUs of n octets each; and a segment of it, with a time-stamp
 * unless ts is 0. */
extern uint8_t rig_octets[8192];
void rig_stream(uint32_t n);
struct seg rig_text(uint32_t seq, uint32_t len, uint32_t ts);
/* A segment of any octets, with a time-stamp. */
struct seg rig_part(uint32_t seq, const uint8_t *octets, uint32_t len);

#endif
