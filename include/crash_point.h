/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_point: places where a test kills the process, to see what it left behind.
 *
 * Only a test that is built with SLUICE_CRASH_POINTS has them (tests/unit/crash, which
 * defines crash_point()); nothing of it is in what we ship. Threads: any.
 */
#ifndef SLUICE_CRASH_POINT_H
#define SLUICE_CRASH_POINT_H

#ifdef SLUICE_CRASH_POINTS
void crash_point(const char *name);
#else
static inline void crash_point(const char *name) { (void)name; }
#endif

#endif
