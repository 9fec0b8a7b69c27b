/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_bench: messages a second through the whole worker path, from frames in one PMD to
 * frames in another, beside raw hs_scan() of the same texts with the same patterns, in
 * the same process, on the same core, in interleaved rounds.
 *
 * Whole sessions are played into two pcap PMDs (traffic.h). Every round checks that the
 * worker decided as the schedule says: as many messages, as many refusals, none lost.
 * The audit ring is drained between rounds, outside the measured time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hs/hs.h>
#include <rte_cycles.h>
#include <rte_launch.h>

#include "options.h"
#include "setup.h"

#define ROUNDS_MAX 99u

struct options {
	struct setup_options setup;
	unsigned rounds, passes;
	bool json;
};

struct result {
	double path[ROUNDS_MAX], offload[ROUNDS_MAX], raw[ROUNDS_MAX]; /* messages a second */
	double ratio[ROUNDS_MAX], ratio_offload[ROUNDS_MAX];
	unsigned n;
	const char *wrong; /* NULL, or what the worker did that the schedule does not say */
};

struct bench {
	struct setup setup;
	struct options options;
	struct result result;
};

static uint64_t counter(const struct bench *b, enum counter c)
{
	return report_worker(b->setup.report, 0)->counters[c];
}

/* Play the role of control: read everything. */
static void drain(struct bench *b)
{
	struct report_worker *w = report_worker(b->setup.report, 0);

	__atomic_store_n(&w->ring->tail, w->ring->head, __ATOMIC_RELEASE);
}

/* As on a NIC that verifies what it receives and writes the sums of what it sends. */
static void set_offload(struct worker *w, bool on)
{
	for (unsigned i = 0; i < 2; i++)
		w->tx[i].offload = on ? HEADER_IP_SUM | HEADER_TCP_SUM : 0;
	w->policy[0].verify = !on;
}

/* What the schedule says; of what is wrong the first is told, which the others follow from. */
static void expect(struct bench *b, const char *what, uint64_t is, uint64_t scheduled)
{
	if (is != scheduled && b->result.wrong == NULL)
		b->result.wrong = what;
}

/* The best pass of all through the worker, messages a second: what shares the core or
 * its sibling with us only ever adds. */
static double run_path(struct bench *b, bool offload)
{
	const struct traffic *t = &b->setup.traffic;
	const uint64_t requests = counter(b, COUNTER_REQUESTS),
		       refused = counter(b, COUNTER_REFUSED);
	const uint64_t forwarded = counter(b, COUNTER_FORWARDED);
	const uint64_t known = counter(b, COUNTER_CACHE_HITS);
	uint64_t least = UINT64_MAX;

	set_offload(b->setup.worker, offload);
	for (unsigned pass = 0; pass < b->options.passes; pass++) {
		b->setup.tables->image_serial++; /* no text is known from the pass before */
		const uint64_t start = rte_rdtsc();
		for (unsigned i = 0; i < t->turns; i++)
			(void)worker_turn(b->setup.worker);
		const uint64_t cycles = rte_rdtsc() - start;
		least = cycles < least ? cycles : least;
		drain(b);
	}
	const uint64_t messages = (uint64_t)t->messages * b->options.passes;
	expect(b, "requests", counter(b, COUNTER_REQUESTS) - requests, messages);
	expect(b, "known texts", counter(b, COUNTER_CACHE_HITS) - known, 0);
	expect(b, "refused", counter(b, COUNTER_REFUSED) - refused,
	       (uint64_t)t->refused * b->options.passes);
	expect(b, "forwarded", counter(b, COUNTER_FORWARDED) - forwarded,
	       (uint64_t)(t->messages - t->refused) * b->options.passes);
	return (double)t->messages * (double)rte_get_tsc_hz() / (double)least;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	(void)id, (void)from, (void)to, (void)flags;
	++*(uint64_t *)context;
	return 1; /* as the screener does at a rule that refuses */
}

static double run_raw(struct bench *b)
{
	const struct setup *s = &b->setup;
	uint64_t matches = 0, expected = 0, least = UINT64_MAX;

	for (unsigned i = 0; i < s->corpus.n_texts; i++)
		expected += s->matches[i];
	for (unsigned pass = 0; pass < b->options.passes; pass++) {
		const uint64_t start = rte_rdtsc();
		for (unsigned i = 0; i < s->corpus.n_texts; i++)
			(void)!hs_scan(s->patterns.raw,
			               (const char *)s->folded + s->folded_at[i],
			               s->folded_at[i + 1] - s->folded_at[i], 0,
			               s->patterns.scratch, on_match, &matches);
		const uint64_t cycles = rte_rdtsc() - start;
		least = cycles < least ? cycles : least;
	}
	expect(b, "raw matches", matches, expected * b->options.passes);
	return (double)s->corpus.n_texts * (double)rte_get_tsc_hz() / (double)least;
}

