/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefetch: ask for the cache line of an address before it is needed.
 *
 * Not __builtin_prefetch() alone: gcc (12, -O2) takes a function that does nothing else for
 * one without effect and removes its calls, silently. The empty asm is an effect.
 *
 * The address may be any, also one past the end of an object: nothing is read.
 */
#ifndef SLUICE_PREFETCH_H
#define SLUICE_PREFETCH_H

static inline void prefetch(const void *at)
{
	__builtin_prefetch(at);
	__asm__ volatile("");
}

/* The same for a line that will be written. */
static inline void prefetch_to_write(const void *at)
{
	__builtin_prefetch(at, 1);
	__asm__ volatile("");
}

#endif
