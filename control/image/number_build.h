/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_build: the states of numbers, block by block. Only for this folder.
 *
 * Memory     250 KB a block that any range touches.
 * Threads    the builder's (image_build.h).
 */
#ifndef CONTROL_NUMBER_BUILD_H
#define CONTROL_NUMBER_BUILD_H
#include <stdint.h>

#include "check.h"
#include "image_format.h"

/* Blocks in the image's order. All zero = none. */
struct number_build {
	struct image_number_block blocks[IMAGE_NUMBER_BLOCKS_MAX];
	uint8_t *states[IMAGE_NUMBER_BLOCKS_MAX];
	uint32_t n;
};

/* As image_build_numbers(). */
must_use int number_build_range(struct number_build *build, const struct sender_key *first,
                                const struct sender_key *last, enum image_number_state state);
void number_build_free(struct number_build *build);

#endif
