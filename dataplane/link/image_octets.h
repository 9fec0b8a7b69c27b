/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_octets: the octets of an image in memory that nobody can change or cut.
 *
 * Workers read them without a check, so they must not move under them: both a memfd and
 * a file are copied. A file can be cut (SIGBUS in a worker) and its pages can be evicted
 * (a worker would wait for the disk); a memfd has pages of 4 KiB, and ours are huge where
 * they can be had. A memfd must be sealed all the same: what is not was not meant for us.
 *
 * Ownership  heap; image_octets_release() unmaps and frees, and has the form that
 *            tables_open() wants. Threads: the link thread.
 */
#ifndef DP_IMAGE_OCTETS_H
#define DP_IMAGE_OCTETS_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"

struct image_octets {
	void *octets; /* page aligned, read-only */
	size_t size;  /* of the image */
	size_t mapped; /* whole huge pages */
};

/* Copy a sealed memfd of exactly this size. 0, or negative errno with a sentence:
 * -EPERM (not a sealed memfd), -EBADMSG (another size), -ENOMEM. fd stays the caller's. */
must_use int image_octets_map(struct image_octets **out, int fd, uint64_t size,
                              char text[LINK_TEXT_SIZE]);

/* Copy a file. -ENOENT (there is none), -EBADMSG (not an image, or cut), errno. */
must_use int image_octets_read(struct image_octets **out, const char *path,
                               char text[LINK_TEXT_SIZE]);

void image_octets_release(void *image_octets);

#endif
