/* SPDX-License-Identifier: Apache-2.0 */
/* queue: frames that wait for their time, the soonest first; a heap of a fixed size. */
#ifndef IMPAIR_QUEUE_H
#define IMPAIR_QUEUE_H
#include <stdbool.h>
#include <stdint.h>

#define FRAME_MAX 2048u /* octets; the veths carry at most 1,514 and two tags */
#define QUEUE_MAX 16384u

struct frame {
	uint64_t at_ns, order; /* order: of arrival, for equal times */
	uint32_t len;
	int to;                /* which of the two interfaces */
	uint8_t octets[FRAME_MAX];
};

struct queue {
	struct frame *heap[QUEUE_MAX];
	unsigned n;
};

/* false: full; the frame is still the caller's. */
bool queue_put(struct queue *q, struct frame *f);
/* The soonest, without taking it; NULL: empty. */
struct frame *queue_first(const struct queue *q);
/* Take the soonest: the caller's to free. */
struct frame *queue_take(struct queue *q);

#endif
