/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const char *what;
	bool runs, ends; /* ends: under the lock */
} line = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *show(void *unused)
{
	struct timespec next;
	unsigned seconds = 0;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&line.lock);
	for (next.tv_sec++; !line.ends;) {
		if (pthread_cond_timedwait(&line.changed, &line.lock, &next) == 0)
			continue;
		next.tv_sec++;
		fprintf(stderr, "\r\033[K%s, %u s", line.what, ++seconds);
	}
	pthread_mutex_unlock(&line.lock);
	if (seconds != 0)
		fputs("\r\033[K", stderr);
	return NULL;
}

void progress_begin(const char *what, bool quiet)
{
	pthread_condattr_t clock;

	if (quiet || !isatty(STDERR_FILENO))
		return;
	line.what = what;
	line.ends = false;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&line.changed, &clock);
	pthread_condattr_destroy(&clock);
	line.runs = pthread_create(&line.thread, NULL, show, NULL) == 0;
}

void progress_end(void)
{
	if (!line.runs)
		return;
	pthread_mutex_lock(&line.lock);
	line.ends = true;
	pthread_cond_signal(&line.changed);
	pthread_mutex_unlock(&line.lock);
	pthread_join(line.thread, NULL);
	pthread_cond_destroy(&line.changed);
	line.runs = false;
}
