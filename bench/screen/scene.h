/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene: tables as control makes them and the data plane loads them, and streams of PDUs.
 *
 * The image goes the whole way: image_build, a sealed memfd, image_octets_map(), so that
 * the sender set lies in the pages that it has in an appliance. Texts and patterns are
 * those of bench/path. Senders are drawn evenly from all that are certified, for each message
 * anew, but for those of campaigns, where a body has one; one in SCENE_FOREIGN_ONE_IN is not
 * certified.
 *
 * Ownership  scene_close() frees all. Threads: one.
 */
#ifndef BENCH_SCENE_H
#define BENCH_SCENE_H
#include <stdint.h>

#include "corpus.h"
#include "pattern_set.h"
#include "screen.h"

#define SCENE_FOREIGN_ONE_IN 200u

struct scene_options {
	unsigned n_patterns, n_senders, n_messages;
	unsigned bodies;   /* that repeat, in the stream where some do */
	unsigned repeated; /* of 100 messages of that stream: so many have one of them */
};

enum {
	STREAM_UNIQUE,    /* no body comes twice */
	STREAM_REPEATED,  /* bodies repeat, each message from any sender */
	STREAM_CAMPAIGNS, /* bodies repeat, each from its sender; new ones from any */
	STREAMS,
};

/* n submit_sm, end to end, and the folded text of each as a raw scan takes it. */
struct stream {
	unsigned n, refused; /* refused: what the screener has to say of them */
	uint8_t *pdus;
	uint64_t *pdu_at; /* n + 1 offsets */
	uint32_t *text;   /* by message: index of its text */
};

struct scene {
	struct scene_options options;
	struct corpus corpus;
	struct pattern_set patterns;
	uint8_t *folded;     /* the texts, end to end */
	uint64_t *folded_at; /* n_texts + 1 offsets */
	uint8_t *matches;    /* by text: a pattern matches */
	struct tables *tables;
	uint32_t account_row;
	uint32_t *sender_of; /* by body: in streams[STREAM_CAMPAIGNS] */
	struct stream streams[STREAMS];
	struct stream bodies; /* as campaigns, each so often that it is known behind them */
};

must_use int scene_open(struct scene *s, const struct scene_options *options, char error[400]);
void scene_close(struct scene *s);

/* Decoded as collect.c would: messages [first, first + n) of the stream into the vector. */
void scene_fill(const struct scene *s, const struct stream *stream, unsigned first, unsigned n,
                struct screen_vector *vector);

/* All texts of the stream by hs_scan(), one by one; how many have a match. */
uint64_t scene_raw(const struct scene *s, const struct stream *stream);

#endif
