/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: what a bench is asked, the same way in all of them.
 *
 *   static const struct bench_option rows[] = {
 *           { "rounds", &rounds, 1, 99, "rounds, of which the median counts" },
 *           { NULL } };
 *   bench_options(argc, argv, "path", "what it measures", rows, &json);
 *
 * Each row is --NAME N; every bench also has --json and --help. Threads: main.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H
#include <stdbool.h>

struct bench_option {
	const char *name;     /* NULL ends the rows */
	unsigned long *value; /* in: the default */
	unsigned long least, most;
	const char *sentence;
};

/* Sets the values. Ends the program: after --help with 0; with 2 and a sentence when an
 * argument is not an option, or its number is not one that it may have. */
void bench_options(int argc, char **argv, const char *bench, const char *measures,
                   const struct bench_option *rows, bool *json);

#endif
