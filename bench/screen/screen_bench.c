/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen_bench: messages a second through all screening stages, beside raw hs_scan() of
 * the same texts, already decoded and folded, one by one.
 *
 * Three streams: one in which no body comes twice, and two in which 90 of 100 messages have
 * one of a thousand bodies. In the first two each message's sender is drawn evenly from all
 * that are certified; in the third, the campaigns, a body has its sender and only the texts
 * that are new have any.
 *
 * The cache of known texts is that of the setting's default. Each pass begins with nothing in
 * it but, where they repeat, the bodies: no other text of a pass is known from one before. The
 * vectors are filled outside of the measured time, as framing does before screening; all else
 * is measured. Rounds are interleaved, of a round's passes the best counts, and every pass
 * checks that what must be refused was.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#include "check.h"
#include "options.h"
#include "cache.h"
#include "known_senders.h"
#include "scene.h"

#define ROUNDS_MAX 99u
#define SIZES_MAX 2u

struct options {
	struct scene_options scene;
	unsigned patterns[SIZES_MAX], n_patterns; /* one scene each */
	unsigned rounds, passes, vector;
	unsigned known_texts;   /* of the cache; 0 = none */
	unsigned known_senders; /* the same */
	bool json;
};

/* Cycles a message, by round. */
struct result {
	double screen[ROUNDS_MAX], raw[ROUNDS_MAX], ratio[ROUNDS_MAX];
	double stages[SCREEN_STAGES_MAX]; /* of one pass of its own */
	double known;                     /* share of the texts that was */
};

struct bench {
	struct options options;
	struct scene scene;
	struct screen_vector *vector;
	struct screen_context context;
	double hz;             /* of the time-stamp counter */
	double first[STREAMS]; /* ratios with the first number of patterns */
};

static const char *const names[STREAMS] = { "unique", "repeated", "repeated_campaign" };

static uint64_t cycles_now(void) { return __rdtsc(); }

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double measured_hz(void)
{
	const double start_s = now_s();
	const uint64_t start = cycles_now();

	while (now_s() - start_s < 0.1)
		;
	return (double)(cycles_now() - start) / (now_s() - start_s);
}

/* Cycles of the whole stream. */
static uint64_t screen_stream(struct bench *b, const struct stream *s)
{
	struct screen_vector *v = b->vector;
	uint64_t cycles = 0;
	unsigned refused = 0;

	bug_if(v == NULL);
	for (unsigned first = 0; first < s->n; first += v->n) {
		const unsigned left = s->n - first;
		scene_fill(&b->scene, s, first,
		           left < b->options.vector ? left : b->options.vector, v);
		const uint64_t start = cycles_now();
		screen_run(&b->context, v);
		cycles += cycles_now() - start;
		for (unsigned i = 0; i < v->n; i++)
			refused += v->messages[i].refuse;
	}
	if (refused != s->refused) {
		fprintf(stderr, "screen_bench: %u of %u refused, expected %u\n", refused, s->n,
		        s->refused);
		exit(1);
	}
	return cycles;
}

/* As if a worker had run for a while on what repeats, and never seen what does not. */
static uint64_t run_screen(struct bench *b, const struct stream *s)
{
	struct screen_context *c = &b->context;

	c->fingerprint_every = 8; /* the setting campaign_sample by default */
	cache_close(c->cache);
	c->cache = NULL;
	known_senders_close(c->known_senders);
	c->known_senders = NULL;
	bug_if(b->options.known_senders != 0 &&
	       known_senders_open(&c->known_senders, b->options.known_senders) != 0);
	bug_if(b->options.known_texts != 0 &&
	       cache_open(&c->cache, b->options.known_texts) != 0);
	if (s != &b->scene.streams[STREAM_UNIQUE]) {
		struct screen_timing *timing = c->timing;
		c->timing = NULL;
		(void)screen_stream(b, &b->scene.bodies);
		c->timing = timing;
	}
	c->cache_hits = 0;
	const uint64_t cycles = screen_stream(b, s);
	if (s == &b->scene.streams[STREAM_UNIQUE] && c->cache_hits != 0) {
		fprintf(stderr,
		        "screen_bench: %" PRIu64
		        " texts were known in the stream of unique ones\n",
		        c->cache_hits);
		exit(1);
	}
	return cycles;
}

