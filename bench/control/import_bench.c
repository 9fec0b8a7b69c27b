/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: a CSV of senders, drawn from a seed, into the registry and enforced in the data
 * plane: seconds of each phase, and what sluice-control had resident at most.
 */
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "rig.h"

#define NUMBERS 100000000u /* 010-0000-0000 and so on */
#define ACCOUNTS 1170u     /* resellers that Korea certified */

struct options {
	unsigned long rows, seed;
	bool json;
};

static uint64_t draw(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

/* Numbers in no order, each once: a step that shares no factor with NUMBERS meets all. */
static char *make_senders(const struct options *o, size_t *size)
{
	uint64_t state = o->seed * 2 + 1;
	const uint64_t step = draw(&state) % (NUMBERS / 10) * 10 + 1;
	char *text = malloc(o->rows * 48 + 200), *to = text;

	if (text == NULL)
		exit(1);
	to += sprintf(to, "address,owner,state,valid_from,valid_until,blocked_until\n");
	for (uint64_t i = 0; i < o->rows; i++) {
		const uint64_t number = i * step % NUMBERS;
		to += sprintf(to, "010%08llu,r%04llu,,,%s,\n", (unsigned long long)number,
		              (unsigned long long)(draw(&state) % ACCOUNTS),
		              draw(&state) % 16 ? "" : "2027-01-01");
	}
	*size = (size_t)(to - text);
	return text;
}

static void import_accounts(struct rig_client *client)
{
	char *text = malloc(ACCOUNTS * 16 + 100), *to = text;

	to += sprintf(to, "system_id\n");
	for (unsigned i = 0; i < ACCOUNTS; i++)
		to += sprintf(to, "r%04u\n", i);
	rig_ask(client, "POST", "/v1/accounts", text, (size_t)(to - text));
	free(text);
}

static void report(const struct options *o, const char *answer, double seconds, double mib)
{
	static const char *const phases[] = { "read_ms", "sort_ms", "write_ms", "build_ms" };
	static const char *const names[] = { "read", "sort", "write, durable",
		                             "image, built and read back" };
	const double rows = rig_number(answer, "rows");

	if (o->json) {
		printf("{\"rows\":%.0f,\"seconds\":%.2f,\"peak_mib\":%.0f", rows, seconds, mib);
		for (unsigned i = 0; i < 4; i++)
			printf(",\"%s\":%.0f", phases[i], rig_number(answer, phases[i]));
		printf("}\n");
		return;
	}
	printf("%.0f rows in %.2f s, enforced; sluice-control had %.0f MiB at most\n", rows,
	       seconds, mib);
	for (unsigned i = 0; i < 4; i++)
		printf("%8.2f s  %s\n", rig_number(answer, phases[i]) / 1e3, names[i]);
	printf("%8.2f s  the rest: sending the file, the data plane's check and saving\n",
	       seconds - (rig_number(answer, "read_ms") + rig_number(answer, "sort_ms") +
	                  rig_number(answer, "write_ms") + rig_number(answer, "build_ms")) /
	                         1e3);
}

static void read_options(struct options *o, int argc, char **argv)
{
	const struct bench_option rows[] = {
		{ "rows", &o->rows, 1, NUMBERS, "rows of the CSV" },
		{ "seed", &o->seed, 0, 1000000, "which numbers" },
		{ .name = NULL },
	};

	bench_options(argc, argv, "import",
	              "time and memory from a CSV of senders to their enforcement", rows,
	              &o->json);
}

int main(int argc, char **argv)
{
	struct options o = { .rows = 10000000, .seed = 1 };
	struct rig_client client;
	struct rig rig;
	size_t size;

	read_options(&o, argc, argv);
	rig_open(&rig, SLUICE_CONTROL);
	rig_connect(&rig, &client);
	import_accounts(&client);
	char *text = make_senders(&o, &size);
	const uint64_t began = rig_now_us();
	const char *answer = rig_ask(&client, "POST", "/v1/senders", text, size);
	const double seconds = (double)(rig_now_us() - began) / 1e6;
	free(text);
	if (strstr(answer, "\"enforced\":true") == NULL) {
		fprintf(stderr, "bench: not enforced: %.400s\n", answer);
		return 1;
	}
	report(&o, answer, seconds, rig_peak_mib(rig.control));
	rig_hang_up(&client);
	rig_close(&rig);
	return 0;
}
