/* SPDX-License-Identifier: Apache-2.0 */
/* rings: what workers have between them, each worker a thread: nothing is lost, doubled or
 * seen half written (ThreadSanitizer: `./run tsan`). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include <rte_mbuf.h>

#include "check.h"
#include "distribute.h"
#include "stray.h"

#define WORKERS 2u
#define FRAMES 80u /* more than a ring of strays holds */
#define ROUNDS 3000u

struct frame {
	struct rte_mbuf m;
	unsigned hops; /* written by whoever has the frame */
	bool out;      /* of the game */
};

static struct frame frames[FRAMES];
static struct strays *strays;
static struct distribute *rings;
static unsigned left; /* frames still in the game */

static void one_hop(struct frame *f)
{
	bug_if(f->out); /* cmocka is the first thread's alone */
	f->hops++;
	f->out = f->hops == ROUNDS;
	if (f->out)
		__atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED);
}

static bool goes_on(void) { return __atomic_load_n(&left, __ATOMIC_RELAXED) != 0; }

/* Takes, looks, hands on; what finds the ring full waits here, as long as it takes. */
static void *stray_worker(void *arg)
{
	const unsigned worker = (unsigned)(uintptr_t)arg;
	struct stray kept[FRAMES], s;
	unsigned n = 0;

	for (unsigned i = worker; i < FRAMES; i += WORKERS)
		kept[n++] = (struct stray){ .frame = &frames[i].m, .link = (uint16_t)i };
	while (goes_on()) {
		while (n > 0 && strays_pass(strays, worker, &kept[n - 1]))
			n--;
		if (!strays_take(strays, worker, &s)) {
			sched_yield();
			continue;
		}
		struct frame *f = (struct frame *)(void *)s.frame;
		bug_if(f != &frames[s.link]); /* all of the element came */
		one_hop(f);
		if (!f->out)
			kept[n++] = s;
	}
	return NULL;
}

/* Worker 1 gives back what it gets, on the same side. */
static void *ring_worker(void *arg)
{
	struct rte_mbuf *burst[32];

	(void)arg;
	while (goes_on())
		for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
			const unsigned n = distribute_receive(rings, 1, 0, side, burst, 32);
			for (unsigned i = 0; i < n; i++)
				((struct frame *)(void *)burst[i])->hops++;
			for (unsigned sent = 0; sent < n;)
				sent += distribute_send(rings, 1, 0, side, burst + sent,
				                        n - sent);
			if (n == 0)
				sched_yield();
		}
	return NULL;
}

static void begin(void)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		frames[i].hops = 0;
		frames[i].out = false;
	}
	left = FRAMES;
}

static void test_strays_between_threads(void **state)
{
	pthread_t thread[WORKERS];
	struct stray s;

	(void)state;
	begin();
	assert_int_equal(strays_open(&strays, WORKERS), 0);
	for (uintptr_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, stray_worker, (void *)i), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_false(strays_take(strays, i, &s));
	for (unsigned i = 0; i < FRAMES; i++)
		assert_int_equal(frames[i].hops, ROUNDS);
	strays_close(strays);
}

/* This thread is worker 0: to the other and back, by both sides' rings, in order. */
static void test_frames_between_threads(void **state)
{
	struct rte_mbuf *burst[32];
	unsigned next[2] = { SIDE_ESME, SIDE_SMSC };
	pthread_t thread;

	(void)state;
	begin();
	assert_int_equal(distribute_open(&rings, 2, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, ring_worker, NULL), 0);
	for (unsigned i = 0; i < FRAMES; i++)
		distribute_forward(rings, 1, 0, (enum side)(i % 2), &frames[i].m);
	while (goes_on())
		for (enum side side = SIDE_ESME; side <= SIDE_SMSC; side++) {
			const unsigned n = distribute_collect(rings, 1, 0, side, burst, 32);
			for (unsigned i = 0; i < n; i++) {
				struct frame *f = (struct frame *)(void *)burst[i];
				assert_ptr_equal(f, &frames[next[side]]);
				next[side] = (next[side] + 2) % FRAMES;
				one_hop(f);
				if (!f->out)
					distribute_forward(rings, 1, 0, side, burst[i]);
			}
			if (n == 0)
				sched_yield();
		}
	pthread_join(thread, NULL);
	assert_int_equal(distribute_full(rings), 0);
	distribute_close(rings);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_strays_between_threads),
		                            cmocka_unit_test(test_frames_between_threads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
