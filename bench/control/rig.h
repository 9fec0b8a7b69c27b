/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig: sluice-control as it is installed, beside the data plane's own link server, journal
 * and publisher in this process, with workers that are always in the middle of a turn.
 *
 * A worker of the rig looks senders up turn after turn, 50 us each, without a pause: what a
 * worker under full load means for whoever waits for its quiescent state. It is bound to
 * the last core, as EAL binds workers; whatever else runs may run anywhere.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define RIG_WORKERS 1u
#define RIG_READERS 32u /* threads that ask rig_suspended(), by numbers from 0 */

struct rig {
	char folder[64], socket[100], database[100];
	pid_t control;
};

/* A connection to the API that stays open, of one thread. */
struct rig_client {
	int fd;
	char *answer;
};

/* Everything runs when it returns; exits with a sentence when it cannot. */
void rig_open(struct rig *rig, const char *control_path);
void rig_close(struct rig *rig);

void rig_connect(const struct rig *rig, struct rig_client *client);
void rig_hang_up(struct rig_client *client);

/* One request; the body of the answer, in a buffer of the client's. Exits unless the answer
 * is 200. */
const char *rig_ask(struct rig_client *client, const char *method, const char *path,
                    const char *body, size_t size);

uint64_t rig_now_us(void);
/* The number of a member in an answer, wherever it stands first; 0 when it is not there. */
double rig_number(const char *answer, const char *member);
/* Octets that a process has resident at most so far (VmHWM), MiB. */
double rig_peak_mib(pid_t pid);
bool rig_suspended(unsigned reader, const char *digits); /* as the tables in force say */
/* When a worker first decided by the registry's generation (rig_now_us()); 0: it does not. */
uint64_t rig_enforced_us(uint64_t generation);

#endif
