/* SPDX-License-Identifier: Apache-2.0 */
/*
 * say: one line of the daemon's log, on stderr; whoever starts it keeps the log.
 * Threads: any; a line is one write.
 */
#ifndef CONTROL_SAY_H
#define CONTROL_SAY_H
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	const time_t now = time(NULL);
	char line[800];
	struct tm tm;
	va_list args;

	size_t n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", gmtime_r(&now, &tm));
	va_start(args, format);
	const size_t room = sizeof(line) - n - 1; /* one octet for the line end */
	const int more = vsnprintf(line + n, room, format, args);
	va_end(args);
	if (more > 0)
		n += (size_t)more < room ? (size_t)more : room - 1;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* a log that is gone must not stop us */
}

#endif
