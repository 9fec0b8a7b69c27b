/* SPDX-License-Identifier: Apache-2.0 */
/* cut: what a router with a narrow link makes of an IPv4 TCP frame (RFC 791 section 3.2),
 * whether its sender would have it so or not. */
#ifndef IMPAIR_CUT_H
#define IMPAIR_CUT_H
#include "queue.h"

#define CUT_PIECES 8u

/* The pieces of f, each with at most so many octets of its IP payload (rounded down to
 * eights), or with what makes CUT_PIECES of it; how many. 0: f is not such a frame, or
 * fits as it is. The pieces are the caller's to free, as f still is. */
unsigned cut(const struct frame *f, uint32_t most, uint16_t id,
             struct frame *pieces[CUT_PIECES]);

#endif
