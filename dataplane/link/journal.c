/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xxhash.h>

#include "crash_point.h"
#include "delta.h"
#include "file.h"
#include "journal_priv.h"
#include "refuse.h"

#define ROOM_MIN (UINT64_C(1) << 16)
#define ROOM_MAX (UINT64_C(1) << 20)
#define SIZE_MAX_OCTETS \
	(sizeof(struct journal_header) + JOURNAL_RECORDS_MAX * sizeof(struct journal_record) + \
	 ROOM_MAX)

static uint64_t header_checksum(const struct journal_header *h)
{
	return XXH3_64bits(h, offsetof(struct journal_header, checksum));
}

struct journal_header journal_new_header(void)
{
	struct journal_header h = {
		.magic = JOURNAL_MAGIC,
		.version = JOURNAL_VERSION,
		.record_size = sizeof(struct journal_record),
	};
	struct timespec t;

	/* Only to be another one than before: no secret. */
	clock_gettime(CLOCK_REALTIME, &t);
	h.nonce = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	h.checksum = header_checksum(&h);
	return h;
}

static uint64_t record_checksum(const struct journal_header *h, const struct link_delta *delta,
                                uint64_t index)
{
	return XXH3_64bits_withSeed(delta, sizeof(*delta), h->checksum + index);
}

bool journal_whole(const struct journal_header *header, const struct journal_record *record,
                   uint64_t index)
{
	const char *unused;

	return record->checksum == record_checksum(header, &record->delta, index) &&
	       delta_check(&record->delta, &unused) == 0;
}

static int read_header(struct journal_header *out, const void *octets, size_t size)
{
	if (octets == NULL || size < sizeof(*out))
		return -EBADMSG;
	memcpy(out, octets, sizeof(*out));
	if (out->magic != JOURNAL_MAGIC || out->checksum != header_checksum(out))
		return -EBADMSG;
	if (out->version != JOURNAL_VERSION ||
	    out->record_size != sizeof(struct journal_record))
		return -EPROTONOSUPPORT;
	return 0;
}

int journal_scan(struct journal_scan *out, const void *octets, size_t size, uint64_t generation,
                 journal_apply apply, void *arg)
{
	struct journal_header header;

	*out = (struct journal_scan){ 0 };
	const int rc = read_header(&header, octets, size);
	if (rc != 0)
		return rc;
	const uint8_t *at = (const uint8_t *)octets + sizeof(header);
	size -= sizeof(header);
	for (; size >= sizeof(struct journal_record); size -= sizeof(struct journal_record)) {
		struct journal_record record;

		memcpy(&record, at, sizeof(record));
		at += sizeof(record);
		const bool whole = journal_whole(&header, &record, out->records);
		if (whole && record.delta.generation <= generation)
			out->old++;
		else if (whole && apply(arg, &record.delta) == 0)
			out->applied++;
		else
			out->bad++;
		out->records++;
	}
	out->torn = size;
	return 0;
}

int journal_open(struct journal **out, const char *path)
{
	struct journal *j = calloc(1, sizeof(*j) + strlen(path) + 1);

	if (j == NULL)
		return -ENOMEM;
	j->fd = -1;
	strcpy(j->path, path);
	*out = j;
	return 0;
}

static uint64_t end_of(const struct journal *journal)
{
	return journal_offset(journal->records);
}

/* Release: who copies them finds them in the file. */
static void set_records(struct journal *journal, uint64_t records)
{
	__atomic_store_n(&journal->records, records, __ATOMIC_RELEASE);
}

static void forget_file(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	set_records(journal, 0);
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	/* The room that was made is not left behind; a kill leaves it, and no harm. */
	if (journal->fd >= 0)
		(void)!ftruncate(journal->fd, (off_t)end_of(journal));
	forget_file(journal);
	free(journal);
}

void journal_clear(struct journal *journal)
{
	forget_file(journal);
	(void)unlink(journal->path);
}

/* The whole file in memory for the caller to free; -errno. */
static int64_t read_file(int fd, uint8_t **out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > SIZE_MAX_OCTETS)
		return -EBADMSG;
	const size_t size = (size_t)st.st_size;
	uint8_t *octets = malloc(size + 1);
	if (octets == NULL)
		return -ENOMEM;
	const ssize_t n = pread(fd, octets, size, 0);
	if (n < 0) {
		const int e = errno;
		free(octets);
		return -e;
	}
	*out = octets;
	return n;
}

/* Octets up to the end of the last place that is not all 0: the rest is room. A record that
 * ends in zeros is whole all the same: places are rounded up. */
static size_t used_of(const uint8_t *octets, size_t size)
{
	const size_t header = sizeof(struct journal_header),
		     record = sizeof(struct journal_record);
	size_t used = size;

	while (used > header && octets[used - 1] == 0)
		used--;
	if (used <= header)
		return size < header ? size : header;
	used = header + (used - header + record - 1) / record * record;
	return used < size ? used : size;
}

/* Continue after the last whole record; the torn one is cut off, so that it is said once. */
static int adopt(struct journal *journal, int fd, const struct journal_header *header,
                 const struct journal_scan *scan, uint64_t size)
{
	const uint64_t end = journal_offset(scan->records);

	if (scan->torn != 0 && ftruncate(fd, (off_t)end) != 0)
		return -errno;
	journal->header = *header;
	journal->fd = fd;
	set_records(journal, scan->records);
	journal->size = scan->torn != 0 ? end : size;
	return 0;
}

