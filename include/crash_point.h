/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_point: places where a test kills the process, to see what it left behind.
 *
 * Only programs that are built with SLUICE_CRASH_POINTS (tests/crash) have them; nothing
 * of it is in what we ship. SLUICE_CRASH_AT=NAME:N kills at the Nth time that NAME is
 * passed. Threads: any.
 */
#ifndef SLUICE_CRASH_POINT_H
#define SLUICE_CRASH_POINT_H

#ifdef SLUICE_CRASH_POINTS
void crash_point(const char *name);
#else
static inline void crash_point(const char *name) { (void)name; }
#endif

#endif
