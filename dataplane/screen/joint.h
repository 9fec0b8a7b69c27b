/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joint: the texts of many messages in one hs_scan() for each database of a view.
 *
 * A scan costs as much before its first octet as a usual text costs to read, so texts
 * that lie one after the other, a line feed after each, are scanned as one. A match
 * belongs to the text that it ends in. That is exact, because
 *   - patterns are compiled so that ^ and $ hold at line feeds and so that every place
 *     where a match ends is reported (include/image_format.h says the flags), and \A,
 *     \z, \Z are refused: a text sees the same edges alone and among others;
 *   - of a pattern that the database has an excerpt of all must stand in that text;
 *   - a match of a pattern that is IMAGE_PATTERN_ONE_LINE has no line feed in it, so it
 *     lies in one text; of any other pattern a match only tells that this text is to be
 *     scanned again alone, and what that says holds.
 * tests/unit/screen/joint_test.c has both against scanning one by one.
 *
 * More matches than JOINT_HITS_MAX (who floods us pays for it): one by one as well.
 *
 * Ownership  borrows the texts until joint_scan() is done.
 * Threads    a joint belongs to one worker.
 */
#ifndef DP_JOINT_H
#define DP_JOINT_H
#include <stdbool.h>
#include <stdint.h>

#include "cursor.h"
#include "image.h"

struct hs_scratch;

#define JOINT_SEPARATOR '\n'
#define JOINT_OCTETS 16384u /* of texts and separators; one longer text goes alone */
#define JOINT_TEXTS_MAX 64u
#define JOINT_HITS_MAX 8192u /* learned packs find 30 to 90 places in a text */

/* Which pattern was found for which owner; each as often as it likes. true: this text
 * needs no more, a match of it may be left out. */
typedef bool joint_found(void *arg, uint32_t owner, uint32_t pattern);

struct joint_text {
	uint32_t start, end; /* octets from base; the separator is at end */
	uint32_t owner;      /* the caller's number */
	uint32_t n_hits;     /* of this scan */
	bool alone;          /* to be scanned again by itself */
};

struct joint_hit {
	uint32_t text, pattern;
};

struct joint {
	/* set by joint_begin() */
	const struct image *image;         /* its patterns */
	struct hs_database *databases[2]; /* of one view of image; NULL: none */
	bool excerpts; /* which they have of some patterns */
	struct hs_scratch *scratch;
	joint_found *found;
	void *arg;
	uint64_t rescans; /* out, added to: texts scanned again alone */

	const uint8_t *base;
	uint32_t n, hint, n_hits;
	bool full;
	struct joint_text texts[JOINT_TEXTS_MAX];
	struct joint_hit hits[JOINT_HITS_MAX];
};

/* view: IMAGE_VIEW_FOLDED or _PLAIN */
static inline void joint_begin(struct joint *j, const struct image *image, unsigned view,
                               struct hs_scratch *scratch, joint_found *found, void *arg)
{
	const bool plain = view == IMAGE_VIEW_PLAIN;

	j->image = image;
	j->databases[0] = plain ? image->plain : image->literals;
	j->databases[1] = plain ? NULL : image->database;
	j->excerpts = !plain;
	j->scratch = scratch;
	j->found = found;
	j->arg = arg;
	j->n = 0;
	j->rescans = 0;
}

/* One more text, which lies behind those before it, JOINT_SEPARATOR at text.data[len].
 * false: no room; joint_scan() first. An empty joint takes any text. */
must_use bool joint_add(struct joint *j, struct view text, uint32_t owner);

/* Scan what was added, tell found() what matched, text by text; then empty again. */
void joint_scan(struct joint *j);

#endif
