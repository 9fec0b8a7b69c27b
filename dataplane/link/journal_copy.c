/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash_point.h"
#include "file.h"
#include "journal_priv.h"
#include "refuse.h"

#define BLOCK 1024u    /* records at once: 72 KiB */
#define FEW 1024u      /* records that the link thread copies at the end */
#define PASSES_MAX 10u /* each of what came during the one before */

struct journal_copy {
	const struct journal *journal; /* its records alone are looked at by the other thread */
	struct journal_header before, header;
	int from, fd;
	uint64_t generation;
	uint64_t read; /* of the journal's records */
	uint64_t records, size;
	bool stop; /* atomic */
	int result;
	struct journal_record block[BLOCK];
	char path[];
};

static uint64_t records_of(const struct journal *journal)
{
	/* Acquire: they are in the file. */
	return __atomic_load_n(&journal->records, __ATOMIC_ACQUIRE);
}

int journal_copy_begin(struct journal_copy **out, struct journal *journal, uint64_t generation,
                       char text[LINK_TEXT_SIZE])
{
	static const char suffix[] = ".shorter";

	*out = NULL;
	if (journal->fd < 0)
		return 0;
	struct journal_copy *c = calloc(1, sizeof(*c) + strlen(journal->path) + sizeof(suffix));
	if (c == NULL)
		return refuse(text, -ENOMEM, "out of memory");
	c->from = fcntl(journal->fd, F_DUPFD_CLOEXEC, 0);
	if (c->from < 0) {
		const int e = errno;
		free(c);
		return refuse(text, -e, "%s: %s", journal->path, strerror(e));
	}
	c->fd = -1;
	c->journal = journal;
	c->before = journal->header;
	c->header = journal_new_header();
	c->generation = generation;
	c->size = sizeof(c->header);
	strcpy(c->path, journal->path);
	strcat(c->path, suffix);
	*out = c;
	return 0;
}

/* Of the block's n records those that are wanted, to the end of the copy. */
static int put_block(struct journal_copy *c, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct journal_record r = c->block[i];
		if (!journal_whole(&c->before, &r, c->read + i) ||
		    r.delta.generation <= c->generation)
			continue;
		journal_fill(&c->block[kept], &c->header, &r.delta, 1, c->records + kept);
		kept++;
	}
	const int rc = file_write(c->fd, c->block, kept * sizeof(c->block[0]),
	                          journal_offset(c->records));
	c->read += n;
	c->records += kept;
	if (c->size < journal_offset(c->records))
		c->size = journal_offset(c->records);
	return rc;
}

static int copy_up_to(struct journal_copy *c, uint64_t end)
{
	int rc = 0;

	while (rc == 0 && c->read < end && !__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		const size_t n = end - c->read < BLOCK ? end - c->read : BLOCK;
		const size_t octets = n * sizeof(c->block[0]);
		const ssize_t got =
			pread(c->from, c->block, octets, (off_t)journal_offset(c->read));

		if (got < 0)
			rc = -errno;
		else
			rc = (size_t)got == octets ? put_block(c, n) : -EIO;
	}
	return rc;
}

/* As behind any journal's records: what comes next is written within the file. */
static int put_room(struct journal_copy *c)
{
	const uint64_t end = journal_offset(c->records), room = journal_room(end);
	void *zeros = calloc(1, room);

	if (zeros == NULL)
		return -ENOMEM;
	const int rc = file_write(c->fd, zeros, room, end);
	c->size = end + room;
	free(zeros);
	return rc;
}

static int flush(const struct journal_copy *c) { return fdatasync(c->fd) == 0 ? 0 : -errno; }

static int begin_file(struct journal_copy *c)
{
	c->fd = open(c->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->fd < 0)
		return -errno;
	int rc = file_write(c->fd, &c->header, sizeof(c->header), 0);
	if (rc == 0)
		rc = copy_up_to(c, records_of(c->journal));
	if (rc == 0)
		rc = put_room(c);
	return rc == 0 ? flush(c) : rc;
}

void journal_copy_run(struct journal_copy *c)
{
	int rc = begin_file(c);

	for (unsigned i = 1; rc == 0 && i < PASSES_MAX; i++) {
		const uint64_t end = records_of(c->journal);
		if (end - c->read <= FEW || __atomic_load_n(&c->stop, __ATOMIC_RELAXED))
			break;
		rc = copy_up_to(c, end);
		if (rc == 0)
			rc = flush(c);
	}
	c->result = rc;
}

void journal_copy_stop(struct journal_copy *c)
{
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
}

/* The rest of the records, then its name. */
static int finish(struct journal_copy *c, struct journal *journal)
{
	int taken = 0;

	if (c->result != 0 || c->stop)
		return c->result != 0 ? c->result : -ECANCELED;
	if (journal->header.nonce != c->before.nonce)
		return -ECANCELED; /* made anew meanwhile, from what is in force */
	int rc = copy_up_to(c, journal->records);
	if (rc == 0)
		rc = flush(c);
	crash_point("journal_copied");
	if (rc == 0)
		rc = file_rename(c->path, journal->path, &taken);
	if (taken) {
		journal_take(journal, &c->header, c->fd, c->records, c->size);
		c->fd = -1;
	}
	return rc;
}

int journal_copy_end(struct journal_copy *c, struct journal *journal, char text[LINK_TEXT_SIZE])
{
	if (c == NULL)
		return 0;
	const int rc = finish(c, journal);

	if (c->fd >= 0) {
		close(c->fd);
		(void)unlink(c->path);
	}
	close(c->from);
	free(c);
	return rc == 0 ? 0 : refuse(text, rc, "%s: %s", journal->path, strerror(-rc));
}
