/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xxhash.h>

#define ERROR_SIZE 200u
#define RING_SLOTS_MAX (UINT64_C(1) << 24) /* of setting.def; sizes below stay far from 2^64 */

/* A cache line each: neighbours are written by other cores. */
struct worker_line {
	_Alignas(64) struct report_worker worker;
};

/* As it was told last; the file's may be written by others. */
struct port_state {
	bool up;
	uint64_t changes;
};

struct report {
	int fd; /* holds the lock on the file */
	uint8_t *map;
	uint64_t size; /* octets */
	unsigned n_workers;
	struct worker_line *lines;
	unsigned n_ports;
	struct port_state ports[REPORT_PORTS_MAX];
};

static uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

static struct report_header shape_of(unsigned n_workers, uint64_t ring_slots)
{
	const uint64_t campaigns_offset =
		round_up(REPORT_COUNTERS * sizeof(uint64_t), REPORT_PAGE);
	const uint64_t rules_offset =
		campaigns_offset + REPORT_CAMPAIGNS * sizeof(struct report_campaign);
	const uint64_t ring_offset = rules_offset + REPORT_RULES * sizeof(struct report_rule);
	const uint64_t ring =
		sizeof(struct report_ring) + ring_slots * sizeof(struct audit_record);

	return (struct report_header){
		.magic = REPORT_MAGIC,
		.version = REPORT_VERSION,
		.n_workers = n_workers,
		.n_counters = REPORT_COUNTERS,
		.record_size = sizeof(struct audit_record),
		.ring_slots = ring_slots,
		.worker_stride = round_up(ring_offset + ring, REPORT_PAGE),
		.ring_offset = ring_offset,
		.rows = XXH3_64bits(report_rows(), strlen(report_rows())),
		.campaigns_offset = campaigns_offset,
		.n_campaigns = REPORT_CAMPAIGNS,
		.n_rules = REPORT_RULES,
		.rules_offset = rules_offset,
	};
}

static uint64_t size_of(const struct report_header *shape)
{
	return REPORT_PAGE + shape->n_workers * shape->worker_stride;
}

/* started and tsc_hz belong to one life of the data plane, the rest to the file. */
static bool same_shape(const struct report_header *a, const struct report_header *b)
{
	return a->magic == b->magic && a->version == b->version &&
	       a->n_workers == b->n_workers && a->n_counters == b->n_counters &&
	       a->record_size == b->record_size && a->ring_slots == b->ring_slots &&
	       a->worker_stride == b->worker_stride && a->ring_offset == b->ring_offset &&
	       a->rows == b->rows && a->campaigns_offset == b->campaigns_offset &&
	       a->n_campaigns == b->n_campaigns && a->n_rules == b->n_rules &&
	       a->rules_offset == b->rules_offset;
}

static struct report_ring *ring_in(const struct report *r, const struct report_header *shape,
                                   unsigned worker)
{
	return (void *)(r->map + REPORT_PAGE + worker * shape->worker_stride +
	                shape->ring_offset);
}

/* Open and lock; a second data plane on the same file would interleave records. */
static int open_locked(const char *path, char *error)
{
	struct stat there, ours;
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		const int e = errno;
		snprintf(error, ERROR_SIZE, "%s: cannot open: %s", path, strerror(e));
		return -e;
	}
	/* In /dev/shm anybody may have put it there, to read what we record. */
	if (fstat(fd, &ours) != 0 || ours.st_uid != geteuid() || (ours.st_mode & 077) != 0) {
		snprintf(error, ERROR_SIZE, "%s: another user's, or open to others: remove it",
		         path);
		close(fd);
		return -EPERM;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || stat(path, &there) != 0 ||
	    ours.st_ino != there.st_ino || !S_ISREG(ours.st_mode)) {
		snprintf(error, ERROR_SIZE,
		         "%s: in use by another data plane, or not a regular file", path);
		close(fd);
		return -EBUSY;
	}
	return fd;
}

/* Room is claimed now: a hole that cannot be filled later would be a SIGBUS. */
static int map_file(struct report *r, const char *path, char *error)
{
	const int e = posix_fallocate(r->fd, 0, (off_t)r->size);

	if (e != 0) {
		snprintf(error, ERROR_SIZE, "%s: no room for %llu octets: %s", path,
		         (unsigned long long)r->size, strerror(e));
		return -e;
	}
	void *map = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
	                 r->fd, 0);
	if (map == MAP_FAILED) {
		const int m = errno;
		snprintf(error, ERROR_SIZE, "%s: cannot map %llu octets: %s", path,
		         (unsigned long long)r->size, strerror(m));
		return -m;
	}
	r->map = map;
	return 0;
}

