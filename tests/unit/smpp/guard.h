/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: octets whose neighbours on both sides cannot be read.
 *
 * guard_end() puts them directly before a PROT_NONE page, guard_start() directly
 * after one; one octet too many is a fault, with or without a sanitizer.
 */
#ifndef TEST_GUARD_H
#define TEST_GUARD_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GUARD_PAGE 4096u
#define GUARD_ROOM (24u * GUARD_PAGE) /* octets that can be read */

/* Page | room | page. Made once a program; the kernel takes it back. */
static inline uint8_t *guard_room(void)
{
	static uint8_t *room;

	if (room != NULL)
		return room;
	uint8_t *map = mmap(NULL, GUARD_ROOM + 2 * GUARD_PAGE, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map, GUARD_PAGE, PROT_NONE) != 0 ||
	    mprotect(map + GUARD_PAGE + GUARD_ROOM, GUARD_PAGE, PROT_NONE) != 0)
		abort();
	room = map + GUARD_PAGE;
	return room;
}

static inline uint8_t *guard_end(const uint8_t *octets, size_t len)
{
	uint8_t *at = guard_room() + GUARD_ROOM - len;

	if (len > GUARD_ROOM)
		abort();
	return len ? memcpy(at, octets, len) : at;
}

static inline uint8_t *guard_start(const uint8_t *octets, size_t len)
{
	if (len > GUARD_ROOM)
		abort();
	return len ? memcpy(guard_room(), octets, len) : guard_room();
}

#endif