static uint64_t run_raw(struct bench *b, const struct stream *s)
{
	const uint64_t start = cycles_now();

	bug_if(scene_raw(&b->scene, s) == 0);
	return cycles_now() - start;
}

static double best(struct bench *b, const struct stream *s,
                   uint64_t (*run)(struct bench *b, const struct stream *s))
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < b->options.passes; i++) {
		const uint64_t cycles = run(b, s);
		least = cycles < least ? cycles : least;
	}
	return (double)least / s->n;
}

static void run_round(struct bench *b, const struct stream *s, struct result *r, unsigned round)
{
	r->screen[round] = best(b, s, run_screen);
	r->raw[round] = best(b, s, run_raw);
	r->ratio[round] = r->raw[round] / r->screen[round];
}

static void run_stages(struct bench *b, const struct stream *s, struct result *r)
{
	struct screen_timing timing = { .now = cycles_now };

	b->context.timing = &timing;
	(void)run_screen(b, s);
	b->context.timing = NULL;
	for (unsigned i = 0; i <= screen_stages_n; i++)
		r->stages[i] = (double)timing.stages[i] / s->n;
	r->known = (double)b->context.cache_hits / s->n;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts. */
static double median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

static void print_json(const struct bench *b, const char *name, struct result *r)
{
	const unsigned n = b->options.rounds;
	const double ratio = median(r->ratio, n);

	printf(", \"%s_ratio\": %.3f, \"%s_ratio_least\": %.3f, \"%s_ratio_most\": %.3f", name,
	       ratio, name, r->ratio[0], name, r->ratio[n - 1]);
	printf(", \"%s_messages_per_second\": %.0f, \"%s_raw_messages_per_second\": %.0f", name,
	       b->hz / median(r->screen, n), name, b->hz / median(r->raw, n));
	printf(", \"%s_known\": %.3f", name, r->known);
	printf(", \"%s_cycles\": {", name);
	for (unsigned i = 0; i <= screen_stages_n; i++)
		printf("\"%s\": %.1f, ",
		       i < screen_stages_n ? screen_stages[i].name : "verdict", r->stages[i]);
	printf("\"all\": %.1f, \"raw\": %.1f}", r->screen[n / 2], r->raw[n / 2]);
}

static void print_table(const struct bench *b, const char *name, struct result *r)
{
	const unsigned n = b->options.rounds;
	const double ratio = median(r->ratio, n), screen = median(r->screen, n),
		     raw = median(r->raw, n);

	printf("  %-17s %6.3f x raw (%.3f - %.3f)  %.3f M messages/s, raw %.3f; "
	       "%.0f of 100 texts known\n   ",
	       name, ratio, r->ratio[0], r->ratio[n - 1], b->hz / screen * 1e-6,
	       b->hz / raw * 1e-6, r->known * 100);
	for (unsigned i = 0; i <= screen_stages_n; i++)
		printf(" %s %.0f", i < screen_stages_n ? screen_stages[i].name : "verdict",
		       r->stages[i]);
	printf(" = %.0f cycles, raw %.0f\n", screen, raw);
}

static void print(const struct bench *b, struct result r[STREAMS], bool last)
{
	const struct scene *s = &b->scene;

	if (!b->options.json) {
		printf("%u patterns, %u senders, %u messages in vectors of %u, %u rounds, "
		       "median (least - most)\n",
		       s->options.n_patterns, s->options.n_senders, s->options.n_messages,
		       b->options.vector, b->options.rounds);
		for (unsigned k = 0; k < STREAMS; k++)
			print_table(b, names[k], &r[k]);
		return;
	}
	printf("{\"patterns\": %u, \"senders\": %u, \"messages\": %u, \"refused\": %u",
	       s->options.n_patterns, s->options.n_senders, s->options.n_messages,
	       s->streams[STREAM_UNIQUE].refused);
	for (unsigned k = 0; k < STREAMS; k++)
		print_json(b, names[k], &r[k]);
	printf("}%s", last ? "" : ", ");
}

static int run_size(struct bench *b, unsigned which)
{
	static struct result r[STREAMS];
	char error[400] = "";

	b->options.scene.n_patterns = b->options.patterns[which];
	const int result = scene_open(&b->scene, &b->options.scene, error);
	if (result != 0) {
		fprintf(stderr, "screen_bench: %s\n", error);
		scene_close(&b->scene);
		return result;
	}
	b->context = (struct screen_context){ .tables = b->scene.tables,
		                              .scratch = b->scene.tables->scratch[0],
		                              .match = b->scene.tables->match[0],
		                              .seconds = (uint32_t)time(NULL) };
	run_stages(b, &b->scene.streams[STREAM_UNIQUE], &r[0]); /* warm: page faults, caches */
	for (unsigned i = 0; i < b->options.rounds; i++)
		for (unsigned k = 0; k < STREAMS; k++)
			run_round(b, &b->scene.streams[k], &r[k], i);
	for (unsigned k = 0; k < STREAMS; k++)
		run_stages(b, &b->scene.streams[k], &r[k]);
	print(b, r, which + 1 == b->options.n_patterns);
	for (unsigned k = 0; k < STREAMS && which == 0; k++)
		b->first[k] = median(r[k].ratio, b->options.rounds);
	cache_close(b->context.cache);
	known_senders_close(b->context.known_senders);
	scene_close(&b->scene);
	return 0;
}

static void read_options(int argc, char **argv, struct options *o)
{
	unsigned long patterns = 0, senders = 10000000, messages = 131072, rounds = 9,
		      passes = 3, vector = 32, known_texts = 16384, known_senders = 4096;
	const struct bench_option rows[] = {
		{ "patterns", &patterns, 0, 100000, "patterns; 0: 1,000 and then 5,000" },
		{ "senders", &senders, 1, 69999999, "certified senders" },
		{ "messages", &messages, 1, 100000000, "messages of a stream" },
		{ "rounds", &rounds, 1, ROUNDS_MAX, "rounds, of which the median counts" },
		{ "passes", &passes, 1, 1000, "passes a round, of which the least counts" },
		{ "vector", &vector, 1, SCREEN_VECTOR_MAX, "messages of a vector" },
		{ "known-texts", &known_texts, 0, CACHE_ENTRIES_MAX, "texts known; 0: none" },
		{ "known-senders", &known_senders, 0, KNOWN_SENDERS_MAX,
		  "the same of senders" },
		{ .name = NULL },
	};

	bench_options(argc, argv, "screen",
	              "messages/s of the screening vector, beside hs_scan() of the same texts",
	              rows, &o->json);
	o->patterns[0] = patterns != 0 ? (unsigned)patterns : 1000;
	o->patterns[1] = 5000;
	o->n_patterns = patterns != 0 ? 1 : 2;
	o->scene.n_senders = (unsigned)senders;
	o->scene.n_messages = (unsigned)messages;
	o->rounds = (unsigned)rounds;
	o->passes = (unsigned)passes;
	o->vector = (unsigned)vector;
	o->known_texts = (unsigned)known_texts;
	o->known_senders = (unsigned)known_senders;
}

int main(int argc, char **argv)
{
	static struct bench b = { .options = { .scene = { .bodies = 1000, .repeated = 90 } } };
	int result = 0;

	read_options(argc, argv, &b.options);
	b.vector = aligned_alloc(64, (sizeof(*b.vector) + 63) & ~(size_t)63);
	if (b.vector == NULL)
		return 1;
	b.hz = measured_hz();
	if (b.options.json)
		printf("{\"bench\": \"screen\", \"sizes\": [");
	for (unsigned i = 0; i < b.options.n_patterns && result == 0; i++)
		result = run_size(&b, i);
	if (b.options.json && result == 0)
		printf("], \"unique_ratio\": %.3f, \"repeated_ratio\": %.3f, "
		       "\"repeated_campaign_ratio\": %.3f}\n",
		       b.first[STREAM_UNIQUE], b.first[STREAM_REPEATED],
		       b.first[STREAM_CAMPAIGNS]);
	free(b.vector);
	return result != 0;
}
