/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: octets on disk that are either the old ones or the new ones, whenever the
 * power goes. Threads: any; all of it may block on the disk.
 */
#ifndef DP_FILE_H
#define DP_FILE_H
#include <stddef.h>

#include "check.h"

/*
 * Replace path: written beside it as PATH.new, flushed, renamed over it, the folder
 * flushed. 0, or negative errno: path is then what it was, unless the last step failed
 * (*replaced says which).
 */
must_use int file_replace(const char *path, const void *octets, size_t size, int *replaced);

/* Rename over path and flush the folder. As file_replace(): *renamed when only that failed. */
must_use int file_rename(const char *from, const char *path, int *renamed);

/* The folder that path is in, so that its name is on disk as well; 0 or negative errno. */
must_use int file_flush_folder(const char *path);

/* Write all of it at offset; 0 or negative errno (some of it may be there). */
must_use int file_write(int fd, const void *octets, size_t size, size_t offset);

#endif
