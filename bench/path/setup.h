/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup: a worker with real ports, tables and texts, for benches.
 * Ownership: setup_close() frees all. Threads: one.
 */
#ifndef BENCH_SETUP_H
#define BENCH_SETUP_H
#include <stdbool.h>
#include <stdint.h>

#include "corpus.h"
#include "pattern_set.h"
#include "traffic.h"
#include "worker.h"

struct setup_options {
	unsigned n_patterns, sessions, messages_each, burst;
};

struct setup {
	char folder[64];         /* on tmpfs: capture files and report; removed at the end */
	struct corpus corpus;
	struct traffic traffic;
	struct pattern_set patterns;
	uint8_t *folded;         /* the texts as the screener scans them, end to end */
	uint32_t *folded_at;     /* n_texts + 1 offsets */
	uint8_t *matches;        /* by text */
	struct settings settings;
	struct ports ports;
	struct report *report;
	struct publish *publish;
	struct tables *tables; /* the first; whoever publishes others leaves them alone */
	struct worker *worker;
	int64_t unix_offset_us;
	uint8_t recipient_key[16];
	bool ports_up;
};

must_use int setup_open(struct setup *s, const struct setup_options *options, char error[400]);
void setup_close(struct setup *s);

/* The tables in force once more, from the first row on: another snapshot that decides
 * alike. The caller publishes it. */
must_use int setup_tables(struct setup *s, struct tables **out, char error[400]);

#endif
