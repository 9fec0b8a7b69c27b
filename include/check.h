/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: the three kinds of check, and the attributes that make one impossible
 * to forget.
 *
 * bug_if()       our own mistake. Stays in release builds and aborts: a worker
 *                that goes on with a broken invariant would forward what it
 *                must not. Never reachable from an octet of a peer or an image.
 * bug_if_slow()  the same, where the test is too dear for the hot path: debug
 *                builds only.
 * must_use       the world's errors are return codes (negative errno), and no
 *                caller may drop one.
 */
#ifndef SLUICE_CHECK_H
#define SLUICE_CHECK_H
#include <stdio.h>
#include <stdlib.h>

#define must_use __attribute__((warn_unused_result))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static inline _Noreturn void bug_die(const char *file, int line, const char *what)
{
	fprintf(stderr, "bug: %s:%d: %s\n", file, line, what);
	abort();
}

#define bug_if(condition) \
	(unlikely(condition) ? bug_die(__FILE__, __LINE__, #condition) : (void)0)

#ifdef SLUICE_DEBUG
#define bug_if_slow(condition) bug_if(condition)
#else
#define bug_if_slow(condition) ((void)sizeof(condition))
#endif

#endif
