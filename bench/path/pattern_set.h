/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_set: the patterns of a corpus, compiled for raw scans and for images.
 *
 * For raw scans one database, where a pattern is told once a text; for images what control
 * makes of such patterns. Ownership: pattern_set_close() frees all.
 */
#ifndef BENCH_PATTERN_SET_H
#define BENCH_PATTERN_SET_H
#include <stddef.h>

#include "corpus.h"
#include "rule_compile.h"

struct hs_database;
struct hs_scratch;
struct image_build;

struct pattern_set {
	struct hs_database *raw;
	struct rule_program program;
	struct hs_scratch *scratch; /* for raw */
};

/* 0, or negative errno with a sentence. */
must_use int pattern_set_open(struct pattern_set *out, const struct corpus *corpus,
                              char error[400]);
void pattern_set_close(struct pattern_set *set);

/* A rule that refuses for each pattern. */
must_use int pattern_set_rules(const struct pattern_set *set, const struct corpus *corpus,
                               struct image_build *build);

#endif
