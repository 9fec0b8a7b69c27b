/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delta: changes a second, and from the API call to the answer, which comes when every
 * worker enforces it and both disks have it.
 *
 * Alone: one suspension a call. Sustained: --rate deltas a second for --seconds, a
 * hundred a call, each of another sender. Most: the same without a pause, a thousand a
 * call. Each call's last sender is looked up in the tables in force when it returns.
 *
 * usage: delta_bench [--rate N] [--seconds N] [--json]
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define SENDERS 2000000u
#define ALONE 500u
#define CALLS_MAX 100000u

struct series {
	uint32_t n;
	uint64_t us[CALLS_MAX];        /* from the call to the answer */
	double enforced_us[CALLS_MAX]; /* in the data plane */
	double seconds;
	uint64_t deltas;
};

static uint32_t next_sender;

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double percentile(struct series *s, unsigned permille)
{
	qsort(s->us, s->n, sizeof(s->us[0]), by_size);
	return (double)s->us[(uint64_t)(s->n - 1) * permille / 1000] / 1e3;
}

static void import_all(struct rig *rig)
{
	char *text = malloc(SENDERS * 20ul + 100), *to = text;

	rig_ask(rig, "POST", "/v1/accounts", "system_id\nacme\n", 15);
	to += sprintf(to, "address,owner\n");
	for (unsigned i = 0; i < SENDERS; i++)
		to += sprintf(to, "010%08u,acme\n", i);
	rig_ask(rig, "POST", "/v1/senders", text, (size_t)(to - text));
	free(text);
}

/* Suspend the next n senders with one call. */
static void call(struct rig *rig, struct series *s, unsigned n)
{
	static char body[1024 * 80];
	char *to = body, last[16] = "";

	to += sprintf(to, "{\"deltas\":[");
	for (unsigned i = 0; i < n; i++) {
		snprintf(last, sizeof(last), "010%08u", next_sender++ % SENDERS);
		to += sprintf(to, "%s{\"op\":\"suspend\",\"kind\":\"sender\",\"name\":\"%s\"}",
		              i ? "," : "", last);
	}
	to += sprintf(to, "]}");
	const uint64_t began = rig_now_us();
	const char *answer = rig_ask(rig, "POST", "/v1/deltas", body, (size_t)(to - body));
	const uint64_t us = rig_now_us() - began;
	if (!rig_suspended(last) || strstr(answer, "\"enforced\":true") == NULL) {
		fprintf(stderr, "bench: answered, not enforced: %.300s\n", answer);
		exit(1);
	}
	if (s->n < CALLS_MAX) {
		s->us[s->n] = us;
		s->enforced_us[s->n++] = rig_number(answer, "wait_ms") * 1e3;
	}
	s->deltas += n;
}

/* rate 0: without a pause. */
static void run(struct rig *rig, struct series *s, unsigned n, uint64_t rate, double seconds)
{
	const uint64_t began = rig_now_us(), end = began + (uint64_t)(seconds * 1e6);

	memset(s, 0, sizeof(*s));
	while (rig_now_us() < end) {
		const uint64_t due = rate ? began + s->deltas * 1000000 / rate : 0;
		while (rig_now_us() < due)
			usleep(100);
		call(rig, s, n);
	}
	s->seconds = (double)(rig_now_us() - began) / 1e6;
}

static void report(struct series *s, const char *name, bool json, bool last)
{
	const double rate = (double)s->deltas / s->seconds, p50 = percentile(s, 500),
		     p99 = percentile(s, 990);

	if (json)
		printf("\"%s\":{\"deltas_per_s\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f}%s", name,
		       rate, p50, p99, last ? "}\n" : ",");
	else
		printf("%-10s %9.0f deltas/s, a call p50 %.2f ms, p99 %.2f ms\n", name, rate,
		       p50, p99);
}

int main(int argc, char **argv)
{
	static const struct option rows[] = { { "rate", required_argument, NULL, 'r' },
		                              { "seconds", required_argument, NULL, 's' },
		                              { "json", no_argument, NULL, 'j' },
		                              { NULL, 0, NULL, 0 } };
	static struct series alone, sustained, most;
	unsigned long rate = 10000, seconds = 10;
	bool json = false;
	struct rig rig;

	for (int c; (c = getopt_long(argc, argv, "", rows, NULL)) != -1;) {
		if (c == 'r')
			rate = strtoul(optarg, NULL, 10);
		else if (c == 's')
			seconds = strtoul(optarg, NULL, 10);
		else if (c == 'j')
			json = true;
		else
			return 2;
	}
	rig_open(&rig, SLUICE_CONTROL);
	import_all(&rig);
	const uint64_t began = rig_now_us();
	while (alone.n < ALONE)
		call(&rig, &alone, 1);
	alone.seconds = (double)(rig_now_us() - began) / 1e6;
	run(&rig, &sustained, 100, rate, (double)seconds);
	run(&rig, &most, 1000, 0, 3);
	printf("%s", json ? "{" : "");
	report(&alone, "alone", json, false);
	report(&sustained, "sustained", json, false);
	report(&most, "most", json, true);
	rig_close(&rig);
	return 0;
}
