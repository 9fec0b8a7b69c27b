/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus: labelled messages from files, each once, divided for cross-validation.
 *
 * A file has a message a line, label<TAB>text in UTF-8, with \n, \t and \\ in the text.
 * Labels ham, ok and otp are clean, promo is left out, every other one is spam.
 *
 * Messages are folded as the data plane does; what they are when they are read loosely, if
 * that is something else, stands behind a line feed, so that a piece of text is looked for
 * in both, as rules of the loose view do. Two whose letters are the same (digits,
 * blanks and punctuation aside) are one message, whichever files they are in: public
 * sets copy from each other, and a copy on both sides of a split would be an answer told
 * beforehand. It is then spam when any copy is. A split can be made harder still: never
 * dividing messages that begin with the same letters, as those of one campaign do.
 *
 * A set may be of others: clean messages, of other languages say, that the rule has to leave
 * alone as well. Their spam is left out, and no piece of text is taken from them.
 *
 * Ownership  a corpus owns its messages and copies of its names, until corpus_free().
 * Threads    belongs to its caller.
 */
#ifndef CONTROL_TRAIN_CORPUS_H
#define CONTROL_TRAIN_CORPUS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

#define CORPUS_SETS_MAX 32u
#define CORPUS_SAMPLES_MAX 4000000u
#define CORPUS_TEXT_MAX 20000u /* octets of a message as it stands in the file */
#define CORPUS_FOLDS_MAX 10u

struct sample {
	char *text;    /* folded UTF-8, and a loose reading */
	char *letters; /* what tells it from others */
	uint32_t len;  /* octets of text */
	uint32_t sets; /* bit i: it is in set i */
	uint32_t fold; /* 0 .. folds - 1, by corpus_split() */
	bool spam;
	bool others; /* in no other sets than those of others */
};

struct corpus_set {
	char *name; /* of its file, without folder */
	bool others;
	uint32_t n_rows, n_left_out, n_repeated;
};

struct text_table; /* text.h */

struct corpus {
	const struct text_table *table; /* messages are folded by it; NULL: the built-in one */
	struct sample *samples;
	uint32_t n;
	struct corpus_set sets[CORPUS_SETS_MAX];
	uint32_t n_sets, n_folds;
	uint32_t *slots;  /* samples by their letters, open addressing; index + 1, 0 = free */
	uint32_t n_slots; /* a power of two */
};

/*
 * Add the rows of one file, already in memory. 0; -ENOMEM; -E2BIG (too many sets or
 * messages); -EINVAL with the first wrong row in *row, counted from 1: no tab, no UTF-8,
 * no text or too long.
 */
must_use int corpus_add(struct corpus *corpus, const char *path, const char *text, size_t size,
                        uint32_t *row);

/* The same as a set of others. */
must_use int corpus_add_others(struct corpus *corpus, const char *path, const char *text,
                               size_t size, uint32_t *row);

/* Give each message its fold; the same seed gives the same division. folds: from 2.
 * group: octets of letters that decide where a message goes; 0 = all of them. */
void corpus_split(struct corpus *corpus, uint32_t folds, uint32_t group, uint64_t seed);

void corpus_free(struct corpus *corpus);

/* text_fold_with() by its table. */
size_t corpus_fold(const struct corpus *corpus, const char *in, size_t len, void *out,
                   size_t cap);

#endif
