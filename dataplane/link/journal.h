/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: the sanctions that came after the image on disk, kept beside it.
 *
 *   header (64 octets) | record (40 octets) ...
 *
 * The header names the one image it belongs to (generation and checksum): a newer
 * image on disk makes the journal void by itself, because control folds every
 * sanction into later images. There is no moment at which a crash can pair an image
 * with sanctions of another.
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

#define JOURNAL_MAGIC UINT64_C(0x31304c4e4a434c53) /* "SLCJNL01" */
#define JOURNAL_VERSION 1u
/* 40 MiB. Distinct sanctions are bounded by OVERLAY_MAX; this bounds repetitions. */
#define JOURNAL_RECORDS_MAX (UINT64_C(1) << 20)

struct journal_header {
	uint64_t magic;
	uint32_t version, record_size;
	uint64_t generation;     /* of the image it belongs to */
	uint64_t image_checksum; /* struct image_header.checksum of that image */
	uint64_t reserved[3];    /* 0 */
	uint64_t checksum;       /* XXH3_64bits of the 56 octets before */
};
_Static_assert(sizeof(struct journal_header) == 64, "journal header");

struct journal_record {
	struct link_sanction sanction;
	uint64_t checksum;       /* XXH3_64bits of the sanction; seed: header's + index */
};
_Static_assert(sizeof(struct journal_record) == 40, "journal record");

struct journal_scan {
	uint64_t records; /* places of whole records, good or bad: where to append */
	uint64_t applied;
	uint64_t bad;     /* whole, but rotten or refused by apply */
	uint64_t torn;    /* octets of an incomplete record at the end */
};

typedef int (*journal_apply)(void *arg, const struct link_sanction *sanction);

/*
 * Walk the journal octets[0 .. size) of this image, oldest first. 0; -ESTALE: it belongs
 * to another image (nothing applied); -EPROTONOSUPPORT, -EBADMSG: version; not a journal.
 */
must_use int journal_scan(struct journal_scan *out, const void *octets, size_t size,
                          const struct image_header *image, journal_apply apply, void *arg);

struct journal;

/* A journal at path; no file is touched yet, and no image is named. */
must_use int journal_open(struct journal **out, const char *path);
void journal_close(struct journal *journal);

/*
 * The image that has just been put on disk: what the journal held is void and removed
 * (also when the same image comes again); a new one is made by the first append.
 */
void journal_reset(struct journal *journal, const struct image_header *image);

/*
 * The image found on disk: apply what the file holds for it and go on after that.
 * Always leaves the journal usable; 0, or negative errno with a sentence: something of
 * it could not be used.
 */
must_use int journal_load(struct journal *journal, const struct image_header *image,
                          journal_apply apply, void *arg, char text[LINK_TEXT_SIZE]);

/*
 * On disk (fdatasync) when it returns 0. Negative errno with a sentence: it is not, and
 * the file is as it was. -ENOENT: no image is on disk to keep it beside.
 */
must_use int journal_append(struct journal *journal, const struct link_sanction *sanction,
                            char text[LINK_TEXT_SIZE]);

#endif
