/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "file.h"
#include "link_check.h"
#include "say.h"

#define SIZE_MAX_OCTETS \
	(sizeof(struct journal_header) + JOURNAL_RECORDS_MAX * sizeof(struct journal_record))

struct journal {
	struct journal_header header; /* generation 0: no image on disk */
	int fd;                       /* -1: the file is still to be made */
	uint64_t records;
	char path[];
};

static struct journal_header header_for(const struct image_header *image)
{
	struct journal_header h = {
		.magic = JOURNAL_MAGIC,
		.version = JOURNAL_VERSION,
		.record_size = sizeof(struct journal_record),
		.generation = image->generation,
		.image_checksum = image->checksum,
	};

	h.checksum = XXH3_64bits(&h, offsetof(struct journal_header, checksum));
	return h;
}

static uint64_t record_checksum(const struct journal_header *h,
                                const struct link_sanction *sanction, uint64_t index)
{
	return XXH3_64bits_withSeed(sanction, sizeof(*sanction), h->checksum + index);
}

int journal_scan(struct journal_scan *out, const void *octets, size_t size,
                 const struct image_header *image, journal_apply apply, void *arg)
{
	const struct journal_header want = header_for(image);
	struct journal_header found;
	char unused[LINK_TEXT_SIZE];

	*out = (struct journal_scan){ 0 };
	if (size < sizeof(found))
		return -EBADMSG;
	memcpy(&found, octets, sizeof(found));
	if (found.magic != JOURNAL_MAGIC ||
	    found.checksum != XXH3_64bits(&found, offsetof(struct journal_header, checksum)))
		return -EBADMSG;
	if (found.version != JOURNAL_VERSION || found.record_size != want.record_size)
		return -EPROTONOSUPPORT;
	if (memcmp(&found, &want, sizeof(want)) != 0)
		return -ESTALE;

	const uint8_t *at = (const uint8_t *)octets + sizeof(found);
	size -= sizeof(found);
	for (; size >= sizeof(struct journal_record); size -= sizeof(struct journal_record)) {
		struct journal_record record;

		memcpy(&record, at, sizeof(record));
		at += sizeof(record);
		const bool whole = record.checksum ==
		                   record_checksum(&want, &record.sanction, out->records);
		if (whole && sanction_check(&record.sanction, unused) == 0 &&
		    apply(arg, &record.sanction) == 0)
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

static void forget_file(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	journal->records = 0;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	forget_file(journal);
	free(journal);
}

static void name_image(struct journal *journal, const struct image_header *image)
{
	forget_file(journal);
	journal->header = header_for(image);
}

void journal_reset(struct journal *journal, const struct image_header *image)
{
	name_image(journal, image);
	(void)unlink(journal->path); /* where it stays, its header says of what image */
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

/* Continue after the last whole record; the torn one is cut off, so that it is said once. */
static int adopt(struct journal *journal, int fd, const struct journal_scan *scan)
{
	const uint64_t end =
		sizeof(struct journal_header) + scan->records * sizeof(struct journal_record);

	if (scan->torn != 0 && ftruncate(fd, (off_t)end) != 0)
		return -errno;
	journal->fd = fd;
	journal->records = scan->records;
	return 0;
}

static int load(struct journal *journal, int fd, const struct image_header *image,
                journal_apply apply, void *arg, char *text)
{
	struct journal_scan scan;
	uint8_t *octets = NULL;

	const int64_t size = read_file(fd, &octets);
	if (size < 0)
		return say(text, (int)size, "%s: %s", journal->path, strerror((int)-size));
	int rc = journal_scan(&scan, octets, (size_t)size, image, apply, arg);
	free(octets);
	if (rc == -ESTALE)
		return rc;
	if (rc != 0)
		return say(text, rc, "%s: not a journal of sanctions that we can read",
		           journal->path);
	rc = adopt(journal, fd, &scan);
	if (rc != 0)
		return say(text, rc, "%s: %s", journal->path, strerror(-rc));
	if (scan.bad != 0 || scan.torn != 0)
		return say(text, -EBADMSG,
		           "%s: %llu sanctions applied; %llu unusable and %llu "
		           "octets at its end ignored",
		           journal->path, (unsigned long long)scan.applied,
		           (unsigned long long)scan.bad, (unsigned long long)scan.torn);
	return 0;
}

int journal_load(struct journal *journal, const struct image_header *image, journal_apply apply,
                 void *arg, char text[LINK_TEXT_SIZE])
{
	name_image(journal, image);
	const int fd = open(journal->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		const int e = errno;
		return e == ENOENT ? 0 : say(text, -e, "%s: %s", journal->path, strerror(e));
	}
	const int rc = load(journal, fd, image, apply, arg, text);
	if (journal->fd != fd)
		close(fd);
	return rc == -ESTALE ? 0 : rc; /* of an older image, which this one replaced */
}

static int make_file(struct journal *journal, char *text)
{
	int replaced;
	int rc = file_replace(journal->path, &journal->header, sizeof(journal->header),
	                      &replaced);

	if (rc != 0)
		return say(text, rc, "%s: %s", journal->path, strerror(-rc));
	journal->fd = open(journal->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (journal->fd < 0) {
		rc = -errno;
		return say(text, rc, "%s: %s", journal->path, strerror(-rc));
	}
	journal->records = 0;
	return 0;
}

int journal_append(struct journal *journal, const struct link_sanction *sanction,
                   char text[LINK_TEXT_SIZE])
{
	struct journal_record record = { .sanction = *sanction };

	if (journal->header.generation == 0)
		return say(text, -ENOENT, "no image is on disk to keep it beside");
	int rc = journal->fd < 0 ? make_file(journal, text) : 0;
	if (rc != 0)
		return rc;
	if (journal->records >= JOURNAL_RECORDS_MAX)
		return say(text, -ENOSPC, "%s is full: push an image", journal->path);
	const size_t end = sizeof(journal->header) + journal->records * sizeof(record);
	record.checksum = record_checksum(&journal->header, sanction, journal->records);
	rc = file_write(journal->fd, &record, sizeof(record), end);
	if (rc == 0 && fdatasync(journal->fd) != 0)
		rc = -errno;
	if (rc != 0) {
		/* Next time this place is written again, whatever is there now. */
		(void)!ftruncate(journal->fd, (off_t)end);
		return say(text, rc, "%s: %s", journal->path, strerror(-rc));
	}
	journal->records++;
	return 0;
}
