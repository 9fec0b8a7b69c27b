/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plane: a data plane of link server and two idle workers inside a test program, in a
 * folder: link socket dp.sock, image last.image. Threads: the test's.
 */
#ifndef TEST_PLANE_H
#define TEST_PLANE_H
#include <stdbool.h>
#include <stdint.h>

#include "verdict.h"

void data_plane_start(const char *folder);
void data_plane_stop(void); /* also when it does not run */

#define PLANE_INSTANCE 7u /* what its link says */

struct plane_state {
	bool there;          /* tables are; else all is 0 */
	uint64_t generation; /* of their image */
	uint32_t rules, rules_version, overlay_used;
};
struct plane_state in_force(void);

/* What the tables in force say of this sender in the hands of this account. */
unsigned reason_of(const char *system_id, const char *address);

#endif
