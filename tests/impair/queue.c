/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include <stddef.h>

static bool before(const struct frame *a, const struct frame *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

bool queue_put(struct queue *q, struct frame *f)
{
	if (q->n == QUEUE_MAX)
		return false;
	unsigned i = q->n++;
	for (; i > 0 && before(f, q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		q->heap[i] = q->heap[(i - 1) / 2];
	q->heap[i] = f;
	return true;
}

struct frame *queue_first(const struct queue *q) { return q->n == 0 ? NULL : q->heap[0]; }

struct frame *queue_take(struct queue *q)
{
	struct frame *const first = q->heap[0], *const last = q->heap[--q->n];
	unsigned i = 0;

	for (unsigned child; (child = 2 * i + 1) < q->n; i = child) {
		if (child + 1 < q->n && before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!before(q->heap[child], last))
			break;
		q->heap[i] = q->heap[child];
	}
	q->heap[i] = last;
	return first;
}