static int run_rounds(void *arg)
{
	struct bench *b = arg;
	struct result *r = &b->result;

	publish_online(b->setup.publish, 0);
	(void)run_path(b, false); /* warm: page faults, caches */
	(void)run_raw(b);
	for (unsigned i = 0; i < b->options.rounds; i++) {
		r->path[i] = run_path(b, false);
		r->raw[i] = run_raw(b);
		r->offload[i] = run_path(b, true);
		r->ratio[i] = r->path[i] / r->raw[i];
		r->ratio_offload[i] = r->offload[i] / r->raw[i];
		r->n = i + 1;
		if (!b->options.json)
			fprintf(stderr, "\rround %u of %u", r->n, b->options.rounds);
	}
	if (!b->options.json)
		fprintf(stderr, "\r                    \r");
	publish_offline(b->setup.publish, 0);
	return 0;
}

/* rte_eal_wait_lcore() spins, and where the core that waits is the sibling thread of the
 * worker's that takes a third of its speed. */
static void wait_quietly(unsigned lcore)
{
	while (rte_eal_get_lcore_state(lcore) == RUNNING)
		usleep(10000);
	(void)rte_eal_wait_lcore(lcore);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values, unsigned n, double *least, double *most)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), compare);
	*least = sorted[0];
	*most = sorted[n - 1];
	return sorted[n / 2];
}

static void print_row(const char *name, const double *values, unsigned n, double scale)
{
	double least, most;
	const double m = median(values, n, &least, &most);

	printf("  %-44s %8.3f  (%.3f - %.3f)\n", name, m * scale, least * scale, most * scale);
}

static void print_json(const struct bench *b)
{
	const struct result *r = &b->result;
	const struct traffic *t = &b->setup.traffic;
	double lo, hi, ratio = median(r->ratio, r->n, &lo, &hi);

	printf("{\"bench\":\"path\",\"patterns\":%u,\"messages\":%u,\"refused\":%u,"
	       "\"frames_per_message\":%.2f,\"rounds\":%u,\"path_ratio\":%.3f,"
	       "\"path_ratio_min\":%.3f,\"path_ratio_max\":%.3f",
	       b->options.setup.n_patterns, t->messages, t->refused,
	       (double)t->frames / t->messages, r->n, ratio, lo, hi);
	ratio = median(r->ratio_offload, r->n, &lo, &hi);
	printf(",\"path_ratio_offload\":%.3f", ratio);
	printf(",\"messages_per_second\":%.0f", median(r->path, r->n, &lo, &hi));
	printf(",\"raw_messages_per_second\":%.0f}\n", median(r->raw, r->n, &lo, &hi));
}

static void print_table(const struct bench *b)
{
	const struct result *r = &b->result;
	const struct traffic *t = &b->setup.traffic;

	printf("%u patterns, %u messages a pass (%u refused), %.2f frames a message, "
	       "%u rounds, median (least - most)\n",
	       b->options.setup.n_patterns, t->messages, t->refused,
	       (double)t->frames / t->messages, r->n);
	print_row("worker path, M messages/s", r->path, r->n, 1e-6);
	print_row("same, checksums left to the NIC", r->offload, r->n, 1e-6);
	print_row("raw hs_scan, M messages/s", r->raw, r->n, 1e-6);
	print_row("path_ratio", r->ratio, r->n, 1);
	print_row("path_ratio, checksums left to the NIC", r->ratio_offload, r->n, 1);
}

int main(int argc, char **argv)
{
	static struct bench b = {
		.options = { .setup = { .sessions = 64, .messages_each = 512, .burst = 32 } }
	};
	struct options *o = &b.options;
	unsigned long patterns = 1000, rounds = 9, passes = 12, burst = b.options.setup.burst,
		      sessions = b.options.setup.sessions,
		      messages = b.options.setup.messages_each;
	const struct bench_option rows[] = {
		{ "patterns", &patterns, 1, 100000,
		  "patterns that every text is matched with" },
		{ "sessions", &sessions, 1, 8192, "SMPP sessions, which take turns" },
		{ "messages", &messages, 1, 10000, "messages of each session in a pass" },
		{ "burst", &burst, 1, BURST_MAX, "frames that a turn takes of a port" },
		{ "rounds", &rounds, 1, ROUNDS_MAX, "rounds, of which the median counts" },
		{ "passes", &passes, 1, 10000, "passes a round, of which the least counts" },
		{ .name = NULL },
	};
	char error[400] = "";

	bench_options(argc, argv, "path",
	              "messages/s through the whole worker, beside hs_scan() of the same texts",
	              rows, &o->json);
	o->setup.n_patterns = (unsigned)patterns;
	o->setup.burst = (unsigned)burst;
	o->setup.sessions = (unsigned)sessions;
	o->setup.messages_each = (unsigned)messages;
	o->rounds = (unsigned)rounds;
	o->passes = (unsigned)passes;
	int result = setup_open(&b.setup, &b.options.setup, error);
	if (result == 0 && rte_eal_remote_launch(run_rounds, &b, 1) == 0) {
		wait_quietly(1);
		if (b.options.json)
			print_json(&b);
		else
			print_table(&b);
	}
	if (b.result.wrong != NULL)
		snprintf(error, sizeof(error), "the worker did not decide as scheduled: %s",
		         b.result.wrong);
	setup_close(&b.setup);
	if (error[0] != '\0')
		fprintf(stderr, "path_bench: %s\n", error);
	return error[0] != '\0';
}
