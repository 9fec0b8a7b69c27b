/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: a report file as control reads it, made by a data plane that lies.
 *
 * First octet 0: the rest is the file, zero behind it up to the size that two octets
 * choose, in pages. Else: a file as this build makes it, of 1-3 workers and 1-16 slots
 * (octets 1 and 2), and changes of 7 octets each: where (1: header, ring index, record,
 * anywhere, campaign, rule), place (2), how (1) and value (3).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "campaign_tally.h"
#include "check.h"
#include "fuzz.h"
#include "report_reader.h"
#include "rule_tally.h"

#define FILE_MAX (1u << 20)
#define CHANGE 7u
#define CAMPAIGNS 8u
#define RULES 8u

enum { READ = 1, LIED = 2, REFUSED = 4, CAMPAIGN = 8, RULE = 16 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = READ | LIED | REFUSED | CAMPAIGN | RULE;

static char path[64];
static uint8_t octets[FILE_MAX];

static void remove_file(void) { (void)unlink(path); }

static void read_worker(struct report_reader *r, unsigned worker)
{
	struct audit_record records[8];
	uint64_t position = 0;
	const int64_t waiting = report_reader_waiting(r, worker);
	const int64_t n = report_reader_peek(r, worker, records, 8, &position);

	bug_if((waiting < 0) != (n < 0) || n > waiting);
	for (int64_t i = 0; i < n; i++) {
		bug_if(records[i].text_len > AUDIT_TEXT_SIZE);
		bug_if(strnlen(records[i].system_id, 16) == 16);
		bug_if(strnlen(records[i].sender, 24) == 24);
	}
	fuzz_reached |= n < 0 ? LIED : n > 0 ? READ : 0;
	if (n <= 0)
		return;
	report_reader_commit(r, worker, (unsigned)n);
	bug_if(report_reader_waiting(r, worker) != waiting - n);
}

/* Campaigns of all kinds: free, torn, of any account. */
static void read_campaigns(struct report_reader *r, unsigned worker)
{
	const struct campaign_query query = { .radius = 3 };
	const unsigned most = report_reader_campaigns_max(r);
	struct report_campaign *rows = calloc(most + (size_t)1, sizeof(*rows));
	struct campaign_list list = { 0 };

	bug_if(rows == NULL);
	const unsigned n = report_reader_campaigns(r, worker, rows);
	bug_if(n > most || campaign_tally(&list, rows, n, &query) != 0 || list.n > n);
	for (uint32_t i = 0; i < list.n; i++)
		bug_if(list.rows[i].fingerprint == 0 || list.rows[i].variants == 0 ||
		       campaign_sampling_error(list.rows[i].sampled, list.rows[i].sample) >
		               INT64_MAX);
	fuzz_reached |= list.n != 0 ? CAMPAIGN : 0;
	campaign_list_free(&list);
	free(rows);
}

/* The same of rules; what any of them claims to be, a sum is of one rule. */
static void read_rules(struct report_reader *r, unsigned worker)
{
	const unsigned most = report_reader_rules_max(r);
	struct report_rule *rows = calloc(most + (size_t)1, sizeof(*rows));

	bug_if(rows == NULL);
	const unsigned n = report_reader_rules(r, worker, rows);
	bug_if(n > most);
	for (unsigned i = 0; i < n; i++)
		bug_if(rows[i].rule == 0 || rows[i].acted > rows[i].matched);
	const size_t sums = rule_tally(rows, n, 3);
	bug_if(sums > n || (sums == 0) != (n == 0));
	for (size_t i = 1; i < sums; i++)
		bug_if(rows[i].rule == rows[i - 1].rule &&
		       rows[i].version == rows[i - 1].version);
	fuzz_reached |= n != 0 ? RULE : 0;
	free(rows);
}

static void read_ports(const struct report_reader *r)
{
	struct report_port ports[REPORT_PORTS_MAX];
	const unsigned n = report_reader_ports(r, ports);

	bug_if(n > REPORT_PORTS_MAX);
	for (unsigned i = 0; i < n; i++)
		bug_if(strnlen(ports[i].name, sizeof(ports[i].name)) == sizeof(ports[i].name));
}

static void open_and_read(size_t size)
{
	static int fd = -1;
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *r = NULL;

	if (fd < 0) {
		strcpy(path, "/dev/shm/sluice-fuzz-XXXXXX");
		fd = mkstemp(path);
		bug_if(fd < 0 || atexit(remove_file) != 0);
	}
	bug_if(ftruncate(fd, (off_t)size) != 0);
	bug_if(pwrite(fd, octets, size, 0) != (ssize_t)size);
	if (report_reader_open(&r, path, error) != 0) {
		fuzz_reached |= REFUSED;
		bug_if(error[0] == '\0');
		return;
	}
	bug_if(report_reader_workers(r) == 0);
	read_ports(r);
	for (unsigned w = 0; w < report_reader_workers(r); w++) {
		read_worker(r, w);
		read_campaigns(r, w);
		read_rules(r, w);
	}
	for (unsigned c = 0; c < REPORT_COUNTERS; c++)
		(void)report_reader_sum(r, c);
	report_reader_close(r);
}

static struct report_header header_for(unsigned n_workers, uint64_t slots)
{
	const uint64_t campaigns_offset =
		(REPORT_COUNTERS * sizeof(uint64_t) + REPORT_PAGE - 1) / REPORT_PAGE *
		REPORT_PAGE;
	const uint64_t rules_offset =
		campaigns_offset + CAMPAIGNS * sizeof(struct report_campaign);
	const uint64_t ring_offset = rules_offset + RULES * sizeof(struct report_rule);
	const uint64_t ring = sizeof(struct report_ring) + slots * sizeof(struct audit_record);

