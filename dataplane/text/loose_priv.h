/* SPDX-License-Identifier: Apache-2.0 */
/* loose_priv: what loose.c and loose_seek.c share. */
#ifndef DP_LOOSE_PRIV_H
#define DP_LOOSE_PRIV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far before a mark a rule may begin, less the word that it begins in: four characters
 * of four octets, or brackets with four spaces on either side, and some to spare. */
#define LOOSE_REWIND 20u

/* Whether the text has symbols or letters that are neither ASCII nor syllables of Hangul. */
bool loose_foreign(const uint8_t *in, size_t len);

/* The marks of a text; the last set is kept. */
struct loose_marks {
	/* set by the caller; foreign: loose_foreign() of the text */
	const uint8_t *in;
	size_t len;
	bool foreign;

	uint64_t marks;
	size_t first, end; /* what marks stands for: in[first ..), sure before end */
};

/* The first mark at from or behind it, or len: before that, but for LOOSE_REWIND octets and
 * the word there, text_loose() changes nothing. from never goes back. */
size_t loose_seek(struct loose_marks *marks, size_t from);

#endif
