/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background: work that nobody waits for, on a core that somebody else needs.
 *
 * A thread of its own at the lowest ordinary priority (nice 19), that is preempted as soon as
 * anybody wakes up (Linux 6.12 on: a slice of 0.1 ms), and whose disk requests come last where
 * the disk's scheduler knows classes. Not SCHED_IDLE: on a core that is always busy that would
 * never end. A thread cannot take its priority back without a privilege, hence one for each
 * piece of work. What the kernel does not grant is no failure.
 *
 * Such work must hold no lock that others wait for: whoever waits would wait for idle time.
 */
#ifndef SLUICE_BACKGROUND_H
#define SLUICE_BACKGROUND_H
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BACKGROUND_NICE 19
#define BACKGROUND_SLICE_NS UINT64_C(100000)

/* sched_setattr(2): struct sched_attr, which glibc does not declare. */
struct background_attr {
	uint32_t size, policy; /* 0: SCHED_OTHER */
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t slice_ns, deadline, period;
};

/* This thread from now on, under a name of at most 15 octets. */
static inline void background_begin(const char *name)
{
	struct background_attr attr = { .size = sizeof(attr),
		                        .nice = BACKGROUND_NICE,
		                        .slice_ns = BACKGROUND_SLICE_NS };
	const int of_process = 1, idle_class = 3 << 13; /* ioprio_set(2), of this thread */

	(void)!pthread_setname_np(pthread_self(), name);
	if (syscall(SYS_sched_setattr, 0, &attr, 0) != 0)
		(void)!setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), BACKGROUND_NICE);
	(void)!syscall(SYS_ioprio_set, of_process, 0, idle_class);
}

struct background_work {
	const char *name;
	void (*work)(void *arg);
	void *arg;
};

static inline void *background_thread(void *work)
{
	const struct background_work *w = work;

	background_begin(w->name);
	w->work(w->arg);
	return NULL;
}

/* Have it done so, and wait. Without a thread it is done by the caller. */
static inline void background_run(const char *name, void (*work)(void *arg), void *arg)
{
	struct background_work w = { .name = name, .work = work, .arg = arg };
	pthread_t thread;

	if (pthread_create(&thread, NULL, background_thread, &w) == 0)
		pthread_join(thread, NULL);
	else
		work(arg);
}

#endif
