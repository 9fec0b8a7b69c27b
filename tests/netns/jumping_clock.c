/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jumping_clock: a wall clock that a test sets, for a daemon that is started with this in
 * LD_PRELOAD: the machine's own is everybody's. The file $SLUICE_CLOCK has eight octets, the
 * seconds by which it differs from the machine's; a change is seen at the next look. All other
 * clocks are as they were.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t *offset;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SLUICE_CLOCK");
	const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *map = fd < 0 ? MAP_FAILED
	                   : mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		abort();
	offset = map;
	close(fd);
}

static int64_t ahead(void)
{
	/* Relaxed: a number. Some constructor may look at a clock before ours has run. */
	return offset == NULL ? 0 : __atomic_load_n(offset, __ATOMIC_RELAXED);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	const long result = syscall(SYS_clock_gettime, clock, t);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += ahead();
	return (int)result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	const long result = syscall(SYS_gettimeofday, t, zone);

	if (result == 0)
		t->tv_sec += ahead();
	return (int)result;
}

time_t time(time_t *out)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}
