/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_bench: what the worker loses while images are built, checked and swapped in
 * beside it: messages a second through the whole path, with and without, in turns of
 * one run. The worker has a core of its own; all the rest runs on another one.
 *
 * "Built" is all of it: a sender set of --senders, its sections, its checksums, the
 * reader's checks of every row; then the tables that the traffic needs, published, and
 * the old ones freed once the worker has let go of them.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>

#include "options.h"
#include "check.h"
#include "image.h"
#include "image_build.h"
#include "setup.h"

#define ROUNDS_MAX 49u

enum phase { QUIET, REBUILDING, DONE };

struct bench {
	struct setup setup;
	struct image_build *builder;
	unsigned rounds, senders, images;
	double quiet[ROUNDS_MAX], busy[ROUNDS_MAX], ratio[ROUNDS_MAX];
	atomic_int phase;    /* wanted; the worker's thread sets it */
	atomic_bool at_rest; /* nothing is being built */
	char error[400];
};

static void drain(struct bench *b)
{
	struct report_worker *w = report_worker(b->setup.report, 0);

	__atomic_store_n(&w->ring->tail, w->ring->head, __ATOMIC_RELEASE);
}

/* Messages a second over all passes: a swap in one of them counts. */
static double run_path(struct bench *b, double seconds)
{
	const uint64_t hz = rte_get_tsc_hz(), start = rte_rdtsc();
	uint64_t messages = 0, now = start;

	while (now - start < (uint64_t)(seconds * (double)hz)) {
		for (unsigned i = 0; i < b->setup.traffic.turns; i++)
			(void)worker_turn(b->setup.worker);
		drain(b);
		messages += b->setup.traffic.messages;
		now = rte_rdtsc();
	}
	return (double)messages * (double)hz / (double)(now - start);
}

static int run_rounds(void *arg)
{
	struct bench *b = arg;

	publish_online(b->setup.publish, 0);
	(void)run_path(b, 0.5);
	for (unsigned i = 0; i < b->rounds; i++) {
		atomic_store(&b->phase, QUIET);
		while (!atomic_load(&b->at_rest))
			(void)run_path(b, 0.01);
		b->quiet[i] = run_path(b, 2);
		atomic_store(&b->phase, REBUILDING);
		while (atomic_load(&b->at_rest))
			(void)run_path(b, 0.01);
		b->busy[i] = run_path(b, 2);
		b->ratio[i] = b->busy[i] / b->quiet[i];
	}
	atomic_store(&b->phase, DONE);
	publish_offline(b->setup.publish, 0);
	return 0;
}

static int fill_builder(struct bench *b)
{
	int result = image_build_open(&b->builder);

	for (uint64_t i = 0; i < b->senders && result == 0; i++) {
		struct image_build_sender s = { .state = IMAGE_CERTIFIED };

		s.key.octets[0] = SENDER_KEY_NUMBER << 5 | 12;
		s.key.octets[1] = 0x82;
		s.key.octets[2] = 0x10;
		for (unsigned at = 6, n = (unsigned)i; at > 2; at--, n /= 100)
			s.key.octets[at] = (uint8_t)(n % 10 | n / 10 % 10 << 4);
		result = image_build_sender(b->builder, &s);
	}
	return result;
}

/* One image as control and the link thread make it, and one swap. */
static int rebuild(struct bench *b)
{
	struct tables *next = NULL;
	struct image im;
	void *octets = NULL;
	size_t size = 0;
	int result =
		image_build_memory(b->builder, 1 + ++b->images, 1, &octets, &size, b->error);

	if (result == 0)
		result = image_open(&im, octets, size, b->error);
	if (result == 0)
		image_close(&im);
	free(octets);
	if (result == 0)
		result = setup_tables(&b->setup, &next, b->error);
	if (result == 0)
		(void)publish_swap(b->setup.publish, next);
	return result;
}

static void run_control(struct bench *b)
{
	for (int phase; (phase = atomic_load(&b->phase)) != DONE;) {
		atomic_store(&b->at_rest, phase == QUIET);
		if (phase == QUIET)
			usleep(5000);
		else if (rebuild(b) != 0)
			break;
	}
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(struct bench *b, bool json)
{
	const unsigned n = b->rounds;

	qsort(b->quiet, n, sizeof(double), compare);
	qsort(b->busy, n, sizeof(double), compare);
	qsort(b->ratio, n, sizeof(double), compare);
	printf(json ? "{\"bench\": \"rebuild\", \"senders\": %u, \"images\": %u, \"rounds\": "
	              "%u, "
	              "\"quiet_messages_per_second\": %.0f, \"messages_per_second\": %.0f, "
	              "\"ratio\": %.3f, \"ratio_least\": %.3f, \"ratio_most\": %.3f}\n"
	            : "images of %u senders, %u of them, %u rounds, medians\n"
	              "  alone      %10.0f messages/s\n  rebuilding %10.0f messages/s\n"
	              "  ratio      %10.3f (%.3f - %.3f)\n",
	       b->senders, b->images, n, b->quiet[n / 2], b->busy[n / 2], b->ratio[n / 2],
	       b->ratio[0], b->ratio[n - 1]);
}

int main(int argc, char **argv)
{
	static struct bench b;
	unsigned long senders = 1000000, rounds = 7;
	const struct bench_option rows[] = {
		{ "senders", &senders, 1, 100000000, "senders of each image" },
		{ "rounds", &rounds, 1, ROUNDS_MAX, "rounds, of which the median counts" },
		{ .name = NULL },
	};
	const struct setup_options options = {
		.n_patterns = 1000, .sessions = 64, .messages_each = 128, .burst = 32
	};
	bool json = false;

	bench_options(argc, argv, "rebuild",
	              "messages/s of a worker while images are built and swapped beside it, to "
	              "those without",
	              rows, &json);
	b.senders = (unsigned)senders;
	b.rounds = (unsigned)rounds;
	int result = setup_open(&b.setup, &options, b.error);
	if (result == 0)
		result = fill_builder(&b);
	if (result == 0 && rte_eal_remote_launch(run_rounds, &b, 1) == 0) {
		run_control(&b);
		(void)rte_eal_wait_lcore(1);
		if (b.error[0] == '\0')
			print(&b, json);
	}
	image_build_close(b.builder);
	setup_close(&b.setup);
	if (b.error[0] != '\0')
		fprintf(stderr, "rebuild_bench: %s\n", b.error);
	return b.error[0] != '\0' || result != 0;
}