static int load(struct journal *journal, int fd, uint64_t generation, journal_apply apply,
                void *arg, char *text)
{
	struct journal_header header = { 0 };
	struct journal_scan scan;
	uint8_t *octets = NULL;

	const int64_t size = read_file(fd, &octets);
	if (size < 0 || octets == NULL) /* it is there when size is */
		return refuse(text, (int)size, "%s: %s", journal->path, strerror((int)-size));
	int rc = journal_scan(&scan, octets, used_of(octets, (size_t)size), generation, apply,
	                      arg);
	if (rc == 0)
		memcpy(&header, octets, sizeof(header));
	free(octets);
	if (rc != 0)
		return refuse(text, rc, "%s: not a journal of deltas that we can read",
		              journal->path);
	rc = adopt(journal, fd, &header, &scan, (uint64_t)size);
	if (rc != 0)
		return refuse(text, rc, "%s: %s", journal->path, strerror(-rc));
	if (scan.bad != 0 || scan.torn != 0)
		return refuse(text, -EBADMSG,
		              "%s: %llu deltas applied; %llu unusable and %llu octets at its "
		              "end ignored",
		              journal->path, (unsigned long long)scan.applied,
		              (unsigned long long)scan.bad, (unsigned long long)scan.torn);
	return 0;
}

int journal_load(struct journal *journal, uint64_t generation, journal_apply apply, void *arg,
                 char text[LINK_TEXT_SIZE])
{
	forget_file(journal);
	const int fd = open(journal->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		const int e = errno;
		return e == ENOENT ? 0 : refuse(text, -e, "%s: %s", journal->path, strerror(e));
	}
	const int rc = load(journal, fd, generation, apply, arg, text);
	if (journal->fd != fd)
		close(fd);
	return rc;
}

void journal_fill(struct journal_record *records, const struct journal_header *header,
                  const struct link_delta *deltas, size_t n, uint64_t index)
{
	for (size_t i = 0; i < n; i++) {
		records[i].delta = deltas[i];
		records[i].checksum = record_checksum(header, &deltas[i], index + i);
	}
}

static int fail(const struct journal *journal, int rc, char *text)
{
	return refuse(text, rc, "%s: %s", journal->path, strerror(-rc));
}

/* Octets to keep free behind so many: few records do not cost a megabyte. */
uint64_t journal_room(uint64_t end)
{
	return end < ROOM_MIN ? ROOM_MIN : end < ROOM_MAX ? end : ROOM_MAX;
}

/*
 * Zeros ahead of what is written: a flush of octets that lie within the file writes these
 * and nothing else, while one of a file that has grown waits for the file system's own
 * journal as well (half the time, where it was measured). Without room it goes on growing.
 */
static void make_room(struct journal *journal, uint64_t end)
{
	const uint64_t used = end_of(journal), room = end - used + journal_room(end);
	uint8_t *zeros = journal->size >= end ? NULL : calloc(1, room);

	if (zeros == NULL)
		return;
	if (file_write(journal->fd, zeros, room, used) == 0)
		journal->size = used + room;
	else if (ftruncate(journal->fd, (off_t)used) == 0)
		journal->size = used;
	free(zeros);
}

int journal_append(struct journal *journal, const struct link_delta *deltas, unsigned n,
                   char text[LINK_TEXT_SIZE])
{
	bug_if(n > LINK_DELTAS_MAX);
	if (journal->fd < 0)
		return journal_replace(journal, deltas, n, text);
	if (journal->records + n > JOURNAL_RECORDS_MAX)
		return refuse(text, -ENOSPC, "%s is full: push an image", journal->path);
	const uint64_t end = end_of(journal);
	make_room(journal, end + n * sizeof(journal->batch[0]));
	journal_fill(journal->batch, &journal->header, deltas, n, journal->records);
	int rc = file_write(journal->fd, journal->batch, n * sizeof(journal->batch[0]), end);
	crash_point("journal_written");
	if (rc == 0 && fdatasync(journal->fd) != 0)
		rc = -errno;
	if (rc != 0) {
		/* Next time this place is written again, whatever is there now. */
		(void)!ftruncate(journal->fd, (off_t)end);
		journal->size = end;
		return fail(journal, rc, text);
	}
	set_records(journal, journal->records + n);
	if (journal->size < end_of(journal))
		journal->size = end_of(journal);
	return 0;
}

/* The whole new file in memory, room included, for the caller to free; NULL: out of
 * memory. */
static uint8_t *compose(const struct link_delta *deltas, size_t n, size_t *size)
{
	const struct journal_header header = journal_new_header();

	*size = sizeof(header) + n * sizeof(struct journal_record);
	*size += journal_room(*size);
	uint8_t *octets = calloc(1, *size);
	if (octets == NULL)
		return NULL;
	memcpy(octets, &header, sizeof(header));
	journal_fill((void *)(octets + sizeof(header)), &header, deltas, n, 0);
	return octets;
}

void journal_take(struct journal *journal, const struct journal_header *header, int fd,
                  uint64_t records, uint64_t size)
{
	forget_file(journal); /* it has no name any more */
	journal->fd = fd;
	journal->header = *header;
	set_records(journal, records);
	journal->size = size;
}

int journal_replace(struct journal *journal, const struct link_delta *deltas, size_t n,
                    char text[LINK_TEXT_SIZE])
{
	struct journal_header header;
	size_t size;
	int replaced;
	uint8_t *octets = compose(deltas, n, &size);

	if (octets == NULL)
		return fail(journal, -ENOMEM, text);
	memcpy(&header, octets, sizeof(header));
	int rc = file_replace(journal->path, octets, size, &replaced);
	free(octets);
	if (!replaced)
		return fail(journal, rc, text);
	const int fd = open(journal->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && rc == 0)
		rc = -errno;
	journal_take(journal, &header, fd, n, size);
	return rc == 0 ? 0 : fail(journal, rc, text);
}