/* Why the file at r->fd cannot be continued; NULL when it can. Maps it then. */
static const char *refuse_reopen(struct report *r, const struct report_header *shape,
                                 uint64_t size)
{
	char unused[ERROR_SIZE];
	struct report_header found;

	if (pread(r->fd, &found, sizeof(found), 0) != (ssize_t)sizeof(found))
		return "too short for its header";
	if (!same_shape(&found, shape))
		return "another shape, version or build";
	if (size != r->size)
		return "its size is not what its header says";
	if (map_file(r, "", unused) != 0)
		return "cannot be mapped";
	for (unsigned w = 0; w < shape->n_workers; w++) {
		const struct report_ring *ring = ring_in(r, shape, w);

		if (ring->head - ring->tail > shape->ring_slots)
			return "a ring holds more than its slots";
	}
	return NULL;
}

static void unmap(struct report *r)
{
	if (r->map != NULL)
		munmap(r->map, r->size);
	r->map = NULL;
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* Rename what cannot be continued, never destroy it: it may hold unread records. */
static int set_aside(struct report *r, const char *path, const char *why, char *error)
{
	char old[4096];

	if ((size_t)snprintf(old, sizeof(old), "%s.old", path) >= sizeof(old))
		return -ENAMETOOLONG;
	if (rename(path, old) != 0) {
		const int e = errno;
		snprintf(error, ERROR_SIZE, "%s: %s; cannot rename: %s", path, why,
		         strerror(e));
		return -e;
	}
	unmap(r);
	r->fd = open_locked(path, error);
	if (r->fd < 0)
		return r->fd;
	snprintf(error, ERROR_SIZE, "%s: %s; set aside as .old and made anew", path, why);
	return 0;
}

static int make_or_reopen(struct report *r, const char *path, const struct report_header *shape,
                          char *error)
{
	struct stat st;

	r->fd = open_locked(path, error);
	if (r->fd < 0)
		return r->fd;
	if (fstat(r->fd, &st) != 0)
		return -errno;
	if (st.st_size != 0) {
		const char *why = refuse_reopen(r, shape, (uint64_t)st.st_size);
		if (why == NULL)
			return 0;
		const int rc = set_aside(r, path, why, error);
		if (rc != 0)
			return rc;
	}
	const int rc = map_file(r, path, error);
	if (rc != 0)
		(void)unlink(path); /* ours and empty: nothing is lost */
	return rc;
}

void report_instance(struct report *report, uint64_t instance)
{
	struct report_header *h = (void *)report->map;

	__atomic_store_n(&h->instance, instance, __ATOMIC_RELAXED);
}

static void write_header(struct report *r, const struct report_header *shape, uint64_t tsc_hz)
{
	struct report_header *h = (void *)r->map;
	struct report_header next = *shape;

	bug_if(h == NULL);
	next.started = (uint64_t)time(NULL);
	next.tsc_hz = tsc_hz;
	if (h->magic == REPORT_MAGIC) { /* reopened: readers may be looking at the rest */
		__atomic_store_n(&h->started, next.started, __ATOMIC_RELAXED);
		__atomic_store_n(&h->tsc_hz, next.tsc_hz, __ATOMIC_RELAXED);
		report_instance(r, 0);
		__atomic_store_n(&h->n_ports, 0, __ATOMIC_RELEASE); /* they may be others now */
		return;
	}
	next.magic = 0;
	*h = next;
	/* Release: who sees the magic sees the rest. */
	__atomic_store_n(&h->magic, REPORT_MAGIC, __ATOMIC_RELEASE);
}

/* What was counted before is of a process that took its index with it; it may have died
 * while it wrote a row. Readers of that time may be looking. */
static void free_campaigns(struct report_campaign *rows)
{
	for (unsigned i = 0; i < REPORT_CAMPAIGNS; i++)
		report_campaign_write(&rows[i], &(struct report_campaign){ 0 });
}

/* Counts of rules go on, but the process before may have died as it made a row another's. */
static void free_torn_rules(struct report_rule *rows)
{
	for (unsigned i = 0; i < REPORT_RULES; i++)
		if (rows[i].sequence % 2 != 0)
			report_rule_write(&rows[i], &(struct report_rule){ 0 });
}

static void bind_worker(struct report *r, const struct report_header *shape, unsigned worker)
{
	struct report_ring *ring = ring_in(r, shape, worker);
	uint8_t *block = r->map + REPORT_PAGE + worker * shape->worker_stride;

	r->lines[worker].worker = (struct report_worker){
		.counters = (void *)block,
		.campaigns = (void *)(block + shape->campaigns_offset),
		.rules = (void *)(block + shape->rules_offset),
		.ring = ring,
		.ring_mask = shape->ring_slots - 1,
		.head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED),
		.tail_seen = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE),
	};
}

