/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: octets between two pages that nobody may touch.
 *
 * guard_end() places them against the page behind, guard_start() against the page
 * before: a read or write one octet too far is a fault, not luck.
 */
#ifndef TEST_GUARD_H
#define TEST_GUARD_H
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define GUARD_PAGE 4096u

struct guard {
	uint8_t *octets; /* first octet between the pages */
	size_t size;     /* a multiple of the page */
};

static inline struct guard guard_new(size_t size)
{
	struct guard g = { .size = (size + GUARD_PAGE - 1) / GUARD_PAGE * GUARD_PAGE };
	uint8_t *map = mmap(NULL, g.size + 2 * GUARD_PAGE, PROT_NONE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED ||
	    mprotect(map + GUARD_PAGE, g.size, PROT_READ | PROT_WRITE) != 0)
		abort();
	g.octets = map + GUARD_PAGE;
	return g;
}

static inline void guard_free(struct guard *g)
{
	munmap(g->octets - GUARD_PAGE, g->size + 2 * GUARD_PAGE);
}

static inline uint8_t *guard_start(const struct guard *g) { return g->octets; }

static inline uint8_t *guard_end(const struct guard *g, size_t size)
{
	if (size > g->size)
		abort();
	return g->octets + g->size - size;
}

#endif
