/* SPDX-License-Identifier: Apache-2.0 */
#include "report_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#define ROWS_MAX (UINT32_C(1) << 20) /* of campaigns, of rules */
#define ROW_TRIES 1000u /* of a row whose writer is at it; it may have died in it */
#define RING_SLOTS_MAX (UINT64_C(1) << 32) /* no product below can wrap 64 bits */

struct report_reader {
	uint8_t *map;
	uint64_t size;
	struct report_header header; /* our checked copy: the file's is not read again */
	dev_t dev;
	ino_t ino;
	char path[];
};

static int refuse(char *error, int rc, const char *path, const char *why)
{
	snprintf(error, REPORT_ERROR_SIZE, "%s: %s", path, why);
	return rc;
}

/* Every number of the header, against the others and against the file's size. */
static const char *header_fault(const struct report_header *h, uint64_t size)
{
	if (h->n_workers == 0 || h->n_workers > REPORT_WORKERS_MAX)
		return "its number of workers cannot be";
	if (h->ring_slots == 0 || h->ring_slots > RING_SLOTS_MAX ||
	    (h->ring_slots & (h->ring_slots - 1)) != 0)
		return "its ring slots are not a power of two";
	if (h->ring_offset % 64 != 0 || h->worker_stride % 64 != 0)
		return "its blocks are not aligned";
	if (h->ring_offset < REPORT_COUNTERS * sizeof(uint64_t) || h->ring_offset > size)
		return "its rings overlap its counters, or lie outside";
	const uint64_t ring =
		sizeof(struct report_ring) + h->ring_slots * sizeof(struct audit_record);
	const uint64_t block = h->ring_offset + ring;
	if (h->worker_stride > size || h->worker_stride < block ||
	    h->worker_stride >= block + REPORT_PAGE)
		return "its blocks are not what its slots need";
	if (size != REPORT_PAGE + h->n_workers * h->worker_stride)
		return "its size is not what its header says";
	return NULL;
}

/* Whether n rows of so many octets lie between the counters and the rings. */
static bool rows_fit(const struct report_header *h, uint64_t offset, uint32_t n, size_t size)
{
	return n == 0 ||
	       (n <= ROWS_MAX && offset % 64 == 0 &&
	        offset >= REPORT_COUNTERS * sizeof(uint64_t) && offset <= h->ring_offset &&
	        (uint64_t)n * size <= h->ring_offset - offset);
}

static const char *rows_fault(const struct report_header *h)
{
	if (!rows_fit(h, h->campaigns_offset, h->n_campaigns, sizeof(struct report_campaign)))
		return "its campaigns overlap its counters or its rings, or are not aligned";
	if (!rows_fit(h, h->rules_offset, h->n_rules, sizeof(struct report_rule)))
		return "its rules overlap its counters or its rings, or are not aligned";
	return NULL;
}

static int check_header(struct report_reader *r, char *error)
{
	const struct report_header *h = (const void *)r->map;
	/* Acquire: the writer stores the magic last. */
	const uint64_t magic = __atomic_load_n(&h->magic, __ATOMIC_ACQUIRE);

	if (magic == 0)
		return refuse(error, -EAGAIN, r->path, "the data plane is still making it");
	if (magic != REPORT_MAGIC)
		return refuse(error, -EBADMSG, r->path, "not a report file");
	memcpy(&r->header, h, sizeof(r->header));
	if (r->header.version != REPORT_VERSION || r->header.n_counters != REPORT_COUNTERS ||
	    r->header.record_size != sizeof(struct audit_record))
		return refuse(error, -EPROTONOSUPPORT, r->path,
		              "written by another version or build of the data plane");
	if (r->header.rows != XXH3_64bits(report_rows(), strlen(report_rows())))
		return refuse(error, -EPROTONOSUPPORT, r->path,
		              "its counters and reasons are those of another build: run "
		              "sluice-dataplane and sluice-control of one build");
	const char *fault = header_fault(&r->header, r->size);
	if (fault == NULL)
		fault = rows_fault(&r->header);
	return fault ? refuse(error, -EBADMSG, r->path, fault) : 0;
}

