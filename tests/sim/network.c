/* SPDX-License-Identifier: Apache-2.0 */
/* network: four directed hops; a heap of frames on their way. */
#include "sim.h"

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct sim *s, struct event e)
{
	if (s->n_events == s->heap_room) {
		s->heap_room = s->heap_room * 2 + 64;
		s->heap = realloc(s->heap, s->heap_room * sizeof(*s->heap));
		if (s->heap == NULL)
			abort();
	}
	uint32_t i = s->n_events++;
	for (; i > 0 && before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

struct event network_take(struct sim *s)
{
	const struct event top = s->heap[0], last = s->heap[--s->n_events];
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= s->n_events)
			break;
		if (child + 1 < s->n_events && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!before(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return top;
}

uint64_t network_next(const struct sim *s)
{
	return s->n_events == 0 ? UINT64_MAX : s->heap[0].at;
}

uint32_t network_frame(struct sim *s)
{
	if (s->n_free == 0) {
		const uint32_t more = s->store_room + 64;
		s->store = realloc(s->store, (s->store_room + more) * sizeof(*s->store));
		s->store_free =
			realloc(s->store_free, (s->store_room + more) * sizeof(uint32_t));
		if (s->store == NULL || s->store_free == NULL)
			abort();
		for (uint32_t i = 0; i < more; i++)
			s->store_free[s->n_free++] = s->store_room + more - 1 - i;
		s->store_room += more;
	}
	return s->store_free[--s->n_free];
}

void network_release(struct sim *s, uint32_t frame) { s->store_free[s->n_free++] = frame; }

void network_free(struct sim *s)
{
	free(s->heap);
	free(s->store);
	free(s->store_free);
}

static void travel(struct sim *s, int hop, int end, const uint8_t *frame, uint32_t len,
                   bool late)
{
	struct hop *h = &s->hops[hop][end];
	struct event e = { .order = s->order++,
		           .len = len,
		           .hop = (uint8_t)hop,
		           .end = (uint8_t)end,
		           .frame = network_frame(s) };

	memcpy(s->store[e.frame], frame, len);
	e.at = s->now + h->delay_us + random_below(&s->random, h->jitter_us + 1);
	if (late)
		e.at += random_below(&s->random, h->reorder_us + 1);
	else if (e.at < h->last_at)
		e.at = h->last_at;
	if (!late)
		h->last_at = e.at;
	push(s, e);
}

/* One octet behind the ports becomes another: a sum of 16-bit words always shows it. */
static void corrupt(struct sim *s, uint8_t *frame, uint32_t len)
{
	uint32_t l4 = 12;

	while (frame[l4] == 0x81 || frame[l4] == 0x88)
		l4 += 4;
	l4 += 2 + (frame[l4] == 0x08 ? 20 : 40);
	const uint32_t last = len > 60 ? len - l4 - 1 : 19; /* not the padding */
	if (l4 + 20 <= len)
		frame[l4 + random_in(&s->random, 4, last)] ^=
			(uint8_t)random_in(&s->random, 1, 255);
}

static bool lost(struct sim *s, struct hop *h)
{
	if (h->burst_left == 0 && random_chance(&s->random, h->burst))
		h->burst_left = random_in(&s->random, 2, 40);
	if (h->burst_left > 0) {
		h->burst_left--;
		return true;
	}
	return random_chance(&s->random, h->loss);
}

/* A frame of the worker meets a link that is too small: a router says so, or tries to. */
static bool too_big(struct sim *s, int end, const uint8_t *frame, uint32_t len)
{
	struct conn *c = monitor_conn(s, frame, len, !end);
	uint8_t answer[WIRE_MAX];

	if (c == NULL || !sim_carries_less(s))
		return false;
	const uint32_t mtu = sim_mtu(s, c, end);
	if (!frame_exceeds(&c->path, frame, mtu))
		return false;
	sim_trace(s, "  too big for %u", mtu);
	c->said[end].agains = 0; /* once it is heard, less may go out at once */
	network_send(s, 0, end, answer, frame_too_big(&c->path, end, frame, mtu, answer));
	return true;
}

void network_send(struct sim *s, int hop, int end, const uint8_t *frame, uint32_t len)
{
	struct hop *h = &s->hops[hop][end];
	uint8_t copy[WIRE_MAX];

	if (hop == 1 && too_big(s, end, frame, len))
		return;
	if (s->now >= s->calm_at) {
		travel(s, hop, end, frame, len, false);
		return;
	}
	if (lost(s, h)) {
		sim_trace(s, "  lost");
		return;
	}
	if (random_chance(&s->random, h->duplicate))
		travel(s, hop, end, frame, len, true);
	if (random_chance(&s->random, h->corrupt)) {
		sim_trace(s, "  corrupted");
		memcpy(copy, frame, len);
		corrupt(s, copy, len);
		travel(s, hop, end, copy, len, false);
		return;
	}
	travel(s, hop, end, frame, len, random_chance(&s->random, h->reorder));
}
