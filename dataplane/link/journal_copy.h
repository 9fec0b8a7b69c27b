/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_copy: a journal without what an image holds already, made beside the journal while
 * that is appended to, and then put in its place.
 *
 * The link thread begins and ends it; journal_copy_run() is another thread's and takes as long
 * as it takes. What is appended meanwhile is copied too: at its end the link thread copies
 * the few records that came since, and waits for the disk for these and for the name.
 */
#ifndef DP_JOURNAL_COPY_H
#define DP_JOURNAL_COPY_H
#include "journal.h"

struct journal_copy;

/* Of what is newer than this generation. 0 and NULL: there is no file to copy. -errno with a
 * sentence. */
must_use int journal_copy_begin(struct journal_copy **out, struct journal *journal,
                                uint64_t generation, char text[LINK_TEXT_SIZE]);

/* Another thread; its failure is told at the end. */
void journal_copy_run(struct journal_copy *copy);

/* journal_copy_run() shall return soon: what it made is of no use then. Any thread. */
void journal_copy_stop(struct journal_copy *copy);

/* When journal_copy_run() has returned. The copy is freed. Negative errno with a sentence: the
 * journal is as it was. */
must_use int journal_copy_end(struct journal_copy *copy, struct journal *journal,
                              char text[LINK_TEXT_SIZE]);

#endif
