/* SPDX-License-Identifier: Apache-2.0 */
/* quiet_eal: DPDK for a program that only wants mbufs: no huge pages, no devices, no files. */
#ifndef TEST_QUIET_EAL_H
#define TEST_QUIET_EAL_H
#include <stdio.h>

#include <rte_eal.h>

/* mib: memory in MiB. What rte_eal_init() says: negative = no EAL. Once a process. */
static inline int quiet_eal(const char *name, unsigned mib)
{
	static char memory[16];
	char *args[] = { (char *)(uintptr_t)name,
		         (char *)"--no-huge",
		         (char *)"--no-shconf",
		         (char *)"--no-pci",
		         (char *)"--no-telemetry",
		         (char *)"-m",
		         memory,
		         (char *)"-l",
		         (char *)"0",
		         (char *)"--log-level=3",
		         NULL };

	snprintf(memory, sizeof(memory), "%u", mib);
	return rte_eal_init((int)(sizeof(args) / sizeof(args[0])) - 1, args);
}

#endif
