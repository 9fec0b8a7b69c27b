/* SPDX-License-Identifier: Apache-2.0 */
/* deadline: a time from now, for pthread_cond_timedwait() on a condition of CLOCK_MONOTONIC. */
#ifndef SLUICE_DEADLINE_H
#define SLUICE_DEADLINE_H
#include <time.h>

static inline struct timespec deadline_after(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

#endif
