/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eal: start DPDK's environment from our settings: cores, memory, extra arguments.
 *
 * Huge pages are used when enough are free (setting huge_pages), else ordinary memory.
 * lcore 0 is main and may run anywhere; lcore i + 1 is worker i on its core.
 *
 * Threads: main.
 */
#ifndef DP_EAL_H
#define DP_EAL_H
#include "check.h"
#include "setting.h"

/* 0, or negative errno with a sentence. Once a process. */
must_use int eal_open(const struct settings *settings, char error[200]);
void eal_close(void);

#endif
