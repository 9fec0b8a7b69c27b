/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: the deltas that came after the image on disk, kept beside it.
 *
 *   header (64 octets) | record (72 octets) ... | zeros
 *
 * The zeros are room: a flush of what lies within the file is cheaper than that of a file
 * that grows. They are there while it is written to, and after a kill.
 *
 * Only ever appended to, many records with one flush. Each record says its generation,
 * and an image says up to which generation it holds all: what is older is passed over.
 * So there is no moment at which a crash can pair an image with deltas that it holds
 * already or that are not its own, and a journal may be rewritten at leisure when a new
 * image has made most of it void.
 *
 * A record's checksum covers its place and its journal. A tail that was being written
 * when the power went is dropped; a record that rotted is passed over and counted,
 * and those after it still apply: losing one suspension is no reason to lose more.
 *
 * Threads: the link thread.
 */
#ifndef DP_JOURNAL_H
#define DP_JOURNAL_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"

#define JOURNAL_MAGIC UINT64_C(0x32304c4e4a434c53) /* "SLCJNL02" */
#define JOURNAL_VERSION 3u
/* 302 MiB: three deltas of each of OVERLAY_MAX subjects. Repetitions fill it too; then it
 * is rewritten from what is in force. */
#define JOURNAL_RECORDS_MAX (UINT64_C(1) << 22)

struct journal_header {
	uint64_t magic;
	uint32_t version, record_size;
	uint64_t nonce;       /* drawn for each file: records of another one do not fit */
	uint64_t reserved[4]; /* 0 */
	uint64_t checksum;    /* XXH3_64bits of the 56 octets before */
};
_Static_assert(sizeof(struct journal_header) == 64, "journal header");

struct journal_record {
	struct link_delta delta;
	uint64_t checksum; /* XXH3_64bits of the delta; seed: header's + index */
};
_Static_assert(sizeof(struct journal_record) == 72, "journal record");

struct journal_scan {
	uint64_t records; /* places of whole records, good or bad: where to append */
	uint64_t old;     /* good, but the image holds them */
	uint64_t applied;
	uint64_t bad;  /* whole, but rotten or refused by apply */
	uint64_t torn; /* octets of an incomplete record at the end */
};

typedef int (*journal_apply)(void *arg, const struct link_delta *delta);

/*
 * Walk the journal octets[0 .. size), oldest first, and apply what is newer than the
 * generation of the image. 0; -EPROTONOSUPPORT, -EBADMSG: version; not a journal.
 */
must_use int journal_scan(struct journal_scan *out, const void *octets, size_t size,
                          uint64_t generation, journal_apply apply, void *arg);

struct journal;

/* A journal at path; no file is touched yet. */
must_use int journal_open(struct journal **out, const char *path);
void journal_close(struct journal *journal);

/* There is no image that it could belong to: it is removed. */
void journal_clear(struct journal *journal);

/*
 * The image of this generation was found on disk: apply what the file holds for it and
 * go on after that. Always leaves the journal usable; 0, or negative errno with a
 * sentence: something of it could not be used.
 */
must_use int journal_load(struct journal *journal, uint64_t generation, journal_apply apply,
                          void *arg, char text[LINK_TEXT_SIZE]);

/*
 * On disk (fdatasync) when it returns 0. Negative errno with a sentence: they are not,
 * and the file is as it was: what it lacks then must go to journal_replace().
 * -ENOSPC: it is full, or the disk is.
 */
must_use int journal_append(struct journal *journal, const struct link_delta *deltas,
                            unsigned n, char text[LINK_TEXT_SIZE]);

/* A new file with these deltas alone, in place of the old one at once or not at all. */
must_use int journal_replace(struct journal *journal, const struct link_delta *deltas, size_t n,
                             char text[LINK_TEXT_SIZE]);

#endif
