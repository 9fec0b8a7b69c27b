/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold_table: the table of text_fold() with rows that an operator added (rule files,
 * "folds:"), so that a look-alike that came up yesterday is folded today.
 *
 * A row's character is folded as the one that it stands for, neighbours and all, and so is
 * what folds to it alone: capitals, wide forms. Where it comes about otherwise (in a
 * character that folds to several, by composition with a mark) it is replaced.
 *
 * Cost       none in text_fold_with(): another table of the same shape, 250 KiB. But once an
 *            ideograph has a row ideographs are looked up, which else are copied.
 * Ownership  a table owns copies of all, until text_table_close().
 * Threads    pure; a table is immutable.
 */
#ifndef DP_FOLD_TABLE_H
#define DP_FOLD_TABLE_H
#include <stdint.h>

#include "check.h"
#include "image_format.h"
#include "text.h"

/*
 * What is wrong with a row, as a sentence that goes on behind it: "U+0041 is ASCII ...". NULL:
 * nothing. *which is the character that it speaks of. A character to fold is neither ASCII
 * nor of Hangul nor a mark; what it folds to, folds to itself, is of the BMP, no mark and no
 * control character, and not longer in UTF-8, so that the bounds of text.h hold.
 */
const char *text_fold_fault(const struct image_fold *row, uint32_t *which);

/* The row of a character among n, sorted by from; NULL: none. */
const struct image_fold *text_fold_row(const struct image_fold *rows, uint32_t n, uint32_t c);

/*
 * The default table with n rows: at most IMAGE_FOLDS_MAX, without fault, sorted by from, each
 * once, and none whose to is the from of another. n 0: *out is the default one. -ENOMEM.
 */
must_use int text_table_open(const struct text_table **out, const struct image_fold *rows,
                             uint32_t n);
/* NULL and the default one are allowed. */
void text_table_close(const struct text_table *table);

#endif
