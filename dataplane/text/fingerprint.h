/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint: 64 bits of a text that are nearly the same for nearly the same text.
 *
 * What is written to each recipient anew is generalised away first:
 *   - a run of digits, with whatever signs between them, is one digit;
 *   - a word of ASCII signs with a dot between a letter or digit and a letter, or with
 *     "://", is a link, and every link is the same one;
 *   - spaces, punctuation, symbols and emoji are dropped;
 *   - of a run of one syllable, or of three octets, thirteen octets are left, of a longer one
 *     of one letter three.
 * What is left is hashed in shingles of six octets, one from every octet on, and a bit of the
 * fingerprint is what most hashes have there (M. Charikar, Similarity estimation techniques
 * from rounding algorithms, 2002: simhash). The share of bits that differ is the angle
 * between the two texts as vectors of shingles, over pi.
 *
 * Why simhash     two numbers and their Hamming distance say it all: an operator's radius is a
 *                 number of bits, a sketch and an audit record need eight octets. Minhash of
 *                 as many bits estimates worse, of more does not fit a row.
 * Why six octets  they are two syllables of Hangul (or ideographs), three letters of Greek,
 *                 Cyrillic or Arabic, six of Latin: about as much said in each script (a
 *                 syllable is worth three letters), without asking which it is. Shorter
 *                 ones are shared by texts that have nothing to do with each other, longer
 *                 ones change too many at each edit: an edit of k octets changes k + 5.
 *
 * Threads    pure functions; any thread.
 */
#ifndef DP_FINGERPRINT_H
#define DP_FINGERPRINT_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"

/* Octets of the generalised text below which there is no fingerprint: eight syllables, 24
 * letters. Less says too little: greetings and one-time passwords would be campaigns. */
#define FINGERPRINT_MIN 24u
/* Octets of the folded text that are looked at: what follows does not count. */
#define FINGERPRINT_TEXT_MAX 2048u

/* Of a text as text_fold() makes it; 0: it is too short to have one. Of octets that are no
 * folded UTF-8 only the bounds hold. */
uint64_t text_fingerprint(const uint8_t *folded, size_t len);

/* The generalised text, for tests and tools: octets written, at most len and
 * FINGERPRINT_TEXT_MAX; out has room for FINGERPRINT_GENERAL_MAX. */
#define FINGERPRINT_GENERAL_MAX (FINGERPRINT_TEXT_MAX + 64u)
size_t text_generalise(const uint8_t *folded, size_t len, uint8_t *out);

/* Bits in which two fingerprints differ. */
static inline unsigned fingerprint_distance(uint64_t a, uint64_t b)
{
	return (unsigned)__builtin_popcountll(a ^ b);
}

#endif
