/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delta: changes a second; from the API call until a worker decides by it, and until the
 * answer, which comes when every worker does and both disks have it.
 *
 * Alone: one suspension a call, one caller. Callers: the same by --callers at once.
 * Sustained: --rate deltas a second for --seconds in calls of --batch by --callers, each call
 * timed from when it was due, whether or not a caller was free. Most: a thousand a call,
 * without a pause. Senders lie anywhere among two million. Each call's last sender is looked
 * up in the tables in force when it returns.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "rig.h"

#define STEP 1299709u /* a prime: every sender once before one comes again */
#define CALLS_MAX 200000u
#define CALLERS_MAX RIG_READERS
#define BATCH_MAX 1000u
#define BODY_MAX (BATCH_MAX * 80 + 40)

struct options {
	unsigned long rate, batch, callers, seconds;
	bool json;
};

static unsigned long n_senders = 2000000;

struct series {
	struct rig *rig;
	unsigned batch;
	uint64_t rate; /* deltas a second, 0: as fast as they go */
	uint64_t began, end;
	uint32_t n, claimed; /* atomic: calls done, and begun */
	unsigned readers;    /* atomic: callers that have their number */
	uint64_t answered_us[CALLS_MAX], enforced_us[CALLS_MAX];
	double seconds;
};

static uint32_t next_sender; /* atomic */

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void import_all(struct rig *rig)
{
	char *text = malloc(n_senders * 20 + 100), *to = text;
	struct rig_client client;

	rig_connect(rig, &client);
	rig_ask(&client, "POST", "/v1/accounts", "system_id\nacme\n", 15);
	to += sprintf(to, "address,owner\n");
	for (unsigned i = 0; i < n_senders; i++)
		to += sprintf(to, "010%08u,acme\n", i);
	rig_ask(&client, "POST", "/v1/senders", text, (size_t)(to - text));
	rig_hang_up(&client);
	free(text);
}

/* Suspends n senders, the last of them in last. */
static size_t write_body(char body[BODY_MAX], unsigned n, char last[16])
{
	char *to = body;

	to += sprintf(to, "{\"deltas\":[");
	for (unsigned i = 0; i < n; i++) {
		const uint64_t one = __atomic_fetch_add(&next_sender, 1, __ATOMIC_RELAXED);
		snprintf(last, 16, "010%08u", (unsigned)(one * STEP % n_senders));
		to += sprintf(to, "%s{\"op\":\"suspend\",\"kind\":\"sender\",\"name\":\"%s\"}",
		              i ? "," : "", last);
	}
	to += sprintf(to, "]}");
	return (size_t)(to - body);
}

/* began: when the call was due. */
static void call(struct series *s, struct rig_client *client, unsigned reader, uint64_t began)
{
	char body[BODY_MAX], last[16] = "";
	const size_t size = write_body(body, s->batch, last);

	if (began == 0)
		began = rig_now_us();
	const char *answer = rig_ask(client, "POST", "/v1/deltas", body, size);
	const uint64_t answered = rig_now_us();
	uint64_t enforced = rig_enforced_us((uint64_t)rig_number(answer, "generation"));

	/* A worker that was stopped between two turns has decided nothing since. */
	if (enforced == 0 || enforced > answered)
		enforced = answered;
	if (!rig_suspended(reader, last) || strstr(answer, "\"enforced\":true") == NULL) {
		fprintf(stderr, "bench: answered, not enforced: %.300s\n", answer);
		exit(1);
	}
	const uint32_t i = __atomic_fetch_add(&s->n, 1, __ATOMIC_RELAXED);
	if (i >= CALLS_MAX)
		exit(1);
	s->answered_us[i] = answered - began;
	s->enforced_us[i] = enforced > began ? enforced - began : 0;
}