int report_open(struct report **out, const char *path, unsigned n_workers, uint64_t ring_slots,
                uint64_t tsc_hz, char error[200])
{
	error[0] = '\0';
	if (n_workers == 0 || n_workers > REPORT_WORKERS_MAX || ring_slots == 0 ||
	    ring_slots > RING_SLOTS_MAX || (ring_slots & (ring_slots - 1)) != 0) {
		snprintf(error, ERROR_SIZE,
		         "%u workers of %llu slots: 1 to %u workers, "
		         "slots a power of two",
		         n_workers, (unsigned long long)ring_slots, REPORT_WORKERS_MAX);
		return -EINVAL;
	}
	const struct report_header shape = shape_of(n_workers, ring_slots);
	struct report *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	*r = (struct report){ .fd = -1, .size = size_of(&shape), .n_workers = n_workers };
	r->lines = aligned_alloc(64, n_workers * sizeof(*r->lines));
	const int rc = r->lines ? make_or_reopen(r, path, &shape, error) : -ENOMEM;
	if (rc != 0) {
		report_close(r);
		return rc;
	}
	write_header(r, &shape, tsc_hz);
	for (unsigned w = 0; w < n_workers; w++) {
		bind_worker(r, &shape, w);
		free_campaigns(report_worker(r, w)->campaigns);
		free_torn_rules(report_worker(r, w)->rules);
		/* Connections of the process before this one ended with it. */
		uint64_t *counters = report_worker(r, w)->counters;
		counters[COUNTER_FLOWS_CLOSED] = counters[COUNTER_FLOWS_OPENED];
	}
	*out = r;
	return 0;
}

void report_close(struct report *report)
{
	if (report == NULL)
		return;
	unmap(report);
	free(report->lines);
	free(report);
}

struct report_worker *report_worker(struct report *report, unsigned worker)
{
	bug_if(worker >= report->n_workers);
	return &report->lines[worker].worker;
}

bool report_port_state(struct report *report, unsigned port, const char *name, bool up,
                       uint64_t now)
{
	struct report_header *h = (void *)report->map;
	struct report_port *shown = &h->ports[port];
	struct port_state *p = &report->ports[port];
	const bool is_new = port == report->n_ports;

	bug_if(port >= REPORT_PORTS_MAX || port > report->n_ports);
	if (!is_new && p->up == up)
		return false;
	p->changes += !is_new;
	p->up = up;
	__atomic_store_n(&shown->state, now << 1 | up, __ATOMIC_RELAXED);
	__atomic_store_n(&shown->changes, p->changes, __ATOMIC_RELAXED);
	if (is_new) {
		memset(shown->name, 0, sizeof(shown->name));
		memcpy(shown->name, name, strnlen(name, sizeof(shown->name) - 1));
		report->n_ports++;
		/* Release: who counts the row sees what is in it. */
		__atomic_store_n(&h->n_ports, report->n_ports, __ATOMIC_RELEASE);
	}
	return !is_new;
}

/* Room by the tail last seen. A tail that lies (control is not our code) is "full":
 * back-pressure, never an overwritten record. */
static uint64_t room(const struct report_worker *w)
{
	const uint64_t slots = w->ring_mask + 1, used = w->head - w->tail_seen;

	return used > slots ? 0 : slots - used;
}

uint64_t audit_room(struct report_worker *w)
{
	/* Exact: a caller that needs n waits for n, and a stale figure would hold it for
	 * ever. Only an empty ring has nothing to gain. Acquire: the slots are read. */
	if (w->head != w->tail_seen)
		w->tail_seen = __atomic_load_n(&w->ring->tail, __ATOMIC_ACQUIRE);
	return room(w);
}

struct audit_record *audit_next(struct report_worker *w)
{
	if (unlikely(room(w) == 0)) {
		w->tail_seen = __atomic_load_n(&w->ring->tail, __ATOMIC_ACQUIRE);
		if (room(w) == 0)
			return NULL;
	}
	struct audit_record *record = &w->ring->records[w->head & w->ring_mask];
	memset(record, 0, sizeof(*record)); /* the slot still holds an older message */
	return record;
}

void audit_publish(struct report_worker *w)
{
	bug_if_slow(room(w) == 0);
	w->head++;
	/* Release: who sees head sees the record. */
	__atomic_store_n(&w->ring->head, w->head, __ATOMIC_RELEASE);
}
