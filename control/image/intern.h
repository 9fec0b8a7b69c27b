/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intern: an array that holds each run of octets once. Only for this folder.
 *
 * Used for the strings of an image and for its owner lists: many senders share the
 * same few. Offsets never change, so they can be stored at once.
 * Threads: the builder's (image_build.h).
 */
#ifndef CONTROL_INTERN_H
#define CONTROL_INTERN_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"

struct intern_entry {
	uint64_t hash;
	uint64_t place;       /* offset + 1 of the run, 0 = empty */
};

struct intern {
	uint8_t *octets;
	size_t size, room;    /* octets */
	struct intern_entry *table;
	size_t n_runs, slots; /* slots: a power of two, or 0 */
};

/* Offset of a copy of run[0 .. size), or -ENOMEM, or -E2BIG (would pass limit octets). */
must_use int64_t intern_run(struct intern *in, const void *run, size_t size, size_t limit);
void intern_free(struct intern *in);

#endif
