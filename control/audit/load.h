/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: how busy each worker was in the last seconds, from what it counts; and when
 * connections were seen last whose directions take two links.
 *
 * Threads    one thread notes; copies of the struct may be read anywhere.
 */
#ifndef CONTROL_LOAD_H
#define CONTROL_LOAD_H
#include <stdint.h>

#include "report_reader.h"

#define LOAD_US UINT64_C(5000000) /* at least so long a look says what is usual */

struct load {
	unsigned n_workers;                    /* of the last look; 0: none yet */
	uint64_t at_us, started;               /* of it; started of the data plane */
	uint64_t cycles[REPORT_WORKERS_MAX];   /* busy_cycles of it */
	uint64_t over_ms;                      /* what permille is of; 0: nothing to tell yet */
	uint32_t permille[REPORT_WORKERS_MAX]; /* 1000: busy all the time */
	uint64_t other_link;                   /* segments of it, all in all */
	uint64_t other_link_us;                /* the look that found more; 0: none did */
};

/* Look again, at any time of a clock that never goes back. All zero to begin with. */
void load_note(struct load *load, const struct report_reader *reader, uint64_t now_us);

#endif