static int map_file(struct report_reader *r, int fd, char *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(error, -errno, r->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(error, -EBADMSG, r->path, "not a regular file");
	if ((st.st_uid != geteuid() && geteuid() != 0) || (st.st_mode & 077) != 0)
		return refuse(error, -EPERM, r->path, "another user's, or open to others");
	if (st.st_size == 0)
		return refuse(error, -EAGAIN, r->path, "the data plane is still making it");
	if (st.st_size < (off_t)REPORT_PAGE)
		return refuse(error, -EBADMSG, r->path, "too short for its header");
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	r->size = (uint64_t)st.st_size;
	void *map = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return refuse(error, -errno, r->path, strerror(errno));
	r->map = map;
	return check_header(r, error);
}

int report_reader_open(struct report_reader **out, const char *path,
                       char error[REPORT_ERROR_SIZE])
{
	const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return refuse(error, -errno, path, strerror(errno));
	struct report_reader *r = calloc(1, sizeof(*r) + strlen(path) + 1);
	if (r == NULL) {
		close(fd);
		return refuse(error, -ENOMEM, path, "out of memory");
	}
	strcpy(r->path, path);
	const int rc = map_file(r, fd, error);
	close(fd);
	if (rc != 0) {
		report_reader_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void report_reader_close(struct report_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->map != NULL)
		munmap(reader->map, reader->size);
	free(reader);
}

bool report_reader_replaced(const struct report_reader *reader)
{
	struct stat st;

	/* Gone altogether is not replaced: what is mapped may still be written to. */
	if (stat(reader->path, &st) != 0)
		return false;
	return st.st_dev != reader->dev || st.st_ino != reader->ino;
}

unsigned report_reader_workers(const struct report_reader *reader)
{
	return reader->header.n_workers;
}

uint64_t report_reader_started(const struct report_reader *reader)
{
	const struct report_header *h = (const void *)reader->map;

	return __atomic_load_n(&h->started, __ATOMIC_RELAXED);
}

uint64_t report_reader_instance(const struct report_reader *reader)
{
	const struct report_header *h = (const void *)reader->map;

	return __atomic_load_n(&h->instance, __ATOMIC_RELAXED);
}

uint64_t report_reader_tsc_hz(const struct report_reader *reader)
{
	const struct report_header *h = (const void *)reader->map;

	return __atomic_load_n(&h->tsc_hz, __ATOMIC_RELAXED);
}

unsigned report_reader_ports(const struct report_reader *reader,
                             struct report_port ports[REPORT_PORTS_MAX])
{
	const struct report_header *h = (const void *)reader->map;
	/* Acquire: the names of as many rows are there. */
	const uint64_t told = __atomic_load_n(&h->n_ports, __ATOMIC_ACQUIRE);
	const unsigned n = told < REPORT_PORTS_MAX ? (unsigned)told : REPORT_PORTS_MAX;

	for (unsigned i = 0; i < n; i++) {
		ports[i].state = __atomic_load_n(&h->ports[i].state, __ATOMIC_RELAXED);
		ports[i].changes = __atomic_load_n(&h->ports[i].changes, __ATOMIC_RELAXED);
		memcpy(ports[i].name, h->ports[i].name, sizeof(ports[i].name));
		ports[i].name[sizeof(ports[i].name) - 1] = '\0';
	}
	return n;
}

static uint8_t *block(const struct report_reader *r, unsigned worker)
{
	bug_if(worker >= r->header.n_workers);
	return r->map + REPORT_PAGE + worker * r->header.worker_stride;
}

uint64_t report_reader_counter(const struct report_reader *reader, unsigned worker,
                               unsigned counter)
{
	const uint64_t *counters = (const void *)block(reader, worker);

	bug_if(counter >= REPORT_COUNTERS);
	/* Relaxed: a counter is whole, and promises nothing about another one. */
	return __atomic_load_n(&counters[counter], __ATOMIC_RELAXED);
}

uint64_t report_reader_sum(const struct report_reader *reader, unsigned counter)
{
	uint64_t sum = 0;

	for (unsigned w = 0; w < reader->header.n_workers; w++)
		sum += report_reader_counter(reader, w, counter);
	return sum;
}

unsigned report_reader_campaigns_max(const struct report_reader *reader)
{
	return reader->header.n_campaigns;
}

/* Whole, or not at all; false also when it is free. */
static bool copy_campaign(const struct report_campaign *from, struct report_campaign *to)
{
	for (unsigned i = 0; i < ROW_TRIES; i++) {
		/* Acquire: what is read below is not older than this number. */
		const uint32_t before = __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE);

		*to = (struct report_campaign){
			.account_id = __atomic_load_n(&from->account_id, __ATOMIC_RELAXED),
			.fingerprint = __atomic_load_n(&from->fingerprint, __ATOMIC_RELAXED),
			.count = __atomic_load_n(&from->count, __ATOMIC_RELAXED),
			.error = __atomic_load_n(&from->error, __ATOMIC_RELAXED),
			.refused = __atomic_load_n(&from->refused, __ATOMIC_RELAXED),
			.first = __atomic_load_n(&from->first, __ATOMIC_RELAXED),
			.last = __atomic_load_n(&from->last, __ATOMIC_RELAXED),
			.sampled = __atomic_load_n(&from->sampled, __ATOMIC_RELAXED),
			.sample = __atomic_load_n(&from->sample, __ATOMIC_RELAXED),
		};
		/* Acquire fence: and the number below is not older than what was read. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (before % 2 == 0 &&
		    before == __atomic_load_n(&from->sequence, __ATOMIC_RELAXED))
			return to->fingerprint != 0;
	}
	return false;
}

unsigned report_reader_campaigns(const struct report_reader *reader, unsigned worker,
                                 struct report_campaign *rows)
{
	const struct report_campaign *from =
		(const void *)(block(reader, worker) + reader->header.campaigns_offset);
	unsigned n = 0;

	for (unsigned i = 0; i < reader->header.n_campaigns; i++)
		n += copy_campaign(&from[i], &rows[n]);
	return n;
}

unsigned report_reader_rules_max(const struct report_reader *reader)
{
	return reader->header.n_rules;
}

/* As copy_campaign(). */
static bool copy_rule(const struct report_rule *from, struct report_rule *to)
{
	for (unsigned i = 0; i < ROW_TRIES; i++) {
		const uint16_t before = __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE);

		/* Acquire, and before matched: who acted has matched. */
		const uint64_t acted = __atomic_load_n(&from->acted, __ATOMIC_ACQUIRE);
		*to = (struct report_rule){
			.mode = __atomic_load_n(&from->mode, __ATOMIC_RELAXED),
			.rule = __atomic_load_n(&from->rule, __ATOMIC_RELAXED),
			.version = __atomic_load_n(&from->version, __ATOMIC_RELAXED),
			.last = __atomic_load_n(&from->last, __ATOMIC_RELAXED),
			.matched = __atomic_load_n(&from->matched, __ATOMIC_RELAXED),
		};
		to->acted = acted < to->matched ? acted : to->matched;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (before % 2 == 0 &&
		    before == __atomic_load_n(&from->sequence, __ATOMIC_RELAXED))
			return to->rule != 0;
	}
	return false;
}

unsigned report_reader_rules(const struct report_reader *reader, unsigned worker,
                             struct report_rule *rows)
{
	const struct report_rule *from =
		(const void *)(block(reader, worker) + reader->header.rules_offset);
	unsigned n = 0;

	for (unsigned i = 0; i < reader->header.n_rules; i++)
		n += copy_rule(&from[i], &rows[n]);
	return n;
}

const struct report_counter_row *report_counter_row(unsigned counter)
{
	static const struct report_counter_row rows[REPORT_COUNTERS] = {
#define COUNTER(NAME, name, unit, sentence) [COUNTER_##NAME] = { #name, unit, sentence },
#include "counter.def"
#undef COUNTER
#define REASON(number, NAME, name, status, sentence) \
	[REPORT_REASON_BASE + number] = { "reason_" #name, "PDUs", sentence },
#include "verdict.def"
#undef REASON
	};

	if (counter >= REPORT_COUNTERS || rows[counter].name == NULL)
		return NULL;
	return &rows[counter];
}

static struct report_ring *ring_of(const struct report_reader *r, unsigned worker)
{
	return (void *)(block(r, worker) + r->header.ring_offset);
}

int64_t report_reader_waiting(const struct report_reader *reader, unsigned worker)
{
	const struct report_ring *ring = ring_of(reader, worker);
	/* The tail is ours alone. Acquire: head comes with the records before it. */
	const uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
	const uint64_t n = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;

	return n > reader->header.ring_slots ? -EBADMSG : (int64_t)n;
}

/* What a record claims about itself must not lead a reader outside it. */
static void tame(struct audit_record *record)
{
	record->system_id[sizeof(record->system_id) - 1] = '\0';
	record->sender[sizeof(record->sender) - 1] = '\0';
	if (record->text_len > AUDIT_TEXT_SIZE)
		record->text_len = AUDIT_TEXT_SIZE;
}

int64_t report_reader_peek(const struct report_reader *reader, unsigned worker,
                           struct audit_record *records, unsigned n, uint64_t *position)
{
	const struct report_ring *ring = ring_of(reader, worker);
	const int64_t waiting = report_reader_waiting(reader, worker);
	const uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);

	if (waiting < 0)
		return waiting;
	if (waiting < (int64_t)n)
		n = (unsigned)waiting;
	for (unsigned i = 0; i < n; i++) {
		records[i] = ring->records[(tail + i) & (reader->header.ring_slots - 1)];
		tame(&records[i]);
	}
	*position = tail;
	return n;
}

void report_reader_commit(struct report_reader *reader, unsigned worker, unsigned n)
{
	struct report_ring *ring = ring_of(reader, worker);
	const uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);

	bug_if_slow(report_reader_waiting(reader, worker) < (int64_t)n);
	/* Release: the slots have been read before the worker may write them again. */
	__atomic_store_n(&ring->tail, tail + n, __ATOMIC_RELEASE);
}