	return (struct report_header){
		.magic = REPORT_MAGIC,
		.version = REPORT_VERSION,
		.n_workers = n_workers,
		.n_counters = REPORT_COUNTERS,
		.record_size = sizeof(struct audit_record),
		.ring_slots = slots,
		.worker_stride =
			(ring_offset + ring + REPORT_PAGE - 1) / REPORT_PAGE * REPORT_PAGE,
		.ring_offset = ring_offset,
		.campaigns_offset = campaigns_offset,
		.n_campaigns = CAMPAIGNS,
		.rules_offset = rules_offset,
		.n_rules = RULES,
		.rows = XXH3_64bits(report_rows(), strlen(report_rows())),
	};
}

/* Where a change goes: most octets of a file are of no interest. */
static size_t place(const struct report_header *h, size_t size, const uint8_t *change)
{
	const size_t at = change[1] | (size_t)change[2] << 8;
	const size_t block = REPORT_PAGE + at % h->n_workers * h->worker_stride;
	const size_t ring = block + h->ring_offset;

	switch (change[0] % 6) {
	case 0:
		return at % sizeof(*h);
	case 1: /* head or tail */
		return ring + (at & 64);
	case 2:
		return ring + sizeof(struct report_ring) +
		       at % (h->ring_slots * sizeof(struct audit_record));
	case 3:
		return (at << 4) % size;
	case 4:
		return block + h->campaigns_offset +
		       at % (CAMPAIGNS * sizeof(struct report_campaign));
	default:
		return block + h->rules_offset + at % (RULES * sizeof(struct report_rule));
	}
}

static void change_octets(const struct report_header *h, size_t size, const uint8_t *change)
{
	const size_t at = place(h, size, change);
	const uint64_t given = change[4] | (uint64_t)change[5] << 8 | (uint64_t)change[6] << 16;
	const uint64_t values[] = { given, -given, given << 40, UINT64_C(1) << given % 64 };
	const unsigned width = 1u << (change[3] & 3);
	uint64_t value = values[change[3] >> 2 & 3];

	if (width > size - at)
		return;
	if (change[3] & 16) {
		uint64_t old = 0;

		memcpy(&old, octets + at, width);
		value += old;
	}
	memcpy(octets + at, &value, width);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	memset(octets, 0, sizeof(octets));
	if (data[0] == 0) {
		const size_t file =
			(data[1] << 8 | data[2]) % (FILE_MAX / REPORT_PAGE) * REPORT_PAGE;

		memcpy(octets, data + 3, size - 3 < file ? size - 3 : file);
		open_and_read(file);
		return 0;
	}
	const struct report_header h = header_for(1 + data[1] % 3, UINT64_C(1) << data[2] % 5);
	const size_t file = REPORT_PAGE + h.n_workers * h.worker_stride;
	bug_if(file > sizeof(octets));
	memcpy(octets, &h, sizeof(h));
	for (size_t at = 3; at + CHANGE <= size; at += CHANGE)
		change_octets(&h, file, data + at);
	open_and_read(file);
	return 0;
}