static void *caller(void *context)
{
	struct series *s = context;
	const unsigned reader = __atomic_fetch_add(&s->readers, 1, __ATOMIC_RELAXED);
	struct rig_client client;

	rig_connect(s->rig, &client);
	while (rig_now_us() < s->end) {
		const uint64_t i = __atomic_fetch_add(&s->claimed, 1, __ATOMIC_RELAXED);
		const uint64_t due = s->rate ? s->began + i * s->batch * 1000000 / s->rate : 0;
		const uint64_t now = rig_now_us();
		if (due > now)
			usleep((useconds_t)(due - now));
		call(s, &client, reader, due);
	}
	rig_hang_up(&client);
	return NULL;
}

static void run(struct series *s, unsigned long callers, double seconds)
{
	pthread_t threads[CALLERS_MAX];

	s->began = rig_now_us();
	s->end = s->began + (uint64_t)(seconds * 1e6);
	for (unsigned long i = 0; i < callers; i++)
		if (pthread_create(&threads[i], NULL, caller, s) != 0)
			exit(1);
	for (unsigned long i = 0; i < callers; i++)
		pthread_join(threads[i], NULL);
	s->seconds = (double)(rig_now_us() - s->began) / 1e6;
}

static double percentile(const uint64_t *sorted, uint32_t n, unsigned permille)
{
	const uint64_t at = (uint64_t)(n - 1) * permille / 1000;

	return (double)sorted[at] / 1e3;
}

static void report(struct series *s, const char *name, bool json, bool last)
{
	const double rate = (double)s->n * s->batch / s->seconds;
	double of[4];

	qsort(s->answered_us, s->n, sizeof(s->answered_us[0]), by_size);
	qsort(s->enforced_us, s->n, sizeof(s->enforced_us[0]), by_size);
	for (unsigned i = 0; i < 4; i++)
		of[i] = percentile(i < 2 ? s->enforced_us : s->answered_us, s->n,
		                   i % 2 ? 990 : 500);
	if (json)
		printf("\"%s\":{\"deltas_per_s\":%.0f,\"calls\":%u,\"enforced_p50_ms\":%.2f,"
		       "\"enforced_p99_ms\":%.2f,\"p50_ms\":%.2f,\"p99_ms\":%.2f}%s",
		       name, rate, s->n, of[0], of[1], of[2], of[3], last ? "}\n" : ",");
	else
		printf("%-10s %7.0f deltas/s; enforced after p50 %.2f ms, p99 %.2f ms; "
		       "answered p50 %.2f, p99 %.2f\n",
		       name, rate, of[0], of[1], of[2], of[3]);
}

static void read_options(struct options *o, int argc, char **argv)
{
	const struct bench_option rows[] = {
		{ "rate", &o->rate, 1, 1000000, "deltas a second of the sustained part" },
		{ "batch", &o->batch, 1, BATCH_MAX, "deltas a call of the sustained part" },
		{ "callers", &o->callers, 1, CALLERS_MAX, "calls that are under way at once" },
		{ "senders", &n_senders, 1000, 50000000, "certified senders" },
		{ "seconds", &o->seconds, 1, 3600, "how long the sustained part is" },
		{ .name = NULL },
	};

	bench_options(
		argc, argv, "delta",
		"time from the call to enforcement of suspensions and lifts, and how many "
		"a second",
		rows, &o->json);
}

int main(int argc, char **argv)
{
	struct options o = { .rate = 10000, .batch = 100, .callers = 8, .seconds = 10 };
	static struct series alone, callers, sustained, most;
	struct rig rig;

	read_options(&o, argc, argv);
	rig_open(&rig, SLUICE_CONTROL);
	import_all(&rig);
	alone.rig = callers.rig = sustained.rig = most.rig = &rig;
	alone.batch = callers.batch = 1;
	sustained.batch = (unsigned)o.batch;
	sustained.rate = o.rate;
	most.batch = BATCH_MAX;
	run(&alone, 1, 3);
	run(&callers, o.callers, 3);
	run(&sustained, o.callers, (double)o.seconds);
	run(&most, 2, 3);
	printf("%s", o.json ? "{" : "");
	report(&alone, "alone", o.json, false);
	report(&callers, "callers", o.json, false);
	report(&sustained, "sustained", o.json, false);
	report(&most, "most", o.json, true);
	rig_close(&rig);
	return 0;
}
