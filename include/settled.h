/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settled: an address that is computed once, here.
 *
 * gcc (12, -O3) puts base + index * size, where a pointer is no more than that, into every
 * access through it, and computes it anew behind each branch: three instructions where one
 * register would do. It cannot see through the empty asm.
 */
#ifndef SLUICE_SETTLED_H
#define SLUICE_SETTLED_H

#define settled(pointer)                                                                       \
	({                                                                                     \
		__typeof__(pointer) settled_ = (pointer);                                      \
		__asm__("" : "+r"(settled_));                                                  \
		settled_;                                                                      \
	})

#endif
