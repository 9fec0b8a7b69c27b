/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: what comes from the other process or from disk: a datagram of control, a journal
 * of sanctions, a report file. The first octet chooses.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "check.h"
#include "journal.h"
#include "link_check.h"
#include "report_reader.h"

#define REPORT_SIZE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct image_header image = { .generation = 7, .checksum = 0x1234 };

static void fuzz_datagram(const uint8_t *data, size_t size)
{
	const unsigned n_fds = size ? data[0] % 5 : 0;
	char text[LINK_TEXT_SIZE] = "";
	struct link_message m;

	if (size == 0)
		return;
	const int rc = link_check(&m, data + 1, size - 1, n_fds, text);
	bug_if(rc > 0);
	bug_if(rc != 0 && text[0] == '\0');
	if (rc != 0)
		return;
	bug_if(size - 1 != sizeof(m) || m.version != LINK_VERSION);
	bug_if((m.type == LINK_IMAGE) != (n_fds == 1));
	bug_if(m.type == LINK_SANCTION && sanction_check(&m.sanction, text) != 0);
}

static int count(void *arg, const struct link_sanction *sanction)
{
	unsigned *n = arg;

	bug_if(sanction->op != LINK_SUSPEND && sanction->op != LINK_LIFT);
	bug_if(sanction->kind != LINK_ACCOUNT && sanction->kind != LINK_SENDER);
	return ++*n % 7 == 0 ? -1 : 0;
}

static void scan(const uint8_t *octets, size_t size)
{
	struct journal_scan s;
	unsigned n = 0;
	const int rc = journal_scan(&s, octets, size, &image, count, &n);

	if (rc != 0) {
		bug_if(n != 0);
		return;
	}
	bug_if(s.applied + s.bad != s.records || s.applied > n || n > s.records);
	bug_if(sizeof(struct journal_header) + s.records * sizeof(struct journal_record) +
	               s.torn !=
	       size);
}

/* The records as they are, under a header that is right: every third with a checksum
 * that is right too, so that what is inside is looked at. */
static void fuzz_records(const uint8_t *data, size_t size)
{
	struct journal_header h = { .magic = JOURNAL_MAGIC,
		                    .version = JOURNAL_VERSION,
		                    .record_size = sizeof(struct journal_record),
		                    .generation = image.generation,
		                    .image_checksum = image.checksum };
	uint8_t *octets = malloc(sizeof(h) + size);

	if (octets == NULL)
		return;
	h.checksum = XXH3_64bits(&h, offsetof(struct journal_header, checksum));
	memcpy(octets, &h, sizeof(h));
	memcpy(octets + sizeof(h), data, size);
	for (size_t i = 0; (i + 1) * sizeof(struct journal_record) <= size; i += 3) {
		uint8_t *at = octets + sizeof(h) + i * sizeof(struct journal_record);
		const uint64_t sum =
			XXH3_64bits_withSeed(at, sizeof(struct link_sanction), h.checksum + i);
		memcpy(at + sizeof(struct link_sanction), &sum, sizeof(sum));
	}
	scan(octets, sizeof(h) + size);
	free(octets);
}

static void read_all(struct report_reader *r)
{
	struct audit_record records[8];
	uint64_t position;

	for (unsigned w = 0; w < report_reader_workers(r); w++) {
		const int64_t n = report_reader_peek(r, w, records, 8, &position);
		for (int64_t i = 0; i < n; i++)
			bug_if(records[i].text_len > AUDIT_TEXT_SIZE ||
			       strlen(records[i].system_id) >= sizeof(records[i].system_id));
		if (n > 0)
			report_reader_commit(r, w, (unsigned)n);
	}
	for (unsigned c = 0; c < REPORT_COUNTERS; c++)
		(void)report_reader_sum(r, c);
}

static char path[64];

static void remove_file(void) { (void)unlink(path); }

/* Octets of a report file; behind them it is zero, up to the size that the first two
 * octets choose, in units of pages. */
static void fuzz_report(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *r = NULL;

	if (fd < 0) {
		strcpy(path, "/dev/shm/sluice-fuzz-XXXXXX");
		fd = mkstemp(path);
		bug_if(fd < 0 || atexit(remove_file) != 0);
	}
	if (size < 2)
		return;
	const size_t file = (size_t)(data[0] << 8 | data[1]) % (REPORT_SIZE_MAX / REPORT_PAGE) *
	                    REPORT_PAGE;
	bug_if(ftruncate(fd, 0) != 0 || ftruncate(fd, (off_t)file) != 0);
	const size_t n = size - 2 < file ? size - 2 : file;
	bug_if(pwrite(fd, data + 2, n, 0) != (ssize_t)n);
	const int rc = report_reader_open(&r, path, error);
	bug_if(rc != 0 && error[0] == '\0');
	if (rc != 0)
		return;
	read_all(r);
	report_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		fuzz_datagram(data + 1, size - 1);
		break;
	case 1:
		scan(data + 1, size - 1);
		break;
	case 2:
		fuzz_records(data + 1, size - 1);
		break;
	default:
		fuzz_report(data + 1, size - 1);
	}
	return 0;
}
