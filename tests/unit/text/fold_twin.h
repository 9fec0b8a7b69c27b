/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold_twin: the folding of text.h once more, slowly and from other sources.
 *
 * Normal forms and case are utf8proc's, skeletons those of ../shared/data/tables, names
 * and numbers read from UnicodeData.txt as text. A text becomes an array of characters,
 * each mapped by itself; then marks are composed and jamo are put together.
 */
#ifndef TEST_FOLD_TWIN_H
#define TEST_FOLD_TWIN_H
#include <stdint.h>
#include <stddef.h>

#define TWIN_ONE_MAX 32u /* characters that one folds to */

/* Read the sources; skeletons: the path of icu72_confusable_skeleton.tsv. */
void twin_open(const char *skeletons);

/* What c is before its neighbours are looked at: characters in out, how many. */
size_t twin_map(int32_t c, int32_t out[TWIN_ONE_MAX]);

/* The folding of n characters, as octets; out has room for 44 a character. */
size_t twin_fold(const int32_t *in, size_t n, uint8_t *out);

#endif
