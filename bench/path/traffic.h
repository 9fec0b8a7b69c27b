/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traffic: two capture files that play whole SMPP sessions against the data plane, one
 * into each port, forever.
 *
 * The pcap PMD in infinite_rx mode hands a worker exactly one burst a port and turn. So
 * a schedule is worked out in advance, turn by turn: what an end sends in a turn it may
 * know from what the relay sent it in the turns before, and its acknowledgements say
 * so. Refused messages never reach the server, and their answers come from the relay:
 * the schedule counts both. Sessions begin with SYN and end with FIN, so that the files
 * can be played again and again. Frames per message are about 1.8: one in nine segments
 * of either direction carries two PDUs. Gaps are filled with frames of another
 * EtherType, which cross.
 *
 * What the relay did is checked against the schedule afterwards: traffic says how many
 * messages and refusals a pass holds.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H
#include <stdint.h>

#include "check.h"
#include "corpus.h"

struct traffic_plan {
	unsigned sessions, messages_each; /* product = texts used */
	unsigned burst;                   /* frames a port and turn */
	unsigned window;                  /* unanswered messages a session has at most */
	const struct corpus *corpus;
	const uint8_t *refused;           /* by text: 1 = a rule refuses it */
	unsigned n_senders;               /* certified numbers: traffic_sender(i) */
	unsigned foreign_one_in;          /* one message in so many has another sender */
	uint64_t seed;
};

struct traffic {
	unsigned messages, refused;       /* a pass */
	unsigned turns;                   /* a pass, bursts of each file */
	uint64_t frames, fillers, octets; /* a pass, both files */
};

/* Write both files. 0, -errno (a file), or -ENOMEM. */
must_use int traffic_write(struct traffic *out, const struct traffic_plan *plan,
                           const char *esme_path, const char *smsc_path);

/* The i-th certified number, as digits. */
void traffic_sender(char out[16], unsigned i);

#define TRAFFIC_SYSTEM_ID "bench"

#endif
