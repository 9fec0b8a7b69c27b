/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_part: the pilots of one part of a sender set. Only for this folder.
 *
 * Ownership  scratch of one thread, used for part after part.
 */
#ifndef CONTROL_SENDER_PART_H
#define CONTROL_SENDER_PART_H
#include <stdint.h>

#include "check.h"
#include "image_format.h"

struct sender_part;

/* Room for parts of this shape with at most n_keys keys. -ENOMEM. */
must_use int sender_part_open(struct sender_part **out, const struct image_sender_info *info,
                              uint64_t n_keys);
void sender_part_close(struct sender_part *part); /* NULL is allowed */

/*
 * Find pilots[0 .. buckets_per_part) for keys with these rests; slot[i] becomes the
 * slot of rest[i]. -EEXIST: two rests are alike, twin holds their indexes; -EAGAIN:
 * no pilots were found, try another seed.
 */
must_use int sender_part_solve(struct sender_part *part, const uint64_t *rest, uint32_t n,
                               uint8_t *pilots, uint32_t *slot, uint32_t twin[2]);

#endif
