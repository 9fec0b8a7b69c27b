/* SPDX-License-Identifier: Apache-2.0 */
#include "eal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "port.h"

#define ARGS_MAX (EAL_ARGS_MAX + 13u + 4u * LINKS_MAX)
#define ARG_SIZE 512u
/* An mbuf as ports_open() makes it, besides buffer_octets: 128 of struct, 32 private, 128
 * of headroom, rounded to cache lines with the mempool's header. */
#define BUFFER_OVERHEAD 448u
/* What DPDK takes for itself and loses between zones of ordinary memory: 64 MiB were too
 * little for 48,704 buffers, 200 enough. */
#define EAL_MIB 200u

struct args {
	char text[ARGS_MAX][ARG_SIZE];
	char *argv[ARGS_MAX + 1];
	int argc;
};

__attribute__((format(printf, 2, 3))) static void add(struct args *a, const char *format, ...)
{
	__builtin_va_list list;

	bug_if(a->argc == (int)ARGS_MAX);
	__builtin_va_start(list, format);
	vsnprintf(a->text[a->argc], ARG_SIZE, format, list);
	__builtin_va_end(list);
	a->argv[a->argc] = a->text[a->argc];
	a->argc++;
}

static uint64_t memory_mib(const struct settings *s)
{
	return EAL_MIB + s->buffers * (s->buffer_octets + BUFFER_OVERHEAD) / (1024 * 1024) + 1;
}

static uint64_t free_huge_mib(void)
{
	uint64_t pages = 0;
	char line[32];
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) != NULL)
		pages = strtoull(line, NULL, 10);
	fclose(f);
	return pages * 2;
}

static bool is_workers(const struct settings *s, uint64_t core, uint64_t cores)
{
	return (core + cores - s->first_core % cores) % cores < s->workers;
}

/* "0-2,5": the cores that no worker has, or all of them when there is none. */
static void cores_of_main(char *list, size_t size, const struct settings *s, uint64_t cores)
{
	const bool all = s->workers >= cores;
	size_t n = 0;

	for (uint64_t from = 0, to; from < cores && n < size; from = to + 1) {
		for (to = from; to < cores && (all || !is_workers(s, to, cores)); to++)
			;
		if (to > from)
			n += (size_t)snprintf(list + n, size - n, "%s%lu-%lu", n ? "," : "",
			                      (unsigned long)from, (unsigned long)to - 1);
	}
}

/* "0@(0-0),1@1": each worker on its core, main and what it starts on the others: a worker that
 * waits for main's core would hold up what main waits for. */
static void add_cores(struct args *a, const struct settings *s)
{
	const long online = sysconf(_SC_NPROCESSORS_ONLN);
	const uint64_t cpus = online > 0 ? (uint64_t)online : 1;
	char list[ARG_SIZE], others[ARG_SIZE / 4];

	cores_of_main(others, sizeof(others), s, cpus);
	int n = snprintf(list, sizeof(list), "--lcores=0@(%s)", others);

	for (unsigned i = 0; i < s->workers && n < (int)sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - (size_t)n, ",%u@%lu", i + 1,
		              (unsigned long)((s->first_core + i) % cpus));
	add(a, "%s", list);
	add(a, "--main-lcore=0");
}

static int add_memory(struct args *a, const struct settings *s, char error[200])
{
	const uint64_t need = memory_mib(s), have = free_huge_mib();

	if (s->huge_pages != HUGE_NEVER && have >= need) {
		add(a, "--in-memory");
		return 0;
	}
	if (s->huge_pages == HUGE_REQUIRE) {
		snprintf(error, 200,
		         "%llu MiB of free 2 MiB huge pages are needed, %llu are there; "
		         "raise /proc/sys/vm/nr_hugepages or set huge_pages: try",
		         (unsigned long long)need, (unsigned long long)have);
		return -ENOMEM;
	}
	add(a, "--no-huge");
	add(a, "--no-shconf"); /* else each start leaves 3 MB in /run, which is memory */
	add(a, "-m");
	add(a, "%llu", (unsigned long long)need);
	return 0;
}

/* Whether the operator has told EAL which PCI devices it may try. */
static bool says_devices(const struct settings *s)
{
	static const char *const options[] = { "-a", "-b", "--allow", "--block", "--no-pci" };

	for (unsigned i = 0; i < s->n_eal; i++)
		for (unsigned o = 0; o < sizeof(options) / sizeof(options[0]); o++)
			if (strncmp(s->eal[i], options[o], strlen(options[o])) == 0)
				return true;
	return false;
}

/* Left alone EAL takes every PCI device that one of its drivers can have: with some drivers
 * the host's own, which goes on using it. Only those of our links. */
static void add_devices(struct args *a, const struct settings *s)
{
	bool any = false;

	if (says_devices(s))
		return;
	for (unsigned i = 0; i < 2 * s->n_links; i++) {
		const char *device = i % 2 ? s->links[i / 2].smsc : s->links[i / 2].esme;
		if (!port_is_pci(device))
			continue;
		any = true;
		add(a, "-a");
		add(a, "%s", device);
	}
	if (!any)
		add(a, "--no-pci");
}

int eal_open(const struct settings *settings, char error[200])
{
	static struct args a; /* EAL keeps pointers into its arguments */

	add(&a, "sluice-dataplane");
	add_cores(&a, settings);
	const int result = add_memory(&a, settings, error);
	if (result != 0)
		return result;
	add(&a, "--file-prefix=sluice"); /* of an empty folder: nothing is shared */
	add(&a, "--no-telemetry");
	add(&a, "--log-level=4");
	add_devices(&a, settings);
	for (unsigned i = 0; i < settings->n_eal; i++)
		add(&a, "%s", settings->eal[i]);
	if (rte_eal_init(a.argc, a.argv) < 0) {
		snprintf(error, 200, "DPDK did not start: %s; look at the setting eal",
		         rte_strerror(rte_errno));
		return -rte_errno;
	}
	return 0;
}

void eal_close(void) { (void)!rte_eal_cleanup(); }
