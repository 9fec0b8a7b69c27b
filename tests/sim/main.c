/* SPDX-License-Identifier: Apache-2.0 */
/* main: seeds on the command line. A failed world leaves its buffers behind, so the pool
 * is made anew for each failure. */
#include <getopt.h>
#include <inttypes.h>

#include <rte_eal.h>

#include "sim.h"
#include "../quiet_eal.h"

#define POOL_BUFFERS 4095u
#define FAILURES_MOST 20u

static void start_eal(const char *name)
{
	if (quiet_eal(name, 64) < 0) {
		fprintf(stderr, "sim: no EAL\n");
		exit(2);
	}
}

static struct rte_mempool *pool_new(void)
{
	static unsigned count;
	char name[32];

	snprintf(name, sizeof(name), "sim%u", count++);
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, POOL_BUFFERS, 0, sizeof(struct segment),
	                                RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	if (pool == NULL) {
		fprintf(stderr, "sim: no memory for the pool\n");
		exit(2);
	}
	return pool;
}

/* How many failed; *n becomes how many were run. */
static unsigned run(uint64_t from, uint64_t *n, unsigned most, const char *name)
{
	struct rte_mempool *pool = pool_new();
	const uint64_t end = from + *n;
	unsigned failed = 0;

	*n = 0;
	for (uint64_t seed = from; seed < end && failed < most; seed++, ++*n) {
		const char *why = sim_run(seed, false, pool, NULL);
		if (why == NULL)
			continue;
		failed++;
		printf("seed %" PRIu64 ": %s\n  %s --seed %" PRIu64 " --trace\n", seed, why,
		       name, seed);
		rte_mempool_free(pool);
		pool = pool_new();
	}
	rte_mempool_free(pool);
	return failed;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: sim --seeds N [--from S] | --seed S [--trace]\n");
	exit(2);
}

/* No seeds at all would be a success that says nothing. */
static uint64_t number(const char *text)
{
	char *end;
	const uint64_t n = strtoull(text, &end, 0);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n == 0)
		usage();
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seeds", required_argument, NULL, 'n' },
		{ "from", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ "trace", no_argument, NULL, 't' },
		{ "first", no_argument, NULL, '1' },
		{ 0 },
	};
	unsigned most = FAILURES_MOST;
	uint64_t n = 1000, from = 1;
	bool trace = false;

	setvbuf(stdout, NULL, _IOLBF, 0); /* in a log, too, the last line is the last */
	start_eal(argv[0]);
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'n') {
			n = number(optarg);
		} else if (o == 'f') {
			from = number(optarg);
		} else if (o == 's') {
			from = number(optarg);
			n = 1;
		} else if (o == '1') { /* the first failure is enough */
			most = 1;
		} else if (o == 't') {
			trace = true;
		} else {
			usage();
		}
	}
	unsigned failed;
	if (trace) {
		const char *why = sim_run(from, true, pool_new(), NULL);
		printf("seed %" PRIu64 ": %s\n", from, why != NULL ? why : "passed");
		failed = why != NULL;
		n = 1;
	} else {
		failed = run(from, &n, most, argv[0]);
	}
	printf("%" PRIu64 " seeds, %u failed\n", n, failed);
	return failed != 0;
}
